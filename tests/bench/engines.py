"""P1, P4 and P5 on Kafka and Elasticsearch, and what the roles need there. The servers are started for the run."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack, ExitStack

import aiohttp
import orjson

from catalogue.decide import decide
from catalogue.elastic import ElasticStore
from catalogue.elastic_bulk import chunks
from catalogue.elastic_bulk import encode as encode_writes
from catalogue.elastic_mapping import Names
from catalogue.head import encode_head
from catalogue.store import Write, head_ref, item_ref, store_identity
from federation.roles import Groups
from stream.events import Event, encode
from stream.kafka import KafkaLog
from stream.log import Message
from stream.topics import Topics, create_topics
from tests.bench.fold import publications
from tests.bench.http import collection, paced, posted, singly
from tests.bench.report import percentile
from tests.bench.server import served
from tests.servers import session

PARTITIONS, EVENTS, BATCH, IN_FLIGHT = 6, 10_000, 500, 2
SINGLES, CLIENTS = 4000, 64
MEMORY_EVENTS, MEMORY_STEP = 200_000, 50_000
HANDLE_KEY = "a key for the benchmark"
WARMINGS = 4
_held = ExitStack()
_warm: list[float] = []
_servers: list[tuple[str, str]] = []


def servers() -> tuple[str, str]:
    """(Kafka's address, Elasticsearch's URL), started on first use and stopped at the end of the process."""
    if not _servers:
        kafka = _held.enter_context(session.kafka_server(quick=False))
        elastic = _held.enter_context(session.elastic_server(quick=False))
        _servers.append((kafka.bootstrap, elastic.url))
    return _servers[0]


def stop_servers() -> None:
    """Stop what was started."""
    _held.close()


def settings() -> dict[str, str]:
    """A new federation on the servers."""
    kafka, elastic = servers()
    name = f"b{uuid.uuid4().hex[:8]}"
    return {
        "log_url": f"kafka://{kafka}/{name}", "store_url": f"{elastic}/{name}", "partitions": str(PARTITIONS),
        "handle_key": HANDLE_KEY, "node": "bench",
    }  # fmt: skip


async def measure_door() -> dict[str, float]:
    """P1: POSTs of one item, answered after the broker's ack, with CLIENTS connections, no follower of events."""
    told = settings()
    only_log = {name: told[name] for name in ("log_url", "partitions")}
    async with served(only_log, bare=True) as server:
        bare, _ = await posted(server, SINGLES, CLIENTS)
    async with served(told, role="index-node"), served(told, role="transaction-api") as server:
        await collection(server)
    async with served(told, role="transaction-api") as server:
        ours, p99_ms = await posted(server, SINGLES, CLIENTS)
    return {"door": ours, "door_p99": p99_ms, "door_bare": bare, "door_ratio": ours / bare * 100}


async def measure_index() -> dict[str, float]:
    """P4: items/s of an index node, and of a bare loader that writes the same documents; then of two workers."""
    kafka, elastic = servers()
    name = f"b{uuid.uuid4().hex[:8]}"
    log, topics = KafkaLog(kafka), Topics(name)
    await create_topics(log, topics, PARTITIONS)
    events = publications(EVENTS, 1)
    messages = [Message(topics.transactions, event.key, encode(event)) for event in events]
    for start in range(0, EVENTS, BATCH):
        await log.append(messages[start : start + BATCH])
    del messages
    while len(_warm) < WARMINGS:  # the server compiles what it does often: its first minute is no measure
        _warm.append(await _bare(elastic, f"{name}-warm{len(_warm)}", events))
    bare = await _bare(elastic, f"{name}-bare", events)
    one = await _followed(kafka, elastic, log, f"{name}-one", 1)
    two = await _followed(kafka, elastic, log, f"{name}-two", 2)
    await log.close()
    return {
        "elastic": one, "elastic_bare": bare, "elastic_ratio": one / bare * 100, "elastic_two": two / one * 100
    }  # fmt: skip


