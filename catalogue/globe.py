"""From rings and lines on the globe to the plane of degrees: longitudes -180 to 180, latitudes -90 to 90.

Longitudes may be counted from anywhere. Two positions more than 180 and less than 360 degrees of longitude apart are
joined the short way, over the edge of the counting; those a whole turn or more apart as they are drawn. A ring that
comes back a turn further on goes round a pole: it encloses the one that it comes nearer to. What lies over the edge of
the plane is cut there and shown at the other side.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Positions = NDArray[np.float64]  # (n, 2): longitude, latitude
TURN = 360.0
WIDEST_DEG = 3 * TURN  # what goes further round is a spiral, and taken as it is drawn
PAIRS_MAX = 10_000_000  # of edges whose extents overlap: GEOS compares each, in some 20 ns
FEW = 30  # positions that cannot have too many
PAIRS_COUNTED_MAX = 500_000  # some 1 us each
CROSSINGS_MAX = 1_000  # of edges, which make a shape that GEOS has to put together anew: up to 100 us each


def is_plain(positions: Positions) -> bool:
    """Whether all is within the plane, and no two neighbours are joined over its edge."""
    xs, ys = positions[:, 0], positions[:, 1]
    inside = xs.min() >= -180 and xs.max() <= 180 and ys.min() >= -90 and ys.max() <= 90
    return bool(inside and (xs.max() - xs.min() <= 180 or not _jumps(xs).any()))


def is_drawn_level(ring: Positions, crosses: bool | None) -> bool:
    """Whether the long edges of a ring are meant as they are drawn, because all of them go along a parallel.

    That is how global data are drawn that leave a gap where the counting begins. An item's box says whether it
    `crosses` the edge; where there is none (None), the exterior goes counter-clockwise round what is meant.
    """
    jumps = _jumps(ring[:, 0])
    if crosses or not bool((ring[:-1, 1] == ring[1:, 1])[jumps].all()):
        return False
    return crosses is False or bool(shapely.is_ccw(shapely.linearrings(ring)))


def area(ring: Positions, *, as_drawn: bool) -> BaseGeometry:
    """What a closed ring encloses, in the plane: polygons, or what is left of them where they have no area."""
    xs, turns = (ring[:, 0], 0) if as_drawn else _unrolled(ring[:, 0])
    path = np.column_stack((xs, ring[:, 1]))
    if turns:
        pole = 90.0 if path[:, 1].max() >= -path[:, 1].min() else -90.0
        path = np.concatenate((path, [(path[-1, 0], pole), (path[0, 0], pole), path[0]]))
    if len(path) < 4:
        return line(ring)
    shape = mended(shapely.polygons(path))
    west, _, east, _ = shape.bounds
    pieces = []
    for turn in _turns(west, east):
        window = shapely.box(turn - 180, -90, turn + 180, 90)
        piece = shape if shapely.covers(window, shape) else largest(shapely.intersection(shape, window))
        if not piece.is_empty:
            pieces.append(_moved(piece, turn))
    return largest(shapely.union_all(pieces)) if len(pieces) != 1 else pieces[0]


def line(positions: Positions, *, as_drawn: bool = False) -> BaseGeometry:
    """A line in the plane: several where it crosses the edge."""
    xs = positions[:, 0] if as_drawn else _unrolled(positions[:, 0])[0]
    pieces = [
        piece
        for turn in _turns(float(xs.min()), float(xs.max()))
        for piece in _between(np.column_stack((xs - turn, positions[:, 1])))
    ]
    lines = [shapely.linestrings(piece) for piece in pieces if len(piece) > 1]
    if not lines:
        return shapely.GeometryCollection()
    found = lines[0] if len(lines) == 1 else shapely.multilinestrings(lines)
    return found if shapely.is_valid(found) else shapely.make_valid(found)


def points(positions: Positions) -> BaseGeometry:
    """Points in the plane; those beyond a pole are left out."""
    inside = positions[np.abs(positions[:, 1]) <= 90].copy()
    xs = inside[:, 0]
    away = (xs < -180) | (xs > 180)
    xs[away] = (xs[away] + 180) % TURN - 180
    found = shapely.points(inside)
    return found[0] if len(found) == 1 else shapely.multipoints(found)


def mended(shape: BaseGeometry) -> BaseGeometry:
    """The shape made valid; its bounding box where it is too intricate for that."""
    many = shapely.get_num_coordinates(shape) > FEW
    if not (many and _pairs(shape) > PAIRS_MAX) and shapely.is_valid(shape):
        return shape
    if many and _is_intricate(shape):
        shape = shapely.box(*shape.bounds)
    return largest(shapely.make_valid(shape, method="structure"))


def united(shapes: list[BaseGeometry]) -> BaseGeometry:
    """All of them as one; the bounding box of all where they are too intricate for that."""
    if len(shapes) == 1:
        return shapes[0]
    together = shapely.geometrycollections(shapes)
    if _pairs(together) <= PAIRS_MAX and all(shape.geom_type == "Polygon" for shape in shapes):
        apart = shapely.multipolygons(shapes)
        if shapely.is_valid(apart):
            return apart
    return shapely.box(*together.bounds) if _is_intricate(together) else shapely.union_all(shapes)


def without(shell: BaseGeometry, holes: list[BaseGeometry]) -> BaseGeometry:
    """What the holes leave of a shell; the shell where they are too intricate."""
    if not holes or _is_intricate(shapely.geometrycollections([shell, *holes])):
        return shell
    return largest(shapely.difference(shell, shapely.union_all(holes)))


def largest(shape: BaseGeometry) -> BaseGeometry:
    """Of a mixed collection, the parts of the highest dimension."""
    if shape.geom_type != "GeometryCollection":
        return shape
    parts = shapely.get_parts(shapely.get_parts(shape))  # make_valid may put collections into collections
    if len(parts) == 0:
        return shape
    dimensions = shapely.get_dimensions(parts)
    return shapely.union_all(parts[dimensions == dimensions.max()])


def _jumps(xs: NDArray[np.float64]) -> NDArray[np.bool_]:
    steps = np.abs(np.diff(xs))
    found: NDArray[np.bool_] = (steps > 180) & (steps < TURN)
    return found


def _unrolled(xs: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Longitudes without jumps, and how often they go round: -1, 0 or 1."""
    turns = np.where(_jumps(xs), -np.sign(np.diff(xs)), 0).cumsum()
    if len(turns) == 0 or not turns.any():
        return xs, 0
    moved = xs.copy()
    moved[1:] += TURN * turns
    round_ = int(turns[-1]) if xs[0] == xs[-1] else 0
    if abs(round_) > 1 or moved.max() - moved.min() > WIDEST_DEG:
        return xs, 0
    return moved, round_


