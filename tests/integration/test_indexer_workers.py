"""Several workers of one node: they share the partitions, and one that dies or wakes up too late does no harm."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.store import HEADS, Document, Ref
from stream.events import Event
from tests.support.disturbed import BOTH, End, faults, story, told
from tests.support.faults import AtCall, Crash, Fault, Kind
from tests.support.histories import history
from tests.support.memory_log import MemoryLog
from tests.support.nodes import (
    QUICK,
    caught_up,
    check_model,
    check_words,
    documents_of,
    events_of,
    follow_to_end,
    memory_site,
    messages,
    sqlite_log,
    sqlite_store,
    start_worker,
    until,
    until_caught_up,
    words_of,
)
from tests.support.virtual_time import run_virtual

SESSION_S = 0.5
LATE_S = 10.0  # of a clock that jumps
SLOW = replace(QUICK, rebalance_every_s=0.5, fetch_wait_s=1.0)


# A worker stands still at some write, another does its work and all that comes after, and then it wakes up.

HISTORIES = {
    "latest goes to and fro": [*BOTH, "retract v2", "restore v2", "purge v2", "publish v2"],
    "locations": [
        *BOTH,
        "replica-add v1 at c, sizes told",
        "replica-remove v1 at b",
        "transfer v1 to c, dropping",
    ],
    "content": [
        "publish v1",
        "correct v1",
        "replace v1, other bytes",
        "correct v1, merge patch",
        "withdraw v1",
    ],
}


async def woken_late(events: list[Event], plan: AtCall) -> End:
    async with memory_site() as (log, store):
        assert isinstance(log, MemoryLog)
        log.session_s = 2.0
        await log.append(messages(events))
        zombie = start_worker(log, store, plan=plan, limits=SLOW)

        async def stands_still() -> bool:
            return zombie.process.stopped

        await until(stands_still)
        heir = start_worker(log, store, member="two", limits=SLOW)
        await until_caught_up(log, [heir])
        zombie.process.resume()
        await asyncio.sleep(LATE_S)
        assert await caught_up(log)
        assert zombie.follower.ready
        await zombie.stop()
        await heir.stop()
        return End(await documents_of(store, events), await words_of(log), zombie.process.calls, 0)


@pytest.mark.parametrize("name", HISTORIES)
def test_a_worker_that_wakes_up_late_at_any_write_changes_nothing(name: str) -> None:
    events = story(HISTORIES[name])
    quiet = run_virtual(told(memory_site, [], events))
    check_words(quiet.words, check_model(quiet.documents, events), events)
    plans = list(faults(quiet.calls, [Kind.STOP]))
    assert len(plans) > len(quiet.calls)
    for plan in plans:
        end = run_virtual(woken_late(events, plan))
        went_on = len(end.calls) > plan.number + 1 or end.calls[plan.number].what == "commit"
        assert went_on, "it never woke up"
        assert (end.documents, end.words) == (quiet.documents, quiet.words), f"{plan.fault} at {plan.number}"


# The same with real files: three workers, each with its own connections, as three processes have.


async def alone(folder: Path, events: list[Event]) -> dict[Ref, Document]:
    """What one quiet worker makes of the log."""
    log, store = await sqlite_log(folder), sqlite_store(folder, "alone")
    await follow_to_end(log, "alone", lambda: start_worker(log, store, node="alone"))
    documents = await documents_of(store, events)
    await log.close()
    await store.close()
    return documents


@pytest.mark.parametrize("seed", range(4))
async def test_three_workers_of_which_one_dies_and_one_wakes_up_late(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    log = await sqlite_log(tmp_path, session_s=SESSION_S)
    told_events = history(rng, 200, datasets=6)
    opened = [(await sqlite_log(tmp_path, session_s=SESSION_S), sqlite_store(tmp_path)) for _ in range(3)]
    plans = [
        AtCall(rng.randint(0, 2), Fault(kind, 1), frozenset({HEADS})) for kind in (Kind.CRASH, Kind.STOP)
    ]
    workers = [start_worker(*opened[n], member=f"w{n}", plan=plans[n]) for n in range(2)]

    async def shared() -> bool:
        return [len(worker.follower._loops) for worker in workers] == [2, 2]

    async def trouble() -> bool:
        await log.append(messages(told_events[:5]))
        del told_events[:5]
        return workers[0].task.done() and workers[1].process.stopped

    await until(shared, "both have a share")
    await until(trouble, "one has died and one stands still")
    assert isinstance(workers[0].task.exception(), Crash)
    await log.append(messages(told_events))
    workers += [start_worker(*opened[2], member="w2"), start_worker(*opened[0], member="w0")]
    await until_caught_up(log, workers[2:])  # the others have done it all
    zombie = workers[1]
    calls = len(zombie.process.calls)
    zombie.process.resume()

    async def awake() -> bool:
        return len(zombie.process.calls) > calls

    await until(awake, "it goes on with what it was doing")
    await until_caught_up(log, workers[1:])
    for worker in workers[1:]:
        await worker.stop()
    events = await events_of(log)
    documents = await documents_of(opened[0][1], events)
    check_words(await words_of(log), check_model(documents, events), events)
    assert documents == await alone(tmp_path, events)
    for own_log, own_store in opened:
        await own_log.close()
        await own_store.close()
    await log.close()
