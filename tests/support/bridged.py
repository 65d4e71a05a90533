"""A bridge in a process of its own, which may be made to fail, beside an index node."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from catalogue.profile_shelf import profile_of
from catalogue.store import Store
from federation.bridging import Crossing, make_crossing
from stream.consume import Limits
from stream.events import Event, Origin
from stream.log import Log, Message
from tests.support import events
from tests.support.faults import FaultyLog, FaultyStore, Plan, Process, no_faults
from tests.support.foreign import TOPIC
from tests.support.nodes import NOW, TOPICS, events_of, group, messages, start_worker, until, until_caught_up
from tests.support.rules import PlainBook
from transaction_api.append import Appender
from transaction_api.bridge import BATCH_MAX, Bridge
from transaction_api.site import Site
from transaction_api.stamp import Stamper

LIMITS = Limits(
    records_per_batch_max=BATCH_MAX, fetch_wait_s=0.1, rebalance_every_s=0.02, retry_first_s=0.001,
    retry_longest_s=0.01, commit_deadline_s=60.0,
)  # fmt: skip


def make_bridge(log: Log, store: Store, wait_s: float = 2.0) -> Bridge:
    """Into the federation of `tests.support.nodes`, at its node `a`."""
    site = Site(log, store, TOPICS, group("a"), wait_s, PlainBook())
    return Bridge(site, Stamper("a", ("a",), 1), Appender(log, TOPICS), lambda: NOW)


async def start_crossing(
    log: Log,
    store: Store,
    *,
    plan: Plan = no_faults,
    process: Process | None = None,
    topic: str = TOPIC,
    **told: Any,
) -> Crossing:
    """Ready to run, in a process of its own."""
    own = process or Process(plan)
    bridge = make_bridge(FaultyLog(log, own), FaultyStore(store, own))
    return await make_crossing(bridge, topic, "a.a", lambda line: None, **{"limits": LIMITS, **told})


async def cross(log: Log, store: Store, plan: Plan = no_faults, topic: str = TOPIC) -> Bridge:
    """Over the bridge until the end of the topic."""
    crossing = await start_crossing(log, store, plan=plan, topic=topic)
    await crossing.run(asyncio.Event(), until_end=True)
    assert not crossing.follower.parked
    return crossing.bridge


@asynccontextmanager
async def indexed(log: Log, store: Store) -> AsyncIterator[None]:
    """An index node at work; at the end it has done all."""
    worker = start_worker(log, store)
    yield
    await until_caught_up(log, [worker])
    await worker.stop()


def collection_message(name: str = "CMIP6", n: int = 900_000) -> Message:
    """The Collection with the id rule of its profile."""
    body = {"type": "Collection", "id": name, "description": name, "links": []}
    [message] = messages([events.collection_event(body, n, rules=profile_of(name).collection_rules(name))])
    return message


async def with_collection(log: Log, name: str = "CMIP6", n: int = 900_000) -> None:
    """The Collection is there once the index node has read it."""
    await log.append([collection_message(name, n)])

    async def read() -> bool:
        return await log.committed(group("a"), TOPICS.collections) == await log.end(TOPICS.collections)

    await until(read, f"the Collection {name} is read")


async def bridged_events(log: Log) -> list[Event]:
    """Our events that came over a bridge."""
    return [event for event in await events_of(log) if event.origin is not None]


def times_of(found: Iterable[Event]) -> Counter[Origin]:
    """How often each foreign message was appended."""
    return Counter(event.origin for event in found if event.origin is not None)