def _turns(west: float, east: float) -> list[float]:
    """The middles of the windows, a turn wide, that a span of longitudes lies in."""
    if west >= -180 and east <= 180:
        return [0.0]
    first = math.floor((west + 180) / TURN)
    return [TURN * turn for turn in range(first, max(first, math.ceil((east - 180) / TURN)) + 1)]


def _moved(shape: BaseGeometry, turn: float) -> BaseGeometry:
    """Back by a turn. An intersection may be off by a rounding error, and must not be outside."""

    def back(positions: Positions) -> Positions:
        return np.clip(positions - (turn, 0.0), (-180.0, -90.0), (180.0, 90.0))

    bounds = shape.bounds
    if turn == 0 and bounds[0] >= -180 and bounds[2] <= 180 and bounds[1] >= -90 and bounds[3] <= 90:
        return shape
    moved: Any = shapely.transform(shape, back)
    return moved if isinstance(moved, BaseGeometry) else shape


def _between(path: Positions) -> list[Positions]:
    """The runs of a path that are within the plane, cut at its edges."""
    for axis, low, high in ((0, -180.0, 180.0), (1, -90.0, 90.0)):
        for edge in (low, high):
            path = _with_corners(path, axis, edge)
    inside = (np.abs(path[:, 0]) <= 180) & (np.abs(path[:, 1]) <= 90)
    ends = np.flatnonzero(np.diff(inside)) + 1
    return [run for run, there in zip(np.split(path, ends), np.split(inside, ends), strict=True) if there[0]]


def _with_corners(path: Positions, axis: int, edge: float) -> Positions:
    """The path with a position wherever it crosses an edge."""
    here, there = path[:-1], path[1:]
    places = np.flatnonzero((here[:, axis] - edge) * (there[:, axis] - edge) < 0)
    if len(places) == 0:
        return path
    a, b = here[places], there[places]
    share = (edge - a[:, axis]) / (b[:, axis] - a[:, axis])
    corners = a + (b - a) * share[:, None]
    corners[:, axis] = edge
    return np.insert(path, places + 1, corners, axis=0)


def _is_intricate(shape: BaseGeometry) -> bool:
    """Whether so many edges meet, beside those that follow each other, that putting it together would take long."""
    if _pairs(shape) > PAIRS_COUNTED_MAX:
        return True
    positions = shapely.get_coordinates(shape)
    edges = shapely.linestrings(np.stack((positions[:-1], positions[1:]), axis=1))
    meetings = shapely.STRtree(edges).query(edges, predicate="intersects").shape[1]
    return bool(meetings - 3 * len(edges) > 2 * CROSSINGS_MAX)


def _pairs(shape: BaseGeometry) -> int:
    """An upper bound of the pairs of edges whose extents overlap: in longitude or latitude, whichever has fewer."""
    positions = shapely.get_coordinates(shape)
    heads, tails, bounds = positions[:-1], positions[1:], []
    for axis in (0, 1):
        low = np.minimum(heads[:, axis], tails[:, axis])
        high = np.sort(np.maximum(heads[:, axis], tails[:, axis]))
        apart = int(np.searchsorted(high, low, side="left").sum())  # one ends before the other begins
        bounds.append(len(low) * (len(low) - 1) // 2 - apart)
    return min(bounds)
