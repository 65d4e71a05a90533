"""The re-check of an index node: it changes nothing that is written, forgets nothing at any crash, never guesses."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from catalogue.store import UNCHECKED, Query, Ref, Store
from cv.vocabulary import Facet, Term, Vocabulary
from index_node.recheck import Recheck
from stream.events import Event
from stream.log import Log
from stream.outcomes import Outcome
from tests.support import cmip6, events
from tests.support.disturbed import crashes
from tests.support.nodes import (
    NOW,
    TOPICS,
    documents_of,
    messages,
    outcomes_of,
    sqlite_site,
    start_worker,
    until,
    until_caught_up,
)
from tests.support.rules import PlainBook
from tests.support.stacks import Stack

ITEM = cmip6.item(cmip6.sample_ids(1)[0])
ID = ITEM["id"]
FACETS = {"cmip6:experiment_id": "experiment_id", "cmip6:activity_id": "activity_id"}


def vocabulary(version: str, *experiments: str) -> Vocabulary:
    """One that knows these experiments, all of them CMIP's."""
    terms = tuple(Term(name.lower(), name, facts={"activity_id": ("CMIP",)}) for name in experiments)
    facets = {
        "experiment_id": Facet("experiment_id", terms),
        "activity_id": Facet("activity_id", (Term("cmip", "CMIP"),)),
    }
    return Vocabulary("cmip6", version, f"{version:0>64}", facets)


OLD, NEW = vocabulary("1", "historical"), vocabulary("2", "hist-renamed")


def stamped(event: Event, *vocabularies: Vocabulary) -> Event:
    """As a door stamps it that has these in use."""
    profile = PlainBook().profile_of("CMIP6")
    return replace(event, profile=profile.stamp, vocabularies=tuple(one.stamp for one in vocabularies))


def knowing(*vocabularies: Vocabulary) -> PlainBook:
    book = PlainBook()
    for one in vocabularies:
        book.learn(one)
    return book


def faulty(**properties: Any) -> cmip6.Item:
    item = copy.deepcopy(ITEM)
    item["properties"].update(properties)
    return item


async def followed(
    log: Log, store: Store, told: list[Event], book: PlainBook | None
) -> dict[str, list[Outcome]]:
    """What the node says of these events, once it has done them."""
    await log.append(messages(told))
    worker = start_worker(log, store, book=book)
    await until_caught_up(log, [worker])
    await worker.stop()
    return await outcomes_of(log)


async def waiting(store: Store) -> int:
    return (await store.search(Query(UNCHECKED, limit=10))).matched


def words(outcomes: list[Outcome]) -> list[str]:
    return sorted(outcome.outcome for outcome in outcomes)


async def test_a_failure_is_an_anomaly_with_its_findings_and_changes_nothing(tmp_path: Path) -> None:
    wrong = faulty(**{"cmip6:experiment_id": "historic"})
    told = [stamped(events.publish(wrong, 1), OLD)]
    (tmp_path / "plain").mkdir()
    async with sqlite_site(tmp_path) as (log, store), sqlite_site(tmp_path / "plain") as (other, unchecked):
        said = await followed(log, store, told, knowing(OLD))
        await followed(other, unchecked, told, None)
        assert await documents_of(store, told) == await documents_of(unchecked, told)
        assert words(said[told[0].id]) == ["anomaly", "indexed"]
        [anomaly] = [one for one in said[told[0].id] if one.outcome == "anomaly"]
        assert anomaly.problem is not None
        assert anomaly.requester.sub == "publisher"
        found = {
            finding["pointer"]: finding
            for finding in anomaly.problem["findings"]
            if finding["level"] == "error"
        }
        assert found["/properties/cmip6:experiment_id"]["vocabulary"] == "cmip6 1"
        assert found["/properties/cmip6:experiment_id"]["nearest"] == ["historical"]


async def test_what_is_right_by_its_own_vocabulary_stays_right(tmp_path: Path) -> None:
    book = knowing(OLD)
    book.use(NEW)
    told = [stamped(events.publish(ITEM, 1), OLD)]
    async with sqlite_site(tmp_path) as (log, store):
        said = await followed(log, store, told, book)
        assert words(said[told[0].id]) == ["indexed"]


async def test_a_node_without_the_vocabulary_applies_says_so_and_checks_after_import(tmp_path: Path) -> None:
    book = knowing(NEW)
    good = stamped(events.publish(ITEM, 1), OLD)
    second = cmip6.item(cmip6.sample_ids(2)[1])
    second["properties"]["cmip6:experiment_id"] = "historic"
    bad = stamped(events.publish(second, 2), OLD)
    async with sqlite_site(tmp_path) as (log, store):
        said = await followed(log, store, [good, bad], book)
        for event in (good, bad):
            [outcome] = said[event.id]
            assert (outcome.outcome, outcome.unchecked) == ("indexed", ("vocabulary cmip6 1",))
        assert await waiting(store) == 2
        recheck = Recheck("a", book, store, log, TOPICS.prefix, lambda: NOW)
        assert await recheck.catch_up() == 2
        assert recheck.missing == ("vocabulary cmip6 1",)
        book.learn(OLD)
        assert await recheck.catch_up() == 0
        assert not recheck.missing
        after = await outcomes_of(log)
        assert words(after[good.id]) == ["indexed"]
        assert words(after[bad.id]) == ["anomaly", "indexed"]
        assert await recheck.catch_up() == 0
        assert await outcomes_of(log) == after  # it is told once


