"""The head of a dataset: the one small document that decides.

It holds the state of every version, what the last event was and which documents it changes, so that a
follower that died between two writes can be finished by whoever comes next (law 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from catalogue.content import canonical
from catalogue.lifecycle import State
from stream.errors import PROBLEMS, Problem

RECENT_MAX = 256
DETAIL_CHARACTERS_MAX = 500
VERSIONS_MAX = 4096


@dataclass(slots=True)  # not frozen: see stream.events
class Version:
    """What the head knows of one record. `revision` counts contents and is never reset."""

    version: str | None
    sort: int | str
    state: State
    deprecated: bool
    revision: int
    bytes_revision: int
    digest: str
    owner: str
    reason: str | None = None
    wish: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "sort": self.sort,
            "state": self.state,
            "deprecated": self.deprecated,
            "revision": self.revision,
            "bytes_revision": self.bytes_revision,
            "digest": self.digest,
            "owner": self.owner,
            "reason": self.reason,
            "wish": self.wish,
        }


@dataclass(slots=True)  # not frozen: see stream.events
class Entry:
    """One event in the head's memory."""

    position: int
    event_id: str
    action: str
    item_id: str
    outcome: str
    who: str
    time: str
    problem: Problem | None = None

    def to_json(self) -> list[Any]:
        problem = self.problem and [self.problem.kind, self.problem.detail[:DETAIL_CHARACTERS_MAX]]
        return [
            self.position, self.event_id, self.action, self.item_id, self.outcome, self.who, self.time, problem,
        ]  # fmt: skip


@dataclass(slots=True)  # not frozen: see stream.events
class Head:
    """`lowers` and `raises` are the item ids that the last event changes, in the order they must be written."""

    key: str
    position: int
    event_id: str
    versions: dict[str, Version]
    recent: tuple[Entry, ...]
    lowers: tuple[str, ...] = ()
    raises: tuple[str, ...] = ()

    def entry(self, event_id: str) -> Entry | None:
        """What is remembered of an event, newest first."""
        return next((entry for entry in reversed(self.recent) if entry.event_id == event_id), None)

    def after(
        self,
        entry: Entry,
        versions: dict[str, Version],
        lowers: tuple[str, ...] = (),
        raises: tuple[str, ...] = (),
    ) -> Head:
        """The head after one more event; the oldest entry is forgotten past RECENT_MAX."""
        recent = (*self.recent, entry)[-RECENT_MAX:]
        return Head(self.key, entry.position, entry.event_id, versions, recent, lowers, raises)


def encode_head(head: Head) -> bytes:
    """Canonical bytes of a head."""
    return canonical(
        {
            "key": head.key,
            "position": head.position,
            "event_id": head.event_id,
            "versions": {item_id: version.to_json() for item_id, version in head.versions.items()},
            "recent": [entry.to_json() for entry in head.recent],
            "lowers": head.lowers,
            "raises": head.raises,
        }
    )


def decode_head(body: bytes) -> Head:
    """The head in bytes that `encode_head` wrote."""
    found = orjson.loads(body)
    versions = {}
    for item_id, members in found["versions"].items():
        members["state"] = State(members["state"])
        versions[item_id] = Version(**members)
    return Head(
        key=found["key"],
        position=found["position"],
        event_id=found["event_id"],
        versions=versions,
        recent=tuple(_entry(members) for members in found["recent"]),
        lowers=tuple(found["lowers"]),
        raises=tuple(found["raises"]),
    )


def _entry(members: list[Any]) -> Entry:
    position, event_id, action, item_id, outcome, who, time, problem = members
    if problem is not None:
        kind, detail = problem
        problem = Problem(kind if kind in PROBLEMS else "unknown", detail)
    return Entry(position, event_id, action, item_id, outcome, who, time, problem)
