"""Collection search: Collections by their extent, text and members, page by page."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import shapely

from catalogue.content import canonical
from catalogue.filters import (
    END,
    EVERYTHING,
    START,
    All,
    Between,
    Filter,
    Like,
    Located,
    Not,
    Present,
    Relation,
    Some,
    Spatial,
    Words,
    equal,
)
from catalogue.instants import EARLIEST, LATEST, Instant, instant_of
from catalogue.lifecycle import State
from catalogue.shapes import box
from catalogue.store import COLLECTIONS, Page, Query, Sort, Write, collection_ref
from discovery_api.collection_search import AT_ONCE_MAX, CollectionSearch, collection_facts
from tests.support.memory_store import MemoryStore
from tests.support.small_catalogue import SmallCatalogue

Json = dict[str, Any]


def extent(*boxes: list[Any], times: list[Any] | None = None) -> Json:
    return {"spatial": {"bbox": list(boxes)}, "temporal": {"interval": [times or [None, None]]}}


EUROPE, PACIFIC, GLOBE = [-10, 35, 30, 70], [170, -20, -150, 20], [-180, -90, 180, 90]
NAMES = ("europe", "pacific", "globe", "islands", "nowhere")


async def catalogue() -> SmallCatalogue:
    made = SmallCatalogue()
    await made.add_collection(
        "europe", title="CMIP6", description="All of Europe", keywords=["Land", "Räume"],
        extent=extent(EUROPE, times=["1850-01-01T00:00:00Z", "2014-12-31T23:59:59Z"]),
    )  # fmt: skip
    await made.add_collection(
        "pacific", title="Sea", license="other", extent=extent(PACIFIC, times=["2015-01-01T00:00:00Z", None]),
        providers=[{"name": "Island Survey"}],
    )  # fmt: skip
    await made.add_collection("globe", title="Earth", extent=extent(GLOBE))
    await made.add_collection(
        "islands", extent=extent([100, 0, 101, 1], [5, 5, 5, 5], times=[None, "1900-01-01T00:00:00Z"])
    )
    await made.add_collection("nowhere", title="cmip6")
    return made


def ids(page: Page) -> list[str]:
    return [str(hit.place[-1]).removeprefix("c:") for hit in page.hits]


def during(start: str, end: str) -> Filter:
    return All((Between(START, None, instant_of(end)), Between(END, instant_of(start), None)))


def touching(*edges: float) -> Filter:
    return Spatial(Relation.INTERSECTS, box(*edges))


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (EVERYTHING, set(NAMES)),
        (Some(), set()),
        (equal("title", "CMIP6"), {"europe"}),
        (equal("id", "sea"), set()),
        (equal("id", "pacific"), {"pacific"}),
        (Like("title", "%ea%"), {"pacific"}),
        (Present("license"), {"pacific"}),
        (equal("keywords", "Land"), {"europe"}),
        (Words(("europe",)), {"europe"}),
        (Words(("raume",)), {"europe"}),
        (Words(("island", "survey")), {"pacific"}),
        (Words(("collection",)), set()),
        (touching(0, 40, 1, 41), {"europe", "globe"}),
        (touching(179, 0, 180, 1), {"pacific", "globe"}),
        (touching(-160, 0, -155, 1), {"pacific", "globe"}),
        (touching(0, 0, 10, 10), {"islands", "globe"}),
        (Not(touching(-180, -90, 180, 90)), {"nowhere"}),
        (Located(), set(NAMES) - {"nowhere"}),
        (during("2000-01-01T00:00:00Z", "2001-01-01T00:00:00Z"), {"europe", "globe"}),
        (during("2014-12-31T00:00:00Z", "2100-01-01T00:00:00Z"), {"europe", "pacific", "globe"}),
        (during("0001-01-01T00:00:00Z", "1800-01-01T00:00:00Z"), {"islands", "globe"}),
    ],
)
async def test_filters(filter_: Filter, expected: set[str]) -> None:
    made = await catalogue()
    found = await CollectionSearch(made.store).find(Query(COLLECTIONS, filter=filter_, limit=100))
    assert set(ids(found)) == expected
    assert (found.matched, found.more) == (len(expected), False)


async def test_ids_and_states() -> None:
    made = await catalogue()
    source = {"collection": "gone", "id": "gone", "state": State.WITHDRAWN, "item": {}, "key": "gone"}
    await made.store.apply([Write(collection_ref("gone"), 1, canonical(source), source)])
    search = CollectionSearch(made.store)
    assert ids(await search.find(Query(COLLECTIONS, ids=("globe", "none"), limit=9))) == ["globe"]
    assert ids(await search.find(Query(COLLECTIONS, states=frozenset({State.WITHDRAWN}), limit=9))) == [
        "gone"
    ]
    assert ids(await search.find(Query(COLLECTIONS, ids=("gone",), limit=9))) == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ((), sorted(NAMES)),
        ((Sort("id", descending=True),), sorted(NAMES, reverse=True)),
        ((Sort("title"),), ["europe", "globe", "pacific", "nowhere", "islands"]),
        ((Sort("title", descending=True),), ["nowhere", "pacific", "globe", "europe", "islands"]),
        ((Sort(START), Sort("id")), ["globe", "islands", "europe", "pacific", "nowhere"]),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 4, 5, 9])
async def test_pages_in_every_order_forwards_and_backwards(
    sort: tuple[Sort, ...], expected: list[str], limit: int
) -> None:
    search = CollectionSearch((await catalogue()).store)
    seen, page = [], await search.find(Query(COLLECTIONS, sort=sort, limit=limit))
    while True:
        seen += ids(page)
        assert page.matched == len(NAMES)
        if page.after is None:
            break
        assert len(page.hits) == limit
        page = await search.find(Query(COLLECTIONS, sort=sort, limit=limit, after=page.after))
    assert seen == expected
    back: list[str] = []
    page = await search.find(
        Query(COLLECTIONS, sort=sort, limit=1, after=page.hits[-1].place, backwards=True)
    )
    while page.hits:
        back = ids(page) + back
        page = await search.find(
            Query(COLLECTIONS, sort=sort, limit=1, after=page.hits[0].place, backwards=True)
        )
        assert page.more == (len(back) < len(expected) - 2)
    assert back == expected[:-1]


async def test_a_place_survives_that_its_collection_is_gone_and_others_come() -> None:
    made = await catalogue()
    search = CollectionSearch(made.store)
    page = await search.find(Query(COLLECTIONS, limit=2))
    assert ids(page) == ["europe", "globe"]
    del made.store.writes[COLLECTIONS, "c:globe"]
    await made.add_collection("gone")
    await made.add_collection("a-first")
    page = await search.find(Query(COLLECTIONS, limit=2, after=page.after))
    assert ids(page) == ["gone", "islands"]


async def test_a_place_of_another_order_is_refused() -> None:
    search = CollectionSearch((await catalogue()).store)
    with pytest.raises(ValueError, match="order"):
        await search.find(Query(COLLECTIONS, after=("a", "b"), limit=1))


async def test_all_collections_of_a_store_that_answers_a_few_at_a_time() -> None:
    class Slow(MemoryStore):
        async def search(self, query: Query) -> Page:
            page = await super().search(query)
            return Page(page.matched, page.hits[:3], len(page.hits) > 3)

    made, slow = SmallCatalogue(), Slow()
    for number in range(AT_ONCE_MAX + 5):
        await made.add_collection(f"c{number:04}", title=f"t{number % 2}")
    slow.writes = made.store.writes
    found = await CollectionSearch(slow).find(Query(COLLECTIONS, filter=equal("title", "t1"), limit=10_000))
    assert len(found.hits) == found.matched == (AT_ONCE_MAX + 5) // 2
    assert ids(found)[:2] == ["c0001", "c0003"]


@pytest.mark.parametrize(
    "item",
    [
        {}, {"extent": None}, {"extent": []}, {"extent": {"spatial": 7, "temporal": "x"}},
        {"extent": {"spatial": {"bbox": [[1, 2, 3], ["a", 0, 1, 1], None, [0, 50, 1, 40], [float("nan")] * 4]}}},
        {"extent": {"spatial": {"bbox": {}}, "temporal": {"interval": [[None]]}}},
        {"extent": {"temporal": {"interval": ["1850", 7]}}},
        {"keywords": 7, "title": ["x"], "providers": [7, {"name": 7}]},
    ],
)  # fmt: skip
def test_a_collection_that_says_odd_things_has_neither_place_nor_time(item: Json) -> None:
    facts = collection_facts({"collection": "c", "id": "c", "item": item})
    assert (facts.geometry, facts.bbox, facts.start, facts.end) == (None, None, None, None)
    assert facts.elements["id"] == ("c",)


def test_ends_of_an_interval() -> None:
    def ends(*interval: Any) -> tuple[Instant | None, Instant | None]:
        facts = collection_facts(
            {"collection": "c", "id": "c", "item": {"extent": extent(times=list(interval))}}
        )
        return facts.start, facts.end

    assert ends(None, None) == (EARLIEST, LATEST)
    assert ends("2020-01-01T00:00:00Z", None) == (instant_of("2020-01-01T00:00:00Z"), LATEST)
    assert ends("soon", "2020-01-01T00:00:00Z") == (None, instant_of("2020-01-01T00:00:00Z"))


def test_boxes_of_three_dimensions_and_over_the_antimeridian() -> None:
    facts = collection_facts(
        {
            "collection": "c",
            "id": "c",
            "item": {"extent": extent([170, -20, 0, -150, 20, 9], [350, 0, 360, 5])},
        }
    )
    assert facts.bbox == (170, -20, 0, -150, 20, 9)
    assert facts.geometry is not None
    shape = shapely.from_geojson(orjson.dumps(facts.geometry))
    for longitude, latitude, inside in (
        (175, 0, True),
        (-155, 0, True),
        (-5, 2, True),
        (0, 0, True),
        (100, 0, False),
    ):
        assert shapely.intersects(shape, shapely.Point(longitude, latitude)) == inside
