"""The key of a message and its partition.

Everything that happens to one dataset carries one key, so one partition holds it in one order (law 1).
The partition is the one that Kafka's own default partitioner chooses (murmur2), so any Kafka producer
that is given our keys puts events where we look for them.
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF
ID_BYTES_MAX = 200
_ID = re.compile(r"[^/\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


def dataset_key(collection: str, dataset: str) -> str:
    """Key of a dataset's events; a Collection's own events have the collection id as their key."""
    return f"{collection}/{dataset}"


def valid_id(value: object) -> bool:
    """Ids are non-empty text without `/` or control characters, at most 200 bytes in UTF-8."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None and len(value.encode()) <= ID_BYTES_MAX


def murmur2(data: bytes) -> int:
    """MurmurHash2 as in org.apache.kafka.common.utils.Utils, as an unsigned 32-bit number."""
    length = len(data)
    h = 0x9747B28C ^ length
    words = length // 4
    for k in struct.unpack_from(f"<{words}I", data):
        k = k * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = h * _M & _MASK ^ k
    tail = data[words * 4 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


@lru_cache(maxsize=4096)
def partition_of(key: str, partitions: int) -> int:
    """The partition (0-based) of `key` among `partitions`."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
