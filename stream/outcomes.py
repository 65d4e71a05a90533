"""Outcomes: what a follower did with an event, as messages of the success and error topics.

Their keys are handle ids, so all outcomes of one request are in one partition of each topic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from stream.errors import Problem
from stream.events import SCHEMA_VERSION, Event, Parent, Requester, Undecodable, auth_json
from stream.log import Message

INDEX_ROLE = "index"
GOOD = frozenset({"indexed", "unchanged", "not-wanted", "transferring", "stored", "removed"})
OUTCOMES = (*sorted(GOOD), "anomaly", "dead-letter", "failed", "rejected")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One node's word about one event. `expected` are the index nodes whose word makes the request final.

    `unchecked` names what the node lacks to repeat the door's checks; it will check once it has them.
    """

    event_id: str
    node: str
    role: str
    outcome: str
    partition: int
    offset: int
    time: str
    collection: str
    item_id: str
    method: str = "POST"
    action: str | None = None
    request_id: str = ""
    expected: tuple[str, ...] = ()
    parent: Parent | None = None
    problem: dict[str, Any] | None = None  # as on the wire
    requester: Requester = field(default_factory=Requester, hash=False)
    unchecked: tuple[str, ...] = ()

    @property
    def handle(self) -> str:
        """The request it belongs to."""
        return self.parent.id if self.parent else self.event_id


def outcome_of(
    event: Event,
    node: str,
    outcome: str,
    problem: Problem | None,
    partition: int,
    offset: int,
    time: str,
    unchecked: tuple[str, ...] = (),
) -> Outcome:
    """An index node's outcome of a decoded event."""
    return Outcome(
        event.id, node, INDEX_ROLE, outcome, partition, offset, time, event.collection, event.item_id,
        event.method, event.action, event.request_id, event.expected, event.parent,
        problem.to_json(f"{event.request_id}:{event.id}") if problem else None, event.requester, unchecked,
    )  # fmt: skip


def encode_outcome(prefix: str, outcome: Outcome, event: Event | None) -> Message:
    """The message; `event` gives its requester and publisher to ESGF's readers, None where it was undecodable."""
    publisher = event.publisher if event else ("unknown", "unknown")
    payload = {"method": outcome.method, "collection_id": outcome.collection, "item_id": outcome.item_id}
    metadata: dict[str, Any] = {
        "auth": auth_json(event.requester, event.policy_id) if event else auth_json(Requester(), None),
        "event_id": outcome.event_id,
        "request_id": outcome.request_id,
        "publisher": {"package": publisher[0], "version": publisher[1]},
        "time": outcome.time,
        "schema_version": SCHEMA_VERSION,
        "node": outcome.node,
        "role": outcome.role,
        "outcome": outcome.outcome,
        "action": outcome.action,
        "expected": outcome.expected,
    }
    if outcome.unchecked:
        metadata["unchecked"] = outcome.unchecked
    if outcome.parent:
        parent = outcome.parent
        metadata["parent"] = {"id": parent.id, "index": parent.index, "of": parent.of}
    original = {"event_id": outcome.event_id, "offset": outcome.offset, "partition": outcome.partition}
    body: dict[str, Any] = {
        "data": {"type": "STAC", "payload": payload},
        "metadata": metadata,
        "original_event": original,
    }
    if outcome.problem is not None:
        body["error"] = outcome.problem
    topic = "success" if outcome.outcome in GOOD else "errors"
    return Message(f"{prefix}.{topic}", outcome.handle, orjson.dumps(body))


def decode_outcome(value: bytes) -> Outcome:
    """The outcome in a message of ours. Undecodable for anything else, ESGF's own messages included."""
    try:
        body = orjson.loads(value)
        payload, metadata, original = body["data"]["payload"], body["metadata"], body["original_event"]
        parent = metadata.get("parent")
        found = Outcome(
            event_id=metadata["event_id"],
            node=metadata["node"],
            role=metadata["role"],
            outcome=metadata["outcome"],
            partition=original["partition"],
            offset=original["offset"],
            time=metadata["time"],
            collection=payload["collection_id"],
            item_id=payload["item_id"],
            method=payload["method"],
            action=metadata.get("action"),
            request_id=metadata.get("request_id") or "",
            expected=tuple(metadata.get("expected") or ()),
            parent=Parent(**parent) if parent else None,
            problem=body.get("error"),
            requester=_requester(metadata.get("auth")),
            unchecked=tuple(map(str, metadata.get("unchecked") or ())),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Undecodable(f"not an outcome of ours: {error!r}") from error
    texts = (
        found.event_id,
        found.node,
        found.role,
        found.time,
        found.collection,
        found.item_id,
        found.method,
    )
    if found.outcome not in OUTCOMES or not all(isinstance(text, str) for text in texts):
        raise Undecodable("not an outcome of ours: an unknown outcome or a member that is not a text")
    if not all(isinstance(number, int) for number in (found.partition, found.offset)):
        raise Undecodable("not an outcome of ours: its origin is not a partition and an offset")
    return found


def _requester(auth: Any) -> Requester:
    """Who asked; anonymous where the message does not say it as ours do."""
    told = auth.get("requester_data") if isinstance(auth, dict) else None
    if not isinstance(told, dict):
        return Requester()
    known = {name: told[name] for name in ("client_id", "iss", "sub") if isinstance(told.get(name), str)}
    return Requester(**known)
