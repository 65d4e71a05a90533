"""At each write of a round something goes wrong: a new worker ends where an undisturbed one does.

Which writes there are is not listed here: an undisturbed worker is watched, then each of its writes is disturbed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from catalogue.lifecycle import ACTIONS
from catalogue.store import HEADS, ITEMS, Document, Ref
from stream.events import Event
from stream.keys import partition_of
from tests.model.alphabet import KINDS, skewed
from tests.support import cmip6, events
from tests.support.faults import AtCall, Call, Fault, Kind, Plan, no_faults
from tests.support.nodes import (
    PARTITIONS,
    Worker,
    check_model,
    check_outcomes,
    documents_of,
    follow_to_end,
    messages,
    open_site,
    outcomes_of,
    start_worker,
)

BOTH = ["publish v1", "replica-add v1 at b", "publish v2"]
# What has happened before, and what is disturbed.
STORIES: dict[str, tuple[list[str], str]] = {
    "first publish": ([], "publish v1"),
    "second version takes latest": (["publish v1"], "publish v2"),
    "older version comes late": (["publish v2"], "publish v1"),
    "publish clears deprecated": (["publish v1", "deprecate v1"], "publish v2"),
    "publish after purge": (["publish v1", "replica-add v1 at b", "purge v1"], "publish v1"),
    "correct": (["publish v1"], "correct v1"),
    "correct by merge patch": (["publish v1"], "correct v1, merge patch"),
    "correct an access asset": (["publish v1"], "correct v1, access asset"),
    "replace, other bytes": (["publish v1", "replica-add v1 at b"], "replace v1, other bytes"),
    "deprecate the latest": (BOTH, "deprecate v2"),
    "retract the latest": (BOTH, "retract v2"),
    "restore the latest": ([*BOTH, "retract v2"], "restore v2"),
    "restore the deprecated": (["publish v1", "deprecate v1"], "restore v1"),
    "withdraw": (BOTH, "withdraw v1"),
    "withdraw the retracted": ([*BOTH, "retract v1"], "withdraw v1"),
    "purge promotes the one below": (BOTH, "purge v2"),
    "purge the only one": (["publish v1"], "purge v1"),
    "replica-add": (["publish v1"], "replica-add v1 at b"),
    "replica-remove": (BOTH, "replica-remove v1 at b"),
    "replica-remove from a tombstone": ([*BOTH, "withdraw v1"], "replica-remove v1 at b"),
    "transfer": (BOTH, "transfer v1 to b"),
    "rejected": (["publish v1"], "publish v1, other content"),
    "rejected, unknown": ([], "retract v1"),
    "unchanged": (["publish v1"], "publish v1"),
}


def story(names: Sequence[str]) -> list[Event]:
    return [replace(KINDS[name](n), time=skewed(n)) for n, name in enumerate(names, start=1)]


@dataclass
class End:
    """What a worker, and those after it, have left."""

    documents: dict[Ref, Document]
    outcomes: dict[str, set[str]]
    calls: list[Call]
    deaths: int


async def told(backend: str, folder: Path, before: list[Event], then: list[Event], plan: Plan) -> End:
    """Follow `before` undisturbed, then `then` with a plan; all is compared with the model."""
    async with open_site(backend, folder) as (log, store):
        if before:
            await log.append(messages(before))
            await follow_to_end(log, "a", lambda: start_worker(log, store))
        await log.append(messages(then))
        plans, workers = itertools.chain([plan], itertools.repeat(no_faults)), list[Worker]()

        def start() -> Worker:
            workers.append(start_worker(log, store, plan=next(plans)))
            return workers[-1]

        deaths = await follow_to_end(log, "a", start)
        everything = [*before, *then]
        model = await check_model(store, everything)
        await check_outcomes(log, model, everything)
        said = {
            event_id: {outcome.outcome for outcome in outcomes}
            for event_id, outcomes in (await outcomes_of(log)).items()
        }
        documents = await documents_of(store, everything)
        return End(documents, said, workers[0].process.calls, len(deaths))


def faults(calls: Sequence[Call], kinds: Sequence[Kind]) -> Iterator[AtCall]:
    """Every fault of these kinds at every write of every call."""
    for number, call in enumerate(calls):
        in_store = call.what in (HEADS, ITEMS)
        for kind, done in itertools.product(kinds, range(call.size + 1)):
            nothing = (kind is Kind.PARTIAL and done == call.size) or (kind is Kind.RACE and done == 0)
            again = kind is Kind.CRASH and done == 0 and number > 0  # the end of the call before
            if not nothing and not again and (in_store or kind in (Kind.CRASH, Kind.DOWN)):
                yield AtCall(number, Fault(kind, done))


async def disturb(
    backend: str, folder: Path, before: list[Event], then: list[Event], kinds: Sequence[Kind]
) -> int:
    """Every fault once; how many there were."""
    quiet = await told(backend, folder / "quiet", before, then, no_faults)
    assert quiet.deaths == 0
    count = 0
    for count, plan in enumerate(faults(quiet.calls, kinds), start=1):
        end = await told(backend, folder / str(count), before, then, plan)
        where = f"{plan.fault} at call {plan.number} of {quiet.calls}"
        assert plan.happened, where
        assert end.documents == quiet.documents, where
        assert end.outcomes == quiet.outcomes, where
        assert end.deaths == (1 if plan.fault.kind is Kind.CRASH else end.deaths), where
    return count


def test_the_stories_tell_every_action_and_every_end() -> None:
    assert {KINDS[name](1).action for _, name in STORIES.values()} == set(ACTIONS)


@pytest.mark.parametrize("name", STORIES)
async def test_crash_at_each_write(tmp_path: Path, name: str) -> None:
    before, then = STORIES[name]
    *earlier, last = story([*before, then])
    count = await disturb("sqlite", tmp_path, earlier, [last], [Kind.CRASH])
    assert count >= 4  # before the head, after the head, after the outcome, after the commit


@pytest.mark.parametrize("name", STORIES)
async def test_the_store_or_log_fails_at_each_write(tmp_path: Path, name: str) -> None:
    before, then = STORIES[name]
    *earlier, last = story([*before, then])
    count = await disturb("memory", tmp_path, earlier, [last], [Kind.DOWN, Kind.PARTIAL, Kind.RACE])
    assert count >= 8


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_any_fault_while_a_history_is_read_in_one_batch(tmp_path: Path, kind: str) -> None:
    every = [Kind.CRASH, Kind.DOWN, Kind.PARTIAL, Kind.RACE]
    await disturb("memory", tmp_path, [], story([*BOTH, kind]), every)


async def test_any_fault_while_several_datasets_share_a_round(tmp_path: Path) -> None:
    ids = [
        one
        for one in cmip6.sample_ids(40)
        if partition_of(events.publish(cmip6.item(one)).key, PARTITIONS) == 0
    ]
    first = [cmip6.item(one) for one in ids[:4]]
    second = [cmip6.second_version(one) for one in first]
    told = [
        *[events.publish(one, n) for n, one in enumerate(first, start=1)],
        *[events.publish(one, n) for n, one in enumerate(second, start=11)],
        *[events.purge(one["id"], n) for n, one in enumerate(second, start=21)],
    ]
    count = await disturb("memory", tmp_path, [], told, [Kind.CRASH, Kind.DOWN, Kind.PARTIAL, Kind.RACE])
    assert count > 100
