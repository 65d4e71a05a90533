"""Validation at the door: all findings at once, hostile URLs, announcements, profiles, notes in the answer."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support import cmip6
from tests.support.http import Json, Served, features, operation, problem, running, settings
from tests.support.no_sockets import SocketGuard, no_sockets_fixture
from tests.support.refusals import location
from tests.unit.test_hostile_urls import URLS

from .conftest import create_collections

no_sockets = no_sockets_fixture
ITEMS = "/collections/CMIP6/items"
ITEM = cmip6.item(cmip6.sample_ids(1)[0])
PATH = f"{ITEMS}/{ITEM['id']}"


def changed(**properties: Any) -> Json:
    item = copy.deepcopy(ITEM)
    item["properties"].update(properties)
    return item


def errors(refused: Json) -> dict[str, str]:
    """Check by pointer."""
    return {one["pointer"]: one["check"] for one in refused["findings"] if one["level"] == "error"}


async def test_mistakes_of_every_kind_are_told_at_once(node: Served) -> None:
    item = changed(
        **{"cmip6:member_id": "r2i1p1f1", "cmip6:realm": "atmos", "start_datetime": "2020-01-01T00:00:00Z"}
    )
    del item["properties"]["cmip6:product"]
    item["stac_extensions"] = item["stac_extensions"][:1]
    item["geometry"]["coordinates"][0][2] = [400, 90]
    item["links"].append({"rel": "about"})
    key = cmip6.data_keys(item)[0]
    item["assets"][key] |= {"file:checksum": "12zz", "file:local_path": "../x", "protocol": "carrier-pigeon"}
    found = errors(problem(await node.http.post(ITEMS, json=item), "stac-validation"))
    asset = f"/assets/{key}"
    wanted = {
        "/properties/cmip6:member_id", "/properties/cmip6:realm", "/properties", "/stac_extensions",
        f"{asset}/file:checksum", f"{asset}/file:local_path", f"{asset}/protocol",
    }  # fmt: skip
    assert wanted <= found.keys()
    assert any(pointer.startswith("/links/") for pointer in found)
    assert any(pointer.startswith("/geometry") for pointer in found)
    assert any(check == "times" for check in found.values())


async def test_a_body_that_is_refused_for_its_form_is_checked_all_the_same(node: Served) -> None:
    item = {**changed(**{"cmip6:member_id": "r2i1p1f1"}), "collection": "scenes"}
    one = errors(problem(await node.http.post(ITEMS, json=item), "stac-validation"))
    assert {"/collection", "/properties/cmip6:member_id"} <= one.keys()
    many = problem(await node.http.post(ITEMS, json=features([ITEM, item])), "stac-validation")
    assert {(each["index"], each["pointer"]) for each in many["findings"] if each["level"] == "error"} >= {
        (1, "/collection"),
        (1, "/properties/cmip6:member_id"),
    }


@pytest.mark.parametrize(
    ("extensions", "kind"),
    [
        ([], "expected-extension-missing"),
        (["https://stac-extensions.github.io/file/v1.0.0/schema.json"], "extension-below-minimum"),
    ],
)
async def test_a_fault_with_a_type_of_its_own_has_it(node: Served, extensions: list[str], kind: str) -> None:
    kept = [uri for uri in ITEM["stac_extensions"] if "/file/" not in uri]
    refused = problem(await node.http.post(ITEMS, json={**ITEM, "stac_extensions": kept + extensions}), kind)
    assert set(errors(refused).values()) == {kind}


async def test_what_could_not_be_checked_is_noted_in_the_answer(node: Served) -> None:
    answer = await node.http.post(ITEMS, json=ITEM)
    assert answer.status_code == 202
    noted = {finding["check"] for finding in answer.json()["findings"]}
    assert noted == {"extension-not-checked", "vocabulary"}
    assert {finding["level"] for finding in answer.json()["findings"]} == {"note"}
    # Of many items the same is noted once.
    more = [cmip6.item(item_id) for item_id in cmip6.sample_ids(20)[1:]]
    answer = await node.http.post(ITEMS, json=features(more))
    assert len(answer.json()["findings"]) == 4


async def test_a_profile_may_demand_a_vocabulary(tmp_path: Path) -> None:
    shipped = (Path(__file__).parents[2] / "catalogue/profiles/cmip6.yaml").read_text()
    strict = shipped.replace("missing: accept", "missing: refuse").replace("version: '1'", "version: '2'", 1)
    folder = tmp_path / "profiles"
    folder.mkdir()
    (folder / "cmip6.yaml").write_text(strict)
    async with running(settings(tmp_path, profiles=folder)) as node:
        await create_collections(node)
        refused = problem(await node.http.post(ITEMS, json=ITEM), "unavailable")
        assert "cmip6" in refused["detail"]
        shown = (await node.http.get("/profiles/CMIP6")).json()
        assert shown["stamp"]["version"] == "2"
        assert shown["profile"]["vocabulary"]["missing"] == "refuse"


async def test_an_announcement_is_checked_for_its_own_payload(node: Served) -> None:
    await node.settled("POST", ITEMS, json=ITEM)
    keys = cmip6.data_keys(ITEM)
    bad = [location("n2", keys[0], href="a b"), *(location("n2", key) for key in keys[1:])]
    refused = problem(await node.http.patch(PATH, json=bad), "stac-validation")
    assert any(pointer.startswith(f"/assets/{keys[0]}/alternate/n2") for pointer in errors(refused))
    await node.settled("PATCH", PATH, json=[location("n2", key) for key in keys])


async def test_a_correction_is_checked_as_the_fold_would_leave_it(node: Served) -> None:
    await node.settled("POST", ITEMS, json=ITEM)
    wrong = [operation("replace", "/properties/start_datetime", "2020-01-01T00:00:00Z")]
    assert errors(problem(await node.http.patch(PATH, json=wrong), "stac-validation"))
    item = changed(start_datetime="2020-01-01T00:00:00Z")
    assert errors(problem(await node.http.put(PATH, json=item), "stac-validation"))
    body = {"patch": wrong}
    assert errors(problem(await node.http.post(f"{PATH}/actions/correct", json=body), "stac-validation"))
    right = [operation("replace", "/properties/start_datetime", "1851-01-01T00:00:00Z")]
    await node.settled("PATCH", PATH, json=right)


async def test_no_hostile_url_opens_a_socket(node: Served, no_sockets: SocketGuard) -> None:
    """Through the whole door and back, in every field at once."""
    assert len(URLS) >= 60
    for url in URLS:
        item = copy.deepcopy(ITEM)
        key = cmip6.data_keys(item)[0]
        item["assets"][key] |= {"href": url, "alternate": {"n2": {"href": url}}}
        item["links"].append({"rel": "license", "href": url})
        item["stac_extensions"].append(url)
        item["properties"] |= {"providers": [{"name": "x", "url": url}], "cmip6:pid": url, "$schema": url}
        item |= {"$schema": url, "$id": url}
        answer = await node.http.post(ITEMS, json=item)
        assert answer.status_code == 400, url
    assert no_sockets.attempts == []
