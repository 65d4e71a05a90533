"""Aggregations: what names mean, and that the counts are those of a brute-force count."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from catalogue.aggregations import Extremes, Files, Histogram, Kind, Step, Terms
from catalogue.filters import END, START, equal
from catalogue.lifecycle import State
from catalogue.store import ITEMS, Query
from discovery_api.aggregating import aggregated
from discovery_api.aggregation_names import Unknown, available, wanted
from discovery_api.aggregation_request import AGGREGATIONS_MAX, read_asked
from discovery_api.inventory import KEPT_S, Inventory
from discovery_api.property_names import Known, Property
from stream.errors import Refused
from tests.support import cmip6
from tests.support.small_catalogue import SmallCatalogue, small_item

Json = dict[str, Any]
BOTH = frozenset({State.ACTIVE, State.RETRACTED})


def known(*names: str, collections: tuple[str, ...] = ("CMIP6",), records: int = 1) -> Known:
    return Known(collections, {name: Property(name, frozenset({Kind.TEXT})) for name in names}, records)


CMIP6 = known(
    "cmip6:activity_id", "cmip6:frequency", "cmip6:Conventions", "title", "datetime", "gsd", "eo:cloud_cover", "x_min",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("cmip6_activity_id_frequency", Terms("cmip6:activity_id")),
        ("cmip6:activity_id_frequency", Terms("cmip6:activity_id")),
        ("cmip6:activity_id", Terms("cmip6:activity_id")),
        ("properties.cmip6:activity_id", Terms("cmip6:activity_id")),
        ("cmip6_activity_id", Terms("cmip6:activity_id")),
        ("activity_id_frequency", Terms("cmip6:activity_id")),
        ("cmip6_frequency_frequency", Terms("cmip6:frequency")),
        ("cmip6_frequency", Terms("cmip6:frequency")),
        ("frequency", Terms("cmip6:frequency")),
        ("cmip6_Conventions_frequency", Terms("cmip6:Conventions")),
        ("cmip6_title_frequency", Terms("title")),
        ("title_frequency", Terms("title")),
        ("eo_cloud_cover_frequency", Terms("eo:cloud_cover")),
        ("cloud_cover_frequency", Terms("eo:cloud_cover")),
        ("cmip6_eo_cloud_cover_frequency", Terms("eo:cloud_cover")),
        ("collection_frequency", Terms("collection")),
        ("cmip6_collection_frequency", Terms("collection")),
        ("alternate_name_frequency", Files()),
        ("alternate:name", Files()),
        ("cmip6_alternate_name_frequency", Files()),
        ("datetime_frequency", Histogram(Step.DAY)),
        ("end_datetime_frequency", Histogram(Step.DAY, END)),
        ("datetime_min", Extremes(START)),
        ("datetime_max", Extremes(END)),
        ("start_datetime_max", Extremes(START)),
        ("gsd_max", Extremes("gsd")),
        ("x_min", Terms("x_min")),
        ("x_min_frequency", Terms("x_min")),
        ("x_min_min", Extremes("x_min")),
        ("total_count", None),
    ],
)
def test_what_names_mean(name: str, meant: object) -> None:
    assert wanted(name, CMIP6, Step.DAY).counts == meant


@pytest.mark.parametrize("name", ["cordex-cmip6_domain_id_frequency", "cordex_cmip6_domain_id_frequency"])
def test_a_collection_with_a_hyphen(name: str) -> None:
    known_ = known("cordex-cmip6:domain_id", "cmip6:domain_id", collections=("CMIP6", "CORDEX-CMIP6"))
    assert wanted(name, known_).counts == Terms("cordex-cmip6:domain_id")


def test_a_prefix_is_a_collections_own_and_no_others() -> None:
    known_ = known("cmip7:region", "cmip6:table", collections=("CMIP6", "CMIP7"))
    with pytest.raises(Unknown):
        wanted("cmip6_region_frequency", known_)
    with pytest.raises(Unknown):
        wanted("cmip6_cmip7_region_frequency", known_)


def test_a_namespace_other_than_the_collections_name_is_found_by_the_collections_prefix() -> None:
    known_ = known("cmip6:source_id", collections=("replicas",))
    assert wanted("replicas_source_id_frequency", known_).counts == Terms("cmip6:source_id")


def test_what_may_be_several_things_is_refused_with_their_names() -> None:
    known_ = known("cmip6:source_id", "cmip7:source_id", collections=("CMIP6", "CMIP7"))
    with pytest.raises(Refused, match=r"cmip6:source_id, cmip7:source_id; name one"):
        wanted("source_id_frequency", known_)


@pytest.mark.parametrize(
    "name",
    [
        "nonsense",
        "nonsense_frequency",
        "cmip6_nonsense_frequency",
        "_frequency",
        "x" * 500,
        "a_" * 99,
        "\0start",
    ],
)
def test_names_that_mean_nothing(name: str) -> None:
    with pytest.raises(Unknown):
        wanted(name, CMIP6)


@pytest.mark.parametrize("facet", ["instance_id", "cf_standard_name", "further_info_url"])
def test_what_esgfs_search_pages_ask_of_every_project_is_empty_where_it_is_unknown(facet: str) -> None:
    name = f"cmip6_{facet}_frequency"
    assert wanted(name, CMIP6).counts == Terms(f"cmip6_{facet}")
    with pytest.raises(Unknown):
        wanted(f"{facet}_frequency", CMIP6)


def test_a_collection_without_records_has_every_facet() -> None:
    assert wanted("cmip6_any_frequency", known(records=0)).counts == Terms("cmip6_any")


def test_every_listed_name_means_the_property_that_it_is_listed_with() -> None:
    names = (
        "",
        "a:b",
        "a_b",
        "a-b",
        "x",
        "x_frequency",
        "x_min",
        "alternate_name",
        "total_count",
        "gsd",
        "cmip6:id",
        "c:datetime",
    )
    properties = {name: Property(name, frozenset({Kind.NUMBER})) for name in names}
    found = Known(("CMIP6",), properties, 1)
    listed = list(available(found))
    assert len({each["name"] for each in listed}) == len(listed)
    spelled = {each["property"] for each in listed if "property" in each}
    assert set(names) - {"alternate_name", "total_count"} <= spelled
    for each in listed:
        meant = wanted(each["name"], found).counts
        if isinstance(meant, Terms) or (isinstance(meant, Extremes) and "property" in each):
            assert meant.name == each["property"], each


async def filled() -> SmallCatalogue:
    catalogue = SmallCatalogue()
    await catalogue.add_collection("CMIP6")
    await catalogue.add_collection("scenes")
    for item_id in cmip6.sample_ids(120):
        await catalogue.add(cmip6.item(item_id))
    return catalogue


def inventory_of(catalogue: SmallCatalogue) -> Inventory:
    return Inventory(catalogue, lambda collection: None)


async def counts(
    catalogue: SmallCatalogue, query: Query, *names: str, show_data: bool = False, **told: Any
) -> dict[str, Json]:
    asked, left = read_asked({"aggregations": list(names), **told})
    assert not left
    found = await aggregated(catalogue.store, inventory_of(catalogue), query, asked, show_data=show_data)
    assert [each["name"] for each in found] == list(names)
    return {each["name"]: each for each in found}


async def test_eighteen_facets_at_once_are_a_brute_force_count_in_one_question() -> None:
    catalogue = await filled()
    facets = [
        "activity_id", "institution_id", "source_id", "source_type", "experiment_id", "sub_experiment_id", "member_id",
        "variant_label", "table_id", "frequency", "realm", "variable_id", "grid_label", "nominal_resolution", "product",
        "data_specs_version", "variable_units", "pid",
    ]  # fmt: skip
    query = Query(ITEMS, ("CMIP6",), filter=equal("cmip6:table_id", "Amon"))
    found = await counts(catalogue, query, *(f"cmip6_{facet}_frequency" for facet in facets))
    assert [wanted for _, wanted in catalogue.store.asked if len(wanted) > 1] == [
        [Terms(f"cmip6:{facet}", 100_000 // 18) for facet in facets]
    ]
    items = [
        write.source["item"]["properties"]
        for write in catalogue.store.writes.values()
        if write.ref.kind == ITEMS
    ]
    chosen = [each for each in items if each["cmip6:table_id"] == "Amon"]
    assert 0 < len(chosen) < len(items)
    for facet in facets:
        expected: Counter[str] = Counter()
        for each in chosen:
            value = each[f"cmip6:{facet}"]
            expected.update(set(value) if isinstance(value, list) else [value])
        answer = found[f"cmip6_{facet}_frequency"]
        assert {bucket["key"]: bucket["frequency"] for bucket in answer["buckets"]} == expected
        frequencies = [bucket["frequency"] for bucket in answer["buckets"]]
        assert frequencies == sorted(frequencies, reverse=True)
        assert answer["overflow"] == 0


async def test_the_shapes() -> None:
    catalogue = SmallCatalogue()
    await catalogue.add_collection("scenes")
    await catalogue.add(
        small_item("a", datetime="2020-01-15T00:00:00Z", gsd=10, cloudy=True, tags=["x", "y", "x"])
    )
    await catalogue.add(
        small_item("b", datetime="2021-03-01T06:00:00+06:00", gsd=10.0, cloudy=False, tags=[])
    )
    await catalogue.add(
        small_item(
            "c",
            datetime=None,
            start_datetime="1850-01-01T00:00:00Z",
            end_datetime="2100-12-30T12:00:00Z",
            gsd=2.5,
        )
    )
    query = Query(ITEMS, ("scenes",))
    found = await counts(
        catalogue, query, "total_count", "datetime_min", "datetime_max", "datetime_frequency", "gsd_frequency",
        "gsd_min", "gsd_max", "cloudy_frequency", "tags_frequency", "tags_max", "id",
        datetime_frequency_interval="year",
    )  # fmt: skip
    assert found["total_count"] == {"name": "total_count", "data_type": "integer", "value": 3}
    assert found["datetime_min"] == {
        "name": "datetime_min",
        "data_type": "datetime",
        "value": "1850-01-01T00:00:00Z",
    }
    assert found["datetime_max"]["value"] == "2100-12-30T12:00:00Z"
    assert found["datetime_frequency"] == {
        "name": "datetime_frequency", "data_type": "frequency_distribution", "overflow": 0, "interval": "year",
        "buckets": [
            {"key": f"{year}-01-01T00:00:00Z", "data_type": "datetime", "frequency": 1} for year in (1850, 2020, 2021)
        ],
    }  # fmt: skip
    assert found["gsd_frequency"]["buckets"] == [
        {"key": "10", "data_type": "numeric", "frequency": 2},
        {"key": "2.5", "data_type": "numeric", "frequency": 1},
    ]
    assert (found["gsd_min"]["value"], found["gsd_max"]["value"]) == (2.5, 10)
    assert found["cloudy_frequency"]["buckets"] == [
        {"key": "false", "data_type": "boolean", "frequency": 1},
        {"key": "true", "data_type": "boolean", "frequency": 1},
    ]
    assert [(each["key"], each["frequency"]) for each in found["tags_frequency"]["buckets"]] == [
        ("x", 1),
        ("y", 1),
    ]
    assert found["tags_max"]["value"] is None
    assert [each["key"] for each in found["id"]["buckets"]] == ["a", "b", "c"]


async def test_months_are_the_default_and_an_interval_that_there_is_not_is_refused() -> None:
    catalogue = SmallCatalogue()
    await catalogue.add(small_item("a", datetime="2020-01-15T00:00:00Z"))
    await catalogue.add(small_item("b", datetime="2020-02-15T00:00:00Z"))
    found = await counts(catalogue, Query(), "datetime_frequency")
    assert [each["key"] for each in found["datetime_frequency"]["buckets"]] == [
        "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z",
    ]  # fmt: skip
    for interval in ("week", 7, ["day"]):
        with pytest.raises(Refused, match="datetime_frequency_interval is year, month, day"):
            read_asked({"aggregations": "total_count", "datetime_frequency_interval": interval})


async def test_of_nothing_there_is_no_least_and_no_greatest() -> None:
    catalogue = SmallCatalogue()
    await catalogue.add_collection("scenes")
    await catalogue.add(small_item("a", gsd=1, datetime="2020-01-15T00:00:00Z"))
    names = ("datetime_min", "datetime_max", "gsd_max", "datetime_frequency")
    found = await counts(catalogue, Query(ids=("none",)), *names)
    assert [(found[name]["data_type"], found[name]["value"]) for name in names[:3]] == [
        ("datetime", None), ("datetime", None), ("numeric", None),
    ]  # fmt: skip
    assert found["datetime_frequency"]["buckets"] == []


async def test_files_of_hidden_data_are_not_counted() -> None:
    catalogue = SmallCatalogue()
    await catalogue.add_collection("scenes")
    copies = {
        "1.nc": {"alternate:name": "here", "alternate": {"there": {"href": "https://t/1.nc"}}},
        "2.nc": {"alternate:name": "here"},
    }
    await catalogue.add({**small_item("shown"), "assets": copies})
    await catalogue.add({**small_item("hidden"), "assets": copies}, State.RETRACTED)
    for states, show_data, here in ((BOTH, False, 2), (BOTH, True, 4), (frozenset({State.ACTIVE}), False, 2)):
        query = Query(ITEMS, ("scenes",), states=states)
        found = await counts(catalogue, query, "alternate_name_frequency", "total_count", show_data=show_data)
        nodes = {each["key"]: each["frequency"] for each in found["alternate_name_frequency"]["buckets"]}
        assert nodes == {"here": here, "there": here // 2}
        assert found["total_count"]["value"] == len(states)


async def test_facets_of_the_profile_without_data_are_empty_and_unknown_ones_refused_with_near_ones() -> None:
    catalogue = SmallCatalogue()
    await catalogue.add_collection("CMIP6")
    await catalogue.add(small_item("a", "CMIP6", title="a"))
    query = Query(ITEMS, ("CMIP6",))
    found = await counts(catalogue, query, "cmip6_source_id_frequency")
    assert found["cmip6_source_id_frequency"]["buckets"] == []
    with pytest.raises(
        Refused, match="cmip6_sorce_id_frequency, which is none; near are cmip6_source_id_frequency"
    ) as got:
        await counts(catalogue, query, "cmip6_sorce_id_frequency")
    assert got.value.problem.status == 400


async def test_a_property_that_came_a_moment_ago_is_known() -> None:
    catalogue, now = await filled(), [0.0]
    inventory = Inventory(catalogue, lambda collection: None, lambda: now[0])
    asked, _ = read_asked({"aggregations": "fresh_frequency"})
    query = Query(ITEMS, ("CMIP6",))
    with pytest.raises(Refused):
        await aggregated(catalogue.store, inventory, query, asked, show_data=False)
    await catalogue.add(small_item("new", "CMIP6", fresh="yes"))
    now[0] += 0.01
    (found,) = await aggregated(catalogue.store, inventory, query, asked, show_data=False)
    assert [each["key"] for each in found["buckets"]] == ["yes"]


async def test_a_store_that_is_slow_is_asked_less_often() -> None:
    catalogue, now = await filled(), [0.0]

    def passing() -> float:
        now[0] += 1.0
        return now[0]

    inventory = Inventory(catalogue, lambda collection: None, passing)  # asked at 1, answered at 2
    first = await inventory.of(("CMIP6",))
    now[0] = 1.5
    assert await inventory.of(("CMIP6",), fresh=True) is first
    now[0] = 19.5
    assert await inventory.of(("CMIP6",)) is first
    now[0] = 20.5
    assert await inventory.of(("CMIP6",)) is not first


async def test_nobody_waits_while_the_inventory_is_taken_anew() -> None:
    catalogue, now = await filled(), [0.0]
    inventory = Inventory(catalogue, lambda collection: None, lambda: now[0])
    first = await inventory.of(("CMIP6",))
    now[0] = KEPT_S
    renewed, meanwhile = await asyncio.gather(inventory.of(("CMIP6",)), inventory.of(("CMIP6",)))
    assert renewed is not first
    assert meanwhile is first


async def test_the_inventory_is_kept_for_a_few_seconds() -> None:
    catalogue, now = await filled(), [0.0]
    inventory = Inventory(catalogue, lambda collection: None, lambda: now[0])
    first = await inventory.of(("CMIP6",))
    assert await inventory.of(("CMIP6", "CMIP6")) is first
    assert len(catalogue.store.asked) == 1
    now[0] = KEPT_S
    assert await inventory.of(("CMIP6",)) is not first
    everything = await inventory.of(())
    assert (everything.collections, everything.records) == (("CMIP6", "scenes"), 120)


async def test_what_no_bucket_holds_is_told() -> None:
    catalogue = SmallCatalogue()
    for number in range(1_500):
        await catalogue.add(small_item(f"i{number:05}", p0=number, p1=number))
    names = [f"p{each % 2}{suffix}" for each in range(2) for suffix in ("", "_frequency", "_min", "_max")]
    filler = [f"cmip{number}" for number in range(AGGREGATIONS_MAX - len(names))]
    await catalogue.add(small_item("wide", **dict.fromkeys(filler, "x")))
    found = await counts(catalogue, Query(), *names, *filler)
    assert len(found["p0"]["buckets"]) == 100_000 // AGGREGATIONS_MAX == 1_000
    assert found["p0"]["overflow"] == 500
    assert found["p1_max"]["value"] == 1_499


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "is a list of names"),
        ({"aggregations": None}, "is a list of names"),
        ({"aggregations": 7}, "is a list of names"),
        ({"aggregations": ["total_count", 7]}, "is a list of names"),
        ({"aggregations": {"total_count": 1}}, "is a list of names"),
        ({"aggregations": []}, "names none"),
        ({"aggregations": " , "}, "names none"),
        ({"aggregations": [f"a{number}" for number in range(AGGREGATIONS_MAX + 1)]}, "names more than 100"),
    ],
)
def test_bad_lists_of_names(given: Json, says: str) -> None:
    with pytest.raises(Refused, match=f"aggregations {says}"):
        read_asked(given)


def test_names_may_be_a_list_or_text_and_what_is_left_is_the_search() -> None:
    asked, left = read_asked({
        "aggregations": "b, a,b", "limit": 5, "sortby": "x", "bbox": [1, 2, 3, 4],
        "filter_exp": {"op": "and", "args": []},
    })  # fmt: skip
    assert asked.names == ("b", "a")
    assert left == {"bbox": [1, 2, 3, 4], "filter": {"op": "and", "args": []}}
    assert read_asked({"aggregations": ["a"], "filter": "x = 1", "filter_expr": "y = 2"})[1] == {
        "filter": "x = 1"
    }
