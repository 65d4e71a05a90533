"""Seeded random CQL2 over `tests.support.corpus`, as JSON, and as the text that says the same."""

from __future__ import annotations

from random import Random
from typing import Any

from shapely.geometry import shape

from tests.support import corpus
from tests.support.corpus import NAMES, NUMBERS, TEXTS, TIMES

Json = Any
OFF_GRID_DEG = 0.123  # so that no edge of a search lies on one of the corpus
SPATIAL = (
    "s_intersects", "s_disjoint", "s_within", "s_contains", "s_touches", "s_crosses", "s_overlaps", "s_equals",
)  # fmt: skip
INSTANTS = ("t_after", "t_before", "t_disjoint", "t_equals", "t_intersects")
INTERVALS = (
    "t_contains", "t_during", "t_finishedBy", "t_finishes", "t_meets", "t_metBy", "t_overlappedBy", "t_overlaps",
    "t_startedBy", "t_starts",
)  # fmt: skip
TIME_NAMES = ("datetime", "start_datetime", "end_datetime")
ORDERS = ("=", "<>", "<", "<=", ">", ">=")
STAMPS = tuple(time for time in TIMES if len(time) > 10)


def expression(rng: Random, depth: int = 3) -> Json:
    """A condition, at most so deep."""
    if depth and rng.random() < 0.45:
        inner = [expression(rng, depth - 1) for _ in range(rng.randint(1, 3))]
        return {"op": rng.choice(["and", "or"]), "args": inner}
    if depth and rng.random() < 0.25:
        return {"op": "not", "args": [expression(rng, depth - 1)]}
    if depth and rng.random() < 0.05:
        return {"op": "isNull", "args": [expression(rng, 0)]}
    return rng.choice(
        [_ordered, _ordered, _simple, _listed, _temporal, _temporal, _spatial, _array, _formula]
    )(rng)


def _ordered(rng: Random) -> Json:
    op, name = rng.choice(ORDERS), rng.choice([*NAMES, *NAMES, "id", "collection"])
    if rng.random() < 0.2:
        fold = rng.choice(["casei", "accenti"])
        args = [{"op": fold, "args": [_property(rng, name)]}, {"op": fold, "args": [rng.choice(TEXTS)]}]
        if rng.random() < 0.3:
            args = [{"op": "casei", "args": [{"op": "accenti", "args": arg["args"]}]} for arg in args]
        return {"op": op, "args": args}
    if rng.random() < 0.25:
        name = rng.choice([*TIME_NAMES, "time"])
        literal: Json = rng.choice([_stamp(rng), _day(rng), rng.choice(TIMES)])
    else:
        literal = rng.choice([rng.choice(TEXTS), rng.choice(NUMBERS), rng.choice(NUMBERS)])
        if op in ("=", "<>") and rng.random() < 0.2:
            literal = rng.random() < 0.5
    args = [_property(rng, name), literal]
    return {"op": op, "args": args[::-1] if rng.random() < 0.2 else args}


def _simple(rng: Random) -> Json:
    kind, prop = rng.randrange(5), _property(rng, rng.choice(NAMES))
    if kind == 0:
        return prop
    if kind == 1:
        return {"op": "isNull", "args": [rng.choice([prop, {"property": "geometry"}])]}
    if kind == 2:
        return rng.choice([True, False])
    if kind == 3:
        pattern = "".join(
            rng.choice(["%", "_", "t", "a", "s", "T", "\\%", "é", "s"]) for _ in range(rng.randint(1, 5))
        )
        fold = rng.choice([None, "casei", "accenti"])
        args = [prop, pattern]
        return {"op": "like", "args": [{"op": fold, "args": [arg]} for arg in args] if fold else args}
    pairs: list[list[Any]] = [rng.sample(NUMBERS, 2), rng.sample(TEXTS, 2), rng.sample(STAMPS[:9], 2)]
    low, high = sorted(rng.choice(pairs))
    if low in STAMPS:
        prop, low, high = (
            _property(rng, rng.choice([*TIME_NAMES, "time"])),
            {"timestamp": low},
            {"timestamp": high},
        )
    return {"op": "between", "args": [prop, low, high]}


def _listed(rng: Random) -> Json:
    values = [corpus.value(rng) for _ in range(rng.randint(1, 4))]
    if rng.random() < 0.2:
        values.append(rng.choice([_stamp(rng), _day(rng), {"property": rng.choice(["x", "y"])}]))
    return {"op": "in", "args": [_property(rng, rng.choice(NAMES)), values]}


