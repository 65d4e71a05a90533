"""Whether a record is in a filter: the meaning of `catalogue.filters` in plain Python, one record after the other.

It is slow and exact. Stores are held to it; they may take its tests of single properties as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from catalogue import formulas
from catalogue.facts import Facts, is_long
from catalogue.filters import (
    END,
    START,
    All,
    Between,
    Filter,
    Formula,
    Like,
    Located,
    Not,
    OneOf,
    Only,
    Present,
    Relation,
    Some,
    Spatial,
    Value,
    Words,
)
from catalogue.folds import Fold, folded
from catalogue.formulas import kind_of
from catalogue.instants import Instant, instant_of
from catalogue.likes import like
from catalogue.shapes import normal

Test = Callable[[Facts], bool]
ElementsTest = Callable[[Sequence[Value]], bool]
PREDICATES: dict[Relation, Callable[[Any, Any], Any]] = {
    Relation.INTERSECTS: shapely.intersects,
    Relation.DISJOINT: shapely.disjoint,
    Relation.WITHIN: shapely.within,
    Relation.CONTAINS: shapely.contains,
    Relation.TOUCHES: shapely.touches,
    Relation.CROSSES: shapely.crosses,
    Relation.OVERLAPS: shapely.overlaps,
    Relation.EQUALS: shapely.equals,
}


def matches(whole: Filter, facts: Facts) -> bool:
    """Whether this one record is in the filter."""
    return test_of(whole)(facts)


def test_of(whole: Filter) -> Test:
    """A test of records. It is as deep as the filter: who reads filters limits that."""
    match whole:
        case All(parts):
            every = [test_of(part) for part in parts]
            return lambda facts: all(test(facts) for test in every)
        case Some(parts):
            some = [test_of(part) for part in parts]
            return lambda facts: any(test(facts) for test in some)
        case Not(part):
            inner = test_of(part)
            return lambda facts: not inner(facts)
        case Spatial(relation, shape):
            predicate = PREDICATES[relation]
            return lambda facts: (own := shape_of(facts)) is not None and bool(predicate(own, shape))
        case Located():
            return lambda facts: shape_of(facts) is not None
        case Words(words):
            return lambda facts: _follow(facts.words, words)
        case Formula():
            return lambda facts: formulas.holds(whole, lambda name: elements_of(facts, name) or ())
        case Present() | OneOf() | Between() | Like() | Only():
            name, among = whole.name, elements_test(whole)
            return lambda facts: (found := elements_of(facts, name)) is not None and among(found)


def shape_of(facts: Facts) -> BaseGeometry | None:
    """The normal geometry of a record."""
    return normal(facts.geometry, facts.bbox)


def elements_of(facts: Facts, name: str) -> Sequence[Value] | None:
    """The elements of a property; None where it is not present."""
    if name in (START, END):
        instant = facts.start if name == START else facts.end
        return None if instant is None else (instant,)
    return facts.elements.get(name)


def elements_test(leaf: Present | OneOf | Between | Like | Only) -> ElementsTest:
    """A test of the elements of a property that is present."""
    match leaf:
        case Present():
            return lambda elements: True
        case OneOf(_, values, fold):
            wanted = _Values(values)
            return lambda elements: any(wanted.have(element, fold) for element in elements)
        case Only(_, values):
            allowed = _Values(values)
            return lambda elements: all(allowed.have(element) for element in elements)
        case Between():
            return lambda elements: any(_between(element, leaf) for element in elements)
        case Like(_, pattern, fold):
            fits = like(pattern)
            return lambda elements: any(
                isinstance(element, str) and not is_long(element) and fits(folded(element, fold))
                for element in elements
            )


class _Values:
    """Values to be equal to, each of its type."""

    def __init__(self, values: Sequence[Value]) -> None:
        self._values = {(kind_of(value), value) for value in values}
        self._instants = {value for value in values if isinstance(value, Instant)}

    def have(self, element: Value, fold: Fold = Fold.NONE) -> bool:
        """Whether the element equals one of them."""
        if isinstance(element, str):
            if self._instants and instant_of(element) in self._instants:
                return True
            if fold:
                return not is_long(element) and (str, folded(element, fold)) in self._values
        return (kind_of(element), element) in self._values


def _between(element: Value, leaf: Between) -> bool:
    ends = [end for end in (leaf.low, leaf.high) if end is not None]
    value = element
    if isinstance(element, str):
        if any(isinstance(end, Instant) for end in ends):
            value = instant_of(element) or element
        elif is_long(element):
            return False
        else:
            value = folded(element, leaf.fold)
    low = leaf.low is None or formulas.compares(">=" if leaf.low_in else ">", value, leaf.low)
    high = leaf.high is None or formulas.compares("<=" if leaf.high_in else "<", value, leaf.high)
    return bool(ends) and low and high


def _follow(text: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words are in the text, one after the other."""
    wanted = tuple(words)
    return any(
        tuple(text[place : place + len(wanted)]) == wanted for place in range(len(text) - len(wanted) + 1)
    )
