"""Exports of a node's searches: lines and tables hold what the same search answers page by page."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import pytest_asyncio

from tests.support import cmip6
from tests.support.http import Served, collection, features, problem, running, scene, settings
from tests.support.refusals import location
from tests.support.tables import items_of, with_plain_times

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
NDJSON, PARQUET = "application/x-ndjson", "application/vnd.apache.parquet"
DATASETS = [cmip6.item(item_id) for item_id in cmip6.sample_ids(150)]
ODD = [
    scene("s1", number=1, mixed="a", sensors=[{"name": "B1"}], tags=["a", "b"]),
    scene("s2", number=0.5, mixed=2, sensors=None, tags=[]),
    {**scene("s3"), "geometry": None},
]
del ODD[2]["bbox"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Datasets of CMIP6, one with a copy and one retracted, and scenes of which no two are alike."""
    async with running(settings(tmp_path_factory.mktemp("bulk"))) as served:
        for name in ("CMIP6", "scenes"):
            await served.settled("POST", "/collections", json=collection(name))
        await served.settled("POST", "/collections/CMIP6/items", json=features(DATASETS))
        await served.settled("POST", "/collections/scenes/items", json=features(ODD))
        await served.settled("PATCH", "/collections/scenes/items/s1", json=[location("n2", "data")])
        path = f"/collections/CMIP6/items/{DATASETS[0]['id']}"
        await served.settled("POST", f"{path}/actions/retract", json={"reason": "wrong"})
        await served.caught_up()
        yield served


def lines_of(body: bytes) -> list[Json]:
    return [with_plain_times(orjson.loads(line)) for line in body.splitlines()]


def rows_of(body: bytes) -> list[Json]:
    return [orjson.loads(orjson.dumps(item)) for item in items_of(pq.read_table(io.BytesIO(body)))]


READ = {NDJSON: lines_of, PARQUET: rows_of}
SEARCHES: list[Json] = [
    {},
    {"collections": ["CMIP6"]},
    {"collections": ["scenes"], "sortby": [{"field": "number", "direction": "desc"}]},
    {"filter": {"op": "=", "args": [{"property": "cmip6:source_id"}, "MIROC6"]}},
    {"retracted": "include"},
    {"retracted": "hide-data", "ids": [DATASETS[0]["id"]]},
    {"collections": ["CMIP6"], "limit": 120},
    {"ids": ["none"]},
]


async def answered(node: Served, body: Json) -> list[Json]:
    found = await node.search(**{"limit": 1000, **body})
    return [with_plain_times(item) for item in found["features"]]


@pytest.mark.parametrize("kind", READ)
@pytest.mark.parametrize("body", SEARCHES, ids=str)
async def test_an_export_is_what_the_search_answers(node: Served, kind: str, body: Json) -> None:
    expected = await answered(node, body)
    answer = await node.http.post("/search", json=body, headers={"accept": kind})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == kind
    assert READ[kind](answer.content) == expected
    matched = (await node.search(**body))["numberMatched"]
    assert answer.headers["ogc-numbermatched"] == str(matched)
    assert len(expected) == min(matched, body.get("limit", matched))


@pytest.mark.parametrize(("form", "kind"), [("ndjson", NDJSON), ("geoparquet", PARQUET)])
async def test_the_form_may_be_asked_for_in_the_address(node: Served, form: str, kind: str) -> None:
    for path in ("/search?collections=scenes", "/collections/scenes/items?"):
        answer = await node.http.get(f"{path}&f={form}")
        assert answer.headers["content-type"] == kind
        assert READ[kind](answer.content) == await answered(node, {"collections": ["scenes"]})


async def test_programs_that_ask_for_nothing_special_get_a_page(node: Served) -> None:
    for accept in ("*/*", "application/json", "application/geo+json", "text/html,*/*;q=0.1"):
        answer = await node.http.get("/search", headers={"accept": accept})
        assert answer.headers["content-type"] == "application/geo+json"
        assert len(answer.json()["features"]) == 10


@pytest.mark.parametrize("kind", READ)
async def test_mistakes_are_told_as_for_any_search(node: Served, kind: str) -> None:
    accept = {"accept": kind}
    for body in ({"filter": "number >"}, {"limit": 0}, {"token": "made up"}, {"sortby": "nothing here"}):
        problem(await node.http.post("/search", json=body, headers=accept), "malformed-query")
    answer = await node.http.get("/collections/none/items", headers=accept)
    problem(answer, "collection-does-not-exist")


@pytest.mark.parametrize("kind", READ)
async def test_an_export_goes_on_where_a_page_ends(node: Served, kind: str) -> None:
    body = {"collections": ["CMIP6"], "limit": 10}
    page = await node.search(**body)
    [token] = [link["body"]["token"] for link in page["links"] if link["rel"] == "next"]
    answer = await node.http.post(
        "/search", json={"collections": ["CMIP6"], "token": token}, headers={"accept": kind}
    )
    expected = await answered(node, {"collections": ["CMIP6"]})
    assert READ[kind](answer.content) == expected[10:]


async def test_fields_are_chosen_in_lines(node: Served) -> None:
    body = {
        "collections": ["scenes"],
        "fields": {"include": ["id", "properties.number"], "exclude": ["assets"]},
    }
    answer = await node.http.post("/search", json=body, headers={"accept": NDJSON})
    assert lines_of(answer.content) == await answered(node, body)


async def test_the_table_tells_of_its_collections(node: Served) -> None:
    file = (await node.http.get("/search?f=geoparquet")).content
    told = orjson.loads(pq.ParquetFile(io.BytesIO(file)).metadata.metadata[b"stac-geoparquet"])
    expected = {name: (await node.http.get(f"/collections/{name}")).json() for name in ("CMIP6", "scenes")}
    assert told == {"version": "1.1.0", "collections": expected}


async def test_asset_keys_of_all_datasets_are_one_column(node: Served) -> None:
    file = (await node.http.get("/search?f=geoparquet")).content
    keys = {key for item in rows_of(file) for key in item["assets"]}
    table = pq.read_table(io.BytesIO(file))
    assert len(keys) > 200
    assert len([name for name in table.column_names if "asset" in name]) == 1
    assert len(pq.ParquetFile(io.BytesIO(file)).schema) < 100


@pytest.mark.parametrize("kind", READ)
async def test_head_of_an_export_has_no_body(node: Served, kind: str) -> None:
    answer = await node.http.head("/search", headers={"accept": kind})
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", kind)
    assert int(answer.headers["ogc-numbermatched"]) > 100
