"""Dead letters: what could not be decoded, kept whole with where it came from."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

import orjson

from stream.log import Message, Record


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """`kind` is undecodable, misrouted or unstamped; `value` the bytes as they were found."""

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


def encode_dead_letter(topic: str, letter: DeadLetter) -> Message:
    """The message for the dead-letter topic, keyed by its origin."""
    origin = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    body: dict[str, Any] = {
        "origin": origin,
        "key": letter.key,
        "value": base64.b64encode(letter.value).decode(),
        "kind": letter.kind,
        "detail": letter.detail,
        "event_id": letter.event_id,
        "follower": letter.follower,
        "time": letter.time,
    }
    return Message(topic, f"{letter.topic}/{letter.partition}/{letter.offset}", orjson.dumps(body))


def decode_dead_letter(record: Record) -> DeadLetter:
    """The dead letter in a message of ours."""
    body = orjson.loads(record.value)
    origin = body.pop("origin")
    return DeadLetter(**{**body, **origin, "value": base64.b64decode(body["value"])})
