"""The consume loop with a handler that only remembers: order, commits, faults, parking, stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.consume import Delivery, Follower, Limits, Stopped, one_event_per_key, whole
from stream.dead_letters import decode_dead_letter
from stream.errors import Unavailable
from stream.events import Undecodable, UnknownFold
from stream.keys import partition_of
from stream.log import Message, Record, TopicPartition
from tests.support.faults import Fault, FaultyLog, Kind, Outage, Process
from tests.support.memory_log import MemoryLog
from tests.support.nodes import until
from tests.support.virtual_time import run_virtual

TOPIC, LETTERS, GROUP, PARTITIONS = "t.events", "t.deadletters", "g", 2
LIMITS = Limits(records_per_batch_max=10, fetch_wait_s=1.0, rebalance_every_s=0.5, parked_max=3)
A, B = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


def keys(partition: int, count: int) -> list[str]:
    """So many keys of one partition."""
    return [key for key in (f"k{n}" for n in range(1000)) if partition_of(key, PARTITIONS) == partition][
        :count
    ]


@dataclass
class Remembering:
    """`faults` says what a round of a key meets; it is asked for every message of the round before any is done."""

    done: list[tuple[str, bytes]] = field(default_factory=list)
    rounds: list[list[bytes]] = field(default_factory=list)
    faults: dict[str, Exception] = field(default_factory=dict)
    undecoded: list[int] = field(default_factory=list)
    takes_s: float = 0.0

    def decode(self, record: Record) -> tuple[str, bytes]:
        if record.value.startswith(b"bad"):
            raise Undecodable("bad", "the id")
        if record.value.startswith(b"new"):
            raise UnknownFold("rules of tomorrow")
        return record.key, record.value

    async def round(self, part: Sequence[Delivery[bytes]]) -> None:
        await asyncio.sleep(self.takes_s)
        for delivery in part:
            if delivery.key in self.faults:
                raise self.faults[delivery.key]
        self.done += [(delivery.key, delivery.message) for delivery in part]
        self.rounds.append([delivery.message for delivery in part])

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        self.undecoded.append(record.offset)

    def of(self, key: str) -> list[bytes]:
        return [value for name, value in self.done if name == key]


@dataclass
class Bench:
    """A log, and followers of it that are run and ended by the test."""

    log: MemoryLog = field(default_factory=lambda: MemoryLog(session_s=2.0))
    followers: list[Follower[bytes]] = field(default_factory=list)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def follow(
        self, handler: Remembering, member: str = "one", process: Process | None = None, **told: Any
    ) -> Follower[bytes]:
        log = FaultyLog(self.log, process or Process())
        made: Follower[bytes] = Follower(
            "test",
            log,
            GROUP,
            member,
            (TOPIC,),
            handler,
            LETTERS,
            lambda: "now",
            **{"limits": LIMITS, **told},
        )
        self.followers.append(made)
        self.tasks.append(asyncio.create_task(made.run()))
        return made

    async def send(self, key: str, *values: str) -> None:
        await self.log.append([Message(TOPIC, key, value.encode()) for value in values])

    async def lag(self) -> int:
        return sum(await self.log.end(TOPIC)) - sum(await self.log.committed(GROUP, TOPIC))

    async def caught_up(self) -> None:
        async def done() -> bool:
            return await self.lag() == 0

        await until(done, "the end is committed")

    async def holds(self, condition: Callable[[], bool]) -> None:
        async def check() -> bool:
            return condition()

        await until(check)

    async def ended(self, number: int = -1) -> BaseException | None:
        """What a follower ended with."""
        await asyncio.wait({self.tasks[number]})
        return self.tasks[number].exception()

    async def stop(self) -> None:
        for follower in self.followers:
            follower.stop()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def bench(scene: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    """Run a scene in a loop whose clock jumps; whatever it left running is stopped."""

    async def played() -> None:
        found = Bench()
        await found.log.create_topic(TOPIC, PARTITIONS)
        await found.log.create_topic(LETTERS, 1)
        try:
            await scene(found)
        finally:
            await found.stop()

    run_virtual(played())


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


# Parking: a dataset that fails alone is set aside.


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
        assert (await found.log.committed(GROUP, TOPIC))[0] <= 2

    bench(scene)


def test_stopped_by_the_handler_is_not_taken_for_a_failing_dataset() -> None:
    async def scene(found: Bench) -> None:
        follower = found.follow(Remembering(faults={"x": Stopped("the index is of another generation")}))
        await found.send("x", "1")
        assert isinstance(await found.ended(), Stopped)
        assert not follower.parked
        assert follower.stopped == "the index is of another generation"

    bench(scene)


# The log itself.


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
