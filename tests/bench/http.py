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
PATH = "/collections/CMIP6/items"


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
            await _collection(server)
        bodies = [orjson.dumps(item) for item in items(SINGLES)]
        times: list[float] = []

        async def client(mine: list[bytes]) -> None:
            connection = await server.connect()
            for body in mine:
                start = time.perf_counter()
                await _post(connection, body)
                times.append(time.perf_counter() - start)
            connection.close()

        start = time.perf_counter()
        await asyncio.gather(*(client(bodies[number::CLIENTS]) for number in range(CLIENTS)))
        taken = time.perf_counter() - start
        return SINGLES / taken, percentile(times, 0.99) * 1000


async def measure_features() -> dict[str, float]:
    """Items per second in FeatureCollections, AT_ONCE at a time, until every handle is settled."""
    async with served() as server:
        await _collection(server)
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
        await _collection(server)
        found = items(PACED + 100)
        connection = await server.connect()
        settled = []
        for item in found[PACED:]:
            start = time.perf_counter()
            answer = await connection.json("POST", PATH, item, "prefer: wait=10\r\n")
            if answer["state"] != "settled":
                raise RuntimeError(f"not settled: {answer}")
            settled.append(time.perf_counter() - start)
        pool: asyncio.Queue[Connection] = asyncio.Queue()
        for _ in range(64):
            pool.put_nowait(await server.connect())
        begun = time.perf_counter()
        searchable = await asyncio.gather(
            *(
                _searchable(pool, item, begun + number / PER_SECOND)
                for number, item in enumerate(found[:PACED])
            )
        )
        return {
            "settled_p50": percentile(settled, 0.5) * 1000,
            "searchable_p50": percentile(searchable, 0.5) * 1000,
            "searchable_p99": percentile(searchable, 0.99) * 1000,
        }


async def _searchable(pool: asyncio.Queue[Connection], item: dict[str, Any], at: float) -> float:
    await asyncio.sleep(max(0, at - time.perf_counter()))
    connection = await pool.get()
    try:
        start = time.perf_counter()
        await _post(connection, orjson.dumps(item))
        search = orjson.dumps({"ids": [item["id"]], "collections": ["CMIP6"]})
        while time.perf_counter() < start + 30:
            _, answer = await connection.request("POST", "/search", search)
            if orjson.loads(answer)["numberMatched"] == 1:
                return time.perf_counter() - start
            await asyncio.sleep(0.01)
        raise TimeoutError(item["id"])
    finally:
        pool.put_nowait(connection)


async def _collection(server: Served) -> None:
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
