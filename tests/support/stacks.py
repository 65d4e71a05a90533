"""The pairs of log and store that a node may run on, and sites of their own on servers that all tests share."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalogue.elastic import ElasticStore
from catalogue.store import Store
from stream.kafka import KafkaLog
from stream.log import Consumer, Log, Message, Receipt, Record, Revoking, TopicPartition
from stream.topics import create_topics
from tests.support.nodes import PARTITIONS, TOPICS, Site, sqlite_log, sqlite_store
from tests.support.remove import remove_indices, remove_topics

REFRESH_MS = 100
SESSION_S = 3.0


@dataclass(frozen=True)
class Stack:
    """`kafka` is a broker's address and `elastic` a URL; None means SQLite. `prefix` is this test's own."""

    kafka: str | None = None
    elastic: str | None = None
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")

    def settings(self, node: str) -> dict[str, Any]:
        """What makes a node run on it."""
        told: dict[str, Any] = {}
        if self.kafka is not None:
            told |= {"log_url": f"kafka://{self.kafka}/{self.prefix}", "log_session_s": SESSION_S}
        if self.elastic is not None:
            told |= {"store_url": f"{self.elastic}/{self.prefix}-{node}", "store_refresh_ms": REFRESH_MS}
        return told

    @asynccontextmanager
    async def sites(self, folder: Path) -> AsyncIterator[Callable[[], Site]]:
        """Empty sites, as many as are opened. Each has topics and a store of its own on shared connections."""
        log = KafkaLog(self.kafka, session_s=SESSION_S) if self.kafka is not None else None
        yield lambda: self._site(log, folder / uuid.uuid4().hex)
        if log is not None:
            await log.close()

    @asynccontextmanager
    async def _site(self, shared: Log | None, folder: Path) -> AsyncIterator[tuple[Log, Store]]:
        name = f"{self.prefix}{uuid.uuid4().hex[:8]}"
        log: Log = RenamedLog(shared, f"{name}.") if shared is not None else await sqlite_log(folder)
        store: Store = (
            ElasticStore([self.elastic], name, refresh_ms=REFRESH_MS)
            if self.elastic
            else sqlite_store(folder)
        )
        await create_topics(log, TOPICS, PARTITIONS)
        yield log, store
        await log.close()
        await store.close()
        if self.kafka is not None:
            await remove_topics(self.kafka, name)
        if self.elastic is not None:
            await remove_indices(self.elastic, name)

    async def remove(self) -> None:
        """Forget everything that this test has made on the servers."""
        if self.kafka is not None:
            await remove_topics(self.kafka, self.prefix)
        if self.elastic is not None:
            await remove_indices(self.elastic, self.prefix)


@dataclass
class RenamedLog:
    """A log whose topics and groups have other names in truth, so that many tests share one connection."""

    inner: Log
    prefix: str

    async def create_topic(self, topic: str, partitions: int) -> None:
        await self.inner.create_topic(self.prefix + topic, partitions)

    async def partitions(self, topic: str) -> int:
        return await self.inner.partitions(self.prefix + topic)

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        renamed = [message._replace(topic=self.prefix + message.topic) for message in messages]
        return [
            receipt._replace(place=self.ours(receipt.place)) for receipt in await self.inner.append(renamed)
        ]

    async def end(self, topic: str) -> list[int]:
        return await self.inner.end(self.prefix + topic)

    async def committed(self, group: str, topic: str) -> list[int]:
        return await self.inner.committed(self.prefix + group, self.prefix + topic)

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        async def told(places: set[TopicPartition]) -> None:
            await revoking({self.ours(place) for place in places})

        names = [self.prefix + topic for topic in topics]
        return RenamedConsumer(await self.inner.consumer(self.prefix + group, member, names, told), self)

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        records = await self.inner.read(self.theirs(place), offset, records_max)
        return [record._replace(place=place) for record in records]

    async def close(self) -> None:
        """The connection is closed by who opened it."""

    def ours(self, place: TopicPartition) -> TopicPartition:
        return place._replace(topic=place.topic.removeprefix(self.prefix))

    def theirs(self, place: TopicPartition) -> TopicPartition:
        return place._replace(topic=self.prefix + place.topic)


@dataclass
class RenamedConsumer:
    """A member of a renamed group."""

    inner: Consumer
    log: RenamedLog

    async def rebalance(self) -> set[TopicPartition]:
        return {self.log.ours(place) for place in await self.inner.rebalance()}

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        records = await self.inner.fetch(self.log.theirs(place), records_max, wait_s)
        return [record._replace(place=place) for record in records]

    async def commit(self, place: TopicPartition, offset: int) -> None:
        await self.inner.commit(self.log.theirs(place), offset)

    async def seek(self, place: TopicPartition, offset: int) -> None:
        await self.inner.seek(self.log.theirs(place), offset)

    async def close(self) -> None:
        await self.inner.close()
