"""What leads where: Collections and their pages, Catalogs down to every Item, conformance, the OpenAPI document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from catalogue.filters import Ability
from catalogue.record import Record
from discovery_api import browse
from discovery_api.conformance import conformance
from tests.support import cmip6
from tests.support.catalogue import ROOT, Catalogue, a_collection, an_item, catalogue
from tests.support.http import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
DATASETS = [cmip6.item(name) for name in cmip6.sample_ids(60)]


def a_dataset(item: Json) -> Record:
    made = an_item(item["id"], "CMIP6")
    made.item["properties"] |= item["properties"] | {"latest": True}
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def north() -> AsyncIterator[Catalogue]:
    named = [a_collection(f"c{n:02}", title=f"Number {n}", n=n) for n in range(12)]
    scenes = [an_item(f"s{n:02}", "c00") for n in range(30)]
    async with catalogue(
        [*named, a_collection("CMIP6", keywords=["climate"]), *scenes, *map(a_dataset, DATASETS)]
    ) as found:
        yield found


async def get(north: Catalogue, path: str) -> Json:
    answer = await north.http.get(path)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def hrefs(page: Json, rel: str) -> list[str]:
    return [link["href"] for link in page["links"] if link["rel"] == rel]


async def reached(north: Catalogue, url: str) -> list[str]:
    """The ids of all Items that are reached from here by child and item links."""
    here = await get(north, url)
    assert hrefs(here, "self") == [url]
    found = [item["id"] for href in hrefs(here, "item") for item in [await get(north, href)]]
    for href in hrefs(here, "child"):
        found += await reached(north, href)
    return found


@pytest.mark.parametrize("most", [3, 1000])
async def test_every_item_is_reached_by_links_alone(
    north: Catalogue, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "ITEMS_MAX", most)
    found = await reached(north, f"{ROOT}/")
    assert sorted(found) == sorted([*(item["id"] for item in DATASETS), *(f"s{n:02}" for n in range(30))])


async def test_catalogs_are_made_of_the_properties_of_dataset_ids(
    north: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browse, "ITEMS_MAX", 10)
    top = await get(north, "/collections/CMIP6/browse")
    below = await get(north, hrefs(top, "child")[0])
    assert (top["type"], below["type"], hrefs(below, "parent")) == ("Catalog", "Catalog", hrefs(top, "self"))
    assert hrefs(top, "parent") == [f"{ROOT}/collections/CMIP6"]
    assert below["title"] in below["id"]


@pytest.mark.parametrize("asked", ["at=x", "token=x", "at=a%00=b", "nothing=1", "&".join(["at=a=b"] * 40)])
async def test_catalogs_that_there_are_not(north: Catalogue, asked: str) -> None:
    problem(await north.http.get(f"/collections/c00/browse?{asked}"), "malformed-query")
    problem(await north.http.get("/collections/c0/browse"), "collection-does-not-exist", says=["c00"])


async def test_collections_come_in_pages_both_ways(north: Catalogue) -> None:
    seen, url = [], f"{ROOT}/collections?limit=5&sortby=-n&filter=n%20%3C%2011"
    while url:
        page = await get(north, url)
        seen.append([one["id"] for one in page["collections"]])
        assert page["numberMatched"] == 11
        url = next(iter(hrefs(page, "next")), "")
    assert [len(ids) for ids in seen] == [5, 5, 1]
    assert [name for ids in seen for name in ids] == [f"c{n:02}" for n in reversed(range(11))]
    [before] = hrefs(page, "prev")
    assert [one["id"] for one in (await get(north, before))["collections"]] == seen[1]


async def test_without_a_limit_all_collections_come_at_once(north: Catalogue) -> None:
    found = await get(north, "/collections")
    assert found["numberMatched"] == found["numberReturned"] == len(found["collections"]) == 13
    assert (await get(north, "/children"))["children"] == found["collections"]
    assert hrefs(await get(north, "/"), "child") == [hrefs(one, "self")[0] for one in found["collections"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=climate", ["CMIP6"]),
        ("filter=title='Number 3'", ["c03"]),
        ("ids=c01,c02", ["c01", "c02"]),
        ("q=none", []),
    ],
)
async def test_collections_can_be_searched(north: Catalogue, query: str, found: list[str]) -> None:
    assert [one["id"] for one in (await get(north, f"/collections?{query}"))["collections"]] == found


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("sortby=nn", "/sortby"),
        ("limit=0", "/limit"),
        ("token=x", "/token"),
        ("collections=a", "/collections"),
    ],
)
async def test_what_is_not_understood_of_collections(north: Catalogue, query: str, place: str) -> None:
    problem(await north.http.get(f"/collections?{query}"), "malformed-query", places=[place])


async def test_a_collection_links_to_what_there_is_of_it(north: Catalogue) -> None:
    one = await get(north, "/collections/c00")
    assert hrefs(one, "items") == [f"{ROOT}/collections/c00/items"]
    for rel in (
        "self",
        "root",
        "parent",
        "items",
        "aggregations",
        "child",
        "http://www.opengis.net/def/rel/ogc/1.0/queryables",
    ):
        [href] = hrefs(one, rel)
        await get(north, href)
    [href, again] = hrefs(one, "aggregate")
    assert href == again
    assert [each.get("method") for each in one["links"] if each["rel"] == "aggregate"] == ["GET", "POST"]
    await get(north, f"{href}?aggregations=total_count")


async def test_conformance_is_that_of_the_store(north: Catalogue) -> None:
    told = (await get(north, "/conformance"))["conformsTo"]
    assert told == (await get(north, "/"))["conformsTo"] == conformance(frozenset(Ability), north.app.routes)
    less = conformance(frozenset(), [])
    cql2 = "http://www.opengis.net/spec/cql2/1.0/conf/"
    assert set(told) - set(less) == {
        cql2 + name for name in ("property-property", "arithmetic", "spatial-functions")
    }
    assert not any(uri.endswith("transaction") for uri in told)  # nothing publishes here
    for known in (
        "core",
        "collections",
        "ogcapi-features",
        "item-search#sort",
        "item-search#fields",
        "browseable",
    ):
        assert f"https://api.stacspec.org/v1.0.0/{known}" in told


async def test_the_openapi_document_tells_of_refusals(north: Catalogue) -> None:
    answer = await north.http.get("/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.1"
    for path, methods in answer.json()["paths"].items():
        for method, told in methods.items():
            if "Discovery API" in told.get("tags", ()):
                assert {"200", "400", "503"} <= told["responses"].keys(), (method, path)
                assert "application/problem+json" in told["responses"]["400"]["content"]
    [search] = [told for told in answer.json()["paths"]["/search"].values() if "requestBody" in told]
    assert search["requestBody"]["content"]["application/json"]["schema"]["additionalProperties"] is False
