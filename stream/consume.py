"""The one consume loop of all followers.

Two rules. A partition is worked in order, and committed only up to what is done. A batch that holds two
messages of one key is cut between them, so no document is ever two events ahead of its sibling (law 5).

What happens to a message: it cannot be decoded - dead letter, then on. The store or the log is unavailable -
wait and try the same round again, a limited number of times, then stop and let the supervisor begin anew. The
round fails in any other way - its messages are tried one by one, and the dataset that fails alone is parked: its
later messages are passed over and the commit stays before its first one, so a restart or `unpark` reads them again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from stream import metrics
from stream.dead_letters import DeadLetter, encode_dead_letter
from stream.errors import Unavailable
from stream.events import Undecodable, UnknownFold
from stream.log import Consumer, Fenced, Log, OutOfRange, Record, TopicPartition

logger = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Delivery(Generic[T]):
    """A decoded message: where it was, its key, what it says."""

    record: Record
    key: str
    message: T


class Handler(Protocol[T]):
    """What a follower does. Decoding is a pure function of the record; a round may be repeated at any point."""

    def decode(self, record: Record) -> tuple[str, T]:
        """(key, message). Undecodable, or UnknownFold."""

    async def round(self, part: Sequence[Delivery[T]]) -> None:
        """Do all of it. Unavailable: try again. Anything else: a fault, see above."""

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        """Called after the dead letter is written, before the commit."""


class Stopped(Exception):
    """The follower must not go on before a person has acted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Numbers of the loop; all are limits, none is a target."""

    records_per_batch_max: int = 500
    fetch_wait_s: float = 2.0
    gather_s: float = 0.005  # after a short batch: a round costs the same for one event as for ten
    rebalance_every_s: float = 2.0
    retries_max: int = 60
    retry_first_s: float = 0.05
    retry_longest_s: float = 2.0
    commit_deadline_s: float = 10.0
    parked_max: int = 10
    parked_window_events: int = 1000


@dataclass
class Parked:
    """A dataset that failed here: where its first unfinished message is, and why."""

    place: TopicPartition
    offset: int
    reason: str


def one_event_per_key(batch: Sequence[Delivery[T]]) -> Iterator[list[Delivery[T]]]:
    """The batch in parts that hold each key at most once: the n-th part has every key's n-th message (law 5)."""
    parts: list[list[Delivery[T]]] = []
    seen: dict[str, int] = {}
    for delivery in batch:
        turn = seen.get(delivery.key, 0)
        seen[delivery.key] = turn + 1
        if turn == len(parts):
            parts.append([])
        parts[turn].append(delivery)
    yield from parts


def whole(batch: Sequence[Delivery[T]]) -> Iterator[list[Delivery[T]]]:
    """No cut: for handlers that fold several messages of a key into one document at once."""
    yield list(batch)


