"""Whole nodes against the model: every record in the store, and every record as it is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from catalogue.store import Document, head_ref, item_ref
from stream.events import Event
from tests.model.compare import shown_by_fold, shown_by_model
from tests.model.model import Model
from tests.support.fold import MemoryFold
from tests.support.http import Json, Served

PAGE = 1000
NAVIGATION = ("self", "root", "parent", "collection")
Expected = dict[str, Json]  # key: item id: what the model says of the record


def expected_after(events: Iterable[Event]) -> Expected:
    """What nodes hold after these events, each dataset's in their order."""
    model = Model()
    for event in events:
        model.apply(event)
    return {key: shown_by_model(model, key) for key in model.datasets}


async def check_nodes(nodes: Sequence[Served], collections: Sequence[str]) -> None:
    """Record by record, stored and served, all nodes are as the model says, and their digests are equal."""
    expected = expected_after(await nodes[0].events())
    assert {key.partition("/")[0] for key in expected} == set(collections)
    for node in nodes:
        await _check_store(node, expected)
        for name in collections:
            await _check_served(node, expected, name)
    digests = [await node.digest() for node in nodes]
    assert all(digest == digests[0] for digest in digests)


async def _check_store(node: Served, expected: Expected) -> None:
    refs = {
        key: [head_ref(key), *(item_ref(key.partition("/")[0], item_id, key) for item_id in records)]
        for key, records in expected.items()
    }
    found = await node.node.store.get_many([ref for some in refs.values() for ref in some])
    for key, some in refs.items():
        fold = MemoryFold({ref.id: _placed(found[ref]) for ref in some if ref in found})
        assert shown_by_fold(fold, key) == expected[key], key


async def _check_served(node: Served, expected: Expected, collection: str) -> None:
    """The default search of a collection shows its active records and nothing else."""
    active = {
        item_id: record["item"]
        for key, records in expected.items()
        for item_id, record in records.items()
        if record["state"] == "active" and key.startswith(f"{collection}/")
    }
    shown = {item["id"]: item for item in await every_item(node, collections=[collection])}
    assert shown.keys() == active.keys()
    for item_id, item in shown.items():
        links = [link for link in item["links"] if link["rel"] not in NAVIGATION]
        assert {**item, "links": links} == active[item_id], item_id


async def every_item(node: Served, **body: Any) -> list[Json]:
    """All features of a search, page by page; their number is the one that every page tells."""
    found: list[Json] = []
    asked: Json | None = {**body, "limit": PAGE}
    matched = set()
    while asked is not None:
        page = await node.search(**asked)
        matched.add(page["numberMatched"])
        found += page["features"]
        asked = next((link["body"] for link in page["links"] if link["rel"] == "next"), None)
    assert matched == {len(found)}
    return found


def _placed(document: Document) -> tuple[int, bytes]:
    return document.version, document.body
