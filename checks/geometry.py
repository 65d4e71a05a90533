"""The geometry of an item, and its bounding box: places on Earth, drawn so that everybody sees the same.

The rectangle with an equal box, as climate data have it, is told at once; everything else is read part by part.
What is not of the shape of GeoJSON at all is left to the STAC core check, which names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks import boxes, rings
from checks.drawing import drawn
from checks.listing import capped
from checks.positions import LINES_MAX, NUMBERS, POSITIONS_MAX, Line, Malformed, Part, TooLarge, parts
from schemas.explain import excerpt
from stream.errors import Finding

CHECK = "geometry"


class GeometryCheck:
    """`longitudes` are the least and the greatest allowed, in degrees; `null_geometry` says whether null is."""

    def __init__(self, longitudes: tuple[float, float] = (-180.0, 180.0), null_geometry: bool = True) -> None:
        self._longitudes = longitudes
        self._null_geometry = null_geometry

    def __call__(self, item: dict[str, Any]) -> list[Finding]:
        """What is wrong with `geometry` and `bbox` of an item; empty where all is well."""
        geometry, bbox = item.get("geometry"), item.get("bbox")
        if type(geometry) is dict:
            if self._is_plain(geometry, bbox):
                return []
            return capped(CHECK, self._findings(geometry, bbox))
        if geometry is None and "geometry" in item and not self._null_geometry:
            return [Finding(CHECK, "/geometry", "`geometry` must not be null in this collection.")]
        return []

    def _is_plain(self, geometry: dict[str, Any], bbox: Any) -> bool:
        """Whether the geometry is one sound rectangle along the axes and the box equal to it."""
        if geometry.get("type") != "Polygon":
            return False
        try:
            (((x0, y0), (x1, y1), (x2, y2), (x3, y3), (x4, y4)),) = geometry["coordinates"]
            west, south, east, north = bbox
        except (KeyError, TypeError, ValueError):
            return False
        if not {*map(type, (x0, y0, x1, y1, x2, y2, x3, y3, x4, y4, west, south, east, north))} <= NUMBERS:
            return False
        if x0 == x3 == x4 and x1 == x2 and y0 == y1 == y4 and y2 == y3:
            pass
        elif not (x0 == x1 == x4 and x2 == x3 and y0 == y3 == y4 and y1 == y2):
            return False
        if (west, east) != (x0, x2) and (west, east) != (x2, x0):
            return False
        if (south, north) != (y0, y2) and (south, north) != (y2, y0):
            return False
        least, most = self._longitudes
        return bool(least <= west < east <= most and -90 <= south < north <= 90 and east - west <= 360)

    def _findings(self, geometry: dict[str, Any], bbox: Any) -> Iterator[Finding]:
        box = boxes.read(bbox)
        sound = True
        if box is not None:
            wrong = list(boxes.unsound(box, bbox, self._longitudes))
            sound = not wrong
            yield from wrong
        try:
            found = parts(geometry)
        except Malformed:
            return
        except TooLarge:
            limits = f"{POSITIONS_MAX} positions or {LINES_MAX} lines"
            message = f"The geometry is not checked: it has more than {limits}, or lies too deep."
            yield Finding(CHECK, "/geometry", message, level="note")
            return
        if not found:
            yield Finding(CHECK, "/geometry", "`geometry` has no position.", excerpt(geometry))
            return
        faulty = False
        for part in found:
            for finding in self._misplaced(part):
                faulty = True
                yield finding
        if not faulty:
            yield from drawn(found, box, bbox if sound else None)

    def _misplaced(self, part: Part) -> Iterator[Finding]:
        """Positions that are not on Earth, once for each line; rings that are not closed."""
        least, most = self._longitudes
        for line in part.lines:
            if not (least <= line.west and line.east <= most and _are_numbers(line.xs)):
                yield _outside(line, line.xs, least, most, "longitude")
            if not (line.south >= -90 and line.north <= 90 and _are_numbers(line.ys)):
                yield _outside(line, line.ys, -90, 90, "latitude")
            if {*map(len, line.positions)} != {2}:
                yield from _heights(line)
        if part.kind == "Polygon":
            yield from rings.unclosed(part)


def _are_numbers(values: list[Any]) -> bool:
    """Whether none of these, which are within bounds otherwise, is NaN: that escapes comparisons, but not sums."""
    total = sum(values)
    return bool(total == total)


def _outside(line: Line, values: list[Any], least: float, most: float, noun: str) -> Finding:
    places = [place for place, value in enumerate(values) if not least <= value <= most]
    others = f"; so must {len(places) - 1} more in this list" if len(places) > 1 else ""
    message = f"The {noun} must be from {least:g} to {most:g}{others}."
    return Finding(CHECK, line.at(places[0]), message, excerpt(line.positions[places[0]]), [least, most])


def _heights(line: Line) -> Iterator[Finding]:
    for place, position in enumerate(line.positions):
        if len(position) > 3:
            message = "The position has more than longitude, latitude and height."
            yield Finding(CHECK, line.at(place), message, excerpt(position), level="warning")
            return
        if len(position) == 3 and type(position[2]) in NUMBERS and not abs(position[2]) <= boxes.GREATEST:
            yield Finding(CHECK, line.at(place), "The height must be a finite number.", excerpt(position))
            return
