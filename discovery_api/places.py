"""Where a search looks: `bbox`, `intersects`, and the geometries of filters."""

from __future__ import annotations

from typing import Any

from shapely.geometry.base import BaseGeometry

from catalogue.filters import Filter, Relation, Spatial
from catalogue.positions import DEPTH_MAX, LEAST_DEG, MOST_DEG, POSITIONS_MAX
from catalogue.shapes import box, normal
from discovery_api.refusals import malformed, shown

# Of every type but the collection: how deep its positions lie in lists, and how many make a line of it.
TYPES = {
    "Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3,
}  # fmt: skip
LINE_MIN, RING_MIN = 2, 4
NUMBER_MAX = 1e9  # of heights, too


def read_bbox(numbers: Any) -> Filter:
    """Records within or at a box: west, south, east, north, or with heights (not looked at) six numbers.

    Refused (malformed-query) for a box that there cannot be. West may be greater than east: over the antimeridian.
    """
    try:
        return Spatial(Relation.INTERSECTS, shape_of_box(numbers))
    except ValueError as error:
        raise malformed("bbox", f"cannot be read: {error}") from error


def read_intersects(geojson: Any) -> Filter:
    """Records that share a place with a GeoJSON geometry of any type. Refused (malformed-query) for impossible ones."""
    try:
        return Spatial(Relation.INTERSECTS, shape_of_geometry(geojson))
    except ValueError as error:
        raise malformed("intersects", f"cannot be read: {error}") from error


def shape_of_box(numbers: Any) -> BaseGeometry:
    """The normal form of a box. ValueError, with a sentence."""
    if (
        not isinstance(numbers, list | tuple)
        or len(numbers) not in (4, 6)
        or not all(map(_is_number, numbers))
    ):
        raise ValueError("a box has four finite numbers (west, south, east, north), or six with heights")
    middle = len(numbers) // 2
    if len(numbers) == 6 and numbers[2] > numbers[5]:
        raise ValueError("the lowest height of the box is above the highest")
    return box(numbers[0], numbers[1], numbers[middle], numbers[middle + 1])


def shape_of_geometry(geometry: Any) -> BaseGeometry:
    """The normal form of a GeoJSON geometry. ValueError, with a sentence, for what is none."""
    _check(geometry, 0, [POSITIONS_MAX])
    found = normal(geometry)
    if found is None:
        raise ValueError("the geometry has no place on the Earth")
    return found


def _check(geometry: Any, depth: int, left: list[int]) -> None:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection":
        members = geometry.get("geometries")
        if not isinstance(members, list) or not members:
            raise ValueError('a GeometryCollection has a list of "geometries"')
        if depth >= DEPTH_MAX:
            raise ValueError(f"collections are at most {DEPTH_MAX} deep")
        _take(left, len(members))
        for member in members:
            _check(member, depth + 1, left)
        return
    if not isinstance(kind, str) or kind not in TYPES:
        raise ValueError(f"a geometry is of a type of GeoJSON: {', '.join([*TYPES, 'GeometryCollection'])}")
    _coordinates(kind, geometry.get("coordinates"), TYPES[kind], left)


def _coordinates(kind: str, value: Any, lists: int, left: list[int]) -> None:
    if lists == 0:
        _position(value)
        return
    if not isinstance(value, list) or not value:
        raise ValueError(f"the coordinates of a {kind} are lists of positions")
    _take(left, len(value))
    for each in value:
        _coordinates(kind, each, lists - 1, left)
    if lists == 1 and kind.endswith("LineString") and len(value) < LINE_MIN:
        raise ValueError(f"a line has at least {LINE_MIN} positions")
    if lists == 1 and kind.endswith("Polygon") and (len(value) < RING_MIN or value[0] != value[-1]):
        raise ValueError(f"a ring of a {kind} has at least {RING_MIN} positions, and ends where it begins")


def _position(value: Any) -> None:
    if not isinstance(value, list | tuple) or len(value) < 2 or not all(map(_is_number, value[:3])):
        raise ValueError(f"a position is a list of longitude and latitude, not {shown(repr(value)[:60])}")
    longitude, latitude = value[0], value[1]
    if not LEAST_DEG <= longitude <= MOST_DEG:
        raise ValueError(f"the longitude {shown(repr(longitude))} is not from {LEAST_DEG:g} to {MOST_DEG:g}")
    if not -90 <= latitude <= 90:
        raise ValueError(f"the latitude {shown(repr(latitude))} is not from -90 to 90")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= NUMBER_MAX


def _take(left: list[int], count: int) -> None:
    left[0] -= count
    if left[0] < 0:
        raise ValueError(f"a geometry has at most {POSITIONS_MAX} positions")
