"""Rings and lines: closed, convex or not, and cut where they meet the antimeridian (RFC 7946, 3.1.6, 3.1.9)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from checks.positions import Line, Part
from stream.errors import Finding

CHECK = "geometry"
FLAT = 1e-9  # the least turn between two edges, relative to their lengths, that rounding cannot have made


def unclosed(part: Part) -> Iterator[Finding]:
    """Rings whose last position is not their first."""
    for line in part.lines:
        first, last = line.positions[0], line.positions[-1]
        if first != last:
            message = "The ring is not closed: its last position must be equal to its first."
            yield Finding(CHECK, line.at(len(line.positions) - 1), message, last, first)


def jump(line: Line, crosses: bool) -> int | None:
    """The index of the first edge that goes more than half round the globe.

    An edge along a parallel may do so (that is how global data are drawn), unless the bounding box `crosses` the
    antimeridian.
    """
    xs, ys = line.xs, line.ys
    for index, (here, there) in enumerate(pairwise(xs)):
        if abs(there - here) > 180 and (crosses or ys[index] != ys[index + 1]):
            return index
    return None


def uncut(line: Line, edge: int) -> Finding:
    """The finding about an edge that jumps."""
    here, there = line.xs[edge], line.xs[edge + 1]
    message = (
        f"The edge from longitude {here} to {there} goes more than half round the globe: "
        "a geometry that crosses the antimeridian is to be cut there (RFC 7946, 3.1.9)."
    )
    return Finding(CHECK, line.at(edge), message, [here, there], level="warning")


def unwrapped(xs: list[Any]) -> list[Any]:
    """Longitudes without jumps: each within 180 degrees of the one before."""
    turns, found = 0, xs[:1]
    for here, there in pairwise(xs):
        if abs(there - here) > 180:
            turns += -360 if there > here else 360
        found.append(there + turns)
    return found


def is_convex(xs: list[Any], ys: list[Any]) -> bool:
    """Whether a closed ring turns to one side only, and once round: such a ring never meets itself."""
    edges = [(xs[i + 1] - xs[i], ys[i + 1] - ys[i]) for i in range(len(xs) - 1)]
    if len(edges) < 3:
        return False
    side, reversals = 0, 0
    (dx, dy), heading = edges[-1], 0
    for ex, ey in edges:
        turn = dx * ey - dy * ex
        if not abs(turn) > FLAT * (abs(dx) + abs(dy)) * (abs(ex) + abs(ey)):
            return False
        now = 1 if turn > 0 else -1
        if side and now != side:
            return False
        side, (dx, dy) = now, (ex, ey)
        east = (ex > 0) - (ex < 0)
        if east and heading and east != heading:
            reversals += 1
        heading = east or heading
    return reversals <= 2
