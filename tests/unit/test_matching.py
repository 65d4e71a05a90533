"""Patterns, formulas, orders and counts in plain Python; the filters themselves are in the contract of the stores."""

from __future__ import annotations

import re
from itertools import product
from random import Random
from time import perf_counter
from typing import Any

import pytest

from catalogue.aggregations import Step
from catalogue.counting import begun
from catalogue.facts import facts_of
from catalogue.filters import All, Arithmetic, Between, Formula, Not, Number, Property, Some, equal
from catalogue.formulas import calculated, compares, computed
from catalogue.instants import EARLIEST, LATEST, Instant
from catalogue.likes import like, literal
from catalogue.matching import elements_test, matches
from catalogue.ordering import place_of, sort_key
from catalogue.store import Sort
from tests.support.searched import record


def as_regex(pattern: str) -> re.Pattern[str]:
    """The same as a regular expression: the slow and obvious way."""
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.compile("".join(wild.get(one) or re.escape(one[-1]) for one in parts), re.DOTALL)


def test_patterns_mean_what_their_regular_expression_does() -> None:
    texts = ["".join(letters) for size in range(5) for letters in product("ab%", repeat=size)]
    for size in range(5):
        for letters in product("ab%_\\", repeat=size):
            pattern = "".join(letters)
            test, regex = like(pattern), as_regex(pattern)
            assert [text for text in texts if test(text)] == [
                text for text in texts if regex.fullmatch(text)
            ], pattern


def test_longer_patterns_too() -> None:
    rng = Random(1)
    for _ in range(2_000):
        pattern = "".join(rng.choices("ab\n%_", (5, 5, 1, 3, 3), k=rng.randint(0, 12)))
        test, regex = like(pattern), as_regex(pattern)
        for _ in range(10):
            text = "".join(rng.choices("ab\n", (5, 5, 1), k=rng.randint(0, 15)))
            assert test(text) is (regex.fullmatch(text) is not None), (pattern, text)


@pytest.mark.parametrize(
    "pattern",
    ["%a" * 500, "%a_" * 300, "%_" * 500 + "b", "a%" * 500 + "b", "_" * 1024, "%" * 100_000, "%a%_b%" * 200],
)
def test_no_pattern_takes_long(pattern: str) -> None:
    test, text = like(pattern), "a" * 1024
    begin = perf_counter()
    for _ in range(20):
        test(text)
    assert perf_counter() - begin < 2


@pytest.mark.parametrize(
    ("pattern", "beginning"),
    [("tas", "tas"), ("tas%", "tas"), ("t_s", "t"), ("%s", ""), ("a\\%b%", "a%b"), ("", ""), ("a\\", "a\\")],
)
def test_what_every_match_begins_with(pattern: str, beginning: str) -> None:
    assert literal(pattern) == beginning


@pytest.mark.parametrize(
    ("sign", "left", "right", "result"),
    [
        ("+", 1, 2, 3), ("-", 1, 2, -1), ("*", 3, 4, 12), ("/", 1, 2, 0.5), ("/", 1, 0, None), ("%", 7, 3, 1),
        ("%", -7, 3, -1), ("%", 7, 0, None), ("div", 7, 2, 3), ("div", -7, 2, -3), ("div", 1, 0, None),
        ("^", 2, 10, 1024), ("^", -8, 1 / 3, None), ("^", 10, 400, None), ("*", 1e308, 10, None), ("^", 0, -1, None),
        ("div", 1e308, 1e-10, None), ("%", 1e308, 3, 2),
    ],
)  # fmt: skip
def test_arithmetic(sign: str, left: float, right: float, result: float | None) -> None:
    assert calculated(sign, left, right) == result


def test_what_is_not_one_number_counts_for_nothing() -> None:
    values: dict[str, Any] = {"n": (7,), "list": (7, 8), "text": ("7",), "truth": (True,), "huge": (10**400,)}

    def value(name: str) -> float | None:
        return computed(Arithmetic("+", Property(name), Number(1)), lambda one: values.get(one, ()))

    assert [value(name) for name in (*values, "unknown")] == [8, None, None, None, None, None]


@pytest.mark.parametrize(
    ("order", "left", "right", "holds"),
    [
        ("=", 7, 7.0, True), ("=", 1, True, False), ("=", "1", 1, False), ("<", False, True, False),
        ("=", True, True, True),
        ("<=", True, True, False), ("<", "Z", "a", True), ("<", "\uffee", "\U0001f30d", True),
        ("<", 2**53, 2**53 + 1, True),
        ("=", Instant(0), "1970-01-01", True), (">", "1970-01-02", Instant(0), True), ("=", Instant(0), 0, False),
        ("=", Instant(0), "no time", False), ("<", "a" * 2000, "b", False), ("=", "a" * 2000, "a" * 2000, True),
        ("<", "a", "b" * 2000, False), ("=", 2**53 + 1, float(2**53), False),
    ],
)  # fmt: skip
def test_comparisons(order: str, left: Any, right: Any, holds: bool) -> None:
    assert compares(order, left, right) is holds


def test_matches() -> None:
    facts = facts_of(record("i", {"n": [1, 5], "t": "x"}).source)
    assert matches(All((equal("n", 1), equal("n", 5), Not(equal("n", 3)))), facts)
    assert matches(Between("n", 2, 9), facts)
    assert not matches(Between("n", 2, 4), facts)
    assert not matches(Between("n", None, None), facts)
    assert not matches(Some((Not(equal("t", "x")), Formula("=", Property("n"), Property("t")))), facts)
    assert elements_test(Between("n", 2, 9))((1, 5))
    assert not elements_test(Between("n", 2, 9))(())


@pytest.mark.parametrize("descending", [False, True])
def test_places_compare_as_records_are_ordered(descending: bool) -> None:
    sort = (Sort("x", descending), Sort("y"))
    values: list[Any] = [True, 1, 1.0, "a", None, [], 2, "b", False]
    places = [
        place_of(facts_of(record(f"{n}", {"x": x, "y": n}).source), f"{n}", sort)
        for n, x in enumerate(values)
    ]
    ordered = sorted(places, key=lambda place: sort_key(place, sort))
    assert [place[-1] for place in ordered] == list("736120845" if descending else "801263745")
    for one, other in product(places, repeat=2):
        first, second = sort_key(one, sort), sort_key(other, sort)
        assert (first < second) + (first > second) == (one != other)


@pytest.mark.parametrize("place", [(), ("a",), (1, "a", "b"), (1, 2), (float("nan"), "a"), ("a", None)])
def test_places_of_another_order(place: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match="order"):
        sort_key(place, (Sort("x"),))


def test_steps_begin_by_the_calendar() -> None:
    assert [begun(EARLIEST, step) for step in Step] == [EARLIEST] * 3
    day = Instant(LATEST.us + 1 - 86_400_000_000)
    assert begun(LATEST, Step.DAY) == day
    assert begun(Instant(-1), Step.DAY) == Instant(-86_400_000_000)
    assert begun(Instant(-1), Step.MONTH) == Instant(-31 * 86_400_000_000)
    assert begun(Instant(-1), Step.YEAR) == Instant(-365 * 86_400_000_000)
