"""A geometry whose positions are all on Earth: lines and polygons drawn soundly, and its bounding box."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from checks import boxes, rings
from checks.boxes import Box, Spans
from checks.polygons import invalid
from checks.positions import NUMBERS, Part
from schemas.explain import excerpt
from stream.errors import Finding

CHECK = "geometry"


def drawn(parts: list[Part], box: Box | None, bbox: Any) -> Iterator[Finding]:
    """What is wrong with the lines and polygons, and with the box around them (`bbox` None: not looked at)."""
    crosses = box is not None and box.crosses
    polygons: list[Part] = []
    spans: Spans = []
    polar = False
    for part in parts:
        jump = _first_jump(part, crosses)
        if jump is not None:
            yield jump
        shown = part if jump is None else _unrolled(part)
        exterior = shown.lines[0]
        if part.kind == "Polygon":
            if exterior.xs[0] == exterior.xs[-1]:
                polygons.append(shown)
            else:  # it goes round a pole, and so once round the globe
                polar = True
        elif part.kind == "LineString" and len({*zip(exterior.xs, exterior.ys, strict=True)}) == 1:
            place = excerpt(exterior.positions[0])
            yield Finding(CHECK, part.pointer, "The line has the same position throughout.", place)
        # Where no box says that the part crosses the antimeridian, the box was made of the longitudes as they are.
        spans += _spans(shown if crosses else part, box)
    for _, group in groupby(polygons, lambda polygon: polygon.pointer.rpartition("/")[0]):
        yield from invalid(list(group))
    if box is not None and bbox is not None and not polar:
        south = min([part.lines[0].south for part in parts])
        north = max([part.lines[0].north for part in parts])
        yield from boxes.misplaced(box, bbox, spans, south, north)
        if box.heights is not None:
            yield from _too_high(parts, box.heights, bbox)


def _first_jump(part: Part, crosses: bool) -> Finding | None:
    if part.kind != "Points":
        for line in part.lines:
            if line.east - line.west > 180:
                edge = rings.jump(line, crosses)
                if edge is not None:
                    return rings.uncut(line, edge)
    return None


def _unrolled(part: Part) -> Part:
    """The part without jumps of longitude, its holes on the side of its exterior."""
    exterior = part.lines[0].moved(rings.unwrapped(part.lines[0].xs))
    lines = [exterior]
    for line in part.lines[1:]:
        hole = line.moved(rings.unwrapped(line.xs))
        turn = 360 * round((exterior.west + exterior.east - hole.west - hole.east) / 720)
        lines.append(hole.moved([x + turn for x in hole.xs]) if turn else hole)
    return Part(part.kind, part.pointer, lines)


def _spans(part: Part, box: Box | None) -> Spans:
    line = part.lines[0]
    whole = (line.west, line.east)
    if part.kind != "Points" or box is None or boxes.fitted(box, whole) is not None:
        return [whole]
    return [(x, x) for x in {*line.xs}]  # points may lie on both sides of where the counting begins


def _too_high(parts: list[Part], heights: tuple[float, float], bbox: Any) -> Iterator[Finding]:
    lower, upper = heights
    for part in parts:
        for line in part.lines:
            for place, position in enumerate(line.positions):
                height: Any = position[2] if len(position) > 2 else None
                if type(height) in NUMBERS and not lower <= height <= upper:
                    message = f"`bbox` must contain the geometry, which has the height {height}."
                    yield Finding(boxes.CHECK, boxes.POINTER, message, bbox, line.at(place))
                    return
