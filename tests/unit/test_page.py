"""Who gets the page and who gets JSON; and the outlines of land, ours or an operator's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from discovery_api.page.land import BYTES_MAX, land_json
from discovery_api.page.preference import prefers_html
from discovery_api.page.routes import LAND, STATIC

BROWSERS = [
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "text/html",
    "TEXT/HTML ; q=0.5, */*;q=0.1",
    "text/*, application/json;q=0.9",
]
PROGRAMS = [
    None, "", "*/*", "application/json", "application/geo+json", "application/json, text/html", "text/html, */*",
    "text/html;q=0.5, application/*", "text/html;q=0", "text/html;q=x", "text/html;q=nan", "text/html;q=-1",
    ", ; ;;q=,", "text/html" + "," * 100_000 + "application/json;q=0.1", "*/*;q=1," * 60 + "text/html",
]  # fmt: skip


@pytest.mark.parametrize("accept", BROWSERS)
def test_browsers_get_the_page(accept: str) -> None:
    assert prefers_html(accept)


@pytest.mark.parametrize("accept", PROGRAMS)
def test_programs_get_json(accept: str | None) -> None:
    # A header of far too many ranges is read as far as it is reasonable.
    assert prefers_html(accept) is (accept is not None and accept.endswith("application/json;q=0.1"))


def test_the_land_that_comes_with_it_lies_on_the_earth() -> None:
    rings = orjson.loads(land_json(STATIC / LAND))
    assert len(rings) > 30
    for ring in rings:
        assert len(ring) >= 6
        assert len(ring) % 2 == 0
        assert all(-180 <= lon <= 190 for lon in ring[::2])  # Asia goes on behind 180
        assert all(-90 <= lat <= 90 for lat in ring[1::2])


Json = dict[str, Any]
RING = [[0, 0], [10, 0, 5], [10.12345, 10], [0, 0]]
FLAT = [0, 0, 10, 0, 10.12, 10, 0, 0]
POLYGON: Json = {"type": "Polygon", "coordinates": [RING]}
POINT: Json = {"type": "Point", "coordinates": [1, 2]}


@pytest.mark.parametrize(
    "value",
    [
        POLYGON,
        {"type": "Feature", "geometry": {"type": "MultiPolygon", "coordinates": [[RING]]}},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": POLYGON}]},
        {"type": "GeometryCollection", "geometries": [POINT, POLYGON]},
    ],
)
def test_geojson_becomes_short(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "land.json"
    path.write_bytes(orjson.dumps(value))
    assert orjson.loads(land_json(path)) == [FLAT]


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{}", "no json", '{"type": "Polygon", "coordinates": [[["a", 1]]]}',
        '{"type": "Polygon", "coordinates": [7]}', "[1, 2]", '[["x"]]', "[[1, 2, 3]]", '[["nan", 1]]', "[[true, 1]]",
        '{"type": "Point", "coordinates": [1, 2]}', '{"type": "MultiPolygon", "coordinates": [7]}',
    ],
)  # fmt: skip
def test_what_is_no_land_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "land.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"land|JSON|ring|literal|unexpected"):
        land_json(path)


def test_a_land_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "land.json"
    path.write_bytes(b" " * (BYTES_MAX + 1))
    with pytest.raises(ValueError, match="larger than"):
        land_json(path)
