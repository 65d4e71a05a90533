"""Outlines of land for the map: any GeoJSON of polygons, brought into one short form.

The short form is a list of rings, each a flat list of longitudes and latitudes in degrees: [[lon, lat, lon, lat, ...]].
What comes with the page is in that form: a rough sketch made for it, with corners some degrees apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

BYTES_MAX = 16 << 20
POSITIONS_MAX = 200_000
DECIMALS = 2  # a kilometre; the map shows no more
DEPTH_MAX = 4


def land_json(path: Path) -> bytes:
    """The short form of a GeoJSON file, or of one that has it already.

    ValueError for a file that is too large or holds no polygon; OSError where it cannot be read.
    """
    with path.open("rb") as file:
        body = file.read(BYTES_MAX + 1)
    if len(body) > BYTES_MAX:
        raise ValueError(f"{path.name} is larger than {BYTES_MAX} bytes")
    value = orjson.loads(body)
    try:
        rings = [_checked(ring) for ring in (value if isinstance(value, list) else _rings(value, 0))]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name} holds a ring of land that is no list of positions") from error
    if not rings or sum(map(len, rings)) > 2 * POSITIONS_MAX:
        raise ValueError(f"{path.name} does not hold 1 to {POSITIONS_MAX} positions of land")
    return orjson.dumps(rings)


def _rings(value: Any, depth: int) -> Iterator[list[Any]]:
    """The outer and inner rings of every polygon in it, flat."""
    if not isinstance(value, dict) or depth > DEPTH_MAX:
        return
    match value.get("type"):
        case "FeatureCollection" | "GeometryCollection" as kind:
            for part in value.get("features" if kind == "FeatureCollection" else "geometries") or ():
                yield from _rings(part, depth + 1)
        case "Feature":
            yield from _rings(value.get("geometry"), depth + 1)
        case "Polygon":
            yield from map(_flat, value.get("coordinates") or ())
        case "MultiPolygon":
            for polygon in value.get("coordinates") or ():
                yield from map(_flat, polygon)


def _flat(ring: Any) -> list[Any]:
    return [number for position in ring for number in position[:2]]


def _checked(ring: Any) -> list[float]:
    if not isinstance(ring, list) or len(ring) % 2:
        raise ValueError("each position has a longitude and a latitude")
    if not all(type(number) in (int, float) for number in ring):  # bool is an int too
        raise TypeError("they are numbers")
    return [round(number, DECIMALS) for number in ring]
