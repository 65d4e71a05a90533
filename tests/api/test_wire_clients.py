"""The very requests of the clients that exist, each with what it reads from the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import pytest_asyncio

from tests.support import cmip6
from tests.support.http import Served, collection, features, operation, problem, running, scene, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
DATASETS = [cmip6.item(item_id) for item_id in cmip6.sample_ids(30)]
SECOND = cmip6.second_version(DATASETS[0])
COPIED = DATASETS[1]
GEOJSON = "application/geo+json"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Datasets of CMIP6, one of them in two versions, one with a copy, and scenes with numbers."""
    async with running(settings(tmp_path_factory.mktemp("wire"))) as served:
        await served.settled("POST", "/collections", json=collection("CMIP6", title="CMIP6"))
        await served.settled("POST", "/collections", json=collection("scenes", title="Sentinel"))
        await served.settled("POST", "/collections/CMIP6/items", json=features(DATASETS))
        await served.settled("POST", "/collections/CMIP6/items", json=SECOND)
        copies = [
            operation("add", f"/assets/{key}/alternate/esgf.example.org", {
                "href": f"https://esgf.example.org/{key}", "alternate:name": "esgf.example.org", "protocol": "https",
            })
            for key in cmip6.data_keys(COPIED)
        ]  # fmt: skip
        await served.settled("PATCH", f"/collections/CMIP6/items/{COPIED['id']}", json=copies)
        scenes = [scene(f"s{number}", number=number * 100) for number in range(10)]
        await served.settled("POST", "/collections/scenes/items", json=features(scenes))
        await served.caught_up()
        yield served


def op(name: str, *args: Any) -> Json:
    return {"op": name, "args": list(args)}


def prop(name: str) -> Json:
    return {"property": name}


def ids(found: Json) -> set[str]:
    return {item["id"] for item in found["features"]}


def wanted(test: Callable[[Json], bool]) -> set[str]:
    """The ids of the datasets for which it holds, each in its newest version."""
    newest = [SECOND, *DATASETS[1:]]
    return {item["id"] for item in newest if test(item["properties"])}


def counted(name: str, test: Callable[[Json], bool] = lambda properties: True) -> dict[str, int]:
    found: Counter[str] = Counter()
    for item in [*DATASETS, SECOND]:
        if test(item["properties"]):
            value = item["properties"][name]
            found.update(value if isinstance(value, list) else [value])
    return dict(found)


# esgcet


async def test_esgcet_finds_the_version_to_demote(node: Served) -> None:
    title = SECOND["properties"]["title"]
    body = {
        "filter-lang": "cql2-json",
        "filter": op("and", op("=", prop("properties.title"), title), op("=", prop("properties.latest"), True)),
    }  # fmt: skip
    found = await node.search(**body)
    assert ids(found) == {SECOND["id"]}
    assert found["numberMatched"] == 1
    assert (await node.search(filter=op("=", prop("properties.title"), "none")))["numberMatched"] == 0


async def test_esgcet_reads_before_it_retracts(node: Served) -> None:
    answer = await node.http.get(f"/collections/CMIP6/items/{COPIED['id']}")
    assert answer.json()["properties"]["retracted"] is False
    assert answer.headers["content-type"] == GEOJSON


# intake-esgf


async def test_intake_keeps_collections_by_title(node: Served) -> None:
    found = (await node.http.get("/collections")).json()["collections"]
    assert [each["id"] for each in found if each["title"] == "CMIP6"] == ["CMIP6"]
    asked = {"filter": "title = 'CMIP6'", "filter-lang": "cql2-text"}
    searched = (await node.http.get("/collections", params=asked)).json()
    assert [each["id"] for each in searched["collections"]] == ["CMIP6"]


