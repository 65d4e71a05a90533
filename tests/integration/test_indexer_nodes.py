"""Several nodes, and one node several times: the same log is the same catalogue, however it is cut and read."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from catalogue.store import Document, Ref, Store
from stream.events import Event
from stream.log import Consumer, Log, Record, Revoking, TopicPartition
from stream.sqlite import SqliteLog
from tests.support.faults import Call, Fault, FaultyConsumer, FaultyLog, Kind, Process
from tests.support.histories import history
from tests.support.nodes import (
    QUICK,
    check_model,
    check_words,
    digest_by_collection,
    documents_of,
    events_of,
    follow_to_end,
    messages,
    sqlite_log,
    sqlite_store,
    start_worker,
    until_caught_up,
    words_of,
)

COUNT = 400
FETCH_MAX = 40


@dataclass
class CutAnywhere(FaultyLog):
    """A log whose fetches end where chance wants."""

    rng: random.Random

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        inner = await self.inner.consumer(group, member, topics, revoking)
        return CutConsumer(inner, self.process, self.rng)


@dataclass
class CutConsumer(FaultyConsumer):
    rng: random.Random

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        return await super().fetch(place, self.rng.randint(1, FETCH_MAX), wait_s)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    found = await sqlite_log(tmp_path)
    yield found
    await found.close()


async def made(store: Store, events: list[Event]) -> tuple[dict[Ref, Document], dict[str, str]]:
    """What a node holds: documents with their positions, and digests."""
    return await documents_of(store, events), await digest_by_collection(store)


async def test_nodes_that_read_the_same_log_are_equal(tmp_path: Path, log: SqliteLog) -> None:
    rng = random.Random(1)
    told = history(rng, COUNT, datasets=12)
    stores = {name: sqlite_store(tmp_path, name) for name in ("a", "b", "c")}
    workers = [
        start_worker(log, stores["a"], node="a"),
        *[start_worker(log, stores["b"], node="b", member=member) for member in ("one", "two")],
    ]
    for start in range(0, len(told), 50):
        await log.append(messages(told[start : start + 50]))
        if start == 200:  # a node that comes later, and reads in small batches
            small = replace(QUICK, records_per_batch_max=7)
            workers.append(start_worker(log, stores["c"], node="c", limits=small))
    await until_caught_up(log, workers)
    for worker in workers:
        await worker.stop()
    events = await events_of(log)
    found = [await made(store, events) for store in stores.values()]
    model = check_model(found[0][0], events)
    assert found[0] == found[1] == found[2]
    for node in stores:
        check_words(await words_of(log, node), model, events)
    for store in stores.values():
        await store.close()


async def test_the_whole_log_read_again_three_times_in_other_cuts(tmp_path: Path, log: SqliteLog) -> None:
    rng = random.Random(2)
    await log.append(messages(history(rng, COUNT, datasets=12)))
    first = sqlite_store(tmp_path, "first")
    await follow_to_end(log, "a", lambda: start_worker(log, first))
    events = await events_of(log)
    wanted = await made(first, events)
    check_model(wanted[0], events)
    await first.close()
    for node in ("again", "and again", "a third time"):
        assert await replayed(tmp_path, log, node, events, rng) == wanted, node


async def replayed(
    folder: Path, log: Log, node: str, events: list[Event], rng: random.Random
) -> tuple[dict[Ref, Document], dict[str, str]]:
    """What a node makes of the log that has an empty store, and cuts and waits by chance."""
    store = sqlite_store(folder, node)
    process = Process(delay=lambda: rng.uniform(0, 0.002))
    seen = CutAnywhere(log, process, rng)
    await follow_to_end(log, node, lambda: start_worker(seen, store, node=node))
    found = await made(store, events)
    await store.close()
    return found


async def test_a_group_that_begins_anew_over_a_full_store_changes_nothing(
    tmp_path: Path, log: SqliteLog
) -> None:
    await log.append(messages(history(random.Random(3), COUNT, datasets=12)))
    store = sqlite_store(tmp_path)
    await follow_to_end(log, "a", lambda: start_worker(log, store))
    events = await events_of(log)
    wanted, words = await made(store, events), await words_of(log)
    await follow_to_end(log, "anew", lambda: start_worker(log, store, node="anew"))
    assert await made(store, events) == wanted
    said = await words_of(log, "anew")
    assert {name: said[name] for name in said} == {name: words[name] for name in said}
    await store.close()


async def test_workers_that_die_again_and_again_get_through(tmp_path: Path, log: SqliteLog) -> None:
    rng = random.Random(4)
    await log.append(messages(history(rng, COUNT, datasets=12)))
    store = sqlite_store(tmp_path)

    def deadly(call: Call) -> Fault | None:
        return Fault(Kind.CRASH, rng.randint(0, call.size)) if call.size and rng.random() < 0.05 else None

    deaths = await follow_to_end(log, "a", lambda: start_worker(log, store, plan=deadly))
    assert len(deaths) >= 5
    events = await events_of(log)
    documents = await documents_of(store, events)
    check_words(await words_of(log), check_model(documents, events), events)
    quiet = sqlite_store(tmp_path, "quiet")
    await follow_to_end(log, "quiet", lambda: start_worker(log, quiet, node="quiet"))
    assert await documents_of(quiet, events) == documents
    await store.close()
    await quiet.close()
