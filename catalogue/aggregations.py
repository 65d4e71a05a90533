"""Aggregations: what a store counts among the records that a query finds, many at once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from catalogue.filters import START, Value

BUCKETS_MAX = 10_000


class Step(Enum):
    """The width of a histogram's buckets, by the calendar in UTC."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


class Kind(Enum):
    """What a property's values are."""

    TEXT = "text"
    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"  # texts that name an instant
    OTHER = "other"  # present, without an element


@dataclass(frozen=True, slots=True)
class Terms:
    """Records per element of a property, the most frequent first, then by type (truth, number, text) and value.

    A record counts once for each different element; texts that are too long do not count.
    """

    name: str
    limit: int = BUCKETS_MAX


@dataclass(frozen=True, slots=True)
class Histogram:
    """Records per step of START or END; only steps that have some, in order. The key is the step's first instant."""

    step: Step
    name: str = START


@dataclass(frozen=True, slots=True)
class Extremes:
    """The least and the greatest element that is a number or, of START and END, an instant: two buckets or none.

    Their numbers are 0.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Files:
    """Data files per node, the most first, then by node."""


@dataclass(frozen=True, slots=True)
class Names:
    """Records per property that is present, in the order of names: the key is a Named."""


Aggregation = Terms | Histogram | Extremes | Files | Names


class Named(NamedTuple):
    """A property, what its first element is, and whether it is a list."""

    name: str
    kind: Kind
    many: bool


class Bucket(NamedTuple):
    """A key, and the number that it stands for."""

    key: Value | Named
    number: int


class Counted(NamedTuple):
    """The answer to one aggregation. `others`: how many the buckets that were left out would count together."""

    buckets: tuple[Bucket, ...]
    others: int = 0


class Aggregates(NamedTuple):
    """How many records the query finds, and one answer for each aggregation, in order."""

    matched: int
    counted: tuple[Counted, ...]
