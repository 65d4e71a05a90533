"""Documents that the door refuses: each with its problem, nothing appended and nothing changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
import pytest_asyncio

from tests.support.http import Json, Served, collection, features, running, scene, settings
from tests.support.refusals import (
    DATASET,
    DATASET_PATH,
    ITEMS,
    JSON_TYPE,
    PATCH_TYPE,
    Case,
    names,
    prepare,
    refused,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

ITEM = scene("new")
RAW = orjson.dumps(ITEM)
LIMITS: Json = {
    "body_bytes_max": 60_000,
    "item_bytes_max": 20_000,
    "message_bytes_max": 25_000,
    "features_max": 20,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("bad-input"), **LIMITS)) as found:
        await prepare(found)
        yield found


def post(name: str, kind: str, body: Any, *places: str, says: tuple[str, ...] = (), **told: Any) -> Case:
    return Case(name, "POST", told.pop("path", ITEMS), kind, body, places=places, says=says, **told)


def with_text(name: str, kind: str, text: str, *places: str, **told: Any) -> Case:
    """An Item with this text in the place of its title's value."""
    return post(name, kind, RAW.replace(b'"title":"new"', f'"title":{text}'.encode()), *places, **told)


def item(name: str, *places: str, says: tuple[str, ...] = (), **members: Any) -> Case:
    """An Item with other members, which is not valid; None takes a member away."""
    body = {key: value for key, value in {**ITEM, **members}.items() if value is not None}
    return post(name, "stac-validation", body, *places, says=says)


