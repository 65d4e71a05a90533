"""Geometries and bounding boxes: real ones pass, each fault is named where it is, and no geometry takes long."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from checks.geometry import GeometryCheck
from checks.positions import DEPTH_MAX, POSITIONS_MAX
from checks.rings import is_convex
from schemas.core import check_item
from stream.errors import Finding
from tests.support.json_values import JSON

CLIMATE, SCENES = GeometryCheck((-180.0, 360.0)), GeometryCheck((-180.0, 180.0))
"""The longitudes that profiles of climate data and of satellite scenes allow."""

Positions = list[list[Any]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def rectangle(west: Any, south: Any, east: Any, north: Any) -> Positions:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def found(geometry: Any, bbox: Any = None, check: GeometryCheck = SCENES) -> list[Finding]:
    return check({"geometry": geometry, "bbox": bbox})


def said(geometry: Any, bbox: Any = None, check: GeometryCheck = SCENES) -> list[tuple[str, str, str]]:
    return [(one.level, one.pointer, one.message) for one in found(geometry, bbox, check)]


# Real records


def test_the_climate_items_are_sound(shared: Path) -> None:
    for name in ("cmip6-ipsl-clcalipso.json", "cmip6-ukesm-zg500.json"):
        assert CLIMATE(json.loads((shared / "items" / name).read_bytes())) == []


def test_the_scenes_are_sound(shared: Path) -> None:
    scenes = json.loads((shared / "items/sentinel-2-l2a-cogs.json").read_bytes())["features"]
    assert [SCENES(scene) for scene in scenes] == [[]] * 100
    loose = [{**scene, "bbox": [-180, -90, 180, 90]} for scene in scenes]
    assert {finding.level for scene in loose for finding in SCENES(scene)} == {"warning"}


def test_geos_is_not_loaded_for_climate_data_and_scenes(shared: Path) -> None:
    code = f"""if True:
        import json, sys
        from checks.geometry import GeometryCheck
        scenes = json.load(open({str(shared / "items/sentinel-2-l2a-cogs.json")!r}))["features"]
        climate = json.load(open({str(shared / "items/cmip6-ipsl-clcalipso.json")!r}))
        assert not GeometryCheck((-180.0, 360.0))(climate)
        assert not any(map(GeometryCheck(), scenes))
        sys.exit("shapely" in sys.modules or "numpy" in sys.modules)
    """
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("ring", "bbox"),
    [
        (rectangle(-180, -90, 180, 90), [-180, -90, 180, 90]),
        (rectangle(0, -90, 360, 90), [0, -90, 360, 90]),
        (rectangle(0, -90, 357.5, 90), [-180, -90, 180, 90]),
        (rectangle(0, -90, 357.5, 90), [-180.0, -90, 177.5, 90]),
        (rectangle(-179.0625, -89, 179.0625, 89), [-180, -90, 180, 90]),
        (rectangle(-179.0625, -89, 179.0625, 89), [0, -89, 360, 89]),
        (rectangle(190, 10, 200, 20), [-170, 10, -160, 20]),
        (rectangle(190, 10, 200, 20), [190, 10, 200, 20]),
        (rectangle(-10, 10, 20, 20), [350, 10, 20, 20]),
        (rectangle(0, 10, 90.004, 20), [0, 10.004, 90, 20]),
    ],
)
def test_global_rectangles_and_other_countings_of_longitude_pass(ring: Positions, bbox: list[Any]) -> None:
    expected = bbox == [0, 10.004, 90, 20]  # the last one is there to see a fault at all
    for turned in (ring, ring[::-1], [*ring[2:], *ring[1:3]]):
        assert bool(said(polygon(turned), bbox, CLIMATE)) == expected


def test_a_finer_outline_of_the_globe_passes() -> None:
    ring = [[-180, -90], [180, -90], [180, 0], [180, 90], [0, 90], [-180, 90], [-180, 0], [-180, -90]]
    assert said(polygon(ring), [-180, -90, 180, 90]) == []


# Rings


def test_an_open_ring_is_named() -> None:
    [finding] = found(polygon(rectangle(0, 0, 1, 1), rectangle(0.1, 0.1, 0.2, 0.2)[:-1]))
    assert finding.pointer == "/geometry/coordinates/1/3"
    assert finding.message == "The ring is not closed: its last position must be equal to its first."
    assert (finding.value, finding.expected) == ([0.1, 0.2], [0.1, 0.1])


STAR = [[math.cos(k * 4 * math.pi / 5), math.sin(k * 4 * math.pi / 5)] for k in range(5)]
HOLE = rectangle(0.2, 0.2, 0.8, 0.8)
INVALID = [
    (
        [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]],
        "has edges that cross or overlap, at longitude 0.5 and latitude 0.5",
    ),
    ([[0, 0], [2, 0], [2, 2], [1, 0], [0, 2], [0, 0]], "has a ring that touches itself"),
    ([[0, 0], [1, 0], [0, 0], [0, 0]], "has a ring with fewer than three different corners"),
    ([[0, 0]] * 5, "has a ring with fewer than three different corners"),
    ([*STAR, STAR[0]], "has edges that cross or overlap"),
    (rectangle(0, 0, 0, 1), "has "),
]


@pytest.mark.parametrize(("ring", "why"), INVALID)
def test_an_invalid_ring_is_named_with_the_place(ring: Positions, why: str) -> None:
    assert not shapely.is_valid(shapely.Polygon(ring))
    [(level, pointer, message)] = said(polygon(ring))
    assert (level, pointer) == ("error", "/geometry/coordinates")
    assert message.startswith(f"The polygon {why}")
    assert ", at longitude " in message


@pytest.mark.parametrize(
    ("holes", "why"),
    [
        ([HOLE], None),
        ([HOLE[::-1]], None),
        ([rectangle(2, 2, 3, 3)], "has a hole that is not inside its exterior ring"),
        ([HOLE, rectangle(0.3, 0.3, 0.4, 0.4)], "has a hole inside another hole"),
        ([HOLE, HOLE], "has "),
        ([rectangle(0.2, 0.2, 1.2, 0.8)], "has edges that cross or overlap"),
        ([[[0, 0.5], [0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]]], "is cut into pieces by its holes"),
    ],
)
def test_holes_lie_inside(holes: list[Positions], why: str | None) -> None:
    shell = rectangle(0, 0, 1, 1)
    assert shapely.is_valid(shapely.Polygon(shell, holes)) == (why is None)
    messages = [message for _, _, message in said(polygon(shell, *holes))]
    assert len(messages) == (why is not None)
    assert all(message.startswith(f"The polygon {why}") for message in messages)


def test_parts_are_named_and_may_not_overlap() -> None:
    bow = [[5, 5], [6, 6], [6, 5], [5, 6], [5, 5]]
    parts = [[rectangle(0, 0, 1, 1)], [bow], [rectangle(8, 8, 9, 9)]]
    assert [one.pointer for one in found({"type": "MultiPolygon", "coordinates": parts})] == [
        "/geometry/coordinates/1"
    ]
    parts[1] = [rectangle(0.5, 0.5, 3, 3)]
    [(level, pointer, message)] = said({"type": "MultiPolygon", "coordinates": parts})
    assert (level, pointer) == ("error", "/geometry/coordinates")
    assert message.startswith("The MultiPolygon has edges that cross or overlap, at longitude ")
    # Members of a collection are no parts of one whole.
    members = [polygon(*part) for part in parts]
    assert said({"type": "GeometryCollection", "geometries": members}) == []


ANGLES = st.lists(st.integers(0, 359), min_size=3, max_size=12, unique=True)


@given(ANGLES, st.floats(-170, 170), st.floats(-80, 80), st.booleans(), st.randoms())
def test_the_verdict_on_a_ring_is_that_of_geos(
    angles: list[int], x: float, y: float, sort: bool, chance: Any
) -> None:
    """Corners on a circle: convex in their order, and nearly always invalid in any other."""
    if sort:
        angles.sort()
    reach = chance.uniform(0.001, 9)
    ring = [[x + reach * math.cos(math.radians(a)), y + reach * math.sin(math.radians(a))] for a in angles]
    ring.append(ring[0])
    valid = bool(shapely.is_valid(shapely.Polygon(ring)))
    assert (not found(polygon(ring))) == valid
    if is_convex([place[0] for place in ring], [place[1] for place in ring]):
        assert valid
    if sort and len(angles) < 10 and min(b - a for a, b in pairwise(angles)) > 2:
        assert is_convex([place[0] for place in ring], [place[1] for place in ring]) == (
            angles[0] + 360 - angles[-1] > 2
        )


GRID = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(list)


@given(st.lists(GRID, min_size=3, max_size=8))
def test_the_verdict_on_a_ring_of_a_grid_is_that_of_geos(ring: Positions) -> None:
    """Corners on a grid meet, coincide and lie on edges."""
    closed = [*ring, ring[0]]
    assert (not found(polygon(closed))) == bool(shapely.is_valid(shapely.Polygon(closed)))


# Positions


@pytest.mark.parametrize(
    ("geometry", "pointer", "message"),
    [
        (
            {"type": "Point", "coordinates": [10, 95]},
            "/geometry/coordinates",
            "The latitude must be from -90 to 90.",
        ),
        (
            {"type": "Point", "coordinates": [190, 5]},
            "/geometry/coordinates",
            "The longitude must be from -180 to 180.",
        ),
        (
            {"type": "LineString", "coordinates": [[0, 0], [200, 0], [0, 0], [-300, 0]]},
            "/geometry/coordinates/1",
            "The longitude must be from -180 to 180; so must 1 more in this list.",
        ),
        (
            {
                "type": "MultiPolygon",
                "coordinates": [[rectangle(0, 0, 1, 1)], [rectangle(3, 3, 4, math.inf)]],
            },
            "/geometry/coordinates/1/0/2",
            "The latitude must be from -90 to 90; so must 1 more in this list.",
        ),
        (
            {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [0, math.nan]}]},
            "/geometry/geometries/0/coordinates",
            "The latitude must be from -90 to 90.",
        ),
        (
            {"type": "MultiPoint", "coordinates": [[0, 0], [0, 10**400]]},
            "/geometry/coordinates/1",
            "The latitude must be from -90 to 90.",
        ),
        (
            {"type": "Point", "coordinates": [0, 0, -math.inf]},
            "/geometry/coordinates",
            "The height must be a finite number.",
        ),
    ],
)
def test_positions_are_on_earth(geometry: Any, pointer: str, message: str) -> None:
    assert said(geometry, [0, 0, 1, 1]) == [("error", pointer, message)]


def test_the_longitudes_are_those_of_the_profile() -> None:
    ring, box = rectangle(190, 0, 200, 10), [190, 0, 200, 10]
    assert said(polygon(ring), box, CLIMATE) == []
    assert [pointer for _, pointer, _ in said(polygon(ring), box)] == [
        "/bbox/0",
        "/bbox/2",
        "/geometry/coordinates/0/0",
    ]


def test_heights_are_allowed() -> None:
    ring = [[*place, 100.0] for place in rectangle(0, 0, 1, 1)]
    assert said(polygon(ring), [0, 0, 50, 1, 1, 150]) == []
    assert said(polygon(ring), [0, 0, 1, 1]) == []
    [(level, pointer, message)] = said(polygon(ring), [0, 0, 0, 1, 1, 99])
    assert (level, pointer) == ("error", "/bbox")
    assert message == "`bbox` must contain the geometry, which has the height 100.0."
    ring[2].append(5)
    [(level, pointer, message)] = said(polygon(ring))
    assert (level, pointer) == ("warning", "/geometry/coordinates/0/2")


def test_points_and_lines_pass() -> None:
    for geometry in (
        {"type": "Point", "coordinates": [1, 1]},
        {"type": "MultiPoint", "coordinates": [[0, 0], [1, 1]]},
        {"type": "LineString", "coordinates": [[0, 0], [1, 1]]},
        {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0]], [[0, 0], [1, 0]]]},
    ):
        assert said(geometry, [0, 0, 1, 1] if geometry["type"] != "Point" else [1, 1, 1, 1]) == []
        assert said({"type": "GeometryCollection", "geometries": [geometry]}) == []
    [(level, pointer, message)] = said(
        {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[1, 1]] * 3]}
    )
    assert (level, pointer, message) == (
        "error",
        "/geometry/coordinates/1",
        "The line has the same position throughout.",
    )


@pytest.mark.parametrize("kind", ["MultiPoint", "MultiPolygon", "MultiLineString"])
def test_a_geometry_has_a_position(kind: str) -> None:
    assert said({"type": kind, "coordinates": []}) == [("error", "/geometry", "`geometry` has no position.")]


def test_null_only_where_it_is_allowed() -> None:
    assert found(None) == []
    [(level, pointer, message)] = said(None, check=GeometryCheck(null_geometry=False))
    assert (level, pointer, message) == (
        "error",
        "/geometry",
        "`geometry` must not be null in this collection.",
    )


# The antimeridian

CROSSING = [[179, 0], [-179.5, 0.1], [-179, 2], [178.5, 1.9], [179, 0]]
CUT = "goes more than half round the globe: a geometry that crosses the antimeridian is to be cut there"


@pytest.mark.parametrize("bbox", [None, [178.5, 0, -179, 2], [-179.5, 0, 179, 2]])
def test_a_scene_across_the_antimeridian_is_to_be_cut(bbox: Any) -> None:
    for ring in (CROSSING, CROSSING[::-1]):
        [finding] = found(polygon(ring), bbox)
        assert finding.level == "warning"
        assert CUT in finding.message
    assert found(polygon(CROSSING), bbox)[0].pointer == "/geometry/coordinates/0/0"


def test_a_rectangle_is_across_where_its_box_says_so() -> None:
    ring = rectangle(179, 0, -179, 2)
    [(level, _, message)] = said(polygon(ring), [179, 0, -179, 2])
    assert level == "warning"
    assert CUT in message
    # With this box it goes round the globe.
    assert said(polygon(ring), [-179, 0, 179, 2]) == []


def test_what_is_across_is_judged_as_it_is_meant() -> None:
    bow = [[179, 0], [-179, 2], [-179, 0], [179, 2], [179, 0]]
    levels = [(level, message[:40]) for level, _, message in said(polygon(bow), [179, 0, -179, 2])]
    assert levels[0][0] == "warning"
    assert levels[1] == ("error", "The polygon has edges that cross or over")
    hole = [[-179.6, 0.5], [-179.5, 0.5], [-179.5, 0.6], [-179.6, 0.5]]
    assert [level for level, _, _ in said(polygon(CROSSING, hole), [178.5, 0, -179, 2])] == ["warning"]
    [(_, _, uncut), (level, pointer, message)] = said(polygon(CROSSING), [178.5, 0, -179.5, 2])
    assert CUT in uncut
    assert (level, pointer) == ("error", "/bbox")
    assert message == "`bbox` must contain the geometry, whose longitudes run from 178.5 to 181."


def test_a_line_across_is_to_be_cut_and_a_ring_round_a_pole() -> None:
    line = {"type": "LineString", "coordinates": [[170, 0], [-170, 5]]}
    assert [level for level, _, _ in said(line, [170, 0, -170, 5])] == ["warning"]
    pole = [[0, -80], [90, -75], [180, -80], [-90, -75], [0, -80]]
    assert [level for level, _, _ in said(polygon(pole), [-180, -90, 180, -75])] == ["warning"]


def test_a_geometry_that_is_cut_passes() -> None:
    parts = {
        "type": "MultiPolygon",
        "coordinates": [[rectangle(170, 0, 180, 5)], [rectangle(-180, 0, -160, 5)]],
    }
    assert said(parts, [170, 0, -160, 5]) == []
    assert said(parts, [170, 0, 200, 5], CLIMATE) == []
    [(level, pointer, message)] = said(parts, [-180, 0, 180, 5])
    assert (level, pointer) == ("warning", "/bbox")
    assert message.endswith("its west is 170 and its east -160 (RFC 7946, 5.2).")
    [(level, _, message)] = said(parts, [170, 0, -170, 5])
    assert (level, message) == (
        "error",
        "`bbox` must contain the geometry, whose longitudes run from -180 to 180.",
    )


# Boxes

RING = rectangle(10, 20, 30, 40)


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ([10, 20, 30, 40], []),
        ([10, 20, 0, 30, 40, 0], []),
        ([10.0000005, 20, 30, 40], []),
        ([9.81, 19.81, 30.19, 40.19], []),  # 1 % of 20 degrees
        ([10.001, 20, 30, 40], ["error: `bbox` must contain the geometry, whose longitudes run from 10 to 30."]),
        ([10, 20, 30, 39], ["error: `bbox` must contain the geometry, whose latitudes run from 20 to 40."]),
        ([50, 20, 60, 40], ["error: `bbox` must contain the geometry, whose longitudes run from 10 to 30."]),
        ([30, 20, 10, 40], ["error: `bbox` must contain the geometry, whose longitudes run from 10 to 30."]),
        ([9, 20, 30, 40], ["warning: `bbox` is much larger than the geometry, whose longitudes run from 10 to 30."]),
        ([10, 20, 30, 41], ["warning: `bbox` is much larger than the geometry, whose latitudes run from 20 to 40."]),
        ([10, 40, 30, 20], ["error: `bbox` has its southern edge north of its northern edge."]),
        ([10, 20, 30, 95], ["error: `bbox/3` is a latitude and must be from -90 to 90."]),
        ([10, 20, 0, 300, 40, 0], ["error: `bbox/3` is a longitude and must be from -180 to 180."]),
        ([10, 20, 5, 30, 40, 1], ["error: `bbox` has its lower height above its upper height."]),
        ([20, 10, 40, 30], [
            "error: `bbox` must contain the geometry, whose latitudes run from 20 to 40.",
            "error: `bbox` must contain the geometry, whose longitudes run from 10 to 30.",
        ]),
    ],
)  # fmt: skip
def test_the_box_is_around_the_geometry(bbox: list[Any], expected: list[str]) -> None:
    assert [f"{level}: {message}" for level, _, message in said(polygon(RING), bbox)] == expected


def test_the_box_of_a_point_may_be_rounded() -> None:
    point = {"type": "Point", "coordinates": [10.123456, 50]}
    assert said(point, [10.12, 50, 10.13, 50]) == []
    assert [level for level, _, _ in said(point, [10.1, 50, 10.2, 50])] == ["warning"]


def test_a_box_is_not_wider_than_the_globe() -> None:
    box = [-180, -90, 360, 90]
    messages = [message for _, _, message in said(polygon(rectangle(-180, -90, 360, 90)), box, CLIMATE)]
    assert messages == ["`bbox` must not be wider than 360 degrees."]


# What other checks name


@pytest.mark.parametrize(
    "geometry",
    [
        polygon([[0, 0], [1, 0], [0, 0]]),
        polygon([]),
        polygon([[0, 0], [1, "a"], [1, 1], [0, 0]]),
        polygon([[0, 0], [1, True], [1, 1], [0, 0]]),
        polygon([[0, 0], [1], [1, 1], [0, 0]]),
        {"type": "LineString", "coordinates": []},
        {"type": "Point", "coordinates": {}},
        {"type": "Circle", "coordinates": [0, 0]},
        {"type": ["Point"], "coordinates": [0, 0]},
        "POINT (0 0)",
        [],
    ],
)
def test_what_is_no_geojson_is_left_to_the_core_check(geometry: Any) -> None:
    item = {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "a",
        "links": [],
        "assets": {},
        "bbox": [0, 0, 1, 1],
        "geometry": geometry,
        "properties": {"datetime": "2015-01-01T00:00:00Z"},
    }
    assert SCENES(item) == []
    assert check_item(item)


# Limits


def circle(count: int, reach: float = 1.0) -> Positions:
    ring = [
        [reach * math.cos(2 * math.pi * k / count), reach * math.sin(2 * math.pi * k / count)]
        for k in range(count)
    ]
    return [*ring, ring[0]]


def test_more_positions_are_not_looked_at() -> None:
    message = (
        "The geometry is not checked: it has more than 100000 positions or 1000 lines, or lies too deep."
    )
    note = [("note", "/geometry", message)]
    assert said({"type": "MultiPoint", "coordinates": [[0, 0]] * POSITIONS_MAX}) == []
    assert said({"type": "MultiPoint", "coordinates": [[0, 0]] * (POSITIONS_MAX + 1)}) == note
    assert said(polygon(circle(POSITIONS_MAX + 1))) == note
    deep: dict[str, Any] = {"type": "Point", "coordinates": [0, 0]}
    for _ in range(DEPTH_MAX):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    assert said(deep) == []
    assert said({"type": "GeometryCollection", "geometries": [deep]}) == note


def spiral(count: int) -> Positions:
    """Long parallel edges whose extents all overlap."""
    ring = [[k * 1e-4 + (k % 2), (k % 2) - k * 1e-4] for k in range(count)]
    return [*ring, [3, -5], [-5, -5], ring[0]]


HARD: dict[str, Any] = {
    "a circle": polygon(circle(90_000)),
    "parallel edges": polygon(spiral(90_000)),
    "nested holes": polygon(rectangle(-2, -2, 2, 2), *(circle(4, 1 - k / 2_000) for k in range(999))),
    "nested parts": {
        "type": "MultiPolygon",
        "coordinates": [[circle(4, 1 - k / 2_000)] for k in range(999)],
    },
    "the same part": {"type": "MultiPolygon", "coordinates": [[rectangle(0, 0, 1, 1)]] * 1_000},
    "lines": {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]]] * 45_000},
    "open rings": {"type": "MultiPolygon", "coordinates": [[[[0, 0], [1, 0], [1, 1], [0, 1]]]] * 1_000},
    "latitudes": {"type": "MultiPoint", "coordinates": [[0, 91]] * 90_000},
    "jumps": {"type": "MultiLineString", "coordinates": [[[-179, 0], [179, 1]] * 2] * 1_000},
}


@pytest.mark.parametrize("name", HARD)
def test_no_geometry_takes_long(name: str) -> None:
    found({"type": "Polygon", "coordinates": [INVALID[0][0]]})  # GEOS is loaded
    start = time.process_time()
    findings = found(HARD[name], [-2, -2, 2, 2])
    assert time.process_time() - start < 1
    assert len(findings) <= 101
    assert {finding.level for finding in findings} & {
        "a circle": {"warning"},
        "parallel edges": {"note"},
        "nested holes": {"note"},
        "nested parts": {"note"},
        "lines": {"note"},
    }.get(name, {"error", "warning", "note"})


def test_no_number_of_warnings_is_an_error_nor_hides_one() -> None:
    lines = [[[-179, 0], [179, 1]]] * 500
    findings = found({"type": "MultiLineString", "coordinates": lines})
    assert (len(findings), {finding.level for finding in findings}) == (101, {"warning"})
    findings = found({"type": "MultiLineString", "coordinates": [*lines, [[0, 0], [0, 0]]]})
    assert [finding.level for finding in findings] == ["warning"] * 100 + ["error"]


@given(st.fixed_dictionaries({}, optional={"geometry": JSON, "bbox": JSON}))
def test_any_json_has_a_verdict(item: dict[str, Any]) -> None:
    assert all(isinstance(finding, Finding) for finding in CLIMATE(item))


NUMBER = st.floats() | st.integers() | st.sampled_from([0, 1, -180, 180, 90, -90, True, None, "1"])
POSITION = st.lists(NUMBER, min_size=1, max_size=4)
NESTED = st.recursive(POSITION, lambda inner: st.lists(inner, max_size=5), max_leaves=12)
KINDS = [
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
]
GEOMETRY = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(KINDS), "coordinates": NESTED}),
    lambda inner: st.fixed_dictionaries(
        {"type": st.just("GeometryCollection"), "geometries": st.lists(inner, max_size=3)}
    ),
    max_leaves=3,
)


@given(GEOMETRY, st.none() | st.lists(NUMBER, max_size=7))
def test_anything_like_a_geometry_has_a_verdict(geometry: Any, bbox: Any) -> None:
    for check in (CLIMATE, SCENES):
        assert all(finding.check in ("geometry", "bbox") for finding in found(geometry, bbox, check))
