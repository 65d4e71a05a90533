"""Searches that are wrong, or hostile: each is a 400 with a sentence, or answered, and takes bounded time."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from catalogue.store import ITEMS
from discovery_api.tokens import Tokens, Turn, search_digest
from tests.support.catalogue import Catalogue, a_collection, an_item, catalogue
from tests.support.http import Json, problem

pytestmark = pytest.mark.asyncio(loop_scope="module")

CPU_S_MAX = 2.0  # of one answer; most take a hundredth
LONG = "a" * 1000 + "!"
RECORDS = [
    a_collection("CMIP6"),
    a_collection("CMIP6Plus"),
    *(an_item(f"s{n}", "CMIP6", n=n, title=LONG, source_id=f"model-{n}") for n in range(5)),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def north() -> AsyncIterator[Catalogue]:
    async with catalogue(RECORDS) as found:
        yield found


async def asked(north: Catalogue, body: Any, path: str = "/search") -> httpx.Response:
    """The answer to a POST, in bounded time."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    begun = time.process_time()
    answer = await north.http.post(path, content=content, headers={"content-type": "application/json"})
    assert time.process_time() - begun < CPU_S_MAX
    return answer


def op(name: str, *args: Any) -> Json:
    return {"op": name, "args": list(args)}


N = {"property": "n"}
FILTERS: list[tuple[Any, str, list[str]]] = [
    ("n =", "/filter", ["something is missing"]),
    ("n = 1 AND AND title = 'a'", "/filter", ["character 1"]),
    ("n = 'a", "/filter", ["character"]),
    ("((n = 1)", "/filter", ["character 1 is not closed"]),
    ("n = 1)", "/filter", ["character 6 closes none"]),
    ("'a'", "/filter", ["is a value, and a condition is needed"]),
    ("S_NEAR(geometry, POINT(0 0))", "/filter", ["no function"]),
    ("S_INTERSECTS(title, POINT(0 0))", "/filter", ["look at `geometry` alone"]),
    ("S_INTERSECTS(geometry, POINT(0 91))", "/filter", ["latitude"]),
    ("n < true", "/filter", ["no order"]),
    ("T_DURING(datetime, INTERVAL('2021-01-01', '2020-01-01'))", "/filter", ["ends before it starts"]),
    ("datetime > DATE('2020-02-30')", "/filter", ["is no date"]),
    (op("and", op("=", N, 1), op("like", N, 5)), "/filter/args/1/args/1", ["a pattern is a text"]),
    (op("and", op("=", N, 1), op("between", N, 1)), "/filter/args/1", ["takes 3 arguments"]),
    (op("in", N, 5), "/filter", ["a list of values"]),
    (op("=", N, None), "/filter/args/1", ["isNull"]),
    (op("=", N), "/filter", ["takes 2 arguments"]),
    (op("nott", op("=", N, 1)), "/filter", ["no function nott"]),
    (op("=", {"propertie": "n"}, 1), "/filter/args/0", ["none of CQL2 JSON"]),
    (op("=", {"property": 5}, 1), "/filter/args/0", []),
    ({"args": [1, 2]}, "/filter", []),
    ({"op": "="}, "/filter", ["args"]),
    (5, "/filter", ["an object"]),
    ([], "/filter", ["an object"]),
]


@pytest.mark.parametrize(("wanted", "place", "says"), FILTERS)
async def test_filters_that_cannot_be_read(
    north: Catalogue, wanted: Any, place: str, says: list[str]
) -> None:
    for path, more in (("/search", {}), ("/aggregate", {"aggregations": ["total_count"]})):
        answer = await asked(north, {"filter": wanted, **more}, path)
        problem(answer, "malformed-query", places=[place], says=says)


def nested(depth: int, around: str) -> bytes:
    """A condition within so many others, as JSON that is not built as an object."""
    start = b'{"op":"%s","args":[' % around.encode()
    return b'{"filter":' + start * depth + b'{"op":"=","args":[{"property":"n"},1]}' + b"]}" * depth + b"}"


