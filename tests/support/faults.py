"""What a process, a network or a server can do to a worker, between it and its log and store.

A `Process` stands for one process of the operating system. Its `FaultyStore` and `FaultyLog` ask its plan before
every call whether something goes wrong there, and after how many of the call's writes. A dead process does
nothing more; a stopped one goes on where it was, however late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.filters import Ability
from catalogue.store import Document, Page, Query, Ref, Store, Verdict, Write
from stream.errors import Unavailable
from stream.log import Consumer, Log, Message, Receipt, Record, Revoking, TopicPartition


class Crash(BaseException):
    """The process has died; what was written stays. Not an Exception: nothing may survive it."""


class Kind(Enum):
    """What goes wrong once the first writes of a call are done."""

    CRASH = auto()  # the process dies
    DOWN = auto()  # Unavailable: after none of them an outage, after all of them a lost answer
    PARTIAL = auto()  # the verdict of the others is UNAVAILABLE
    RACE = auto()  # another worker had written them a moment before
    STOP = auto()  # the process stops, until it is told to resume


class Fault(NamedTuple):
    """`done` writes of the call are done before it."""

    kind: Kind
    done: int = 0


class Call(NamedTuple):
    """`what` is a kind of documents, `append` or `commit` (with `size` writes), or something that only reads."""

    what: str
    size: int = 0


Plan = Callable[[Call], Fault | None]


def no_faults(call: Call) -> Fault | None:
    """Nothing goes wrong."""
    return None


@dataclass
class AtCall:
    """One fault, at the process's n-th call (from 0) that writes; of those named alone, if any are named."""

    number: int
    fault: Fault
    among: frozenset[str] = frozenset()
    seen: int = 0

    def __call__(self, call: Call) -> Fault | None:
        if call.size == 0 or (self.among and call.what not in self.among):
            return None
        self.seen += 1
        return self.fault if self.seen == self.number + 1 else None

    @property
    def happened(self) -> bool:
        return self.seen > self.number


@dataclass
class Outage:
    """Calls of these names are Unavailable while `on`."""

    names: frozenset[str]
    on: bool = True
    met: int = 0

    def __call__(self, call: Call) -> Fault | None:
        if not self.on or call.what not in self.names:
            return None
        self.met += 1
        return Fault(Kind.DOWN)


@dataclass
class Process:
    """One process; `calls` are those that it made to write. `delay` is awaited before each call."""

    plan: Plan = no_faults
    delay: Callable[[], float] | None = None
    alive: bool = True
    calls: list[Call] = field(default_factory=list)
    _resumed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._resumed.set()

    @property
    def stopped(self) -> bool:
        return not self._resumed.is_set()

    def kill(self) -> None:
        """As kill -9: from the next call on nothing happens any more."""
        self.alive = False
        self._resumed.set()

    def stop(self) -> None:
        """As SIGSTOP."""
        self._resumed.clear()

    def resume(self) -> None:
        """As SIGCONT."""
        self._resumed.set()

    async def live(self) -> None:
        """Wait while stopped; Crash once dead."""
        await self._resumed.wait()
        if not self.alive:
            raise Crash("the process is dead")

    async def before(self, what: str, size: int = 0) -> Fault | None:
        """What goes wrong at this call."""
        await self.live()
        if self.delay is not None:
            await asyncio.sleep(self.delay())
            await self.live()
        call = Call(what, size)
        if size:
            self.calls.append(call)
        return self.plan(call)

    async def read(self, what: str) -> None:
        """Before a call that writes nothing."""
        fault = await self.before(what)
        if fault is not None:
            await self.after(fault, what)

    async def after(self, fault: Fault, what: str) -> None:
        """What the fault does to the process, once its part of the writes is done."""
        if fault.kind is Kind.CRASH:
            self.kill()
        elif fault.kind is Kind.STOP:
            self.stop()
        elif fault.kind is not Kind.RACE:
            raise Unavailable(f"{what}: a planned fault after {fault.done}")
        await self.live()


def never(write: Write) -> bool:
    """No write is refused."""
    return False


