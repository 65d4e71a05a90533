"""The functions a_...: lists as sets. A property that is no list is a list of one; a date in a list is its midnight."""

from __future__ import annotations

from typing import Any

from catalogue.filters import Filter, OneOf, Only, Present, Value
from catalogue.formulas import kind_of
from discovery_api.cql2.limits import VALUES_MAX, Wrong
from discovery_api.cql2.moments import Moment
from discovery_api.cql2.operands import Computed, Named, operand
from discovery_api.cql2.truth import Truth, constant, every, known

TURNED = {"a_contains": "a_containedby", "a_containedby": "a_contains"}
CONTAINED_MAX = 1_000  # values that one list shall contain: each is a condition of its own


def arrays(name: str, args: list[Any], where: str) -> Truth:
    """One relation between two lists."""
    if len(args) != 2:
        raise Wrong(where, f"{name} takes two lists, not {len(args)}")
    left, right = (_list(arg, f"{where}/args/{place}") for place, arg in enumerate(args))
    if isinstance(left, tuple):
        if isinstance(right, tuple):
            return constant(_holds(name, left, right))
        left, right, name = right, left, TURNED.get(name, name)
    if isinstance(right, str):
        raise Wrong(where, "the lists of two properties are not compared with each other here")
    return known((left,), _filter(name, left, right, where))


def _filter(name: str, prop: str, values: tuple[Value, ...], where: str) -> Filter:
    if name == "a_overlaps":
        return OneOf(prop, values)
    if name == "a_containedby":
        return Only(prop, values)
    if len(values) > CONTAINED_MAX:
        raise Wrong(where, f"the list holds at most {CONTAINED_MAX} values here")
    contains = every([Present(prop), *(OneOf(prop, (value,)) for value in values)])
    return contains if name == "a_contains" else every([contains, Only(prop, values)])


def _holds(name: str, left: tuple[Value, ...], right: tuple[Value, ...]) -> bool:
    ours, theirs = ({(kind_of(value), value) for value in side} for side in (left, right))
    if name == "a_overlaps":
        return not ours.isdisjoint(theirs)
    if name == "a_contains":
        return ours >= theirs
    return ours <= theirs if name == "a_containedby" else ours == theirs


def _list(node: Any, where: str) -> str | tuple[Value, ...]:
    """The name of a property, or values. The parser takes the brackets off a list of one."""
    if isinstance(node, list):
        if len(node) > VALUES_MAX:
            raise Wrong(where, f"a list holds at most {VALUES_MAX} values")
        return tuple(_value(each, f"{where}/{place}") for place, each in enumerate(node))
    if isinstance(node, dict) and "property" in node:
        found = operand(node, where)
        assert isinstance(found, Named)
        return found.name
    return (_value(node, where),)


def _value(node: Any, where: str) -> Value:
    found = operand(node, where) if not isinstance(node, list) else None
    if found is None or isinstance(found, Named | Computed):
        raise Wrong(where, "a list holds texts, numbers, true, false, timestamps and dates")
    return found.first if isinstance(found, Moment) else found
