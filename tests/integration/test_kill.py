"""A server that is killed or stopped under load loses nothing that it has acknowledged."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from catalogue.sqlite import SqliteStore
from catalogue.store import ITEMS
from federation import clock
from index_node.indexer import Indexer
from stream.consume import Follower
from stream.sqlite import SqliteLog
from stream.topics import Topics
from tests.support.cmip6 import Item, item, sample_ids
from tests.support.command import Running, running
from tests.support.http import collection, until

CLIENTS, ACKNOWLEDGED_MIN = 8, 150
PATH = "/collections/CMIP6/items"
STOP_S_MAX = 10.0


@dataclass
class Load:
    """Clients that post until the server is gone. `acknowledged`: item id and handle of every 202."""

    url: str
    items: list[Item]
    acknowledged: dict[str, str] = field(default_factory=dict)

    async def run(self) -> None:
        """Post all items with CLIENTS clients; each ends with its first broken connection."""
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as http:
            await asyncio.gather(*(self._client(http, self.items[n::CLIENTS]) for n in range(CLIENTS)))

    async def _client(self, http: httpx.AsyncClient, mine: list[Item]) -> None:
        for one in mine:
            try:
                answer = await http.post(PATH, json=one)
            except httpx.TransportError:
                return
            if answer.status_code == 202:
                self.acknowledged[one["id"]] = answer.json()["id"]
            else:
                assert answer.status_code == 503, answer.text

    async def enough(self) -> bool:
        """Whether it is worth while to break the server."""
        return len(self.acknowledged) >= ACKNOWLEDGED_MIN


async def test_kill_9_under_load_loses_no_acknowledged_publish(tmp_path: Path) -> None:
    with running(tmp_path, "serve", "--port", "0", data_dir=str(tmp_path / "data")) as server:
        load = await loaded(server, signal.SIGKILL)
        assert server.process.wait(60) == -signal.SIGKILL
    with running(tmp_path, "serve", "--port", "0", data_dir=str(tmp_path / "data")) as again:
        await all_there(again.url, load)
        assert again.stop() == 0
    await replay_gives_the_same(tmp_path)


async def test_sigterm_under_load_ends_cleanly_in_time(tmp_path: Path) -> None:
    with running(tmp_path, "serve", "--port", "0", data_dir=str(tmp_path / "data")) as server:
        load = await loaded(server, signal.SIGTERM)
        asked = time.monotonic()
        assert await asyncio.to_thread(server.process.wait, 60) == 0
        assert time.monotonic() - asked < STOP_S_MAX
    with running(tmp_path, "serve", "--port", "0", data_dir=str(tmp_path / "data")) as again:
        await all_there(again.url, load)
        assert again.stop() == 0


async def loaded(server: Running, number: int) -> Load:
    """Post until enough is acknowledged, then send the signal in the midst of it."""
    url = await asyncio.to_thread(lambda: server.url)
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        made = await http.post("/collections", json=collection("CMIP6"), headers={"prefer": "wait=30"})
        assert made.status_code == 201, made.text
    load = Load(url, [item(item_id) for item_id in sample_ids(3000)])
    posting = asyncio.create_task(load.run())
    await until(load.enough, 120)
    assert not posting.done(), "the load was over before the signal"
    server.process.send_signal(number)
    await posting
    return load


async def all_there(url: str, load: Load) -> None:
    """Every acknowledged item can be read, and its handle has come to its end."""
    async with httpx.AsyncClient(base_url=url, timeout=90) as http:
        for item_id, handle in load.acknowledged.items():
            request = (await http.get(f"/requests/{handle}", params={"wait": 60})).json()
            assert request["state"] == "settled", request
            found = await http.get(f"{PATH}/{item_id}")
            assert found.status_code == 200, found.text
            assert found.json()["properties"]["latest"] is True


async def replay_gives_the_same(folder: Path) -> None:
    """The log of the killed server, read from its beginning into an empty store, makes the same bytes."""
    log, topics = SqliteLog(folder / "data" / "log.db"), Topics("stacfed")
    lived, replayed = SqliteStore(folder / "data" / "local.db"), SqliteStore(folder / "replayed.db")
    partitions = await log.partitions(topics.transactions)
    indexer = Indexer("replay", replayed, log, topics.prefix, 1, partitions, clock.now)
    follower = Follower(
        "replay", log, "replay.index", "one", (topics.collections, topics.transactions), indexer,
        topics.dead_letters, clock.now,
    )  # fmt: skip
    running_ = asyncio.create_task(follower.run())

    async def finished() -> bool:
        return await log.committed("replay.index", topics.transactions) == await log.end(topics.transactions)

    await until(finished, 120)
    follower.stop()
    await running_
    first = {item_id: print_ async for item_id, print_ in lived.fingerprints(ITEMS, "CMIP6")}
    second = {item_id: print_ async for item_id, print_ in replayed.fingerprints(ITEMS, "CMIP6")}
    assert len(first) >= ACKNOWLEDGED_MIN
    assert first == second
    for closing in (lived, replayed, log):
        await closing.close()
