"""KafkaLog: the log of a federation, on a Kafka cluster. Every setting of it is in `kafka_options`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer

from stream import kafka_admin
from stream.kafka_client import Client, begin, ssl_context
from stream.kafka_consumer import KafkaConsumer
from stream.kafka_group import Group, committed
from stream.kafka_options import (
    APPEND_DEADLINE_S,
    REQUEST_DEADLINE_S,
    Security,
    client_options,
    consumer_options,
    producer_options,
    topic_config,
)
from stream.kafka_producer import Appender, Placed
from stream.kafka_reader import LATEST, Reader, Turns, offsets
from stream.kafka_watchdog import Watchdog
from stream.keys import partition_of
from stream.log import Consumer, Message, Receipt, Record, Revoking, TopicPartition
from stream.topics import TopicFacts

__all__ = ["KafkaLog", "Security"]

JOIN_MARGIN_S = 5.0


@dataclass
class KafkaLog:
    """One process's handle on the cluster; nothing is spoken to before the first question.

    `replication` and `min_insync` of topics that we make: None = three copies or as many as there are brokers, and
    one copy fewer must have a message. `rebalance_s`: how long the group waits for a member that finishes its rounds.
    `silence_s`: a follower that does not call `rebalance` for so long is taken for hung, and loses its partitions.
    """

    servers: str
    security: Security = field(default_factory=Security)
    replication: int | None = None
    min_insync: int | None = None
    session_s: float = 10.0
    rebalance_s: float = 30.0
    silence_s: float = 300.0
    append_deadline_s: float = APPEND_DEADLINE_S
    request_deadline_s: float = REQUEST_DEADLINE_S
    commit_deadline_s: float = 8.0  # below the 10 s after which a follower gives up
    watchdog_s: float = 30.0
    _partitions: dict[str, int] = field(default_factory=dict)
    _turns: dict[tuple[str, ...], Turns[list[int]]] = field(default_factory=dict)
    _consumers: list[KafkaConsumer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._context = ssl_context(self.security)
        options = self._options(self.request_deadline_s)
        self._client = Client(options | {"client_id": "stacfed"}, self.request_deadline_s)
        self._appender = Appender(producer_options(options), self.append_deadline_s)
        self._reader = Reader(self._client)

    async def create_topic(self, topic: str, partitions: int) -> None:
        factor, min_insync = await self._copies()
        await kafka_admin.create(self._client, topic, partitions, factor, min_insync)
        self._partitions[topic] = partitions

    async def partitions(self, topic: str) -> int:
        if topic not in self._partitions:
            self._partitions[topic] = await kafka_admin.count(self._client, topic)
        return self._partitions[topic]

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        counts = {topic: await self.partitions(topic) for topic in {message.topic for message in messages}}
        placed = [
            Placed(
                TopicPartition(message.topic, partition_of(message.key, counts[message.topic])),
                message.key.encode(),
                message.value,
            )
            for message in messages
        ]
        found = await self._appender.append(placed)
        return [Receipt(message.place, offset) for message, offset in zip(placed, found, strict=True)]

    async def end(self, topic: str) -> list[int]:
        places = await self._places(topic)

        async def question() -> list[int]:
            found = await offsets(self._client, places, LATEST)
            return [found[place] for place in places]

        return await self._turn("end", topic).ask(question)

    async def committed(self, group: str, topic: str) -> list[int]:
        places = await self._places(topic)

        async def question() -> list[int]:
            found = await committed(self._client, group, places)
            return [found.get(place, 0) for place in places]

        return await self._turn("committed", group, topic).ask(question)

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        for topic in topics:
            await self.partitions(topic)
        joining_s = self.rebalance_s + JOIN_MARGIN_S
        joining = Client(self._options(joining_s) | {"client_id": f"stacfed-{member}"}, joining_s)
        seat = Group(
            self._client, joining, group, member, topics, self.session_s, self.rebalance_s, self.partitions
        )
        found = KafkaConsumer(
            seat, await self._fetcher(), self.end, revoking,
            self.commit_deadline_s, Watchdog(self.watchdog_s), self.silence_s,
        )  # fmt: skip
        self._consumers = [one for one in self._consumers if not one.closed] + [found]
        return found

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        return await self._reader.read(place, offset, records_max)

    async def close(self) -> None:
        await asyncio.gather(*(consumer.close() for consumer in self._consumers), self._appender.close())
        await self._client.close()

    async def topic_config(self) -> dict[str, str]:
        """The settings of a topic that we would make now."""
        return topic_config((await self._copies())[1])

    async def facts(self, topics: Sequence[str]) -> list[TopicFacts]:
        """Topics as they are, with all their settings."""
        return await kafka_admin.facts(self._client, topics)

    async def _fetcher(self) -> Any:
        """An AIOKafkaConsumer of no group, started."""

        async def start(_: Any) -> Any:
            fetcher = AIOKafkaConsumer(**consumer_options(self._options(self.request_deadline_s)))
            await begin(fetcher._client, fetcher.start, fetcher.stop)
            return fetcher

        return await self._client.ask("consumer", start)

    async def _copies(self) -> tuple[int, int]:
        return await kafka_admin.replication_of(self._client, self.replication, self.min_insync)

    async def _places(self, topic: str) -> list[TopicPartition]:
        return [TopicPartition(topic, number) for number in range(await self.partitions(topic))]

    def _turn(self, *key: str) -> Turns[list[int]]:
        return self._turns.setdefault(key, Turns())

    def _options(self, request_s: float) -> dict[str, Any]:
        return client_options(self.servers, self.security, self._context, request_s)
