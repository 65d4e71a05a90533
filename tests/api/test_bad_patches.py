"""Patches and actions that the door refuses: each with its problem, nothing appended and nothing changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.support.http import Served, operation, running, scene, settings
from tests.support.refusals import (
    DATASET,
    DATASET_PATH,
    FILES,
    ITEMS,
    JSON_TYPE,
    MERGE_TYPE,
    PATCH_TYPE,
    Case,
    location,
    names,
    prepare,
    refused,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

TITLE = operation("replace", "/properties/title", "another")
NOT_LATEST = operation("replace", "/properties/latest", False)
RETRACTED = operation("replace", "/properties/retracted", True)
NO_ASSETS = operation("replace", "/assets", {})
ADDED = [location("n2", key) for key in FILES]
REMOVED = [operation("remove", f"/assets/{key}/alternate/n2") for key in FILES]
AGGREGATE = operation("add", "/assets/reference_file", {"href": "https://n2.example.org/agg.json"})
MIXED = {
    "a state and a correction": ([NOT_LATEST, TITLE], ("change of state", "correct")),
    "a retraction and a correction": (
        [NOT_LATEST, RETRACTED, NO_ASSETS, TITLE],
        ("change of state", "correct"),
    ),
    "a state and a replica": ([RETRACTED, *ADDED], ("change of state", "replica-add")),
    "a replica and a correction": ([*ADDED, TITLE], ("replica-add", "correct")),
    "a replica and its removal": ([*ADDED, *REMOVED], ("replica-add", "replica-remove")),
    "a removal and a correction": ([*REMOVED, TITLE], ("replica-remove", "correct")),
    "three actions": ([NOT_LATEST, *ADDED, TITLE], ("change of state", "replica-add", "correct")),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("bad-patches"))) as found:
        await prepare(found)
        yield found


def patch(
    name: str, kind: str, body: Any, *places: str, says: tuple[str, ...] = (), path: str = DATASET_PATH,
    content_type: str | None = PATCH_TYPE,
) -> Case:  # fmt: skip
    return Case(name, "PATCH", path, kind, body, content_type, places, says)


def forbidden(name: str, body: Any, *places: str, says: tuple[str, ...] = (), **told: Any) -> Case:
    return patch(name, "operation-not-permitted", body, *places, says=says, **told)


def act(action: str, name: str, kind: str, body: Any, *places: str, record: str = f"{ITEMS}/active",
        says: tuple[str, ...] = ()) -> Case:  # fmt: skip
    return Case(
        f"{action}: {name}", "POST", f"{record}/actions/{action}", kind, body, places=places, says=says
    )


EMPTY = [
    patch("an empty list", "malformed-body", [], "", says=("empty",)),
    patch("an empty list in a wrapper", "malformed-body", {"operations": []}, "/operations", says=("empty",),
          content_type=JSON_TYPE),
    patch("an empty merge patch", "malformed-body", {}, "", says=("empty",), content_type=MERGE_TYPE),
    patch("an empty object", "malformed-body", {}, "", says=("empty",), content_type=JSON_TYPE),
    patch("only tests", "malformed-body", [operation("test", "/id", DATASET["id"])], says=("nothing",)),
]  # fmt: skip
SHAPES = [
    patch("a text", "malformed-body", "latest", ""),
    patch("a number for a merge patch", "malformed-body", 5, "", content_type=MERGE_TYPE),
    patch("a list for a merge patch", "malformed-body", [TITLE], "", content_type=MERGE_TYPE),
    patch("an object for a list", "malformed-body", {"properties": {"title": "x"}}, ""),
    patch("an operation that is a text", "malformed-body", [TITLE, "x"], "/1"),
    patch("no op", "malformed-body", [{"path": "/properties/a", "value": 1}], "/0/op"),
    patch("an unknown op", "malformed-body", [operation("set", "/properties/a", 1)], "/0/op", says=("add",)),
    patch("no path", "malformed-body", [{"op": "add", "value": 1}], "/0/path"),
    patch("a path that is no pointer", "malformed-body", [operation("add", "properties.a", 1)], "/0/path"),
    patch("a stray tilde", "malformed-body", [operation("add", "/properties/a~b", 1)], "/0/path"),
    patch("no value", "malformed-body", [TITLE, {"op": "add", "path": "/properties/a"}], "/1", says=("value",)),
    patch("no from", "malformed-body", [{"op": "move", "path": "/properties/a"}], "/0/from"),
    patch("a move into itself", "malformed-body",
          [{"op": "move", "from": "/properties", "path": "/properties/a"}], "/0/path"),
    patch("in a wrapper", "malformed-body", {"operations": [{"op": "add"}]}, "/operations/0/path",
          content_type=JSON_TYPE),
    patch("broken JSON", "malformed-body", b"[{", "", says=("JSON",)),
    patch("a key twice", "malformed-body", b'[{"op":"add","op":"add"}]', "/0/op"),
    patch("an Item's content type", "unsupported-media-type", [TITLE], content_type="application/geo+json",
          says=(PATCH_TYPE, MERGE_TYPE)),
    patch("no content type", "unsupported-media-type", [TITLE], content_type=None),
]  # fmt: skip
MIXTURES = [
    *(forbidden(name, body, says=(*says, "one patch for each")) for name, (body, says) in MIXED.items()),
    forbidden("a mixture in a merge patch", {"properties": {"latest": False, "title": "x"}},
              content_type=MERGE_TYPE, says=("change of state", "correct")),
    forbidden("a mixture in a wrapper", {"operations": [NOT_LATEST, TITLE]}, content_type=JSON_TYPE,
              says=("change of state", "correct")),
]  # fmt: skip
SYSTEM = [
    *(forbidden(f"{name} is set", [operation("replace", f"/properties/{name}", value)], f"/properties/{name}",
                says=(name,))
      for name, value in (("created", "2026-01-01T00:00:00Z"), ("updated", None), ("deprecated", True))),
    forbidden("created in a merge patch", {"properties": {"created": None}}, "/properties/created",
              content_type=MERGE_TYPE),
    forbidden("created is removed", [operation("remove", "/properties/created")], "/properties/created"),
    forbidden("created is copied over", [{"op": "copy", "from": "/properties/title", "path": "/properties/updated"}],
              "/properties/updated"),
    forbidden("latest is raised", [operation("replace", "/properties/latest", True)], "/properties/latest",
              says=("restore",)),
    forbidden("latest is removed", [operation("remove", "/properties/latest")], "/properties"),
    forbidden("latest is a text", [operation("replace", "/properties/latest", "no")], "/properties"),
    forbidden("retracted and latest", [RETRACTED, operation("replace", "/properties/latest", True)], "/properties"),
    forbidden("all assets go", [NO_ASSETS], "/assets", says=("retract",)),
    forbidden("the properties as a whole", [operation("replace", "/properties", {"title": "x"})],
              says=("/properties/",)),
    *(forbidden(f"a correction of {path}", [operation("replace", path, "x")], path, says=(path,))
      for path in ("/id", "/collection", "/type", "/properties/version", "/properties/title",
                   f"/assets/{FILES[0]}/file:size", f"/assets/{FILES[0]}/file:checksum")),
    forbidden("a file is removed", [operation("remove", f"/assets/{FILES[0]}")], f"/assets/{FILES[0]}"),
    *(forbidden(f"{name} that are a number", {name: 5}, content_type=MERGE_TYPE)
      for name in ("links", "assets", "properties")),
    forbidden("assets that are texts", {"assets": {FILES[0]: "x"}}, content_type=MERGE_TYPE),
    forbidden("nothing at the path", [operation("remove", "/properties/nothing")], says=("nothing",)),
    forbidden("a test that fails", [operation("test", "/id", "x"), operation("add", "/properties/note", 1)]),
    forbidden("the whole document", [operation("replace", "", {})]),
]  # fmt: skip
REPLICAS = [
    patch("one file of two", "incomplete-replica", ADDED[:1], f"/assets/{FILES[1]}", says=("every data asset",)),
    patch("only an aggregate's worth of files", "incomplete-replica", [ADDED[0], AGGREGATE], says=(FILES[1],)),
    patch("another size", "contradicting-replica", [location("n2", FILES[0], **{"file:size": 1}), ADDED[1]],
          f"/assets/{FILES[0]}", says=("file:size", FILES[0])),
    patch("another checksum", "contradicting-replica",
          [ADDED[0], location("n2", FILES[1], **{"file:checksum": "1220" + "0" * 64})], says=("file:checksum",)),
    patch("a file that is not there", "contradicting-replica", [*ADDED, location("n2", "other.nc")],
          "/assets/other.nc", says=("other.nc",)),
    patch("a location without href", "contradicting-replica",
          [operation("add", f"/assets/{key}/alternate/n2", {"file:size": 1}) for key in FILES], says=("href",)),
    forbidden("two nodes", [*ADDED, *(location("n3", key) for key in FILES)], says=("n2", "n3")),
    forbidden("two nodes in a merge patch", content_type=MERGE_TYPE, says=("n2", "n3"),
              body={"assets": {FILES[0]: {"alternate": {"n2": {"href": "x"}, "n3": {"href": "x"}}}}}),
    forbidden("a part of a location", [operation("add", f"/assets/{FILES[0]}/alternate/n2/href", "x")],
              says=("as a whole",)),
    forbidden("a location that is a text", [operation("add", f"/assets/{key}/alternate/n2", "x") for key in FILES]),
]  # fmt: skip
STATES = [
    *(patch(f"{name}, {state}", kind, body, path=f"{ITEMS}/{state}", says=(state,))
      for state, kind in (("unknown", "item-does-not-exist"), ("retracted", "wrong-state"),
                          ("withdrawn", "withdrawn"), ("purged", "item-does-not-exist"))
      for name, body in (("correct", [TITLE]), ("deprecate", [NOT_LATEST]), ("replica", [location("n2", "data")]))),
    patch("correct, no such collection", "collection-does-not-exist", [TITLE], path="/collections/none/items/a"),
    patch("correct, an id that cannot be", "item-does-not-exist", [TITLE], path="/collections/CMIP6/items/x"),
    patch("retract, unknown", "item-does-not-exist", [NOT_LATEST, RETRACTED, NO_ASSETS], path=f"{ITEMS}/unknown"),
    patch("retract, withdrawn", "withdrawn", [NOT_LATEST, RETRACTED, NO_ASSETS], path=f"{ITEMS}/withdrawn"),
    patch("removal, unknown", "item-does-not-exist", REMOVED[:1], path=f"{ITEMS}/unknown"),
    Case("DELETE of an unknown record", "DELETE", f"{ITEMS}/unknown", "item-does-not-exist", content_type=None),
    Case("DELETE of a withdrawn record", "DELETE", f"{ITEMS}/withdrawn", "withdrawn", content_type=None),
    Case("DELETE of a purged record", "DELETE", f"{ITEMS}/purged", "item-does-not-exist", content_type=None),
    Case("DELETE with a word too many", "DELETE", f"{ITEMS}/active", "malformed-body", {"because": "x"},
         places=("/because",)),
]  # fmt: skip
ACTIONS = [
    act("vanish", "unknown", "operation-not-permitted", {}, says=("vanish", "retract", "replica-add")),
    act("retract", "a member that is none", "malformed-body", {"resaon": "x"}, "/resaon", says=("resaon",)),
    act("retract", "a member of another action", "malformed-body", {"fields": ["/properties/title"]}, "/fields",
        says=("retract", "fields")),
    act("purge", "a node", "malformed-body", {"node": "n2"}, "/node", says=("purge", "node")),
    act("retract", "a reason that is a number", "malformed-body", {"reason": 5}, "/reason"),
    act("retract", "a wish that is none", "operation-not-permitted", {"wish": "burn"}, says=("burn", "restrict")),
    act("retract", "a list", "malformed-body", ["x"], ""),
    act("retract", "broken JSON", "malformed-body", b'{"reason": ', ""),
    act("withdraw", "a field that stays", "operation-not-permitted", {"fields": ["/properties/latest"]}),
    act("withdraw", "a field outside", "operation-not-permitted", {"fields": ["/id"]}, says=("/id",)),
    act("withdraw", "fields that are no texts", "malformed-body", {"fields": [1]}, "/fields"),
    act("replica-add", "no locations", "malformed-body", {"node": "n2"}, says=("locations",)),
    act("replica-add", "locations that are texts", "malformed-body", {"node": "n2", "locations": {"data": "x"}},
        "/locations"),
    act("replica-add", "no node", "malformed-body", {"locations": {"data": {"href": "x"}}}, says=("node",)),
    act("replica-add", "a revision that is a boolean", "malformed-body", {"revision": True}, "/revision"),
    act("replica-add", "an empty node", "malformed-body", {"node": "", "locations": {"data": {"href": "x"}}}, "/node"),
    act("replica-add", "a revision before the first", "malformed-body",
        {"node": "n2", "locations": {"data": {"href": "x"}}, "revision": 0}, "/revision"),
    act("replica-add", "incomplete", "incomplete-replica", record=DATASET_PATH, says=(FILES[1],),
        body={"node": "n2", "locations": {FILES[0]: {"href": "https://n2.example.org/x"}}}),
    act("transfer", "no node", "malformed-body", {}, says=("node",)),
    act("transfer", "a node without copies", "incomplete-replica", {"node": "n9"}, says=("n9", "data")),
    act("publish", "no item", "malformed-body", {}, says=("item",)),
    act("publish", "another item", "stac-validation", {"item": scene("other")}, "/item/id"),
    act("replace", "an item that is not valid", "stac-validation", {"item": {**scene("active"), "bbox": 1}},
        "/item/bbox"),
    act("correct", "no patch", "malformed-body", {"reason": "x"}, says=("patch",)),
    act("correct", "an item and a patch", "malformed-body", {"item": scene("active"), "patch": [TITLE]}, "/item"),
    act("correct", "an empty patch", "malformed-body", {"patch": []}, "/patch", says=("empty",)),
    act("correct", "a patch that is none", "malformed-body", {"patch": [{"op": "add"}]}, "/patch/0/path"),
    act("correct", "a property of the system", "operation-not-permitted",
        {"patch": [operation("add", "/properties/updated", "x")]}, says=("updated",)),
    act("restore", "unknown", "item-does-not-exist", {}, record=f"{ITEMS}/unknown"),
    act("restore", "withdrawn", "withdrawn", {}, record=f"{ITEMS}/withdrawn", says=("withdrawn",)),
    act("restore", "purged", "item-does-not-exist", {}, record=f"{ITEMS}/purged"),
    act("retract", "another reason afterwards", "wrong-state", {"reason": "new"}, record=f"{ITEMS}/retracted"),
    act("purge", "unknown", "item-does-not-exist", {}, record=f"{ITEMS}/unknown"),
]  # fmt: skip
ALL = [*EMPTY, *SHAPES, *MIXTURES, *SYSTEM, *REPLICAS, *STATES, *ACTIONS]


@pytest.mark.parametrize("case", ALL, ids=names(ALL))
async def test_it_is_refused(served: Served, case: Case) -> None:
    await refused(served, case)