@dataclass
class Follower(Generic[T]):
    """One member of a group. `run` returns when `stop` was called and everything begun is committed."""

    name: str
    log: Log
    group: str
    member: str
    topics: Sequence[str]
    handler: Handler[T]
    dead_letter_topic: str
    now: Callable[[], str]
    cut: Callable[[Sequence[Delivery[T]]], Iterator[list[Delivery[T]]]] = one_event_per_key
    limits: Limits = field(default_factory=Limits)
    node: str = ""  # whose dead letters these are
    parked: dict[str, Parked] = field(default_factory=dict)
    paused: str | None = None
    stopped: str | None = None
    assigned: bool = False
    events_read: int = 0
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _loops: dict[TopicPartition, asyncio.Task[None]] = field(default_factory=dict)
    _leave: dict[TopicPartition, asyncio.Event] = field(default_factory=dict)
    _again: set[TopicPartition] = field(default_factory=set)
    _parked_at: deque[int] = field(default_factory=deque)

    @property
    def ready(self) -> bool:
        """Whether it does its work: member of its group, nothing parked, paused or stopped."""
        return self.assigned and not self.parked and self.paused is None and self.stopped is None

    def stop(self) -> None:
        """Finish the rounds that are under way, commit, and leave."""
        self._stopping.set()

    def unpark(self) -> None:
        """Try what is parked again: the partitions concerned are soon read again from their committed offset."""
        self._again |= {parked.place for parked in self.parked.values()}
        self._parked_at.clear()

    async def run(self) -> None:
        """Follow until stopped. Stopped, Unavailable, or a fault of ours ends it early."""
        consumer = await self.log.consumer(self.group, self.member, self.topics, self._revoked)
        self._resume()
        try:
            while not self._stopping.is_set():
                owned = await consumer.rebalance()
                await self._revoked(self._loops.keys() - owned)  # lost while we were silent
                for place in sorted(owned - self._loops.keys()):
                    self._leave[place] = asyncio.Event()
                    self._loops[place] = asyncio.create_task(self._follow(consumer, place))
                self.assigned = True
                await self._measure_lag()
                await self._watch()
        finally:
            self.assigned = False
            await self._finish(set(self._loops))
            with contextlib.suppress(Unavailable):
                await consumer.close()

    async def _measure_lag(self) -> None:
        for topic in sorted({place.topic for place in self._loops}):
            ends, committed = await self.log.end(topic), await self.log.committed(self.group, topic)
            for place in self._loops:
                if place.topic == topic:
                    lag = ends[place.partition] - committed[place.partition]
                    metrics.LAG.labels(self.name, topic, place.partition).set(lag)

    async def _watch(self) -> None:
        """Wait until it is time to rebalance; raise what ended a partition's loop."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait(
            {stopping, *self._loops.values()},
            timeout=self.limits.rebalance_every_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        stopping.cancel()
        for place, loop in list(self._loops.items()):
            if loop.done():
                del self._loops[place]
                self._ended(place, loop)

    def _ended(self, place: TopicPartition, loop: asyncio.Task[None]) -> None:
        try:
            loop.result()
        except Fenced as fenced:
            self._forget({place})
            self._log(logging.WARNING, "partition lost", place, str(fenced))
        except (Stopped, OutOfRange) as stopped:
            self.stopped = str(stopped)
            self._log(logging.CRITICAL, "follower stopped", place, self.stopped)
            raise Stopped(self.stopped) from stopped

    async def _revoked(self, places: set[TopicPartition]) -> None:
        """Finish what is under way there; what was parked or paused there is somebody else's now."""
        if not places:
            return
        await self._finish(places)
        self._forget(places)
        self._resume()

    def _forget(self, places: set[TopicPartition]) -> None:
        self.parked = {key: parked for key, parked in self.parked.items() if parked.place not in places}
        metrics.PARKED.labels(self.name).set(len(self.parked))

    async def _finish(self, places: set[TopicPartition]) -> None:
        """Let the loops of these partitions finish their round and commit."""
        loops = [self._loops.pop(place) for place in sorted(places) if place in self._loops]
        for place in sorted(places & self._leave.keys()):
            self._leave.pop(place).set()
        await asyncio.gather(*loops, return_exceptions=True)

    async def _follow(self, consumer: Consumer, place: TopicPartition) -> None:
        leave, limits = self._leave[place], self.limits
        self._forget({place})  # a partition that is ours anew is read from its committed offset
        while not leave.is_set():
            if place in self._again:  # only here, between two batches: what comes next may not overtake it
                self._again.discard(place)
                self._forget({place})
                committed = await self.log.committed(self.group, place.topic)
                await consumer.seek(place, committed[place.partition])
            fetch = consumer.fetch(place, limits.records_per_batch_max, limits.fetch_wait_s)
            records = await _unless(leave, fetch) or []
            end = await self._batch(records, leave)
            if end is None:
                continue
            async with asyncio.timeout(limits.commit_deadline_s):
                await consumer.commit(
                    place, min([end, *(p.offset for p in self.parked.values() if p.place == place)])
                )
            if end <= records[-1].offset:
                await consumer.seek(place, end)
            count = sum(record.offset < end for record in records)
            self.events_read += count
            metrics.EVENTS_READ.labels(self.name).inc(count)
            if count < limits.records_per_batch_max:
                await _unless(leave, asyncio.sleep(limits.gather_s))

    async def _batch(self, records: Sequence[Record], leave: asyncio.Event) -> int | None:
        """The offset below which every record is done (or parked); None where none is, or the loop has to leave."""
        batch: list[Delivery[T]] = []
        end = records[-1].offset + 1 if records else None
        for record in records:
            try:
                batch.append(Delivery(record, *self.handler.decode(record)))
            except Undecodable as error:
                if not await self._persist(_bound(self._bury, record, error), leave):
                    return None
            except UnknownFold as error:
                if record is records[0]:
                    raise Stopped(f"{error}; upgrade this node, nothing after that event is read") from error
                end = record.offset  # what is before it is done and committed; the next batch begins with it
                break
        for part in self.cut(batch):
            wanted = [delivery for delivery in part if delivery.key not in self.parked]
            if wanted and not await self._round(wanted, leave):
                return None
        return end

    async def _round(self, part: list[Delivery[T]], leave: asyncio.Event) -> bool:
        with metrics.ROUND_SECONDS.labels(self.name).time():
            [fault] = await asyncio.gather(
                self._persist(_bound(self.handler.round, part), leave), return_exceptions=True
            )
        if isinstance(fault, bool):
            return fault
        if isinstance(fault, Unavailable | Stopped) or not isinstance(fault, Exception):
            raise fault
        if len(part) == 1:
            self._park(part[0], fault)
            return True
        for delivery in part:  # a part of `whole` may hold a key again after it was parked
            if delivery.key not in self.parked and not await self._round([delivery], leave):
                return False
        return True

    async def _persist(self, work: Callable[[], Awaitable[None]], leave: asyncio.Event) -> bool:
        """Do the work, again while something is unavailable. False when the loop has to leave before it is done."""
        delay_s = self.limits.retry_first_s
        for attempt in range(1, self.limits.retries_max + 1):
            try:
                await work()
            except Unavailable as error:
                if attempt == self.limits.retries_max:
                    raise
                self._pause(str(error))
                await _unless(leave, asyncio.sleep(delay_s * random.uniform(0.5, 1.0)))
                if leave.is_set():
                    return False
                delay_s = min(delay_s * 2, self.limits.retry_longest_s)
            else:
                break
        if self.paused is not None:
            self._resume()
        return True

    async def _bury(self, record: Record, error: Undecodable) -> None:
        place = record.place
        letter = DeadLetter(
            place.topic, place.partition, record.offset, record.key, record.value,
            error.kind, str(error), error.event_id, self.name, self.now(), self.node,
        )  # fmt: skip
        await self.log.append([encode_dead_letter(self.dead_letter_topic, letter)])
        await self.handler.undecodable(record, error)
        metrics.DEAD_LETTERS.labels(self.name, error.kind).inc()
        self._log(logging.WARNING, "dead letter", place, f"offset {record.offset}: {error}")

    def _park(self, delivery: Delivery[T], fault: Exception) -> None:
        record, now = delivery.record, self.events_read
        self.parked[delivery.key] = Parked(record.place, record.offset, f"{type(fault).__name__}: {fault}")
        metrics.PARKED.labels(self.name).set(len(self.parked))
        logger.error("dataset parked", extra={"follower": self.name, "key": delivery.key}, exc_info=fault)
        self._parked_at.append(now)
        while self._parked_at[0] < now - self.limits.parked_window_events:
            self._parked_at.popleft()
        if len(self._parked_at) > self.limits.parked_max:
            raise Stopped(
                f"{len(self._parked_at)} datasets failed within {self.limits.parked_window_events} events"
            )

    def _pause(self, reason: str) -> None:
        metrics.RETRIES.labels(self.name).inc()
        metrics.PAUSED.labels(self.name).set(1)
        if self.paused is None:
            logger.warning("paused", extra={"follower": self.name, "detail": reason})
        self.paused = reason

    def _resume(self) -> None:
        self.paused = None
        metrics.PAUSED.labels(self.name).set(0)

    def _log(self, level: int, text: str, place: TopicPartition, detail: str) -> None:
        where = {"follower": self.name, "topic": place.topic, "partition": place.partition, "detail": detail}
        logger.log(level, text, extra=where)


def _bound(work: Callable[..., Awaitable[None]], *arguments: object) -> Callable[[], Awaitable[None]]:
    return lambda: work(*arguments)


async def _unless(leave: asyncio.Event, work: Coroutine[None, None, R]) -> R | None:
    """The work's result, or None when the loop has to leave before."""
    task, leaving = asyncio.create_task(work), asyncio.create_task(leave.wait())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        leaving.cancel()
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
