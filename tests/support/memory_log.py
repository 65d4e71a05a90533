"""MemoryLog: the port `Log` on lists, without threads, so that a simulation of it is always the same."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from stream.keys import partition_of
from stream.log import Consumer, Fenced, Message, Receipt, Record, Revoking, TopicPartition


@dataclass
class Broker:
    """What all handles on one log share. Members are told by the time of their last sign of life."""

    topics: dict[str, list[list[Record]]] = field(default_factory=dict)
    committed: dict[tuple[str, TopicPartition], int] = field(default_factory=dict)
    seen: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))
    consumers: dict[tuple[str, str], MemoryConsumer] = field(default_factory=dict)
    owners: dict[tuple[str, TopicPartition], str] = field(default_factory=dict)
    waiters: dict[TopicPartition, list[asyncio.Event]] = field(default_factory=lambda: defaultdict(list))

    def partition(self, place: TopicPartition) -> list[Record]:
        return self.topics[place.topic][place.partition]

    def bury(self, group: str, session_s: float) -> None:
        """Forget members that were silent for too long, and what they owned."""
        now, seen = asyncio.get_running_loop().time(), self.seen[group]
        for member in [name for name, time in seen.items() if time < now - session_s]:
            self.leave(group, member)

    def leave(self, group: str, member: str) -> None:
        self.seen[group].pop(member, None)
        self.consumers.pop((group, member), None)
        for owned in [key for key, owner in self.owners.items() if key[0] == group and owner == member]:
            del self.owners[owned]


@dataclass
class MemoryLog:
    """One process's handle on the broker."""

    broker: Broker = field(default_factory=Broker)
    session_s: float = 10.0

    async def create_topic(self, topic: str, partitions: int) -> None:
        found = self.broker.topics.setdefault(topic, [[] for _ in range(partitions)])
        if len(found) != partitions:
            raise ValueError(f"topic {topic} has {len(found)} partitions, not {partitions}")

    async def partitions(self, topic: str) -> int:
        return len(self.broker.topics[topic])

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        await asyncio.sleep(0)
        receipts = []
        for message in messages:
            number = partition_of(message.key, len(self.broker.topics[message.topic]))
            place = TopicPartition(message.topic, number)
            records = self.broker.partition(place)
            receipts.append(Receipt(place, len(records)))
            records.append(Record(place, len(records), message.key, message.value))
            for waiter in self.broker.waiters[place]:
                waiter.set()
        await asyncio.sleep(0)
        return receipts

    async def end(self, topic: str) -> list[int]:
        return [len(records) for records in self.broker.topics[topic]]

    async def committed(self, group: str, topic: str) -> list[int]:
        places = [TopicPartition(topic, number) for number in range(len(self.broker.topics[topic]))]
        return [self.broker.committed.get((group, place), 0) for place in places]

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        places = [
            TopicPartition(topic, number)
            for topic in topics
            for number in range(len(self.broker.topics[topic]))
        ]
        return MemoryConsumer(self.broker, self.session_s, group, member, places, revoking)

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        return self.broker.partition(place)[offset : offset + records_max]

    async def close(self) -> None:
        """Nothing to let go."""


@dataclass(eq=False)
class MemoryConsumer:
    """A member of a group."""

    broker: Broker
    session_s: float
    group: str
    member: str
    places: list[TopicPartition]
    revoking: Revoking
    _joined: bool = False
    _next: dict[TopicPartition, int] = field(default_factory=dict)

    async def rebalance(self) -> set[TopicPartition]:
        broker = self.broker
        if self._joined and self._holder() not in (self, None):
            self._next.clear()
            raise Fenced(f"another process is {self.member} of {self.group} now")
        self._joined = True
        broker.consumers[self.group, self.member] = self
        broker.seen[self.group][self.member] = asyncio.get_running_loop().time()
        broker.bury(self.group, self.session_s)
        share = -(-len(self.places) // len(broker.seen[self.group]))
        mine = [place for place in self.places if self._owner(place) == self.member]
        for place in [place for place in self.places if self._owner(place) is None][: share - len(mine)]:
            broker.owners[self.group, place] = self.member
            mine.append(place)
        for place in self._next.keys() - set(mine):
            del self._next[place]
        for place in mine:
            self._next.setdefault(place, broker.committed.get((self.group, place), 0))
        surplus = set(mine[share:])
        if surplus:
            await self.revoking(surplus)
        for place in surplus:
            self._next.pop(place, None)
            if self._owner(place) == self.member and self._holder() is self:
                del broker.owners[self.group, place]
        return set(self._next)

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        waiter = asyncio.Event()
        self.broker.waiters[place].append(waiter)
        try:
            if place not in self._next or len(self.broker.partition(place)) <= self._next[place]:
                async with asyncio.timeout(wait_s):
                    await waiter.wait()
            if place not in self._next:
                return []
            start = self._next[place]
            found = self.broker.partition(place)[start : start + records_max]
            self._next[place] = start + len(found)
            return found
        except TimeoutError:
            return []
        finally:
            self.broker.waiters[place].remove(waiter)

    async def commit(self, place: TopicPartition, offset: int) -> None:
        await asyncio.sleep(0)
        if self._owner(place) != self.member or self._holder() is not self:
            self._next.pop(place, None)
            raise Fenced(f"{self.member} does not own {place} any more")
        self.broker.committed[self.group, place] = offset

    async def seek(self, place: TopicPartition, offset: int) -> None:
        self._next[place] = offset

    async def close(self) -> None:
        self._next.clear()
        if self._holder() is self:
            self.broker.leave(self.group, self.member)

    def _holder(self) -> MemoryConsumer | None:
        """Whose the place under our name is."""
        return self.broker.consumers.get((self.group, self.member))

    def _owner(self, place: TopicPartition) -> str | None:
        return self.broker.owners.get((self.group, place))
