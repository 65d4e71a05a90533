"""Histories in which something goes wrong at one write, whichever it is.

Which writes there are is not listed here: an undisturbed worker is watched, then each of its writes is disturbed.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalogue.store import Document, Ref
from stream.events import Event
from tests.model.alphabet import KINDS, skewed
from tests.support.faults import AtCall, Call, Fault, Kind, Plan, no_faults
from tests.support.nodes import (
    Site,
    Worker,
    check_model,
    check_words,
    documents_of,
    follow_to_end,
    messages,
    start_worker,
    words_of,
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
    words: dict[str, set[str]]
    calls: list[Call]
    deaths: int


OpenSite = Callable[[], Site]


async def told(
    open_site: OpenSite, before: list[Event], then: list[Event], plan: Plan = no_faults, **kind: Any
) -> End:
    """Follow `before` undisturbed, then `then` with a plan. `kind` says what kind of workers, see start_worker."""
    async with open_site() as (log, store):
        if before:
            await log.append(messages(before))
            await follow_to_end(log, "a", lambda: start_worker(log, store, **kind))
        await log.append(messages(then))
        plans, workers = itertools.chain([plan], itertools.repeat(no_faults)), list[Worker]()

        def start() -> Worker:
            workers.append(start_worker(log, store, plan=next(plans), **kind))
            return workers[-1]

        deaths = await follow_to_end(log, "a", start)
        documents = await documents_of(store, [*before, *then])
        return End(documents, await words_of(log), workers[0].process.calls, len(deaths))


def faults(calls: Sequence[Call], kinds: Sequence[Kind]) -> Iterator[AtCall]:
    """Every fault of these kinds at every write of every call."""
    for number, call in enumerate(calls):
        in_store = call.what not in ("append", "commit")
        for kind, done in itertools.product(kinds, range(call.size + 1)):
            nothing = (kind is Kind.PARTIAL and done == call.size) or (kind is Kind.RACE and done == 0)
            dies = kind in (Kind.CRASH, Kind.STOP)
            again = dies and done == 0 and number > 0  # the end of the call before
            if not nothing and not again and (in_store or dies or kind is Kind.DOWN):
                yield AtCall(number, Fault(kind, done))


async def disturb(
    open_site: OpenSite, before: list[Event], then: list[Event], kinds: Sequence[Kind], at_once: int = 1
) -> int:
    """Every fault once; how many there were. The undisturbed end is the model's, and all others are its equals."""
    places = asyncio.Semaphore(at_once)
    quiet = await told(open_site, before, then)
    assert quiet.deaths == 0
    check_words(quiet.words, check_model(quiet.documents, [*before, *then]), [*before, *then])
    plans = list(faults(quiet.calls, kinds))

    async def check(plan: AtCall) -> None:
        async with places:
            end = await told(open_site, before, then, plan)
        where = f"{plan.fault} at call {plan.number} of {quiet.calls}"
        assert plan.happened, where
        assert end.documents == quiet.documents, where
        assert end.words == quiet.words, where
        assert end.deaths == 1 or plan.fault.kind is not Kind.CRASH, where

    await asyncio.gather(*map(check, plans))
    return len(plans)


async def crashes(
    open_site: OpenSite, before: list[Event], then: list[Event], **kind: Any
) -> tuple[End, list[tuple[AtCall, End]]]:
    """The undisturbed end of workers of this kind, and their end after a crash at each write."""
    quiet = await told(open_site, before, then, **kind)
    plans = list(faults(quiet.calls, [Kind.CRASH]))
    return quiet, [(plan, await told(open_site, before, then, plan, **kind)) for plan in plans]
