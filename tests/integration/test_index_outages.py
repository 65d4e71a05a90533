"""An index node waits for what is away, and stops cleanly: nothing is lost and nothing is done twice."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import stream.sqlite_thread
from catalogue.store import HEADS, ITEMS
from stream.errors import Unavailable
from stream.log import TopicPartition
from stream.sqlite import SqliteConsumer
from tests.support.faults import Call, Fault, Kind, Outage, Process, no_faults
from tests.support.nodes import (
    DEADLINE_S,
    PARTITIONS,
    QUICK,
    messages,
    outcomes_of,
    words_of,
)
from tests.support.scene import (
    FIRST,
    LOG_FILE,
    SECOND,
    STORE_FILE,
    Scene,
    opened,
    place_of,
    published,
    retracted,
)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened(tmp_path) as found:
        yield found


# Outages.


@dataclass
class Busy:
    """While `on` the store takes half of the writes of a call, and answers UNAVAILABLE for the others."""

    kind: str
    on: bool = True
    met: int = 0

    def __call__(self, call: Call) -> Fault | None:
        if not self.on or call.what != self.kind:
            return None
        self.met += 1
        return Fault(Kind.PARTIAL, call.size // 2)


OUTAGES: dict[str, Callable[[], Outage | Busy]] = {
    "the store cannot be read": lambda: Outage(frozenset({"get"})),
    "no head can be written": lambda: Outage(frozenset({HEADS})),
    "no record can be written": lambda: Outage(frozenset({ITEMS})),
    "the store is busy with heads": lambda: Busy(HEADS),
    "the store is busy with records": lambda: Busy(ITEMS),
    "no outcome can be appended": lambda: Outage(frozenset({"append"})),
}


@pytest.mark.parametrize("name", OUTAGES)
async def test_it_pauses_while_something_is_away_and_nothing_is_lost(scene: Scene, name: str) -> None:
    outage = OUTAGES[name]()
    worker = scene.start(plan=outage)
    await scene.send([*published(FIRST, 1), *published(SECOND, 101), *retracted(SECOND, 201)])
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
    await scene.send([*published(FIRST, 1), *retracted(FIRST, 101)])
    await scene.caught_up()
    assert lost == 12
    said = await outcomes_of(scene.log)
    assert any(len(told) > 1 for told in said.values()), "some outcome was appended again"
    for told in said.values():
        assert len(set(told)) == 1
    await scene.check()


@pytest.mark.parametrize("file", [STORE_FILE, LOG_FILE])
async def test_a_file_that_another_process_has_locked_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    monkeypatch.setattr(stream.sqlite_thread, "BUSY_TIMEOUT_MS", 1)
    async with opened(tmp_path) as scene:
        await scene.send(published(FIRST, 1))
        with closing(sqlite3.connect(tmp_path / file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            worker = scene.start()
            if file == LOG_FILE:  # it cannot even say that it is alive; its supervisor begins anew
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
        await scene.check()


# Commits and a clean stop.


@pytest.mark.parametrize("done", [False, True])
async def test_a_commit_without_an_answer_ends_the_follower_in_time(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    commit, answered = SqliteConsumer.commit, asyncio.Event()

    async def silent(consumer: SqliteConsumer, place: TopicPartition, offset: int) -> None:
        if done:
            await commit(consumer, place, offset)
        await answered.wait()

    monkeypatch.setattr(SqliteConsumer, "commit", silent)
    worker = scene.start(limits=replace(QUICK, commit_deadline_s=0.05))
    await scene.send(published(FIRST, 1))
    await asyncio.wait({worker.task}, timeout=DEADLINE_S)
    answered.set()
    assert worker.task.done()
    assert isinstance(worker.task.exception(), TimeoutError)
    assert any(await scene.committed()) == done
    monkeypatch.undo()
    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_stop_finishes_the_round_and_commits_it(scene: Scene) -> None:
    process = Process(lambda call: Fault(Kind.STOP) if call.what == ITEMS else None)
    told, later = [
        [event for event in some if place_of(event) == 0]
        for some in (published(FIRST, 1), retracted(FIRST, 101))
    ]
    await scene.send(told)
    worker = scene.start(process=process)
    await scene.holds(lambda: process.stopped, "it is in the midst of a round")
    worker.follower.stop()
    await scene.log.append(messages(later))
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
    await scene.send(published(FIRST, 1))
    await scene.holds(lambda: worker.follower.paused is not None, "it is paused")
    await worker.stop()
    assert await scene.committed() == [0] * PARTITIONS
    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_two_workers_share_the_work_and_one_takes_it_all_when_the_other_leaves(scene: Scene) -> None:
    both = [scene.start(member=name) for name in ("one", "two")]
    await scene.holds(lambda: all(worker.follower.ready for worker in both), "both are members")
    await scene.send(published(FIRST, 1))
    await scene.caught_up()
    await scene.send(published(SECOND, 101))
    await both[0].stop()
    await scene.send(retracted(SECOND, 201))
    await scene.caught_up()
    await scene.check()