async def test_whoever_runs_beside_the_followers_checks_when_rules_come(tmp_path: Path) -> None:
    book = knowing()
    bad = stamped(events.publish(faulty(**{"cmip6:experiment_id": "historic"}), 1), OLD)
    async with sqlite_site(tmp_path) as (log, store):
        await followed(log, store, [bad], book)
        running = asyncio.create_task(Recheck("a", book, store, log, TOPICS.prefix, lambda: NOW).run())
        book.learn(OLD)

        async def told() -> bool:
            return words((await outcomes_of(log))[bad.id]) == ["anomaly", "indexed"]

        await until(told)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_a_record_had_before_a_correction_is_forgiven(tmp_path: Path) -> None:
    published = stamped(events.publish(faulty(**{"cmip6:experiment_id": "historic"}), 1), OLD)
    mended = [{"op": "replace", "path": "/properties/cmip6:variable_long_name", "value": "x"}]
    broken = [{"op": "replace", "path": "/properties/cmip6:activity_id", "value": ["DCPP"]}]
    told = [
        published,
        *(stamped(events.correct(ID, n, patch=patch), OLD) for n, patch in ((2, mended), (3, broken))),
    ]
    async with sqlite_site(tmp_path) as (log, store):
        said = await followed(log, store, told, knowing(OLD))
        assert [words(said[event.id]) for event in told] == [
            ["anomaly", "indexed"],
            ["indexed"],
            ["anomaly", "indexed"],
        ]


async def test_a_correction_kept_aside_is_forgiven_too(tmp_path: Path) -> None:
    published = stamped(events.publish(faulty(**{"cmip6:experiment_id": "historic"}), 1), OLD)
    patch = [{"op": "replace", "path": "/properties/cmip6:variable_long_name", "value": "x"}]
    corrected = stamped(events.correct(ID, 2, patch=patch), OLD)
    book = knowing()
    async with sqlite_site(tmp_path) as (log, store):
        await followed(log, store, [published, corrected], book)
        book.learn(OLD)
        await Recheck("a", book, store, log, TOPICS.prefix, lambda: NOW).catch_up()
        said = await outcomes_of(log)
        assert [words(said[event.id]) for event in (published, corrected)] == [
            ["anomaly", "indexed"],
            ["indexed"],
        ]


async def test_other_actions_are_not_checked(tmp_path: Path) -> None:
    published = stamped(events.publish(faulty(**{"cmip6:experiment_id": "historic"}), 1), OLD)
    told = [
        events.replica_add(published.item or {}, "b", 2), events.retract(ID, 3), events.restore(ID, 4),
        events.deprecate(ID, 5),
    ]  # fmt: skip
    async with sqlite_site(tmp_path) as (log, store):
        said = await followed(log, store, [published, *told], knowing(OLD))
        assert [words(said[event.id]) for event in told] == [["indexed"]] * 4


async def test_no_anomaly_is_lost_at_any_crash(tmp_path: Path, stack: Stack) -> None:
    bad = stamped(events.publish(faulty(**{"cmip6:experiment_id": "historic"}), 1), OLD)
    async with stack.sites(tmp_path) as site:
        quiet, ends = await crashes(site, [], [bad], book=knowing(OLD))
    assert quiet.words == {bad.id: {"anomaly", "indexed"}}
    assert len(ends) >= 5
    for plan, end in ends:
        assert (end.words, end.documents) == (quiet.words, quiet.documents), plan.fault


async def test_nothing_kept_aside_is_lost_at_any_crash(tmp_path: Path) -> None:
    event = stamped(events.publish(ITEM, 1), OLD)

    async def left(folder: Path) -> list[Any]:
        async with sqlite_site(folder) as (_, store):
            found = await store.get_many([Ref(UNCHECKED, f"u:{event.id}", event.id)])
            return [orjson.loads(document.body)["missing"] for document in found.values()]

    folders = iter(tmp_path / str(n) for n in range(1000))
    used: list[Path] = []

    def site() -> Any:
        used.append(next(folders))
        used[-1].mkdir()
        return sqlite_site(used[-1])

    quiet, ends = await crashes(site, [], [event], book=knowing())
    assert len(ends) >= 5
    assert all(end.words == quiet.words == {event.id: {"indexed"}} for _, end in ends)
    assert [await left(folder) for folder in used] == [[["vocabulary cmip6 1"]]] * len(used)
