"""The head of a dataset: the one small document that decides.

It holds the state of every version, what the last event was and which documents it changes, so that a
follower that died between two writes can be finished by whoever comes next (law 4).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from catalogue.content import canonical
from catalogue.lifecycle import State
from stream.errors import PROBLEMS, Problem

RECENT_MAX = 256
DETAIL_CHARACTERS_MAX = 500
VERSIONS_MAX = 4096


@dataclass(frozen=True, slots=True)
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
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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

    def remember(self, entry: Entry) -> Head:
        """The head with one more entry; the oldest is forgotten past RECENT_MAX."""
        return replace(self, recent=(*self.recent, entry)[-RECENT_MAX:])


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
    *plain, problem = members
    if problem is None:
        return Entry(*plain)
    kind, detail = problem
    return Entry(*plain, Problem(kind if kind in PROBLEMS else "unknown", detail))
