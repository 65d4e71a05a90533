"""The algebra itself: what is in a filter, and which abilities it needs."""

from __future__ import annotations

import pytest

from catalogue.filters import (
    EVERYTHING,
    NOTHING,
    Ability,
    All,
    Arithmetic,
    Filter,
    Formula,
    Located,
    Not,
    Number,
    OneOf,
    Property,
    Relation,
    Some,
    Spatial,
    equal,
    needed,
    walk,
)
from catalogue.shapes import box

HERE = box(0, 0, 1, 1)
PAIR = Formula("=", Property("a"), Property("b"))
SUM = Formula("=", Arithmetic("+", Property("a"), Number(1)), Number(2))


def test_walking_meets_every_part_once() -> None:
    a, b, c = equal("a", 1), equal("b", 2), Located()
    whole = All((a, Not(Some((b, Not(c))))))
    found = list(walk(whole))
    assert len(found) == 7
    assert {a, b, c} <= set(found)
    assert list(walk(EVERYTHING)) == [EVERYTHING]


def test_walking_is_not_bounded_by_the_stack() -> None:
    deep: Filter = NOTHING
    for _ in range(5_000):
        deep = Not(deep)
    assert sum(1 for _ in walk(deep)) == 5_001


@pytest.mark.parametrize(
    ("wanted", "abilities"),
    [
        (EVERYTHING, set()), (equal("a", 1), set()), (Spatial(Relation.INTERSECTS, HERE), set()),
        (Spatial(Relation.DISJOINT, HERE), set()), (Not(Spatial(Relation.TOUCHES, HERE)), {Ability.SPATIAL}),
        (PAIR, {Ability.PROPERTIES}), (SUM, {Ability.ARITHMETIC}),
        (All((PAIR, Some((SUM, Spatial(Relation.WITHIN, HERE))))), set(Ability)),
    ],
)  # fmt: skip
def test_needed_abilities(wanted: Filter, abilities: set[Ability]) -> None:
    assert needed(wanted) == abilities


def test_equal_is_one_of_one() -> None:
    assert equal("a", 1) == OneOf("a", (1,))
