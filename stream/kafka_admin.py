"""Topics of a Kafka cluster: whether they are there, making them, how they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from aiokafka.errors import LeaderNotAvailableError
from aiokafka.protocol.admin import CreateTopicsRequest, DescribeConfigsRequest
from aiokafka.protocol.metadata import MetadataRequest

from stream.kafka_client import Client, check
from stream.kafka_options import REQUEST_DEADLINE_S, copies, topic_config
from stream.topics import TopicFacts

NO_TOPIC, TOPIC_EXISTS = 3, 36
TOPIC = 2  # the kind of thing whose settings are asked for


class Found(NamedTuple):
    """A topic: the nodes that lead its partitions (-1: none at the moment), and the nodes in sync with each."""

    leaders: list[int]
    replicas: list[list[int]]
    in_sync: list[list[int]]


async def find(asked: Any, topic: str) -> Found | None:
    """The topic, or None. Asking does not make it, whatever the cluster's settings are."""
    answer = await asked.send(
        asked.get_random_node(), MetadataRequest([topic], allow_auto_topic_creation=False)
    )
    for code, _, _, partitions in answer.topics:
        if code == NO_TOPIC:
            return None
        check(code)
        rows = sorted(partitions, key=lambda row: row[1])
        return Found([row[2] for row in rows], [row[3] for row in rows], [row[4] for row in rows])
    return None


async def count(client: Client, topic: str) -> int:
    """How many partitions it has. KeyError when there is no such topic."""
    found = await client.ask(f"topic {topic}", lambda asked: find(asked, topic))
    if found is None:
        raise KeyError(f"there is no topic {topic}")
    return len(found.leaders)


async def replication_of(client: Client, replication: int | None, min_insync: int | None) -> tuple[int, int]:
    """`copies` for this cluster as it is."""

    async def brokers(asked: Any) -> int:
        answer = await asked.send(
            asked.get_random_node(), MetadataRequest([], allow_auto_topic_creation=False)
        )
        return len(answer.brokers)

    return copies(await client.ask("brokers", brokers), replication, min_insync)


async def create(client: Client, topic: str, partitions: int, factor: int, min_insync: int) -> None:
    """Make the topic unless it exists, and wait until every partition has a leader. ValueError: another number."""
    config = list(topic_config(min_insync).items())

    async def make(asked: Any) -> None:
        if await find(asked, topic) is None:
            wanted: list[Any] = [(topic, partitions, factor, [], config)]
            request = CreateTopicsRequest(wanted, round(REQUEST_DEADLINE_S * 1000), False)
            controller = asked.cluster.controller
            node = controller.nodeId if controller is not None else asked.get_random_node()
            answer = await asked.send(node, request)
            for _, code, *_ in answer.topic_errors:
                if code != TOPIC_EXISTS:
                    check(code)

    async def led(asked: Any) -> int:
        found = await find(asked, topic)
        if found is None or not found.leaders or min(found.leaders) < 0:
            raise LeaderNotAvailableError(topic)
        return len(found.leaders)

    await client.ask(f"creation of topic {topic}", make)
    there = await client.ask(f"leaders of topic {topic}", led)
    if there != partitions:
        raise ValueError(f"topic {topic} has {there} partitions, not {partitions}; that number never changes")


async def facts(client: Client, topics: Sequence[str]) -> list[TopicFacts]:
    """The topics as they are, with all their settings."""

    async def look(asked: Any, topic: str) -> TopicFacts:
        found = await find(asked, topic)
        if found is None:
            return TopicFacts(topic)
        answer = await asked.send(asked.get_random_node(), DescribeConfigsRequest([(TOPIC, topic, None)]))
        config: dict[str, str] = {}
        for code, _, _, _, entries in answer.resources:
            check(code)
            config |= {entry[0]: entry[1] for entry in entries if entry[1] is not None}
        replicas, in_sync = min(map(len, found.replicas)), min(map(len, found.in_sync))
        return TopicFacts(topic, len(found.leaders), config, replicas, in_sync)

    def question(topic: str) -> Any:
        return lambda asked: look(asked, topic)

    return [await client.ask(f"settings of topic {topic}", question(topic)) for topic in topics]
