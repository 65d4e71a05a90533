"""Poison among good events, in a real log and store: it is buried with its origin, and nothing waits for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from prometheus_client import REGISTRY

from catalogue.store import Store
from stream.events import Event, encode
from stream.keys import partition_of
from stream.log import Log, Message, Receipt
from tests.support import cmip6, events
from tests.support.disturbed import faults
from tests.support.faults import AtCall, Call, Kind, Plan, no_faults
from tests.support.histories import small
from tests.support.nodes import (
    NOW,
    PARTITIONS,
    TOPICS,
    Worker,
    caught_up,
    check_model,
    check_words,
    dead_letters_of,
    documents_of,
    follow_to_end,
    memory_site,
    messages,
    outcomes_of,
    sqlite_site,
    start_worker,
    until,
    words_of,
)
from tests.support.poison import Poison, poisons
from tests.support.virtual_time import run_virtual

DATASETS = 230
FIRST_POISON = 1_000_000
CHUNK = 250


def good_events(datasets: int) -> list[Event]:
    """Seven of each dataset, in waves; what is wrong with some is for the fold to say."""
    full = [cmip6.item(item_id) for item_id in cmip6.sample_ids(datasets)]
    items, news = [small(one) for one in full], [small(cmip6.second_version(one)) for one in full]
    mended = [{"op": "add", "path": "/properties/note", "value": "mended"}]
    waves = [
        [events.publish(item, n) for n, item in enumerate(items, 1000)],
        [events.replica_add(item, "b", n) for n, item in enumerate(items, 2000)],
        [events.correct(item["id"], n, patch=mended) for n, item in enumerate(items, 3000)],
        [events.publish(item, n) for n, item in enumerate(news, 4000)],
        [events.correct(item["id"], n, patch=[]) for n, item in enumerate(news, 5000)],  # changes nothing
        [events.purge(f"{item['id']}1", n) for n, item in enumerate(news, 6000)],  # unknown
        [events.retract(item["id"], n) for n, item in enumerate(news, 7000)],
    ]
    return [event for wave in waves for event in wave]


def mixed(good: Sequence[Message], bad: Sequence[Poison]) -> list[Message]:
    """The good ones in their order, poison anywhere among them, and at both ends."""
    first, *others, last = [one.message for one in bad]
    found = list(good)
    rng = random.Random(8)
    for message in others:
        found.insert(rng.randint(0, len(found)), message)
    return [first, *found, last]


async def append(log: Log, all_messages: list[Message]) -> list[tuple[Message, Receipt]]:
    found = []
    for start in range(0, len(all_messages), CHUNK):
        chunk = all_messages[start : start + CHUNK]
        found += list(zip(chunk, await log.append(chunk), strict=True))
    return found


def lags() -> list[float | None]:
    places = [(TOPICS.collections, 0), *[(TOPICS.transactions, number) for number in range(PARTITIONS)]]
    return [
        REGISTRY.get_sample_value(
            "stacfed_lag_events", {"follower": "index", "topic": topic, "partition": str(number)}
        )
        for topic, number in places
    ]


async def check_buried(
    log: Log, bad: Sequence[Poison], sent: Sequence[tuple[Message, Receipt]], node: str = "a"
) -> None:
    """Each in the dead letters with its origin and its bytes, and in the handle's outcomes where it names one."""
    of = {one.message: one for one in bad}
    where = [(of[message], receipt) for message, receipt in sent if message in of]
    letters = await dead_letters_of(log)
    assert {
        (one.topic, one.partition, one.offset, one.key, one.value, one.kind, one.event_id, one.follower, one.time)
        for one in letters
    } == {
        (*receipt.place, receipt.offset, one.message.key, one.message.value, one.kind, one.event_id, "index", NOW)
        for one, receipt in where
    }  # fmt: skip
    assert all(letter.detail for letter in letters)
    told = await outcomes_of(log, node)
    for one, receipt in where:
        if one.event_id is not None:
            for outcome in told[one.event_id]:
                assert (outcome.outcome, outcome.problem is not None) == ("dead-letter", True)
                assert (outcome.partition, outcome.offset) == (receipt.place.partition, receipt.offset)


