"""stac-api-validator over HTTP: every conformance class that it knows of, on both stores."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.servers.elastic import ElasticServer
from tests.servers.session import NamedElastic
from tests.support.http import Json, Served, collection, features, running, scene, settings, until
from tests.support.listening import listening
from tests.support.offline_validator import UNREACHABLE
from tests.support.stacks import Stack

COUNT = 45  # Items, of which the validator asks 10 at a time
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[100.0, 0.0], [101.0, 0.0], [101.0, 1.0], [100.0, 1.0], [100.0, 0.0]]],
}
SEARCHES = ("item-search", "filter", "item-search#sort", "item-search#query", "item-search#fields")
READS = (
    "core", "collections", "features", "children", "browseable", *SEARCHES,
    "features#sort", "features#fields", "features#query",
)  # fmt: skip
QUERY = {
    "comparison-field": "eo:cloud_cover", "eq-value": "10", "neq-value": "10", "lt-value": "10", "lte-value": "10",
    "gt-value": "10", "gte-value": "10", "substring-field": "platform", "starts-with-value": "sentinel",
    "ends-with-value": "2b", "contains-value": "nel-2", "in-field": "instruments", "in-values": "msi,sar",
}  # fmt: skip
DEADLINE_S = 120
# Where writes are answered otherwise than it expects, and why. All else of them it finds right: what it publishes,
# replaces and patches is there afterwards.
OTHERWISE = {
    (
        "DELETE",
        "404 instead of 204",
    ): "it deletes what is not there; nothing is retracted by that, and we say so",
    ("POST", "application/json instead of 'application/geo+json'"): "the answer is the handle of the request",
    ("PUT", "200 instead of 204"): "the answer has a body: what each node has made of the request",
    ("PATCH", "200 instead of 204"): "as for PUT",
    ("DELETE", "200 instead of 204"): "as for PUT",
    ("GET", "200 instead of 404"): "DELETE retracts: by its id an Item is still shown, with the reason",
}


def an_item(number: int) -> Json:
    """One of many, over the square, each at its own time."""
    west = 100 + number / COUNT
    ring = [[west, 0.0], [west + 1, 0.0], [west + 1, 1.0], [west, 1.0], [west, 0.0]]
    properties: Json = {
        "datetime": f"2021-04-{1 + number % 28:02}T04:39:{number:02}Z",
        "eo:cloud_cover": 1 + number % 20,
        "platform": f"sentinel-2{'ab'[number % 2]}",
        "instruments": [
            "msi" if number % 2 else "sar"
        ],  # of texts the validator would take the letters apart
    }
    place = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": [west, 0.0, west + 1, 1.0]}
    return scene(f"scene-{number:02}", **properties) | place


@asynccontextmanager
async def served(folder: Path, **told: Any) -> AsyncIterator[str]:
    """A node that has Items in a Collection, listening."""
    async with running(settings(folder, **told)) as node:
        for name in ("scenes", "others"):
            await node.settled("POST", "/collections", json=collection(name, title=name))
        await node.settled(
            "POST", "/collections/scenes/items", json=features([an_item(n) for n in range(COUNT)])
        )
        await node.caught_up()
        await until(lambda: _shown(node))
        async with listening(node.node.app) as address:
            yield address


async def _shown(node: Served) -> bool:
    return bool((await node.search(limit=1))["numberMatched"] == COUNT)


async def told_by_validator(address: str, classes: tuple[str, ...], *more: str) -> list[str]:
    """The errors that it finds; it must have looked, and reached for no other host."""
    arguments = [
        "--root-url", f"{address}/", "--collection", "scenes", "--geometry", json.dumps(SQUARE),
        "--fields-nested-property", "properties.eo:cloud_cover", "--transaction-collection", "others",
        "--validate-pagination", *more,
        *(part for name, value in QUERY.items() for part in (f"--query-{name}", value)),
        *(part for name in classes for part in ("--conformance", name)),
    ]  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.offline_validator", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        async with asyncio.timeout(DEADLINE_S):
            out, err = (each.decode() for each in await process.communicate())
    finally:
        if process.returncode is None:
            process.kill()
    print(out, err)
    assert UNREACHABLE not in err, err
    assert ("Errors: none" in out, "Errors:\n" in out) == (
        not process.returncode,
        bool(process.returncode),
    ), out + err
    return [line for line in out.partition("Errors:")[2].splitlines() if line.startswith("- ")]


async def test_everything_that_is_read(tmp_path: Path) -> None:
    async with served(tmp_path) as address:
        assert await told_by_validator(address, READS) == []


@pytest.mark.needs_server
async def test_searches_on_elasticsearch(elastic: ElasticServer | NamedElastic, tmp_path: Path) -> None:
    stack = Stack(elastic=elastic.url)
    try:
        async with served(tmp_path, **stack.settings("n1")) as address:
            assert await told_by_validator(address, SEARCHES) == []
    finally:
        await stack.remove()


async def test_what_is_written(tmp_path: Path) -> None:
    async with served(tmp_path) as address:
        found = await told_by_validator(address, ("transaction",), "--headers", "Prefer: wait=10")
    told = {(line.partition("] : ")[2].partition(" ")[0], _last_words(line)) for line in found}
    assert (len(found), told) == (len(OTHERWISE), set(OTHERWISE))


def _last_words(line: str) -> str:
    """What was not as expected."""
    for words in ("had unexpected status code ", "content-type header is "):
        if words in line:
            return line.rpartition(words)[2].rstrip(": ")
    return line
