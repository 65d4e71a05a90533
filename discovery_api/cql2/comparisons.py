"""Comparisons of what is one value: = <> < <= > >= between in like isNull.

A property compared with a literal holds where it holds for some of its elements. It is known wherever the property is
present: a literal of another type is not equal to it, nor less, nor greater. `<>` is `not =`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalogue.filters import NOTHING, Between, Filter, Like, Located, Not, OneOf, Present
from catalogue.folds import Fold
from catalogue.formulas import compares, kind_of
from catalogue.likes import like
from discovery_api.cql2 import formulas, moments
from discovery_api.cql2.limits import PATTERN_CHARACTERS_MAX, VALUES_MAX, Wrong
from discovery_api.cql2.moments import FLIPPED, TIME_NAMES, Moment
from discovery_api.cql2.operands import Computed, Literal, Named, Operand, is_literal, operand, property_name
from discovery_api.cql2.truth import (
    FALSE,
    Truth,
    conjunction,
    constant,
    disjunction,
    every,
    known,
    negated,
    negation,
    some,
)
from discovery_api.cql2.vocabulary import GEOMETRY


def comparison(order: str, args: list[Any], where: str) -> Truth:
    """`order` is one of = <> < <= > >=."""
    left, right = _operands(order, args, 2, where)
    return compared(order, left, right, where)


def between(args: list[Any], where: str) -> Truth:
    """A value from the second to the third, both included. Older clients put these two into a list."""
    if len(args) == 2 and isinstance(args[1], list):
        args = [args[0], *args[1]]
    value, low, high = _operands("between", args, 3, where)
    if isinstance(value, Named) and is_literal(low) and is_literal(high):
        for end in (low, high):
            _has_order(end, "between", where)
        return known((value.name,), _range(value, low, high))  # type: ignore[arg-type]
    return conjunction([compared(">=", value, low, where), compared("<=", value, high, where)])


def contained(args: list[Any], where: str) -> Truth:
    """`in`: equal to one of a list."""
    if len(args) != 2 or not isinstance(args[1], list):
        raise Wrong(where, "`in` takes a value and a list of values")
    if len(args[1]) > VALUES_MAX:
        raise Wrong(where, f"a list holds at most {VALUES_MAX} values")
    value = operand(args[0], f"{where}/args/0")
    given = [operand(each, f"{where}/args/1/{place}") for place, each in enumerate(args[1])]
    if not isinstance(value, Named):
        return disjunction([compared("=", value, each, where) for each in given]) if given else _never(value)
    fixed = some(against("=", value, each) for each in given if is_literal(each))  # type: ignore[arg-type]
    others = (compared("=", value, each, where) for each in given if not is_literal(each))
    return disjunction([known((value.name,), fixed), *others])


def alike(args: list[Any], where: str) -> Truth:
    """`like`: a text and a pattern."""
    value, pattern = _operands("like", args, 2, where)
    if not isinstance(pattern, str) or len(pattern) > PATTERN_CHARACTERS_MAX:
        raise Wrong(f"{where}/args/1", f"a pattern is a text of at most {PATTERN_CHARACTERS_MAX} characters")
    if isinstance(value, Named):
        return known((value.name,), Like(value.name, pattern, value.fold))
    if isinstance(value, str):
        return constant(like(pattern)(value))
    raise Wrong(where, "`like` compares a text with a pattern")


def is_null(node: Any, where: str) -> Truth:
    """Of a property, a literal, or what is computed: whether it has no value. Conditions are not for here."""
    if isinstance(node, dict) and node.keys() == {"property"} and property_name(node, where) == GEOMETRY:
        return Truth(Not(Located()), Located())
    if node is None:
        return constant(True)
    if isinstance(node, list) or (isinstance(node, dict) and node.keys() & {"interval", "bbox", "type"}):
        return FALSE
    present = every([Present(name) for name in formulas.names(operand(node, where))])
    return Truth(negated(present), present)


def compared(order: str, left: Operand, right: Operand, where: str) -> Truth:
    """One comparison of two operands."""
    if order == "<>":
        return negation(compared("=", left, right, where))
    for side in (left, right):
        if order != "=":
            _has_order(side, order, where)
    if is_literal(left):
        if is_literal(right):
            return constant(_literals(order, left, right))  # type: ignore[arg-type]
        left, right, order = right, left, FLIPPED[order]
    if isinstance(left, Computed) or not is_literal(right):
        return formulas.formula(order, left, right, where)
    return known((left.name,), against(order, left, right))  # type: ignore[union-attr, arg-type]


def against(order: str, prop: Named, value: Literal) -> Filter:
    """The records whose property is in this order (not <>) to a literal."""
    moment = _as_moment(prop, value)
    if moment is not None:
        return moments.timed(prop.name, order, moment)
    if isinstance(value, Moment) or (prop.fold and not isinstance(value, str)):
        return NOTHING
    if order == "=":
        return OneOf(prop.name, (value,), prop.fold)
    if order in ("<", "<="):
        return Between(prop.name, None, value, high_in=order == "<=", fold=prop.fold)
    return Between(prop.name, value, None, low_in=order == ">=", fold=prop.fold)


def _range(prop: Named, low: Literal, high: Literal) -> Filter:
    first, last = _as_moment(prop, low), _as_moment(prop, high)
    if first is not None and last is not None:
        return Between(prop.name, first.first, last.last) if first.first <= last.last else NOTHING
    if isinstance(low, Moment) or isinstance(high, Moment) or kind_of(low) != kind_of(high):
        return NOTHING  # nothing is of two types
    if (prop.fold and not isinstance(low, str)) or low > high:  # type: ignore[operator]
        return NOTHING
    return Between(prop.name, low, high, fold=prop.fold)


def _as_moment(prop: Named, value: Literal) -> Moment | None:
    """The literal as a time, if that is what the property is compared with."""
    if prop.fold is not Fold.NONE:
        return None
    if isinstance(value, Moment):
        return value
    return moments.moment_of(value) if isinstance(value, str) and prop.name in TIME_NAMES else None


def _literals(order: str, left: Literal, right: Literal) -> bool:
    if isinstance(left, Moment) or isinstance(right, Moment):
        a, b = (moments.moment_of(side) if isinstance(side, str) else side for side in (left, right))
        return isinstance(a, Moment) and isinstance(b, Moment) and moments.in_order(a, order, b)
    return compares(order, left, right)


def _never(value: Operand) -> Truth:
    return known(formulas.names(value), NOTHING)


def _has_order(side: Operand, order: str, where: str) -> None:
    if isinstance(side, bool):
        raise Wrong(where, f"true and false have no order, so `{order}` does not apply to them")


def _operands(name: str, args: list[Any], count: int, where: str) -> Iterator[Operand]:
    if len(args) != count:
        raise Wrong(where, f"`{name}` takes {count} arguments, not {len(args)}")
    return (operand(arg, f"{where}/args/{place}") for place, arg in enumerate(args))
