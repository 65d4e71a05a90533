"""A small catalogue in memory: items and Collections as the fold would write them, without a log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.content import canonical
from catalogue.lifecycle import State
from catalogue.profile import Profile
from catalogue.profile_shelf import profile_of
from catalogue.store import COLLECTIONS, Query, Write, collection_ref, item_ref
from tests.support.memory_store import MemoryStore

Json = dict[str, Any]


@dataclass
class CountingStore(MemoryStore):
    """Remembers what was aggregated."""

    asked: list[tuple[Query, list[Aggregation]]] = field(default_factory=list)

    async def aggregate(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        self.asked.append((query, list(wanted)))
        await asyncio.sleep(0)
        return await super().aggregate(query, wanted)


@dataclass
class SmallCatalogue:
    """What an inventory is taken of; `profiles` of some collections instead of the shipped ones."""

    store: CountingStore = field(default_factory=CountingStore)
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def profile_of(self, collection: str) -> Profile:
        return self.profiles.get(collection) or profile_of(collection)

    async def collection_ids(self) -> list[str]:
        found = await self.store.search(Query(COLLECTIONS, limit=10_000))
        return sorted(
            hit.place[-1].removeprefix("c:") for hit in found.hits if isinstance(hit.place[-1], str)
        )

    async def add_collection(self, name: str, **members: Any) -> None:
        item = {"type": "Collection", "stac_version": "1.1.0", "id": name, "links": [], **members}
        source = {"collection": name, "id": name, "state": State.ACTIVE, "item": item, "key": name}
        await self.store.apply([Write(collection_ref(name), 1, canonical(source), source)])

    async def add(self, item: Mapping[str, Any], state: State = State.ACTIVE) -> None:
        collection, name = item["collection"], item["id"]
        source = {
            "collection": collection,
            "id": name,
            "state": state,
            "item": item,
            "key": f"{collection}/{name}",
        }
        ref = item_ref(collection, name, source["key"])
        await self.store.apply([Write(ref, 1, canonical(source), source)])


def small_item(item_id: str, in_collection: str = "scenes", **properties: Any) -> Json:
    """An Item with these properties, without files and place."""
    return {
        "id": item_id,
        "collection": in_collection,
        "geometry": None,
        "properties": properties,
        "assets": {},
    }
