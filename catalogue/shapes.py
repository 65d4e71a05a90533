"""Geometries as they are compared: normal ones, in the plane of longitudes -180 to 180 and latitudes -90 to 90.

Both a record's geometry and that of a search are made normal in the same way, and then compared in the plane as
OGC 06-103r4 has it. A normal geometry has two dimensions, is valid, not empty, and its exteriors go counter-clockwise.
`catalogue.globe` says how longitudes are read. The two edges of the plane are one meridian, yet not joined: what
crosses it lies at both, but what ends on 180 does not touch what begins on -180.

Nothing is rounded, only moved by whole turns. A ring of no area is the line or the point that it covers. What lies
beyond a pole is left out. What is too intricate to be compared is its bounding box, and what is too large the one that
its owner gives: found too often rather than never.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from catalogue import globe
from catalogue.positions import LEAST_DEG, MOST_DEG, NUMBERS, TooLarge, Unusable, parts_of


def normal(geometry: Mapping[str, Any] | None, bbox: Sequence[Any] | None = None) -> BaseGeometry | None:
    """The normal form of any GeoJSON geometry; None for null, for an empty one, and for what is none.

    `bbox` is the box that its owner gives it: where west is greater than east, it crosses the antimeridian.
    """
    if not isinstance(geometry, Mapping):
        return None
    crosses = _crosses(bbox)
    found = _rectangle(geometry, crosses)
    if found is not None:
        return found
    try:
        return _joined(list(parts_of(geometry, crosses)))
    except TooLarge:
        return _boxed(bbox)
    except Unusable:
        return None


def box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """The normal form of a bounding box; it crosses the antimeridian where west is greater than east.

    ValueError, with a sentence, for a box that there cannot be.
    """
    if not all(math.isfinite(edge) for edge in (west, south, east, north)):
        raise ValueError("The edges of a bounding box must be finite numbers.")
    for name, longitude in (("western", west), ("eastern", east)):
        if not -360 <= longitude <= 360:
            raise ValueError(f"The {name} edge of a bounding box must be from -360 to 360, not {longitude}.")
    for name, latitude in (("southern", south), ("northern", north)):
        if not -90 <= latitude <= 90:
            raise ValueError(f"The {name} edge of a bounding box must be from -90 to 90, not {latitude}.")
    if south > north:
        raise ValueError(
            f"The southern edge of a bounding box, {south}, is north of its northern one, {north}."
        )
    while east < west:  # at most twice
        east += 360
    return _spread(float(west), float(south), float(east), float(north))


def is_rectangle(shape: BaseGeometry) -> bool:
    """Whether a normal geometry is all of its bounding box, and that has an area."""
    if shape.geom_type != "Polygon" or shapely.get_num_interior_rings(shape):
        return False
    west, south, east, north = shape.bounds
    corners = {(west, south), (west, north), (east, south), (east, north)}
    positions = shapely.get_coordinates(shape).tolist()
    on_edge = all(x in (west, east) or y in (south, north) for x, y in positions)
    return on_edge and corners <= {(x, y) for x, y in positions}


def _boxed(bbox: Sequence[Any] | None) -> BaseGeometry | None:
    if bbox is None or len(bbox) not in (4, 6) or not {*map(type, bbox)} <= NUMBERS:
        return None
    half = len(bbox) // 2
    try:
        return box(*bbox[:2], *bbox[half : half + 2])
    except (ValueError, OverflowError):
        return None


def _crosses(bbox: Sequence[Any] | None) -> bool | None:
    if bbox is None or len(bbox) not in (4, 6):
        return None
    west, east = bbox[0], bbox[len(bbox) // 2]
    return west > east if type(west) in NUMBERS and type(east) in NUMBERS else None


def _rectangle(geometry: Mapping[str, Any], crosses: bool | None) -> BaseGeometry | None:
    """The quick way for what nearly all climate data have; None where the geometry is anything else."""
    if geometry.get("type") != "Polygon":
        return None
    try:
        (((x0, y0), (x1, y1), (x2, y2), (x3, y3), (x4, y4)),) = geometry["coordinates"]
    except (KeyError, TypeError, ValueError):
        return None
    if not {*map(type, (x0, y0, x1, y1, x2, y2, x3, y3, x4, y4))} <= NUMBERS:
        return None
    if x0 == x3 == x4 and x1 == x2 and y0 == y1 == y4 and y2 == y3:
        left_round = (x1 > x0) == (y2 > y0)
    elif x0 == x1 == x4 and x2 == x3 and y0 == y3 == y4 and y1 == y2:
        left_round = (x2 > x0) != (y2 > y0)
    else:
        return None
    west, east, south, north = (x0, x2, y0, y2) if x0 < x2 else (x2, x0, y0, y2)
    if south > north:
        south, north = north, south
    if not (west >= LEAST_DEG and east <= MOST_DEG and -90 <= south <= north <= 90):
        return None
    if 180 < east - west < 360 and (crosses or (crosses is None and not left_round)):
        west, east = east, west + 360
    return _spread(float(west), float(south), float(east), float(north))


@lru_cache(maxsize=4096)
def _spread(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """The rectangle from west to east, which is greater or equal, in the plane."""
    if east - west >= 360:
        west, east = -180.0, 180.0
    elif not (west >= -180 and east <= 180):
        turn = 360.0 * math.floor((west + 180) / 360)
        west, east = west - turn, east - turn
    spans = [(west, east)] if east <= 180 else [(west, 180.0), (-180.0, east - 360)]
    shapes = [
        globe.mended(shapely.LineString(((a, south), (b, north))))  # a point, where both are none
        if a == b or south == north
        else shapely.box(a, south, b, north)
        for a, b in spans
    ]
    return shapes[0] if len(shapes) == 1 else _oriented(shapely.union_all(shapes))


def _joined(parts: list[BaseGeometry]) -> BaseGeometry | None:
    parts = [part for part in parts if not part.is_empty]
    if not parts:
        return None
    return _oriented(globe.united(parts))


def _oriented(shape: BaseGeometry) -> BaseGeometry:
    return shapely.orient_polygons(shape) if shapely.get_dimensions(shape) == 2 else shape
