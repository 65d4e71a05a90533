"""The Kafka log while its only broker dies, comes back, and hangs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from stream.errors import Unavailable
from stream.kafka import KafkaLog
from stream.log import Fenced, Message, Receipt, TopicPartition
from tests.servers.kafka import KafkaServer
from tests.support.kafka import PARTITIONS, owning, spread, until, works


async def test_what_was_acknowledged_survives_the_broker(own_kafka: Callable[[int], KafkaServer]) -> None:
    server = own_kafka(1)
    log = KafkaLog(server.bootstrap, session_s=6.0)
    await log.create_topic("t", PARTITIONS)
    consumer = await owning(log, "t")
    acked: dict[Receipt, bytes] = {}
    seen: dict[tuple[TopicPartition, int], bytes] = {}
    stop = asyncio.Event()
    refused = 0

    async def append(worker: int) -> None:
        nonlocal refused
        number = 0
        while not stop.is_set():
            value = b"%d.%d" % (worker, number)
            number += 1
            try:
                [receipt] = await log.append([Message("t", f"k{worker}.{number}", value)])
                acked[receipt] = value
            except Unavailable:
                refused += 1
            await asyncio.sleep(0.01)

    async def follow(partition: int) -> None:
        place = TopicPartition("t", partition)
        while not stop.is_set():
            for record in await consumer.fetch(place, 100, 0.2):
                assert seen.setdefault((place, record.offset), record.value) == record.value

    async def stay() -> None:
        while not stop.is_set():
            with contextlib.suppress(Unavailable):
                await consumer.rebalance()
            await asyncio.sleep(0.2)

    tasks = [asyncio.create_task(append(n)) for n in range(8)]
    tasks += [asyncio.create_task(follow(n)) for n in range(PARTITIONS)]
    tasks += [asyncio.create_task(stay())]

    async def more() -> bool:
        return len(acked) > known + 50

    async def caught_up() -> bool:
        return {(receipt.place, receipt.offset) for receipt in list(acked)} <= seen.keys()

    for _ in range(2):
        known = len(acked)
        await until(more)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(server.restart)
    known = len(acked)
    await until(more)
    await until(caught_up)
    told = dict(acked)  # what is acknowledged from here on may not be read any more
    stop.set()
    await asyncio.gather(*tasks)
    for receipt, value in told.items():
        [record] = await log.read(receipt.place, receipt.offset, 1)
        assert record.value == value == seen[receipt.place, receipt.offset]
    await log.close()


async def test_a_broker_that_hangs_holds_nobody_up(own_kafka: Callable[[int], KafkaServer]) -> None:
    server = own_kafka(1)
    log = KafkaLog(
        server.bootstrap, session_s=6.0, append_deadline_s=1.0, request_deadline_s=1.0, commit_deadline_s=1.0
    )
    await log.create_topic("t", PARTITIONS)
    consumer = await owning(log, "t")
    await log.append(spread(4, "t"))
    place = TopicPartition("t", 0)
    await asyncio.to_thread(server.pause)
    for question in (
        log.append(spread(1, "t")),
        log.end("t"),
        log.read(place, 0, 1),
        consumer.commit(place, 1),
    ):
        async with asyncio.timeout(3):
            with pytest.raises(Unavailable):
                await question
    async with asyncio.timeout(3):
        assert await consumer.fetch(TopicPartition("t", 3), 1, 0.2) is not None
    await asyncio.to_thread(server.resume)
    await works(Unavailable, lambda: log.append(spread(1, "t")))

    async def commit() -> None:
        await consumer.rebalance()
        await consumer.commit(place, 1)

    await works((Unavailable, Fenced), commit)
    await asyncio.to_thread(server.pause)
    async with asyncio.timeout(20):
        await log.close()
    await asyncio.to_thread(server.resume)
