"""Bounding boxes (RFC 7946, 5): sound in themselves, around the geometry, and not much larger than it.

A box whose west is greater than its east crosses the antimeridian, or 0 where longitudes run to 360. The box and the
geometry may count longitudes differently: -10 is the same place as 350.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.positions import NUMBERS
from stream.errors import Finding

CHECK = "bbox"
POINTER = "/bbox"
TOLERANCE = 1e-6  # degrees
LOOSE_DEG, LOOSE_SHARE = 0.01, 0.01
GLOBAL_DEG = 350.0  # the cells of a coarse global grid leave a gap where the counting of longitudes begins
GREATEST = sys.float_info.max
Spans = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Box:
    """Degrees, and what altitudes count in; `east` is `west` or greater, beyond 180 where the box crosses."""

    west: float
    south: float
    east: float
    north: float
    heights: tuple[float, float] | None = None
    crosses: bool = False


def read(bbox: Any) -> Box | None:
    """The box, also where it makes no sense; None where it is no list of 4 or 6 finite numbers."""
    if type(bbox) is not list or len(bbox) not in (4, 6) or not set(map(type, bbox)) <= NUMBERS:
        return None
    if not (min(bbox) >= -GREATEST and max(bbox) <= GREATEST and sum(bbox) == sum(bbox)):  # not a number
        return None
    half = len(bbox) // 2
    (west, south), (east, north) = bbox[:2], bbox[half : half + 2]
    heights = (bbox[2], bbox[5]) if half == 3 else None
    return Box(west, south, east + 360 if west > east else east, north, heights, west > east)


def unsound(box: Box, bbox: list[Any], longitudes: tuple[float, float]) -> Iterator[Finding]:
    """What is wrong with the box itself."""
    half = len(bbox) // 2
    least, most = longitudes
    for place in (0, half):
        if not least <= bbox[place] <= most:
            message = f"`bbox/{place}` is a longitude and must be from {least:g} to {most:g}."
            yield Finding(CHECK, f"/bbox/{place}", message, bbox[place], [least, most])
    for place in (1, half + 1):
        if not -90 <= bbox[place] <= 90:
            message = f"`bbox/{place}` is a latitude and must be from -90 to 90."
            yield Finding(CHECK, f"/bbox/{place}", message, bbox[place], [-90, 90])
    if box.south > box.north:
        message = "`bbox` has its southern edge north of its northern edge."
        yield Finding(CHECK, POINTER, message, bbox, "[west, south, east, north]")
    if box.east - box.west > 360 + TOLERANCE:
        message = "`bbox` must not be wider than 360 degrees."
        yield Finding(CHECK, POINTER, message, bbox, "[west, south, east, north]")
    if box.heights is not None and box.heights[0] > box.heights[1]:
        message = "`bbox` has its lower height above its upper height."
        yield Finding(CHECK, POINTER, message, bbox, "[west, south, lower, east, north, upper]")


def misplaced(box: Box, bbox: list[Any], spans: Spans, south: float, north: float) -> Iterator[Finding]:
    """Where the box leaves out some of a geometry, whose parts have these spans of longitude, or is much larger."""
    if south < box.south - TOLERANCE or north > box.north + TOLERANCE:
        message = f"`bbox` must contain the geometry, whose latitudes run from {south} to {north}."
        yield Finding(CHECK, POINTER, message, bbox, [south, north])
    elif _is_loose(box.south, south, north, box.north):
        message = f"`bbox` is much larger than the geometry, whose latitudes run from {south} to {north}."
        yield Finding(CHECK, POINTER, message, bbox, [south, north], "warning")
    inside = [place for span in spans if (place := fitted(box, span)) is not None]
    west, east = min(span[0] for span in spans), max(span[1] for span in spans)
    if len(inside) < len(spans):
        if not _is_global(box, west, east):
            message = f"`bbox` must contain the geometry, whose longitudes run from {west} to {east}."
            yield Finding(CHECK, POINTER, message, bbox, [west, east])
    elif _is_loose(box.west, min(span[0] for span in inside), max(span[1] for span in inside), box.east):
        message = f"`bbox` is much larger than the geometry, whose longitudes run from {west} to {east}."
        yield Finding(CHECK, POINTER, message, bbox, [west, east], "warning")
    elif len(spans) > 1 and box.west <= TOLERANCE - 180 and box.east >= 180 - TOLERANCE:
        yield from _needless(bbox, spans)


def _needless(bbox: list[Any], spans: Spans) -> Iterator[Finding]:
    """A geometry that was cut at the antimeridian has a box round the globe, where one that crosses would do."""
    ordered = sorted(spans)
    if ordered[0][0] > -180 + TOLERANCE or max(span[1] for span in ordered) < 180 - TOLERANCE:
        return
    reach, gap = ordered[0][1], (0.0, 0.0)
    for west, east in ordered[1:]:
        if west - reach > gap[1] - gap[0]:
            gap = (reach, west)
        reach = max(reach, east)
    if gap[1] - gap[0] > LOOSE_SHARE * 360:
        message = (
            "`bbox` is much larger than the geometry, which is cut at the antimeridian: "
            f"its west is {gap[1]} and its east {gap[0]} (RFC 7946, 5.2)."
        )
        yield Finding(CHECK, POINTER, message, bbox, [gap[1], gap[0]], "warning")


def fitted(box: Box, span: tuple[float, float]) -> tuple[float, float] | None:
    """The span, moved round the globe so that the box contains it; None where it does so nowhere."""
    for turn in (0, 360, -360):
        west, east = span[0] + turn, span[1] + turn
        if box.west - TOLERANCE <= west and east <= box.east + TOLERANCE:
            return west, east
    return None


def _is_global(box: Box, west: float, east: float) -> bool:
    """Whether the box leaves out nothing, or box and geometry both go round the globe but count from elsewhere."""
    if box.east - box.west >= 360 - TOLERANCE:
        return True
    counted_alike = (box.east > 180) == (east > 180)
    return not counted_alike and box.east - box.west >= GLOBAL_DEG and east - west >= GLOBAL_DEG


def _is_loose(low: float, least: float, most: float, high: float) -> bool:
    slack = max(LOOSE_DEG, LOOSE_SHARE * (most - least))
    return least - low > slack or high - most > slack
