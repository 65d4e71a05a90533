"""Who sees what: the table of the lifecycle, cell by cell, on searches, items and their data links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support import cmip6
from tests.support.http import Json, Served, collection, features, problem, running, scene, settings
from tests.support.refusals import DATASET, ITEMS, STATES, location

pytestmark = pytest.mark.asyncio(loop_scope="module")

ACTIVE, RETRACTED, PURGED = {"active"}, {"retracted"}, {"purged"}
ALL = list(STATES)
V1 = DATASET
V2 = cmip6.second_version(V1)
V3 = cmip6.second_version(V2)
V4 = cmip6.second_version(V3)
DATASETS = "/collections/CMIP6/items"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A scene in each state, all with a copy at n2; four versions of a dataset."""
    async with running(settings(tmp_path_factory.mktemp("visibility"))) as found:
        for name in ("CMIP6", "scenes"):
            await found.settled("POST", "/collections", json=collection(name))
        for name, actions in STATES.items():
            await found.settled("POST", ITEMS, json=scene(name))
            await found.settled("PATCH", f"{ITEMS}/{name}", json=[location("n2", "data")])
            for action in actions:
                await found.settled(
                    "POST", f"{ITEMS}/{name}/actions/{action}", json={"reason": f"the {action}"}
                )
        await found.settled("POST", DATASETS, json=features([V1, V2, V3, V4]))
        yield found


def filtered(value: Any, name: str = "retracted") -> Json:
    return {"filter": {"op": "=", "args": [{"property": name}, value]}}


SEARCHES: list[tuple[str, Json, set[str]]] = [
    ("default", {}, ACTIVE),
    ("of the collection", {"collections": ["scenes"]}, ACTIVE),
    ("by id", {"ids": ALL}, ACTIVE | RETRACTED),
    ("by id of the retracted one", {"ids": ["retracted"]}, RETRACTED),
    ("by id of the withdrawn one", {"ids": ["withdrawn"]}, set()),
    ("by id of the purged one", {"ids": ["purged"]}, set()),
    ("a filter says retracted", filtered(True), RETRACTED),
    ("a filter says not retracted", filtered(False), ACTIVE),
    ("a filter says retracted, prefixed", filtered(True, "properties.retracted"), RETRACTED),
    ("a filter says so inside", {"filter": {"op": "and", "args": [{}, filtered(True)["filter"]]}}, RETRACTED),
    ("a query says retracted", {"query": {"retracted": {"eq": True}}}, RETRACTED),
    ("a filter about something else", filtered("retracted", "title"), set()),
    ("retracted=include", {"retracted": "include"}, ACTIVE | RETRACTED),
    ("retracted=hide-data", {"retracted": "hide-data"}, ACTIVE | RETRACTED),
    ("retracted=exclude", {"retracted": "exclude"}, ACTIVE),
    ("purged=include", {"purged": "include"}, ACTIVE | PURGED),
    ("all that can be asked", {"purged": "include", "retracted": "include"}, ACTIVE | RETRACTED | PURGED),
    ("purged ones by id", {"purged": "include", "ids": ["purged", "withdrawn"]}, PURGED),
]  # fmt: skip


@pytest.mark.parametrize(("name", "body", "seen"), SEARCHES, ids=[name for name, _, _ in SEARCHES])
async def test_what_a_search_finds_and_counts(served: Served, name: str, body: Json, seen: set[str]) -> None:
    found = await served.search(**({"collections": ["scenes"]} | body))
    assert {item["id"] for item in found["features"]} == seen
    assert {found[member] for member in found if member.startswith("num")} == {len(seen)}


async def test_what_a_list_of_items_shows(served: Served) -> None:
    found = (await served.http.get(ITEMS)).json()
    assert ([item["id"] for item in found["features"]], found["numberMatched"]) == (["active"], 1)


async def get(served: Served, name: str, **parameters: str) -> httpx.Response:
    return await served.http.get(f"{ITEMS}/{name}", params=parameters)


async def test_by_id(served: Served) -> None:
    assert [(await get(served, name)).status_code for name in STATES] == [200, 200, 410, 404]
    everything = {"retracted": "include", "purged": "include"}
    assert [(await get(served, name, **everything)).status_code for name in STATES] == [200, 200, 410, 200]


