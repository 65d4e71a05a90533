"""P3 and P4: what a decision costs, and how fast an index node fills a SQLite store."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from pathlib import Path

from catalogue.content import content_digest
from catalogue.decide import decide
from catalogue.sqlite import SqliteStore
from federation import clock
from index_node.indexer import Indexer
from index_node.recheck import Recheck
from stream.consume import Follower
from stream.events import Event, decode, encode
from stream.log import Message
from stream.sqlite import SqliteLog
from stream.topics import Topics, create_topics
from tests.bench import rules
from tests.bench.records import items

EVENTS, PARTITIONS, BATCH = 10_000, 4, 500


def publications(count: int, run: int) -> list[Event]:
    """Stamped events, as a door writes them."""
    checker = rules.book().of("CMIP6")
    profile = checker.profile
    return [
        Event(
            id=f"{run:08x}{number:024x}", request_id="bench", time=clock.now(), method="POST", collection="CMIP6",
            item_id=item["id"], item=item, action="publish", fold=1, rules=profile.rules(item["id"]), node="bench",
            expected=("bench",), profile=profile.stamp, digest=content_digest(item),
            **checker.stamps(item)._asdict(),
        )
        for number, item in enumerate(items(count, run))
    ]  # fmt: skip


async def measure_decide() -> dict[str, float]:
    """Microseconds per event, of decoding and of deciding."""
    values = [encode(event) for event in publications(2000, 0)]
    start = time.perf_counter()
    events = [decode(value) for value in values]
    middle = time.perf_counter()
    for event in events:
        decide(event, 1 << 40, None, None)
    end = time.perf_counter()
    return {"decode": (middle - start) / len(values) * 1e6, "decide": (end - middle) / len(values) * 1e6}


async def measure_index() -> dict[str, float]:
    """Events per second from the log into the store, outcomes written and positions committed."""
    with tempfile.TemporaryDirectory(prefix="stacfed-bench-") as folder:
        log, store = SqliteLog(Path(folder) / "log.db"), SqliteStore(Path(folder) / "store.db")
        topics = Topics("bench")
        await create_topics(log, topics, PARTITIONS)
        messages = [
            Message(topics.transactions, event.key, encode(event)) for event in publications(EVENTS, 1)
        ]
        for start in range(0, EVENTS, BATCH):
            await log.append(messages[start : start + BATCH])
        del messages
        gc.collect()
        recheck = Recheck("bench", rules.book(), store, log, "bench", clock.now)
        indexer = Indexer("bench", store, log, "bench", 1, PARTITIONS, clock.now, recheck)
        follower = Follower(
            "index",
            log,
            "bench.index",
            "one",
            (topics.transactions,),
            indexer,
            topics.dead_letters,
            clock.now,
        )
        begun = time.perf_counter()
        running = asyncio.create_task(follower.run())
        while sum(await log.committed("bench.index", topics.transactions)) < EVENTS:
            await asyncio.sleep(0.005)
        taken = time.perf_counter() - begun
        follower.stop()
        await running
        await store.close()
        await log.close()
    return {"index": EVENTS / taken}
