"""One index node on a real log and store, what was sent to it, and what must have become of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from catalogue.sqlite import SqliteStore
from catalogue.store import Ref, Store, Verdict, Write
from stream.events import Event
from stream.keys import partition_of
from stream.log import Log
from tests.support import cmip6, events
from tests.support.cmip6 import Item
from tests.support.faults import no_faults
from tests.support.histories import small
from tests.support.nodes import (
    PARTITIONS,
    TOPICS,
    Worker,
    caught_up,
    check_model,
    check_words,
    documents_of,
    group,
    messages,
    sqlite_site,
    start_worker,
    until,
    words_of,
)

DATASETS = 24
LOG_FILE, STORE_FILE = "log.db", "counted.db"
FIRST = [small(cmip6.item(item_id)) for item_id in cmip6.sample_ids(DATASETS)]
SECOND = [small(cmip6.second_version(cmip6.item(item["id"]))) for item in FIRST]


class CountingStore(SqliteStore):
    """Remembers how often each version of each document was accepted."""

    accepted: Counter[tuple[Ref, int]]

    def __post_init__(self) -> None:
        super().__post_init__()
        self.accepted = Counter()

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        verdicts = await super().apply(writes)
        for write, verdict in zip(writes, verdicts, strict=True):
            self.accepted[write.ref, write.version] += verdict is Verdict.ACCEPTED
        return verdicts


@dataclass
class Scene:
    """One node, what was sent to it, and the worker that follows."""

    log: Log
    store: Store
    sent: list[Event] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    def start(self, **told: object) -> Worker:
        self.workers.append(start_worker(self.log, self.store, **told))  # type: ignore[arg-type]
        return self.workers[-1]

    async def send(self, told: Sequence[Event]) -> None:
        await self.log.append(messages(told))
        self.sent += told

    async def done(self, told: Sequence[Event]) -> None:
        """Wait until each of these has an outcome."""
        wanted = {event.id for event in told}

        async def check() -> bool:
            return wanted <= (await words_of(self.log)).keys()

        await until(check, "every one has an outcome")

    async def caught_up(self) -> None:
        await until(lambda: caught_up(self.log), "the end is committed")

    async def holds(self, condition: Callable[[], bool], what: str = "") -> None:
        async def check() -> bool:
            return condition()

        await until(check, what)

    async def check(self) -> None:
        """All that was sent has had its effect, and nothing else has."""
        model = check_model(await documents_of(self.store, self.sent), self.sent)
        said = await words_of(self.log)
        check_words(said, model, self.sent)
        assert said.keys() == {event.id for event in self.sent}

    async def committed(self) -> list[int]:
        return await self.log.committed(group("a"), TOPICS.transactions)

    async def has_committed(self, wanted: list[int]) -> None:
        async def check() -> bool:
            return await self.committed() == wanted

        await until(check, f"{wanted} is committed")

    async def end(self) -> list[int]:
        return await self.log.end(TOPICS.transactions)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Scene]:
    """An empty scene; its workers are stopped at the end, and no effect may have been there twice."""
    async with sqlite_site(folder) as (log, _):
        store = CountingStore(folder / STORE_FILE)
        found = Scene(log, store)
        yield found
        for worker in found.workers:
            worker.process.plan = no_faults
            worker.process.resume()
            worker.follower.stop()
        await asyncio.gather(*(worker.task for worker in found.workers), return_exceptions=True)
        assert set(store.accepted.values()) <= {0, 1}
        await store.close()


def published(items: Sequence[Item], first: int) -> list[Event]:
    return [events.publish(item, n) for n, item in enumerate(items, first)]


def retracted(items: Sequence[Item], first: int) -> list[Event]:
    return [events.retract(item["id"], n) for n, item in enumerate(items, first)]


def place_of(event: Event) -> int:
    return partition_of(event.key, PARTITIONS)


def without(told: Sequence[Event], *keys: str) -> list[Event]:
    return [event for event in told if event.key not in keys]


def count(told: Sequence[Event]) -> list[int]:
    """How many of them are in each partition."""
    found = Counter(map(place_of, told))
    return [found[number] for number in range(PARTITIONS)]
