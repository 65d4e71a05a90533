"""Reading Kafka outside any group: where partitions end, and pages of their messages."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords

from stream.kafka_client import Client, check
from stream.kafka_options import MESSAGE_BYTES_MAX
from stream.log import OutOfRange, Record, TopicPartition

T = TypeVar("T")
LATEST, EARLIEST = -1, -2
OUT_OF_RANGE = 1
UNCOMMITTED = 0  # nobody writes transactions here
PAGE_BYTES_MAX = 16 << 20
FETCH_BYTES_MIN = 64 << 10  # a broker gives at least one whole batch, however long
BYTES_PER_RECORD = 8 << 10
KEPT_MAX = 4


@dataclass
class Turns(Generic[T]):
    """Many callers, one question under way: who comes meanwhile shares the next, which is asked after they came."""

    _current: asyncio.Task[T] | None = None
    _next: asyncio.Task[T] | None = None

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        if self._next is None:
            self._next = asyncio.create_task(self._in_turn(self._current, question))
            self._next.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # nobody may be left
        return await asyncio.shield(self._next)

    async def _in_turn(self, before: asyncio.Task[T] | None, question: Callable[[], Awaitable[T]]) -> T:
        if before is not None:
            await asyncio.wait({before})
        self._current, self._next = self._next, None
        return await question()


async def offsets(client: Client, places: list[TopicPartition], which: int) -> dict[TopicPartition, int]:
    """Where each partition ends (LATEST: the high watermark) or begins (EARLIEST)."""

    async def question(asked: Any) -> dict[TopicPartition, int]:
        wanted: dict[int, dict[str, list[tuple[int, int]]]] = {}
        for place in places:
            topics = wanted.setdefault(await client.leader(asked, place), {})
            topics.setdefault(place.topic, []).append((place.partition, which))
        requests = [
            asked.send(node, OffsetRequest(-1, UNCOMMITTED, list(topics.items())))
            for node, topics in wanted.items()
        ]
        found = {}
        for answer in await asyncio.gather(*requests):
            for topic, partitions in answer.topics:
                for partition, code, _, offset in partitions:
                    check(code)
                    found[TopicPartition(topic, partition)] = int(offset)
        return found

    return await client.ask("offsets", question)


@dataclass
class Reader:
    """Pages of partitions. What was fetched beyond a page is kept for the next one."""

    client: Client
    _kept: OrderedDict[tuple[TopicPartition, int], list[Record]] = field(default_factory=OrderedDict)

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        """At most `records_max` and about 16 MiB; [] at the end. OutOfRange when the log begins later."""
        page: list[Record] = []
        size = 0
        while len(page) < records_max and size < PAGE_BYTES_MAX:
            wanted = records_max - len(page)
            more = self._kept.pop((place, offset), None) or await self._fetch(place, offset, wanted)
            if not more:
                break
            taken, rest = more[:wanted], more[wanted:]
            page += taken
            size += sum(len(record.value) for record in taken)
            offset = taken[-1].offset + 1
            if rest:
                self._kept[place, offset] = rest
                while len(self._kept) > KEPT_MAX:
                    self._kept.popitem(last=False)
        return page

    async def _fetch(self, place: TopicPartition, offset: int, records: int) -> list[Record]:
        size = min(MESSAGE_BYTES_MAX, max(FETCH_BYTES_MIN, records * BYTES_PER_RECORD))

        async def question(asked: Any) -> list[Record] | None:
            request = FetchRequest(
                0, 0, size, UNCOMMITTED, [(place.topic, [(place.partition, offset, size)])]
            )
            answer = await asked.send(await self.client.leader(asked, place), request)
            for _, partitions in answer.topics:
                for _, code, *_, data in partitions:
                    if code == OUT_OF_RANGE:
                        return None
                    check(code)
                    return list(unpack(place, data, offset))
            return []

        found = await self.client.ask(f"reading {place.topic}/{place.partition}", question)
        if found is None:
            begin = (await offsets(self.client, [place], EARLIEST))[place]
            if offset < begin:
                raise OutOfRange(
                    f"{place.topic}/{place.partition} begins at {begin}: {offset} is not there any more"
                )
        return found or []


def unpack(place: TopicPartition, data: bytes, offset: int) -> Iterator[Record]:
    """The messages from `offset` on in what a broker sent; batches are never split, so some are before it."""
    batches = MemoryRecords(data)
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise OSError(f"damaged on the way: {place.topic}/{place.partition} near {offset}")
        if batch.is_control_batch:
            continue
        for record in batch:
            if record.offset >= offset:
                yield delivered(place, record)


def delivered(place: TopicPartition, record: Any) -> Record:
    """Foreign producers may write any bytes as a key; what is no UTF-8 becomes a key that is nobody's."""
    return Record(place, record.offset, (record.key or b"").decode("utf-8", "replace"), record.value or b"")
