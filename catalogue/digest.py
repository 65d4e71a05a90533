"""Digests that two nodes compare: additive, so the order in which records are met does not matter.

A collection's digest is the sum, modulo 2**128, of its records' fingerprints, each bound to its id. Cut into
buckets by the hash of the id, two nodes find the records that differ in three questions: which collections,
which buckets, which records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

BUCKETS = 1024
MODULUS = 1 << 128


def fingerprint(body: bytes) -> bytes:
    """16 bytes that stand for a document's bytes."""
    return hashlib.sha256(body).digest()[:16]


def bucket_of(record_id: str) -> int:
    """The bucket (0-based) of a record."""
    return int.from_bytes(hashlib.sha256(record_id.encode()).digest()[:4], "big") % BUCKETS


def bound(record_id: str, print_: bytes) -> int:
    """A record's share in its bucket's sum."""
    return int.from_bytes(hashlib.sha256(record_id.encode() + b"\0" + print_).digest()[:16], "big")


@dataclass
class Digest:
    """Count and bucket sums of one collection."""

    count: int = 0
    sums: dict[int, int] = field(default_factory=dict)

    def add(self, record_id: str, print_: bytes) -> None:
        """Count a record in."""
        bucket = bucket_of(record_id)
        self.count += 1
        self.sums[bucket] = (self.sums.get(bucket, 0) + bound(record_id, print_)) % MODULUS

    @property
    def total(self) -> str:
        """The whole collection in 32 hex digits."""
        return f"{sum(self.sums.values()) % MODULUS:032x}"

    def buckets(self) -> dict[str, str]:
        """The sums of the buckets that hold anything, in hex."""
        return {str(bucket): f"{value:032x}" for bucket, value in sorted(self.sums.items())}


def differing(mine: dict[str, str], other: dict[str, str]) -> list[str]:
    """Names whose values differ or that only one side has."""
    return sorted(name for name in mine.keys() | other.keys() if mine.get(name) != other.get(name))


def digest_of(prints: Iterable[tuple[str, bytes]]) -> Digest:
    """The digest of all these records."""
    found = Digest()
    for record_id, print_ in prints:
        found.add(record_id, print_)
    return found
