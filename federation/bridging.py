"""Composition and the run of a bridge: the parts that `stacfed bridge` and `stacfed deadletter replay` share."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from catalogue.store import Store, store_name
from federation import clock
from federation.engines import open_log, open_store
from federation.failed import BAD_INPUT, Failed
from federation.roles import Groups
from federation.rulebook import Rulebook
from federation.settings import Settings
from stream.consume import Follower, Limits
from stream.errors import Unavailable
from stream.events import Event
from stream.log import Log
from stream.topics import Topics
from transaction_api import append
from transaction_api.append import Appender
from transaction_api.bridge import BATCH_MAX, NAME, Bridge
from transaction_api.site import Site
from transaction_api.stamp import Stamper

INDEX_WAIT_S = 2.0  # for the own index before a round is tried again
LOOK_EVERY_S = 0.2
TELL_EVERY_S = 10.0
RUNS_MAX, RUN_AGAIN_FIRST_S, RUN_AGAIN_LONGEST_S = 10, 0.5, 30.0


def make_bridge(settings: Settings, log: Log, store: Store, groups: Groups) -> Bridge:
    """A bridge into the node's federation, on engines that are open."""
    topics = Topics(settings.topic_prefix, settings.generation)
    limits = append.Limits(
        settings.item_bytes_max, settings.message_bytes_max, settings.appends_in_flight_max
    )
    return Bridge(
        Site(log, store, topics, groups.index, INDEX_WAIT_S, Rulebook(settings)),
        Stamper(settings.node, settings.expected_nodes, settings.fold),
        Appender(log, topics, limits),
        clock.now,
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Bridge]:
    """A bridge on the node's engines. Failed where they are away or no node has begun to use them."""
    async with contextlib.AsyncExitStack() as closing:
        try:
            log, store = await closing.enter_async_context(open_engines(settings))
            name = await store_name(store)
            if name is None:
                raise Failed(f"node {settings.node} has never run on this store; start it first", BAD_INPUT)
            bridge = make_bridge(settings, log, store, Groups(settings.node, name))
            await log.partitions(bridge.site.topics.transactions)
        except KeyError as error:
            raise Failed(str(error.args[0]), BAD_INPUT) from error
        except (OSError, sqlite3.Error, Unavailable) as error:
            raise Failed(f"cannot use the log or the store: {error}", BAD_INPUT) from error
        yield bridge


@asynccontextmanager
async def open_engines(settings: Settings) -> AsyncIterator[tuple[Log, Store]]:
    """Log and store of the settings, closed at the end."""
    log = open_log(settings)
    try:
        store = open_store(settings)
        try:
            yield log, store
        finally:
            await store.close()
    finally:
        await log.close()


@dataclass
class Crossing:
    """One run over a bridge: a follower of the foreign topic, and how far it has come."""

    bridge: Bridge
    topic: str
    follower: Follower[Event]
    tell: Callable[[str], None]

    async def run(self, stopping: asyncio.Event, *, until_end: bool = False) -> None:
        """Until `stopping` is set or, if wanted, all is done that the topic holds now. Raises what ends it early."""
        log = self.follower.log
        targets = await log.end(self.topic) if until_end else None
        leaving = asyncio.Event()
        following = asyncio.create_task(self._follow(leaving))
        watching = asyncio.create_task(self._watch(stopping, targets))
        await asyncio.wait({following, watching}, return_when=asyncio.FIRST_COMPLETED)
        leaving.set()
        self.follower.stop()
        watching.cancel()
        for fault in await asyncio.gather(following, watching, return_exceptions=True):
            if fault is not None and not isinstance(fault, asyncio.CancelledError):
                raise fault
        self.tell(await self.progress())

    async def _follow(self, leaving: asyncio.Event) -> None:
        """Run the follower again where log or store were away, a limited number of times without any progress."""
        tries, read, delay_s = 0, self.follower.events_read, RUN_AGAIN_FIRST_S
        while not leaving.is_set():
            try:
                await self.follower.run()
                return
            except (Unavailable, TimeoutError) as error:
                if self.follower.events_read > read:
                    tries, read, delay_s = 0, self.follower.events_read, RUN_AGAIN_FIRST_S
                tries += 1
                if tries == RUNS_MAX:
                    raise
                self.tell(f"again in {delay_s:g} s: {error or 'the log did not answer in time'}")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(delay_s):
                    await leaving.wait()
            delay_s = min(delay_s * 2, RUN_AGAIN_LONGEST_S)

    async def lag(self) -> int:
        """How many foreign messages are not done yet."""
        ends = await self.follower.log.end(self.topic)
        done = await self.follower.log.committed(self.follower.group, self.topic)
        return sum(max(0, end - offset) for end, offset in zip(ends, done, strict=True))

    async def progress(self) -> str:
        """One line for a person."""
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.bridge.refused.items()))
        refused = f"refused {self.bridge.refused.total()}" + (f" ({kinds})" if kinds else "")
        parts = [f"appended {self.bridge.appended}", refused, f"there already {self.bridge.known}"]
        if self.follower.parked:
            parts.append(f"parked {len(self.follower.parked)}")
        if self.follower.paused:
            parts.append(f"paused: {self.follower.paused}")
        return f"{', '.join(parts)}, lag {await self.lag()}"

    async def _watch(self, stopping: asyncio.Event, targets: list[int] | None) -> None:
        """Ends when the run is to end: stopped, done, or, where an end is wanted, unable to get there."""
        loop = asyncio.get_running_loop()
        told, tell_at = "", loop.time() + TELL_EVERY_S
        while not stopping.is_set():
            with contextlib.suppress(Unavailable):  # the follower tries again, and gives up when it is time
                if await self._done(targets):
                    return
                if loop.time() >= tell_at:
                    line, tell_at = await self.progress(), loop.time() + TELL_EVERY_S
                    if line != told:
                        self.tell(line)
                        told = line
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stopping.wait()

    async def _done(self, targets: list[int] | None) -> bool:
        if targets is None:
            return False
        if self.follower.parked:
            return True  # its partition is not committed before a person has acted
        done = await self.follower.log.committed(self.follower.group, self.topic)
        return all(offset >= end for offset, end in zip(done, targets, strict=True))


async def make_crossing(
    bridge: Bridge, topic: str, member: str, tell: Callable[[str], None], limits: Limits | None = None
) -> Crossing:
    """A run over a bridge from a topic of the same log. Failed where there is none, or it is one of ours."""
    topics, log = bridge.site.topics, bridge.appender.log
    own = (topics.transactions, topics.collections, topics.success, topics.errors, topics.dead_letters)
    if topic in own:
        raise Failed(f"{topic} is a topic of this federation; there is nothing to bridge", BAD_INPUT)
    try:
        await log.partitions(topic)
    except KeyError as error:
        raise Failed(f"there is no topic {topic}", BAD_INPUT) from error
    follower = Follower(
        NAME, log, bridge.group(topic), member, (topic,), bridge, topics.dead_letters, clock.now,
        limits=limits or Limits(records_per_batch_max=BATCH_MAX), node=bridge.stamper.node,
    )  # fmt: skip
    return Crossing(bridge, topic, follower, tell)