HUGE: list[tuple[Any, str]] = [
    ({"filter": op("and", *(op("=", N, each) for each in range(10_000)))}, "at most 4000 operators"),
    ({"filter": " OR ".join(f"n = {each}" for each in range(10_000))}, "at most"),
    ({"filter": " AND ".join(["n = 1"] * 3_000)}, "joins at most 2000 conditions"),
    ({"filter": op("in", N, list(range(30_000)))}, "at most 20000 values"),
    (nested(1_000, "not"), "depth limit"),
    (nested(400, "not"), "filter is nested too deeply"),
    (nested(100, "and"), "operators deep"),
    ({"filter": "NOT " * 1_000 + "n = 1"}, "operators deep"),
    ({"filter": "(" * 1_000 + "n = 1" + ")" * 1_000}, ""),
    ({"filter": "n = " + "(" * 40 + "1"}, ""),
    ({"filter": "n = " + "9" * 5_000}, "too many digits"),
    ({"filter": op("like", {"property": "title"}, "%a" * 1_000)}, "at most 1024 characters"),
    ({"filter": op("=", {"property": "p" * 1_000}, 1)}, "at most 256 characters"),
    ({"query": {f"p{each}": {"eq": 1} for each in range(1_000)}}, "at most 200 properties"),
    ({"query": {"n": {"in": list(range(30_000))}}}, "at most 20000 values"),
    ({"sortby": [{"field": f"p{each}"} for each in range(1_000)]}, "more than 16 fields"),
    ({"fields": {"include": [f"p{each}" for each in range(1_000)]}}, "more than 256"),
    ({"ids": [f"s{each}" for each in range(20_000)]}, "more than 10000 texts"),
    ({"intersects": {"type": "MultiPoint", "coordinates": [[0, 0]] * 150_000}}, "positions"),
    ({"q": ["a b"] * 5_000}, ""),
    (b'{"intersects":' + b'{"type":"GeometryCollection","geometries":[' * 300 + b"]}" * 300 + b"}", ""),
    (b'{"filter":' + b"[" * 900 + b"]" * 900 + b"}", ""),
    (b'{"ids":' + b"[" * 900 + b"]" * 900 + b"}", "ids is nested too deeply"),
    (b'{"sortby":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}", ""),
]


@pytest.mark.parametrize(("body", "says"), HUGE)
async def test_what_is_far_too_much(north: Catalogue, body: Any, says: str) -> None:
    problem(await asked(north, body), "malformed-query", says=[says])


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a|aa)+$", "(.*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "a{1000}{1000}", "[a-z]*" * 100, "\\", "[",
        "(?=a)", "\\d+", "%a" * 500, "_" * 1000, "%_" * 500 + "b", "%" * 1024,
    ],
)  # fmt: skip
async def test_patterns_like_regular_expressions_are_texts(north: Catalogue, pattern: str) -> None:
    answer = await asked(north, {"filter": op("like", {"property": "title"}, pattern)})
    assert answer.status_code == 200, answer.text
    found = answer.json()["numberMatched"]
    assert found == (5 if set(pattern) == {"%"} else 0)


