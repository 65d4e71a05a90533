"""A seeded corpus of records with everything that is odd: gaps, nulls, lists, objects, geometries, times, texts."""

from __future__ import annotations

from random import Random
from typing import Any

from catalogue.filters import TEXT_BYTES_MAX
from catalogue.store import Write
from tests.support.searched import copies, record

TEXTS = (
    "tas", "TAS", "Tás", "ta\u0301s", "tasmax", "Straße", "STRASSE", "elan", "Élan", "zoo", "zoo\0", "", " ", "a%b",
    "a_b", "a\\b", "Ω", "ω", "\U0001f30d", "\uffee", "İ", "i", "\u017f", "s", "7", "true", "x" * (TEXT_BYTES_MAX + 1),
    "é" * 512,
)  # fmt: skip
WORDS = (
    "air",
    "Air",
    "surface",
    "temperature",
    "Température",
    "near",
    "sea-ice",
    "of",
    "the",
    "CMIP6",
    "r1i1p1f1",
)
NUMBERS = (
    -1e300, -(2**63), -7, -1.5, -5e-324, 0, -0.0, 0.1, 0.30000000000000004, 0.5, 1, 1.0, 2, 3, 3.5, 7, 7.0, 100,
    2**53, 2**53 + 1, 2**64 - 1, 1e30, 1.7e308,
)  # fmt: skip
TIMES = (
    "0001-01-01T00:00:00Z", "1850-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z",
    "1999-12-31T23:59:60Z", "2000-01-01T00:00:00Z", "2000-01-01T01:00:00+01:00", "2000-01-01", "2000-02-29T12:00:00.5Z",
    "2014-12-31T00:00:00Z", "2100-06-15t06:00:00z", "9999-12-31T23:59:59.999999Z",
)  # fmt: skip
NO_TIMES = ("yesterday", "2000-13-01", "2001-02-29", "2000", None)
NAMES = ("n", "text", "facet", "flag", "mixed", "time", "odd.name", "", "a:b", "obj", "x", "y", "title", "é")
NODES_KNOWN = ("north", "south", "east", "West")
COLLECTIONS_KNOWN = ("c", "D", "é")


def corpus(seed: int = 0, count: int = 300) -> list[Write]:
    """Writes of records; the same for the same seed."""
    rng = Random(seed)
    return [_record(rng, n) for n in range(count)]


def _record(rng: Random, n: int) -> Write:
    members: dict[str, Any] = {"geometry": geometry(rng)}
    if rng.random() < 0.3:
        members["bbox"] = rng.choice([[170.0, -90.0, -170.0, 90.0], [-180.0, -90.0, 180.0, 90.0], [1], None])
    if rng.random() < 0.7:
        nodes = rng.sample(NODES_KNOWN, rng.randint(1, 3))
        members["assets"] = copies(*nodes) | {f"{n}.nc": {"href": "x", "alternate:name": nodes[0]}}
    return record(
        rng.choice(("", "A", "é", "z.")) + f"{n * 37 % 1000:03}",
        _properties(rng),
        collection=rng.choice(COLLECTIONS_KNOWN),
        state=rng.choices(("active", "retracted", "withdrawn"), (8, 1, 1))[0],
        **members,
    )


def _properties(rng: Random) -> dict[str, Any]:
    found: dict[str, Any] = _times(rng)
    found["n"] = rng.choice(NUMBERS)
    found["text"] = rng.choice(TEXTS)
    found["facet"] = rng.sample(("x", "y", "z", "X", "ÿ"), rng.randint(0, 3))
    found["flag"] = rng.random() < 0.5
    found["mixed"] = rng.choice([_list(rng), value(rng), value(rng)])
    found["time"] = rng.choice([rng.choice(TIMES), rng.choice(NO_TIMES), rng.sample(TIMES, 2)])
    found["odd.name"], found[""], found["a:b"] = rng.randint(0, 3), rng.choice("ab"), rng.choice("ab")
    found["obj"] = rng.choice([{"x": 1}, {}, [{"x": 1}], 1])
    found["x"], found["y"] = (
        rng.choice([1, 2, 3, 7, 7.0, -4]),
        rng.choice([1, 2, 2.0, 3.5, "2", [1, 4], True]),
    )
    found["title"] = " ".join(rng.sample(WORDS, rng.randint(1, 5)))
    found["é"] = rng.choice(WORDS)
    kept = {name: each for name, each in found.items() if rng.random() < 0.8}
    return {name: None if rng.random() < 0.05 else each for name, each in kept.items()}


