"""Normal geometries: however longitudes are counted, and whatever is wrong with them."""

from __future__ import annotations

import math
import warnings
from random import Random
from typing import Any

import antimeridian
import pytest
import shapely

from catalogue.positions import DEPTH_MAX, POSITIONS_MAX
from catalogue.shapes import box, is_rectangle, normal
from tests.support.corpus import geometry as odd_geometry

Json = dict[str, Any]
WORLD = shapely.box(-180, -90, 180, 90)


def polygon(*corners: tuple[float, float], holes: tuple[list[Any], ...] = ()) -> Json:
    return {"type": "Polygon", "coordinates": [[*map(list, corners), list(corners[0])], *holes]}


def rectangle(west: float, south: float, east: float, north: float, *, clockwise: bool = False) -> Json:
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return polygon(*([corners[0], *corners[:0:-1]] if clockwise else corners))


def of(kind: str, *coordinates: Any) -> Json:
    return {"type": kind, "coordinates": list(coordinates)}


def same(found: Any, *boxes: tuple[float, float, float, float]) -> bool:
    wanted = shapely.union_all([shapely.box(*one) for one in boxes])
    return found is not None and bool(shapely.equals(found, wanted))


@pytest.mark.parametrize(
    ("written", "boxes"),
    [
        (rectangle(-180, -90, 180, 90), [(-180, -90, 180, 90)]),
        (rectangle(0, -90, 360, 90), [(-180, -90, 180, 90)]),
        (rectangle(0, -90, 360, 90, clockwise=True), [(-180, -90, 180, 90)]),
        (rectangle(-180, -90, 540, 90), [(-180, -90, 180, 90)]),
        (rectangle(-179, -89, 179, 89), [(-179, -89, 179, 89)]),
        (rectangle(0, -90, 358.75, 90), [(0, -90, 180, 90), (-180, -90, -1.25, 90)]),
        (rectangle(350, 0, 370, 5), [(-10, 0, 10, 5)]),
        (rectangle(190, 0, 200, 5), [(-170, 0, -160, 5)]),
        (rectangle(-200, 0, -190, 5), [(160, 0, 170, 5)]),
        (rectangle(170, -5, 190, 5), [(170, -5, 180, 5), (-180, -5, -170, 5)]),
        (rectangle(170, -5, -170, 5), [(170, -5, 180, 5), (-180, -5, -170, 5)]),
        (rectangle(170, 0, 180, 5), [(170, 0, 180, 5)]),
        (rectangle(180, 0, 190, 5), [(-180, 0, -170, 5)]),
        (polygon((170, 0), (-170, 0), (-170, 5), (175, 5), (170, 5)), [(170, 0, 180, 5), (-180, 0, -170, 5)]),
        (polygon((170, 0), (190, 0), (190, 5), (175, 5), (170, 5)), [(170, 0, 180, 5), (-180, 0, -170, 5)]),
        (polygon((-179, 0), (0, 0), (179, 0), (179, 5), (-179, 5)), [(-179, 0, 179, 5)]),
        (polygon((0, -60), (120, -60), (-120, -60)), [(-180, -90, 180, -60)]),
        (polygon((0, 60), (-120, 60), (120, 60)), [(-180, 60, 180, 90)]),
        (polygon((0, 60), (120, 60), (240, 60)), [(-180, 60, 180, 90)]),
        (rectangle(0, -100, 10, 100), [(0, -90, 10, 90)]),
        (of("MultiPolygon", *(rectangle(x, 0, x + 5, 5)["coordinates"] for x in (0, 5))), [(0, 0, 10, 5)]),
        ({"type": "GeometryCollection", "geometries": [rectangle(0, 0, 5, 5), of("Point", 1, 1)]}, [(0, 0, 5, 5)]),
    ],
)  # fmt: skip
def test_areas(written: Json, boxes: list[tuple[float, float, float, float]]) -> None:
    found = normal(written)
    assert found is not None
    assert same(found, *boxes)
    assert is_rectangle(found) is (len(boxes) == 1)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (of("Point", 350, 10, 3), "POINT (-10 10)"),
        (of("Point", 180, 90), "POINT (180 90)"),
        (of("Point", -180, 90), "POINT (-180 90)"),
        (of("Point", 540, 0), "POINT (-180 0)"),
        (of("MultiPoint", [350, 10], [0, 91]), "POINT (-10 10)"),
        (of("LineString", [170, 0], [-170, 10]), "MULTILINESTRING ((170 0, 180 5), (-180 5, -170 10))"),
        (of("LineString", [170, 0], [190, 10]), "MULTILINESTRING ((170 0, 180 5), (-180 5, -170 10))"),
        (of("LineString", [-180, 0], [180, 0]), "LINESTRING (-180 0, 180 0)"),
        (of("LineString", [180, 0], [180, 9]), "LINESTRING (180 0, 180 9)"),
        (of("LineString", [0, 80], [0, 100]), "LINESTRING (0 80, 0 90)"),
        (of("LineString", [1, 2], [1, 2]), "POINT (1 2)"),
        (polygon((1, 2), (1, 2), (1, 2)), "POINT (1 2)"),
        (polygon((0, 0), (5, 5), (10, 10)), "LINESTRING (0 0, 10 10)"),
        (of("Polygon", [[0, 0], [9, 9], [0, 0]]), "LINESTRING (0 0, 9 9)"),
        (rectangle(7, 7, 7, 9), "LINESTRING (7 7, 7 9)"),
        (rectangle(7, 7, 7, 7), "POINT (7 7)"),
        (polygon((0, 0), (6, 6), (6, 0), (0, 6)), "MULTIPOLYGON (((0 0, 3 3, 0 6, 0 0)), ((6 0, 6 6, 3 3, 6 0)))"),
        (of("MultiLineString", [[0, 0], [1, 1]], [[5, 5], [6, 6]]), "MULTILINESTRING ((0 0, 1 1), (5 5, 6 6))"),
    ],
)  # fmt: skip
def test_points_lines_and_what_is_left_of_areas(written: Json, text: str) -> None:
    found = normal(written)
    assert found is not None
    assert found.is_valid
    assert shapely.equals(found, shapely.from_wkt(text)), found


