"""Writes about one Item: what is answered, what the log then holds, and what becomes of the record."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from catalogue.lifecycle import ACTIONS
from stream.events import Event
from tests.support import cmip6
from tests.support.http import Json, Served, collection, operation, scene
from tests.support.refusals import DATASET, DATASET_PATH, FILES, ITEMS, location

ID = DATASET["id"]
DATASETS = "/collections/CMIP6/items"
SCENE = f"{ITEMS}/a"


async def only_event(served: Served, action: str) -> Event:
    """The one event of this action."""
    [event] = [event for event in await served.events() if event.action == action]
    return event


def with_note(item: Json, note: str) -> Json:
    found = copy.deepcopy(item)
    found["properties"]["note"] = note
    return found


def other_bytes(item: Json) -> Json:
    found = copy.deepcopy(item)
    found["assets"]["data"]["file:size"] += 1
    return found


async def replicated(served: Served) -> None:
    """A scene with a copy at n2."""
    await served.settled("POST", ITEMS, json=scene("a"))
    await served.settled("PATCH", SCENE, json=[location("n2", "data")])


async def test_a_publication_is_accepted_with_a_handle(node: Served) -> None:
    answer = await node.http.post(ITEMS, json=scene("a"), headers={"x-request-id": "mine"})
    body = answer.json()
    assert answer.status_code == 202
    assert body == {
        "id": body["id"], "event_id": body["id"], "request_id": "mine", "state": "accepted",
        "status_url": f"http://n1.example.org/requests/{body['id']}",
    }  # fmt: skip
    assert answer.headers["location"] == body["status_url"]
    assert answer.headers["x-request-id"] == "mine"
    found = await node.ended(body["id"])
    assert (found["request_id"], found["collection"], found["item_id"]) == ("mine", "scenes", "a")
    assert [(told["node"], told["role"], told["outcome"]) for told in found["outcomes"]] == [
        ("n1", "index", "indexed")
    ]
    assert (await node.http.get(answer.headers["location"])).json()["state"] == "settled"


async def test_what_only_the_system_sets_is_ignored_in_a_post(node: Served) -> None:
    posted = scene("a", latest=False, retracted=True, deprecated=True, created="1999-01-01T00:00:00Z")
    posted["assets"]["data"]["alternate"] = {"n9": {"href": "https://n9.example.org"}}
    posted["links"] = [
        {"rel": "self", "href": "https://x.example.org"},
        {"rel": "cite-as", "href": "https://y.org"},
    ]
    await node.settled("POST", ITEMS, json=posted)
    found, event = await node.item("scenes", "a"), await only_event(node, "publish")
    flags = {name: found["properties"][name] for name in ("latest", "retracted", "deprecated")}
    assert flags == {"latest": True, "retracted": False, "deprecated": False}
    assert found["properties"]["created"] == found["properties"]["updated"] == event.time
    assert "alternate" not in found["assets"]["data"]
    assert [link["rel"] for link in (event.item or {})["links"]] == ["cite-as"]
    assert [link["href"] for link in found["links"] if link["rel"] == "cite-as"] == ["https://y.org"]


async def test_the_same_post_again_changes_nothing(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    before = await node.digest()
    again = await node.settled("POST", ITEMS, json=scene("a", created="2026-02-02T00:00:00Z", latest=True))
    assert [told["outcome"] for told in again["outcomes"]] == ["unchanged"]
    assert await node.digest() == before


async def test_put_corrects_where_only_mutable_paths_differ(node: Served) -> None:
    await replicated(node)
    await node.settled("PUT", SCENE, json=with_note(scene("a"), "better"))
    assert (await only_event(node, "correct")).method == "PUT"
    found = await node.item("scenes", "a")
    assert found["properties"]["note"] == "better"
    assert set(found["assets"]["data"]["alternate"]) == {"n2"}
    assert [version["revision"] for version in (await node.history("scenes", "a"))["versions"]] == [2]


async def test_put_replaces_and_drops_locations_where_bytes_changed(node: Served) -> None:
    await replicated(node)
    await node.settled("PUT", SCENE, json=other_bytes(scene("a")))
    assert (await only_event(node, "replace")).method == "PUT"
    assert "alternate" not in (await node.item("scenes", "a"))["assets"]["data"]
    [version] = (await node.history("scenes", "a"))["versions"]
    assert (version["revision"], version["bytes_revision"]) == (2, 2)


async def test_put_replaces_and_keeps_locations_where_bytes_stayed(node: Served) -> None:
    await replicated(node)
    found = scene("a")
    found["assets"]["thumbnail"] = {"href": "https://data.example.org/a.png", "roles": ["thumbnail"]}
    await node.settled("PUT", SCENE, json=found)
    await only_event(node, "replace")
    assert set((await node.item("scenes", "a"))["assets"]["data"]["alternate"]) == {"n2"}
    [version] = (await node.history("scenes", "a"))["versions"]
    assert (version["revision"], version["bytes_revision"]) == (2, 1)


async def test_put_of_the_same_content_changes_nothing(node: Served) -> None:
    await replicated(node)
    before = await node.digest()
    found = await node.settled("PUT", SCENE, json=await node.item("scenes", "a"))
    assert [told["outcome"] for told in found["outcomes"]] == ["unchanged"]
    assert await node.digest() == before


LIST = [operation("replace", "/properties/title", "b"), operation("add", "/properties/note", "n")]
MERGE = {"properties": {"title": "b", "note": "n"}}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (LIST, "application/json-patch+json"),
        (LIST, "application/json"),
        ({"operations": LIST}, "application/json"),
        ({"operations": LIST}, "application/json-patch+json; charset=utf-8"),
        (MERGE, "application/merge-patch+json"),
        (MERGE, "application/json"),
    ],
)
async def test_a_patch_is_read_in_all_its_forms(node: Served, body: Any, content_type: str) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    handle = await node.settled("PATCH", SCENE, json=body, headers={"content-type": content_type})
    assert handle["action"] == "correct"
    properties = (await node.item("scenes", "a"))["properties"]
    assert (properties["title"], properties["note"]) == ("b", "n")
    assert (await only_event(node, "correct")).patch == (MERGE if body is MERGE else LIST)


async def test_delete_is_a_retraction(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    handle = await node.settled("DELETE", SCENE)
    assert handle["action"] == "retract"
    assert (await node.item("scenes", "a"))["properties"]["retracted"] is True


async def test_delete_takes_a_reason(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    answer = await node.http.request("DELETE", SCENE, json={"reason": "a mistake", "wish": "remove"})
    await node.ended(answer.json()["id"])
    event = await only_event(node, "retract")
    assert (event.reason, event.wish) == ("a mistake", "remove")
    assert (await node.item("scenes", "a"))["properties"]["retraction_reason"] == "a mistake"


def _place(key: str, node: str = "n2") -> Json:
    return {"href": f"https://{node}.example.org/{key}", "alternate:name": node}


ORDERS: list[tuple[str, Json, Json]] = [
    ("publish", {"item": DATASET}, {"state": "active", "latest": True}),
    ("correct", {"patch": [operation("add", "/properties/note", "n")]}, {"revision": 2}),
    ("replace", {"item": with_note(DATASET, "m")}, {"revision": 3, "bytes_revision": 1}),
    ("deprecate", {}, {"state": "active", "latest": False}),
    ("restore", {}, {"state": "active", "latest": True}),
    ("replica-add", {"node": "n2", "locations": {key: _place(key) for key in FILES}}, {"state": "active"}),
    ("transfer", {"node": "n2"}, {"owner": "n2"}),
    ("replica-remove", {"node": DATASET["assets"][FILES[0]]["alternate:name"]}, {"owner": "n2"}),
    (
        "retract",
        {"wish": "restrict"},
        {"state": "retracted", "latest": False, "reason": "because of retract"},
    ),
    ("withdraw", {"fields": ["/properties/note"]}, {"state": "withdrawn", "reason": "because of withdraw"}),
]


async def test_every_action_by_its_name_with_its_reason(two_nodes: tuple[Served, Served]) -> None:
    first, second = two_nodes
    for served, (action, order, expected) in zip([first, second] * 5, ORDERS, strict=True):
        body = {**order, "reason": f"because of {action}"}
        handle = await served.settled("POST", f"{DATASET_PATH}/actions/{action}", json=body)
        assert [(told["node"], told["outcome"]) for told in handle["outcomes"]] == [
            ("n1", "indexed"), ("n2", "indexed"),
        ]  # fmt: skip
        for reader in two_nodes:
            history = await reader.history("CMIP6", ID)
            [version] = history["versions"]
            assert {name: version[name] for name in expected} == expected, action
            assert history["events"][-1]["action"] == action
        assert (await only_event(served, action)).reason == f"because of {action}"
    await first.settled("POST", f"{DATASET_PATH}/actions/purge", json={"reason": "an order"})
    assert (await second.http.get(DATASET_PATH)).status_code == 404
    assert {action for action, _, _ in ORDERS} | {"purge"} == set(ACTIONS)
    assert await first.digest() == await second.digest()


async def test_an_action_needs_no_body(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    assert (await node.settled("POST", f"{SCENE}/actions/retract"))["action"] == "retract"


async def test_a_collection_is_created_and_replaced(node: Served) -> None:
    await node.settled("POST", "/collections", json=collection("more"))
    same = await node.settled("POST", "/collections", json=collection("more"))
    assert [told["outcome"] for told in same["outcomes"]] == ["unchanged"]
    await node.settled("PUT", "/collections/more", json=collection("more", title="More of it"))
    found = (await node.http.get("/collections/more")).json()
    assert (found["id"], found["title"]) == ("more", "More of it")
    listed = (await node.http.get("/collections")).json()
    assert [one["id"] for one in listed["collections"]] == ["CMIP6", "more", "scenes"]


async def test_a_preview_says_what_would_happen_and_appends_nothing(node: Served) -> None:
    await node.settled("POST", DATASETS, json=DATASET)
    second = cmip6.item(f"{ID[:-8]}20300101")
    other = {**with_note(DATASET, "x"), "id": ID}
    before = await node.ends()
    verdicts = []
    for item in (DATASET, second, other, cmip6.item(ID.replace(".gn.", ".gr."))):
        [found] = (await node.http.post(f"{DATASETS}?preview=true", json=item)).json()["items"]
        verdicts.append(found["verdict"])
    assert verdicts == ["exists", "new version", "refused", "new"]
    assert await node.ends() == before
