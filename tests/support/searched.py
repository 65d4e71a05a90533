"""Records to search for, and searches that wait until a store shows them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.content import canonical
from catalogue.filters import Filter
from catalogue.lifecycle import State
from catalogue.store import ITEMS, Page, Place, Query, Store, Write, collection_ref, item_ref

STORED = frozenset(State) - {State.ABSENT}
DEADLINE_S = 30.0


def record(
    item_id: str,
    properties: dict[str, Any] | None = None,
    *,
    version: int = 1,
    collection: str = "c",
    state: str = "active",
    **members: Any,
) -> Write:
    """A write of an item; `members` are those beside its properties: geometry, bbox, assets."""
    stac = {"id": item_id, "collection": collection, "properties": properties or {}, **members}
    source = {"collection": collection, "id": item_id, "state": state, "item": stac}
    return Write(item_ref(collection, item_id, f"{collection}/{item_id}"), version, canonical(source), source)


def listed(name: str, version: int = 1, *, state: str = "active", **members: Any) -> Write:
    """A write of a Collection."""
    source = {"collection": name, "id": name, "state": state, "item": {"id": name, **members}}
    return Write(collection_ref(name), version, canonical(source), source)


def copies(*nodes: str) -> dict[str, Any]:
    """Assets: one file, with a copy at each node."""
    first, *others = nodes
    asset: dict[str, Any] = {"href": f"https://{first}.test/f", "alternate:name": first}
    if others:
        asset["alternate"] = {node: {"href": f"https://{node}.test/f"} for node in others}
    return {"f": asset}


async def shown(store: Store, writes: Iterable[Write]) -> None:
    """Apply them, and wait until a search shows them all: it may lag. All are new, and of one kind."""
    waiting = list(writes)
    kind = waiting[0].ref.kind if waiting else ITEMS
    before = (await store.search(Query(kind, states=STORED, limit=1))).matched
    for start in range(0, len(waiting), 500):
        await store.apply(waiting[start : start + 500])
    await until_matched(store, before + len(waiting), Query(kind, states=STORED, limit=1))


async def until_matched(store: Store, number: int, query: Query) -> Page:
    """The page of a query once it matches so many."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            page = await store.search(query)
            if page.matched == number:
                return page
            await asyncio.sleep(0.02)


async def matching(store: Store, wanted: Filter, **query: Any) -> list[str]:
    """The ids of all that a filter finds, in order; the page, its count and an aggregation agree."""
    query = {"limit": 1000, **query}
    page = await store.search(Query(filter=wanted, **query))
    counted = await store.aggregate(Query(filter=wanted, **query), ())
    assert page.matched == len(page.hits) == counted.matched
    return ids_of(page.bodies)


def ids_of(bodies: Sequence[bytes]) -> list[str]:
    """The `id` of each record."""
    return [str(orjson.loads(body)["id"]) for body in bodies]


async def paged(store: Store, query: dict[str, Any], *, backwards: bool = False) -> list[str]:
    """The ids of all pages, in the order of the search, read from one end to the other."""
    found: list[str] = []
    after: Place | None = None
    for _ in range(2_000):
        page = await store.search(Query(**query, after=after, backwards=backwards))
        ids = ids_of(page.bodies)
        found = ids + found if backwards else found + ids
        if not page.more:
            return found
        assert ids, "there is more, but not on this page"
        after = page.hits[0 if backwards else -1].place
    raise AssertionError("the pages do not end")


async def counted(store: Store, wanted: Aggregation, **query: Any) -> Aggregates:
    """The answer to one aggregation."""
    return await store.aggregate(Query(**query), (wanted,))
