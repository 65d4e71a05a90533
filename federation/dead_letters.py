"""The dead-letter topic as people look at it: letters of one message together, and their replay."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

from catalogue.admission import check_action
from federation.failed import BAD_INPUT, Failed
from stream.dead_letters import (
    DeadLetter,
    Replayed,
    decode_dead_letter,
    decode_entry,
    encode_replayed,
    letter_id,
)
from stream.errors import Refused, Unavailable
from stream.events import Origin, Undecodable, UnknownFold, check_stamped, decode
from stream.log import Log, Message, OutOfRange, Record, TopicPartition
from transaction_api.bridge import Bridge
from transaction_api.foreign import reason_of

RECORDS_PER_READ = 100  # a letter may be as large as a message
BURIALS_MAX = 100_000
TRIES_MAX, TRY_EVERY_S = 20, 0.5
ID = re.compile(r"([0-9]{1,9}):([0-9]{1,18})")


class Left(Exception):
    """A letter that was not replayed, and why."""


@dataclass
class Burial:
    """All letters about one message, by their ids and without its bytes; several nodes may have written one."""

    origin: Origin
    letters: dict[str, DeadLetter] = field(default_factory=dict)
    replayed: Replayed | None = None

    @property
    def id(self) -> str:
        """The first letter's."""
        return next(iter(self.letters))

    @property
    def first(self) -> DeadLetter:
        return next(iter(self.letters.values()))

    @property
    def last(self) -> DeadLetter:
        return next(reversed(self.letters.values()))

    @property
    def nodes(self) -> list[str]:
        return sorted({letter.node for letter in self.letters.values() if letter.node})

    def to_json(self) -> dict[str, Any]:
        """One object of `list --json`."""
        last, done = self.last, self.replayed
        return {
            "id": self.id, "ids": list(self.letters), "time": last.time, "nodes": self.nodes,
            "follower": last.follower, "kind": last.kind, "origin": self.origin.to_json(), "key": last.key,
            "event_id": last.event_id, "detail": last.detail,
            "replayed": done and {"time": done.time, "event_id": done.event_id, "node": done.node},
        }  # fmt: skip


async def burials(log: Log, topic: str) -> list[Burial]:
    """What is buried, by the time of the first letter; the latest BURIALS_MAX."""
    found: dict[Origin, Burial] = {}
    async for id_, entry in _entries(log, topic):
        if isinstance(entry, DeadLetter):
            burial = found.setdefault(entry.origin, Burial(entry.origin))
            burial.letters[id_] = replace(entry, value=b"")
        elif entry.origin in found:
            found[entry.origin].replayed = entry
        if len(found) > BURIALS_MAX:
            del found[next(iter(found))]
    return list(found.values())


async def letter_of(log: Log, topic: str, id_: str) -> DeadLetter:
    """One letter with its bytes, those that it has no room for from the origin, if they are still there.

    Failed where there is none of that id.
    """
    match = ID.fullmatch(id_)
    if match is None:
        raise Failed(f"{id_!r} is no letter; an id looks like 0:12", BAD_INPUT)
    place, offset = TopicPartition(topic, int(match[1])), int(match[2])
    ends = await log.end(topic)
    if place.partition < len(ends) and offset < ends[place.partition]:
        for record in await log.read(place, offset, 1):
            if record.offset == offset:
                try:
                    return await _whole(log, decode_dead_letter(record))
                except Undecodable as error:
                    raise Failed(f"{id_} is no letter: {error}", BAD_INPUT) from error
    raise Failed(f"there is no letter {id_}", BAD_INPUT)


@dataclass
class Replayer:
    """Appends what letters hold where it belongs. A letter replayed twice is one event: its id stays."""

    bridge: Bridge

    async def replay(self, id_: str, letter: DeadLetter) -> Replayed:
        """The note of it. Left where the message still cannot be used, Unavailable after a while of trying."""
        for _ in range(TRIES_MAX - 1):
            with contextlib.suppress(Unavailable):
                return await self._once(id_, letter)
            await asyncio.sleep(TRY_EVERY_S)
        return await self._once(id_, letter)

    async def _once(self, id_: str, letter: DeadLetter) -> Replayed:
        try:
            return await self._replay(id_, letter)
        except Refused as refusal:
            raise Left(reason_of(refusal.problem)) from refusal
        except (Undecodable, UnknownFold) as error:
            raise Left(str(error)) from error

    async def _replay(self, id_: str, letter: DeadLetter) -> Replayed:
        log, topics = self.bridge.appender.log, self.bridge.site.topics
        event_id, message = await self._message(letter)
        placed = None
        if message is not None:
            [receipt] = await log.append([message])
            placed = Origin(*receipt.place, receipt.offset)
        node, time = self.bridge.stamper.node, self.bridge.now()
        note = Replayed(id_, letter.origin, placed, event_id, node, time)
        await log.append([encode_replayed(topics.dead_letters, note)])
        return note

    async def _message(self, letter: DeadLetter) -> tuple[str, Message | None]:
        """An event that a door of ours has stamped goes as it is to its own place; another one over the bridge."""
        topics = self.bridge.site.topics
        if letter.size is not None:
            raise Undecodable(f"the message has {letter.size} bytes and is not at its origin any more")
        if letter.topic in (topics.transactions, topics.collections):
            event = decode(letter.value)
            if event.stamped:
                check_stamped(event)
                check_action(event)
                topic = topics.collections if event.about_collection else topics.transactions
                return event.id, Message(topic, event.key, letter.value)
        place = TopicPartition(letter.topic, letter.partition)
        return await self.bridge.message(Record(place, letter.offset, letter.key, letter.value))


async def _whole(log: Log, letter: DeadLetter) -> DeadLetter:
    if letter.size is None:
        return letter
    try:
        found = await log.read(TopicPartition(letter.topic, letter.partition), letter.offset, 1)
    except (KeyError, OutOfRange):
        return letter
    values = [record.value for record in found if record.offset == letter.offset]
    if len(values) == 1 and len(values[0]) == letter.size and values[0].startswith(letter.value):
        return replace(letter, value=values[0], size=None)
    return letter


def collection_of(letter: DeadLetter) -> str | None:
    """The collection of the event in a letter; None where it holds none."""
    try:
        return decode(letter.value).collection
    except Undecodable:
        return None


async def _entries(log: Log, topic: str) -> AsyncIterator[tuple[str, DeadLetter | Replayed]]:
    """Every letter and note with its id; what is neither is passed over."""
    for number, end in enumerate(await log.end(topic)):
        place, offset = TopicPartition(topic, number), 0
        while offset < end:
            records = await log.read(place, offset, RECORDS_PER_READ)
            if not records:
                break
            for record in records:
                try:
                    entry = decode_entry(record)
                except Undecodable:
                    continue
                yield letter_id(record), entry
            offset = records[-1].offset + 1
