"""Filters: sets of records, as every store can find them.

A filter is plain set algebra: a record is in it or is not. The three values of CQL2 are gone before it is made: where
`not` meets a comparison, it becomes "the property is there, and the comparison does not hold".

How a property compares: it has elements, those of its list or the one scalar that it is. A test holds where it holds
for some element. Elements are texts, numbers or truth values, and no element is ever equal to, or ordered with, one
of another type; 7 and 7.0 are one number. A text that names a time (RFC 3339) is compared as such with an Instant.
Texts are ordered by code points. Null, and an absent property, have no elements and are not present; an empty list or
an object is present and has none. Only texts of up to TEXT_BYTES_MAX bytes take part in ranges, patterns and folded
comparisons; a longer one is found by its presence and, as it stands, by equality.

Names: `id` and `collection` are the record's own; `START` and `END` are the ends of the time that it is about; any
other is a property of an Item, or a member of a Collection. `NODES` are the nodes that hold a copy of an asset.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from catalogue.folds import Fold
from catalogue.instants import Instant

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

TEXT_BYTES_MAX = 1024
START, END = "\0start", "\0end"  # no property's name begins with NUL
NODES = "alternate:name"

Scalar = str | int | float | bool
Value = Scalar | Instant


@dataclass(frozen=True, slots=True)
class All:
    """In every one of these; of none: everything."""

    parts: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """In at least one of these; of none: nothing."""

    parts: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """Everything else."""

    part: Filter


@dataclass(frozen=True, slots=True)
class Present:
    """The property is there and is not null."""

    name: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Some element equals one of the values. With a fold the element is folded and the values are taken as they are."""

    name: str
    values: tuple[Value, ...]
    fold: Fold = Fold.NONE


@dataclass(frozen=True, slots=True)
class Between:
    """Some element lies between the ends, which are of one type (text, number, Instant); None: open on that side."""

    name: str
    low: str | float | Instant | None
    high: str | float | Instant | None
    low_in: bool = True
    high_in: bool = True
    fold: Fold = Fold.NONE


@dataclass(frozen=True, slots=True)
class Like:
    """Some text element matches: `%` stands for any characters, `_` for one; a backslash takes the next literally."""

    name: str
    pattern: str
    fold: Fold = Fold.NONE


@dataclass(frozen=True, slots=True)
class Only:
    """The property is present, and every element of it equals one of the values."""

    name: str
    values: tuple[Value, ...]


class Relation(Enum):
    """How a record's geometry stands to a given one, in the plane of degrees (OGC 06-103r4)."""

    INTERSECTS = "intersects"
    DISJOINT = "disjoint"
    WITHIN = "within"
    CONTAINS = "contains"
    TOUCHES = "touches"
    CROSSES = "crosses"
    OVERLAPS = "overlaps"
    EQUALS = "equals"


@dataclass(frozen=True, slots=True)
class Spatial:
    """The record has a geometry, and it is in this relation to `shape`, which is normal (see `catalogue.shapes`)."""

    relation: Relation
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class Located:
    """The record has a geometry."""


@dataclass(frozen=True, slots=True)
class Words:
    """The record's text (see `catalogue.facts`) holds these words, one after the other."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Number:
    """A constant of a Formula."""

    value: float


@dataclass(frozen=True, slots=True)
class Property:
    """The value of a property in a Formula."""

    name: str


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`operator` is one of + - * / % ^ div, on numbers."""

    operator: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Formula:
    """`operator` is one of = < <= > >=, between terms of which at least two name properties, or one is computed.

    Without arithmetic it holds where it holds for some element of either side. With it, a property counts only where
    it is one number, and where a step has no finite result the formula does not hold.
    """

    operator: str
    left: Term
    right: Term


Term = Number | Property | Arithmetic
Filter = All | Some | Not | Present | OneOf | Between | Like | Only | Spatial | Located | Words | Formula

EVERYTHING: Filter = All()
NOTHING: Filter = Some()


class Ability(Enum):
    """What not every store can do."""

    PROPERTIES = "property-property"
    ARITHMETIC = "arithmetic"
    SPATIAL = "spatial"  # every Relation; without it, INTERSECTS and DISJOINT alone


def equal(name: str, value: Value) -> Filter:
    """Some element equals the value."""
    return OneOf(name, (value,))


def walk(part: Filter) -> Iterator[Filter]:
    """The filter and everything in it."""
    waiting = [part]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, All | Some):
            waiting.extend(part.parts)
        elif isinstance(part, Not):
            waiting.append(part.part)


def needed(whole: Filter) -> set[Ability]:
    """The abilities that a store must have for this filter."""
    found = set()
    for part in walk(whole):
        if isinstance(part, Spatial) and part.relation not in (Relation.INTERSECTS, Relation.DISJOINT):
            found.add(Ability.SPATIAL)
        if isinstance(part, Formula):
            computed = isinstance(part.left, Arithmetic) or isinstance(part.right, Arithmetic)
            found.add(Ability.ARITHMETIC if computed else Ability.PROPERTIES)
    return found
