"""Polygons in the plane: rings that do not cross, holes within their exterior, parts that do not overlap.

Convex polygons that lie apart are told without GEOS, which is loaded when it is first needed: 200 ms and 30 MB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from checks.positions import Part
from checks.rings import is_convex
from stream.errors import Finding

CHECK = "geometry"
# GEOS compares the edges whose extents overlap: a pair takes some 20 ns, and 100,000 positions can have 5e9 pairs.
PAIRS_MAX = 1_000_000
PARTS_COMPARED_MAX = 30  # more are left to GEOS
PLACE = re.compile(r"(?P<why>[^\[]+)\[(?P<x>\S+) (?P<y>\S+)\]")
_REASONS = {
    "Self-intersection": "has edges that cross or overlap",
    "Ring Self-intersection": "has a ring that touches itself",
    "Hole lies outside shell": "has a hole that is not inside its exterior ring",
    "Holes are nested": "has a hole inside another hole",
    "Nested holes": "has a hole inside another hole",
    "Nested shells": "has a part inside another part",
    "Interior is disconnected": "is cut into pieces by its holes",
    "Too few points in geometry component": "has a ring with fewer than three different corners",
    "Duplicate Rings": "has the same ring twice",
}


def invalid(polygons: list[Part]) -> Iterator[Finding]:
    """What is wrong with the polygons of one Polygon or MultiPolygon, each in itself, then all together."""
    doubtful = [polygon for polygon in polygons if not _is_plain(polygon)]
    joined = _may_overlap(polygons)
    if not doubtful and not joined:
        return
    chosen = polygons if joined else doubtful
    import numpy
    import shapely

    arrays = [numpy.array((ring.xs, ring.ys), dtype=float).T for polygon in chosen for ring in polygon.lines]
    if _pairs(numpy, arrays) > PAIRS_MAX:
        message = "The geometry is too intricate to see whether its edges cross; that is not checked."
        yield Finding(CHECK, polygons[0].pointer, message, level="note")
        return
    rings = shapely.linearrings(
        numpy.concatenate(arrays), indices=numpy.repeat(range(len(arrays)), list(map(len, arrays)))
    )
    owners = numpy.repeat(range(len(chosen)), [len(polygon.lines) for polygon in chosen])
    shapes = shapely.polygons(rings, indices=owners)
    valid = shapely.is_valid(shapes)
    for polygon, shape, good in zip(chosen, shapes, valid, strict=True):
        if not good:
            yield _finding(polygon.pointer, str(shapely.is_valid_reason(shape)), "polygon")
    if joined and valid.all() and not shapely.is_valid(whole := shapely.multipolygons(shapes)):
        pointer = polygons[0].pointer.rpartition("/")[0]
        yield _finding(pointer, str(shapely.is_valid_reason(whole)), "MultiPolygon")


def _is_plain(polygon: Part) -> bool:
    return len(polygon.lines) == 1 and is_convex(polygon.lines[0].xs, polygon.lines[0].ys)


def _may_overlap(polygons: list[Part]) -> bool:
    if len(polygons) > PARTS_COMPARED_MAX:
        return True
    shells = [polygon.lines[0] for polygon in polygons]
    return any(
        a.west <= b.east and b.west <= a.east and a.south <= b.north and b.south <= a.north
        for a, b in combinations(shells, 2)
    )


def _pairs(numpy: Any, rings: list[Any]) -> int:
    """An upper bound of the pairs of edges whose extents overlap: in longitude or latitude, whichever has fewer."""
    bounds = []
    for axis in (0, 1):
        heads = numpy.concatenate([ring[:-1, axis] for ring in rings])
        tails = numpy.concatenate([ring[1:, axis] for ring in rings])
        low, high = numpy.minimum(heads, tails), numpy.sort(numpy.maximum(heads, tails))
        # Of all pairs, those lie apart of which one ends before the other begins.
        apart = numpy.searchsorted(high, low, side="left").sum()
        bounds.append(len(low) * (len(low) - 1) // 2 - int(apart))
    return min(bounds)


def _finding(pointer: str, said: str, noun: str) -> Finding:
    match = PLACE.match(said)
    if match is None:
        return Finding(CHECK, pointer, f"The {noun} is invalid: {said}.")
    why, x, y = match["why"], float(match["x"]), float(match["y"])
    reason = _REASONS.get(why, f"is invalid ({why})")
    return Finding(CHECK, pointer, f"The {noun} {reason}, at longitude {x:g} and latitude {y:g}.", [x, y])
