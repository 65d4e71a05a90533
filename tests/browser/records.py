"""What the node of these tests holds: the records of the demonstration, climate records, and scenes on the map."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import httpx

from federation.demo_records import climate_item, collection

Json = dict[str, Any]
SOURCES = ("CMIP.MIROC.MIROC6", "CMIP.IPSL.IPSL-CM6A-LR", "CMIP.MOHC.UKESM1-0-LL")
EXPERIMENTS = ("abrupt-4xCO2", "1pctCO2", "amip")
VARIABLES = ("Amon.tas", "Amon.pr", "Omon.tos")
MEMBERS = ("r1i1p1f1", "r2i1p1f1")
MARKUP = "<img src=x onerror=\"document.title='broken in'\">"
FIJI = [177.0, -19.5, -178.0, -16.0]
BOXES = {
    "alps": [5.0, 44.0, 16.0, 48.0],
    "andes": [-75.0, -35.0, -65.0, -10.0],
    "java": [105.0, -9.0, 115.0, -5.0],
}
RETRACTED, REASON = "glacier", "the sensor was covered with snow"
SETTLED_S = 30


def climate() -> Iterator[Json]:
    """Records of three models, experiments and variables."""
    for source, experiment, variable, member in product(SOURCES, EXPERIMENTS, VARIABLES, MEMBERS):
        yield climate_item(f"CMIP6.{source}.{experiment}.{member}.{variable}.gn", "20190101", "north")


def scenes() -> Iterator[Json]:
    """Small records on the map; one of them lies on both sides of the 180th meridian, one is written to do harm."""
    for number, (name, box) in enumerate(BOXES.items()):
        yield scene(name, box, f"{2001 + number}-06-01T00:00:00Z", **{"eo:cloud_cover": 10.5 * number})
    west, south, east, north = FIJI
    halves = [_ring([west, south, 180, north]), _ring([-180, south, east, north])]
    yield {
        **scene("fiji", FIJI, "2010-01-01T00:00:00Z"),
        "geometry": {"type": "MultiPolygon", "coordinates": [[half] for half in halves]},
    }
    hostile = scene("hostile", BOXES["java"], "2011-01-01T00:00:00Z", title=MARKUP, note=MARKUP)
    hostile["assets"] = {MARKUP: {"href": "javascript:alert(1)", "title": MARKUP}}
    yield hostile
    yield scene(RETRACTED, BOXES["alps"], "2012-01-01T00:00:00Z")


def scene(name: str, box: list[float], instant: str, **properties: Any) -> Json:
    """A record of one instant."""
    return {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": "places", "bbox": box,
        "geometry": {"type": "Polygon", "coordinates": [_ring(box)]}, "links": [],
        "assets": {"data": {"href": f"https://north.example.org/{name}.tif", "alternate:name": "north"}},
        "properties": {"datetime": instant, "title": f"A scene of {name}", **properties},
    }  # fmt: skip


def publish(url: str) -> None:
    """Bring all of them into the catalogue, and wait until a search finds them."""
    with httpx.Client(base_url=url, timeout=60.0, headers={"prefer": f"wait={SETTLED_S}"}) as client:
        _settled(client.post("/collections", json=collection("places", "Places", 2000)))
        for name, items in (("CMIP6", list(climate())), ("places", list(scenes()))):
            told = {"type": "FeatureCollection", "features": items}
            _settled(client.post(f"/collections/{name}/items", json=told))
        told = {"reason": REASON}
        _settled(client.post(f"/collections/places/items/{RETRACTED}/actions/retract", json=told))


def _settled(answer: httpx.Response) -> None:
    assert answer.status_code in (200, 201), answer.text


def _ring(box: list[float]) -> list[list[float]]:
    west, south, east, north = box
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]
