"""The Kafka log: its settings, appending, security. What every log promises is in tests/contract."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import OutOfOrderSequenceNumber
from aiokafka.structs import TopicPartition as KafkaPlace

from stream.errors import Unavailable
from stream.kafka import KafkaLog, Security
from stream.kafka_options import MESSAGE_BYTES_MAX, client_options, consumer_options, producer_options
from stream.log import Message, TopicPartition
from tests.servers.kafka import KafkaServer
from tests.support.kafka import PARTITIONS, SESSION_S, OpenKafka, drained, ignore, owning, spread
from tests.support.remove import remove_topics

pytest_plugins = ["tests.support.kafka"]
CLOSED_PORT = "127.0.0.1:1"


# Settings


@pytest.mark.parametrize(
    ("client", "options", "left"),
    [
        (AIOKafkaProducer, producer_options, {"loop", "api_version"}),
        (
            AIOKafkaConsumer,
            consumer_options,
            # What concerns groups, and is not used without one.
            {"loop", "api_version", "topics", "auto_commit_interval_ms", "partition_assignment_strategy",
             "max_poll_interval_ms", "rebalance_timeout_ms", "session_timeout_ms", "heartbeat_interval_ms"},
        ),
    ],
)  # fmt: skip
def test_no_option_is_left_to_the_library(client: Any, options: Any, left: set[str]) -> None:
    told = options(client_options(CLOSED_PORT, Security(), None, 8.0))
    assert set(inspect.signature(client).parameters) - set(told) == left


async def test_the_producer_has_the_settings_of_the_laws(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    await log.append(spread(1, topic))
    running = log._appender._running
    assert running is not None
    producer = running.producer
    assert producer._sender._acks == -1
    assert producer._txn_manager is not None
    assert producer._message_accumulator._batch_size == 1 << 20
    assert producer._message_accumulator._linger_time == 0
    assert 5 << 20 < producer._max_request_size < MESSAGE_BYTES_MAX
    assert producer._request_timeout_ms == log.append_deadline_s * 1000 == 8000
    assert log._appender._room._value == 256


async def test_the_consumer_has_the_settings_of_the_laws(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    member = await owning(log, topic)
    assert not member.fetcher._enable_auto_commit
    assert member.fetcher._group_id is None
    assert member.fetcher._auto_offset_reset == "none"
    assert member.fetcher._max_partition_fetch_bytes == MESSAGE_BYTES_MAX
    assert member.commit_deadline_s == 8
    admin = AIOKafkaAdminClient(bootstrap_servers=log.servers)
    await admin.start()
    [described] = await admin.describe_consumer_groups([topic])
    await admin.close()
    [(_, _, state, kind, strategy, members, *_)] = described.groups
    assert (state, kind, strategy, len(members)) == ("Stable", "consumer", "roundrobin", 1)


async def test_a_topic_has_the_settings_of_the_laws(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    [facts, missing] = await log.facts([topic, f"{topic}.missing"])
    assert (facts.partitions, facts.replicas, facts.in_sync) == (PARTITIONS, 1, 1)
    assert missing.partitions is None
    wanted = {
        "min.insync.replicas": "1",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "cleanup.policy": "delete",
        "unclean.leader.election.enable": "false",
        "max.message.bytes": str(MESSAGE_BYTES_MAX),
    }
    assert {name: facts.config[name] for name in wanted} == wanted
    assert (await log.topic_config()).items() >= wanted.items()
    with pytest.raises(KeyError):
        await log.partitions(f"{topic}.missing")
    assert (await log.facts([f"{topic}.missing"]))[0].partitions is None  # asking has not made it


# Appending


async def test_many_appends_at_once(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, PARTITIONS)
    sent = [Message(topic, f"k{n}", b"%d" % n * 1000) for n in range(256)]
    found = await asyncio.gather(*(log.append([message]) for message in sent))
    assert len({receipt for [receipt] in found}) == 256
    for message, [receipt] in zip(sent, found, strict=True):
        [record] = await log.read(receipt.place, receipt.offset, 1)
        assert (record.key, record.value) == (message.key, message.value)


async def test_a_message_that_is_too_large_is_refused_at_once_and_spoils_nothing(
    topic: str, opened: OpenKafka
) -> None:
    log = opened()
    await log.create_topic(topic, 1)
    with pytest.raises(Unavailable, match="MessageSizeTooLarge"):
        await log.append([Message(topic, "k", b"x" * MESSAGE_BYTES_MAX)])
    [receipt] = await log.append([Message(topic, "k", b"x" * (5 << 20))])
    assert receipt.offset == 0


async def test_after_a_fatal_error_the_next_append_has_another_producer(
    topic: str, opened: OpenKafka
) -> None:
    log = opened()
    await log.create_topic(topic, 1)
    await log.append(spread(1, topic))
    running = log._appender._running
    assert running is not None
    running.producer._txn_manager.increment_sequence_number(
        KafkaPlace(topic, 0), 7
    )  # a hole, as a lost batch makes
    with pytest.raises(Unavailable) as caught:
        await log.append(spread(1, topic))
    assert isinstance(caught.value.__cause__, OutOfOrderSequenceNumber)
    [receipt] = await log.append(spread(1, topic))
    assert receipt.offset == 1


async def test_who_gives_up_does_not_spoil_the_appends_of_others(topic: str, opened: OpenKafka) -> None:
    log = opened()
    await log.create_topic(topic, 1)
    tasks = [asyncio.create_task(log.append([Message(topic, "k", b"%d" % n)])) for n in range(50)]
    await asyncio.sleep(0.01)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for n, answer in list(enumerate(answers))[1::2]:
        assert isinstance(answer, list)
        [record] = await log.read(answer[0].place, answer[0].offset, 1)
        assert record.value == b"%d" % n


async def test_a_cluster_that_is_away_is_unavailable_in_time(opened: OpenKafka) -> None:
    log = opened(CLOSED_PORT, append_deadline_s=0.5, request_deadline_s=0.5)
    log._partitions["t"] = 1
    for question in (
        log.append([Message("t", "k", b"v")]),
        log.end("t"),
        log.committed("g", "t"),
        log.read(TopicPartition("t", 0), 0, 1),
        log.create_topic("t", 1),
        log.consumer("g", "m", ["t"], ignore),
    ):
        async with asyncio.timeout(5):
            with pytest.raises(Unavailable):
                await question


# Security


async def test_encrypted_with_a_password(secure_kafka: KafkaServer) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    security = Security(
        "SASL_SSL", secure_kafka.ca_file, None, None, "PLAIN", secure_kafka.user, secure_kafka.password
    )
    log = KafkaLog(secure_kafka.secure_bootstrap, security, session_s=SESSION_S)
    await log.create_topic(name, PARTITIONS)
    receipts = await log.append(spread(20, name))
    consumer = await owning(log, name)
    for place in {receipt.place for receipt in receipts}:
        count = sum(receipt.place == place for receipt in receipts)
        assert len(await drained(consumer, place, count)) == count
    assert secure_kafka.password not in repr(log)
    assert secure_kafka.password not in repr(consumer)
    await log.close()
    await remove_topics(secure_kafka.bootstrap, name)


@pytest.mark.parametrize("wrong", ["password", "authority"])
async def test_a_wrong_password_and_a_wrong_certificate_are_named(
    secure_kafka: KafkaServer, wrong: str
) -> None:
    security = Security(
        "SASL_SSL",
        None if wrong == "authority" else secure_kafka.ca_file,
        user=secure_kafka.user,
        password="hunter2" if wrong == "password" else secure_kafka.password,
    )
    log = KafkaLog(secure_kafka.secure_bootstrap, security)
    log._partitions["t"] = 1
    told = "Authentication" if wrong == "password" else "CERTIFICATE_VERIFY_FAILED"
    async with asyncio.timeout(5):
        with pytest.raises(Unavailable, match=told) as caught:
            await log.end("t")
        with pytest.raises(Unavailable, match=told):
            await log.append([Message("t", "k", b"v")])
        assert "hunter2" not in str(caught.value)
        await log.close()


def test_a_security_that_cannot_work_is_refused() -> None:
    with pytest.raises(ValueError, match="password"):
        Security("SASL_SSL", user="somebody")
    with pytest.raises(ValueError, match="KERBEROS"):
        Security("KERBEROS")
    with pytest.raises(OSError, match="No such file"):
        KafkaLog(CLOSED_PORT, Security("SSL", Path("nowhere.pem")))
