"""What tests of the Kafka log share; a plugin of pytest, for its fixtures `topic` and `opened`."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from stream.kafka import KafkaLog
from stream.kafka_consumer import KafkaConsumer
from stream.log import Consumer, Message, TopicPartition
from tests.servers.kafka import KafkaServer
from tests.support.remove import remove_topics

PARTITIONS = 4
SESSION_S = 1.5
PATIENCE_S = 40.0
LOOK_S = 0.02

OpenKafka = Callable[..., KafkaLog]


@pytest.fixture
async def topic(kafka: KafkaServer) -> AsyncIterator[str]:
    """A name of this test's own; its topics are gone afterwards."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield name
    await remove_topics(kafka.bootstrap, name)


@pytest.fixture
async def opened(kafka: KafkaServer) -> AsyncIterator[OpenKafka]:
    """Logs of the shared broker, or of the servers that are named."""
    logs: list[KafkaLog] = []

    def open_log(servers: str = "", **settings: Any) -> KafkaLog:
        logs.append(KafkaLog(servers or kafka.bootstrap, **{"session_s": SESSION_S} | settings))
        return logs[-1]

    yield open_log
    await asyncio.gather(*(log.close() for log in logs))


async def ignore(places: set[TopicPartition]) -> None:
    """Nothing to finish."""


async def until(true: Callable[[], Awaitable[Any]]) -> None:
    """Ask again and again until the answer is true."""
    async with asyncio.timeout(PATIENCE_S):
        answer = await true()
        while not answer:
            await asyncio.sleep(LOOK_S)
            answer = await true()


async def fails(error: type[Exception], question: Callable[[], Awaitable[Any]]) -> str:
    """Ask again and again until it fails like this; what it says."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await question()
            except error as failure:
                return str(failure)
            await asyncio.sleep(LOOK_S)


async def works(
    error: type[Exception] | tuple[type[Exception], ...], question: Callable[[], Awaitable[Any]]
) -> None:
    """Ask again and again until it does not fail any more."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await question()
            except error:
                await asyncio.sleep(LOOK_S)
            else:
                return


async def all_owned(consumer: Consumer, count: int = PARTITIONS) -> None:
    async def owned() -> bool:
        return len(await consumer.rebalance()) == count

    await until(owned)


async def owning(log: KafkaLog, topic: str, member: str = "m") -> KafkaConsumer:
    """The only member of the topic's group, with all partitions."""
    consumer = await log.consumer(topic, member, [topic], ignore)
    await all_owned(consumer)
    assert isinstance(consumer, KafkaConsumer)
    return consumer


async def drained(consumer: Consumer, place: TopicPartition, count: int) -> list[bytes]:
    """The next values of a partition, so many at least."""
    found: list[bytes] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < count:
            found += [record.value for record in await consumer.fetch(place, 500, 1.0)]
    return found


def spread(count: int, topic: str) -> list[Message]:
    """Messages with keys of their own."""
    return [Message(topic, f"k{n}", b"%d" % n) for n in range(count)]
