"""A node that stands behind a prefix of another server's address: every link that it gives leads back to it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from tests.support.http import Json, Served, collection, running, scene, settings

PREFIX = "/stac/v1"
ROOT = f"http://n1.example.org{PREFIX}"


def links_of(found: Json) -> list[Json]:
    """Those of the answer, and of what is in it."""
    inner = [*found.get("features", ()), *found.get("collections", ()), *found.get("children", ())]
    return [link for each in (found, *inner) for link in each.get("links", ())]


async def leads(http: httpx.AsyncClient, address: str, seen: dict[str, Json]) -> None:
    """Follow all links from an address."""
    if address in seen:
        return
    answer = await http.get(address)
    assert answer.status_code in (200, 400) if "aggregate" in address else answer.status_code == 200, address
    is_json = "json" in answer.headers["content-type"]
    found = seen[address] = answer.json() if is_json else {}
    for link in links_of(found):
        assert link["href"] == ROOT or link["href"].startswith(f"{ROOT}/"), link
        assert PREFIX not in link["href"].removeprefix(ROOT), link
        if link.get("method", "GET") == "GET":
            await leads(http, link["href"], seen)
    self = [link["href"] for link in found.get("links", ()) if link["rel"] == "self"]
    assert not self or quote(urlsplit(self[0]).path) == urlsplit(address).path


@pytest.mark.parametrize("told", [{}, {"root_url": ROOT}])
async def test_links_behind_a_prefix(tmp_path: Path, told: Json) -> None:
    """A server that is told its root path puts that in front of every path, as uvicorn does."""
    async with running(settings(tmp_path, **told)) as served:
        transport = httpx.ASGITransport(served.node.app, root_path=PREFIX)
        async with httpx.AsyncClient(transport=transport, base_url=ROOT) as http:
            behind = Served(served.node, http)
            await behind.settled("POST", "/collections", json=collection("scenes"))
            for name in ("a", "b", "c"):
                await behind.settled("POST", "/collections/scenes/items", json=scene(name))
            await behind.caught_up()
            seen: dict[str, Json] = {}
            for path in ("/", "/search?limit=2", "/collections/scenes/items?limit=1", "/collections?limit=1"):
                await leads(http, ROOT + path, seen)
            assert len(seen) > 20
            await leads(http, f"{ROOT}/collections/scenes/queryables", seen)
            assert (
                seen[f"{ROOT}/collections/scenes/queryables"]["$id"]
                == f"{ROOT}/collections/scenes/queryables"
            )
