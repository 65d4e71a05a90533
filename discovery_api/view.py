"""What a searcher sees of a record: the visibility table of the lifecycle, and the links that a catalogue makes."""

from __future__ import annotations

from typing import Any

from catalogue.head import Head
from catalogue.latest import latest_of, ordered
from catalogue.lifecycle import State
from catalogue.record import Record
from discovery_api.links import collection_links, item_links, version_links
from stream.errors import Refused

Json = dict[str, Any]


def shown_item(record: Record, root: str, head: Head | None, *, show_data: bool) -> Json:
    """The Item as it is served. `show_data`: a retracted record shows its assets nevertheless."""
    item = dict(record.item)
    if record.state == State.RETRACTED:
        if record.reason is not None:
            item["properties"] = {**item["properties"], "retraction_reason": record.reason}
        if not show_data:
            item["assets"] = {}
    item["links"] = [
        *item_links(record.collection, record.id, root),
        *item.get("links", ()),
        *version_links(record.collection, record.id, root, head),
    ]
    return item


def shown_collection(record: Record, root: str) -> Json:
    """The Collection as it is served."""
    return {**record.item, "links": [*collection_links(record.id, root), *record.item.get("links", ())]}


def tombstone(record: Record) -> Refused:
    """410 for a withdrawn record: why, and who still holds copies."""
    reason = f": {record.reason}" if record.reason else ""
    held = f"; copies are still held by {', '.join(record.holders)}" if record.holders else ""
    return Refused("withdrawn", f"{record.id} was withdrawn{reason}{held}")


def history(head: Head, item_id: str) -> Json:
    """What the head remembers of a record, and how its dataset stands."""
    events = [
        {
            "position": entry.position, "event_id": entry.event_id, "action": entry.action, "outcome": entry.outcome,
            "who": entry.who, "time": entry.time,
            **({"problem": {"type": entry.problem.type, "detail": entry.problem.detail}} if entry.problem else {}),
        }
        for entry in head.recent if entry.item_id == item_id
    ]  # fmt: skip
    latest = latest_of(head.versions)
    versions = [
        {
            "id": version_id, "version": version.version, "state": version.state, "latest": version_id == latest,
            "revision": version.revision, "bytes_revision": version.bytes_revision, "owner": version.owner,
            "reason": version.reason,
        }
        for version_id in ordered(head.versions)
        if (version := head.versions[version_id]).state != State.PURGED
    ]  # fmt: skip
    return {"id": item_id, "events": events, "versions": versions}
