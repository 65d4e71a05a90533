"""The query extension: {"property": {"operator": value}}."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from catalogue.filters import Filter, Like, Present
from discovery_api.cql2.comparisons import against
from discovery_api.cql2.limits import (
    INTEGER_MAX,
    NAME_CHARACTERS_MAX,
    PATTERN_CHARACTERS_MAX,
    TEXT_BYTES_MAX,
    VALUES_MAX,
)
from discovery_api.cql2.operands import PREFIX, Named
from discovery_api.cql2.truth import every, negated, some
from discovery_api.nearness import nearest
from discovery_api.refusals import malformed, shown

PROPERTIES_MAX = 200
_ORDERS = {"eq": "=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_PATTERNS = {"startsWith": "{}%", "endsWith": "%{}", "contains": "%{}%"}
OPERATORS = (*_ORDERS, "neq", "in", *_PATTERNS)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,18})(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_TRUTHS = {"true": True, "false": False}
Scalar = str | int | float | bool


def read_query(given: Any) -> Filter:
    """All of the conditions. A text also stands for the number or truth value that it reads as, as clients send it.

    Refused (malformed-query) names the property and the operator.
    """
    if isinstance(given, str):
        given = _decoded(given)
    if not isinstance(given, dict):
        raise malformed("query", 'is an object: {"property": {"eq": value}}')
    if len(given) > PROPERTIES_MAX:
        raise malformed("query", f"names at most {PROPERTIES_MAX} properties")
    return every(part for name, conditions in given.items() for part in _conditions(name, conditions))


def _conditions(name: str, given: Any) -> Iterator[Filter]:
    place = f"query/{shown(name)}"
    if len(name) > NAME_CHARACTERS_MAX or "\0" in name:
        raise malformed(place, f"is no name: at most {NAME_CHARACTERS_MAX} characters")
    if not isinstance(given, dict) or not given:
        raise malformed(place, f'is an object: {{"eq": value}}; operators are {", ".join(OPERATORS)}')
    prop = Named(name.removeprefix(PREFIX))
    if prop.name == "geometry":
        raise malformed(place, "is not compared; use `intersects` or `bbox`")
    for operator, value in given.items():
        yield _condition(prop, operator, value, f"{place}/{shown(operator)}")


def _condition(prop: Named, operator: str, value: Any, place: str) -> Filter:
    if operator in _ORDERS:
        return _ordered(prop, _ORDERS[operator], _scalar(value, place), place)
    if operator == "neq":
        return every([Present(prop.name), negated(_equal(prop, _scalar(value, place)))])
    if operator == "in":
        if not isinstance(value, list) or len(value) > VALUES_MAX:
            raise malformed(place, f"is a list of at most {VALUES_MAX} values")
        return some(_equal(prop, _scalar(each, f"{place}/{n}")) for n, each in enumerate(value))
    if operator in _PATTERNS:
        if not isinstance(value, str) or len(value) > PATTERN_CHARACTERS_MAX:
            raise malformed(place, f"is a text of at most {PATTERN_CHARACTERS_MAX} characters")
        return Like(prop.name, _PATTERNS[operator].format(_literally(value)))
    raise malformed(place, f"is no operator{nearest(operator, OPERATORS)}")


def _equal(prop: Named, value: Scalar) -> Filter:
    return some(against("=", prop, each) for each in _meanings(value))


def _ordered(prop: Named, order: str, value: Scalar, place: str) -> Filter:
    if order == "=":
        return _equal(prop, value)
    if isinstance(value, bool):
        raise malformed(place, "true and false have no order")
    return some(against(order, prop, each) for each in _meanings(value) if not isinstance(each, bool))


def _meanings(value: Scalar) -> list[Scalar]:
    """The value, and for a text what it reads as."""
    if not isinstance(value, str):
        return [value]
    if value in _TRUTHS:
        return [value, _TRUTHS[value]]
    if _NUMBER.fullmatch(value) is None:
        return [value]
    read: Callable[[str], int | float] = int if value.removeprefix("-").isdigit() else float
    number = read(value)
    return [value, number] if abs(number) < math.inf else [value]


def _scalar(value: Any, place: str) -> Scalar:
    if not isinstance(value, str | int | float | bool):
        raise malformed(place, "is a text, a number, true or false")
    if (isinstance(value, int) and abs(value) >= INTEGER_MAX) or (
        isinstance(value, float) and not math.isfinite(value)
    ):
        raise malformed(place, "is a number that is too large")
    return value


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _decoded(text: str) -> Any:
    if len(text) > TEXT_BYTES_MAX:
        raise malformed("query", f"has at most {TEXT_BYTES_MAX} characters")
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise malformed("query", f"is no JSON: {str(error)[:200]}") from error
