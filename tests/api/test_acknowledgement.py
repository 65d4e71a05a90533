"""A 202 means that the log has it; a 503 with a handle means that the handle can be asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import create_collections
from tests.support.gates import GatedLog
from tests.support.http import (
    Json,
    Served,
    collection,
    features,
    operation,
    problem,
    running,
    scene,
    settings,
    turns,
)
from tests.support.refusals import ITEMS

SCENE = f"{ITEMS}/a"


@dataclass
class Gated:
    """A node on a log that the test holds."""

    served: Served
    log: GatedLog

    async def post(self, path: str = ITEMS, **told: Any) -> httpx.Response:
        return await self.served.http.post(path, **told)


@pytest.fixture
async def gated(tmp_path: Path) -> AsyncIterator[Gated]:
    log = GatedLog(tmp_path / "log.db")
    async with running(settings(tmp_path), log) as served:
        await create_collections(served)
        yield Gated(served, log)
    await log.close()


WRITES: dict[str, tuple[str, str, Json]] = {
    "an Item": ("POST", ITEMS, scene("b")),
    "a FeatureCollection": ("POST", ITEMS, features([scene("b"), scene("c")])),
    "a replacement": ("PUT", SCENE, scene("a", note="x")),
    "a patch": ("PATCH", SCENE, {"properties": {"note": "x"}}),
    "an action": ("POST", f"{SCENE}/actions/retract", {"reason": "x"}),
    "a Collection": ("POST", "/collections", collection("more")),
}


@pytest.mark.parametrize("name", WRITES)
async def test_the_answer_waits_for_the_logs_ack(gated: Gated, name: str) -> None:
    method, path, body = WRITES[name]
    await gated.served.settled("POST", ITEMS, json=scene("a"))
    before = await gated.served.ends()
    gated.log.gate.clear()
    gated.log.asked.clear()
    asking = asyncio.create_task(gated.served.http.request(method, path, json=body))
    await gated.log.asked.wait()
    await turns()
    assert not asking.done()
    assert await gated.served.ends() == before
    gated.log.gate.set()
    answer = await asking
    assert answer.status_code == 202
    assert await gated.served.ends() != before
    await gated.served.ended(answer.json()["id"])


@pytest.mark.parametrize("name", WRITES)
async def test_without_an_ack_the_answer_is_503_with_a_handle(gated: Gated, name: str) -> None:
    method, path, body = WRITES[name]
    await gated.served.settled("POST", ITEMS, json=scene("a"))
    gated.log.loses = True
    answer = await gated.served.http.request(method, path, json=body)
    found = problem(answer, "unavailable", says=["handle"])
    assert int(answer.headers["retry-after"]) >= 1
    asked = await gated.served.http.get(f"/requests/{found['handle']}")
    assert (asked.status_code, asked.json()["state"]) == (200, "accepted")
    assert found["status_url"] == f"/requests/{found['handle']}"


async def test_what_happened_all_the_same_is_told_by_the_handle(gated: Gated) -> None:
    gated.log.silent = True
    found = problem(await gated.post(json=scene("a")), "unavailable")
    assert (await gated.served.ended(found["handle"]))["item_id"] == "a"
    found = problem(await gated.post(json=features([scene("b"), scene("c")])), "unavailable")
    assert (await gated.served.ended(found["handle"]))["children"]["settled"] == 2


async def test_a_retry_with_a_key_is_the_same_request(gated: Gated) -> None:
    key = {"idempotency-key": "k1"}
    gated.log.silent = True
    first = problem(await gated.post(json=scene("a"), headers=key), "unavailable")["handle"]
    gated.log.silent = False
    again = await gated.post(json=scene("a"), headers=key)
    assert (again.status_code, again.json()["id"]) == (202, first)
    await gated.served.ended(first)
    await gated.served.caught_up()
    assert len([event for event in await gated.served.events() if event.id == first]) == 2
    history = await gated.served.history("scenes", "a")
    assert [event["event_id"] for event in history["events"]] == [first]


async def test_more_appends_than_the_log_may_hold_are_put_off(tmp_path: Path) -> None:
    log = GatedLog(tmp_path / "log.db")
    async with running(settings(tmp_path, appends_in_flight_max=1), log) as served:
        await create_collections(served)
        log.gate.clear()
        log.asked.clear()
        asking = asyncio.create_task(served.http.post(ITEMS, json=scene("a")))
        await log.asked.wait()
        answer = await served.http.post(ITEMS, json=scene("b"))
        assert "handle" not in problem(answer, "unavailable")
        assert "retry-after" in answer.headers
        log.gate.set()
        assert (await asking).status_code == 202
        await served.settled("POST", ITEMS, json=scene("b"))
    await log.close()


async def test_a_client_that_leaves_does_not_take_its_request_back(gated: Gated) -> None:
    gated.log.gate.clear()
    gated.log.asked.clear()
    asking = asyncio.create_task(gated.post(json=scene("a")))
    await gated.log.asked.wait()
    asking.cancel()
    gated.log.gate.set()
    await gated.served.settled("POST", ITEMS, json=scene("b"))
    await gated.served.caught_up()
    assert [event.item_id for event in await gated.served.events() if event.item_id == "a"] == ["a"]


async def test_keys_make_one_request_of_equal_ones_only(node: Served) -> None:
    async def posted(key: str, path: str, body: Json, method: str = "POST") -> httpx.Response:
        return await node.http.request(method, path, json=body, headers={"idempotency-key": key})

    async def handle(*told: Any) -> str:
        answer = await posted(*told)
        assert answer.status_code == 202, answer.text
        return str((await node.ended(answer.json()["id"]))["id"])

    first = await handle("k", ITEMS, scene("a"))
    assert await handle("k", ITEMS, scene("a")) == first
    problem(await posted("k", ITEMS, scene("b")), "key-reused", says=["another body"])
    others = [
        await handle("other", ITEMS, scene("a")),
        await handle("k", f"{SCENE}/actions/retract", {}),
        await handle("k", f"{SCENE}/actions/restore", {}),
        await handle("k", SCENE, {"properties": {"note": "n"}}, "PATCH"),
    ]
    assert len({first, *others}) == 5
    assert len((await node.history("scenes", "a"))["events"]) == 5


async def test_a_retry_at_another_door_is_the_same_request(two_nodes: tuple[Served, Served]) -> None:
    handles = []
    for served in two_nodes:
        answer = await served.http.post(ITEMS, json=scene("a"), headers={"idempotency-key": "k"})
        handles.append((await served.ended(answer.json()["id"]))["id"])
    assert handles[0] == handles[1]
    await two_nodes[0].caught_up()
    assert len((await two_nodes[0].history("scenes", "a"))["events"]) == 1


async def test_a_family_with_a_key_keeps_its_children(node: Served) -> None:
    body = features([scene("a"), scene("b")])
    handles = []
    for _ in range(2):
        answer = await node.http.post(ITEMS, json=body, headers={"idempotency-key": "many"})
        handles.append((await node.ended(answer.json()["id"]))["id"])
    assert handles[0] == handles[1]
    assert len({event.id for event in await node.events()}) == 2
    assert len((await node.history("scenes", "b"))["events"]) == 1


async def test_without_a_key_each_request_is_its_own(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    handles = {
        (await node.settled("PATCH", SCENE, json=[operation("add", "/properties/n", 1)]))["id"]
        for _ in range(2)
    }
    assert len(handles) == 2
    outcomes = [event["outcome"] for event in (await node.history("scenes", "a"))["events"]]
    assert outcomes == ["indexed", "indexed", "unchanged"]


async def test_a_refused_request_leaves_its_key_free(node: Served) -> None:
    key = {"idempotency-key": "second try"}
    assert (await node.http.post(ITEMS, json={**scene("late"), "bbox": 1}, headers=key)).status_code == 400
    await node.settled("POST", ITEMS, json=scene("late"), headers=key)