def _temporal(rng: Random) -> Json:
    ends: list[Json] = [rng.choice(TIMES[:-1]) for _ in range(2)]
    first, last = sorted(ends)
    interval: Json = {"interval": rng.choice([[first, last], [first, ".."], ["..", last]])}
    if rng.random() < 0.2:
        interval = "/".join(interval["interval"])
    own: Json = rng.choice([
        {"property": "datetime"}, {"property": "properties.datetime"},
        {"interval": [{"property": "start_datetime"}, {"property": "end_datetime"}]},
        {"interval": [{"property": "time"}, ".."]},
    ])  # fmt: skip
    if rng.random() < 0.4:
        args = [rng.choice([own, {"property": "time"}]), rng.choice([interval, _stamp(rng), _day(rng)])]
        return {"op": rng.choice(INSTANTS), "args": args[::-1] if rng.random() < 0.3 else args}
    args = [own, interval]
    return {"op": rng.choice(INTERVALS + INSTANTS), "args": args[::-1] if rng.random() < 0.3 else args}


def _spatial(rng: Random) -> Json:
    if rng.random() < 0.5:
        west, south = (rng.randint(low, high) + OFF_GRID_DEG for low, high in ((-180, 160), (-90, 60)))
        east = (west + rng.randint(1, 200) + 180) % 360 - 180
        given: Json = {"bbox": [west, south, east, min(90, south + rng.randint(1, 60))]}
    else:
        given = None
        while given is None or not given.get("coordinates") or given["type"] == "GeometryCollection":
            given = corpus.geometry(rng, 1)
    op = rng.choice(SPATIAL if rng.random() < 0.5 else SPATIAL[:2])
    args = [{"property": "geometry"}, given]
    return {"op": op, "args": args[::-1] if rng.random() < 0.3 else args}


def _array(rng: Random) -> Json:
    values: list[Json] = [rng.choice(["x", "y", "z", "X", 1, 7, True]) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.2:
        values.append(_stamp(rng))
    args = [_property(rng, rng.choice(["facet", "facet", "mixed", "time", "y"])), values]
    op = rng.choice(["a_contains", "a_containedBy", "a_equals", "a_overlaps"])
    return {"op": op, "args": args[::-1] if rng.random() < 0.3 else args}


def _formula(rng: Random) -> Json:
    left = _property(rng, rng.choice(["x", "y", "n", "odd.name"]))
    right: Json = rng.choice([_property(rng, rng.choice(["x", "y", "text"])), rng.randint(-3, 3)])
    if rng.random() < 0.6:
        left = {
            "op": rng.choice(["+", "-", "*", "/", "%", "div", "^"]),
            "args": [left, rng.choice([2, 3, 0.5])],
        }
    elif isinstance(right, int):
        right = _property(rng, "y")
    return {"op": rng.choice(ORDERS), "args": [left, right]}


def _property(rng: Random, name: str) -> Json:
    prefixed = name not in ("id", "collection", "geometry") and rng.random() < 0.3
    return {"property": f"properties.{name}" if prefixed else name}


def _stamp(rng: Random) -> Json:
    return {"timestamp": rng.choice(STAMPS)}


def _day(rng: Random) -> Json:
    return {"date": rng.choice(["2000-01-01", "0001-01-01", "1999-12-31", "9999-12-31", "2014-12-31"])}


def as_text(node: Json) -> str | None:
    """The same as CQL2 text; None where text cannot say it: NUL, empty names, numbers that a double does not hold."""
    try:
        return _text(node)
    except ValueError:
        return None


def _text(node: Json) -> str:
    if isinstance(node, bool):
        return "TRUE" if node else "false"
    if isinstance(node, str):
        return _quoted(node, "'")
    if isinstance(node, int | float):
        if isinstance(node, int) and node != int(float(node)):
            raise ValueError("no double")
        return repr(node)
    if isinstance(node, list):
        return f"({', '.join(map(_text, node))})"
    if "property" in node:
        if not node["property"]:
            raise ValueError("no name")
        return _quoted(node["property"], '"')
    if "bbox" in node:
        return f"BBOX({', '.join(map(repr, node['bbox']))})"
    if "type" in node:
        return str(shape(node).wkt)
    for literal in ("timestamp", "date"):
        if literal in node:
            return f"{literal.upper()}('{node[literal]}')"
    if "interval" in node:
        return f"INTERVAL({', '.join(map(_text, node['interval']))})"
    return _operation(node["op"], node["args"])


def _operation(op: str, args: list[Json]) -> str:
    if op in ("and", "or"):
        return "(" + f" {op.upper()} ".join(map(_text, args)) + ")"
    if op == "not":
        return f"(NOT {_text(args[0])})"
    if op == "isNull":
        return f"({_text(args[0])} IS NULL)"
    if op == "between":
        return f"({_text(args[0])} BETWEEN {_text(args[1])} AND {_text(args[2])})"
    if op[0].isalpha() and op not in ("in", "like", "div"):
        return f"{op.upper()}({', '.join(map(_text, args))})"
    return f"({_text(args[0])} {op} {_text(args[1])})"


def _quoted(text: str, mark: str) -> str:
    if "\0" in text:
        raise ValueError("NUL")
    return mark + text.replace(mark, mark * 2) + mark