async def _bare(elastic: str, prefix: str, events: Sequence[Event]) -> float:
    """Items per second of bulk requests that hold each item and its head, encoded before."""
    store, names = ElasticStore([elastic], prefix), Names(prefix)
    writes: list[Write] = []
    for start in range(0, len(events), BATCH):
        made = [(event, decide(event, 1 << 40, None, None)) for event in events[start : start + BATCH]]
        writes += [Write(head_ref(e.key), 1 << 40, encode_head(found.head), {}) for e, found in made]
        for event, found in made:
            assert found.record is not None
            ref = item_ref(event.collection, event.item_id, event.key)
            writes.append(Write(ref, 1 << 40, found.body, found.record.fields()))
    await store.apply(writes[:1])  # makes the index
    bodies = [
        b"".join(action.lines for action in chunk) for chunk in chunks(encode_writes(writes[1:], names))
    ]
    waiting = iter(bodies)
    headers = {"content-type": "application/x-ndjson"}
    async with aiohttp.ClientSession(elastic, headers=headers) as http:

        async def load() -> None:
            for body in waiting:
                async with http.post("/_bulk?filter_path=errors", data=body) as answer:
                    if orjson.loads(await answer.read())["errors"]:
                        raise RuntimeError("the bare loader was refused")

        begun = time.perf_counter()
        await asyncio.gather(*(load() for _ in range(IN_FLIGHT)))
        taken = time.perf_counter() - begun
    await store.close()
    return len(events) / taken


async def _followed(kafka: str, elastic: str, log: KafkaLog, name: str, workers: int) -> float:
    """Events per second of an index node with so many workers, each a process, until all positions are committed."""
    told = {
        "log_url": f"kafka://{kafka}/{name.partition('-')[0]}", "store_url": f"{elastic}/{name}", "node": name,
        "partitions": str(PARTITIONS),
    }  # fmt: skip
    topics = Topics(name.partition("-")[0])
    store = ElasticStore([elastic], name)
    group = Groups(name, await store_identity(store, "bench")).index
    await store.apply([Write(head_ref("CMIP6/warm"), 1, b"{}", {})])  # makes the index
    await store.close()
    async with AsyncExitStack() as running:
        for number in range(workers):
            await running.enter_async_context(served({**told, "worker": f"w{number}"}, role="index-node"))
        done = await _done(log, group, topics)
        begun, last = time.perf_counter(), done
        while done < EVENTS:
            await asyncio.sleep(0.02)
            done = await _done(log, group, topics)
        return (EVENTS - last) / (time.perf_counter() - begun)


async def _done(log: KafkaLog, group: str, topics: Topics) -> int:
    return sum(await log.committed(group, topics.transactions))


async def measure_latency() -> dict[str, float]:
    """P5: milliseconds from a POST to its settled handle, and at 200/s to a search that finds it."""
    told = settings()
    async with (
        served(told, role="index-node"),
        served(told, role="discovery-api") as reader,
        served(told, role="transaction-api") as door,
    ):
        await collection(door)
        settled = await singly(door)
        searchable = await paced(door, reader)
    return {
        "engines_settled_p50": percentile(settled, 0.5) * 1000,
        "engines_searchable_p50": percentile(searchable, 0.5) * 1000,
        "engines_searchable_p99": percentile(searchable, 0.99) * 1000,
    }


async def measure_start() -> dict[str, float]:
    """Seconds from the start of a process to 200 at /ready, and its idle memory, by role."""
    told = settings()
    found: dict[str, float] = {}
    for role in ("transaction-api", "index-node", "discovery-api"):
        async with served(told, role=role) as server:
            await asyncio.sleep(1)
            found |= {f"ready_{role}": server.ready_s, f"rss_{role}": server.rss_mib()}
    return found


async def measure_memory() -> dict[str, float]:
    """MiB of an index worker after each 50,000 of 200,000 events."""
    told = settings()
    log, topics = KafkaLog(servers()[0]), Topics(told["log_url"].rpartition("/")[2])
    await create_topics(log, topics, PARTITIONS)
    found = {}
    store = ElasticStore([servers()[1]], told["store_url"].rpartition("/")[2])
    group = Groups(told["node"], await store_identity(store, "bench")).index
    await store.close()
    async with served(told, role="index-node") as server:
        for run in range(MEMORY_EVENTS // MEMORY_STEP):
            for piece in range(MEMORY_STEP // EVENTS):
                events = publications(EVENTS, run * 100 + piece)
                for start in range(0, EVENTS, BATCH):
                    await log.append(
                        [
                            Message(topics.transactions, event.key, encode(event))
                            for event in events[start : start + BATCH]
                        ]
                    )
            while await _done(log, group, topics) < (run + 1) * MEMORY_STEP:
                await asyncio.sleep(0.1)
            found[f"memory_{(run + 1) * MEMORY_STEP}"] = server.rss_mib()
    await log.close()
    return found
