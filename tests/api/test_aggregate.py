"""Aggregations over HTTP: as esgpull, Metagrid and ESGF's test suite ask for them, under the rule of who sees what."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest
import pytest_asyncio

from tests.support import cmip6
from tests.support.http import Json, Served, collection, features, problem, running, scene, settings
from tests.support.refusals import ITEMS, STATES, location

pytestmark = pytest.mark.asyncio(loop_scope="module")

DATASETS = [cmip6.item(item_id) for item_id in cmip6.sample_ids(60)]
IS_RETRACTED = {"op": "=", "args": [{"property": "retracted"}, True]}
ONE = ["total_count"]
# What Metagrid asks of CMIP6 in one call.
METAGRID = [
    "alternate_name_frequency", "cmip6_mip_era_frequency", "cmip6_activity_id_frequency", "cmip6_source_id_frequency",
    "cmip6_source_type_frequency", "cmip6_instance_id_frequency", "cmip6_institution_id_frequency",
    "cmip6_experiment_id_frequency", "cmip6_sub_experiment_id_frequency", "cmip6_variant_label_frequency",
    "cmip6_grid_label_frequency", "cmip6_frequency_frequency", "cmip6_variable_id_frequency",
    "cmip6_variable_cf_standard_name_frequency", "cmip6_table_id_frequency",
]  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """Datasets of CMIP6, and a scene in each state with a copy at n2."""
    async with running(settings(tmp_path_factory.mktemp("aggregate"))) as found:
        for name in ("CMIP6", "scenes", "empty"):
            await found.settled("POST", "/collections", json=collection(name))
        await found.settled("POST", "/collections/CMIP6/items", json=features(DATASETS))
        for name, actions in STATES.items():
            await found.settled("POST", ITEMS, json=scene(name))
            await found.settled("PATCH", f"{ITEMS}/{name}", json=[location("n2", "data")])
            for action in actions:
                await found.settled("POST", f"{ITEMS}/{name}/actions/{action}", json={"reason": "a test"})
        await found.caught_up()
        yield found


def facets(answer: Json) -> dict[str, dict[str, int]]:
    """As clients read it."""
    return {
        each["name"]: {bucket["key"]: bucket["frequency"] for bucket in each["buckets"]}
        for each in answer["aggregations"]
        if "buckets" in each
    }


def counted(name: str, *wanted: tuple[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for item in DATASETS:
        properties = item["properties"]
        if all(properties[each] == value for each, value in wanted):
            value = properties.get(name, [])
            found.update(value if isinstance(value, list) else [value])
    return found


async def posted(served: Served, path: str = "/aggregate", **body: Any) -> Json:
    answer = await served.http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert found["type"] == "AggregationCollection"
    return found


async def test_as_esgpull_asks(served: Served) -> None:
    """By the links of the Collection: the names that there are, then the counts under a filter."""
    links = {
        link["rel"]: link["href"] for link in (await served.http.get("/collections/CMIP6")).json()["links"]
    }
    names = [each["name"] for each in (await served.http.get(links["aggregations"])).json()["aggregations"]]
    assert len(set(names)) == len(names)
    wanted = [f"cmip6_{facet}_frequency" for facet in ("source_id", "table_id", "activity_id")]
    assert {*wanted, "alternate_name_frequency", "total_count", "datetime_frequency"} <= set(names)
    like = {"op": "like", "args": [{"property": "properties.cmip6:source_id"}, "%-LL"]}
    body = {"filter-lang": "cql2-json", "filter": like, "aggregations": wanted}
    found = facets(await posted(served, urlsplit(links["aggregate"]).path, **body))
    chosen = [
        item["properties"] for item in DATASETS if item["properties"]["cmip6:source_id"].endswith("-LL")
    ]
    assert 0 < len(chosen) < len(DATASETS)
    assert found["cmip6_source_id_frequency"] == Counter(each["cmip6:source_id"] for each in chosen)
    assert found["cmip6_table_id_frequency"] == Counter(each["cmip6:table_id"] for each in chosen)
    assert found["cmip6_activity_id_frequency"] == {"CMIP": len(chosen)}


async def test_an_empty_filter_counts_everything(served: Served) -> None:
    found = await posted(served, "/collections/CMIP6/aggregate", filter={}, aggregations=["total_count"])
    assert found["aggregations"] == [{"name": "total_count", "data_type": "integer", "value": len(DATASETS)}]


async def test_as_metagrid_asks(served: Served) -> None:
    filter_ = {"op": "=", "args": [{"property": "properties.cmip6:table_id"}, "Amon"]}
    found = facets(await posted(served, collections=["CMIP6"], filter=filter_, aggregations=METAGRID))
    assert list(found) == METAGRID
    for name in METAGRID[1:]:
        property_ = "cmip6:" + name.removeprefix("cmip6_").removesuffix("_frequency")
        expected = {} if property_ == "cmip6:instance_id" else counted(property_, ("cmip6:table_id", "Amon"))
        assert found[name] == expected, name
    nodes: Counter[str] = Counter()
    for item in DATASETS:
        if item["properties"]["cmip6:table_id"] == "Amon":
            nodes.update(asset["alternate:name"] for asset in item["assets"].values())
    assert found["alternate_name_frequency"] == nodes


async def test_as_esgfs_test_suite_asks(served: Served) -> None:
    wanted = ["cmip6_source_id_frequency", "cmip6_table_id_frequency"]
    filter_ = {"args": [{"property": "cmip6:table_id"}, "Omon"], "op": "="}
    expected = {
        name: counted(f"cmip6:{facet}", ("cmip6:table_id", "Omon"))
        for name, facet in zip(wanted, ("source_id", "table_id"), strict=True)
    }
    assert (
        facets(await posted(served, collections=["CMIP6"], filter_exp=filter_, aggregations=wanted))
        == expected
    )
    for told in (
        {"filter": "\"cmip6:table_id\" = 'Omon'"},
        {"filter": orjson.dumps(filter_).decode(), "filter-lang": "cql2-json"},
    ):
        told |= {"aggregations": ",".join(wanted), "collections": "CMIP6"}
        answer = await served.http.get("/aggregate", params=told)
        assert answer.status_code == 200, answer.text
        assert facets(answer.json()) == expected


@pytest.mark.parametrize(
    ("told", "count", "nodes"),
    [
        ({}, 1, {"origin": 1, "n2": 1}),
        ({"ids": ["active", "retracted"]}, 2, {"origin": 1, "n2": 1}),
        ({"retracted": "hide-data"}, 2, {"origin": 1, "n2": 1}),
        ({"retracted": "include"}, 2, {"origin": 2, "n2": 2}),
        ({"filter": IS_RETRACTED}, 1, {}),
        ({"filter": IS_RETRACTED, "retracted": "include"}, 1, {"origin": 1, "n2": 1}),
        ({"purged": "include", "retracted": "include"}, 3, {"origin": 2, "n2": 2}),
        ({"bbox": [100, 0, 110, 10]}, 0, {}),
        ({"bbox": [9, 49, 11, 51], "datetime": "2026-01-01T00:00:00Z/.."}, 1, {"origin": 1, "n2": 1}),
        ({"datetime": "../2025-01-01T00:00:00Z"}, 0, {}),
        ({"query": {"title": {"eq": "active"}}}, 1, {"origin": 1, "n2": 1}),
    ],
)  # fmt: skip
async def test_counts_follow_results(served: Served, told: Json, count: int, nodes: dict[str, int]) -> None:
    names = ["total_count", "alternate_name_frequency", "collection_frequency", "title_frequency"]
    body = {"collections": ["scenes"], **told}
    found = await posted(served, aggregations=names, **body)
    searched = await served.search(**body)
    assert found["aggregations"][0]["value"] == searched["numberMatched"] == count
    assert facets(found)["alternate_name_frequency"] == nodes
    assert facets(found)["collection_frequency"] == ({"scenes": count} if count else {})
    assert facets(found)["title_frequency"] == {
        each["properties"]["title"]: 1 for each in searched["features"]
    }


async def test_times(served: Served) -> None:
    wanted = "datetime_min,datetime_max,datetime_frequency"
    told = {"aggregations": wanted, "datetime_frequency_interval": "year"}
    answer = (await served.http.get("/collections/CMIP6/aggregate", params=told)).json()
    least, greatest, years = answer["aggregations"]
    starts = sorted(item["properties"]["start_datetime"] for item in DATASETS)
    assert (least["value"], least["data_type"]) == (starts[0], "datetime")
    assert greatest["value"] == max(item["properties"]["end_datetime"] for item in DATASETS)
    expected = Counter(start[:4] + "-01-01T00:00:00Z" for start in starts)
    assert {each["key"]: each["frequency"] for each in years["buckets"]} == expected


async def test_links_and_content_type(served: Served) -> None:
    for path in ("/aggregations", "/collections/CMIP6/aggregations"):
        answer = await served.http.get(path)
        assert answer.headers["content-type"] == "application/json"
        assert {link["rel"]: urlsplit(link["href"]).path for link in answer.json()["links"]}["self"] == path
        again = await served.http.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    landing = {link["rel"] for link in (await served.http.get("/")).json()["links"]}
    assert {"aggregate", "aggregations"} <= landing


async def test_a_collection_without_items_answers_whatever_facet_is_asked(served: Served) -> None:
    found = await posted(
        served, "/collections/empty/aggregate", aggregations=["empty_any_frequency", "total_count"]
    )
    assert [each.get("buckets", each.get("value")) for each in found["aggregations"]] == [[], 0]


@pytest.mark.parametrize(
    ("path", "body", "kind", "says"),
    [
        ("/aggregate", {}, "malformed-query", "aggregations is a list of names"),
        ("/aggregate", {"aggregations": 7}, "malformed-query", "aggregations is a list of names"),
        ("/aggregate", {"aggregations": ["cmip6_sorce_id_frequency"]}, "malformed-query", "cmip6_source_id_frequency"),
        ("/aggregate", {"aggregations": ["x" * 100_000]}, "malformed-query", "which is none"),
        ("/aggregate", {"aggregations": ["\u0000start"]}, "malformed-query", "which is none"),
        ("/aggregate", {"aggregations": [f"b{n}" for n in range(101)]}, "malformed-query", "more than 100"),
        ("/aggregate", {"aggregations": ONE, "collections": ["CMIP5"]}, "malformed-query", "CMIP6"),
        ("/aggregate", {"aggregations": ONE, "datetime_frequency_interval": "eon"}, "malformed-query", "month"),
        ("/aggregate", {"aggregations": ONE, "bbox": [1, 2]}, "malformed-query", "bbox"),
        ("/aggregate", {"aggregations": ONE, "filters": {}}, "malformed-query", "filter"),
        ("/collections/CMIP5/aggregate", {"aggregations": ONE}, "collection-does-not-exist", "CMIP6"),
        (
            "/collections/CMIP6/aggregate", {"aggregations": ONE, "collections": ["scenes"]},
            "malformed-query", "CMIP6",
        ),
    ],
)  # fmt: skip
async def test_bad_requests(served: Served, path: str, body: Json, kind: str, says: str) -> None:
    problem(await served.http.post(path, json=body), kind, says=[says])


async def test_unknown_collections_and_parameters_of_a_get(served: Served) -> None:
    problem(
        await served.http.get("/collections/CMIP5/aggregations"), "collection-does-not-exist", says=["CMIP6"]
    )
    problem(await served.http.get("/aggregations?collections=CMIP6"), "malformed-query", says=["collections"])
    problem(await served.http.get("/aggregate"), "malformed-query", says=["aggregations"])
