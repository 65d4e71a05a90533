"""From a GeoJSON geometry to its points, lines and polygons, with the JSON pointer of each.

What is not of the right shape ends the reading: the STAC core check names that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

POSITIONS_MAX = 100_000  # of one geometry
LINES_MAX = 1_000  # lines and rings; each costs some 50 us beside its positions
RING_POSITIONS_MIN = 4
DEPTH_MAX = 8  # of collections within collections
NUMBERS = frozenset((int, float))
_PARTS_OF = {"MultiLineString": "LineString", "MultiPolygon": "Polygon"}


class Malformed(Exception):
    """The geometry is not of the shape that its type says."""


class TooLarge(Exception):
    """The geometry has more than is looked at, or lies too deep."""


@dataclass(slots=True)
class Line:
    """Positions of a line, a ring, or points, as longitudes `xs` and latitudes `ys`, with their extremes.

    `own`: it is the one position of a Point, whose pointer has no index.
    """

    pointer: str
    positions: list[list[Any]]
    xs: list[Any]
    ys: list[Any]
    west: Any
    south: Any
    east: Any
    north: Any
    own: bool = False

    def at(self, index: int) -> str:
        """The pointer of one position."""
        return self.pointer if self.own else f"{self.pointer}/{index}"

    def moved(self, xs: list[Any]) -> Line:
        """The same with other longitudes."""
        return Line(self.pointer, self.positions, xs, self.ys, min(xs), self.south, max(xs), self.north)


@dataclass(slots=True)
class Part:
    """`Points`, a `LineString` or a `Polygon`, whose first line is its exterior ring and whose others are holes."""

    kind: str
    pointer: str
    lines: list[Line]


def parts(geometry: dict[str, Any]) -> list[Part]:
    """The parts of a geometry of any type. Malformed or TooLarge, whichever is met first."""
    found: list[Part] = []
    lines = positions = 0
    for part in _parts(geometry, "/geometry", 0):
        lines += len(part.lines)
        positions += sum([len(line.positions) for line in part.lines])
        if lines > LINES_MAX or positions > POSITIONS_MAX:
            raise TooLarge
        found.append(part)
    return found


def _parts(geometry: Any, pointer: str, depth: int) -> Iterator[Part]:
    if type(geometry) is not dict:
        raise Malformed
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        if depth == DEPTH_MAX:
            raise TooLarge
        for index, member in enumerate(_list(geometry.get("geometries"))):
            yield from _parts(member, f"{pointer}/geometries/{index}", depth + 1)
        return
    coordinates, pointer = _list(geometry.get("coordinates")), f"{pointer}/coordinates"
    if kind in ("Polygon", "LineString", "Point"):
        yield _part(kind, coordinates, pointer)
    elif kind == "MultiPoint":
        if coordinates:
            yield Part("Points", pointer, [_line(coordinates, pointer)])
    elif type(kind) is str and kind in _PARTS_OF:
        for index, member in enumerate(coordinates):
            yield _part(_PARTS_OF[kind], _list(member), f"{pointer}/{index}")
    else:
        raise Malformed


def _part(kind: str, coordinates: list[Any], pointer: str) -> Part:
    if kind == "Point":
        return Part("Points", pointer, [_line([coordinates], pointer, own=True)])
    if kind == "LineString":
        return Part(kind, pointer, [_line(coordinates, pointer)])
    if len(coordinates) > LINES_MAX:
        raise TooLarge
    if {*map(type, coordinates)} != {list} or min(map(len, coordinates)) < RING_POSITIONS_MIN:
        raise Malformed
    return Part(kind, pointer, [_line(ring, f"{pointer}/{place}") for place, ring in enumerate(coordinates)])


def _line(positions: list[Any], pointer: str, *, own: bool = False) -> Line:
    if len(positions) > POSITIONS_MAX:
        raise TooLarge
    if {*map(type, positions)} != {list} or min(map(len, positions)) < 2:
        raise Malformed
    xs, ys = [position[0] for position in positions], [position[1] for position in positions]
    if not {*map(type, xs), *map(type, ys)} <= NUMBERS:
        raise Malformed
    return Line(pointer, positions, xs, ys, min(xs), min(ys), max(xs), max(ys), own)


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise Malformed
    return value