def test_holes_stay_holes() -> None:
    hole = [[-179, -1], [-178, -1], [-178, 1], [-179, 1], [-179, -1]]
    found = normal({"type": "Polygon", "coordinates": [rectangle(170, -9, -170, 9)["coordinates"][0], hole]})
    assert found is not None
    assert found.area == 20 * 18 - 2
    ring = normal(polygon((0, 60), (120, 60), (-120, 60), holes=([[0, 80], [120, 80], [-120, 80], [0, 80]],)))
    assert same(ring, (-180, 60, 180, 80))


def test_what_its_owner_says_of_the_antimeridian_counts() -> None:
    clockwise = rectangle(-179, -80, 179, 80, clockwise=True)
    narrow = ((-180, -80, -179, 80), (179, -80, 180, 80))
    assert same(normal(clockwise), *narrow)
    assert same(normal(clockwise, [-179, -80, 179, 80]), (-179, -80, 179, 80))
    assert same(normal(clockwise, ["a", None, 179, 80]), *narrow)
    assert same(normal(rectangle(-179, -80, 179, 80), (179, -80, 0, -179, 80, 9)), *narrow)


@pytest.mark.parametrize(
    "nothing",
    [
        None, {}, {"type": "Point"}, of("Point"), of("Polygon"), of("Polygon", []), of("MultiPolygon"),
        of("LineString"),
        {"type": []}, {"type": "Nonsense", "coordinates": [1, 2]}, of("Point", "1", 2), of("Point", True, 2),
        of("Point", 10**400, 2), of("Point", math.nan, 2), of("Point", math.inf, 2), of("Point", 1),
        of("Point", 1e9, 1),
        of("Point", 1, 95), of("LineString", 1, 2), of("LineString", [1, 2], {}), of("Polygon", [[1], [2], [3], [1]]),
        {"type": "GeometryCollection"}, {"type": "GeometryCollection", "geometries": [7]},
        {"type": "Polygon", "coordinates": 7},
        {"type": "MultiPolygon", "coordinates": {"a": 1}}, "POINT (1 2)", rectangle(0, 91, 5, 95),
    ],
)  # fmt: skip
def test_what_is_no_geometry_is_none(nothing: Any) -> None:
    assert normal(nothing) is None


