"""What is true or false of a record: the visitor of the whole tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalogue.filters import equal
from discovery_api.cql2 import comparisons
from discovery_api.cql2.arrays import arrays
from discovery_api.cql2.limits import Wrong, shown
from discovery_api.cql2.operands import property_name
from discovery_api.cql2.spatial import spatial
from discovery_api.cql2.temporal import temporal
from discovery_api.cql2.truth import Truth, conjunction, constant, disjunction, known, negation, unknown
from discovery_api.cql2.vocabulary import (
    ARITHMETIC,
    ARRAYS,
    CONDITIONS,
    FOLDS,
    GEOMETRY,
    ORDERS,
    SPATIAL,
    TEMPORAL,
    unknown_function,
)


def condition(node: Any, where: str) -> Truth:
    """A condition, as CQL2 JSON; a property alone is a truth value, and `{}` is true."""
    if isinstance(node, bool):
        return constant(node)
    if not isinstance(node, dict):
        raise Wrong(
            where, f"{shown(node)} is a value, and a condition is needed here: compare it with something"
        )
    if not node:
        return constant(True)
    if "op" in node:
        return _operation(node["op"], node.get("args", []), where)
    if "property" in node:
        name = property_name(node, where)
        if name == GEOMETRY:
            raise Wrong(
                where, "`geometry` is neither true nor false: use s_intersects or another spatial function"
            )
        return known((name,), equal(name, True))
    raise Wrong(where, "this is a value, and a condition is needed here: compare it with something")


def _operation(op: str, args: list[Any], where: str) -> Truth:
    name = op.lower()
    if name in ORDERS:
        return _comparison(ORDERS[name], args, where)
    if name in ("and", "or"):
        inner = _conditions(args, where)
        return conjunction(inner) if name == "and" else disjunction(inner)
    if name in ("not", "isnull") and len(args) != 1:
        raise Wrong(where, f"`{op}` takes one argument, not {len(args)}")
    if name == "not":
        return negation(condition(args[0], f"{where}/args/0"))
    if name == "isnull":
        inside = f"{where}/args/0"
        return (
            unknown(condition(args[0], inside))
            if _is_condition(args[0])
            else comparisons.is_null(args[0], inside)
        )
    if name in SPATIAL:
        return spatial(name, args, where)
    if name in TEMPORAL:
        return temporal(name, args, where)
    if name in ARRAYS:
        return arrays(name, args, where)
    if name in ("between", "in", "like"):
        read = {"between": comparisons.between, "in": comparisons.contained, "like": comparisons.alike}
        return read[name](args, where)
    if name in FOLDS or name in ARITHMETIC:
        raise Wrong(
            where, f"`{name}` gives a value, and a condition is needed here: compare it with something"
        )
    raise unknown_function(op, where)


def _comparison(order: str, args: list[Any], where: str) -> Truth:
    """Of values; `=` and `<>` also compare a condition with true or false."""
    for place, arg in enumerate(args):
        other = args[1 - place] if len(args) == 2 else None
        if _is_condition(arg) and isinstance(other, bool) and order in ("=", "<>"):
            inner = condition(arg, f"{where}/args/{place}")
            return inner if other == (order == "=") else negation(inner)
    return comparisons.comparison(order, args, where)


def _conditions(args: list[Any], where: str) -> Iterator[Truth]:
    return (condition(arg, f"{where}/args/{place}") for place, arg in enumerate(args))


def _is_condition(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("op"), str) and node["op"].lower() in CONDITIONS