async def test_intake_searches_by_bare_names(node: Served) -> None:
    filter_ = op(
        "and",
        op("in", prop("cmip6:variable_id"), ["tas", "pr"]),
        op("in", prop("cmip6:source_id"), ["UKESM1-0-LL"]),
        op("in", prop("latest"), [True]),
    )
    found = await node.search(collections=["CMIP6"], filter=filter_, limit=100)
    assert ids(found) == wanted(
        lambda each: each["cmip6:variable_id"] in ("tas", "pr") and each["cmip6:source_id"] == "UKESM1-0-LL"
    )
    assert ids(found)
    both = await node.search(collections=["CMIP6"], filter=op("in", prop("latest"), [True, False]), limit=100)
    assert both["numberMatched"] == len(DATASETS) + 1
    links = {asset["description"] for item in found["features"] for asset in item["assets"].values()}
    assert "HTTPServer Link" in links
    files = [
        asset for item in found["features"] for key, asset in item["assets"].items() if key.endswith(".nc")
    ]
    assert all(asset["file:local_path"].endswith(".nc") for asset in files)


async def test_intake_learns_the_facets_from_any_item(node: Served) -> None:
    names = {
        frozenset(item["properties"])
        for item in (await node.search(collections=["CMIP6"], limit=100))["features"]
    }
    assert len(names) == 1


# esgpull


async def test_esgpull_finds_the_aggregations_by_links(node: Served) -> None:
    links = {
        link["rel"]: link["href"] for link in (await node.http.get("/collections/CMIP6")).json()["links"]
    }
    listed = (await node.http.get(urlsplit(links["aggregations"]).path)).json()["aggregations"]
    names = {each["name"] for each in listed}
    assert {"cmip6_source_id_frequency", "cmip6_activity_id_frequency", "alternate_name_frequency"} <= names
    tas = op("and", op("like", prop("properties.cmip6:variable_id"), "ta%"), {})
    body = {
        "filter-lang": "cql2-json",
        "filter": tas,
        "aggregations": ["cmip6_source_id_frequency", "cmip6_activity_id_frequency"],
    }
    answer = (await node.http.post(urlsplit(links["aggregate"]).path, json=body)).json()
    buckets = {
        each["name"]: {bucket["key"]: bucket["frequency"] for bucket in each["buckets"]}
        for each in answer["aggregations"]
    }
    for name in ("source_id", "activity_id"):
        expected = counted(f"cmip6:{name}", lambda each: each["cmip6:variable_id"].startswith("ta"))
        assert buckets[f"cmip6_{name}_frequency"] == expected


async def test_esgpull_excludes_with_not(node: Served) -> None:
    filter_ = op(
        "and",
        op("not", op("=", prop("properties.cmip6:table_id"), "fx")),
        op("=", prop("properties.latest"), True),
        {},
    )
    found = await node.search(
        **{"collections": ["CMIP6"], "filter": filter_, "filter-lang": "cql2-json", "limit": 100}
    )
    assert ids(found) == wanted(lambda each: each["cmip6:table_id"] != "fx") != set()


async def test_esgpull_reads_the_first_alternate_of_each_file(node: Served) -> None:
    [item] = (await node.search(ids=[COPIED["id"]]))["features"]
    for key in cmip6.data_keys(COPIED):
        first = next(iter(item["assets"][key]["alternate"].values()))
        assert first["file:size"] == COPIED["assets"][key]["file:size"]
        assert first["file:checksum"] == COPIED["assets"][key]["file:checksum"]
    everything = (await node.search(limit=100))["features"]
    assert all(asset.get("alternate") != {} for item in everything for asset in item["assets"].values())
    answer = await node.http.post(
        "/collections/CMIP6/aggregate", json={"aggregations": ["alternate_name_frequency"]}
    )
    [nodes] = answer.json()["aggregations"]
    expected = Counter(
        asset["alternate:name"] for item in [*DATASETS, SECOND] for asset in item["assets"].values()
    ) + Counter({"esgf.example.org": len(cmip6.data_keys(COPIED))})
    assert {bucket["key"]: bucket["frequency"] for bucket in nodes["buckets"]} == expected


# Metagrid


METAGRID = [
    "mip_era", "activity_id", "source_id", "source_type", "institution_id", "experiment_id", "sub_experiment_id",
    "nominal_resolution", "variant_label", "grid_label", "table_id", "frequency", "realm", "variable_id",
    "variable_cf_standard_name", "data_specs_version", "product",
]  # fmt: skip


