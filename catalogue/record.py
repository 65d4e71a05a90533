"""The stored document of one record: its item, and what the fold knows about it.

Rendering is the second half of the fold: a document is made from the new head, the record's own old
document and the event, never from another document (law 4), so it can be made again after a crash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from catalogue.content import canonical
from catalogue.head import Head
from catalogue.latest import latest_of
from catalogue.lifecycle import State
from stream.events import Event


@dataclass(slots=True)  # not frozen: see stream.events
class Record:
    """One item with its state. `item` carries the system properties; `holders` is a tombstone's list of nodes."""

    collection: str
    id: str
    key: str
    state: State
    latest: bool
    revision: int
    owner: str
    item: dict[str, Any]
    reason: str | None = None
    wish: str | None = None
    holders: tuple[str, ...] = ()
    ids: dict[str, Any] | None = None  # of a Collection: its dataset-id rule and version order

    def fields(self) -> dict[str, Any]:
        """Members that say something; an absent one is its default."""
        found: dict[str, Any] = {
            "collection": self.collection,
            "id": self.id,
            "key": self.key,
            "state": self.state,
            "latest": self.latest,
            "revision": self.revision,
            "owner": self.owner,
            "item": self.item,
        }
        for name in ("reason", "wish", "holders", "ids"):
            value = getattr(self, name)
            if value is not None and value != ():
                found[name] = value
        return found


def encode_record(record: Record) -> bytes:
    """Canonical bytes: equal on every node that has read the same events."""
    return canonical(record.fields())


def decode_record(body: bytes) -> Record:
    """The record in bytes that `encode_record` wrote."""
    found = orjson.loads(body)
    found["state"] = State(found["state"])
    found["holders"] = tuple(found.get("holders", ()))
    return Record(**found)


def render(head: Head, record: Record, event: Event) -> Record:
    """The record as the new head wants it; `record` holds the item as the event leaves it.

    `updated` is the greatest time of an event that changed the record, so replica events of two nodes commute.
    """
    version = head.versions[record.id]
    latest = latest_of(head.versions) == record.id
    item = record.item
    if not event.about_collection:
        properties = dict(item["properties"])
        properties["latest"] = latest
        properties["deprecated"] = not latest
        properties["retracted"] = version.state in (State.RETRACTED, State.WITHDRAWN)
        properties["updated"] = max(event.time, properties.get("updated") or event.time)
        item = {**item, "properties": properties}
    return Record(
        collection=record.collection,
        id=record.id,
        key=record.key,
        state=version.state,
        latest=latest,
        revision=version.revision,
        owner=version.owner,
        item=item,
        reason=version.reason,
        wish=version.wish,
        holders=record.holders,
        ids=record.ids,
    )
