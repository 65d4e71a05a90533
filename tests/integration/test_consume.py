"""The consume loop with a handler that only remembers: order, commits, pauses, stopping, the log itself."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.consume import Delivery, one_event_per_key
from stream.dead_letters import decode_dead_letter
from stream.errors import Unavailable
from stream.log import Record, TopicPartition
from tests.support.consuming import (
    GROUP,
    LETTERS,
    LIMITS,
    TOPIC,
    A,
    Bench,
    Remembering,
    bench,
    keys,
)
from tests.support.faults import Fault, Kind, Outage, Process


def deliveries(named: str) -> list[Delivery[int]]:
    return [Delivery(Record(A, offset, key, b""), key, offset) for offset, key in enumerate(named)]


@given(named=st.text("abc", max_size=30))
def test_the_cut_keeps_every_message_and_the_order_of_each_key(named: str) -> None:
    parts = list(one_event_per_key(deliveries(named)))
    for part in parts:
        assert len({delivery.key for delivery in part}) == len(part) > 0
    flat = [(delivery.key, delivery.message) for part in parts for delivery in part]
    assert sorted(flat, key=lambda pair: pair[1]) == [(key, n) for n, key in enumerate(named)]
    for key in set(named):
        assert [n for name, n in flat if name == key] == sorted(n for name, n in flat if name == key)
    assert len(parts) == max((named.count(key) for key in named), default=0)


def test_every_message_once_in_the_order_of_its_key() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering()
        found.follow(handler)
        for n in range(30):
            for key in ("x", "y", "z"):
                await found.send(key, f"{n}")
        await found.caught_up()
        for key in ("x", "y", "z"):
            assert handler.of(key) == [b"%d" % n for n in range(30)]

    bench(scene)


def test_a_batch_is_cut_between_two_messages_of_a_key() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering()
        one, other = keys(0, 2)
        await found.send(one, "1", "2", "3")
        await found.send(other, "4")
        found.follow(handler)
        await found.caught_up()
        assert handler.rounds == [[b"1", b"4"], [b"2"], [b"3"]]

    bench(scene)


def test_each_partition_is_committed_up_to_its_own_end() -> None:
    async def scene(found: Bench) -> None:
        [one], [other] = keys(0, 1), keys(1, 1)
        await found.send(one, "1", "2", "3")
        await found.send(other, "4")
        found.follow(Remembering())
        await found.caught_up()
        assert await found.log.committed(GROUP, TOPIC) == [3, 1]

    bench(scene)


def test_what_cannot_be_decoded_is_a_dead_letter_with_its_origin() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering()
        [key] = keys(1, 1)
        await found.send(key, "1", "bad 2", "3", "bad 4")
        found.follow(handler)
        await found.caught_up()
        assert handler.of(key) == [b"1", b"3"]
        assert handler.undecoded == [1, 3]
        letters = [
            decode_dead_letter(record) for record in await found.log.read(TopicPartition(LETTERS, 0), 0, 10)
        ]
        assert [(one.topic, one.partition, one.offset, one.value) for one in letters] == [
            (TOPIC, 1, 1, b"bad 2"),
            (TOPIC, 1, 3, b"bad 4"),
        ]
        assert {(one.key, one.kind, one.event_id, one.follower, one.time) for one in letters} == {
            (key, "undecodable", "the id", "test", "now")
        }

    bench(scene)


def test_unavailable_pauses_and_the_same_round_is_tried_again() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering(faults={"x": Unavailable("the store is away")})
        follower = found.follow(handler)
        await found.send("x", "1", "2")
        await found.holds(lambda: follower.paused is not None)
        assert follower.paused == "the store is away"
        assert not follower.ready
        assert await found.lag() == 2
        del handler.faults["x"]
        await found.caught_up()
        assert handler.of("x") == [b"1", b"2"]
        assert follower.ready

    bench(scene)


def test_it_is_not_tried_for_ever_and_a_restart_begins_there() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering(faults={"x": Unavailable("the store is away")})
        found.follow(handler, limits=replace(LIMITS, retries_max=3))
        await found.send("x", "1")
        assert isinstance(await found.ended(), Unavailable)
        assert await found.lag() == 1
        del handler.faults["x"]
        follower = found.followers[-1]
        found.tasks.append(asyncio.create_task(follower.run()))
        await found.caught_up()
        assert handler.of("x") == [b"1"]
        assert follower.ready

    bench(scene)


def test_a_pause_ends_with_the_partition() -> None:
    async def scene(found: Bench) -> None:
        key = keys(1, 1)[0]
        handler = Remembering(faults={key: Unavailable("the store is away")})
        follower = found.follow(handler)
        await found.send(key, "1")
        await found.holds(lambda: follower.paused is not None)
        other = Remembering()
        found.follow(other, "two")
        await found.caught_up()
        assert other.of(key) == [b"1"]
        await found.holds(lambda: follower.ready)

    bench(scene)


def test_stop_finishes_the_round_and_commits_it() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering(takes_s=5.0)
        follower = found.follow(handler)
        await found.send("x", "1")
        await asyncio.sleep(1.0)
        follower.stop()
        assert await found.ended() is None
        assert handler.of("x") == [b"1"]
        assert await found.lag() == 0
        assert not follower.ready

    bench(scene)


def test_stop_does_not_wait_for_a_store_that_is_away() -> None:
    async def scene(found: Bench) -> None:
        follower = found.follow(Remembering(faults={"x": Unavailable("away")}))
        await found.send("x", "1")
        await found.holds(lambda: follower.paused is not None)
        follower.stop()
        assert await found.ended() is None
        assert await found.lag() == 1

    bench(scene)


def test_a_partition_that_is_taken_away_is_finished_first() -> None:
    async def scene(found: Bench) -> None:
        slow, second = Remembering(takes_s=3.0), Remembering()
        found.follow(slow)
        [key] = keys(1, 1)
        await found.send(key, "1")
        await asyncio.sleep(1.0)
        found.follow(second, "two")
        await found.caught_up()
        await found.send(key, "2")
        await found.caught_up()
        assert (slow.of(key), second.of(key)) == ([b"1"], [b"2"])

    bench(scene)


def test_a_stopped_process_is_fenced_and_takes_part_again() -> None:
    async def scene(found: Bench) -> None:
        process, sleeper, heir = Process(), Remembering(takes_s=1.0), Remembering()
        follower = found.follow(sleeper, process=process)
        [key], [other] = keys(0, 1), keys(1, 1)
        await found.send(key, "1")
        await asyncio.sleep(0.5)
        process.stop()
        found.follow(heir, "two")
        await found.caught_up()
        assert heir.of(key) == [b"1"]
        process.resume()
        await asyncio.sleep(5.0)
        for name in (key, other):
            await found.send(name, "2")
        await found.caught_up()
        assert sorted(sleeper.of(key) + heir.of(key)) == [b"1", b"1", b"2"]
        assert len(sleeper.of(other) + heir.of(other)) == 1
        assert len(sleeper.done) == 2, "it has a partition again"
        assert follower.ready

    bench(scene)


def test_what_was_lost_in_silence_is_somebody_elses() -> None:
    async def scene(found: Bench) -> None:
        process, other = Process(), Remembering()
        several = [*keys(0, 1), *keys(1, 1)]
        handler = Remembering(faults={key: ValueError("a fault of ours") for key in several})
        follower = found.follow(handler, process=process)
        for key in several:
            await found.send(key, "1")
        await found.holds(lambda: len(follower.parked) == 2)
        process.stop()
        found.follow(other, "two")
        await found.caught_up()
        process.resume()
        await found.holds(lambda: follower.ready)
        handler.faults.clear()
        await asyncio.sleep(5.0)  # until both have their share again
        for key in several:
            await found.send(key, "2")
        await found.caught_up()
        for key in several:
            assert handler.of(key) + other.of(key) in ([b"1", b"2"], [b"2", b"1"])
        assert len(handler.done) == 1

    bench(scene)


@pytest.mark.parametrize("call", ["fetch", "commit", "rebalance", "end"])
def test_a_log_that_is_away_ends_the_follower_and_a_restart_goes_on(call: str) -> None:
    async def scene(found: Bench) -> None:
        handler, outage = Remembering(), Outage(frozenset({call}), on=False)
        follower = found.follow(handler, process=Process(outage))
        await found.send("x", "1")
        await found.caught_up()
        outage.on = True
        await found.send("x", "2")
        assert isinstance(await found.ended(), Unavailable)
        outage.on = False
        found.tasks.append(asyncio.create_task(follower.run()))
        await found.caught_up()
        assert set(handler.of("x")) == {b"1", b"2"}

    bench(scene)


def test_dead_letters_wait_for_the_log() -> None:
    async def scene(found: Bench) -> None:
        outage = Outage(frozenset({"append"}))
        follower = found.follow(Remembering(), process=Process(outage))
        await found.send("x", "bad")
        await found.holds(lambda: follower.paused is not None)
        assert await found.lag() == 1
        outage.on = False
        await found.caught_up()
        assert await found.log.end(LETTERS) == [1]
        assert follower.ready

    bench(scene)


def test_a_commit_that_never_returns_ends_the_follower() -> None:
    async def scene(found: Bench) -> None:
        process = Process(lambda call: Fault(Kind.STOP) if call.what == "commit" else None)
        found.follow(Remembering(), process=process, limits=replace(LIMITS, commit_deadline_s=3.0))
        await found.send("x", "1")
        await found.holds(lambda: process.stopped)
        process.plan = lambda call: None

        async def awake() -> None:
            await asyncio.sleep(5.0)
            process.resume()

        waking = asyncio.create_task(awake())
        assert isinstance(await found.ended(), TimeoutError)
        await waking
        assert await found.lag() == 1

    bench(scene)


def test_a_killed_process_leaves_its_work_to_the_next() -> None:
    async def scene(found: Bench) -> None:
        process, first, second = Process(), Remembering(takes_s=1.0), Remembering()
        found.follow(first, process=process)
        await found.send("x", "1", "2")
        await asyncio.sleep(0.5)
        process.kill()
        assert await found.ended() is not None
        found.follow(second)
        await found.caught_up()
        assert second.of("x") == [b"1", b"2"]

    bench(scene)
