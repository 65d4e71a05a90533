"""What the consume loop does with what it cannot do: a failing dataset is parked, some events stop it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from stream.consume import Stopped, whole
from tests.support.consuming import (
    GROUP,
    LIMITS,
    TOPIC,
    A,
    B,
    Bench,
    Remembering,
    bench,
    keys,
)


def test_a_dataset_that_fails_is_parked_and_the_others_go_on() -> None:
    async def scene(found: Bench) -> None:
        bad, good = keys(0, 2)
        [elsewhere] = keys(1, 1)
        handler = Remembering(faults={bad: ValueError("a fault of ours")})
        follower = found.follow(handler)
        for key in (good, bad, good, elsewhere):
            await found.send(key, "1")
        await found.send(bad, "2")
        await found.send(good, "2")
        await found.holds(lambda: len(handler.done) == 4)
        assert (handler.of(good), handler.of(bad)) == ([b"1", b"1", b"2"], [])
        assert {(key, found.place, found.offset) for key, found in follower.parked.items()} == {(bad, A, 1)}
        assert follower.parked[bad].reason == "ValueError: a fault of ours"
        assert not follower.ready
        await found.holds(lambda: found.log.broker.committed.get((GROUP, B)) == 1)
        assert await found.log.committed(GROUP, TOPIC) == [1, 1]

    bench(scene)


@pytest.mark.parametrize("restart", [False, True])
def test_what_was_parked_is_read_again(restart: bool) -> None:
    async def scene(found: Bench) -> None:
        bad, good = keys(0, 2)
        handler = Remembering(faults={bad: ValueError("a fault of ours")})
        follower = found.follow(handler)
        await found.send(bad, "1", "2")
        await found.send(good, "1")
        await found.holds(lambda: len(handler.done) == 1)
        handler.faults.clear()
        if restart:
            follower.stop()
            assert await found.ended() is None
            follower = found.follow(handler)
        else:
            follower.unpark()
        await found.caught_up()
        assert handler.of(bad) == [b"1", b"2"]
        assert follower.ready

    bench(scene)


@pytest.mark.parametrize("when", ["while it waits", "while it works"])
def test_what_was_parked_is_not_passed_over_by_what_comes_next(when: str) -> None:
    async def scene(found: Bench) -> None:
        bad, good = keys(0, 2)
        handler = Remembering(faults={bad: ValueError("a fault of ours")})
        follower = found.follow(handler)
        await found.send(bad, "1")
        await found.holds(lambda: bad in follower.parked)
        handler.faults.clear()
        handler.takes_s = 0.2
        if when == "while it works":
            await found.send(good, "1")
            await asyncio.sleep(0.1)
        follower.unpark()
        await found.send(bad, "2")
        await found.caught_up()
        assert handler.of(bad) == [b"1", b"2"]
        assert follower.ready

    bench(scene)


def test_a_partition_that_is_lost_takes_what_is_parked_with_it() -> None:
    async def scene(found: Bench) -> None:
        [bad] = keys(1, 1)
        handler, other = Remembering(faults={bad: ValueError("a fault of ours")}), Remembering()
        follower = found.follow(handler)
        await found.send(bad, "1", "2")
        await found.holds(lambda: bad in follower.parked)
        second = found.follow(other, "two")
        await found.caught_up()
        assert other.of(bad) == [b"1", b"2"]
        await found.holds(lambda: follower.ready)
        handler.faults.clear()
        second.stop()
        await found.ended()
        await found.send(bad, "3")
        await found.caught_up()
        assert handler.of(bad) == [b"3"]
        assert (await found.log.committed(GROUP, TOPIC))[1] == 3

    bench(scene)


def test_the_first_failure_of_a_key_is_what_stays_uncommitted() -> None:
    """Also where the cut leaves several messages of a key in one part."""

    async def scene(found: Bench) -> None:
        bad, good = keys(0, 2)
        handler = Remembering(faults={bad: ValueError("a fault of ours")})
        await found.send(good, "1")
        await found.send(bad, "1", "2", "3")
        follower = found.follow(handler, cut=whole)
        await found.holds(lambda: bad in follower.parked)
        await found.holds(lambda: found.log.broker.committed.get((GROUP, A)) is not None)
        assert follower.parked[bad].offset == 1
        assert (await found.log.committed(GROUP, TOPIC))[0] == 1
        handler.faults.clear()
        follower.unpark()
        await found.caught_up()
        assert handler.of(bad) == [b"1", b"2", b"3"]

    bench(scene)


def test_too_many_parked_datasets_stop_the_follower() -> None:
    async def scene(found: Bench) -> None:
        several = keys(0, LIMITS.parked_max + 2)
        handler = Remembering(faults={key: ValueError("a fault of ours") for key in several})
        follower = found.follow(handler)
        for key in several[:-2]:
            await found.send(key, "1")
        await found.holds(lambda: len(follower.parked) == LIMITS.parked_max)
        assert follower.stopped is None
        await found.send(several[-2], "1")
        assert isinstance(await found.ended(), Stopped)
        assert follower.stopped is not None
        assert f"{LIMITS.parked_max + 1} datasets" in follower.stopped
        assert not follower.ready
        assert len(follower.parked) == LIMITS.parked_max + 1, "the operator still sees them"
        assert await found.log.committed(GROUP, TOPIC) == [0, 0]

    bench(scene)


def test_parked_datasets_far_from_each_other_do_not_stop_the_follower() -> None:
    async def scene(found: Bench) -> None:
        limits = replace(LIMITS, parked_window_events=20)
        *several, good = keys(0, LIMITS.parked_max + 3)
        handler = Remembering(faults={key: ValueError("a fault of ours") for key in several})
        follower = found.follow(handler, limits=limits)
        for n, key in enumerate(several, start=1):
            await found.send(key, "1")
            await found.send(good, *(["x"] * 25))
            await found.holds(lambda n=n: len(handler.of(good)) == 25 * n)  # type: ignore[misc]
        assert len(follower.parked) == LIMITS.parked_max + 2
        assert follower.stopped is None

    bench(scene)


def test_an_event_for_newer_software_stops_the_follower_before_it() -> None:
    async def scene(found: Bench) -> None:
        handler = Remembering()
        one, other = keys(0, 2)
        follower = found.follow(handler)
        await found.send(one, "1")
        await found.caught_up()
        await found.send(one, "2", "new", "3")
        await found.send(other, "1")
        assert isinstance(await found.ended(), Stopped)
        assert handler.of(one) == [b"1", b"2"]
        assert handler.of(other) == []
        assert follower.stopped is not None
        assert "rules of tomorrow" in follower.stopped
        assert "upgrade" in follower.stopped
        assert not follower.ready
        assert (await found.log.committed(GROUP, TOPIC))[0] == 2

    bench(scene)


def test_stopped_by_the_handler_is_not_taken_for_a_failing_dataset() -> None:
    async def scene(found: Bench) -> None:
        follower = found.follow(Remembering(faults={"x": Stopped("the index is of another generation")}))
        await found.send("x", "1")
        assert isinstance(await found.ended(), Stopped)
        assert not follower.parked
        assert follower.stopped == "the index is of another generation"

    bench(scene)
