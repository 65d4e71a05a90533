"""What `stream.log` promises, as tests for any adapter: inherit, and give a fixture `logs`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from stream.keys import partition_of
from stream.log import Consumer, Fenced, Log, Message, Record, TopicPartition

TOPIC, OTHER = "t.transactions", "t.success"
PARTITIONS = 4
PLACES = {TopicPartition(TOPIC, number) for number in range(PARTITIONS)}
DEADLINE_S = 30.0
LONG_S = 120.0  # a wait that a test would never sit out
SHORT_S = 0.02
SESSION_S = 0.3

OpenLog = Callable[[], Awaitable[Log]]


async def ignore(places: set[TopicPartition]) -> None:
    """A member that has nothing to finish."""


def message(n: int, key: str | None = None, topic: str = TOPIC) -> Message:
    return Message(topic, f"key {n}" if key is None else key, b"value %d" % n)


def key_of(partition: int) -> str:
    """A key that belongs to the partition."""
    return next(f"k{n}" for n in range(1000) if partition_of(f"k{n}", PARTITIONS) == partition)


@asynccontextmanager
async def topic(log: Log) -> AsyncIterator[Log]:
    await log.create_topic(TOPIC, PARTITIONS)
    yield log


async def owns(member: Consumer, wanted: set[TopicPartition], *others: Consumer) -> None:
    """Let all members rebalance until this one has exactly those partitions."""
    async with asyncio.timeout(DEADLINE_S):
        while await member.rebalance() != wanted:
            await asyncio.sleep(0)
            for other in others:
                await other.rebalance()


def twice(found: list[set[TopicPartition]]) -> set[TopicPartition]:
    """What more than one member has said to be its own."""
    return {place for place in PLACES if sum(place in mine for mine in found) > 1}


async def drain(member: Consumer, place: TopicPartition, count: int) -> list[Record]:
    """The next so many messages of a partition."""
    found: list[Record] = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count:
            found += await member.fetch(place, 3, SHORT_S)
    return found


class AppendContract:
    """Topics, appending, reading."""

    async def test_a_topic_is_made_once_and_its_partitions_never_change(self, logs: OpenLog) -> None:
        log = await logs()
        await log.create_topic(TOPIC, PARTITIONS)
        await log.create_topic(TOPIC, PARTITIONS)
        with pytest.raises(ValueError, match=str(PARTITIONS)):
            await log.create_topic(TOPIC, PARTITIONS + 1)
        assert await log.partitions(TOPIC) == PARTITIONS
        assert await (await logs()).partitions(TOPIC) == PARTITIONS

    async def test_an_unknown_topic_is_a_key_error(self, logs: OpenLog) -> None:
        with pytest.raises(KeyError):
            await (await logs()).partitions("t.unknown")

    async def test_a_new_topic_is_empty(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            assert await log.end(TOPIC) == [0] * PARTITIONS
            assert await log.committed("g", TOPIC) == [0] * PARTITIONS
            assert await log.read(TopicPartition(TOPIC, 0), 0, 10) == []

    async def test_the_key_chooses_the_partition_and_offsets_have_no_gap(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            sent = [message(n, f"key {n % 7}") for n in range(50)]
            receipts = await log.append(sent[:20]) + await log.append(sent[20:])
            ends = [0] * PARTITIONS
            for one, receipt in zip(sent, receipts, strict=True):
                number = partition_of(one.key, PARTITIONS)
                assert receipt == (TopicPartition(TOPIC, number), ends[number])
                ends[number] += 1
            assert await log.end(TOPIC) == ends
            for place in PLACES:
                found = await log.read(place, 0, 100)
                expected = [
                    one for one, receipt in zip(sent, receipts, strict=True) if receipt.place == place
                ]
                assert [(record.key, record.value) for record in found] == [
                    (one.key, one.value) for one in expected
                ]
                assert [record.offset for record in found] == list(range(len(expected)))

    async def test_reading_begins_anywhere_and_ends_at_the_end(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            key, place = key_of(1), TopicPartition(TOPIC, 1)
            await log.append([message(n, key) for n in range(5)])
            assert [record.offset for record in await log.read(place, 2, 2)] == [2, 3]
            assert [record.offset for record in await log.read(place, 3, 100)] == [3, 4]
            assert await log.read(place, 5, 100) == []

    async def test_one_call_may_append_to_several_topics(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            await log.create_topic(OTHER, 1)
            receipts = await log.append([message(1), message(2, topic=OTHER), message(3, topic=OTHER)])
            assert receipts[1:] == [(TopicPartition(OTHER, 0), 0), (TopicPartition(OTHER, 0), 1)]
            assert sum(await log.end(TOPIC)) == 1

    @pytest.mark.parametrize("value", [b"", b"\x00\xff not utf-8", b"x" * 5_000_000])
    async def test_bytes_come_back_as_they_were(self, logs: OpenLog, value: bytes) -> None:
        async with topic(await logs()) as log:
            [receipt] = await log.append([Message(TOPIC, "Schlüssel/\U0001f30d", value)])
            [record] = await log.read(receipt.place, receipt.offset, 1)
            assert (record.key, record.value) == ("Schlüssel/\U0001f30d", value)

    async def test_appends_at_the_same_time_each_have_a_place_of_their_own(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            sent = [[message(n), message(n + 1000)] for n in range(300)]
            answers = await asyncio.gather(*(log.append(pair) for pair in sent))
            places = [receipt for receipts in answers for receipt in receipts]
            assert len(set(places)) == 600
            assert sum(await log.end(TOPIC)) == 600
            for pair, receipts in zip(sent, answers, strict=True):
                for one, receipt in zip(pair, receipts, strict=True):
                    [record] = await log.read(receipt.place, receipt.offset, 1)
                    assert record.value == one.value


class DeliveryContract:
    """One member alone: delivery, commit, redelivery."""

    async def test_the_only_member_has_every_partition_and_gets_them_in_order(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            member = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(member, PLACES)
            await log.append([message(n, f"key {n % 7}") for n in range(40)])
            ends = await log.end(TOPIC)
            for place in PLACES:
                found = await drain(member, place, ends[place.partition])
                assert found == await log.read(place, 0, 100)
                assert await member.fetch(place, 10, SHORT_S) == []

    async def test_a_member_follows_several_topics(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            await log.create_topic(OTHER, 1)
            member = await log.consumer("g", "m", [TOPIC, OTHER], ignore)
            await owns(member, PLACES | {TopicPartition(OTHER, 0)})

    async def test_the_next_process_begins_at_what_was_committed(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            key, place = key_of(2), TopicPartition(TOPIC, 2)
            await log.append([message(n, key) for n in range(6)])
            first = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(first, PLACES)
            assert len(await drain(first, place, 6)) == 6
            await first.commit(place, 4)
            assert (await log.committed("g", TOPIC))[2] == 4
            again = await log.consumer("g", "m", [TOPIC], ignore)  # the first has died without a word
            await owns(again, PLACES)
            assert [record.offset for record in await drain(again, place, 2)] == [4, 5]

    async def test_nothing_is_committed_by_leaving(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            await log.append([message(n, key_of(0)) for n in range(3)])
            member = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(member, PLACES)
            await drain(member, TopicPartition(TOPIC, 0), 3)
            await member.close()
            assert await log.committed("g", TOPIC) == [0] * PARTITIONS

    async def test_groups_do_not_know_of_each_other(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            await log.append([message(1, key_of(0))])
            mine, other = [await log.consumer(group, "m", [TOPIC], ignore) for group in ("g", "h")]
            await owns(mine, PLACES)
            await owns(other, PLACES)
            await mine.commit(TopicPartition(TOPIC, 0), 1)
            assert (await log.committed("h", TOPIC))[0] == 0
            assert len(await drain(other, TopicPartition(TOPIC, 0), 1)) == 1

    async def test_seek(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            place = TopicPartition(TOPIC, 3)
            await log.append([message(n, key_of(3)) for n in range(5)])
            member = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(member, PLACES)
            await drain(member, place, 5)
            await member.seek(place, 1)
            assert [record.offset for record in await drain(member, place, 4)] == [1, 2, 3, 4]
            await member.seek(place, 4)
            assert [record.offset for record in await drain(member, place, 1)] == [4]

    async def test_a_waiting_fetch_wakes_when_something_is_appended(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            place = TopicPartition(TOPIC, 1)
            member = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(member, PLACES)
            assert await member.fetch(place, 10, SHORT_S) == []
            waiting = asyncio.create_task(member.fetch(place, 10, LONG_S))
            await log.append([message(1, key_of(1))])
            async with asyncio.timeout(DEADLINE_S):
                assert [record.value for record in await waiting] == [b"value 1"]

    async def test_a_waiting_fetch_wakes_when_another_process_appends(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            place, other = TopicPartition(TOPIC, 1), await logs()
            member = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(member, PLACES)
            waiting = asyncio.create_task(member.fetch(place, 10, LONG_S))
            await asyncio.sleep(0)
            [receipt] = await other.append([message(1, key_of(1))])
            async with asyncio.timeout(DEADLINE_S):
                assert [record.offset for record in await waiting] == [receipt.offset]
            assert await log.end(TOPIC) == await other.end(TOPIC)

    async def test_partitions_are_waited_for_at_the_same_time(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            member = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(member, PLACES)
            waiting = [
                asyncio.create_task(member.fetch(TopicPartition(TOPIC, number), 10, LONG_S))
                for number in range(PARTITIONS)
            ]
            for number in reversed(range(PARTITIONS)):
                await log.append([message(number, key_of(number))])
            async with asyncio.timeout(DEADLINE_S):
                found = await asyncio.gather(*waiting)
            assert [page[0].value for page in found] == [b"value %d" % number for number in range(PARTITIONS)]


class GroupContract:
    """Several members. `logs` opens with a session of `session_s`.

    `takes_all`: a rebalance takes every partition from every member before it deals them out again.
    `followed_s`: how long the partitions of a member that has left may stay nobody's; 0: the next call has them.
    `rejoined_s`: how long a restarted process may wait for its own; less than a session, 0: the first call has them.
    """

    session_s = SESSION_S
    takes_all = False
    followed_s = 0.0
    rejoined_s = 0.0

    async def has(self, member: Consumer, wanted: set[TopicPartition], within_s: float) -> None:
        """The member has exactly these within that time, or with its next call."""
        end = asyncio.get_running_loop().time() + within_s
        while await member.rebalance() != wanted:
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0)

    async def shared(self, *members: Consumer) -> list[set[TopicPartition]]:
        """Let all members rebalance until each has something and together they have everything."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                found = [await member.rebalance() for member in members]
                if twice(found) and self.takes_all:  # the first may have given away while the last was asked
                    found = [
                        mine & await member.rebalance() for mine, member in zip(found, members, strict=True)
                    ]
                assert not twice(found), "a partition has two owners"
                if set().union(*found) == PLACES and all(found):
                    return found
                await asyncio.sleep(0)

    @pytest.mark.parametrize("count", [2, PARTITIONS])
    async def test_members_share_the_partitions(self, logs: OpenLog, count: int) -> None:
        async with topic(await logs()):
            opened = [await logs() for _ in range(count)]
            members = [await one.consumer("g", f"m{n}", [TOPIC], ignore) for n, one in enumerate(opened)]
            found = await self.shared(*members)
            assert {len(places) for places in found} == {PARTITIONS // count}

    async def test_what_is_taken_away_is_finished_and_committed_first(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            await log.append([message(n, key_of(number)) for number in range(PARTITIONS) for n in range(2)])
            told: set[TopicPartition] = set()
            newcomer = await log.consumer("g", "new", [TOPIC], ignore)

            async def revoking(places: set[TopicPartition]) -> None:
                assert not await newcomer.rebalance() & places, "given away before it was finished"
                for place in places:
                    await first.commit(place, 2)
                told.update(places)

            first = await log.consumer("g", "first", [TOPIC], revoking)
            await owns(first, PLACES)
            mine, taken = await self.shared(first, newcomer)
            assert told == (PLACES if self.takes_all else taken)
            assert mine == PLACES - taken
            for place in taken:
                assert await newcomer.fetch(place, 10, SHORT_S) == []

    async def test_a_silent_member_is_fenced(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            place = TopicPartition(TOPIC, 0)
            await log.append([message(n, key_of(0)) for n in range(3)])
            silent = await log.consumer("g", "silent", [TOPIC], ignore)
            await owns(silent, PLACES)
            assert len(await drain(silent, place, 3)) == 3
            await silent.commit(place, 1)
            heir = await (await logs()).consumer("g", "heir", [TOPIC], ignore)
            await owns(heir, PLACES)
            with pytest.raises(Fenced):
                await silent.commit(place, 3)
            assert (await log.committed("g", TOPIC))[0] == 1
            assert [record.offset for record in await drain(heir, place, 2)] == [1, 2]
            await heir.commit(place, 3)
            assert await silent.fetch(place, 10, SHORT_S) == []
            await self.shared(silent, heir)

    async def test_members_that_show_themselves_keep_their_partitions(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            first, other = [await log.consumer("g", name, [TOPIC], ignore) for name in ("first", "other")]
            mine, others = await self.shared(first, other)
            now = asyncio.get_running_loop().time
            end, last, gap_s, kept = now() + 3 * self.session_s, now(), 0.0, True
            while now() < end:
                kept = kept and await first.rebalance() == mine and await other.rebalance() == others
                gap_s, last = max(gap_s, now() - last), now()
                await asyncio.sleep(self.session_s / 10)
            assert kept or gap_s > self.session_s / 2  # a machine that stood still proves nothing

    async def test_a_restarted_process_takes_its_own_place(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            first, other = [await log.consumer("g", name, [TOPIC], ignore) for name in ("first", "other")]
            mine, others = await self.shared(first, other)
            again = await (await logs()).consumer("g", "first", [TOPIC], ignore)
            await self.has(again, mine, self.rejoined_s)  # no session has to end
            assert await other.rebalance() == others
            for place in mine:
                await again.commit(place, 0)

    async def test_of_two_processes_under_one_name_the_earlier_is_fenced(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            await log.append([message(n, key_of(0)) for n in range(3)])
            earlier = await log.consumer("g", "m", [TOPIC], ignore)
            await owns(earlier, PLACES)
            assert len(await drain(earlier, TopicPartition(TOPIC, 0), 3)) == 3
            later = await (await logs()).consumer("g", "m", [TOPIC], ignore)
            await owns(later, PLACES)
            await later.commit(TopicPartition(TOPIC, 0), 2)
            with pytest.raises(Fenced):
                await earlier.commit(TopicPartition(TOPIC, 0), 1)
            with pytest.raises(Fenced):
                await earlier.rebalance()
            await earlier.close()
            assert await later.rebalance() == PLACES
            await later.commit(TopicPartition(TOPIC, 0), 3)

    async def test_who_leaves_is_followed(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            first, other = [await log.consumer("g", name, [TOPIC], ignore) for name in ("first", "other")]
            mine, _ = await self.shared(first, other)
            await first.close()
            await self.has(other, PLACES, self.followed_s)
            for place in mine:
                with pytest.raises(Fenced):
                    await first.commit(place, 1)

    async def test_a_partition_of_another_is_not_committed(self, logs: OpenLog) -> None:
        async with topic(await logs()) as log:
            first, other = [await log.consumer("g", name, [TOPIC], ignore) for name in ("first", "other")]
            mine, _ = await self.shared(first, other)
            for place in mine:
                with pytest.raises(Fenced):
                    await other.commit(place, 1)
                await first.commit(place, 0)
