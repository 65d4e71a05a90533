"""GeoJSON geometries as ISO well-known binary, number for number as they are given: no ring is closed or turned.

A geometry library would refuse, or repair, what a publisher wrote; here nothing is looked at but the numbers.
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import Any

TYPES = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)
DEPTH_MAX = 8  # of collections in collections
_CODES = {name: code for code, name in enumerate(TYPES, 1)}
_Z = 1000  # added to the code of a geometry with heights
_MEMBERS = {"MultiPoint": "Point", "MultiLineString": "LineString", "MultiPolygon": "Polygon"}


class NoGeometry(ValueError):
    """It is not a GeoJSON geometry, or it mixes positions with and without heights."""


def wkb(geometry: Any) -> bytes:
    """The geometry as little-endian ISO WKB. NoGeometry where it has none."""
    try:
        return _encoded(geometry, _size(geometry))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, struct.error) as error:
        raise NoGeometry(str(error)) from error


def geometry_type(encoded: bytes) -> str:
    """The type in what `wkb` has made, as GeoParquet names it: with ` Z` where positions have heights."""
    deep, code = divmod(int.from_bytes(encoded[1:5], "little"), _Z)
    return TYPES[code - 1] + (" Z" if deep else "")


def _size(geometry: Any, depth: int = 0) -> int:
    """How many numbers its first position has."""
    if geometry["type"] == "GeometryCollection":
        if depth > DEPTH_MAX:
            raise NoGeometry(f"collections are nested deeper than {DEPTH_MAX}")
        return max((_size(part, depth + 1) for part in geometry["geometries"]), default=2)
    found = geometry["coordinates"]
    while isinstance(found, list) and found and isinstance(found[0], list):
        found = found[0]
    return len(found) if found else 2


def _encoded(geometry: Any, size: int) -> bytes:
    name = geometry["type"]
    if size not in (2, 3):
        raise NoGeometry("a position has 2 or 3 numbers")
    head = struct.pack("<BI", 1, _CODES[name] + (_Z if size == 3 else 0))
    if name == "GeometryCollection":
        parts = [_encoded(part, size) for part in geometry["geometries"]]
    elif name in _MEMBERS:
        inside = _MEMBERS[name]
        parts = [_encoded({"type": inside, "coordinates": each}, size) for each in geometry["coordinates"]]
    elif name == "Polygon":
        parts = [_positions(ring, size) for ring in geometry["coordinates"]]
    elif name == "LineString":
        return head + _positions(geometry["coordinates"], size)
    else:
        return head + struct.pack(f"<{size}d", *_checked([geometry["coordinates"]], size))
    return head + struct.pack("<I", len(parts)) + b"".join(parts)


def _positions(positions: list[list[float]], size: int) -> bytes:
    return struct.pack(f"<I{size * len(positions)}d", len(positions), *_checked(positions, size))


def _checked(positions: list[list[float]], size: int) -> list[float]:
    if any(len(position) != size for position in positions):
        raise NoGeometry(f"not every position has {size} numbers")
    return list(chain.from_iterable(positions))
