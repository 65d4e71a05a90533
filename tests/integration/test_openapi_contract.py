"""Every route keeps to what the OpenAPI document says: schemathesis with all of its checks, on a node over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.test_stac_api_validator import served
from tests.support.contract import checked, narrowed
from tests.support.http import Json

CASES_MIN = 5_000
DEADLINE_S = 900  # it takes a minute and a half of computing, in two processes
LATER = ("coverage", "fuzzing")  # what a schema gives as an example is not always there
EXAMPLES, READS = 75, 40  # of each operation
# What a schema does not say, so that a request may be as its schema has it and be refused all the same.
FINER = {
    "the grammars of filter, query, datetime, sortby, fields and q; boxes and geometries that there cannot be; tokens "
    "of another search; names of Collections, of aggregations and of properties to sort by": (
        "/search", "/aggregate", "/queryables", "/collections/{collection}/items",
        "/collections/{collection}/aggregate", "/collections/{collection}/browse",
    ),
    "STAC, patches, the rules of profiles": (
        "/collections", "/collections/{collection}", "/collections/{collection}/items/{item}",
        "/collections/{collection}/items/{item}/actions/{action}",
    ),
    "addresses, tokens of confirmations, marks in a list": (
        "/alerts/subscriptions", "/alerts/confirmations", "/requests",
    ),
}  # fmt: skip
KNOWN = """
[dictionaries]
collections = { values = ["scenes", "others"] }
items = { values = ["scene-01", "scene-02"] }

[parameters]
"path.collection" = { dictionary = "collections", probability = 0.7 }
"path.item" = { dictionary = "items", probability = 0.7 }
"""
# The same reads with nothing but what is there and what is understood: then all of it must be accepted.
BOX = {"type": "Polygon", "coordinates": [[[0, 0], [120, 0], [120, 9], [0, 9], [0, 0]]]}
RIGHT: dict[str, list[Any]] = {
    "collection": ["scenes"], "item": ["scene-01", "scene-02"], "collections": ["scenes"],
    "ids": ["scene-01", "scene-02", "none"], "datetime": ["2021-04-02T04:39:01Z", "2021-01-01T00:00:00Z/.."],
    "q": ["scene", "title,sentinel"],
    "filter": ["platform = 'sentinel-2a'", "\"eo:cloud_cover\" > 3 AND NOT latest = false", "title LIKE 's%'"],
    "query": [{"platform": {"eq": "sentinel-2a"}}, {"eo:cloud_cover": {"lt": 7}}, {}],
    "sortby": [[{"field": "title", "direction": "desc"}], [{"field": "properties.datetime"}], []],
    "fields": [{"include": ["platform"]}, {"exclude": ["assets"], "include": None}, {}],
    "intersects": [BOX, {"type": "Point", "coordinates": [100.5, 0.5]}],
    "aggregations": ["total_count", "platform_frequency", "datetime_min", "eo_cloud_cover_max", "datetime_frequency"],
    "bucket": [0, 1, 4095],
}  # fmt: skip
# These have tests of their own; a box excludes `intersects`, and the language goes with the filter.
WITHOUT = ("token", "at", "f", "bbox", "filter-lang")
IN_ADDRESSES = RIGHT | {
    "query": ['{"platform": {"eq": "sentinel-2a"}}', '{"eo:cloud_cover": {"lt": "7"}}'],
    "sortby": ["title,-id", "-properties.datetime"], "fields": ["platform,-links", "-assets", ""],
    "intersects": [json.dumps(BOX)],
}  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(DEADLINE_S)
async def test_every_route_keeps_its_word(tmp_path: Path) -> None:
    off = "".join(
        f'[[operations]]\ninclude-path = "{path}"\nchecks.positive_data_acceptance.enabled = false\n\n'
        for paths in FINER.values()
        for path in paths
    )
    async with served(tmp_path / "node") as address:
        document = await told(address)
        every = await checked(address, document, tmp_path, examples=EXAMPLES, config=KNOWN + off)
        assert every.passed, every.words
        assert every.operations == sum(len(each) for each in document["paths"].values())
        reads = narrowed(document, RIGHT, IN_ADDRESSES, WITHOUT)
        right = await checked(address, reads, tmp_path, examples=READS, mode="positive", phases=LATER)
        assert right.passed, right.words
    assert every.cases + right.cases >= CASES_MIN, (every.cases, right.cases)


async def told(address: str) -> Json:
    """The document of a node."""
    async with httpx.AsyncClient() as http:
        found: Json = (await http.get(f"{address}/openapi.json")).json()
    return found
