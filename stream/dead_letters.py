"""The dead-letter topic: messages that could not be used, kept whole with where they came from, and notes that a
letter's message was put where it belongs. Nothing is ever taken away from it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from stream.events import Origin, Undecodable
from stream.log import Message, Record

VALUE_BYTES_MAX = (
    4 << 20
)  # in base64 below what any log takes; of a longer message the letter has the beginning
KEY_CHARACTERS_MAX, DETAIL_CHARACTERS_MAX = 1_000, 4_000  # both may hold what anybody wrote


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`kind` is undecodable, misrouted, unstamped or, of a bridge, a kind of problem; `value` the bytes as found.

    `size` is there where `value` is only the beginning of a message of so many bytes; the rest is at the origin.
    """

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    kind: str
    detail: str
    event_id: str | None
    follower: str
    time: str
    node: str = ""  # who wrote it; older letters do not say
    size: int | None = None

    @property
    def origin(self) -> Origin:
        """Where the message was found. Several nodes may have written a letter about one message, or one twice."""
        return Origin(self.topic, self.partition, self.offset)


@dataclass(frozen=True, slots=True)
class Replayed:
    """The message at `origin`, of which letter `letter` tells, was appended at `placed` under this event id.

    `placed` is None where its dataset knew the event already.
    """

    letter: str
    origin: Origin
    placed: Origin | None
    event_id: str
    node: str
    time: str


def letter_id(record: Record) -> str:
    """What people call a letter: its own partition and offset."""
    return f"{record.place.partition}:{record.offset}"


def encode_dead_letter(topic: str, letter: DeadLetter) -> Message:
    """The message for the dead-letter topic, keyed by its origin."""
    body: dict[str, Any] = {
        "origin": letter.origin.to_json(),
        "key": letter.key[:KEY_CHARACTERS_MAX],
        "value": base64.b64encode(letter.value[:VALUE_BYTES_MAX]).decode(),
        "kind": letter.kind,
        "detail": letter.detail[:DETAIL_CHARACTERS_MAX],
        "event_id": letter.event_id,
        "follower": letter.follower,
        "time": letter.time,
        "node": letter.node,
    }
    if len(letter.value) > VALUE_BYTES_MAX:
        body["size"] = len(letter.value)
    return Message(topic, "/".join(map(str, letter.origin)), orjson.dumps(body))


def encode_replayed(topic: str, note: Replayed) -> Message:
    """The message for the dead-letter topic, keyed by the letter's id."""
    body = {
        "replayed": note.letter,
        "origin": note.origin.to_json(),
        "placed": note.placed and note.placed.to_json(),
        "event_id": note.event_id,
        "node": note.node,
        "time": note.time,
    }
    return Message(topic, note.letter, orjson.dumps(body))


def decode_dead_letter(record: Record) -> DeadLetter:
    """The dead letter in a message of ours. Undecodable for anything else."""
    found = decode_entry(record)
    if not isinstance(found, DeadLetter):
        raise Undecodable("a note, not a dead letter")
    return found


def decode_entry(record: Record) -> DeadLetter | Replayed:
    """A message of the dead-letter topic. Undecodable for what is neither; unknown members are passed over."""
    try:
        body = orjson.loads(record.value)
        origin = _origin(body["origin"])
        if "replayed" in body:
            placed = _origin(body["placed"]) if body["placed"] else None
            return Replayed(
                body["replayed"], origin, placed, body["event_id"], body["node"], body["time"],
            )  # fmt: skip
        return DeadLetter(
            *origin, body["key"], base64.b64decode(body["value"]), body["kind"], body["detail"],
            body["event_id"], body["follower"], body["time"], body.get("node") or "", body.get("size"),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise Undecodable(f"not a dead letter: {error!r}") from error


def _origin(found: dict[str, Any]) -> Origin:
    return Origin(found["topic"], found["partition"], found["offset"])