async def test_metagrid_asks_for_all_facets_at_once(node: Served) -> None:
    names = [f"cmip6_{name}_frequency" for name in METAGRID] + ["alternate_name_frequency"]
    filter_ = op(
        "and",
        op("in", prop("properties.cmip6:source_id"), ["MIROC6"]),
        op("=", prop("properties.latest"), True),
    )
    body = {"collections": ["CMIP6"], "aggregations": names, "filter": filter_, "filter-lang": "cql2-json"}
    answer = await node.http.post("/aggregate", json=body)
    assert answer.status_code == 200, answer.text
    found = {each["name"]: each["buckets"] for each in answer.json()["aggregations"]}
    assert [*found] == names
    expected = counted("cmip6:variable_id", lambda each: each["cmip6:source_id"] == "MIROC6")
    assert {each["key"]: each["frequency"] for each in found["cmip6_variable_id_frequency"]} == expected
    assert found["cmip6_mip_era_frequency"] == []


async def test_metagrid_searches_with_its_limit(node: Served) -> None:
    filter_ = op("in", prop("properties.cmip6:activity_id"), ["CMIP", "ScenarioMIP"])
    found = await node.search(collections=["CMIP6"], limit=9999, filter=filter_)
    assert found["numMatched"] == found["numReturned"] == len(found["features"]) == len(DATASETS) + 1
    problem(await node.http.post("/search", json={"limit": 0}), "malformed-query", places=["/limit"])


# ESGF's test suite


async def test_the_suite_reads_both_names_of_the_counts(node: Served) -> None:
    answer = await node.http.get("/search", params={"collections": "CMIP6", "limit": 2})
    found = answer.json()
    assert answer.headers["content-type"] == GEOJSON
    assert found["numMatched"] == found["numberMatched"] == len(DATASETS) + 1
    assert found["numReturned"] == found["numberReturned"] == 2


async def test_the_suite_compares_times(node: Served) -> None:
    late = {"start_datetime": {"gte": "1850-01-01"}, "end_datetime": {"lte": "1900-01-01"}}
    found = await node.search(collections=["CMIP6"], query=late, limit=100)
    assert ids(found) == wanted(lambda each: each["end_datetime"] < "1900") | (
        {DATASETS[0]["id"]} if DATASETS[0]["properties"]["end_datetime"] < "1900" else set()
    )
    over = op("t_intersects", prop("datetime"), {"interval": ["1999-01-01", "2000-01-01"]})
    as_text = op("t_intersects", prop("datetime"), "1999-01-01/2000-01-01")
    by_filter = await node.search(collections=["CMIP6"], filter=over, limit=100)
    assert ids(by_filter) == ids(await node.search(collections=["CMIP6"], filter=as_text, limit=100))
    assert ids(by_filter) == {
        item["id"] for item in [*DATASETS, SECOND] if item["properties"]["end_datetime"] >= "1999"
    }


async def test_the_suite_aggregates_by_address(node: Served) -> None:
    filter_ = orjson.dumps(op("=", prop("properties.cmip6:source_id"), "MIROC6")).decode()
    asked = {
        "aggregations": "cmip6_table_id_frequency,total_count", "collections": "CMIP6", "filter": filter_,
        "filter-lang": "cql2-json",
    }  # fmt: skip
    answer = (await node.http.get("/aggregate", params=asked)).json()
    table, total = answer["aggregations"]
    expected = counted("cmip6:table_id", lambda each: each["cmip6:source_id"] == "MIROC6")
    assert {each["key"]: each["frequency"] for each in table["buckets"]} == expected
    assert total["value"] == sum(expected.values())


# STAC Browser


async def test_stac_browser_asks_before_and_reads_queryables(node: Served) -> None:
    told = {"origin": "https://browser.example.org", "access-control-request-method": "POST"}
    asked = await node.http.options(
        "/search", headers=told | {"access-control-request-headers": "content-type"}
    )
    assert asked.status_code == 204
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "POST" in (await node.http.options("/search")).headers["allow"]
    answer = await node.http.get("/collections/CMIP6/queryables", headers={"origin": told["origin"]})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-type"] == "application/schema+json"
    assert set(answer.json()["properties"]["cmip6:source_id"]["enum"]) >= set(counted("cmip6:source_id"))


