"""Searches, pages, histories, digests and links: what any reader of a node asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from catalogue.digest import bucket_of, differing
from federation.engines import open_log
from tests.support.http import Json, Served, collection, features, running, scene, settings
from tests.support.refusals import ITEMS

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD = "späth (1) 100%?#&"
RECORDS: dict[str, Json] = {
    "a": {
        "n": 1,
        "facets": ["x", "y"],
        "flag": True,
        "mixed": 1,
        "eo:cloud": 0.5,
        'quo"ted': "q",
        "dot.ted": "d",
    },
    "b": {"n": 2, "facets": ["y"], "flag": False, "mixed": True, "eo:cloud": 1.0},
    "c": {"n": 2.0, "facets": [], "flag": "true", "mixed": "1", "eo:cloud": 1},
    "d": {"n": "2", "facets": "x", "nested": {"deep": 1}, "title": "D's title"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("reading"))) as found:
        for name in ("scenes", "others"):
            await found.settled("POST", "/collections", json=collection(name, title=f"All {name}"))
        await found.settled(
            "POST", ITEMS, json=features([scene(name, **told) for name, told in RECORDS.items()])
        )
        numbered = [scene(f"p{n:02}", "others") for n in range(25)]
        await found.settled(
            "POST", "/collections/others/items", json=features([*numbered, scene(ODD, "others")])
        )
        yield found


def equals(name: str, value: Any) -> Json:
    return {"op": "=", "args": [{"property": name}, value]}


EQUALITY: list[tuple[str, Any, str]] = [
    ("n", 1, "a"), ("n", 2, "bc"), ("n", 2.0, "bc"), ("n", "2", "d"), ("n", True, ""),
    ("eo:cloud", 1, "bc"), ("eo:cloud", 0.5, "a"),
    ("facets", "x", "ad"), ("facets", "y", "ab"), ("facets", "z", ""),
    ("flag", True, "a"), ("flag", False, "b"), ("flag", "true", "c"), ("flag", 1, ""),
    ("mixed", 1, "a"), ("mixed", True, "b"), ("mixed", "1", "c"),
    ("title", "a", "a"), ("title", "D's title", "d"), ("title", 1, ""), ("title", "' OR 1=1 --", ""),
    ("nested", "deep", ""), ("dot.ted", "d", "a"), ("unknown", "x", ""), ("latest", True, "abcd"),
    ("id", "b", "b"), ("collection", "scenes", "abcd"), ("collection", "others", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "found"), EQUALITY)
async def test_equality_of_a_property(served: Served, name: str, value: Any, found: str) -> None:
    for told in (name, f"properties.{name}"):
        for body in (
            {"filter": equals(told, value), "filter-lang": "cql2-json"},
            {"filter": {"op": "=", "args": [value, {"property": told}]}},
            {"filter": {"op": "and", "args": [{}, {"op": "and", "args": [equals(told, value)]}]}},
            {"query": {told: {"eq": value}}},
        ):
            if "query" in body and value in ("2", "true", "1"):
                continue  # there, a text stands for the number or truth value that it reads as
            if name in ("id", "collection") and told != name:
                continue
            answer = await served.search(collections=["scenes"], **body)
            assert "".join(item["id"] for item in answer["features"]) == found, body
            assert answer["numberMatched"] == len(found)


async def test_a_name_may_hold_any_character(served: Served) -> None:
    assert (await served.search(filter=equals('quo"ted', "q")))["numberMatched"] == 1


async def test_terms_are_joined_by_and(served: Served) -> None:
    both = {"op": "and", "args": [equals("facets", "y"), equals("flag", False)]}
    assert [item["id"] for item in (await served.search(filter=both))["features"]] == ["b"]
    found = await served.search(filter=equals("facets", "y"), query={"flag": {"eq": True}}, ids=["a", "b"])
    assert [item["id"] for item in found["features"]] == ["a"]


@pytest.mark.parametrize(
    ("body", "count"),
    [
        ({}, 30), ({"collections": ["scenes"]}, 4), ({"collections": "scenes"}, 4),
        ({"collections": ["scenes", "others"]}, 30), ({"collections": []}, 30),
        ({"ids": ["a", "p01", "none"]}, 2), ({"ids": ["p01"], "collections": ["scenes"]}, 0), ({"ids": []}, 30),
        ({"filter": {}}, 30), ({"filter": None}, 30), ({"limit": 1}, 30),
    ],
)  # fmt: skip
async def test_ids_and_collections(served: Served, body: Json, count: int) -> None:
    found = await served.search(**body)
    assert found["numberMatched"] == found["numMatched"] == count
    assert (
        found["numberReturned"]
        == found["numReturned"]
        == len(found["features"])
        == min(count, body.get("limit", 10))
    )
    ids = [(item["collection"], item["id"]) for item in found["features"]]
    assert (found["type"], ids) == ("FeatureCollection", sorted(ids))


async def test_get_asks_the_same_as_post(served: Served) -> None:
    for parameters, ids in (
        ({"collections": "scenes,others", "ids": "a,p01"}, {"a", "p01"}),
        ({"collections": "scenes", "limit": "2"}, {"a", "b"}),
        (
            {"filter": '{"op":"=","args":[{"property":"properties.flag"},true]}', "filter-lang": "cql2-json"},
            {"a"},
        ),
        ({"query": '{"n":{"eq":1}}'}, {"a"}),
    ):
        answer = await served.http.get("/search", params=parameters)
        assert {item["id"] for item in answer.json()["features"]} == ids
        assert answer.headers["content-type"] == "application/geo+json"
    answer = await served.http.post("/search", json={"ids": ["a"]})
    assert answer.headers["content-type"] == "application/geo+json"


def next_link(page: Json) -> Json | None:
    found: list[Json] = [link for link in page["links"] if link["rel"] == "next"]
    assert len(found) <= 1
    return found[0] if found else None


async def test_pages_of_a_post_carry_the_whole_body_on(served: Served) -> None:
    body: Json = {"collections": ["others"], "limit": 10, "filter": equals("latest", True)}
    seen: list[str] = []
    page = await served.search(**body)
    while True:
        assert page["numberMatched"] == 26
        seen += [item["id"] for item in page["features"]]
        link = next_link(page)
        if link is None:
            break
        assert (link["method"], link["href"]) == ("POST", "http://n1.example.org/search")
        assert {name: value for name, value in link["body"].items() if name != "token"} == body
        page = await served.search(**link["body"])
    assert seen == sorted([*(f"p{n:02}" for n in range(25)), ODD])


@pytest.mark.parametrize("path", ["/search?collections=others&limit=7", "/collections/others/items?limit=7"])
async def test_pages_of_a_get_are_links(served: Served, path: str) -> None:
    seen: list[str] = []
    sizes = []
    href: str | None = path
    while href:
        page = (await served.http.get(href)).json()
        seen += [item["id"] for item in page["features"]]
        sizes.append(page["numberReturned"])
        href = (next_link(page) or {}).get("href")
    assert (sizes, len(set(seen))) == ([7, 7, 7, 5], 26)


async def test_the_last_page_has_no_next(served: Served) -> None:
    assert next_link(await served.search(collections=["others"], limit=26)) is None
    assert next_link(await served.search(collections=["others"], limit=25)) is not None
    assert next_link(await served.search(ids=["none"])) is None


async def test_links_lead_where_they_say(served: Served) -> None:
    [item] = (await served.search(ids=[ODD]))["features"]
    rels = {link["rel"]: link["href"] for link in item["links"]}
    assert set(rels) == {"self", "root", "parent", "collection"}
    assert (await served.http.get(rels["self"])).json()["id"] == ODD
    assert (await served.http.get(rels["collection"])).json()["id"] == "others"
    root = (await served.http.get(rels["root"])).json()
    assert (root["type"], root["id"], root["title"]) == ("Catalog", "n1", "Federated STAC catalogue")
    for link in root["links"]:
        asked = {"aggregations": "total_count"} if link["rel"] == "aggregate" else None
        if link.get("method", "GET") == "GET":
            headers = {"accept": link["type"]}
            answer = await served.http.get(link["href"], params=asked, headers=headers)
            assert (answer.status_code, answer.headers["content-type"].partition("; ")[0]) == (
                200,
                link["type"],
            ), link
    assert root["conformsTo"] == (await served.http.get("/conformance")).json()["conformsTo"]


async def test_collections(served: Served) -> None:
    found = (await served.http.get("/collections")).json()
    assert [one["id"] for one in found["collections"]] == ["others", "scenes"]
    assert found["numberMatched"] == found["numberReturned"] == 2
    for one in found["collections"]:
        rels = {link["rel"]: link["href"] for link in one["links"]}
        assert (await served.http.get(rels["self"])).json() == one
        assert (await served.http.get(rels["items"])).json()["numberMatched"] > 0


async def test_a_configured_address_is_in_every_link(
    served: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    chosen = settings(tmp_path_factory.mktemp("rooted"), root_url="https://stac.example.org/root/")
    async with running(chosen) as rooted:
        handle = await rooted.settled("POST", "/collections", json=collection("scenes"))
        assert handle["status_url"] == f"https://stac.example.org/root/requests/{handle['id']}"
        await rooted.settled("POST", ITEMS, json=scene("a"))
        for link in (await rooted.item("scenes", "a"))["links"]:
            assert link["href"].startswith("https://stac.example.org/root/")


async def test_the_history_tells_who_did_what_and_what_became_of_it(served: Served) -> None:
    await served.settled("POST", ITEMS, json=scene("h"))
    await served.settled("POST", ITEMS, "attention", json=features([scene("h", other=1), scene("h2")]))
    await served.settled("POST", f"{ITEMS}/h/actions/retract", json={"reason": "wrong units"})
    history = await served.history("scenes", "h")
    told = [(event["action"], event["outcome"], event["who"]) for event in history["events"]]
    assert told == [
        ("publish", "indexed", "anonymous"), ("publish", "rejected", "anonymous"), ("retract", "indexed", "anonymous"),
    ]  # fmt: skip
    assert history["events"][1]["problem"]["type"].endswith("/item-already-exists")
    assert [event["time"] for event in history["events"]] == sorted(
        event["time"] for event in history["events"]
    )
    positions = [event["position"] for event in history["events"]]
    assert positions == sorted(set(positions))
    [version] = history["versions"]
    assert (version["id"], version["state"], version["reason"]) == ("h", "retracted", "wrong units")


async def test_two_nodes_name_the_records_that_differ(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("digests")
    log = open_log(settings(folder))
    async with (
        running(settings(folder), log) as first,
        running(settings(folder, "n2"), log, follow=False) as second,
    ):
        await first.settled("POST", "/collections", json=collection("scenes"))
        await first.settled("POST", ITEMS, json=features([scene(f"s{n}") for n in range(20)]))
        second.node.start()
        await second.caught_up()
        assert await first.digest() == await second.digest()
        assert (await first.digest())["collections"]["scenes"]["count"] == 20
        await second.node.stop()
        await first.settled("POST", f"{ITEMS}/s7/actions/retract")
        mine = await buckets(first)
        async with running(settings(folder, "n2"), log, follow=False) as behind:
            theirs = await buckets(behind)
            [bucket] = differing(mine, theirs)
            assert int(bucket) == bucket_of("s7")
            path = f"/digest/scenes/{bucket}"
            records = [(await one.http.get(path)).json()["records"] for one in (first, behind)]
            assert differing(records[0], records[1]) == ["s7"]
    await log.close()


async def buckets(served: Served) -> Json:
    found = (await served.http.get("/digest/scenes")).json()
    total = (await served.digest())["collections"]["scenes"]
    assert {name: found[name] for name in ("count", "digest")} == total
    sums: Json = found["buckets"]
    return sums
