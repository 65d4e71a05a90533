"""KafkaConsumer: a member of a group. A task of its own keeps the seat; fetching is aiokafka's.

A partition is in one of three states here. Owned: it is fetched and committed. Leaving: the group wants it back, the
follower finishes its round and may commit, nothing more is fetched. Neither: commits are refused without asking.
While partitions are leaving, the heartbeats go on, so a slow round costs no seat; only when the follower has let go
does the member join again. So no commit can ever be sent for a generation in which its work was not done.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import TopicPartition as KafkaPlace
from aiokafka.errors import ConsumerStoppedError, KafkaError, OffsetOutOfRangeError

from stream.errors import Unavailable
from stream.kafka_client import CLOSE_S
from stream.kafka_group import Group, Lost, committed
from stream.kafka_reader import EARLIEST, delivered, offsets
from stream.kafka_watchdog import Watchdog
from stream.log import Fenced, OutOfRange, Record, Revoking, TopicPartition

WAITS_PER_SESSION = 5  # `rebalance` waits so long for what the group is dealing out
LOOK_S = 1.0  # how often a waiting fetch looks whether the partition is still ours
BEATS_PER_SESSION = 3


@dataclass(eq=False)
class KafkaConsumer:
    """See Consumer for what its methods promise."""

    group: Group
    fetcher: Any
    ends: Callable[[str], Awaitable[list[int]]]
    revoking: Revoking
    commit_deadline_s: float
    watchdog: Watchdog
    silence_s: float
    _keeper: asyncio.Task[None] | None = None
    _owned: set[TopicPartition] = field(default_factory=set)
    _leaving: set[TopicPartition] = field(default_factory=set)
    _next: dict[TopicPartition, int] = field(default_factory=dict)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)  # we know what is ours
    _nudge: asyncio.Event = field(default_factory=asyncio.Event)  # a heartbeat is due at once
    _fenced: str | None = None
    _unreached: Unavailable | None = None
    _rejoin: bool = False
    closed: bool = False
    _heard: float = 0.0  # when the request was sent that the group answered last
    _called: float = 0.0

    async def rebalance(self) -> set[TopicPartition]:
        self._called = _now()
        if self._settled.is_set() and self._called - self._heard > self.group.session_s:
            self._settled.clear()  # after a pause like this, ours may be another's: ask before saying anything
            self._nudge.set()
        if self._keeper is None and not self.closed:
            self._keeper = asyncio.create_task(self._keep())
        if self._keeper is not None and not self._settled.is_set():
            settling = asyncio.create_task(self._settled.wait())
            await asyncio.wait(
                {settling, self._keeper},
                timeout=self.group.session_s / WAITS_PER_SESSION,
                return_when=asyncio.FIRST_COMPLETED,
            )
            settling.cancel()
        self._check()
        await self._watch()
        return set(self._owned) if self._settled.is_set() else set()

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        end = _now() + wait_s
        self.watchdog.waits(place)
        while True:
            left_s = min(max(0.0, end - _now()), LOOK_S)
            if place in self._owned:
                found = await self._fetch(place, records_max, left_s)
            else:
                found = await asyncio.sleep(left_s, [])
            if found or _now() >= end:
                return found

    async def commit(self, place: TopicPartition, offset: int) -> None:
        if self._fenced is not None:
            raise Fenced(self._fenced)
        if place not in self._owned | self._leaving:
            raise Fenced(f"{self.group.member} does not own {place.topic}/{place.partition}")
        try:
            await self.group.commit(place, offset, self.commit_deadline_s)
        except Lost as lost:
            self._lose()
            raise Fenced(str(lost)) from lost
        except Fenced as fenced:
            self._fenced = str(fenced)
            self._lose()
            raise

    async def seek(self, place: TopicPartition, offset: int) -> None:
        if place in self._owned:
            self._next[place] = offset
            self.fetcher.seek(KafkaPlace(*place), offset)

    async def close(self) -> None:
        """Let go. The seat stays ours until the session ends: a restarted process takes it without a rebalance."""
        self.closed = True
        self._owned, self._leaving = set(), set()
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper}, timeout=CLOSE_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await self.fetcher.stop()
        await self.group.joining.close()

    async def _fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        try:
            # What comes is handed over without another await, so a cancelled fetch has taken nothing.
            batches = await self.fetcher.getmany(
                KafkaPlace(*place), timeout_ms=round(wait_s * 1000), max_records=records_max
            )
        except OffsetOutOfRangeError as error:
            raise OutOfRange(
                f"{place.topic}/{place.partition} does not hold offset {self._next.get(place)}"
            ) from error
        except ConsumerStoppedError:
            return []
        except KafkaError as error:
            raise Unavailable(f"Kafka, fetching {place.topic}/{place.partition}: {error!r}") from error
        found = [delivered(place, record) for records in batches.values() for record in records]
        if not found or place not in self._owned:
            return []
        self._next[place] = found[-1].offset + 1
        self.watchdog.fed(place)
        return found

    async def _keep(self) -> None:
        """Join, stay, give away, and again; until another process has our name."""
        try:
            while True:
                await self._enter()
                await self._stay()
                await self._give()
        except Fenced as fenced:
            self._fenced = str(fenced)
            self._owned, self._leaving = set(), set()

    async def _enter(self) -> None:
        while True:
            try:
                asked = _now()
                places = await self.group.join()
                starts = await committed(self.group.client, self.group.name, sorted(places)) if places else {}
                if fresh := sorted(places - starts.keys()):
                    starts |= await offsets(self.group.client, fresh, EARLIEST)
            except Unavailable as error:
                self._unreached = error
                await asyncio.sleep(self.group.session_s / BEATS_PER_SESSION)
            else:
                return self._take(starts, asked)

    def _take(self, starts: dict[TopicPartition, int], asked: float) -> None:
        self.fetcher.assign([KafkaPlace(*place) for place in starts])
        for place, offset in starts.items():
            self.fetcher.seek(KafkaPlace(*place), offset)
        self._owned, self._next = set(starts), starts
        self._rejoin = False
        self._known(asked)

    async def _stay(self) -> None:
        """Until the group has to be joined again."""
        while not self._rejoin:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.group.session_s / BEATS_PER_SESSION):
                    await self._nudge.wait()
            self._nudge.clear()
            if _now() - self._called <= self.silence_s and not await self._beat():
                return

    async def _beat(self) -> bool:
        """False: what we have is wanted, or lost."""
        asked = _now()
        try:
            staying = await self.group.beat()
        except Lost:
            return False
        except Unavailable as error:  # nobody says that it is lost; who asks is told that we do not know
            self._unreached = error
            return True
        if staying:
            self._known(asked)
        return staying

    async def _give(self) -> None:
        """Let the follower finish, and go on showing that we live."""
        self._settled.clear()
        self._leaving |= self._owned
        self._owned = set()
        letting_go = asyncio.ensure_future(self.revoking(set(self._leaving)))
        try:
            while not letting_go.done():
                await asyncio.wait({letting_go}, timeout=self.group.session_s / BEATS_PER_SESSION)
                if not letting_go.done():
                    with contextlib.suppress(Fenced):  # joining will say so again
                        await self._beat()
            await letting_go
        finally:
            letting_go.cancel()
            self._settled.clear()
            self._leaving = set()

    def _known(self, asked: float) -> None:
        self._heard, self._unreached = asked, None
        if not self._rejoin:
            self._settled.set()

    def _lose(self) -> None:
        """The group has said that nothing is ours; the keeper comes in again."""
        self._leaving |= self._owned
        self._owned = set()
        self._rejoin = True
        self._settled.clear()
        self._nudge.set()

    def _check(self) -> None:
        if self._fenced is not None or self.closed:
            raise Fenced(self._fenced or "this consumer is closed")
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()  # raises what nobody expected
        if self._unreached is not None:
            raise Unavailable(str(self._unreached)) from self._unreached

    async def _watch(self) -> None:
        """Unavailable when there is something to fetch for long, somebody waits for it, and nothing comes."""
        if not self.watchdog.due(_now()) or not self._owned:
            return
        ends: dict[TopicPartition, int] = {}
        for topic in sorted({place.topic for place in self._owned}):
            ends |= {TopicPartition(topic, n): end for n, end in enumerate(await self.ends(topic))}
        stuck = self.watchdog.stuck(_now(), {place: self._next[place] for place in self._owned}, ends)
        if stuck is not None:
            raise Unavailable(f"Kafka: {stuck.topic}/{stuck.partition} is stuck at {self._next[stuck]}")


def _now() -> float:
    return asyncio.get_running_loop().time()
