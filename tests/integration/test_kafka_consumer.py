"""Members of groups on Kafka: sessions, fetching, and what stops them."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition as KafkaPlace

from stream.errors import Unavailable
from stream.kafka_consumer import KafkaConsumer
from stream.keys import partition_of
from stream.log import Fenced, Message, OutOfRange, TopicPartition
from tests.support.kafka import (
    PARTITIONS,
    PATIENCE_S,
    SESSION_S,
    OpenKafka,
    all_owned,
    drained,
    fails,
    ignore,
    owning,
    spread,
)

pytest_plugins = ["tests.support.kafka"]


async def test_a_slow_round_costs_no_seat_and_is_committed(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    await log.append(spread(20, topic))
    finished = asyncio.Event()

    async def slow(places: set[TopicPartition]) -> None:
        await asyncio.sleep(2 * SESSION_S)
        for place in places:
            await first.commit(place, 1)
        finished.set()

    first = await log.consumer(topic, "first", [topic], slow)
    await all_owned(first)
    second = await log.consumer(topic, "second", [topic], ignore)
    await all_owned(second, PARTITIONS // 2)
    assert finished.is_set()
    await all_owned(first, PARTITIONS // 2)
    assert await log.committed(topic, topic) == [1] * PARTITIONS


async def test_a_frozen_process_cannot_commit_over_its_heir(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    await log.append(spread(40, topic))
    frozen = await owning(log, topic, "frozen")
    place = TopicPartition(topic, 0)
    await drained(frozen, place, 1)
    assert frozen._keeper is not None
    frozen._keeper.cancel()  # as SIGSTOP: nothing is sent any more, and what it thinks it owns stays as it is
    heir = await owning(opened(), topic, "heir")
    await heir.commit(place, 2)
    with pytest.raises(Fenced):
        await frozen.commit(place, 1)
    assert (await log.committed(topic, topic))[0] == 2


async def test_after_a_long_pause_nothing_is_said_to_be_ours_before_the_group_was_asked(
    topic: str, opened: OpenKafka
) -> None:
    log = opened(silence_s=SESSION_S)
    await log.create_topic(topic, PARTITIONS)
    paused = await owning(log, topic, "paused")
    await asyncio.sleep(2.5 * SESSION_S)  # nobody calls `rebalance`
    heir = await owning(opened(), topic, "heir")
    assert len(await paused.rebalance()) < PARTITIONS
    async with asyncio.timeout(PATIENCE_S):
        while not (mine := await paused.rebalance()):
            await heir.rebalance()
    assert not mine & await heir.rebalance()


async def test_the_earlier_of_one_name_is_told_by_its_heartbeat(topic: str, opened: OpenKafka) -> None:
    await opened().create_topic(topic, PARTITIONS)
    earlier = await owning(opened(), topic, "m")
    later = await owning(opened(), topic, "m")
    await fails(Fenced, earlier.rebalance)
    for _ in range(20):  # and it does not come back
        assert len(await later.rebalance()) == PARTITIONS
        with pytest.raises(Fenced):
            await earlier.rebalance()
        await asyncio.sleep(SESSION_S / 10)


async def test_a_cancelled_fetch_takes_nothing(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    consumer = await owning(log, topic)
    place = TopicPartition(topic, 2)
    key = next(f"k{n}" for n in range(100) if partition_of(f"k{n}", PARTITIONS) == 2)
    got: list[bytes] = []

    async def appending() -> None:
        for n in range(300):
            await log.append([Message(topic, key, b"%d" % n)])
            await asyncio.sleep(0)

    task, cancelled = asyncio.create_task(appending()), 0
    async with asyncio.timeout(PATIENCE_S):
        while len(got) < 300:
            fetch = asyncio.create_task(consumer.fetch(place, 7, 1.0))
            await asyncio.wait({fetch}, timeout=0.001 * (cancelled % 5))
            if not fetch.done():
                fetch.cancel()
                cancelled += 1
            [found] = await asyncio.gather(fetch, return_exceptions=True)
            got += [record.value for record in found] if isinstance(found, list) else []
    await task
    assert got == [b"%d" % n for n in range(300)]
    assert cancelled > 20


async def test_what_is_not_there_any_more_is_a_refusal_and_not_a_jump(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    await log.append(spread(200, topic))
    place = TopicPartition(topic, 0)
    first = await owning(log, topic)
    await first.commit(place, 3)
    await first.close()
    admin = AIOKafkaAdminClient(bootstrap_servers=log.servers)
    await admin.start()
    await admin.delete_records({KafkaPlace(topic, 0): RecordsToDelete(10)})
    await admin.close()
    second = await owning(log, topic)
    for _ in range(3):
        assert "offset 3" in await fails(OutOfRange, lambda: second.fetch(place, 10, 0.5))
    with pytest.raises(OutOfRange, match="begins at 10"):
        await log.read(place, 3, 10)
    assert (await log.read(place, 10, 1))[0].offset == 10
    await second.close()
    fresh = await log.consumer(f"{topic}.fresh", "m", [topic], ignore)
    await all_owned(fresh)
    async with asyncio.timeout(PATIENCE_S):
        while not (found := await fresh.fetch(place, 10, 0.5)):
            pass
    assert found[0].offset == 10  # a group that never committed begins where the log begins


async def test_a_consumer_that_is_alive_and_dead_is_noticed(topic: str, opened: OpenKafka) -> None:
    log = opened(watchdog_s=0.5)
    await log.create_topic(topic, 1)
    consumer = await log.consumer(topic, "m", [topic], ignore)
    place = TopicPartition(topic, 0)
    await all_owned(consumer, 1)
    await log.append(spread(1, topic))
    await drained(consumer, place, 1)
    loop = asyncio.get_running_loop()
    idle = loop.time() + 1.5
    while loop.time() < idle:  # nothing to fetch: nothing is wrong
        await consumer.fetch(place, 1, 0.05)
        await consumer.rebalance()
    assert isinstance(consumer, KafkaConsumer)
    for task in (consumer.fetcher._fetcher._fetch_task, *consumer.fetcher._fetcher._pending_tasks):
        task.cancel()
    await log.append(spread(1, topic))
    assert await consumer.fetch(place, 1, 0.05) == []
    assert "stuck at 1" in await fails(Unavailable, consumer.rebalance)
    assert await consumer.fetch(place, 1, 0.05) == []
    await consumer.close()
    again = await log.consumer(topic, "m", [topic], ignore)
    await all_owned(again, 1)
    assert len(await drained(again, place, 2)) == 2