TIMES: list[Any] = [
    "2021-01-01T00:00:00Z/2020-01-01T00:00:00Z", "2020-01-01", "2020-13-01T00:00:00Z", "2020-02-30T00:00:00Z",
    "2020-01-01T00:00:00", "../..", "/", "2020-01-01T00:00:00Z/2021-01-01T00:00:00Z/2022-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z", "yesterday", "x" * 10_000,
]  # fmt: skip
BOXES: list[Any] = [
    [0, 10, 1, 0], [0, -91, 1, 0], [0, 0, 1, 91], [-400, 0, 1, 1], [0, 0, 1], [0] * 5, [0] * 7, [0, 0, 5, 1, 1, 0],
    ["0", "0", "1", "1"], "0,0,1,1", {}, [None] * 4, [1e308] * 4, [True, 0, 1, 1], [[0, 0], [1, 1]],
]  # fmt: skip
GEOMETRIES: list[Any] = [
    {}, "POINT(0 0)", {"type": "Point"}, {"type": "Point", "coordinates": [0]}, {"type": "Circle", "coordinates": []},
    {"type": "Point", "coordinates": [0, 91]}, {"type": "LineString", "coordinates": [[0, 0]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, {"type": "GeometryCollection"},
    {"type": "Feature", "geometry": {"type": "Point", "coordinates": [0, 0]}}, {"type": ["Point"]},
]  # fmt: skip

WRONG: dict[str, list[Any]] = {
    "datetime": TIMES, "bbox": BOXES, "intersects": GEOMETRIES, "limit": [0, -1, 1.5, "10", True, [], 1e-300],
    "token": ["", "x", 5, "AAAA", "é", "x" * 100_000],
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG.items() for value in values],
)
async def test_times_places_limits_and_tokens(north: Catalogue, name: str, value: Any) -> None:
    problem(await asked(north, {name: value}), "malformed-query", places=[f"/{name}"], says=[name])


async def test_tokens_of_others(north: Catalogue) -> None:
    """Of another search, of another node, cut off, or with one character changed."""
    first = (await asked(north, {"limit": 1})).json()
    [token] = [link["body"]["token"] for link in first["links"] if link["rel"] == "next"]
    foreign = Tokens(b"another key").make(Turn((1, "i:s1")), search_digest({}, ITEMS, ""))
    problem(await asked(north, {"token": foreign}), "malformed-query", places=["/token"])
    for place in range(len(token)):
        changed = token[:place] + ("B" if token[place] == "A" else "A") + token[place + 1 :]
        problem(await asked(north, {"token": changed}), "malformed-query", places=["/token"])
        problem(await asked(north, {"token": token[:place]}), "malformed-query", places=["/token"])
    problem(await asked(north, {"token": token, "ids": ["s1"]}), "malformed-query", places=["/token"])
    assert (await asked(north, {"token": token})).status_code == 200


NAMES = [
    ({"collections": ["CMIP5"]}, "/search", "/collections", "near are CMIP6"),
    ({"collections": "cmip6"}, "/search", "/collections", "near are CMIP6"),
    ({"collections": ["x" * 10_000]}, "/search", "/collections", "no collection x"),
    ({"sortby": "source"}, "/search", "/sortby", "source_id"),
    ({"sortby": [{"field": "properties.nn"}]}, "/search", "/sortby", "which no record has"),
    ({"sortby": "geometry"}, "/search", "/sortby", "nothing to sort by"),
    ({"aggregations": ["source_id_frequenc"]}, "/aggregate", "/aggregations", "near are source_id_frequency"),
    ({"aggregations": ["total"]}, "/aggregate", "/aggregations", "see /aggregations"),
    ({"aggregations": ["\0", "x" * 10_000]}, "/aggregate", "/aggregations", "is none"),
    (
        {"collections": ["CMIP5"], "aggregations": ["total_count"]},
        "/aggregate",
        "/collections",
        "near are CMIP6",
    ),
]


@pytest.mark.parametrize(("body", "path", "place", "says"), NAMES)
async def test_unknown_names(north: Catalogue, body: Json, path: str, place: str, says: str) -> None:
    problem(await asked(north, body, path), "malformed-query", places=[place], says=[says])


async def test_an_unknown_collection_in_a_path(north: Catalogue) -> None:
    for path in (
        "",
        "/items",
        "/queryables",
        "/aggregations",
        "/aggregate?aggregations=total_count",
        "/browse",
    ):
        answer = await north.http.get(f"/collections/CMIP5{path}")
        problem(answer, "collection-does-not-exist", says=["near are CMIP6"])
