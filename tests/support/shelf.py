"""A store that only searches: all its items, by id. It can be written to, and fail, between two pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.lifecycle import State
from catalogue.record import Record, encode_record
from catalogue.store import Document, Hit, Page, Query, Ref, collection_ref

Json = dict[str, Any]


def thing(name: str = "a", **properties: Any) -> Json:
    """A small Item with one asset and one link."""
    return {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": [], "id": name, "collection": "things",
        "geometry": {"type": "Point", "coordinates": [10.0, 50.0]}, "bbox": [10.0, 50.0, 10.0, 50.0],
        "properties": {"datetime": "2026-01-01T00:00:00Z", **properties},
        "links": [{"rel": "about", "href": "https://n1.example.org/about"}],
        "assets": {"data": {"href": "https://n1.example.org/data", "roles": ["data"], "file:size": 100}},
    }  # fmt: skip


def record_of(item: Json) -> bytes:
    """The record of an active item."""
    return encode_record(Record(item["collection"], item["id"], "k", State.ACTIVE, True, 1, "n1", item))


@dataclass
class Shelf:
    """Items by id. `before` is called with the number of each search, from 0, before it is answered."""

    items: dict[str, Json] = field(default_factory=dict)
    before: Callable[[int], None] = lambda number: None
    limits: list[int] = field(default_factory=list)

    async def search(self, query: Query) -> Page:
        self.before(len(self.limits))
        self.limits.append(query.limit)
        after = query.after[0] if query.after else None
        ids = sorted(self.items)
        found = [name for name in ids if after is None or name > str(after)]
        hits = [Hit(record_of(self.items[name]), (name,)) for name in found[: query.limit]]
        return Page(len(ids), hits, len(found) > len(hits))

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        names = {item["collection"] for item in self.items.values()}
        return {
            ref: Document(1, record_of({"type": "Collection", "id": name, "collection": name, "links": []}))
            for name in names
            if (ref := collection_ref(name)) in refs
        }
