"""Collection search over HTTP: by text, place, time and members, in every order, page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.support.http import Json, Served, collection, problem, running, settings

pytestmark = pytest.mark.asyncio(loop_scope="module")


def extent(box: list[int], *times: str | None) -> Json:
    return {"spatial": {"bbox": [box]}, "temporal": {"interval": [list(times)]}}


def between(start: int | None, end: int | None) -> tuple[str | None, str | None]:
    """The first moments of two years."""
    return f"{start}-01-01T00:00:00Z" if start else None, f"{end}-01-01T00:00:00Z" if end else None


GLOBE, EUROPE, FIJI, JAVA = [-180, -90, 180, 90], [-10, 35, 30, 70], [177, -20, -178, -15], [100, 0, 110, 10]
COLLECTIONS: dict[str, Json] = {
    "CMIP6": {"title": "CMIP6", "keywords": ["climate"], "extent": extent(GLOBE, *between(1850, None))},
    "europe": {
        "title": "Temps d'été",
        "description": "Summers",
        "extent": extent(EUROPE, *between(2000, 2010)),
    },
    "fiji": {"title": "Islands", "license": "MIT", "extent": extent(FIJI, *between(2015, 2016))},
    "zeal": {"extent": extent(JAVA, *between(None, 1900))},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("collections"))) as found:
        for name, members in COLLECTIONS.items():
            await found.settled("POST", "/collections", json=collection(name, **members))
        await found.caught_up()
        yield found


async def asked(served: Served, **parameters: Any) -> Json:
    answer = await served.http.get("/collections", params=parameters)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def ids(found: Json) -> list[str]:
    return [each["id"] for each in found["collections"]]


async def test_all_of_them_with_their_titles(served: Served) -> None:
    """intake-esgf keeps those whose title is the project's id."""
    found = await asked(served)
    assert ids(found) == sorted(COLLECTIONS)
    assert (found["numberMatched"], found["numberReturned"]) == (4, 4)
    assert [each["id"] for each in found["collections"] if each.get("title") == "CMIP6"] == ["CMIP6"]
    assert {link["rel"] for link in found["links"]} == {"self", "root"}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"q": "CMIP6"}, ["CMIP6"]),
        ({"q": "ete"}, ["europe"]),
        ({"q": "islands,summers"}, ["europe", "fiji"]),
        ({"q": "climate"}, ["CMIP6"]),
        ({"q": "nothing like it"}, []),
        ({"bbox": "0,40,1,41"}, ["CMIP6", "europe"]),
        ({"bbox": "179,-18,180,-17"}, ["CMIP6", "fiji"]),
        ({"bbox": "170,-19,-170,-16"}, ["CMIP6", "fiji"]),
        ({"bbox": "105,5,-2,106,6,2"}, ["CMIP6", "zeal"]),
        ({"datetime": "1700-01-01T00:00:00Z"}, ["zeal"]),
        ({"datetime": "2005-01-01T00:00:00Z/.."}, ["CMIP6", "europe", "fiji"]),
        ({"datetime": "../1849-01-01T00:00:00Z"}, ["zeal"]),
        ({"datetime": "2015-06-01T00:00:00Z", "bbox": "179,-18,180,-17"}, ["CMIP6", "fiji"]),
        ({"filter": "license = 'MIT'"}, ["fiji"]),
        ({"filter": "title LIKE 'Is%'"}, ["fiji"]),
        (
            {"filter": '{"op": "=", "args": [{"property": "title"}, "CMIP6"]}', "filter-lang": "cql2-json"},
            ["CMIP6"],
        ),
        ({"query": '{"title": {"eq": "CMIP6"}}'}, ["CMIP6"]),
        ({"sortby": "-id"}, sorted(COLLECTIONS, reverse=True)),
        ({"sortby": "title"}, ["CMIP6", "fiji", "europe", "zeal"]),
        ({"sortby": "-title,id"}, ["europe", "fiji", "CMIP6", "zeal"]),
        ({"limit": 2}, ["CMIP6", "europe"]),
    ],
)
async def test_searches(served: Served, parameters: Json, expected: list[str]) -> None:
    assert ids(await asked(served, **parameters)) == expected


async def test_pages(served: Served) -> None:
    seen, found = [], await asked(served, limit=1, sortby="-id")
    assert (found["numberMatched"], found["numberReturned"]) == (4, 1)
    while True:
        seen += ids(found)
        links = {link["rel"]: link["href"] for link in found["links"]}
        if "next" not in links:
            break
        url = urlsplit(links["next"])
        found = (await served.http.get(f"{url.path}?{url.query}")).json()
    assert seen == sorted(COLLECTIONS, reverse=True)
    url = urlsplit(links["prev"])
    assert ids((await served.http.get(f"{url.path}?{url.query}")).json()) == [seen[-2]]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("id,title", {"type", "stac_version", "id", "title"}),
        ("keywords,extent.spatial", {"type", "stac_version", "id", "keywords", "extent"}),
        ("", {"type", "stac_version", "id", "title", "description", "license", "extent", "links"}),
        ("-links,-keywords", {"type", "stac_version", "id", "title", "description", "license", "extent"}),
        ("properties.title,none", {"type", "stac_version", "id"}),
    ],
)
async def test_fields(served: Served, fields: str, expected: set[str]) -> None:
    """Names are members of the Collection."""
    [found] = (await asked(served, fields=fields, q="CMIP6"))["collections"]
    assert set(found) == expected
    assert "temporal" not in found.get("extent", {}) or "extent.spatial" not in fields


@pytest.mark.parametrize(
    "parameters",
    [
        {"bbox": "1,2"}, {"datetime": "soon"}, {"limit": 0}, {"filter": "title ="},
        {"token": "made-up"}, {"titel": "CMIP6"}, {"bbox": "0,50,1,40"},
    ],
)  # fmt: skip
async def test_bad_requests(served: Served, parameters: Json) -> None:
    answer = await served.http.get("/collections", params=parameters)
    problem(answer, "malformed-query", says=[next(iter(parameters))])


async def test_without_a_limit_there_is_no_second_page(served: Served) -> None:
    """Clients such as intake-esgf read one page of Collections."""
    for number in range(12):
        await served.settled("POST", "/collections", json=collection(f"more-{number:02}"))
    found = await asked(served)
    assert len(found["collections"]) == found["numberMatched"] == len(COLLECTIONS) + 12
