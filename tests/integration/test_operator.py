"""The operator's commands on real servers: topics and indices made and compared, and what the doctor finds."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from cv.shelf import Shelf
from federation.advice import ERROR, FINE, Advice
from federation.doctor import diagnose
from tests.servers.elastic import ElasticServer
from tests.servers.kafka import KafkaServer
from tests.support import cmip6
from tests.support.command import finished
from tests.support.http import Served, collection, two_running
from tests.support.remove import remove_indices, remove_topics
from tests.support.site import Processes, processes
from tests.support.vocabularies import FLAT, vocabulary_of

KEY = "a key for the operator"
# A new node has these to say: no vocabulary was imported yet, and nobody hears of alerts.
HISTORICAL = "CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f1.Amon.tas.gn.v20200101"
NEW = {"STACFED_ALERTS", "vocabulary cmip6", "vocabulary cmip7"}


@pytest.fixture
def engines(kafka: KafkaServer, elastic: ElasticServer) -> Iterator[dict[str, str]]:
    """Settings of a new federation on both servers."""
    name = f"t{uuid.uuid4().hex[:8]}"
    yield {
        "log_url": f"kafka://{kafka.bootstrap}/{name}", "store_url": f"{elastic.url}/{name}", "handle_key": KEY,
        "node": "north", "partitions": "3",
    }  # fmt: skip
    asyncio.run(remove_topics(kafka.bootstrap, name))
    asyncio.run(remove_indices(elastic.url, name))


def doctor(folder: Path, engines: dict[str, str]) -> tuple[int, dict[str, dict[str, str]]]:
    """(exit code, what is not fine by what it is about)."""
    found = finished(folder, "doctor", "--json", **engines)
    advice = json.loads(found.stdout)
    assert all(one["do"] for one in advice if one["level"] != "ok"), advice
    return found.returncode, {one["about"]: one for one in advice if one["level"] != "ok"}


def succeeded(found: CompletedProcess[str]) -> str:
    assert (found.returncode, found.stderr) == (0, ""), found
    return found.stdout


def test_topics_and_indices_are_made_once_and_found_right(tmp_path: Path, engines: dict[str, str]) -> None:
    name = engines["log_url"].rpartition("/")[2]
    assert finished(tmp_path, "topics", "check", **engines).returncode == 1
    for _ in range(2):
        assert f"{name}.transactions" in succeeded(finished(tmp_path, "topics", "create", **engines))
        succeeded(finished(tmp_path, "index", "create", **engines))
    checked = succeeded(finished(tmp_path, "topics", "check", **engines))
    assert checked.count("ok ") == 5
    assert "errors: 0" in succeeded(finished(tmp_path, "index", "check", **engines))


def test_another_number_of_partitions_is_an_error_that_says_so(
    tmp_path: Path, engines: dict[str, str]
) -> None:
    succeeded(finished(tmp_path, "topics", "create", **engines))
    for command in (("topics", "create"), ("serve", "--port", "0")):
        found = finished(tmp_path, *command, **{**engines, "partitions": "4"})
        assert found.returncode == 2
        assert "has 3 partitions, not 4" in found.stderr
    found = finished(tmp_path, "topics", "check", **{**engines, "partitions": "4"})
    assert found.returncode == 1
    assert "set STACFED_PARTITIONS" in found.stdout


def test_the_doctor_finds_what_somebody_has_changed(tmp_path: Path, engines: dict[str, str]) -> None:
    succeeded(finished(tmp_path, "topics", "create", **engines))
    succeeded(finished(tmp_path, "index", "create", **engines))
    code, found = doctor(tmp_path, engines)
    assert (code, set(found)) == (0, NEW | {"the store"})  # new: no node has used it yet
    servers, name = engines["log_url"].removeprefix("kafka://").split("/")
    asyncio.run(forget_soon(servers, f"{name}.transactions"))
    url, _, prefix = engines["store_url"].rpartition("/")
    httpx.delete(f"{url}/_index_template/{prefix}").raise_for_status()
    code, found = doctor(tmp_path, engines)
    assert code == 1
    assert "retention.ms is 1000" in found[f"topic {name}.transactions"]["detail"]
    assert "retention.ms=-1" in found[f"topic {name}.transactions"]["do"]
    assert "template" in found["the indices"]["detail"]


async def forget_soon(servers: str, topic: str) -> None:
    """Set a topic to be forgotten after a second."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        changed = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "1000"})
        await admin.alter_configs([changed])
    finally:
        await admin.close()


