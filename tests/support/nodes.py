"""Index nodes without a web server: workers that follow a log into a store, and what they have made of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue.digest import digest_of
from catalogue.sqlite import SqliteStore
from catalogue.store import COLLECTIONS, ITEMS, Document, Ref, Store, collection_ref, head_ref, item_ref
from checks.book import Book
from index_node.indexer import Indexer
from index_node.recheck import Recheck
from stream.consume import Follower, Limits
from stream.dead_letters import DeadLetter, decode_dead_letter
from stream.events import Event, Undecodable, check_stamped, decode, encode
from stream.log import Log, Message, Record, TopicPartition
from stream.outcomes import Outcome, decode_outcome
from stream.sqlite import SqliteLog
from stream.topics import Topics, create_topics
from tests.model.compare import shown_by_fold, shown_by_model
from tests.model.model import Model
from tests.support.faults import FaultyLog, FaultyStore, Plan, Process, no_faults
from tests.support.fold import MemoryFold
from tests.support.memory_log import MemoryLog
from tests.support.memory_store import MemoryStore

TOPICS = Topics("t")
PARTITIONS = 3
DEADLINE_S = 60.0
POLL_S = 0.002
NOW = "2026-06-01T00:00:00.000000Z"
QUICK = Limits(
    fetch_wait_s=0.1, rebalance_every_s=0.02, retry_first_s=0.001, retry_longest_s=0.01, commit_deadline_s=60.0
)  # fmt: skip


@dataclass
class Worker:
    """One process of an index node."""

    process: Process
    store: FaultyStore
    follower: Follower[Event]
    task: asyncio.Task[None]

    async def stop(self) -> None:
        """Let it finish, and hear of it if it failed."""
        self.follower.stop()
        await self.task

    async def die(self) -> None:
        """Kill it, and wait until nothing of it runs any more."""
        self.process.kill()
        await asyncio.wait({self.task})
        assert self.task.exception() is not None


def start_worker(
    log: Log,
    store: Store,
    *,
    node: str = "a",
    member: str = "one",
    plan: Plan = no_faults,
    process: Process | None = None,
    indexer: type[Indexer] = Indexer,
    limits: Limits = QUICK,
    book: Book | None = None,
    **told: Any,
) -> Worker:
    """A worker in its own process, which checks by `book`; `told` are further members of its follower."""
    own = process or Process(plan)
    seen, faulty = FaultyLog(log, own), FaultyStore(store, own)
    recheck = Recheck(node, book, faulty, seen, TOPICS.prefix, lambda: NOW) if book else None
    handler = indexer(node, faulty, seen, TOPICS.prefix, TOPICS.generation, PARTITIONS, lambda: NOW, recheck)
    follower = Follower(
        "index", seen, group(node), member, (TOPICS.collections, TOPICS.transactions), handler,
        TOPICS.dead_letters, lambda: NOW, limits=limits, node=node, **told,
    )  # fmt: skip
    return Worker(own, faulty, follower, asyncio.create_task(follower.run()))


def group(node: str) -> str:
    return f"{node}.index"


Site = AbstractAsyncContextManager[tuple[Log, Store]]


@asynccontextmanager
async def memory_site(store: Store | None = None) -> AsyncIterator[tuple[Log, Store]]:
    """An empty log with its topics, and an empty store, for a loop whose clock jumps."""
    log = MemoryLog()
    await create_topics(log, TOPICS, PARTITIONS)
    yield log, store or MemoryStore()


@asynccontextmanager
async def sqlite_site(folder: Path) -> AsyncIterator[tuple[Log, Store]]:
    """The same in files."""
    log, store = await sqlite_log(folder), sqlite_store(folder)
    yield log, store
    await log.close()
    await store.close()


async def sqlite_log(folder: Path, **told: Any) -> SqliteLog:
    """A log in a folder, with its topics."""
    log = SqliteLog(folder / "log.db", **told)
    await create_topics(log, TOPICS, PARTITIONS)
    return log


def sqlite_store(folder: Path, name: str = "a") -> SqliteStore:
    return SqliteStore(folder / f"{name}.db")


def messages(events: Iterable[Event]) -> list[Message]:
    """As a door would append them."""
    return [
        Message(
            TOPICS.collections if event.about_collection else TOPICS.transactions, event.key, encode(event)
        )
        for event in events
    ]


async def until(condition: Callable[[], Awaitable[bool]], what: str = "") -> None:
    """Ask again and again until it holds; a failure when it never does."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_S
    while not await condition():
        assert loop.time() < deadline, f"it never came to be: {what or condition}"
        await asyncio.sleep(POLL_S)