NOT_JSON = [
    post("broken", "malformed-body", b'{"type": "Feature", ', "", says=("JSON",)),
    post("empty", "malformed-body", b"", "", says=("JSON",)),
    post("not UTF-8", "malformed-body", b'{"type": "\xff"}', "", says=("JSON",)),
    post("two documents", "malformed-body", RAW + RAW, "", says=("JSON",)),
    post("a key twice", "malformed-body", b'{"id":"a","id":"b"}', "/id", says=("uplicate",)),
    with_text("a key twice inside", "malformed-body", '{"a":{"b":1,"b":1}}', "/properties/title/a/b"),
    with_text("NaN", "malformed-body", "NaN", "", says=("JSON",)),
    with_text("Infinity", "malformed-body", "-Infinity", "", says=("JSON",)),
    with_text("a number out of range", "malformed-body", "1e999", ""),
    with_text(
        "an integer out of range", "malformed-body", "1" + "0" * 30, "/properties/title", says=("64 bits",)
    ),
    with_text("half a surrogate pair", "malformed-body", '"\\ud800"', ""),
    with_text("too deep", "malformed-body", "[" * 300 + "]" * 300, "", says=("JSON",)),
    post("nothing but depth", "malformed-body", b"[" * 50_000, ""),
]
NOT_AN_ITEM = [
    post("null", "malformed-body", None, ""),
    post("a list", "malformed-body", [ITEM], ""),
    post("a text", "malformed-body", "new", ""),
    item("another type", "/type", type="Catalog", says=("Feature",)),
    item("no type", "/type", type=None),
    item("no id", "/id", id=None),
    item("an id with a slash", "/id", id="a/b", says=("'/'",)),
    item("an id with a line break", "/id", id="a\nb"),
    item("an id of 201 bytes", "/id", id="ä" * 100 + "x", says=("200",)),
    item("an id that is a number", "/id", id=5),
    item("another collection", "/collection", collection="CMIP6", says=("scenes",)),
    item("a collection that is no text", "/collection", collection=5),
    item("no geometry", "", geometry=None, says=("geometry",)),
    item("no properties", "", properties=None, says=("properties",)),
    item("no assets", "", assets=None, says=("assets",)),
    item("an asset without href", "/assets/data", assets={"data": {"roles": ["data"]}}, says=("href",)),
    item("no datetime", "/properties", properties={"title": "new"}, says=("datetime",)),
    item("no end", "/properties", properties={"datetime": None, "start_datetime": "1850-01-01T00:00:00Z"}),
    item("a datetime that is none", "/properties/datetime", properties={"datetime": "yesterday"}),
    item("a bbox of five numbers", "/bbox", bbox=[1, 2, 3, 4, 5]),
    item("a version of STAC to come", "/stac_version", stac_version="2.0.0"),
    post("an id that the profile refuses", "stac-validation", {**DATASET, "id": "CMIP6.x.v1"}, "/id",
         says=("profile",), path="/collections/CMIP6/items"),
]  # fmt: skip
TOGETHER = [
    post("no features", "malformed-body", features([]), "/features"),
    post("features that are none", "malformed-body", {"type": "FeatureCollection", "features": {}}, "/features"),
    post("a feature that is a text", "stac-validation", {"type": "FeatureCollection", "features": ["x"]}, ""),
    post("too many features", "body-too-large", features([scene(f"n{n}") for n in range(21)]), says=("20",)),
    post("an id twice", "stac-validation", features([ITEM, scene("other"), ITEM]), "/id", says=("Feature 2",)),
    post("one of another collection", "stac-validation", features([ITEM, scene("other", "CMIP6")]), "/collection"),
    post("one that is not valid", "stac-validation", features([ITEM, {**scene("o"), "bbox": 1}]), "/bbox",
         says=("1 of 2",)),
    post("an unknown collection", "collection-does-not-exist", features([scene("n", "nowhere")]),
         path="/collections/nowhere/items", says=("nowhere",)),
]  # fmt: skip
TOO_LARGE = [
    post("a large body", "body-too-large", b" " * 60_001, says=("60000",)),
    post("a large item", "record-too-large", scene("new", note="x" * 20_000), says=("new", "20000")),
    post("a large item among others", "stac-validation", features([scene("a"), scene("b", note="x" * 20_000)]), "",
         says=("1 of 2",)),
    Case("a large patch", "PATCH", f"{ITEMS}/active", "record-too-large", content_type=PATCH_TYPE, says=("25000",),
         body=[{"op": "add", "path": "/properties/note", "value": "x" * 25_000}]),
]  # fmt: skip
PLACES = [
    post("an unknown collection, one item", "collection-does-not-exist", scene("n", "nowhere"),
         path="/collections/nowhere/items", says=("nowhere",)),
    post("other content", "item-already-exists", scene("active", other=1), says=("active", "other content")),
    post("an id that was retracted", "item-already-exists", scene("retracted"), says=("retracted",)),
    post("an id that was withdrawn", "item-already-exists", scene("withdrawn"), says=("withdrawn",)),
    Case("PUT of another id", "PUT", f"{ITEMS}/active", "stac-validation", scene("other"), places=("/id",)),
    Case("PUT to another collection", "PUT", f"{ITEMS}/active", "stac-validation", scene("active", "CMIP6"),
         places=("/collection",)),
    Case("PUT of a collection unheard of", "PUT", "/collections/nowhere/items/n", "collection-does-not-exist",
         scene("n", "nowhere")),
    Case("PUT of an unknown record", "PUT", f"{ITEMS}/unknown", "item-does-not-exist", scene("unknown")),
    Case("PUT of a retracted record", "PUT", f"{ITEMS}/retracted", "wrong-state", scene("retracted", a=1),
         says=("retracted", "needs active")),
    Case("PUT of a withdrawn record", "PUT", f"{ITEMS}/withdrawn", "withdrawn", scene("withdrawn", a=1)),
    Case("PUT of a purged record", "PUT", f"{ITEMS}/purged", "item-does-not-exist", scene("purged", a=1)),
    Case("PUT of another version", "PUT", DATASET_PATH, "stac-validation",
         {**DATASET, "properties": {**DATASET["properties"], "version": "20200101"}}, says=("version",)),
]  # fmt: skip
COLLECTIONS = [
    post("a Collection that exists", "collection-already-exists", collection("scenes", title="x"), path="/collections"),
    post("a Catalog", "stac-validation", {"type": "Catalog", "id": "x"}, "/type", path="/collections"),
    post("a Collection without an extent", "stac-validation", {**collection("x"), "extent": {}}, "/extent",
         path="/collections"),
    post("a Collection with a bad id", "stac-validation", collection("a/b"), "/id", path="/collections"),
    post("a Collection whose properties are a text", "stac-validation", collection("x", properties="x"), "/properties",
         path="/collections"),
    post("a Collection whose assets are texts", "stac-validation", collection("x", assets={"a": "x"}), "/assets/a",
         path="/collections"),
    post("a Collection in broken JSON", "malformed-body", b"{", "", path="/collections"),
    Case("PUT of another Collection", "PUT", "/collections/scenes", "stac-validation", collection("other"),
         places=("/id",)),
    Case("PUT of an unknown Collection", "PUT", "/collections/nowhere", "collection-does-not-exist",
         collection("nowhere")),
]  # fmt: skip
ALL = [*NOT_JSON, *NOT_AN_ITEM, *TOGETHER, *TOO_LARGE, *PLACES, *COLLECTIONS]


