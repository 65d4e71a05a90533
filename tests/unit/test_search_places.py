"""The parameters `bbox` and `intersects`."""

from __future__ import annotations

import math
from typing import Any

import pytest

from catalogue.facts import facts_of
from catalogue.filters import Filter
from catalogue.matching import matches
from discovery_api.places import read_bbox, read_intersects
from stream.errors import Refused
from tests.support.searched import record


def ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*edges: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring(*edges)]}


RECORDS = [
    record("a", {}, geometry=polygon(0, 0, 10, 10)),
    record("b", {}, geometry=polygon(350, -10, 359, -1)),
    record("c", {}, geometry=polygon(170, 20, 190, 30)),
    record("d", {}, geometry={"type": "Point", "coordinates": [-175, -50]}),
    record("e", {}, geometry=None),
]


def found(wanted: Filter) -> str:
    return "".join(write.source["id"] for write in RECORDS if matches(wanted, facts_of(write.source)))


@pytest.mark.parametrize(
    ("box", "letters"),
    [
        ([1, 1, 2, 2], "a"),
        ([-8, -5, -5, 5], "b"),
        ([352, -5, 355, 5], "b"),
        ([175, -90, -170, 90], "cd"),
        ([-180, -90, 180, 90], "abcd"),
        ([0, -90, 360, 90], "abcd"),
        ([1, 1, 0, 2, 2, 100], "a"),
        ((20, 50, 30, 60), ""),
        ([5, 5, 5, 5], "a"),
        ([-180, -60, -170, -40], "d"),
    ],
)
def test_a_box_finds(box: Any, letters: str) -> None:
    assert found(read_bbox(box)) == letters


@pytest.mark.parametrize(
    ("geometry", "letters"),
    [
        ({"type": "Point", "coordinates": [5, 5]}, "a"),
        ({"type": "Point", "coordinates": [5, 5, 100]}, "a"),
        ({"type": "MultiPoint", "coordinates": [[5, 5], [-175, -50]]}, "ad"),
        ({"type": "LineString", "coordinates": [[-5, -5], [5, 5]]}, "ab"),
        ({"type": "MultiLineString", "coordinates": [[[-1, 5], [1, 5]], [[175, 25], [176, 25]]]}, "ac"),
        (polygon(-180, 21, -175, 22), "c"),
        ({"type": "MultiPolygon", "coordinates": [[ring(1, 1, 2, 2)], [ring(-176, -51, -174, -49)]]}, "ad"),
        (
            {
                "type": "GeometryCollection",
                "geometries": [polygon(1, 1, 2, 2), {"type": "Point", "coordinates": [-175, -50]}],
            },
            "ad",
        ),
    ],
)
def test_a_geometry_finds(geometry: Any, letters: str) -> None:
    assert found(read_intersects(geometry)) == letters


@pytest.mark.parametrize(
    "box",
    [
        None,
        "0,0,1,1",
        [],
        [1, 2, 3],
        [1, 2, 3, 4, 5],
        ["0", "0", "1", "1"],
        [0, 0, 1, None],
        [0, 0, math.nan, 1],
        [0, 0, math.inf, 1],
        [0, 10, 1, 5],
        [0, -91, 1, 1],
        [0, 0, 1, 91],
        [-400, 0, 1, 1],
        [0, 0, 9, 1, 1, 3],
        [True, False, True, True],
        [0, 0, 10**400, 1],
    ],
)
def test_an_impossible_box_is_refused(box: Any) -> None:
    with pytest.raises(Refused) as refused:
        read_bbox(box)
    assert refused.value.problem.findings[0].pointer == "/bbox"


def deep(depth: int) -> dict[str, Any]:
    geometry: dict[str, Any] = {"type": "Point", "coordinates": [1, 1]}
    for _ in range(depth):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    return geometry


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        [],
        "Point",
        {},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": ["Point"]},
        {"type": "Point"},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [1, 91]},
        {"type": "Point", "coordinates": [1000, 1]},
        {"type": "Point", "coordinates": [math.nan, 1]},
        {"type": "Point", "coordinates": [10**400, 1]},
        {"type": "Point", "coordinates": [[1, 2]]},
        {"type": "LineString", "coordinates": [[1, 2]]},
        {"type": "LineString", "coordinates": [1, 2]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPoint", "coordinates": [[1, 2]] * 100_001},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "GeometryCollection"},
        deep(50),
        deep(100_000),
        {"type": "Feature", "geometry": None},
    ],
)
def test_an_impossible_geometry_is_refused(geometry: Any) -> None:
    with pytest.raises(Refused) as refused:
        read_intersects(geometry)
    assert refused.value.problem.findings[0].pointer == "/intersects"
    assert len(refused.value.problem.detail) < 300
