"""Filters made to hurt: each is refused or read, in little time. The risk is the parser's stack and backtracking."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from discovery_api.cql2 import read_filter
from stream.errors import Refused

CPU_S_MAX = 0.5  # of each; it takes a fifth of that on an idle machine


def nested(name: str, inner: Any, depth: int) -> Any:
    for _ in range(depth):
        inner = {"op": name, "args": [inner]}
    return inner


def joined(count: int) -> Any:
    return {"op": "or", "args": [{"op": "=", "args": [{"property": "a"}, n]} for n in range(count)]}


def circle(count: int) -> list[str]:
    angles = [2 * math.pi * n / count for n in range(count)]
    ring = [f"{50 * math.cos(angle):.6f} {50 * math.sin(angle):.6f}" for angle in angles]
    return [*ring, ring[0]]


def doubled(depth: int) -> Any:
    """Each level needs both what is true and what is false of the one below."""
    node: Any = {"property": "a"}
    for _ in range(depth):
        node = {"op": "isNull", "args": [{"op": "or", "args": [node, {"property": "b"}]}]}
    return node


def said(given: Any) -> str | None:
    """Why it is refused; None where it is read."""
    try:
        read_filter(given)
    except Refused as refusal:
        return refusal.problem.detail
    return None


HOSTILE: dict[str, Callable[[int], Any]] = {
    "brackets": lambda n: "(" * n + "a = 1" + ")" * n,
    "open brackets": lambda n: "(" * n,
    "a mistake in brackets": lambda n: "(" * n + "a = 1 #" + ")" * n,
    "open lists": lambda n: "a in (" * n,
    "minus and brackets": lambda n: "a = " + "-(" * n + "b" + ")" * n,
    "brackets and a mistake at the end": lambda n: "(a = 1) and " * n + "#",
    "not": lambda n: "not " * n + "a",
    "minus": lambda n: "a = " + "- " * n + "b",
    "powers": lambda n: "a = " + "b ^ " * n + "2",
    "sums": lambda n: "a = " + "b + " * n + "2",
    "sums in brackets": lambda n: "(" * 60 + "b" + " + 1)" * 60 + " + 1" * n + " = 2",
    "equals": lambda n: "a = " * n + "b",
    "functions": lambda n: "f(" * n + "a" + ")" * n,
    "collections": lambda n: "GEOMETRYCOLLECTION(" * n,
    "like": lambda n: "a like " * n + "'b'",
    "or": lambda n: "a = 1 or " * n + "a = 1",
    "quotes": lambda n: "'" * n,
    "double quotes": lambda n: '"' * (2 * n + 1),
    "a long list": lambda n: "a in (" + "1, " * n + "1)",
    "a long list with a mistake": lambda n: "((a in (" + "1, " * n + "#)))",
    "a long number": lambda n: "a = " + "9" * n,
    "a long pattern": lambda n: "a like '" + "%_" * n + "'",
    "digits after the point": lambda n: "a = 0." + "1" * n,
    "a long ring": lambda n: f"s_intersects(geometry, POLYGON(({', '.join(circle(n))})))",
    "json: not": lambda n: nested("not", True, n),
    "json: not, and a mistake": lambda n: nested("not", {"foo": 1}, n),
    "json: casei": lambda n: {"op": "=", "args": [nested("casei", {"property": "a"}, n), "x"]},
    "json: isNull": doubled,
    "json: lists": lambda n: {"op": "=", "args": [{"property": "a"}, eval_list(n)]},
    "json: or": joined,
    "json: a long list": lambda n: {"op": "in", "args": [{"property": "a"}, list(range(n))]},
    "json: a long array": lambda n: {"op": "a_equals", "args": [{"property": "a"}, list(range(n))]},
    "json: as text": lambda n: '{"op":"not","args":[' * n + "true" + "]}" * n,
    "json: many mistakes": lambda n: {"op": "or", "args": [True] * n + [{"foo": 1}]},
    "json: positions": lambda n: {
        "op": "s_intersects",
        "args": [{"property": "geometry"}, {"type": "MultiPoint", "coordinates": [[1, 2]] * n}],
    },
    "geometries": lambda n: " or ".join(["s_intersects(geometry, POINT(1 2))"] * n),
}  # fmt: skip


def eval_list(depth: int) -> Any:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("size", [9, 13, 16, 30, 63, 200, 1_000, 10_000, 100_000])
def test_it_is_answered_in_time(name: str, size: int) -> None:
    given = HOSTILE[name](size)
    started = time.process_time()
    refused = said(given)
    assert time.process_time() - started < CPU_S_MAX
    assert refused is None or 10 < len(refused) < 1_000


@pytest.mark.parametrize("size", [1_000, 10_000])
def test_what_is_far_too_much_is_refused(size: int) -> None:
    for name in ("brackets", "not", "minus", "functions", "json: not", "json: as text", "sums"):
        with pytest.raises(Refused):
            read_filter(HOSTILE[name](size))


def test_what_people_and_programs_write_is_read() -> None:
    facets = "".join("(" for _ in range(10)) + "name0 = 'value'"
    for n in range(1, 11):
        facets += f" AND name{n} = 'value'" + ")"
    read_filter(facets)
    read_filter(joined(1_500))
    read_filter("a in (" + ", ".join(f"'CMIP6.CMIP.A.B.C.{n}'" for n in range(1_500)) + ")")
    read_filter(nested("not", {"property": "a"}, 55))
