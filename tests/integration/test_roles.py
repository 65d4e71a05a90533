"""The roles as processes of their own, on Kafka and Elasticsearch: what each answers, how they start and stop."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from tests.servers.elastic import ElasticServer
from tests.servers.kafka import KafkaServer
from tests.support.cmip6 import item, sample_ids
from tests.support.command import finished
from tests.support.http import collection, until
from tests.support.remove import remove_indices, remove_topics
from tests.support.site import Processes, processes

PATH = "/collections/CMIP6/items"
STOP_S_MAX = 10.0


@pytest.fixture
async def site(tmp_path: Path, kafka: KafkaServer, elastic: ElasticServer) -> AsyncIterator[Processes]:
    """Nothing runs yet; names of this test's own."""
    name = f"t{uuid.uuid4().hex[:8]}"
    told = {"log_url": f"kafka://{kafka.bootstrap}/{name}", "expected_nodes": name, "log_session_s": "2"}
    async with processes(tmp_path, kafka.bootstrap, elastic.url, **told) as found:
        found.nodes = (name,)
        yield found
    await remove_topics(kafka.bootstrap, name)
    await remove_indices(elastic.url, name)


async def started(site: Processes, *roles: str) -> list[httpx.AsyncClient]:
    for role in roles:
        site.start(site.nodes[0], role)
    return [await site.client(f"{site.nodes[0]}.{role}.a") for role in roles]


async def test_three_processes_are_one_node(site: Processes) -> None:
    door, index, reader = await started(site, "transaction-api", "index-node", "discovery-api")
    await settled(door, "/collections", collection("CMIP6"))
    one = item(sample_ids(1)[0])
    await settled(door, PATH, one)

    async def found() -> bool:
        page = (await reader.post("/search", json={"ids": [one["id"]]})).json()
        return bool(page["numberMatched"] == 1)

    await until(found)
    assert (await reader.get(f"{PATH}/{one['id']}")).json()["properties"]["latest"] is True
    assert (await index.get("/collections")).status_code == 404
    assert (await reader.post(PATH, json=one)).status_code in (404, 405)
    assert (await door.get("/search")).status_code == 404
    followers = [[one["follower"] for one in (await http.get("/ready")).json()["followers"]]
                 for http in (door, index, reader)]  # fmt: skip
    assert followers == [["handles", "alerts"], ["index"], []]
    for http in (door, index, reader):
        assert (await http.get("/healthcheck")).status_code == 200
        assert "stacfed_http_requests_total" in (await http.get("/metrics")).text
        await http.aclose()


async def settled(door: httpx.AsyncClient, path: str, body: object) -> None:
    answer = await door.post(path, json=body, headers={"prefer": "wait=30"})
    assert answer.json().get("state") == "settled", answer.text


async def test_ready_tells_the_truth_about_the_engines(
    site: Processes, own_elastic: Callable[[], ElasticServer]
) -> None:
    node, elastic = site.nodes[0], own_elastic()
    for role in ("index-node", "discovery-api"):
        site.start(node, role, store=f"{elastic.url}/{node}")
    clients = [await site.client(f"{node}.{role}.a") for role in ("index-node", "discovery-api")]
    await asyncio.to_thread(elastic.stop)
    for http in clients:
        await until_answers(http, 503)
        told = (await http.get("/ready")).json()["engines"]
        assert "Elasticsearch" in told["store"]["fault"]
        assert told.get("log", {"ready": True})["ready"]
        assert (await http.get("/healthcheck")).status_code == 200
    await asyncio.to_thread(elastic.start)
    for http in clients:
        await until_answers(http, 200)
        await http.aclose()


async def answers(http: httpx.AsyncClient, status: int) -> bool:
    return (await http.get("/ready")).status_code == status


async def until_answers(http: httpx.AsyncClient, status: int) -> None:
    await until(lambda: answers(http, status), 60)


@pytest.mark.parametrize("role", ["transaction-api", "index-node", "discovery-api"])
async def test_a_process_ends_in_time_though_an_engine_is_away(
    site: Processes, own_elastic: Callable[[], ElasticServer], role: str
) -> None:
    node, elastic = site.nodes[0], own_elastic()
    process = site.start(node, role, store=f"{elastic.url}/{node}")
    await (await site.client(f"{node}.{role}.a")).aclose()
    await asyncio.to_thread(elastic.pause)
    asked = time.monotonic()
    try:
        assert await asyncio.to_thread(process.stop) == 0
        assert time.monotonic() - asked < STOP_S_MAX
    finally:
        elastic.resume()


async def test_sigterm_under_load_drains_and_loses_nothing(site: Processes) -> None:
    door, index = await started(site, "transaction-api", "index-node")
    await index.aclose()
    node = site.nodes[0]
    await settled(door, "/collections", collection("CMIP6"))
    accepted: list[str] = []

    async def post() -> None:
        for item_id in sample_ids(400):
            answer = await door.post(PATH, json=item(item_id))
            assert answer.status_code == 202, answer.text
            accepted.append(answer.json()["id"])

    posting = asyncio.create_task(post())

    async def enough() -> bool:
        return len(accepted) > 100

    await until(enough)
    asked = time.monotonic()
    assert await asyncio.to_thread(site.running[f"{node}.index-node.a"].stop) == 0
    assert time.monotonic() - asked < STOP_S_MAX
    site.start(node, "index-node")
    await posting
    for handle in accepted:
        found = (await door.get(f"/requests/{handle}", params={"wait": 60})).json()
        assert found["state"] == "settled", found
    await door.aclose()


async def test_of_two_workers_of_one_name_the_earlier_stops_and_says_why(
    site: Processes, tmp_path: Path
) -> None:
    [earlier] = await started(site, "index-node")
    node = site.nodes[0]
    site.settings = {**site.settings, "data_dir": str(tmp_path / "elsewhere")}
    site.running[f"{node}.index-node.earlier"] = site.running.pop(f"{node}.index-node.a")
    [later] = await started(site, "index-node")

    async def stopped() -> str | None:
        [told] = (await earlier.get("/ready")).json()["followers"]
        return str(told["stopped"]) if told["stopped"] else None

    async def has_stopped() -> bool:  # it is not ready for a while before it knows why
        return await stopped() is not None

    await until(has_stopped, 60)
    assert "STACFED_WORKER" in str(await stopped())
    assert await answers(earlier, 503)
    await asyncio.sleep(3)  # longer than a session: it does not come back
    assert await answers(later, 200)
    for http in (earlier, later):
        await http.aclose()


def test_a_single_role_on_sqlite_is_refused(tmp_path: Path) -> None:
    found = finished(tmp_path, "serve", "--role", "index-node", "--port", "0")
    assert (found.returncode, found.stdout) == (2, "")
    assert "STACFED_STORE_URL" in found.stderr


def test_an_engine_that_never_comes_is_named(tmp_path: Path) -> None:
    found = finished(
        tmp_path, "serve", "--port", "0", log_url="kafka://127.0.0.1:1/p", start_wait_s="2"
    )  # fmt: skip
    assert found.returncode == 2
    assert "STACFED_LOG_URL" in found.stderr


async def test_a_process_that_waits_for_an_engine_can_be_stopped(site: Processes) -> None:
    process = site.start(site.nodes[0], "discovery-api", store="http://127.0.0.1:1/p")
    await asyncio.sleep(3)
    assert process.process.poll() is None
    assert await asyncio.to_thread(process.stop, signal.SIGTERM) == 0
