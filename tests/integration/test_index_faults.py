"""An index node on a real log and store: what it sets aside, what it waits for, how it stops."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import stream.sqlite_thread
from catalogue.sqlite import SqliteStore
from catalogue.store import HEADS, ITEMS, Ref, Store, Verdict, Write
from index_node.indexer import Indexer
from stream.consume import Delivery, Follower, Stopped
from stream.errors import Unavailable
from stream.events import Event, encode
from stream.keys import partition_of
from stream.log import Log, Message, TopicPartition
from stream.sqlite import SqliteConsumer
from stream.topics import Topics, create_topics
from tests.support import cmip6, events
from tests.support.cmip6 import Item
from tests.support.faults import Call, Fault, Kind, Outage, Process, no_faults
from tests.support.histories import small
from tests.support.nodes import (
    NOW,
    PARTITIONS,
    QUICK,
    TOPICS,
    Worker,
    caught_up,
    check_model,
    check_words,
    documents_of,
    group,
    messages,
    outcomes_of,
    sqlite_site,
    start_worker,
    until,
    words_of,
)

DATASETS = 24
FOLD_OF_TOMORROW = 99


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

    async def check(self, told: Sequence[Event] | None = None) -> None:
        """These (or all that was sent) have had their effect, and nothing else has."""
        wanted = self.sent if told is None else told
        model = check_model(await documents_of(self.store, wanted), wanted)
        said = await words_of(self.log)
        check_words(said, model, wanted)
        assert said.keys() == {event.id for event in wanted}

    async def committed(self) -> list[int]:
        return await self.log.committed(group("a"), TOPICS.transactions)

    async def end(self) -> list[int]:
        return await self.log.end(TOPICS.transactions)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with sqlite_site(tmp_path) as (log, _):
        store = CountingStore(tmp_path / "counted.db")
        found = Scene(log, store)
        yield found
        for worker in found.workers:
            worker.process.plan = no_faults
            worker.process.resume()
            worker.follower.stop()
        await asyncio.gather(*(worker.task for worker in found.workers), return_exceptions=True)
        assert set(store.accepted.values()) <= {0, 1}, "an effect was there twice"
        await store.close()


ITEMS_ = [small(cmip6.item(item_id)) for item_id in cmip6.sample_ids(DATASETS)]
SECOND = [small(cmip6.second_version(cmip6.item(item["id"]))) for item in ITEMS_]


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


# What this software does not know.


async def test_an_unknown_fold_stops_before_it_and_the_upgraded_node_goes_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = published(ITEMS_, 1), retracted(ITEMS_, 301)
    [new, *_] = [replace(event, fold=FOLD_OF_TOMORROW) for event in published(SECOND, 201)]
    place = place_of(new)
    await scene.send([*first, new, *last])
    worker = scene.start()
    [ended] = await asyncio.gather(worker.task, return_exceptions=True)
    assert isinstance(ended, Stopped)
    for word in (new.id, f"fold {FOLD_OF_TOMORROW}", "upgrade"):
        assert word in str(ended)
        assert word in str(worker.follower.stopped)
    assert not worker.follower.ready
    assert (await scene.committed())[place] == count(first)[place]
    said = await words_of(scene.log)
    before = [event for event in first if place_of(event) == place]
    assert {event.id for event in [*first, new, *last] if place_of(event) == place} & said.keys() == {
        event.id for event in before
    }
    check_model(await documents_of(scene.store, before), before)

    monkeypatch.setattr("stream.events.FOLDS", frozenset({1, FOLD_OF_TOMORROW}))
    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_a_store_of_another_generation_is_refused(scene: Scene) -> None:
    await scene.send(published(ITEMS_, 1))
    worker = scene.start()
    await scene.caught_up()
    await worker.stop()

    later = Topics(TOPICS.prefix, 2)
    await create_topics(scene.log, later, PARTITIONS)
    [event, *_] = retracted(ITEMS_, 101)
    await scene.log.append([Message(later.transactions, event.key, encode(event))])
    indexer = Indexer("a", scene.store, scene.log, TOPICS.prefix, 2, PARTITIONS, lambda: NOW)
    follower = Follower(
        "index", scene.log, group("a"), "one", (later.transactions,), indexer, TOPICS.dead_letters, lambda: NOW,
        limits=QUICK,
    )  # fmt: skip
    with pytest.raises(Stopped, match="holds generation 1, not 2"):
        await follower.run()
    assert follower.stopped is not None
    assert not follower.parked
    assert await scene.log.committed(group("a"), later.transactions) == [0] * PARTITIONS
    await scene.check()


# Parked datasets.


@dataclass
class Refusing:
    """A store that will never take documents of this kind of this dataset; until it does."""

    key: str
    kind: str
    on: bool = True
    met: int = 0

    def __call__(self, write: Write) -> bool:
        refused = self.on and (write.ref.routing, write.ref.kind) == (self.key, self.kind)
        self.met += refused
        return refused


@pytest.mark.parametrize("kind", [HEADS, ITEMS])
@pytest.mark.parametrize("again", ["unpark", "restart"])
async def test_a_dataset_that_the_store_refuses_is_parked_until_it_takes_it(
    scene: Scene, kind: str, again: str
) -> None:
    first, second, last = published(ITEMS_, 1), published(SECOND, 201), retracted(SECOND, 301)
    worker = scene.start()
    await scene.send(first)
    await scene.caught_up()
    [bad, *_] = second
    worker.store.refuses = refusal = Refusing(bad.key, kind)
    before = count([*first, *second[: second.index(bad)]])
    await scene.send([*second, *last])
    await scene.done([*first, *without([*second, *last], bad.key)])

    [(key, parked)] = worker.follower.parked.items()
    assert key == bad.key
    assert parked.place == TopicPartition(TOPICS.transactions, place_of(bad))
    assert parked.offset == before[place_of(bad)]
    assert "StoreRefused" in parked.reason
    assert not worker.follower.ready

    async def others_committed() -> bool:
        ends, committed = await scene.end(), await scene.committed()
        return all(ends[n] == committed[n] for n in range(PARTITIONS) if n != place_of(bad))

    await until(others_committed, "the other partitions are committed")
    assert (await scene.committed())[place_of(bad)] == parked.offset
    said = await words_of(scene.log)
    for event in (bad, next(event for event in last if event.key == bad.key)):
        assert event.id not in said
    others = without(scene.sent, bad.key)
    check_words(said, check_model(await documents_of(scene.store, others), others), others)

    if again == "unpark":
        met = refusal.met
        worker.follower.unpark()  # in vain
        await scene.holds(lambda: refusal.met > met and not worker.follower.ready, "it is parked again")
        refusal.on = False
        worker.follower.unpark()
    else:
        await worker.stop()
        worker = scene.start()
    await scene.caught_up()
    await scene.holds(lambda: worker.follower.ready, "it is ready")
    await scene.check()


async def test_more_than_ten_parked_datasets_stop_the_follower(scene: Scene) -> None:
    told = published(ITEMS_, 1)
    bad = {event.key for event in told[: QUICK.parked_max]}
    worker = scene.start()
    worker.store.refuses = lambda write: write.ref.routing in bad
    await scene.send(told)
    await scene.done(without(told, *bad))
    assert worker.follower.parked.keys() == bad
    assert worker.follower.stopped is None

    [one_more] = retracted(ITEMS_[QUICK.parked_max :], 101)[:1]
    bad.add(one_more.key)
    await scene.send([one_more])
    [ended] = await asyncio.gather(worker.task, return_exceptions=True)
    assert isinstance(ended, Stopped)
    assert f"{QUICK.parked_max + 1} datasets failed within {QUICK.parked_window_events} events" in str(ended)
    assert worker.follower.stopped == str(ended)

    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_a_crash_of_the_handler_parks_the_dataset_that_it_is_about(scene: Scene) -> None:
    told = [*published(ITEMS_, 1), *retracted(ITEMS_, 101)]
    bad = told[DATASETS // 2]

    class Crashing(Indexer):
        mended = False

        async def round(self, part: Sequence[Delivery[Event]]) -> None:
            if not Crashing.mended and any(delivery.message.id == bad.id for delivery in part):
                raise ZeroDivisionError("a fault of ours")
            await super().round(part)

    worker = scene.start(indexer=Crashing)
    await scene.send(told)
    await scene.done(without(told, bad.key))
    assert {key: parked.reason for key, parked in worker.follower.parked.items()} == {
        bad.key: "ZeroDivisionError: a fault of ours"
    }
    assert not worker.follower.ready
    assert (await scene.committed())[place_of(bad)] == count(told[: told.index(bad)])[place_of(bad)]
    Crashing.mended = True
    worker.follower.unpark()
    await scene.caught_up()
    await scene.holds(lambda: worker.follower.ready, "it is ready")
    await scene.check()


# Outages.


@dataclass
class Busy:
    """While `on` the store takes half of the writes of a call, and answers UNAVAILABLE for the others."""

    on: bool = True
    met: int = 0

    def __call__(self, call: Call) -> Fault | None:
        if not self.on or call.what not in (HEADS, ITEMS):
            return None
        self.met += 1
        return Fault(Kind.PARTIAL, call.size // 2)


OUTAGES: dict[str, Callable[[], Outage | Busy]] = {
    "the store cannot be read": lambda: Outage(frozenset({"get"})),
    "no head can be written": lambda: Outage(frozenset({HEADS})),
    "no record can be written": lambda: Outage(frozenset({ITEMS})),
    "the store is busy": Busy,
    "no outcome can be appended": lambda: Outage(frozenset({"append"})),
}


@pytest.mark.parametrize("name", OUTAGES)
async def test_it_pauses_while_something_is_away_and_nothing_is_lost(scene: Scene, name: str) -> None:
    outage = OUTAGES[name]()
    worker = scene.start(plan=outage)
    await scene.send([*published(ITEMS_, 1), *published(SECOND, 101), *retracted(SECOND, 201)])
    await scene.holds(lambda: outage.met >= 10, "it was tried several times")
    assert worker.follower.paused is not None
    assert not worker.follower.ready
    assert await scene.committed() == [0] * PARTITIONS
    assert await words_of(scene.log) == {}
    outage.on = False
    await scene.caught_up()
    await scene.holds(lambda: worker.follower.ready, "it is ready")
    await scene.check()


async def test_an_answer_that_is_lost_repeats_the_round_and_not_the_effect(scene: Scene) -> None:
    lost = 0

    def plan(call: Call) -> Fault | None:
        nonlocal lost
        if call.size == 0 or call.what == "commit" or lost >= 12:
            return None
        lost += 1
        return Fault(Kind.DOWN, call.size)

    scene.start(plan=plan)
    await scene.send([*published(ITEMS_, 1), *retracted(ITEMS_, 101)])
    await scene.caught_up()
    assert lost == 12
    said = await outcomes_of(scene.log)
    assert any(len(told) > 1 for told in said.values()), "some outcome was appended again"
    for told in said.values():
        assert len(set(told)) == 1
    await scene.check()


@pytest.mark.parametrize("file", ["counted.db", "log.db"])
async def test_a_file_that_another_process_has_locked_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(stream.sqlite_thread, "BUSY_TIMEOUT_MS", 1)
    async with sqlite_site(tmp_path) as (log, _):
        store = CountingStore(tmp_path / "counted.db")
        scene = Scene(log, store)
        await scene.send(published(ITEMS_, 1))
        with closing(sqlite3.connect(tmp_path / file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            worker = scene.start()
            if file == "log.db":  # it cannot even say that it is alive; its supervisor begins anew
                [ended] = await asyncio.gather(worker.task, return_exceptions=True)
                assert isinstance(ended, Unavailable)
            else:
                await scene.holds(lambda: worker.follower.paused is not None, "it is paused")
                assert "locked" in str(worker.follower.paused)
            other.execute("ROLLBACK")
        if worker.task.done():
            worker = scene.start()
        await scene.caught_up()
        await scene.holds(lambda: worker.follower.ready, "it is ready")
        await worker.stop()
        await scene.check()
        await store.close()


# Commits and a clean stop.


@pytest.mark.parametrize("done", [False, True])
async def test_a_commit_without_an_answer_ends_the_follower_in_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    commit = SqliteConsumer.commit

    async def silent(consumer: SqliteConsumer, place: TopicPartition, offset: int) -> None:
        if done:
            await commit(consumer, place, offset)
        await asyncio.Event().wait()

    monkeypatch.setattr(SqliteConsumer, "commit", silent)
    worker = scene.start(limits=replace(QUICK, commit_deadline_s=0.05))
    await scene.send(published(ITEMS_, 1))
    [ended] = await asyncio.gather(worker.task, return_exceptions=True)
    assert isinstance(ended, TimeoutError)
    assert any(await scene.committed()) == done
    monkeypatch.undo()
    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_stop_finishes_the_round_and_commits_it(scene: Scene) -> None:
    process = Process(lambda call: Fault(Kind.STOP) if call.what == ITEMS else None)
    told = [event for event in published(ITEMS_, 1) if place_of(event) == 0]
    await scene.send(told)
    worker = scene.start(process=process)
    await scene.holds(lambda: process.stopped, "it is in the midst of a round")
    worker.follower.stop()
    await scene.log.append(messages(retracted(ITEMS_, 101)))
    assert not worker.task.done()
    process.plan = no_faults
    process.resume()
    await worker.task
    assert (await scene.committed())[0] == len(told)
    assert not worker.follower.ready
    await scene.check()


@pytest.mark.parametrize("what", ["get", "append"])
async def test_stop_does_not_wait_for_what_is_away(scene: Scene, what: str) -> None:
    worker = scene.start(
        plan=Outage(frozenset({what})), limits=replace(QUICK, retry_first_s=30, retry_longest_s=30)
    )
    await scene.send(published(ITEMS_, 1))
    await scene.holds(lambda: worker.follower.paused is not None, "it is paused")
    await worker.stop()
    assert await scene.committed() == [0] * PARTITIONS
    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_two_workers_share_the_work_and_one_takes_it_all_when_the_other_leaves(scene: Scene) -> None:
    both = [scene.start(member=name) for name in ("one", "two")]
    await scene.holds(lambda: all(worker.follower.ready for worker in both), "both are members")
    await scene.send(published(ITEMS_, 1))
    await scene.caught_up()
    await scene.send(published(SECOND, 101))
    await both[0].stop()
    await scene.send(retracted(SECOND, 201))
    await scene.caught_up()
    await scene.check()
