"""Waiting: a door waits for its own index before it says no, and a client may wait for the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import create_collections
from tests.support.gates import GatedStore
from tests.support.http import Served, collection, operation, problem, running, scene, settings, turns, until
from tests.support.refusals import ITEMS

SCENE = f"{ITEMS}/a"
NOTE = [operation("add", "/properties/note", "n")]
RETRACT = [operation("replace", "/properties/retracted", True)]
Request = tuple[str, str, Any]  # method, path, body
LONG_MS, SHORT_MS = 10_000, 50


@dataclass
class Lagging:
    """A node whose index the test holds up."""

    served: Served
    store: GatedStore

    async def send(self, request: Request) -> httpx.Response:
        method, path, body = request
        return await self.served.http.request(method, path, json=body)

    def hold(self) -> None:
        """From now on the index reads, but does not write."""
        self.store.gate.clear()
        self.store.asked.clear()


async def lagging(folder: Path, wait_ms: int) -> AsyncIterator[Lagging]:
    store = GatedStore(folder / "n1.db")
    async with running(settings(folder, courtesy_wait_ms=wait_ms), store=store) as served:
        await create_collections(served)
        yield Lagging(served, store)
        store.gate.set()


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Lagging]:
    async for found in lagging(tmp_path, LONG_MS):
        yield found


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[Lagging]:
    async for found in lagging(tmp_path, SHORT_MS):
        yield found


async def waited(patient: Lagging, first: Request, second: Request) -> httpx.Response:
    """The answer to the second request, which is not given before the index has done the first."""
    patient.hold()
    assert (await patient.send(first)).status_code == 202
    await patient.store.asked.wait()
    asking = asyncio.create_task(patient.send(second))
    await turns()
    assert not asking.done()
    patient.store.gate.set()
    return await asking


async def test_a_record_made_a_moment_before_is_known(patient: Lagging) -> None:
    answer = await waited(patient, ("POST", ITEMS, scene("a")), ("PATCH", SCENE, NOTE))
    assert answer.status_code == 202
    assert (await patient.served.ended(answer.json()["id"]))["outcomes"][0]["outcome"] == "indexed"


async def test_a_record_restored_a_moment_before_may_be_corrected(patient: Lagging) -> None:
    await patient.served.settled("POST", ITEMS, json=scene("a"))
    await patient.served.settled("DELETE", SCENE)
    answer = await waited(patient, ("POST", f"{SCENE}/actions/restore", {}), ("PATCH", SCENE, NOTE))
    assert answer.status_code == 202
    assert (await patient.served.ended(answer.json()["id"]))["outcomes"][0]["outcome"] == "indexed"


async def test_no_is_said_once_that_is_sure(patient: Lagging) -> None:
    await patient.served.settled("POST", ITEMS, json=scene("a"))
    await patient.served.settled("DELETE", SCENE)
    answer = await waited(patient, ("PATCH", SCENE, RETRACT), ("PATCH", SCENE, NOTE))
    problem(answer, "wrong-state", says=["retracted"])


async def test_a_collection_made_a_moment_before_is_known(patient: Lagging) -> None:
    first = ("POST", "/collections", collection("young"))
    answer = await waited(patient, first, ("POST", "/collections/young/items", scene("a", "young")))
    assert answer.status_code == 202
    await patient.served.ended(answer.json()["id"])


async def test_without_any_gate_one_request_follows_the_other(node: Served) -> None:
    for path, body in (
        ("/collections", collection("quick")),
        ("/collections/quick/items", scene("a", "quick")),
        ("/collections/quick/items/a/actions/retract", {}),
        ("/collections/quick/items/a/actions/restore", {}),
    ):
        assert (await node.http.post(path, json=body)).status_code == 202
    await node.caught_up()
    history = await node.history("quick", "a")
    assert [event["outcome"] for event in history["events"]] == ["indexed"] * 3


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        (("POST", ITEMS, scene("a")), ("PATCH", SCENE, NOTE), "settled"),
        (("POST", ITEMS, scene("a")), ("POST", f"{SCENE}/actions/retract", {}), "settled"),
        (("POST", ITEMS, scene("a")), ("PUT", SCENE, scene("a", note="n")), "settled"),
        (("POST", ITEMS, scene("a", other=1)), ("POST", ITEMS, scene("a")), "rejected"),
    ],
)
async def test_what_cannot_be_known_in_time_is_appended(
    hasty: Lagging, first: Request, second: Request, state: str
) -> None:
    hasty.hold()
    assert (await hasty.send(first)).status_code == 202
    await hasty.store.asked.wait()
    answer = await hasty.send(second)
    assert answer.status_code == 202
    hasty.store.gate.set()
    await hasty.served.ended(answer.json()["id"], state)


async def test_whether_there_is_a_collection_is_not_guessed(hasty: Lagging) -> None:
    hasty.hold()
    await hasty.served.http.post("/collections", json=collection("young"))
    before = await hasty.served.ends()
    answer = await hasty.served.http.post("/collections/young/items", json=scene("a", "young"))
    problem(answer, "unavailable", says=["young"])
    assert int(answer.headers["retry-after"]) >= 1
    assert await hasty.served.ends() == before


# `Prefer: wait=N`


async def test_the_end_of_a_write_is_its_answer(node: Served) -> None:
    prefer = {"prefer": "wait=20"}
    answer = await node.http.post(ITEMS, json=scene("a"), headers=prefer)
    body = answer.json()
    assert (answer.status_code, body["state"], body["outcomes"][0]["outcome"]) == (201, "settled", "indexed")
    assert answer.headers["location"] == body["status_url"] == f"http://n1.example.org/requests/{body['id']}"
    assert answer.headers["preference-applied"] == "wait=20"
    for method, path, told in (
        ("PUT", f"{ITEMS}/a", scene("a", note="b")), ("PATCH", f"{ITEMS}/a", NOTE), ("DELETE", f"{ITEMS}/a", None),
    ):  # fmt: skip
        answer = await node.http.request(method, path, json=told, headers=prefer)
        assert (answer.status_code, answer.json()["state"]) == (200, "settled"), answer.text


@pytest.mark.parametrize(
    ("prefer", "applied"),
    [
        ("respond-async, wait=20", "wait=20"),
        ("wait=20; foo", "wait=20"),
        ("wait=999999", "wait=60"),
        ("wait=0", "wait=0"),
    ],
)
async def test_the_preference_is_read_among_others(node: Served, prefer: str, applied: str) -> None:
    answer = await node.http.post(ITEMS, json=scene("a"), headers={"prefer": prefer})
    assert answer.headers["preference-applied"] == applied


@pytest.mark.parametrize("prefer", ["respond-async", "wait=soon", "return=minimal", "await=5"])
async def test_another_preference_changes_nothing(node: Served, prefer: str) -> None:
    answer = await node.http.post(ITEMS, json=scene("a"), headers={"prefer": prefer})
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    assert "preference-applied" not in answer.headers


async def test_a_wait_in_vain_is_answered_with_the_handle(hasty: Lagging) -> None:
    hasty.hold()
    answer = await hasty.served.http.post(ITEMS, json=scene("a"), headers={"prefer": "wait=0"})
    assert (answer.status_code, answer.json()["state"]) == (202, "accepted")
    hasty.store.gate.set()
    await hasty.served.ended(answer.json()["id"])


async def test_a_rejection_after_the_append_is_answered_as_its_problem(hasty: Lagging) -> None:
    served = hasty.served
    hasty.hold()
    assert (await served.http.post(ITEMS, json=scene("a"))).status_code == 202
    headers = {"prefer": "wait=20", "x-request-id": "mine"}
    asking = asyncio.create_task(served.http.post(ITEMS, json=scene("a", other=1), headers=headers))
    await until(lambda: _appended(served, 2))
    hasty.store.gate.set()
    answer = await asking
    found = problem(answer, "item-already-exists")
    assert found["instance"] == f"mine:{found['handle']}"
    assert answer.headers["location"] == found["status_url"]
    assert (await served.ended(found["handle"], "rejected"))["outcomes"][0]["problem"]["detail"] == found[
        "detail"
    ]


async def _appended(served: Served, count: int) -> bool:
    return len(await served.events()) == count
