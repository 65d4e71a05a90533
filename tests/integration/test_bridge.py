"""The bridge: a foreign topic, checked and stamped, goes into the catalogue once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import pytest

from catalogue.lifecycle import State
from catalogue.profile_shelf import profile_of
from catalogue.record import decode_record
from catalogue.store import item_ref
from federation.bridging import Crossing, make_crossing
from federation.failed import Failed
from stream.dead_letters import VALUE_BYTES_MAX, DeadLetter
from stream.errors import PROBLEMS
from stream.events import Event, Origin
from stream.log import Message
from tests.support import cmip6, events
from tests.support.bridged import (
    LIMITS,
    bridged_events,
    cross,
    indexed,
    make_bridge,
    start_crossing,
    times_of,
    with_collection,
)
from tests.support.disturbed import faults
from tests.support.faults import Call, Crash, Kind, Plan, Process, no_faults
from tests.support.foreign import ACCEPTED, NOT_LATEST, TOPIC, Foreign, Sent, large_topic
from tests.support.memory_log import MemoryLog
from tests.support.nodes import (
    TOPICS,
    check_model,
    check_words,
    dead_letters_of,
    digest_by_collection,
    documents_of,
    events_of,
    memory_site,
    messages,
    sqlite_site,
    until,
    words_of,
)
from tests.support.stacks import Stack
from tests.support.virtual_time import run_virtual


async def test_a_whole_topic_comes_over(tmp_path: Path, stack: Stack) -> None:
    topic = large_topic(80)
    assert len(topic.messages) > 300
    async with stack.sites(tmp_path) as site, site() as (log, store):
        receipts = await topic.append(log)
        async with indexed(log, store):
            await with_collection(log)
            bridge = await cross(log, store)
        assert (bridge.appended, bridge.refused.total(), bridge.known) == (
            topic.count(ACCEPTED), len(topic.messages) - topic.count(ACCEPTED), 0,
        )  # fmt: skip
        own = await events_of(log)
        check_words(await words_of(log), check_model(await documents_of(store, own), own), own)
        letters = {one.origin: one for one in await dead_letters_of(log)}
        found = {event.origin: event for event in await bridged_events(log)}
        for one, receipt in zip(topic.sent, receipts, strict=True):
            place = Origin(*receipt.place, receipt.offset)
            letter, event = letters.pop(place, None), found.pop(place, None)
            if one.fate == ACCEPTED:
                assert letter is None
                assert event is not None
                check_stamp(event, one)
            else:
                assert event is None
                assert letter is not None
                check_letter(letter, one)
        assert not letters
        assert not found


def check_stamp(event: Event, one: Sent) -> None:
    """Theirs is kept, ours is ours."""
    assert (event.id, event.requester.sub, event.request_id) == (
        one.event_id, "publisher", f"r{int(str(one.event_id)[2:], 16)}",
    )  # fmt: skip
    assert event.time.startswith("2026-02-01T")
    assert event.time.endswith(".500000Z")
    assert (event.expected, event.fold, event.profile) == (("a",), 1, profile_of("CMIP6").stamp)
    assert event.rules == profile_of("CMIP6").rules(event.item_id)


def check_letter(letter: DeadLetter, one: Sent) -> None:
    assert (letter.kind, letter.key) == (one.fate, one.message.key)
    assert letter.value == one.message.value[:VALUE_BYTES_MAX]
    assert (letter.follower, letter.node) == ("bridge", "a")
    assert letter.kind in PROBLEMS
    assert len(letter.detail) > 10


async def test_what_the_patches_say_happens(tmp_path: Path) -> None:
    """Three records, told by hand: retracted, replicated without sizes, superseded; order in their partitions alone."""
    first, other, third = (cmip6.item(item_id) for item_id in cmip6.sample_ids(3))
    later, topic = cmip6.second_version(first), Foreign()
    topic.post(first)
    topic.post(later)
    topic.patch(first["id"], NOT_LATEST)
    topic.post(other)
    topic.replicate(other, "north")
    topic.post(third)
    topic.retract(third["id"])
    async with sqlite_site(tmp_path) as (log, store):
        await topic.append(log)
        async with indexed(log, store):
            await with_collection(log)
            await cross(log, store)
        records = {}
        for item in (first, later, other, third):
            ref = item_ref("CMIP6", item["id"], events.publish(item).key)
            records[item["id"]] = decode_record((await store.get_many([ref]))[ref].body)
        assert not records[first["id"]].latest
        assert records[later["id"]].latest
        assert records[third["id"]].state == State.RETRACTED
        assert records[third["id"]].item["assets"], "a retraction loses nothing"
        [key, *_] = cmip6.data_keys(other)
        copy = records[other["id"]].item["assets"][key]["alternate"]["north"]
        assert copy["file:size"] == other["assets"][key]["file:size"]
        assert "title" not in records[other["id"]].item["assets"][key], "null is absent"


async def test_a_second_run_appends_nothing(tmp_path: Path) -> None:
    topic = large_topic(10)
    async with sqlite_site(tmp_path) as (log, store):
        await topic.append(log)
        async with indexed(log, store):
            await with_collection(log)
            await cross(log, store)
            before = await log.end(TOPICS.transactions), await log.end(TOPICS.dead_letters)
            again = await cross(log, store)
            assert (again.appended, again.known, again.refused.total()) == (0, 0, 0)
            assert (await log.end(TOPICS.transactions), await log.end(TOPICS.dead_letters)) == before


async def test_a_log_that_has_forgotten_the_group_is_asked_for_origins() -> None:
    topic = large_topic(10)
    async with memory_site() as (log, store):
        assert isinstance(log, MemoryLog)
        await topic.append(log)
        async with indexed(log, store):
            await with_collection(log)
            first = await cross(log, store)
            for group, place in list(log.broker.committed):
                if "bridge" in group:
                    del log.broker.committed[group, place]
            again = await cross(log, store)
        assert (again.appended, again.known) == (0, first.appended)
        assert set(times_of(await bridged_events(log)).values()) == {1}


async def test_a_topic_that_was_made_anew_is_another_topic() -> None:
    async with memory_site() as (log, store):
        assert isinstance(log, MemoryLog)
        items = [cmip6.item(item_id) for item_id in cmip6.sample_ids(20)]
        async with indexed(log, store):
            await with_collection(log)
            for n in (0, 10):
                topic = Foreign(_numbers=itertools.count(1 + n))
                for item in items[n : n + 10]:
                    topic.post(item)
                log.broker.topics.pop(TOPIC, None)
                for group, place in [key for key in log.broker.committed if "bridge" in key[0]]:
                    del log.broker.committed[group, place]
                await topic.append(log, 1)
                assert (await cross(log, store)).appended == 10


def small_topic() -> Foreign:
    """Patches that need what came before them, a refusal and poison, all in two partitions."""
    first, other, third = (cmip6.item(item_id) for item_id in cmip6.sample_ids(3))
    topic = Foreign()
    topic.post(first)
    topic.post(third)
    topic.replicate(first, "north")
    topic.post({**other, "geometry": "everywhere"}, "stac-validation")
    topic.post(other)
    topic.post(cmip6.second_version(first))
    topic.raw(first["id"], b"{", "undecodable")
    topic.retract(first["id"])
    topic.put(cmip6.other_bytes(other))
    topic.patch(first["id"], [{"op": "add", "path": "/properties/note", "value": "late"}])
    topic.patch(third["id"], {"properties": {"note": "third"}})
    topic.retract(third["id"])
    topic.replicate(other, "south")
    return topic


async def played(plan: Plan) -> tuple[list[Call], dict[str, str], list[Event], int]:
    """The small topic goes over, by a new process whenever one dies: its calls, digests, events, deaths."""
    topic = small_topic()
    async with memory_site() as (log, store):
        await topic.append(log, 2)
        plans, process, deaths = iter([plan]), None, 0
        async with indexed(log, store):
            await with_collection(log)
            for _ in range(5):
                own = Process(next(plans, no_faults))
                process = process or own
                crossing = await start_crossing(log, store, process=own)
                try:
                    await crossing.run(asyncio.Event(), until_end=True)
                    break
                except Crash:
                    deaths += 1
                    await asyncio.sleep(20)  # its session ends
        own_events = await events_of(log)
        check_words(
            await words_of(log), check_model(await documents_of(store, own_events), own_events), own_events
        )
        found = await bridged_events(log)
        letters = {one.origin: one.kind for one in await dead_letters_of(log)}
        assert sorted(letters.values()) == ["stac-validation", "undecodable"]
        assert len(times_of(found)) == topic.count(ACCEPTED)
        assert process is not None
        return process.calls, await digest_by_collection(store), found, deaths


def test_a_crash_at_every_write_changes_nothing() -> None:
    """What was appended and not committed is on our log, and is not appended again."""
    calls, undisturbed, _, _ = run_virtual(played(no_faults))
    plans = list(faults(calls, [Kind.CRASH]))
    assert len(plans) > 15
    for plan in plans:
        _, digests, found, deaths = run_virtual(played(plan))
        assert (plan.happened, deaths) == (True, 1)
        assert digests == undisturbed
        assert set(times_of(found).values()) == {1}


def test_a_lost_answer_at_every_write_changes_nothing() -> None:
    """What is appended twice is the same event, so it has one effect."""
    calls, undisturbed, _, _ = run_virtual(played(no_faults))
    plans, twice = list(faults(calls, [Kind.DOWN])), 0
    for plan in plans:
        _, digests, found, deaths = run_virtual(played(plan))
        assert (plan.happened, deaths) == (True, 0)
        assert digests == undisturbed
        twice += len(found) - len(times_of(found))
        assert len({event.id for event in found}) == len(times_of(found))
    assert twice, "no answer was ever lost"


async def test_it_waits_for_the_index_before_a_patch(tmp_path: Path) -> None:
    """Without an index node nothing is known of the record: a publication goes over, a patch has to wait."""
    [item] = (cmip6.item(item_id) for item_id in cmip6.sample_ids(1))
    topic = Foreign()
    topic.post(item)
    topic.replicate(item, "north")
    async with sqlite_site(tmp_path) as (log, store):
        await topic.append(log)
        async with indexed(log, store):
            await with_collection(log)
        bridge = make_bridge(log, store, wait_s=0.05)
        crossing = await make_crossing(bridge, TOPIC, "a.a", lambda line: None, LIMITS)
        stopping = asyncio.Event()
        running = asyncio.create_task(crossing.run(stopping))

        async def paused() -> bool:
            return crossing.follower.paused is not None

        await until(paused, "it waits")
        assert (bridge.appended, await crossing.lag()) == (1, 2)
        assert "paused: this site's index has not read" in await crossing.progress()
        async with indexed(log, store):
            await until(lambda: reached(crossing, 0), "the patch is done")
        stopping.set()
        await running
        assert bridge.appended == 2
        assert {outcome for words in (await words_of(log)).values() for outcome in words} == {"indexed"}


async def reached(crossing: Crossing, lag: int) -> bool:
    return await crossing.lag() == lag


async def test_two_members_share_the_partitions() -> None:
    topic = large_topic(10)
    async with memory_site() as (log, store):
        await topic.append(log)
        async with indexed(log, store):
            await with_collection(log)
            bridges = [make_bridge(log, store) for _ in range(2)]
            crossings = [
                await make_crossing(bridge, TOPIC, f"a.{n}", lambda line: None, LIMITS)
                for n, bridge in enumerate(bridges)
            ]
            await asyncio.gather(*(each.run(asyncio.Event(), until_end=True) for each in crossings))
        assert set(times_of(await bridged_events(log)).values()) == {1}
        assert sum(bridge.appended for bridge in bridges) == topic.count(ACCEPTED)


async def test_an_event_that_comes_round_is_known() -> None:
    """Two federations that bridge each other would send an event to and fro for ever."""
    item = cmip6.item(cmip6.sample_ids(1)[0])
    async with memory_site() as (log, store):
        await log.create_topic(TOPIC, 1)
        async with indexed(log, store):
            await with_collection(log)
            [ours] = messages([events.publish(item, 7)])
            await log.append([ours, Message(TOPIC, "k", ours.value)])
            bridge = await cross(log, store)
        assert (bridge.appended, bridge.known) == (0, 1)


@pytest.mark.parametrize("topic", [TOPICS.transactions, TOPICS.collections, TOPICS.dead_letters, "no.such"])
async def test_what_is_no_foreign_topic_is_refused(topic: str) -> None:
    async with memory_site() as (log, store):
        with pytest.raises(Failed, match=topic):
            await make_crossing(make_bridge(log, store), topic, "a.a", lambda line: None)
