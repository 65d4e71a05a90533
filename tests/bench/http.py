"""P5, P10 and the doors: a real server process, driven over HTTP from this one."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import orjson

from tests.bench.client import Connection
from tests.bench.records import COLLECTION, items
from tests.bench.report import percentile
from tests.bench.server import Served, served

SINGLES, CLIENTS = 2000, 16
COLLECTIONS, FEATURES, AT_ONCE = 20, 500, 4
PACED, PER_SECOND = 600, 200
IDLE_S = 5
LOOK_S = 0.02
PATH = "/collections/CMIP6/items"
Pool = asyncio.Queue[Connection]


async def measure_start() -> dict[str, float]:
    """Seconds to ready; then, idle: MiB resident and percent of one core."""
    async with served() as server:
        await asyncio.sleep(2)
        before = server.cpu_s()
        await asyncio.sleep(IDLE_S)
        cpu = (server.cpu_s() - before) / IDLE_S * 100
        return {"ready": server.ready_s, "rss": server.rss_mib(), "cpu": cpu}


async def measure_singles() -> dict[str, float]:
    """POSTs of one item, answered with 202 after the log's ack, with CLIENTS connections; the index node follows."""
    bare, _ = await _singles(bare=True)
    ours, p99_ms = await _singles(bare=False)
    return {"singles": ours, "singles_p99": p99_ms, "singles_bare": bare, "singles_ratio": ours / bare * 100}


async def _singles(*, bare: bool) -> tuple[float, float]:
    """(requests per second, p99 in ms)."""
    async with served(bare=bare) as server:
        if not bare:
            await collection(server)
        return await posted(server, SINGLES, CLIENTS)


async def posted(server: Served, count: int, clients: int) -> tuple[float, float]:
    """(requests per second, p99 in ms) of so many POSTs of one item over so many connections."""
    bodies = [orjson.dumps(item) for item in items(count)]
    times: list[float] = []

    async def client(mine: list[bytes]) -> None:
        connection = await server.connect()
        for body in mine:
            start = time.perf_counter()
            await _post(connection, body)
            times.append(time.perf_counter() - start)
        connection.close()

    start = time.perf_counter()
    await asyncio.gather(*(client(bodies[number::clients]) for number in range(clients)))
    taken = time.perf_counter() - start
    return count / taken, percentile(times, 0.99) * 1000


async def measure_features() -> dict[str, float]:
    """Items per second in FeatureCollections, AT_ONCE at a time, until every handle is settled."""
    async with served() as server:
        await collection(server)
        found = items(COLLECTIONS * FEATURES)
        bodies = [
            orjson.dumps({"type": "FeatureCollection", "features": found[start : start + FEATURES]})
            for start in range(0, len(found), FEATURES)
        ]

        async def client(mine: list[bytes]) -> None:
            connection = await server.connect()
            handles = [await _post(connection, body) for body in mine]
            for handle in handles:
                await _settled(connection, handle)
            connection.close()

        start = time.perf_counter()
        await asyncio.gather(*(client(bodies[number::AT_ONCE]) for number in range(AT_ONCE)))
        return {"features": len(found) / (time.perf_counter() - start)}


async def measure_latency() -> dict[str, float]:
    """Milliseconds from a POST to its settled handle, one at a time; and at PER_SECOND to a search that finds it."""
    async with served() as server:
        await collection(server)
        settled = await singly(server)
        searchable = await paced(server, server)
        return {
            "settled_p50": percentile(settled, 0.5) * 1000,
            "searchable_p50": percentile(searchable, 0.5) * 1000,
            "searchable_p99": percentile(searchable, 0.99) * 1000,
        }


async def singly(door: Served) -> list[float]:
    """Seconds from each of 100 POSTs to its settled handle, one at a time."""
    connection = await door.connect()
    times = []
    for item in items(PACED + 100)[PACED:]:
        start = time.perf_counter()
        answer = await connection.json("POST", PATH, item, "prefer: wait=10\r\n")
        if answer["state"] != "settled":
            raise RuntimeError(f"not settled: {answer}")
        times.append(time.perf_counter() - start)
    connection.close()
    return times


async def paced(door: Served, reader: Served) -> list[float]:
    """Seconds from each POST, PER_SECOND of them, to a search that finds its item.

    One search at a time asks for all that are still missing, so that looking is a small part of the load.
    """
    pool: Pool = asyncio.Queue()
    for _ in range(64):
        pool.put_nowait(await door.connect())
    begun = time.perf_counter()
    found = items(PACED)
    missing: dict[str, float] = {}
    posting = asyncio.gather(
        *(_post_at(pool, missing, item, begun + number / PER_SECOND) for number, item in enumerate(found))
    )
    times: list[float] = []
    connection = await reader.connect()
    while len(times) < PACED:
        if time.perf_counter() > begun + PACED / PER_SECOND + 30:
            raise TimeoutError(f"{len(missing)} items were never found")
        search = {"ids": list(missing), "collections": ["CMIP6"], "limit": PACED}
        answer = await connection.json("POST", "/search", search) if missing else {"features": []}
        now = time.perf_counter()
        times += [now - missing.pop(feature["id"]) for feature in answer["features"]]
        await asyncio.sleep(LOOK_S)
    await posting
    connection.close()
    return times


async def _post_at(pool: Pool, missing: dict[str, float], item: dict[str, Any], at: float) -> None:
    await asyncio.sleep(max(0, at - time.perf_counter()))
    missing[item["id"]] = time.perf_counter()
    connection = await pool.get()
    await _post(connection, orjson.dumps(item))
    pool.put_nowait(connection)


async def collection(server: Served) -> None:
    connection = await server.connect()
    await connection.json("POST", "/collections", COLLECTION, "prefer: wait=10\r\n")
    connection.close()


async def _post(connection: Connection, body: bytes) -> str:
    status, answer = await connection.request("POST", PATH, body)
    if status != 202:
        raise RuntimeError(f"{status}: {answer[:500].decode()}")
    return str(orjson.loads(answer)["id"])


async def _settled(connection: Connection, handle: str) -> None:
    answer = await connection.json("GET", f"/requests/{handle}?wait=60")
    if answer["state"] != "settled":
        raise RuntimeError(f"{handle} is {answer['state']}")
