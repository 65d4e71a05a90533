"""A follower's documents beside the model's records, member by member."""

from __future__ import annotations

from typing import Any

from stream.events import Event
from tests.model.model import Model, latest, served
from tests.support.fold import MemoryFold

_TOLD = ("state", "owner", "reason", "wish", "revision")


def shown_by_model(model: Model, key: str) -> dict[str, Any]:
    """What the model says a follower holds of a dataset."""
    dataset = model.datasets.get(key, {})
    top = latest(dataset)
    return {
        item_id: {name: record[name] for name in _TOLD}
        | {name: record[name] for name in ("deprecated", "bytes_revision", "holders", "sort")}
        | {"latest": item_id == top, "item": served(record, item_id == top)}
        for item_id, record in dataset.items()
    }


def shown_by_fold(fold: MemoryFold, key: str) -> dict[str, Any]:
    """What the documents say; a member that the head and the record both tell has to be the same in both."""
    head, records = fold.head(key), fold.records(key)
    versions = head.versions if head else {}
    assert versions.keys() == records.keys()
    found: dict[str, Any] = {}
    for item_id, version in versions.items():
        record = records[item_id]
        told = {name: getattr(record, name) for name in _TOLD}
        assert told == {name: getattr(version, name) for name in _TOLD}
        found[item_id] = told | {
            "deprecated": version.deprecated,
            "bytes_revision": version.bytes_revision,
            "holders": list(record.holders),
            "sort": version.sort,
            "latest": record.latest,
            "item": record.item,
        }
    return found


def check(model: Model, fold: MemoryFold, position: int, event: Event) -> None:
    """One event to both: the outcome and every record of its dataset are equal."""
    expected, got = model.apply(event), fold.apply(position, event)
    assert got == expected, f"{event.action} of {event.item_id}: {got}, the model says {expected}"
    assert shown_by_fold(fold, event.key) == shown_by_model(model, event.key)