def _times(rng: Random) -> dict[str, Any]:
    kind = rng.random()
    if kind < 0.4:
        return {"datetime": rng.choice(TIMES)}
    if kind < 0.8:
        start, end = sorted(rng.sample(TIMES, 2))
        return {"datetime": None, "start_datetime": start, "end_datetime": end}
    if kind < 0.9:
        return {"datetime": rng.choice(TIMES), "end_datetime": TIMES[-1]}
    return {"datetime": rng.choice(NO_TIMES)}


def value(rng: Random) -> Any:
    """A scalar of any type."""
    return rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), rng.choice(TIMES), True, False])


def _list(rng: Random) -> list[Any]:
    return [rng.choice([value(rng), value(rng), value(rng), None, {}, []]) for _ in range(rng.randint(0, 4))]


def geometry(rng: Random, depth: int = 0) -> dict[str, Any] | None:
    """Any geometry, on a grid of half degrees: boxes that lie off that grid meet none at its very edge."""
    kind = rng.randrange(13 if depth else 14)
    if kind < 2:
        edges = rng.choice([(-180, -90, 180, 90), (0, -90, 360, 90), (-179, -89, 179, 89), (0, -90, 359, 90)])
        found = _rectangle(*edges)
        if rng.random() < 0.3:
            found["coordinates"][0].reverse()
        return found
    if kind < 4:
        west, south = _at(rng, -180, 350), _at(rng, -90, 80)
        return _rectangle(west, south, west + _at(rng, 1, 60), min(90.0, south + _at(rng, 1, 60)))
    if kind == 4:  # over the antimeridian, in either way of writing
        east = rng.choice([190.0, -170.0, 181.5, -178.5])
        return _rectangle(_at(rng, 160, 179), _at(rng, -80, 0), east, _at(rng, 0.5, 80))
    if kind == 5:
        corners = [[_at(rng, -60, 60), _at(rng, -60, 60)] for _ in range(rng.randint(3, 7))]
        return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    if kind == 6:  # round a pole
        side, turn = rng.choice([-1, 1]), rng.randint(0, 60)
        ring = [[(turn + 90 * n + 180) % 360 - 180, side * (60.5 + 3 * n)] for n in range(4)]
        return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    if kind == 7:
        return {
            "type": "Point",
            "coordinates": [_at(rng, -180, 360), _at(rng, -90, 90), 7.5][: rng.choice([2, 3])],
        }
    if kind == 8:
        return {"type": "MultiPoint", "coordinates": _path(rng, rng.randint(1, 4))}
    if kind == 9:
        return {"type": "LineString", "coordinates": _path(rng, rng.randint(2, 5))}
    if kind == 10:
        return {"type": "MultiLineString", "coordinates": [_path(rng, 2), _path(rng, 3)]}
    if kind == 11:
        hole = _ring(12, 12, 18, 18)
        return {
            "type": "MultiPolygon",
            "coordinates": [[_ring(10, 10, 20, 20), hole], [_ring(-20, -20, -10, -10)]],
        }
    if kind == 12:
        return rng.choice(
            [None, {"type": "Point", "coordinates": []}, {"type": "Nonsense"}, _rectangle(7, 7, 7, 9)]
        )
    members = [geometry(rng, 1) for _ in range(rng.randint(1, 3))]
    return {"type": "GeometryCollection", "geometries": [member for member in members if member]}


def _path(rng: Random, count: int) -> list[list[float]]:
    x, y = _at(rng, -180, 180), _at(rng, -80, 80)
    found = []
    for _ in range(count):
        found.append([x, y])
        x = (x + _at(rng, -80, 80) + 180) % 360 - 180
        y = max(-90.0, min(90.0, y + _at(rng, -20, 20)))
    return found


def _at(rng: Random, low: float, high: float) -> float:
    return rng.randint(int(2 * low), int(2 * high)) / 2


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def _rectangle(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}
