"""Queryables over HTTP: as pystac-client, STAC Browser and the validator of STAC APIs read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import jsonschema
import pytest
import pytest_asyncio

from cv.shelf import Shelf
from tests.support.http import Json, Served, collection, features, problem, running, scene, settings
from tests.support.vocabularies import FLAT, vocabulary_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

REL = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A small vocabulary is in use for CMIP6, and there are a few items."""
    folder: Path = tmp_path_factory.mktemp("queryables")
    shelf = Shelf(folder / "vocabularies")
    entry = shelf.put(vocabulary_of(FLAT))
    shelf.use(entry.project, entry.version)
    async with running(settings(folder)) as found:
        for name in ("CMIP6", "scenes"):
            await found.settled("POST", "/collections", json=collection(name))
        scenes = [scene("a", platform="one", gsd=10), scene("b", platform="two", gsd=30, instruments=["msi"])]
        await found.settled("POST", "/collections/scenes/items", json=features(scenes))
        await found.caught_up()
        yield found


async def schema(served: Served, path: str) -> Json:
    answer = await served.http.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/schema+json"
    found: Json = answer.json()
    jsonschema.Draft201909Validator.check_schema(found)
    assert found["$schema"] == "https://json-schema.org/draft/2019-09/schema"
    assert found["$id"] == f"http://n1.example.org{path}"
    assert (found["type"], found["additionalProperties"]) == ("object", True)
    return found


@pytest.mark.parametrize("path", ["/", "/collections/CMIP6"])
async def test_the_links_lead_there(served: Served, path: str) -> None:
    links = {link["rel"]: link for link in (await served.http.get(path)).json()["links"]}
    assert links[REL]["type"] == "application/schema+json"
    assert links[REL]["href"].endswith(f"{path.rstrip('/')}/queryables")
    await schema(served, f"{path.rstrip('/')}/queryables")


async def test_of_a_collection(served: Served) -> None:
    properties = (await schema(served, "/collections/scenes/queryables"))["properties"]
    assert {"id", "collection", "geometry", "datetime", "latest", "retracted"} <= properties.keys()
    assert properties["platform"] == {"type": "string", "enum": ["one", "two"]}
    assert properties["gsd"] == {"type": "number", "minimum": 10, "maximum": 30}
    assert properties["instruments"]["enum"] == ["msi"]
    assert "cmip6:table_id" not in properties


async def test_terms_of_the_vocabulary_in_use(served: Served) -> None:
    properties = (await schema(served, "/collections/CMIP6/queryables"))["properties"]
    assert properties["cmip6:table_id"]["enum"] == ["Amon", "day"]
    assert properties["cmip6:activity_id"]["enum"] == ["CMIP", "DCPP"]
    assert properties["cmip6:source_id"] == {"type": "string"}


async def test_of_all_and_of_some(served: Served) -> None:
    properties = (await schema(served, "/queryables"))["properties"]
    assert {"cmip6:table_id", "platform"} <= properties.keys()
    assert properties["collection"]["enum"] == ["CMIP6", "scenes"]
    properties = (await schema(served, "/queryables?collections=scenes"))["properties"]
    assert ("platform" in properties, "cmip6:table_id" in properties) == (True, False)


async def test_what_is_listed_can_be_filtered_by(served: Served) -> None:
    properties = (await schema(served, "/collections/scenes/queryables"))["properties"]
    for name, described in properties.items():
        for value in described.get("enum", ()):
            found = await served.search(filter={"op": "=", "args": [{"property": name}, value]})
            assert found["numberMatched"] > 0, (name, value)
    assert sum("enum" in described for described in properties.values()) >= 4


async def test_what_there_is_not(served: Served) -> None:
    problem(await served.http.get("/collections/none/queryables"), "collection-does-not-exist")
    problem(await served.http.get("/queryables?collections=scene"), "malformed-query", says=["scenes"])
    problem(await served.http.get("/queryables?limit=1"), "malformed-query", says=["limit"])
