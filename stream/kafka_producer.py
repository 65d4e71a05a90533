"""Appending to Kafka: one idempotent producer for the whole process, replaced after any failure.

aiokafka's producer does not give up: it keeps what the cluster did not take and sends it for ever, and after one
batch is refused the sequence of its partition has a hole that it cannot mend. So a producer that failed somebody is
retired: it gets no new messages, those who still wait for it keep their own deadlines, and then it is thrown away.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, ProducerClosed

from stream.errors import Unavailable
from stream.kafka_client import CLOSE_S, RETRY_S, begin, may_pass
from stream.log import TopicPartition

IN_FLIGHT_MAX = 256


class Placed(NamedTuple):
    """A message and its partition."""

    place: TopicPartition
    key: bytes
    value: bytes


@dataclass(eq=False)
class Running:
    """A started producer, and how many appends wait for it."""

    producer: Any
    users: int = 0
    retired: bool = False


@dataclass
class Appender:
    """`append`, from many tasks at the same time."""

    options: dict[str, Any] = field(repr=False)  # the password is in them
    deadline_s: float
    closed: bool = False
    _running: Running | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_FLIGHT_MAX))
    _discarding: set[asyncio.Task[None]] = field(default_factory=set)

    async def append(self, messages: Sequence[Placed]) -> list[int]:
        """The offset of each, acknowledged. Unavailable when that cannot be said of every one."""
        running: Running | None = None
        acks: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(self.deadline_s), self._room:
                running = await self._opened()
                running.users += 1
                for message in messages:
                    ack = await running.producer.send(
                        message.place.topic, message.value, message.key, partition=message.place.partition
                    )
                    acks.append(ack)
                for ack in acks:  # each keeps its own end, so waiting for them in turn is waiting for all
                    await ack
                return [_offset(ack.result()) for ack in acks]
        except (KafkaError, OSError) as error:  # TimeoutError is an OSError
            if running is not None and not isinstance(error, MessageSizeTooLargeError):
                self._retire(running)
            late = (
                f"no acknowledgement in {self.deadline_s:g} s"
                if isinstance(error, TimeoutError)
                else repr(error)
            )
            raise Unavailable(f"Kafka, append: {late}") from error
        finally:
            for ack in acks:
                if ack.done() and not ack.cancelled():
                    ack.exception()  # seen: we raise one of them, or were given up
                ack.cancel()
            if running is not None:
                running.users -= 1
                self._sweep(running)

    async def close(self) -> None:
        """What was begun is finished, unless the cluster is away."""
        self.closed = True
        async with self._opening:
            running, self._running = self._running, None
        if running is not None:
            with contextlib.suppress(TimeoutError):  # those who still wait are told so by `discard`
                async with asyncio.timeout(CLOSE_S):
                    await running.producer.flush()
            await discard(running.producer)
        if self._discarding:
            await asyncio.wait(self._discarding, timeout=CLOSE_S)

    async def _opened(self) -> Running:
        """The producer; begun anew, until the deadline of who asks, while the cluster cannot be reached."""
        while True:
            async with self._opening:
                if self.closed:
                    raise ProducerClosed("this log is closed")
                if self._running is not None:
                    return self._running
                producer = AIOKafkaProducer(**self.options)
                try:
                    await begin(producer.client, producer.start, producer.stop)
                    self._running = Running(producer)
                except (KafkaError, OSError) as error:
                    if not may_pass(error):
                        raise
            await asyncio.sleep(RETRY_S)

    def _retire(self, running: Running) -> None:
        running.retired = True
        if self._running is running:
            self._running = None

    def _sweep(self, running: Running) -> None:
        if running.retired and running.users == 0:
            task = asyncio.create_task(discard(running.producer))
            self._discarding.add(task)
            task.add_done_callback(self._discarding.discard)


async def discard(producer: Any) -> None:
    """Throw a producer away with all that it holds: `stop` alone would wait until the cluster takes it."""
    sender = producer._sender.sender_task
    if sender is not None:
        sender.cancel()
    await producer.client.close()  # requests under way fail now
    if sender is not None:
        await asyncio.wait({sender}, timeout=CLOSE_S)
    held = producer._message_accumulator
    held._pending_batches.update(chain.from_iterable(held._batches.values()))  # it expects to find them there
    held.fail_all(ProducerClosed("thrown away"))
    for batch in set(held._pending_batches):
        if batch._drain_waiter.done():
            batch._drain_waiter.exception()  # seen: nobody waits to fill that batch
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await producer.stop()


def _offset(found: Any) -> int:
    if found.log_start_offset is None or found.log_start_offset < 0:
        # The broker has the batch already, and forgot where: it is there, and nobody can say at which offset.
        raise KafkaError(f"a repeated batch of {found.topic}/{found.partition} without its offset")
    return int(found.offset)
