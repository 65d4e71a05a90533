"""What can stand on either side of a comparison."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from catalogue.filters import Arithmetic, Number, Property, Term
from catalogue.folds import Fold, folded
from catalogue.formulas import calculated
from discovery_api.cql2 import moments
from discovery_api.cql2.limits import NAME_CHARACTERS_MAX, Wrong, shown
from discovery_api.cql2.moments import Moment
from discovery_api.cql2.vocabulary import ARITHMETIC, CONDITIONS, FOLDS, GEOMETRY, unknown_function

PREFIX = "properties."


@dataclass(frozen=True, slots=True)
class Named:
    """A property, and what is left out of account when its texts are compared."""

    name: str
    fold: Fold = Fold.NONE


@dataclass(frozen=True, slots=True)
class Computed:
    """A number that is computed from properties."""

    term: Arithmetic


Scalar = str | int | float | bool
Literal = Scalar | Moment
Operand = Named | Literal | Computed


def is_literal(operand: Operand) -> bool:
    """Whether it is the same for all records."""
    return not isinstance(operand, Named | Computed)


def property_name(node: dict[str, Any], where: str) -> str:
    """The name of a property; `properties.` in front of it makes no difference."""
    name = node["property"]
    if not isinstance(name, str) or "\0" in name or len(name) > NAME_CHARACTERS_MAX:
        raise Wrong(where, f"the name of a property is a text of at most {NAME_CHARACTERS_MAX} characters")
    return name.removeprefix(PREFIX)


def operand(node: Any, where: str) -> Operand:
    """A property, a literal, or what is computed of these."""
    if isinstance(node, dict):
        return _of_object(node, where)
    if isinstance(node, list):
        raise Wrong(where, "a list stands only after `in` and in the array functions a_...")
    if node is None:
        raise Wrong(where, "null equals nothing, not even null: ask `is null` (isNull) of the property")
    if isinstance(node, float) and not math.isfinite(node):
        raise Wrong(where, "the number is too large")
    return node  # type: ignore[no-any-return]


def _of_object(node: dict[str, Any], where: str) -> Operand:
    if "op" in node:
        return _of_operator(node, where)
    if "property" in node:
        name = property_name(node, where)
        if name == GEOMETRY:
            raise Wrong(
                where, "`geometry` is compared by the spatial functions only: s_intersects and others"
            )
        return Named(name)
    if "timestamp" in node or "date" in node:
        return moments.literal(node, where)
    if "interval" in node:
        raise Wrong(where, "an interval is compared by the temporal functions only: t_intersects and others")
    raise Wrong(
        where, "a geometry or a box is compared by the spatial functions only: s_intersects and others"
    )


def _of_operator(node: dict[str, Any], where: str) -> Operand:
    name, args = node["op"].lower(), node.get("args", [])
    if name in FOLDS:
        return _folded(node, where)
    if name in ARITHMETIC:
        if len(args) != 2:
            raise Wrong(where, f"`{name}` takes two numbers")
        left, right = (operand(arg, f"{where}/args/{n}") for n, arg in enumerate(args))
        return _arithmetic(name, left, right, where)
    if name in CONDITIONS:
        raise Wrong(where, f"`{node['op']}` is a condition, and a value is needed here")
    raise unknown_function(node["op"], where)


def _folded(node: dict[str, Any], where: str) -> Operand:
    """casei and accenti, in either order: both together leave out the same."""
    fold, inner = Fold.NONE, node
    while isinstance(inner, dict) and (name := str(inner.get("op")).lower()) in FOLDS:
        args = inner.get("args", [])
        if len(args) != 1:
            raise Wrong(where, f"{name} takes one text")
        fold, inner, where = fold | FOLDS[name], args[0], f"{where}/args/0"
    found = operand(inner, where)
    if isinstance(found, Named):
        return replace(found, fold=fold)
    if isinstance(found, str):
        return folded(found, fold)
    raise Wrong(where, "casei and accenti take a property or a text")


def _arithmetic(sign: str, left: Operand, right: Operand, where: str) -> Operand:
    a, b = _term(left, sign, where), _term(right, sign, where)
    if isinstance(a, Number) and isinstance(b, Number):
        result = calculated(sign, a.value, b.value)
        if result is None:
            raise Wrong(where, f"{shown(a.value)} {sign} {shown(b.value)} is no finite number")
        return result
    return Computed(Arithmetic(sign, a, b))


def _term(given: Operand, sign: str, where: str) -> Term:
    if isinstance(given, Computed):
        return given.term
    if isinstance(given, Named) and not given.fold:
        return Property(given.name)
    if isinstance(given, int | float) and not isinstance(given, bool):
        try:
            return Number(float(given))
        except OverflowError:
            raise Wrong(where, f"{shown(given)} is too large to compute with") from None
    raise Wrong(where, f"`{sign}` takes numbers")
