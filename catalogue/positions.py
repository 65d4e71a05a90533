"""From a GeoJSON geometry to its points, lines and polygons, each in the plane (see `catalogue.globe`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from catalogue import globe
from catalogue.globe import Positions

POSITIONS_MAX = 100_000  # of one geometry
PART_COST = 100  # in positions
DEPTH_MAX = 8  # of collections within collections
LEAST_DEG, MOST_DEG = -360.0, 720.0  # longitudes that are read
NUMBERS = frozenset((int, float))
_SINGLE = {"MultiLineString": "LineString", "MultiPolygon": "Polygon"}


class Unusable(Exception):
    """No geometry of GeoJSON, or one with longitudes that nobody counts so."""


class TooLarge(Unusable):
    """More than is looked at."""


def parts_of(geometry: Any, crosses: bool | None) -> Iterator[BaseGeometry]:
    """Its parts. Unusable where one of them is none, or TooLarge; `crosses` as its bounding box says."""
    yield from _parts(geometry, crosses, _Budget(), 0)


class _Budget:
    """How many positions may still be read; a line, ring or part costs as much as many of them."""

    def __init__(self) -> None:
        self.left = POSITIONS_MAX

    def take(self, count: int) -> None:
        self.left -= count + PART_COST
        if self.left < 0:
            raise TooLarge


def _parts(geometry: Any, crosses: bool | None, budget: _Budget, depth: int) -> Iterator[BaseGeometry]:
    if not isinstance(geometry, Mapping) or depth > DEPTH_MAX:
        raise Unusable
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = _list(geometry.get("geometries"))
        for member in members:
            budget.take(0)
            yield from _parts(member, crosses, budget, depth + 1)
        return
    coordinates = _list(geometry.get("coordinates"))
    if kind == "Point":
        coordinates, kind = [coordinates] if coordinates else [], "MultiPoint"
    if kind == "MultiPoint":
        if coordinates:
            yield globe.points(_positions(coordinates, budget))
        return
    single = _SINGLE.get(kind) if isinstance(kind, str) else None
    for member in coordinates if single else [coordinates]:
        yield from _part(single or kind, _list(member), crosses, budget)


def _part(kind: Any, coordinates: list[Any], crosses: bool | None, budget: _Budget) -> Iterator[BaseGeometry]:
    if kind == "LineString":
        if coordinates:
            path = _positions(coordinates, budget)
            yield globe.points(path) if len(path) == 1 else globe.line(path)
    elif kind == "Polygon":
        rings = [_closed(_positions(_list(ring), budget)) for ring in coordinates if _list(ring)]
        if rings:
            yield _polygon(rings, crosses)
    else:
        raise Unusable


def _polygon(rings: list[Positions], crosses: bool | None) -> BaseGeometry:
    if all(len(ring) > 3 and globe.is_plain(ring) for ring in rings):
        holes = [shapely.linearrings(ring) for ring in rings[1:]]
        return globe.mended(shapely.polygons(rings[0], holes=holes or None))
    if len(rings[0]) < 4:
        return globe.points(rings[0][:1]) if len(rings[0]) < 3 else globe.line(rings[0])
    as_drawn = globe.is_drawn_level(rings[0], crosses)
    shell = globe.area(rings[0], as_drawn=as_drawn)
    gaps = [globe.area(ring, as_drawn=as_drawn) for ring in rings[1:] if len(ring) > 3]
    return globe.without(shell, gaps)


def _closed(ring: Positions) -> Positions:
    return ring if (ring[0] == ring[-1]).all() else np.concatenate((ring, ring[:1]))


def _positions(positions: list[Any], budget: _Budget) -> Positions:
    budget.take(len(positions))
    try:
        pairs = [(position[0], position[1]) for position in positions if type(position) in (list, tuple)]
    except IndexError:
        raise Unusable from None
    if len(pairs) < len(positions) or not {type(number) for pair in pairs for number in pair} <= NUMBERS:
        raise Unusable
    try:
        found = np.array(pairs, dtype=np.float64)
    except OverflowError:  # an integer beyond all doubles
        raise Unusable from None
    if not (np.isfinite(found).all() and found[:, 0].min() >= LEAST_DEG and found[:, 0].max() <= MOST_DEG):
        raise Unusable
    return found


def _list(value: Any) -> list[Any]:
    if type(value) not in (list, tuple):
        raise Unusable
    return value  # type: ignore[no-any-return]
