"""`stacfed bridge` as an operator runs it: killed, stopped, and against what is not there."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import httpx
import pytest

from catalogue.sqlite import SqliteStore
from stream.log import Log
from stream.sqlite import SqliteLog
from stream.topics import Topics
from tests.support import cmip6
from tests.support.bridged import times_of
from tests.support.command import Running, finished, running
from tests.support.foreign import ACCEPTED, TOPIC, Foreign
from tests.support.http import collection, placed_events, until
from tests.support.nodes import check_model, documents_of

OWN = Topics("stacfed")
DATASETS = 200


def topic_of(datasets: int) -> Foreign:
    """A publication and a patch of each."""
    found = Foreign()
    for item_id in cmip6.sample_ids(datasets):
        found.post(cmip6.item(item_id))
    for item_id in cmip6.sample_ids(datasets):
        found.patch(item_id, [{"op": "add", "path": "/properties/note", "value": "patched"}])
    return found


async def create(url: str, name: str = "CMIP6") -> None:
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        made = await http.post("/collections", json=collection(name), headers={"prefer": "wait=30"})
        assert made.status_code == 201, made.text


async def appended(log: Log) -> int:
    return sum(await log.end(OWN.transactions))


async def kill_at(log: Log, count: int, bridge: Running) -> None:
    """Kill the process in the midst of its work."""

    async def enough() -> bool:
        assert bridge.process.poll() is None, bridge.err.read_text()
        return await appended(log) >= count

    await until(enough, 120)
    bridge.process.kill()
    assert await asyncio.to_thread(bridge.process.wait, 60) == -signal.SIGKILL


async def test_kill_9_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    data, topic = tmp_path / "data", topic_of(DATASETS)
    with running(tmp_path / "node", "serve", "--port", "0", data_dir=str(data)) as node:
        await create(await asyncio.to_thread(lambda: node.url))
        log = SqliteLog(data / "log.db")
        await topic.append(log)
        for number, count in enumerate((50, 200)):
            with running(tmp_path / f"bridge{number}", "bridge", TOPIC, data_dir=str(data)) as bridge:
                await kill_at(log, count, bridge)
                assert await appended(log) < topic.count(ACCEPTED), "it was over before the kill"
        last = await asyncio.to_thread(finished, tmp_path, "bridge", TOPIC, "--until-end", data_dir=str(data))
        assert last.returncode == 0, last.stderr
        assert "refused 0, " in last.stderr
        assert "lag 0" in last.stderr

        async def caught_up() -> bool:
            async with httpx.AsyncClient(base_url=node.url, timeout=60) as http:
                found = await http.get(f"/collections/CMIP6/items/{cmip6.sample_ids(DATASETS)[-1]}")
                return found.status_code == 200 and "note" in found.json()["properties"]

        await until(caught_up, 60)
        assert await asyncio.to_thread(node.stop) == 0
    events = [event for _, event in await placed_events(log, OWN.transactions)]
    assert set(times_of(events).values()) == {1}
    assert len(events) == topic.count(ACCEPTED)
    store = SqliteStore(data / "local.db")
    check_model(await documents_of(store, events), events)
    await store.close()
    await log.close()


async def test_it_runs_on_until_it_is_told_to_stop(tmp_path: Path) -> None:
    data, topic, more = tmp_path / "data", topic_of(3), Foreign()
    more.post({**cmip6.item(cmip6.sample_ids(4)[3]), "collection": "CMIP5"})
    with running(tmp_path / "node", "serve", "--port", "0", data_dir=str(data)) as node:
        await create(await asyncio.to_thread(lambda: node.url))
        log = SqliteLog(data / "log.db")
        await topic.append(log)
        with running(tmp_path / "bridge", "bridge", TOPIC, data_dir=str(data)) as bridge:
            await until(lambda: reached(log, 6), 60)
            await log.append(more.messages)

            async def buried() -> bool:
                return await log.end(OWN.dead_letters) == [1]

            await until(buried, 60)
            assert await asyncio.to_thread(bridge.stop) == 0
            said = bridge.err.read_text()
            assert "refused 1 (collection-does-not-exist 1)" in said
        assert node.stop() == 0
    await log.close()


async def reached(log: Log, count: int) -> bool:
    return await appended(log) >= count


def test_where_no_node_has_run_there_is_nothing_to_bridge_into(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    found = finished(tmp_path, "bridge", TOPIC, data_dir=str(tmp_path / "data"))
    assert (found.returncode, found.stdout) == (2, "")
    assert "node local has never run on this store" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    ("topic", "says"), [("no.such", "there is no topic no.such"), (OWN.transactions, "nothing")]
)
async def test_a_wrong_topic_is_wrong_input(tmp_path: Path, topic: str, says: str) -> None:
    data = tmp_path / "data"
    with running(tmp_path / "node", "serve", "--port", "0", data_dir=str(data)) as node:
        await asyncio.to_thread(lambda: node.url)
        found = await asyncio.to_thread(finished, tmp_path, "bridge", topic, data_dir=str(data))
        assert node.stop() == 0
    assert found.returncode == 2
    assert says in found.stderr