def test_the_large_and_the_deep_end_soon() -> None:
    rng = Random(1)
    many = [[rng.uniform(-180, 180), rng.uniform(-90, 90)] for _ in range(POSITIONS_MAX - 200)]
    intricate = normal({"type": "Polygon", "coordinates": [[*many, many[0]]]})
    assert intricate is not None
    assert is_rectangle(intricate)
    too_large = of("MultiPoint", *many, *many)
    assert normal(too_large) is None
    assert same(normal(too_large, [0, 0, 5, 5]), (0, 0, 5, 5))
    assert normal(too_large, [0, 9, 5, 5]) is None
    deep = of("Point", 1, 1)
    for _ in range(DEPTH_MAX):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    assert normal(deep) == shapely.Point(1, 1)
    assert normal({"type": "GeometryCollection", "geometries": [deep]}) is None


@pytest.mark.parametrize("seed", range(5))
def test_normal_ones_are_valid_and_stay_as_they_are(seed: int) -> None:
    rng = Random(seed)
    for _ in range(150):
        found = normal(odd_geometry(rng))
        if found is None:
            continue
        assert found.is_valid
        assert not found.is_empty
        assert WORLD.covers(found)
        again = normal(shapely.geometry.mapping(found))
        assert again is not None
        assert shapely.hausdorff_distance(found, again) < 1e-9
        assert found.area == pytest.approx(again.area)
        if isinstance(found, shapely.Polygon):
            assert found.exterior.is_ccw


@pytest.mark.parametrize("seed", range(3))
def test_convex_areas_are_cut_as_the_package_antimeridian_does(seed: int) -> None:
    rng, crossing = Random(seed), 0
    for _ in range(100):
        x, y, width = rng.randint(140, 220), rng.randint(-60, 60), rng.randint(1, 25)
        ring = [
            ((x + width * math.cos(angle) + 180) % 360 - 180, y + width * math.sin(angle))
            for angle in sorted(rng.uniform(0, 2 * math.pi) for _ in range(8))
        ]
        written = polygon(*ring)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", antimeridian.FixWindingWarning)
            theirs = shapely.geometry.shape(antimeridian.fix_shape(written, great_circle=False))
        if not shapely.geometry.shape(written).equals(theirs) and theirs.is_valid and theirs.area < 3000:
            ours = normal(written)
            assert ours is not None
            assert ours.symmetric_difference(theirs).area < 1e-4  # it rounds
            crossing += ours.geom_type == "MultiPolygon"
    assert crossing > 10


@pytest.mark.parametrize(
    ("asked", "boxes"),
    [
        ((170, -5, -170, 5), [(170, -5, 180, 5), (-180, -5, -170, 5)]),
        ((350, 0, 10, 5), [(-10, 0, 10, 5)]), ((350, 0, 360, 5), [(-10, 0, 0, 5)]),
        ((0, 0, 360, 5), [(-180, 0, 180, 5)]), ((-180, -90, 180, 90), [(-180, -90, 180, 90)]),
        ((-360, 0, 360, 5), [(-180, 0, 180, 5)]), ((300, 0, -170, 1), [(-60, 0, 180, 1), (-180, 0, -170, 1)]),
        ((-10, -20, 30, 40), [(-10, -20, 30, 40)]), ((170, 0, 190, 1), [(170, 0, 180, 1), (-180, 0, -170, 1)]),
    ],
)  # fmt: skip
def test_boxes(
    asked: tuple[float, float, float, float], boxes: list[tuple[float, float, float, float]]
) -> None:
    assert same(box(*asked), *boxes)


def test_boxes_without_area() -> None:
    assert box(5, 5, 5, 5) == shapely.Point(5, 5)
    assert box(5, 5, 5, 6) == shapely.LineString([(5, 5), (5, 6)])
    assert box(-180, 1, 180, 1) == shapely.LineString([(-180, 1), (180, 1)])
    assert not is_rectangle(box(5, 5, 5, 6))


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ((0, 10, 5, 5), "north"), ((0, -91, 5, 5), "southern"), ((0, 0, 5, 90.1), "northern"),
        ((-361, 0, 5, 5), "western"), ((0, 0, 361, 5), "eastern"), ((math.nan, 0, 1, 1), "finite"),
        ((0, 0, math.inf, 1), "finite"),
    ],
)  # fmt: skip
def test_impossible_boxes(asked: tuple[float, float, float, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        box(*asked)
