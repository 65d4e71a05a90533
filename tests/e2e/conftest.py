"""A node that really runs, on each store, with scenes that were published to it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.support.command import running
from tests.support.elastic import remove
from tests.support.http import collection, features, scene

Json = dict[str, Any]
STORES = ["sqlite", pytest.param("elastic", marks=pytest.mark.needs_server)]
DEADLINE_S = 60
COUNT = 60
PLATFORMS = ("sentinel-2a", "sentinel-2b", "landsat-8")


@dataclass
class Published:
    """The address of a node, its scenes by id, and a client that writes."""

    url: str
    items: dict[str, Json]
    http: httpx.Client

    def write(self, method: str, path: str, body: Any = None) -> None:
        """A write, and its end."""
        answer = self.http.request(method, path, json=body)
        assert answer.status_code == 202, answer.text
        handle = self.http.get(f"/requests/{answer.json()['id']}", params={"wait": DEADLINE_S}).json()
        assert handle["state"] == "settled", handle

    def publish(self, *items: Json) -> None:
        """Publish these scenes."""
        self.write("POST", "/collections/scenes/items", features(items))
        self.items |= {item["id"]: item for item in items}


def a_scene(number: int, name: str | None = None) -> Json:
    """One of many that differ in everything: a small square, a day, numbers and words."""
    made = scene(name or f"s{number:03}")
    west, south = -175.0 + 5.5 * (number % COUNT), -40.0 + 10 * (number % 9)
    east, north = west + 4, south + 5
    made["bbox"] = [west, south, east, north]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    made["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    made["properties"] |= {
        "datetime": f"2026-{1 + number % 12:02}-{1 + number % 28:02}T12:00:00Z",
        "number": number, "eo:cloud_cover": number * 1.5, "platform": PLATFORMS[number % 3],
        "instruments": ["msi", "tirs"] if number % 4 == 0 else ["msi"],
        "description": "clouds over the Alps" if number % 5 == 0 else "a clear view of the sea",
    }  # fmt: skip
    if number % 7 == 0:
        made["properties"]["snow"] = number % 2 == 0
    return made


@pytest.fixture(scope="module", params=STORES)
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Published]:
    """A node with two Collections, one of them with scenes."""
    told: Json = {}
    if request.param == "elastic":
        told = {"store_url": f"{request.getfixturevalue('elastic').url}/e2e", "store_refresh_ms": "50"}
    with (
        running(tmp_path_factory.mktemp("node"), "serve", "--port", "0", **told) as node,
        httpx.Client(base_url=node.url, timeout=DEADLINE_S) as http,
    ):
        found = Published(node.url, {}, http)
        found.write("POST", "/collections", collection("scenes", title="Scenes of everywhere"))
        found.write("POST", "/collections", collection("empty", title="Nothing yet"))
        found.publish(*map(a_scene, range(COUNT)))
        yield found
        assert node.stop() == 0
    if told:
        asyncio.run(remove(request.getfixturevalue("elastic").url, "e2e"))
