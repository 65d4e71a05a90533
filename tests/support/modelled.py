"""Whole nodes against the model: every record in the store, and every record as it is served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from catalogue.store import Document, Ref, head_ref, item_ref
from stream.events import Event
from tests.model.compare import shown_by_fold, shown_by_model
from tests.model.model import Model, latest, served
from tests.support.fold import MemoryFold
from tests.support.http import Json, Served

PAGE = 1000


def modelled(events: Iterable[Event]) -> Model:
    """The model after these events, each dataset's in their order."""
    model = Model()
    for event in events:
        model.apply(event)
    return model


async def check_store(node: Served, model: Model, events: Iterable[Event]) -> None:
    """Every record and head in the node's store is what the model says."""
    refs: dict[str, set[Ref]] = defaultdict(set)
    for event in events:
        refs[event.key] |= {head_ref(event.key), item_ref(event.collection, event.item_id, event.key)}
    found = await node.node.store.get_many([ref for some in refs.values() for ref in some])
    for key, some in refs.items():
        documents = {ref.id: _placed(found[ref]) for ref in some if ref in found}
        assert shown_by_fold(MemoryFold(documents), key) == shown_by_model(model, key), key


async def check_served(node: Served, model: Model, collection: str) -> None:
    """The default search of a collection shows the active records of the model, each as the model has it."""
    expected = {
        item_id: served(record, item_id == latest(dataset))
        for key, dataset in model.datasets.items()
        for item_id, record in dataset.items()
        if record["state"] == "active" and key.startswith(f"{collection}/")
    }
    shown = {item["id"]: item for item in await every_item(node, collections=[collection])}
    assert shown.keys() == expected.keys()
    for item_id, item in shown.items():
        assert _without_navigation(item) == expected[item_id], item_id


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


def _without_navigation(item: Json) -> Json:
    made = ("self", "root", "parent", "collection")
    return {**item, "links": [link for link in item["links"] if link["rel"] not in made]}