async def caught_up(log: Log, node: str = "a") -> bool:
    """Whether the node has done all that the log holds."""
    topics = (TOPICS.collections, TOPICS.transactions)
    return all([await log.committed(group(node), topic) == await log.end(topic) for topic in topics])


async def until_caught_up(log: Log, workers: Iterable[Worker]) -> None:
    """Wait until the nodes of these workers have done all; none of them may end before."""
    several = list(workers)
    nodes = {worker.follower.group.removesuffix(".index") for worker in several}

    async def done() -> bool:
        for worker in several:
            if worker.task.done():
                worker.task.result()
                raise AssertionError(f"{worker.follower.member} has stopped")
        return all([await caught_up(log, node) for node in nodes])

    await until(done, f"{sorted(nodes)} have caught up")


async def follow_to_end(log: Log, node: str, start: Callable[[], Worker]) -> list[BaseException | None]:
    """Keep one worker of the node alive, a new one whenever it has ended; what each death was."""
    worker, deaths = start(), list[BaseException | None]()

    async def done() -> bool:
        nonlocal worker
        if worker.task.done():
            deaths.append(worker.task.exception())
            worker = start()
        return await caught_up(log, node)

    await until(done, f"{node} has caught up")
    worker.follower.stop()
    [last] = await asyncio.gather(worker.task, return_exceptions=True)
    return deaths if last is None else [*deaths, last]


async def records(log: Log, topic: str) -> list[Record]:
    """Every message of a topic, partition by partition."""
    found: list[Record] = []
    for number, end in enumerate(await log.end(topic)):
        place, offset = TopicPartition(topic, number), 0
        while offset < end:
            page = await log.read(place, offset, 1000)
            found += page
            offset = page[-1].offset + 1
    return found


async def events_of(log: Log) -> list[Event]:
    """Every event on the log that is one, each dataset's in their order."""
    found = []
    for record in [*await records(log, TOPICS.collections), *await records(log, TOPICS.transactions)]:
        try:
            event = decode(record.value)
            check_stamped(event)
        except Undecodable:
            continue
        found.append(event)
    return found


async def outcomes_of(log: Log, node: str = "a") -> dict[str, list[Outcome]]:
    """By event id, what the node has said; the same may be said again."""
    found: dict[str, list[Outcome]] = {}
    for topic in (TOPICS.success, TOPICS.errors):
        for record in await records(log, topic):
            outcome = decode_outcome(record.value)
            if outcome.node == node:
                found.setdefault(outcome.event_id, []).append(outcome)
    return found


async def words_of(log: Log, node: str = "a") -> dict[str, set[str]]:
    """By event id, the outcomes that the node has told, each once."""
    told = await outcomes_of(log, node)
    return {event_id: {one.outcome for one in outcomes} for event_id, outcomes in told.items()}


async def dead_letters_of(log: Log) -> list[DeadLetter]:
    return [decode_dead_letter(record) for record in await records(log, TOPICS.dead_letters)]


async def documents_of(store: Store, events: Iterable[Event]) -> dict[Ref, Document]:
    """The heads and records that these events are about."""
    refs = [ref for event in events for ref in (head_ref(event.key), record_ref(event))]
    return await store.get_many(list(dict.fromkeys(refs)))


def record_ref(event: Event) -> Ref:
    if event.about_collection:
        return collection_ref(event.collection)
    return item_ref(event.collection, event.item_id, event.key)


async def digest_by_collection(store: Store, collections: Iterable[str] = ("CMIP6",)) -> dict[str, str]:
    """Digests as two nodes compare them."""
    found = {}
    for kind in (ITEMS, COLLECTIONS):
        for collection in collections:
            prints = [pair async for pair in store.fingerprints(kind, collection)]
            found[f"{kind}/{collection}"] = digest_of(prints).total
    return found


def modelled(events: Sequence[Event]) -> Model:
    """The model after these events about items."""
    model = Model()
    for event in events:
        if not event.about_collection:
            model.apply(decode(encode(event)))
    return model


def check_model(documents: Mapping[Ref, Document], events: Sequence[Event]) -> Model:
    """Every dataset in these documents is as the model says after these events."""
    model = modelled(events)
    fold = MemoryFold({ref.id: (document.version, document.body) for ref, document in documents.items()})
    for key in sorted({event.key for event in events if not event.about_collection}):
        assert shown_by_fold(fold, key) == shown_by_model(model, key)
    return model


def check_words(said: Mapping[str, set[str]], model: Model, events: Sequence[Event]) -> None:
    """Of every event has been said what the model says, and nothing else."""
    about_items = [event for event in events if not event.about_collection]
    expected = {event.id: {model.outcomes[event.key, event.id]} for event in about_items}
    assert {event_id: said.get(event_id) for event_id in expected} == expected