def test_a_log_that_asks_who_we_are(tmp_path: Path, secure_kafka: KafkaServer) -> None:
    name = f"t{uuid.uuid4().hex[:8]}"
    told = {
        "log_url": f"kafka://{secure_kafka.secure_bootstrap}/{name}", "log_security": "SASL_SSL",
        "log_sasl_mechanism": "PLAIN", "log_ca_file": str(secure_kafka.ca_file), "log_user": secure_kafka.user,
        "log_password": secure_kafka.password, "handle_key": KEY,
    }  # fmt: skip
    assert f"{name}.transactions" in succeeded(finished(tmp_path, "topics", "create", **told))
    assert "errors: 0" in succeeded(finished(tmp_path, "topics", "check", **told))
    found = finished(tmp_path, "topics", "check", **{**told, "log_password": "hunter2"})
    assert found.returncode == 2
    assert "Authentication" in found.stderr
    assert "hunter2" not in found.stderr
    found = finished(tmp_path, "topics", "check", **{**told, "log_ca_file": __file__})
    assert found.returncode == 2
    assert "STACFED_LOG_CA_FILE" in found.stderr


def test_the_doctor_of_engines_that_are_away(tmp_path: Path) -> None:
    away = {"log_url": "kafka://127.0.0.1:1/p", "store_url": "http://127.0.0.1:1/p"}
    code, found = doctor(tmp_path, away)
    assert code == 1
    assert found.keys() == NEW | {"STACFED_HANDLE_KEY", "the log", "the store"}
    found_text = finished(tmp_path, "topics", "create", **away, start_wait_s="1")
    assert found_text.returncode == 2
    assert "Kafka" in found_text.stderr


async def test_the_doctor_of_a_node_at_work(
    tmp_path: Path, engines: dict[str, str], kafka: KafkaServer, elastic: ElasticServer
) -> None:
    async with processes(tmp_path, kafka.bootstrap, elastic.url, **engines) as site:
        site.nodes = ("north",)
        await publish_and_leave(site)
    code, found = doctor(tmp_path, engines)
    assert (code, set(found)) == (0, NEW)
    shown = finished(tmp_path, "doctor", **engines).stdout
    assert "group north.index." in shown
    assert "lag of" in shown


async def test_the_doctor_looks_at_the_rules(tmp_path: Path) -> None:
    content = {name: said for name, said in FLAT.items() if "activity" in name or "experiment" in name}
    shelves = {node: Shelf(tmp_path / node) for node in ("n1", "n2")}
    entry = shelves["n1"].put(vocabulary_of(content))
    shelves["n1"].use("cmip6", "6.2.1.0")
    async with two_running(tmp_path, lambda node: {"vocabularies": shelves[node].folder}) as (first, second):
        await first.settled("POST", "/collections", json=collection("CMIP6"))
        await first.settled("POST", "/collections/CMIP6/items", json=cmip6.item(HISTORICAL))
        here, there = [await advice(served) for served in (first, second)]
    assert here.keys() == NEW - {"vocabulary cmip6"}
    assert there.keys() == NEW | {"records kept aside"}
    assert "1 applied unchecked for want of vocabulary cmip6 6.2.1.0" in there["records kept aside"].detail
    assert "then stacfed cv use cmip6" in there["vocabulary cmip6"].do

    shelves["n2"].put(vocabulary_of(content))
    assert (await advice(second))["vocabulary cmip6"].do == "stacfed cv use cmip6 6.2.1.0"
    path = shelves["n2"].folder / "cmip6" / f"{entry.sha256}.json"
    path.write_bytes(path.read_bytes()[:-9])
    assert str(path) in (await advice(second))["the rules"].detail
    shelves["n2"].folder.joinpath("cmip6", "current").write_text(entry.sha256)  # and now it is in use
    found = (await advice(second))["the rules"]
    assert (found.level, str(path) in found.detail, "none starts" in found.do) == (ERROR, True, True)


async def advice(served: Served) -> dict[str, Advice]:
    """What is not fine by what it is about."""
    return {one.about: one for one in await diagnose(served.node.settings) if one.level != FINE}


async def publish_and_leave(site: Processes) -> None:
    """One Collection, known to the node, all of whose followers have read everything."""
    site.start("north", "all")
    http = await site.client("north.all.a")
    made = await http.post("/collections", json=collection("CMIP6"), headers={"prefer": "wait=30"})
    assert made.status_code == 201, made.text
    await http.aclose()
    assert await asyncio.to_thread(site.running["north.all.a"].stop) == 0