@pytest.mark.parametrize("case", ALL, ids=names(ALL))
async def test_it_is_refused(served: Served, case: Case) -> None:
    await refused(served, case)


async def test_findings_of_features_carry_their_index(served: Served) -> None:
    bodies = [ITEM, {**scene("a"), "bbox": 1}, scene("b"), {**scene("c"), "links": 5}]
    found = await refused(served, post("two faults", "stac-validation", features(bodies)))
    assert [(fault["index"], fault["pointer"]) for fault in found["findings"]] == [
        (1, "/bbox"),
        (3, "/links"),
    ]


async def test_every_finding_is_named_at_once(served: Served) -> None:
    body = {**ITEM, "bbox": [1], "links": [{"rel": "x"}], "properties": {"datetime": 5}}
    found = await refused(served, post("three faults", "stac-validation", body))
    assert {fault["pointer"] for fault in found["findings"]} >= {"/bbox", "/links/0", "/properties/datetime"}


async def test_the_deepest_body_that_is_read_is_worked_too(served: Served) -> None:
    """The event around a body is deeper than the body; an accepted one must not become a dead letter by that."""
    answers = []
    for depth in range(190, 202):
        title = '"note":' + "[" * depth + "]" * depth
        body = RAW.replace(b'"id":"new"', f'"id":"deep{depth}"'.encode()).replace(
            b'"title":"new"', title.encode()
        )
        answer = await served.http.post(ITEMS, content=body, headers={"content-type": "application/json"})
        answers.append(answer.status_code)
        if answer.status_code == 202:
            await served.ended(answer.json()["id"])
    assert set(answers) == {202, 400}
    assert answers == sorted(answers)


async def test_a_body_without_its_length_is_measured_while_it_comes(served: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(61):
            yield b" " * 1000
        raise AssertionError("the body was read on after its limit")

    answer = await served.http.post(ITEMS, content=chunks(), headers={"content-type": JSON_TYPE})
    assert "content-length" not in answer.request.headers
    assert answer.json()["type"].endswith("/body-too-large")


async def test_a_body_that_announces_too_much_is_not_read(served: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b" "
        raise AssertionError("the body was read")

    headers = {"content-type": JSON_TYPE, "content-length": "60001"}
    answer = await served.http.post(ITEMS, content=chunks(), headers=headers)
    assert answer.json()["type"].endswith("/body-too-large")


async def test_a_body_just_below_the_limit_is_read(served: Served) -> None:
    body = RAW.ljust(60_000)
    answer = await served.http.post(
        f"{ITEMS}?preview=true", content=body, headers={"content-type": JSON_TYPE}
    )
    assert answer.json()["items"] == [{"id": "new", "verdict": "new", "versions": []}]
