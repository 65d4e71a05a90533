"""pystac-client, unmodified, against a node that runs: every parameter, pages to the end, no warning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pystac
import pytest
from pystac_client import Client, CollectionClient
from pystac_client.warnings import strict
from shapely.geometry import box, shape

from tests.e2e.conftest import COUNT, Published, a_scene

Json = dict[str, Any]
ALPS = {"type": "Polygon", "coordinates": [[[-60, -45], [20, -45], [20, 10], [-60, 10], [-60, -45]]]}
LIST = {"op": "a_contains", "args": [{"property": "instruments"}, ["tirs"]]}
NESTED = {
    "op": "and",
    "args": [
        {"op": "in", "args": [{"property": "platform"}, ["sentinel-2a", "landsat-8"]]},
        {"op": "not", "args": [{"op": "between", "args": [{"property": "number"}, 10, 50]}]},
    ],
}  # fmt: skip


@pytest.fixture
def client(published: Published) -> Iterator[Client]:
    with strict():
        yield Client.open(published.url)


def properties(test: Callable[[Json], bool]) -> Callable[[Json], bool]:
    return lambda item: test(item["properties"])


def touches(geometry: Json) -> Callable[[Json], bool]:
    return lambda item: bool(shape(geometry).intersects(shape(item["geometry"])))


def between(start: str, end: str) -> Callable[[Json], bool]:
    return properties(lambda each: start <= each["datetime"] <= end)


SEARCHES: dict[str, tuple[Json, Callable[[Json], bool]]] = {
    "everything": ({}, lambda item: True),
    "ids": ({"ids": ["s001", "s002", "none"]}, lambda item: item["id"] in ("s001", "s002")),
    "collections": ({"collections": ["scenes", "empty"]}, lambda item: True),
    "no collection's": ({"collections": ["empty"]}, lambda item: False),
    "bbox": ({"bbox": [-60, -45, 20, 10]}, touches(box(-60, -45, 20, 10).__geo_interface__)),
    "bbox over the antimeridian": (
        {"bbox": [140, -90, -170, 90]},
        lambda item: item["bbox"][2] >= 140 or item["bbox"][0] <= -170,
    ),
    "intersects": ({"intersects": ALPS}, touches(ALPS)),
    "datetime of a year": ({"datetime": "2026"}, lambda item: True),
    "datetime of a month": ({"datetime": "2026-03"}, between("2026-03-01", "2026-04-01")),
    "datetime of an interval": (
        {"datetime": "2026-02-10/2026-05-20"}, between("2026-02-10", "2026-05-21"),
    ),
    "datetime with an open end": ({"datetime": "../2026-02-10T12:00:00Z"}, between("", "2026-02-10T12:00:00Z")),
    "query": (
        {"query": {"number": {"gte": 10, "lt": 30}, "platform": {"eq": "landsat-8"}}},
        properties(lambda each: 10 <= each["number"] < 30 and each["platform"] == "landsat-8"),
    ),
    "query as text": (
        {"query": ["eo:cloud_cover<=30", "platform=sentinel-2a"]},
        properties(lambda each: each["eo:cloud_cover"] <= 30 and each["platform"] == "sentinel-2a"),
    ),
    "filter as text": (
        {"filter": "number > 10 AND platform LIKE 'sentinel%' AND \"eo:cloud_cover\" < 75.5"},
        properties(
            lambda each: 10 < each["number"] < 75.5 / 1.5 and each["platform"].startswith("sentinel")
        ),
    ),
    "filter as JSON": (
        {"filter": NESTED},
        properties(lambda each: each["platform"] != "sentinel-2b" and not 10 <= each["number"] <= 50),
    ),
    "filter of a list": ({"filter": LIST}, properties(lambda each: "tirs" in each["instruments"])),
    "filter of what is absent": ({"filter": "snow IS NULL"}, properties(lambda each: "snow" not in each)),
    "filter of a truth value": ({"filter": "snow = true"}, properties(lambda each: each.get("snow") is True)),
    "filter of a place": (
        {"filter": "S_INTERSECTS(geometry, POLYGON((-60 -45, 20 -45, 20 10, -60 10, -60 -45)))"}, touches(ALPS),
    ),
    "filter of a time": (
        {"filter": "datetime >= TIMESTAMP('2026-06-01T00:00:00Z')"}, between("2026-06-01", "2027"),
    ),
    "filter of what is not there": ({"filter": "nothing = 1"}, lambda item: False),
    "q": ({"q": "alps"}, properties(lambda each: "Alps" in each["description"])),
    "all together": (
        {
            "collections": ["scenes"], "bbox": [-180, -90, 100, 90], "datetime": "2026-01/2026-09",
            "query": {"number": {"gt": 3}}, "filter": "platform <> 'landsat-8'", "q": "sea",
        },
        lambda item: touches(box(-180, -90, 100, 90).__geo_interface__)(item)
        and between("2026", "2026-10")(item)
        and item["properties"]["number"] > 3
        and item["properties"]["platform"] != "landsat-8"
        and "sea" in item["properties"]["description"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("name", SEARCHES)
def test_every_parameter(published: Published, client: Client, method: str, name: str) -> None:
    asked, wanted = SEARCHES[name]
    words = {"q": asked["q"]} if "q" in asked else {}
    search = client.search(method=method, limit=7, **{name: asked[name] for name in asked.keys() - words})
    search._parameters |= words  # it knows free text of Collections alone
    expected = {item["id"] for item in published.items.values() if wanted(item)}
    found = [item["id"] for item in search.items_as_dicts()]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert search.matched() == len(expected)
    assert bool(expected) == (name not in ("no collection's", "filter of what is not there"))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_order(published: Published, client: Client, method: str) -> None:
    scenes = published.items.values()
    for sortby in ("-number", [{"field": "properties.number", "direction": "desc"}]):
        search = client.search(method=method, sortby=sortby, limit=9)
        assert [item["properties"]["number"] for item in search.items_as_dicts()] == [*reversed(range(COUNT))]
    search = client.search(method=method, sortby=["+platform", "-eo:cloud_cover"], limit=9)
    expected = sorted(
        scenes, key=lambda item: (item["properties"]["platform"], -item["properties"]["number"])
    )
    assert [item["id"] for item in search.items_as_dicts()] == [item["id"] for item in expected]


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_fields(client: Client, method: str) -> None:
    wanted = {"include": ["properties.number"], "exclude": ["assets", "links"]}
    found = [*client.search(method=method, fields=wanted, sortby="number", max_items=3).items_as_dicts()]
    assert [item["properties"]["number"] for item in found] == [0, 1, 2]
    for item in found:
        assert {"assets", "links"}.isdisjoint(item)
        assert "platform" not in item["properties"]


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize(("limit", "most"), [(1, 5), (10, 25), (100, 30), (None, 11), (7, None)])
def test_limits(client: Client, method: str, limit: int | None, most: int | None) -> None:
    search = client.search(method=method, limit=limit, max_items=most)
    pages = [*search.pages_as_dicts()]
    assert sum(len(page["features"]) for page in pages) == (most or COUNT)
    assert all(len(page["features"]) <= min(limit or COUNT, most or COUNT) for page in pages)
    assert search.matched() == COUNT


def test_items_are_valid(published: Published, client: Client) -> None:
    collection = client.get_collection("scenes")
    assert collection is not None
    item = collection.get_item("s010")
    assert item is not None
    assert item.to_dict()["properties"].items() >= published.items["s010"]["properties"].items()
    assert item.get_root_link() is not None
    assert item.get_parent() is not None
    assert collection.get_item("none") is None
    assert len([*collection.get_items()]) == COUNT
    assert {each.id for each in client.search(ids=["s010", "s011"]).item_collection()} == {"s010", "s011"}
    assert isinstance(next(client.search(max_items=1).items()), pystac.Item)
    assert {each.id for each in collection.get_items("s010", "s011")} == {"s010", "s011"}


def test_collections(client: Client) -> None:
    assert {each.id for each in client.get_collections()} == {"scenes", "empty"}
    assert {each.id for each in client.get_children()} == {"scenes", "empty"}
    assert client.get_collection("empty").title == "Nothing yet"  # type: ignore[union-attr]


COLLECTION_SEARCHES: dict[str, tuple[Json, set[str]]] = {
    "everything": ({}, {"scenes", "empty"}),
    "a word": ({"q": "everywhere"}, {"scenes"}),
    "no such word": ({"q": "nowhere"}, set()),
    "a box": ({"bbox": [0, 0, 10, 10]}, {"scenes", "empty"}),
    "a time": ({"datetime": "2026-01"}, {"scenes", "empty"}),
    "a time before": ({"datetime": "1700/1800"}, set()),
    "a filter": ({"filter": "id = 'empty'"}, {"empty"}),
    "a title": ({"filter": "title LIKE 'Scenes%'", "limit": 1}, {"scenes"}),
}


@pytest.mark.parametrize("name", COLLECTION_SEARCHES)
def test_collection_search(client: Client, name: str) -> None:
    asked, expected = COLLECTION_SEARCHES[name]
    search = client.collection_search(**asked)
    assert {each.id for each in search.collections()} == expected
    assert search.matched() == len(expected)


def test_collection_search_in_pages(client: Client) -> None:
    search = client.collection_search(limit=1, sortby="-id")
    assert [[each.id for each in page] for page in search.pages()] == [["scenes"], ["empty"]]


def test_queryables(client: Client) -> None:
    collection = client.get_collection("scenes")
    assert isinstance(collection, CollectionClient)
    for found in (collection.get_queryables(), client.get_merged_queryables(["scenes", "empty"])):
        names = found["properties"].keys()
        assert {"id", "datetime", "number", "platform", "eo:cloud_cover", "snow"} <= names
    assert set(collection.get_queryables()["properties"]["platform"]["enum"]) == {
        "sentinel-2a", "sentinel-2b", "landsat-8",
    }  # fmt: skip


def test_a_mistake_is_told(client: Client) -> None:
    with pytest.raises(Exception, match="filter"):
        client.search(filter="number >", filter_lang="cql2-text").matched()
    with pytest.raises(Exception, match="scenes"):
        client.search(collections=["scene"]).matched()


@pytest.mark.parametrize("method", ["POST", "GET"])
@pytest.mark.parametrize("sortby", [None, "-number"])
def test_pages_to_the_end_while_writes_go_on(
    published: Published, client: Client, method: str, sortby: str | None
) -> None:
    """What nobody touches is found exactly once, though others come, change and go between any two pages."""
    kind = f"{method}{len(sortby or '')}".lower()
    passing = [a_scene(500 + n, f"passing-{kind}-{n:02}") for n in range(12)]
    published.publish(*passing)
    untouched = set(published.items) - {item["id"] for item in passing}
    found = []
    search = client.search(method=method, collections=["scenes"], sortby=sortby, limit=5)
    for number, page in enumerate(search.pages_as_dicts()):
        found += [item["id"] for item in page["features"]]
        path = f"/collections/scenes/items/passing-{kind}-{number % 12:02}"
        if number < 12:
            published.http.delete(path).raise_for_status()
            extra = f"more-{kind}-{number:02}"
            published.write("POST", "/collections/scenes/items", a_scene(-number, extra))
            published.http.delete(f"/collections/scenes/items/{extra}").raise_for_status()
        assert number < 60
    seen = [name for name in found if name in untouched]
    assert sorted(seen) == sorted(untouched)
    for item in passing:
        del published.items[item["id"]]
