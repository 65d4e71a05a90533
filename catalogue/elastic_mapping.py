"""What stands in Elasticsearch: the names of indices and aliases, the mapping, the template.

A document is `{"body": <its bytes as one string>, ...}`: the server keeps the bytes without looking at them, and
indexes only the few fields beside them. Their number never grows, whatever the items hold:

- `terms` finds properties by any comparison (see `elastic_terms`), `text` by words, `shape` by place;
- `values` orders and counts them (see `elastic_values`), `names` tells which are there, `files` adds up files;
- `start` and `end` are the time that the record is about, in microseconds; `start_day` and `end_day` its days.

A collection has an alias, `<prefix>.items.<slug>`, and behind it an index that holds its items and their heads, so
that a dataset's documents share a shard (law 7). Everything without a dataset, the Collections above all, is behind
`<prefix>.collections`; requests, with all else that no rebuild touches, are behind `<prefix>.requests`. Only aliases
are read and written; which index is behind one may change.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from catalogue.elastic_values import FIELDS
from catalogue.store import BESIDE, ITEMS, Query, Ref

FORMAT = 3  # of the mapping; a higher one replaces the template of a lower one
PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")  # without a dot, or one prefix's names could be another's
SLUG_CHARACTERS_MAX = 60
NAMED_MAX = 20  # aliases of at most 137 characters in a request's first line, of which 4,096 are taken
PRIORITY = 500
HITS_MAX = 10_001  # of one answer: the greatest page, and one more that tells whether there are others

Json = dict[str, Any]

_KEYWORD: Json = {"type": "keyword"}
_SEARCHED: Json = {"type": "keyword", "doc_values": False}  # found by, never sorted by
_COUNTED: Json = {"type": "keyword", "index": False}
_VALUES: Json = {"type": "flattened", "index": False}
_DAY: Json = {
    "type": "date",
    "format": "epoch_millis",
    "index": False,
}  # midnight, for the steps of a calendar
MAPPING: Json = {
    "dynamic": "strict",
    "_routing": {"required": True},
    "_source": {"includes": ["body"]},  # so that an answer is copied as it is stored, and not taken apart
    "_meta": {"format": FORMAT},
    "properties": {
        "body": {"type": "object", "enabled": False},  # of all types the one that reads nothing of it
        "kind": _SEARCHED,
        "id": _KEYWORD,  # the document's own, because sorting by _id is refused
        "collection": _KEYWORD,
        "item": _KEYWORD,
        "state": _KEYWORD,
        "time": _KEYWORD,
        "print": {"type": "binary", "doc_values": True},
        "terms": _SEARCHED,
        "values": {"properties": {str(number): _VALUES for number in range(FIELDS)}},
        "names": _KEYWORD,
        "files": _COUNTED,
        "start": {"type": "long"},  # microseconds
        "end": {"type": "long"},
        "start_day": _DAY,
        "end_day": _DAY,
        "text": {"type": "text", "analyzer": "whitespace", "norms": False},
        "shape": {
            "type": "geo_shape",
            "ignore_malformed": True,
        },  # better without its place than not found at all
    },
}


@dataclass(frozen=True, slots=True)
class Shape:
    """How indices are made. `replicas` None: one where there is a second node to hold it."""

    shards: int = 1
    replicas: int | None = None
    refresh_ms: int = 250

    def settings(self) -> dict[str, str]:
        """As the server answers them: all values are texts."""
        copies = (
            ("auto_expand_replicas", "0-1")
            if self.replicas is None
            else ("number_of_replicas", self.replicas)
        )
        return {
            "number_of_shards": str(self.shards),
            copies[0]: str(copies[1]),
            "refresh_interval": f"{self.refresh_ms}ms",
            "max_result_window": str(HITS_MAX),
        }


@dataclass(frozen=True, slots=True)
class Names:
    """All names that begin with this prefix. ValueError for one that no index could have."""

    prefix: str

    def __post_init__(self) -> None:
        if not PREFIX.fullmatch(self.prefix):
            raise ValueError(f"an index prefix is 1-60 of a-z, 0-9, _ and -, not {self.prefix!r}")

    @property
    def collections(self) -> str:
        return f"{self.prefix}.collections"

    @property
    def requests(self) -> str:
        return f"{self.prefix}.requests"

    @property
    def indices(self) -> str:
        """The pattern of all indices."""
        return f"{self.prefix}.index.*"

    @property
    def aliases(self) -> str:
        """The pattern of all aliases (and of all indices)."""
        return f"{self.prefix}.*"

    def items(self, collection: str) -> str:
        """The alias of a collection's items and heads."""
        return f"{self.prefix}.items.{slug(collection)}"

    def alias(self, ref: Ref) -> str:
        """Where a document is."""
        if ref.kind in BESIDE:
            return self.requests
        collection, slash, _ = ref.routing.partition("/")
        return self.items(collection) if slash or ref.kind == ITEMS else self.collections

    def first_index(self, alias: str) -> str:
        """The index that is made for an alias that has none."""
        return f"{self.prefix}.index.{alias.removeprefix(self.prefix + '.').removeprefix('items.')}.1"

    def targets(self, query: Query) -> str:
        """What a search names in its URL: the aliases of its collections, or a pattern where they are too many."""
        if query.kind != ITEMS:
            return self.requests if query.kind in BESIDE else self.collections
        if not are_named(query):
            return f"{self.prefix}.items.*"
        return ",".join(map(self.items, query.collections))


def are_named(query: Query) -> bool:
    """Whether a search of items names the alias of each of its collections."""
    return query.kind == ITEMS and 0 < len(query.collections) <= NAMED_MAX


@lru_cache(maxsize=4096)
def slug(collection: str) -> str:
    """A collection's id as a part of an index's name; a piece of its hash keeps those apart that look the same."""
    plain = re.sub(r"[^a-z0-9_-]", "-", collection.lower())[:SLUG_CHARACTERS_MAX]
    return f"{plain}-{hashlib.sha256(collection.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def template(names: Names, shape: Shape) -> Json:
    """The index template."""
    return {
        "index_patterns": [names.indices],
        "priority": PRIORITY,
        "version": FORMAT,
        "_meta": {"software": "stacfed", "format": FORMAT},
        "template": {"settings": {"index": shape.settings()}, "mappings": MAPPING},
    }


def first_of(alias: str) -> Json:
    """The body that makes an alias's first index. The mapping is repeated: without it, nothing may be written."""
    return {"aliases": {alias: {}}, "mappings": MAPPING}