@dataclass
class FaultyStore:
    """A store as a process sees it; `refuses` says which writes it will never take."""

    inner: Store
    process: Process
    refuses: Callable[[Write], bool] = never

    @property
    def abilities(self) -> frozenset[Ability]:
        return self.inner.abilities

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        await self.process.read("get")
        found = await self.inner.get_many(refs)
        await self.process.live()
        return found

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        taken = [write for write in writes if not self.refuses(write)]
        if not taken:
            return [Verdict.REFUSED] * len(writes)
        fault = await self.process.before(taken[0].ref.kind, len(taken))
        verdicts = iter(await self._apply(taken, fault))
        await self.process.live()
        return [Verdict.REFUSED if self.refuses(write) else next(verdicts) for write in writes]

    async def _apply(self, writes: Sequence[Write], fault: Fault | None) -> list[Verdict]:
        if fault is None:
            return await self.inner.apply(writes)
        first, others = writes[: fault.done], writes[fault.done :]
        verdicts = await self.inner.apply(first)
        if fault.kind is Kind.PARTIAL:
            return [*verdicts, *[Verdict.UNAVAILABLE] * len(others)]
        await self.process.after(fault, writes[0].ref.kind)
        if fault.kind is Kind.RACE:
            return await self.inner.apply(writes)
        return [*verdicts, *await self.inner.apply(others)]

    async def search(self, query: Query) -> Page:
        await self.process.read("search")
        return await self.inner.search(query)

    async def aggregate(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        await self.process.read("aggregate")
        return await self.inner.aggregate(query, wanted)

    async def fingerprints(self, kind: str, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        await self.process.read("fingerprints")
        async for found in self.inner.fingerprints(kind, collection):
            yield found

    async def close(self) -> None:
        """The store outlives the process."""


@dataclass
class FaultyLog:
    """A log as a process sees it."""

    inner: Log
    process: Process

    async def create_topic(self, topic: str, partitions: int) -> None:
        await self.process.read("topics")
        await self.inner.create_topic(topic, partitions)

    async def partitions(self, topic: str) -> int:
        await self.process.read("topics")
        return await self.inner.partitions(topic)

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        fault = await self.process.before("append", len(messages))
        if fault is None or fault.kind is Kind.RACE:
            receipts = await self.inner.append(messages)
        else:
            receipts = await self.inner.append(messages[: fault.done]) if fault.done else []
            await self.process.after(fault, "append")
            receipts += await self.inner.append(messages[fault.done :])
        await self.process.live()
        return receipts

    async def end(self, topic: str) -> list[int]:
        await self.process.read("end")
        return await self.inner.end(topic)

    async def committed(self, group: str, topic: str) -> list[int]:
        await self.process.read("committed")
        return await self.inner.committed(group, topic)

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        await self.process.read("join")
        return FaultyConsumer(await self.inner.consumer(group, member, topics, revoking), self.process)

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        await self.process.read("read")
        return await self.inner.read(place, offset, records_max)

    async def close(self) -> None:
        """The log outlives the process."""


@dataclass
class FaultyConsumer:
    """A member of a group as its process sees it; a dead process does not leave its group."""

    inner: Consumer
    process: Process

    async def rebalance(self) -> set[TopicPartition]:
        await self.process.read("rebalance")
        found = await self.inner.rebalance()
        await self.process.live()
        return found

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        await self.process.read("fetch")
        found = await self.inner.fetch(place, records_max, wait_s)
        await self.process.live()
        return found

    async def commit(self, place: TopicPartition, offset: int) -> None:
        fault = await self.process.before("commit", 1)
        if fault is not None and fault.done == 0:
            await self.process.after(fault, "commit")
        await self.inner.commit(place, offset)
        if fault is not None and fault.done == 1:
            await self.process.after(fault, "commit")
        await self.process.live()

    async def seek(self, place: TopicPartition, offset: int) -> None:
        await self.process.live()
        await self.inner.seek(place, offset)

    async def close(self) -> None:
        await self.process.live()
        await self.inner.close()
