"""Formulas: comparisons of properties with each other, and arithmetic in doubles."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from catalogue.facts import is_long
from catalogue.filters import Arithmetic, Formula, Number, Property, Term, Value
from catalogue.instants import Instant, instant_of

Elements = Callable[[str], Sequence[Value]]
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def holds(formula: Formula, elements: Elements) -> bool:
    """Whether it holds for a record; `elements` gives those of a property."""
    order = formula.operator
    if isinstance(formula.left, Arithmetic) or isinstance(formula.right, Arithmetic):
        left, right = computed(formula.left, elements), computed(formula.right, elements)
        return left is not None and right is not None and _ORDERS[order](left, right)
    lefts, rights = _elements(formula.left, elements), _elements(formula.right, elements)
    return any(compares(order, left, right) for left in lefts for right in rights)


def compares(order: str, left: Value, right: Value) -> bool:
    """Whether two elements are of one type and in this order. Truth values have no order, and are equal or not."""
    if isinstance(left, Instant) and isinstance(right, str):
        right = instant_of(right) or right
    elif isinstance(right, Instant) and isinstance(left, str):
        left = instant_of(left) or left
    kind = kind_of(left)
    if kind != kind_of(right) or (kind is bool and order != "="):
        return False
    if order != "=" and isinstance(left, str) and (is_long(left) or is_long(str(right))):
        return False
    return _ORDERS[order](left, right)


def kind_of(value: Value) -> type:
    """bool, float (of any number), str or Instant."""
    return float if type(value) is int else type(value)


def computed(term: Term, elements: Elements) -> float | None:
    """The finite number that a term comes to; None where there is none."""
    if isinstance(term, Number):
        return float(term.value)
    if isinstance(term, Property):
        found = elements(term.name)
        return _double(found[0]) if len(found) == 1 else None
    left = computed(term.left, elements)
    right = computed(term.right, elements)
    return None if left is None or right is None else calculated(term.operator, left, right)


def calculated(sign: str, left: float, right: float) -> float | None:
    """`div` cuts off towards zero, and `%` is what it leaves; None where there is no finite result."""
    try:
        result = _SIGNS[sign](left, right)
    except (ArithmeticError, ValueError):
        return None
    return result if math.isfinite(result) else None


def _cut(left: float, right: float) -> float:
    result = left / right
    return float(math.trunc(result)) if math.isfinite(result) else result


_SIGNS: Mapping[str, Callable[[float, float], float]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": math.fmod,
    "^": math.pow, "div": _cut,
}  # fmt: skip


def _double(value: Value) -> float | None:
    if kind_of(value) is not float:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:  # an integer beyond all doubles
        return None


def _elements(term: Term, elements: Elements) -> Sequence[Value]:
    return (
        (term.value,)
        if isinstance(term, Number)
        else elements(term.name)
        if isinstance(term, Property)
        else ()
    )