async def test_a_retracted_item_shows_why_and_hides_its_data(served: Served) -> None:
    for item in (
        await served.item("scenes", "retracted"),
        (await served.search(ids=["retracted"]))["features"][0],
        (await served.search(retracted="hide-data", collections=["scenes"]))["features"][1],
    ):
        assert item["assets"] == {}
        assert item["properties"]["retraction_reason"] == "the retract"
        flags = {name: item["properties"][name] for name in ("latest", "retracted", "deprecated")}
        assert flags == {"latest": False, "retracted": True, "deprecated": True}
    for item in (
        await served.item("scenes", "retracted", retracted="include"),
        (await served.search(ids=["retracted"], retracted="include"))["features"][0],
    ):
        assert item["assets"]["data"]["href"] == "https://data.example.org/retracted.tif"
        assert set(item["assets"]["data"]["alternate"]) == {"n2"}


async def test_an_active_item_shows_its_data(served: Served) -> None:
    item = await served.item("scenes", "active")
    assert set(item["assets"]["data"]["alternate"]) == {"n2"}
    assert "retraction_reason" not in item["properties"]


async def test_a_withdrawn_item_is_a_tombstone_that_names_who_still_holds_it(served: Served) -> None:
    problem(await get(served, "withdrawn"), "withdrawn", says=["the withdraw", "n2", "origin"])
    await served.settled("POST", f"{ITEMS}/withdrawn/actions/replica-remove", json={"node": "n2"})
    found = problem(await get(served, "withdrawn"), "withdrawn", says=["origin"])
    assert "n2" not in found["detail"]
    await served.settled("POST", f"{ITEMS}/withdrawn/actions/replica-remove", json={"node": "origin"})
    assert "held" not in problem(await get(served, "withdrawn"), "withdrawn")["detail"]


async def test_a_purged_item_is_as_if_it_had_never_been(served: Served) -> None:
    never = problem(await get(served, "never"), "item-does-not-exist")
    purged = problem(await get(served, "purged"), "item-does-not-exist")
    assert never["detail"].replace("never", "x") == purged["detail"].replace("purged", "x")
    problem(await served.http.get(f"{ITEMS}/purged/history"), "item-does-not-exist")
    assert (await get(served, "purged", purged="include")).json()["properties"]["title"] == "purged"


async def test_what_was_withdrawn_keeps_its_history(served: Served) -> None:
    events = (await served.history("scenes", "withdrawn"))["events"]
    assert [event["action"] for event in events][:3] == ["publish", "replica-add", "withdraw"]


def links(item: Json) -> Json:
    """The links of the version extension, with the version that each leads to."""
    found = {link["rel"]: link["href"] for link in item["links"] if link["rel"].endswith("-version")}
    return {rel.removesuffix("-version"): href.rpartition(".")[2] for rel, href in found.items()}


def versions(*items: Json) -> list[str]:
    return [item["id"].rpartition(".")[2] for item in items]


async def test_version_links_follow_the_head(served: Served) -> None:
    v1, v2, v3, v4 = versions(V1, V2, V3, V4)

    async def shown() -> list[Json]:
        return [links(await served.item("CMIP6", item["id"])) for item in (V1, V2)]

    async def act(item: Json, action: str) -> None:
        await served.settled("POST", f"{DATASETS}/{item['id']}/actions/{action}")

    first = {"successor": v2, "latest": v4}
    assert await shown() == [first, {"predecessor": v1, "successor": v3, "latest": v4}]
    assert links(await served.item("CMIP6", V4["id"])) == {"predecessor": v3}
    await act(V4, "retract")
    assert await shown() == [{"successor": v2}, {"predecessor": v1, "successor": v3}]
    await act(V3, "withdraw")
    assert await shown() == [{"successor": v2}, {"predecessor": v1, "successor": v4}]
    await act(V4, "purge")
    assert await shown() == [{"successor": v2}, {"predecessor": v1}]  # the withdrawn one supersedes them all
    await act(V3, "purge")
    assert await shown() == [{"successor": v2, "latest": v2}, {"predecessor": v1}]
    item = await served.item("CMIP6", V2["id"])
    assert (item["properties"]["version"], item["properties"]["deprecated"]) == (v2.removeprefix("v"), False)
    assert (await served.item("CMIP6", V1["id"]))["properties"]["deprecated"] is True
    found = [link["href"] for link in item["links"] if link["rel"] == "predecessor-version"]
    assert (await served.http.get(found[0])).json()["id"] == V1["id"]