# Smaller facts


@pytest.mark.parametrize("filter_", [{}, op("and", {}, {}), op("and", op("=", prop("number"), 500), {})])
async def test_an_empty_object_in_a_filter_is_true(node: Served, filter_: Json) -> None:
    found = await node.search(collections=["scenes"], filter=filter_, limit=100)
    assert found["numberMatched"] == (1 if "500" in str(filter_) else 10)


@pytest.mark.parametrize("value", [590, "590", 590.0])
async def test_a_number_may_be_a_text_in_a_query(node: Served, value: Any) -> None:
    found = await node.search(collections=["scenes"], query={"number": {"gte": value}}, limit=100)
    assert ids(found) == {"s6", "s7", "s8", "s9"}


async def test_collections_may_be_one_text(node: Served) -> None:
    assert (await node.search(collections="scenes"))["numberMatched"] == 10


async def test_a_filter_by_address_may_be_json(node: Served) -> None:
    filter_ = orjson.dumps(op("<=", prop("number"), 200)).decode()
    for asked in ({"filter": filter_, "filter-lang": "cql2-json"}, {"filter": "number <= 200"}):
        assert ids((await node.http.get("/search", params=asked)).json()) == {"s0", "s1", "s2"}


@pytest.mark.parametrize(
    "datetime", ["2026-01-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "yesterday", "../.."]
)
async def test_a_date_alone_or_impossible_is_refused(node: Served, datetime: str) -> None:
    answer = await node.http.post("/search", json={"datetime": datetime})
    problem(answer, "malformed-query", places=["/datetime"])


async def test_a_geometry_collection_intersects(node: Served) -> None:
    point = {"type": "Point", "coordinates": [10.0, 50.0]}
    shape = {"type": "GeometryCollection", "geometries": [point, {"type": "Point", "coordinates": [-100, 0]}]}
    found = await node.search(collections=["scenes"], intersects=shape)
    assert found["numberMatched"] == 10


@pytest.mark.parametrize("name", ["nothing", "properties.nothing", "cmip6:nothing"])
async def test_an_unknown_property_matches_nothing(node: Served, name: str) -> None:
    for test in (op("=", prop(name), 1), op("<>", prop(name), 1), op("not", op("=", prop(name), 1))):
        assert (await node.search(filter=test))["numberMatched"] == 0


FIELDS: list[tuple[Json, set[str], set[str]]] = [
    ({"exclude": ["assets"]}, {"id", "links", "geometry", "bbox", "properties"}, {"assets"}),
    ({"include": [], "exclude": []}, {"id", "assets", "links", "geometry", "properties"}, set()),
    ({"include": None}, {"id", "assets", "links", "geometry", "properties"}, set()),
    ({"include": ["assets"], "exclude": ["assets"]}, {"assets"}, set()),
]


@pytest.mark.parametrize(("fields", "there", "gone"), FIELDS)
async def test_fields(node: Served, fields: Json, there: set[str], gone: set[str]) -> None:
    [item] = (await node.search(ids=["s1"], fields=fields))["features"]
    assert there <= item.keys()
    assert not gone & item.keys()


async def test_fields_that_are_null_are_refused(node: Served) -> None:
    problem(await node.http.post("/search", json={"fields": None}), "malformed-query", places=["/fields"])


async def test_longitudes_may_be_counted_from_zero(node: Served) -> None:
    for box in ([350, -10, 10, 10], [-10, -10, 10, 10], [170, -10, 190, 10], [0, -90, 360, 90]):
        assert (await node.search(collections=["CMIP6"], bbox=box))["numberMatched"] == len(DATASETS) + 1


async def test_an_unknown_collection_is_told_the_near_ones(node: Served) -> None:
    problem(await node.http.get("/collections/cmip6"), "collection-does-not-exist", says=["CMIP6"])
    problem(
        await node.http.post("/search", json={"collections": ["CMIP"]}), "malformed-query", says=["CMIP6"]
    )
