"""Searches over HTTP: pages in both directions, tokens, fields, order, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from catalogue.lifecycle import State
from discovery_api import searching
from tests.support.catalogue import KEY, ROOT, Catalogue, a_collection, an_item, catalogue
from tests.support.http import problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

Json = dict[str, Any]
COUNT = 25
RECORDS = [
    a_collection("scenes", title="All scenes"),
    a_collection("others", title="All others"),
    *(an_item(f"s{n:02}", n=n, parity=n % 2) for n in range(COUNT)),
    *(an_item(f"o{n}", "others", n=n) for n in range(3)),
    an_item("gone", state=State.RETRACTED, n=99),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def north() -> AsyncIterator[Catalogue]:
    async with catalogue(RECORDS) as found:
        yield found


def link(page: Json, rel: str) -> Json | None:
    found: list[Json] = [each for each in page["links"] if each["rel"] == rel]
    assert len(found) <= 1
    return found[0] if found else None


async def turned(north: Catalogue, page: Json, rel: str) -> Json | None:
    """The page that a link leads to, asked for as the link says; None without one."""
    found = link(page, rel)
    if found is None:
        return None
    method = found.get("method", "GET")
    answer = await north.http.request(method, found["href"], json=found.get("body"))
    assert answer.status_code == 200, answer.text
    turned_page: Json = answer.json()
    return turned_page


def ids(page: Json) -> list[str]:
    return [item["id"] for item in page["features"]]


FORMS = [
    ("POST", "/search", {"collections": ["scenes"], "limit": 4, "sortby": [{"field": "parity"}]}),
    ("POST", "/search", {"limit": 10, "filter": {"op": "<", "args": [{"property": "n"}, 20]}}),
    ("GET", "/search?collections=scenes&limit=4&sortby=-parity,n", None),
    ("GET", "/search?limit=9&filter=n%20%3C%2020&sortby=%2Bn", None),
    ("GET", "/collections/scenes/items?limit=7&sortby=-properties.n", None),
]


@pytest.mark.parametrize(("method", "path", "body"), FORMS)
async def test_pages_lead_to_the_end_and_back(
    north: Catalogue, method: str, path: str, body: Json | None
) -> None:
    first = (await north.http.request(method, path, json=body)).json()
    assert link(first, "prev") is None
    pages, page = [first], first
    while (following := await turned(north, page, "next")) is not None:
        pages.append(following)
        page = following
    seen = [name for each in pages for name in ids(each)]
    assert len(seen) == len(set(seen)) == first["numberMatched"] > 10
    assert {each["numberMatched"] for each in pages} == {first["numMatched"]}
    back = [page]
    while (before := await turned(north, page, "prev")) is not None:
        back.append(before)
        page = before
    assert [ids(each) for each in reversed(back)] == [ids(each) for each in pages]
    again = await turned(north, back[-1], "next")
    assert again is not None
    assert ids(again) == ids(pages[1])


async def test_pages_survive_writes_in_between() -> None:
    async with catalogue([a_collection("scenes"), *(an_item(f"s{n:02}", n=n) for n in range(10))]) as north:
        page = await north.search(limit=4, sortby="n")
        seen = ids(page)
        await north.put(an_item("early", n=-1), an_item("late", n=5.5), an_item("s03", n=77))
        while (following := await turned(north, page, "next")) is not None:
            seen += ids(following)
            page = following
        assert seen == ["s00", "s01", "s02", "s03", "s04", "s05", "late", "s06", "s07", "s08", "s09", "s03"]
        assert page["numberMatched"] == 12


async def test_a_page_backwards_whose_records_are_gone_leads_to_the_beginning() -> None:
    async with catalogue([a_collection("scenes"), *(an_item(f"s{n}", n=n) for n in range(4))]) as north:
        first = await north.search(limit=2, sortby="n")
        second = await turned(north, first, "next")
        assert second is not None
        await north.put(an_item("s0", state=State.PURGED), an_item("s1", state=State.PURGED))
        empty = await turned(north, second, "prev")
        assert empty is not None
        assert (ids(empty), link(empty, "prev")) == ([], None)
        anew = await turned(north, empty, "next")
        assert anew is not None
        assert ids(anew) == ["s2", "s3"]


async def test_a_posted_page_carries_its_whole_search_on(north: Catalogue) -> None:
    body = {"collections": "scenes", "limit": 2, "fields": {"include": ["n"]}, "retracted": "include"}
    found = link(await north.search(**body), "next")
    assert found is not None
    assert (found["method"], found["href"], found["merge"]) == ("POST", f"{ROOT}/search", False)
    assert {name: value for name, value in found["body"].items() if name != "token"} == body


async def test_limit_and_fields_may_change_from_page_to_page(north: Catalogue) -> None:
    found = link(await north.search(collections=["scenes"], limit=2), "next")
    assert found is not None
    page = await north.search(**found["body"] | {"limit": 3, "fields": {"include": ["n"]}})
    assert ids(page) == ["s02", "s03", "s04"]


async def test_a_token_is_of_its_search_alone(north: Catalogue) -> None:
    found = link(await north.search(collections=["scenes"], limit=2, sortby="n"), "next")
    assert found is not None
    body, token = found["body"], found["body"]["token"]
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (
        body | {"sortby": "-n"}, body | {"collections": ["others"]}, body | {"token": changed},
        body | {"token": token[:20]}, body | {"token": ""}, body | {"token": 1}, body | {"token": "x" * 70_000},
    ):  # fmt: skip
        answer = await north.http.post("/search", json=wrong)
        problem(answer, "malformed-query", places=["/token"], says=["token"])
    problem(
        await north.http.get(f"/search?token={token}&collections=scenes"),
        "malformed-query",
        places=["/token"],
    )


async def test_tokens_outlive_the_process(north: Catalogue) -> None:
    found = link(await north.search(collections=["scenes"], limit=2), "next")
    assert found is not None
    async with catalogue([], north.store) as restarted:
        assert ids(await restarted.search(**found["body"])) == ["s02", "s03"]
    assert KEY not in found["body"]["token"].encode()


SELECTIONS: list[tuple[Json, int]] = [
    ({}, 28), ({"ids": ["s01", "o1", "none"]}, 2), ({"ids": "s01"}, 1), ({"ids": ["gone"]}, 1),
    ({"ids": []}, 28),
    ({"collections": "others"}, 3), ({"collections": ["others", "scenes"]}, 28), ({"collections": []}, 28),
    ({"filter": {}}, 28), ({"filter": None}, 28), ({"filter": "n = 1"}, 2),
    ({"filter": "n >= 20 AND n < 23"}, 3),
    ({"filter": {"op": "=", "args": [{"property": "properties.n"}, 1]}, "filter-lang": "cql2-json"}, 2),
    ({"filter": "retracted = true"}, 1), ({"filter": "NOT retracted = true"}, 28),
    ({"query": {"n": {"gte": "20"}}}, 5),
    ({"retracted": "include"}, 29), ({"datetime": "2025-12-31T00:00:00Z/.."}, 28),
    ({"datetime": "../2025-01-01T00:00:00Z"}, 0),
    ({"bbox": [9, 49, 11, 51]}, 28), ({"bbox": [0, 0, 1, 1]}, 0),
    ({"intersects": {"type": "Point", "coordinates": [10, 50]}}, 28),
    ({"q": "s07"}, 1), ({"filter-crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "filter": "n=1"}, 2),
    ({"bbox": [9, 49, 11, 51], "filter": "n = 1", "datetime": "2026-01-01T00:00:00Z", "collections": ["scenes"]}, 1),
]  # fmt: skip


@pytest.mark.parametrize(("body", "count"), SELECTIONS)
async def test_what_a_search_finds(north: Catalogue, body: Json, count: int) -> None:
    found = await north.search(**body)
    assert found["numberMatched"] == found["numMatched"] == count
    assert found["numberReturned"] == found["numReturned"] == len(found["features"]) == min(count, 10)


GETS = [
    ("collections=scenes,others&ids=s01,o1", {"s01", "o1"}), ("ids=s01&ids=s02", {"s01", "s02"}),
    ("filter=n=1&collections=scenes", {"s01"}), ("query={%22n%22:{%22eq%22:2}}", {"s02", "o2"}),
    ("filter={%22op%22:%22=%22,%22args%22:[{%22property%22:%22n%22},24]}&filter-lang=cql2-json", {"s24"}),
    ("bbox=9,49,11,51&ids=s01", {"s01"}), ("bbox=9,49,-10,11,51,10&ids=s01", {"s01"}), ("q=s07", {"s07"}),
    ("intersects={%22type%22:%22Point%22,%22coordinates%22:[10,50]}&ids=s01", {"s01"}),
    ("datetime=2026-01-01T00:00:00Z&ids=s01", {"s01"}), ("ids=&collections=others", {"o0", "o1", "o2"}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "found"), GETS)
async def test_what_a_get_finds(north: Catalogue, query: str, found: set[str]) -> None:
    answer = await north.http.get(f"/search?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    assert set(ids(answer.json())) == found


REFUSED: list[tuple[Json, str, list[str]]] = [
    ({"limit": 0}, "/limit", ["from 1", "at most 10000"]), ({"limit": -1e30}, "/limit", []),
    ({"limit": "10"}, "/limit", []),
    ({"limit": True}, "/limit", []), ({"limit": 1.5}, "/limit", []), ({"limit": -1}, "/limit", []),
    ({"limt": 1}, "/limt", ["near are limit"]), ({"filters": {}}, "/filters", ["filter"]),
    ({"collections": ["scene"]}, "/collections", ["near are scenes"]),
    ({"collections": ["Scenes"]}, "/collections", ["scenes"]),
    ({"collections": 1}, "/collections", []), ({"ids": [1]}, "/ids", []),
    ({"ids": ["x"] * 10_001}, "/ids", ["10000"]),
    ({"fields": None}, "/fields", ["include"]), ({"sortby": "nn"}, "/sortby", ["near are n"]),
    ({"sortby": [{"field": "geometry"}]}, "/sortby/0/field", ["geometry"]),
    ({"retracted": "yes"}, "/retracted", ["hide-data"]), ({"purged": True}, "/purged", ["include"]),
    ({"f": "xml"}, "/f", ["ndjson"]), ({"filter-crs": "EPSG:3857", "filter": "n=1"}, "/filter-crs", ["CRS84"]),
    ({"bbox": [0, 0, 1, 1], "intersects": {"type": "Point", "coordinates": [0, 0]}}, "/intersects", ["bbox"]),
    ({"bbox": "0,0,1,1"}, "/bbox", []), ({"bbox": [0, 0, 1]}, "/bbox", []),
    ({"bbox": [0, 10, 1, 0]}, "/bbox", []),
    ({"datetime": "2020-01-01"}, "/datetime", []),
    ({"datetime": "2021-01-01T00:00:00Z/2020-01-01T00:00:00Z"}, "/datetime", []),
    ({"filter": "n ="}, "/filter", []), ({"filter-lang": "cql"}, "/filter-lang", ["cql2-text"]),
    ({"query": {"n": {"near": 1}}}, "/query/n/near", ["operator"]),
    ({"q": 1}, "/q", []),
]  # fmt: skip


@pytest.mark.parametrize(("body", "place", "says"), REFUSED)
async def test_what_is_not_understood_is_named(
    north: Catalogue, body: Json, place: str, says: list[str]
) -> None:
    problem(await north.http.post("/search", json=body), "malformed-query", places=[place], says=says)


REFUSED_GETS = [
    ("limit=0", "/limit"), ("limit=abc", "/limit"), ("limit=1&limit=2", "/limit"),
    ("limit=1e1", "/limit"),
    ("limit=-99999999999999999999999", "/limit"), ("limit=%D9%A1", "/limit"), ("bbox=[0,0,1,1]", "/bbox"),
    ("bbox=0,0,nan,1", "/bbox"),
    ("bbox=" + "1," * 5000, "/bbox"), ("intersects=POINT(0%200)", "/intersects"), ("sort=n", "/sort"),
    ("a%00b=1", "/'a"),
    ("collections=none", "/collections"), ("token=x", "/token"), ("fields=a" + "b" * 2000, "/fields"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "place"), REFUSED_GETS)
async def test_what_is_not_understood_of_an_address(north: Catalogue, query: str, place: str) -> None:
    found = problem(await north.http.get(f"/search?{query}"), "malformed-query")
    assert found["findings"][0]["pointer"].startswith(place)


@pytest.mark.parametrize(
    "content", [b"[]", b"1", b"{", b"\xff", b'{"a":1}{', b'{"limit":NaN}', b'"a"', b"[" * 100_000]
)
async def test_a_body_that_is_no_search(north: Catalogue, content: bytes) -> None:
    problem(await north.http.post("/search", content=content), "malformed-query")


async def test_no_body_is_a_search_for_everything(north: Catalogue) -> None:
    assert (await north.http.post("/search")).json()["numberMatched"] == 28


async def test_a_body_has_an_end(north: Catalogue) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b" " * 10_000

    problem(await north.http.post("/search", content=endless()), "body-too-large")
    problem(await north.http.post("/search", content=b" " * (1 << 21)), "body-too-large")


async def test_what_is_left_empty_is_not_asked(north: Catalogue) -> None:
    empty = "limit=&ids=&collections=&bbox=&datetime=&intersects=&filter=&query=&q=&sortby=&token=&f="
    found = (await north.http.get(f"/search?{empty}")).json()
    assert (found["numberMatched"], found["numberReturned"]) == (28, 10)
    problem(await north.http.get("/search?limt="), "malformed-query", places=["/limt"])


async def test_orders(north: Catalogue) -> None:
    for sortby in (
        "-n",
        "-properties.n",
        [{"field": "n", "direction": "desc"}],
        [{"field": "properties.n", "direction": "desc"}],
    ):
        assert ids(await north.search(collections=["scenes"], limit=2, sortby=sortby)) == ["s24", "s23"]
    assert ids(await north.search(limit=2, sortby=[{"field": "collection"}, {"field": "id"}])) == ["o0", "o1"]
    assert ids(await north.search(limit=1, sortby="datetime,-id")) == ["s24"]


async def test_times_are_in_their_order_however_they_are_written() -> None:
    """As texts, `b` would begin first, and `a` end last."""
    spans = {
        "a": ("2020-01-01T00:30:00+01:00", "2021-01-01T00:00:00Z"),
        "b": ("2020-01-01T00:00:00Z", "2020-12-31T23:00:00-05:00"),
    }
    items = [
        an_item(name, datetime=None, start_datetime=start, end_datetime=end)
        for name, (start, end) in spans.items()
    ]
    items.append(an_item("c", datetime="2020-01-01T00:00:00.5Z"))
    async with catalogue([a_collection("scenes"), *items]) as north:
        for name in ("start_datetime", "datetime"):
            assert ids(await north.search(sortby=name)) == ["a", "b", "c"]
        assert ids(await north.search(sortby="-properties.end_datetime")) == ["b", "a", "c"]


async def test_a_property_can_be_sorted_by_as_soon_as_a_record_has_it() -> None:
    async with catalogue([]) as north:
        assert (await north.search(sortby="brand_new"))["numberMatched"] == 0
        await north.put(a_collection("scenes"), an_item("a", n=1))
        await north.search(sortby="n")
        problem(await north.http.post("/search", json={"sortby": "m"}), "malformed-query", places=["/sortby"])


async def test_fields(north: Catalogue) -> None:
    [item] = (await north.search(ids=["s07"], fields={"include": ["n", "links"], "exclude": ["assets"]}))[
        "features"
    ]
    assert set(item) == {"type", "stac_version", "id", "collection", "links", "properties"}
    assert item["properties"] == {"n": 7}
    [item] = (await north.search(ids=["s07"], fields={}))["features"]
    assert item["properties"] == {"datetime": "2026-01-01T00:00:00Z"}
    answer = await north.http.get("/collections/scenes/items?limit=1&fields=-links,-properties.n")
    [item] = answer.json()["features"]
    assert "links" not in item
    assert "n" not in item["properties"]


@pytest.mark.parametrize("limit", [10_000, 10_001, 10.0**30, 10**19])
async def test_a_limit_beyond_the_greatest_is_the_greatest(
    limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "LIMIT_MAX", 3)
    async with catalogue([a_collection("scenes"), *(an_item(f"s{n}", n=n) for n in range(5))]) as north:
        page = await north.search(limit=limit)
        assert (page["numberReturned"], page["numberMatched"]) == (3, 5)
        following = await turned(north, page, "next")
        assert following is not None
        assert ids(following) == ["s3", "s4"]
        for path in ("/search", "/collections/scenes/items", "/collections"):
            answer = await north.http.get(path, params={"limit": f"{limit:.0f}"})
            assert answer.json()["numberReturned"] == (1 if path == "/collections" else 3)


async def test_a_whole_number_is_one_however_it_is_written(north: Catalogue) -> None:
    assert (await north.search(limit=2.0))["numberReturned"] == 2
    assert len((await north.http.get("/search?limit=%2B000000000000002")).json()["features"]) == 2


async def test_what_is_true_and_what_is_one_are_kept_apart() -> None:
    """What was read lately is kept, and to Python the two are equal."""
    async with catalogue([a_collection("scenes"), an_item("yes", v=True), an_item("one", v=1)]) as north:
        for _ in range(2):
            for value, found in ((True, ["yes"]), (1, ["one"]), (1.0, ["one"])):
                wanted = {"op": "in", "args": [{"property": "v"}, [value]]}
                assert ids(await north.search(filter=wanted)) == found
                assert ids(await north.search(query={"v": {"in": [value]}})) == found


async def test_near_collections_are_named(north: Catalogue) -> None:
    for path in (
        "/collections/scene",
        "/collections/scene/items",
        "/collections/Scenes/items/s01",
        "/digest/scene",
    ):
        problem(await north.http.get(path), "collection-does-not-exist", says=["near are scenes"])
    problem(
        await north.http.get("/collections/zzzz"), "collection-does-not-exist", says=["no collection zzzz"]
    )
    problem(await north.http.get("/collections/scenes/items/none"), "item-does-not-exist", says=["none"])
    await north.put(a_collection("zzzz"))
    assert (await north.http.get("/collections/zzzz")).status_code == 200


async def test_what_a_client_has_is_not_sent_again(north: Catalogue) -> None:
    for path in (
        "/",
        "/conformance",
        "/collections",
        "/collections/scenes",
        "/collections/scenes/items/s01",
        "/search?limit=2",
    ):
        first = await north.http.get(path)
        again = await north.http.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await north.http.get(path, headers={"if-none-match": '"other"'})).content == first.content


async def test_forms_for_readers_in_bulk(north: Catalogue) -> None:
    for path, accept in (
        ("/collections/others/items", "application/x-ndjson"),
        ("/search?f=ndjson&q=others", "*/*"),
    ):
        answer = await north.http.get(path, headers={"accept": accept})
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        assert len(answer.text.splitlines()) == 3
    answer = await north.http.get("/search?f=geojson", headers={"accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/geo+json"
