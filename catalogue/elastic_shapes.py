"""Normal geometries (see `catalogue.shapes`) as the server takes them.

The server rounds every coordinate down to a multiple of 360 / 2**32 degrees of longitude and 180 / 2**32 of latitude,
one centimetre on the ground. What a search asks for is rounded here in the same way, so that what is equal stays so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from catalogue.shapes import is_rectangle, normal

CACHED_BYTES_MAX = 2000
_STEPS = np.array([360 / (1 << 32), 180 / (1 << 32)])
_MOST = (1 << 31) - 1  # of steps from zero; 180 and 90 degrees would be one more

Json = dict[str, Any]


def kept_shape(geometry: Mapping[str, Any] | None, bbox: Sequence[float] | None) -> Json | None:
    """The geometry of a record; None where it has none."""
    if geometry is None:
        return None
    given = orjson.dumps((geometry, bbox))
    return _known(given) if len(given) <= CACHED_BYTES_MAX else _kept(geometry, bbox)


def asked_shape(shape: BaseGeometry) -> Json:
    """The geometry of a search."""
    return _geojson(shapely.transform(shape, _rounded))


@lru_cache(maxsize=4096)
def _known(given: bytes) -> Json | None:
    return _kept(*orjson.loads(given))


def _kept(geometry: Mapping[str, Any], bbox: Sequence[float] | None) -> Json | None:
    found = normal(geometry, bbox)
    return None if found is None else _geojson(found)


def _geojson(shape: BaseGeometry) -> Json:
    if is_rectangle(shape):
        west, south, east, north = shape.bounds
        return {"type": "envelope", "coordinates": [[west, north], [east, south]]}
    found: Json = mapping(shape)
    return found


def _rounded(coordinates: Any) -> Any:
    return np.minimum(np.floor(coordinates / _STEPS), _MOST) * _STEPS