async def check_datasets(store: Store, said: dict[str, set[str]], all_events: Sequence[Event]) -> set[str]:
    """Each dataset is as the model says, and each of its events was answered so; which answers there were."""
    by_key: dict[str, list[Event]] = {}
    for event in all_events:
        by_key.setdefault(event.key, []).append(event)
    outcomes = set()
    for some in by_key.values():
        model = check_model(await documents_of(store, some), some)
        check_words(said, model, some)
        outcomes |= set(model.outcomes.values())
    return outcomes


async def test_poison_is_buried_and_all_else_is_indexed(tmp_path: Path) -> None:
    good, bad = good_events(DATASETS), list(poisons(FIRST_POISON).values())
    assert 0.01 <= len(bad) / len(good) <= 0.05
    async with sqlite_site(tmp_path) as (log, store):
        worker = start_worker(log, store)
        sent = await append(log, mixed(messages(good), bad))

        async def done() -> bool:
            return await caught_up(log) and lags() == [0] * 4

        await until(done, "the lag is 0")
        assert worker.follower.ready
        await worker.stop()
        await check_buried(log, bad, sent)
        assert len(await dead_letters_of(log)) == len(bad)
        said = await words_of(log)
        outcomes = await check_datasets(store, said, good)
        assert outcomes == {"indexed", "unchanged", "rejected"}
        buried = {one.event_id for one in bad if one.event_id is not None}
        assert said.keys() - {event.id for event in good} == buried


def test_there_are_many_kinds_of_poison() -> None:
    found = poisons(1)
    assert len(found) >= 60
    assert {one.kind for one in found.values()} == {"undecodable", "unstamped", "misrouted"}
    assert len({one.message for one in found.values()}) == len(found)


@pytest.mark.parametrize(
    "time", ["2026-01-01T00:00:07.5", "2026-01-01 00:00:07.500", "2026-01-01T02:00:07.5+02:00"]
)
async def test_a_time_of_another_writing_is_no_poison(tmp_path: Path, time: str) -> None:
    item = cmip6.item(cmip6.sample_ids(1)[0])
    event = events.publish(item)
    document = orjson.loads(encode(event))
    document["metadata"] |= {
        "time": time,
        "publisher": {},
        "reason": None,
        "a member of tomorrow": {"a": [1]},
    }
    async with sqlite_site(tmp_path) as (log, store):
        await log.append([Message(TOPICS.transactions, event.key, orjson.dumps(document))])
        worker = start_worker(log, store)
        await until(lambda: caught_up(log))
        await worker.stop()
        assert await dead_letters_of(log) == []
        as_utc = [replace(event, time="2026-01-01T00:00:07.500000Z")]
        check_words(await words_of(log), check_model(await documents_of(store, as_utc), as_utc), as_utc)


def test_any_fault_while_poison_is_buried() -> None:
    """Of a dataset's events the last is worked in any case; poison may be buried twice, and never not."""
    item = cmip6.item(cmip6.sample_ids(1)[0])
    good = [events.publish(item, 1), events.retract(item["id"], 2)]
    bad = [one for name, one in poisons(10).items() if name in ("nothing", "no action", "an unknown action")]
    assert (
        len(
            {
                partition_of(message.key, PARTITIONS)
                for message in [*messages(good), *(one.message for one in bad)]
            }
        )
        == 1
    )

    async def played(plan: Plan) -> list[Call]:
        async with memory_site() as (log, store):
            first, second = messages(good)
            sent = await append(log, [first, *(one.message for one in bad), second])
            plans, workers = iter([plan]), list[Worker]()

            def start() -> Worker:
                workers.append(start_worker(log, store, plan=next(plans, no_faults)))
                return workers[-1]

            await follow_to_end(log, "a", start)
            await check_buried(log, bad, sent)
            check_words(await words_of(log), check_model(await documents_of(store, good), good), good)
            return workers[0].process.calls

    calls = run_virtual(played(no_faults))
    plans: list[AtCall] = list(faults(calls, [Kind.CRASH, Kind.DOWN]))
    assert len(plans) > 20
    for plan in plans:
        run_virtual(played(plan))
        assert plan.happened
