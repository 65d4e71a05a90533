"""Where a record stands in the order of a search: a Place of plain values, and how two of them compare.

`catalogue.store.Sort` says what the order is. This Place is the one of stores that have no other of their own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.facts import Facts, is_long
from catalogue.filters import END, START, Value
from catalogue.formulas import kind_of
from catalogue.instants import Instant
from catalogue.matching import elements_of
from catalogue.store import Place, Sort, WrongPlace

_RANKS: dict[type, int] = {bool: 0, float: 1, str: 2, Instant: 3}


def place_of(facts: Facts, document_id: str, sort: Sequence[Sort]) -> Place:
    """One value for each Sort, None where there is none, then the document's id; an Instant as microseconds."""
    return (*(_value(facts, one) for one in sort), document_id)


def sort_key(place: Place, sort: Sequence[Sort]) -> tuple[Any, ...]:
    """What places of this order compare by. ValueError where this is none."""
    if len(place) != len(sort) + 1 or not isinstance(place[-1], str):
        raise WrongPlace("this place is of another order")
    keys = [_key(value, one) for value, one in zip(place[:-1], sort, strict=True)]
    return (*keys, place[-1])


def by_type(value: Value) -> tuple[int, Value]:
    """What values of any types compare by: truth values, then numbers, then texts, then instants."""
    return _RANKS[kind_of(value)], value


@dataclass(frozen=True, slots=True)
class _Down:
    """Compares the other way round."""

    key: tuple[int, Any]

    def __lt__(self, other: _Down) -> bool:
        return other.key < self.key

    def __gt__(self, other: _Down) -> bool:
        return self.key < other.key


def _value(facts: Facts, sort: Sort) -> str | int | float | bool | None:
    found = elements_of(facts, sort.name) or ()
    counting = [by_type(value) for value in found if not (isinstance(value, str) and is_long(value))]
    if not counting:
        return None
    value = (max if sort.descending else min)(counting)[1]
    return value.us if isinstance(value, Instant) else value


def _key(value: str | float | bool | None, sort: Sort) -> tuple[int, Any]:
    if value is None:
        return (1, ())
    if isinstance(value, float) and math.isnan(value):
        raise WrongPlace("this place has no order")
    if sort.name in (START, END) and type(value) is not int:
        raise WrongPlace("this place is of another order")
    key = by_type(value)
    return (0, _Down(key) if sort.descending else key)
