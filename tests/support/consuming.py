"""Followers with a handler that only remembers, on a log in memory and in a loop whose clock jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from stream.consume import Delivery, Follower, Limits
from stream.events import Undecodable, UnknownFold
from stream.keys import partition_of
from stream.log import Message, Record, TopicPartition
from tests.support.faults import FaultyLog, Process
from tests.support.memory_log import MemoryLog
from tests.support.nodes import until
from tests.support.virtual_time import run_virtual

TOPIC, LETTERS, GROUP, PARTITIONS = "t.events", "t.deadletters", "g", 2
LIMITS = Limits(records_per_batch_max=10, fetch_wait_s=1.0, rebalance_every_s=0.5, parked_max=3)
A, B = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


def keys(partition: int, count: int) -> list[str]:
    """So many keys of one partition."""
    return [key for key in (f"k{n}" for n in range(1000)) if partition_of(key, PARTITIONS) == partition][
        :count
    ]


@dataclass
class Remembering:
    """`faults` says what a round of a key meets; it is asked for every message of the round before any is done."""

    done: list[tuple[str, bytes]] = field(default_factory=list)
    rounds: list[list[bytes]] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)
    undecoded: list[int] = field(default_factory=list)
    takes_s: float = 0.0

    def decode(self, record: Record) -> tuple[str, bytes]:
        if record.value.startswith(b"bad"):
            raise Undecodable("bad", "the id")
        if record.value.startswith(b"new"):
            raise UnknownFold("rules of tomorrow")
        return record.key, record.value

    async def round(self, part: Sequence[Delivery[bytes]]) -> None:
        await asyncio.sleep(self.takes_s)
        for delivery in part:
            if delivery.key in self.faults:
                raise self.faults[delivery.key]
        self.done += [(delivery.key, delivery.message) for delivery in part]
        self.rounds.append([delivery.message for delivery in part])

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        self.undecoded.append(record.offset)

    def of(self, key: str) -> list[bytes]:
        return [value for name, value in self.done if name == key]


@dataclass
class Bench:
    """A log, and followers of it that are run and ended by the test."""

    log: MemoryLog = field(default_factory=lambda: MemoryLog(session_s=2.0))
    followers: list[Follower[bytes]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def follow(
        self, handler: Remembering, member: str = "one", process: Process | None = None, **told: Any
    ) -> Follower[bytes]:
        log = FaultyLog(self.log, process or Process())
        made: Follower[bytes] = Follower(
            "test",
            log,
            GROUP,
            member,
            (TOPIC,),
            handler,
            LETTERS,
            lambda: "now",
            **{"limits": LIMITS, **told},
        )
        self.followers.append(made)
        self.tasks.append(asyncio.create_task(made.run()))
        return made

    async def send(self, key: str, *values: str) -> None:
        await self.log.append([Message(TOPIC, key, value.encode()) for value in values])

    async def lag(self) -> int:
        return sum(await self.log.end(TOPIC)) - sum(await self.log.committed(GROUP, TOPIC))

    async def caught_up(self) -> None:
        async def done() -> bool:
            return await self.lag() == 0

        await until(done, "the end is committed")

    async def holds(self, condition: Callable[[], bool]) -> None:
        async def check() -> bool:
            return condition()

        await until(check)

    async def ended(self, number: int = -1) -> BaseException | None:
        """What a follower ended with."""
        await asyncio.wait({self.tasks[number]})
        return self.tasks[number].exception()

    async def stop(self) -> None:
        for follower in self.followers:
            follower.stop()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def bench(scene: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Run a scene in a loop whose clock jumps; whatever it left running is stopped."""

    async def played() -> None:
        found = Bench()
        await found.log.create_topic(TOPIC, PARTITIONS)
        await found.log.create_topic(LETTERS, 1)
        try:
            await scene(found)
        finally:
            await found.stop()

    run_virtual(played())
