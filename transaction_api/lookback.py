"""Looking back: which messages of a foreign topic are on our own log already, told by the origins of our events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from stream.events import Undecodable, decode
from stream.log import Log, OutOfRange, Record, TopicPartition
from transaction_api.foreign import derived_id

RECORDS_PER_READ = 500
LOOK_BACK_MAX = 100_000  # of our own messages, in each partition


@dataclass
class Seen:
    """What of one foreign partition is on our log.

    A batch of `batch_max` messages is appended in parts, so the last of them may have gaps; what is before it has
    none.
    """

    batch_max: int
    highest: int = -1
    last: dict[int, str] = field(default_factory=dict)  # offset -> event id, of the last batch

    def add(self, offset: int, event_id: str) -> None:
        """One of our events comes from there."""
        self.highest = max(self.highest, offset)
        self.last[offset] = event_id
        if len(self.last) > 4 * self.batch_max:
            self.last = {at: id_ for at, id_ in self.last.items() if at > self.highest - self.batch_max}

    def holds(self, offset: int) -> bool:
        """Whether the foreign message at this offset needs no work any more."""
        return offset in self.last or offset <= self.highest - self.batch_max


@dataclass
class LookBack:
    """What of a foreign topic is on our log, looked up whenever a foreign partition is read from its commit."""

    log: Log
    own_topic: str
    group: Callable[[str], str]  # of a foreign topic
    batch_max: int
    _next: dict[int, int] = field(default_factory=dict)  # own partition -> what was not looked at yet
    _seen: dict[TopicPartition, Seen] = field(default_factory=dict)  # all that was found
    _held: dict[TopicPartition, Seen] = field(default_factory=dict)  # what counts
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def holds(self, record: Record) -> bool:
        """Whether a foreign message needs no work any more."""
        seen = self._held.get(record.place)
        return seen is not None and seen.holds(record.offset)

    async def look(self, place: TopicPartition) -> None:
        """To be awaited before the first message of a foreign partition is worked, and where one comes again.

        The last LOOK_BACK_MAX messages of each of our partitions are read the first time, later those that came
        since. All of them, where a partition that holds something was never committed: it is new, or the log has
        forgotten the group.
        """
        async with self._lock:
            committed = await self.log.committed(self.group(place.topic), place.topic)
            if not self._next:
                ends = await self.log.end(place.topic)
                forgotten = any(end and not done for end, done in zip(ends, committed, strict=True))
                own_ends = enumerate(await self.log.end(self.own_topic))
                self._next = {n: 0 if forgotten else max(0, end - LOOK_BACK_MAX) for n, end in own_ends}
            for number, end in enumerate(await self.log.end(self.own_topic)):
                await self._read(TopicPartition(self.own_topic, number), end, place.topic)
            seen = self._seen.get(place)
            self._held.pop(place, None)
            if (
                seen is not None
                and seen.highest >= committed[place.partition]
                and await self._same(place, seen)
            ):
                self._held[place] = seen

    async def _read(self, own: TopicPartition, end: int, topic: str) -> None:
        while self._next[own.partition] < end:
            records = await self.log.read(own, self._next[own.partition], RECORDS_PER_READ)
            if not records:
                return
            for record in records:
                self._note(record.value, topic)
            self._next[own.partition] = records[-1].offset + 1

    def _note(self, value: bytes, topic: str) -> None:
        if b'"origin"' not in value or orjson.dumps(topic) not in value:
            return  # most are not from there, and decoding is the dear part
        try:
            event = decode(value)
        except Undecodable:
            return
        if event.origin is not None and event.origin.topic == topic:
            place = TopicPartition(topic, event.origin.partition)
            self._seen.setdefault(place, Seen(self.batch_max)).add(event.origin.offset, event.id)

    async def _same(self, place: TopicPartition, seen: Seen) -> bool:
        """Whether the topic still holds what our log has from there; one that was made anew holds something else."""
        try:
            found = await self.log.read(place, seen.highest, 1)
            if not found or found[0].offset != seen.highest:
                return False
            return seen.last[seen.highest] in (decode(found[0].value).id, derived_id(found[0]))
        except (OutOfRange, Undecodable):
            return False
