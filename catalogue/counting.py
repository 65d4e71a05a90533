"""Aggregations over records, one after the other: what `catalogue.aggregations` means, and slow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from catalogue.aggregations import (
    Aggregates,
    Aggregation,
    Bucket,
    Counted,
    Extremes,
    Files,
    Histogram,
    Kind,
    Named,
    Names,
    Step,
    Terms,
)
from catalogue.facts import Facts, is_long
from catalogue.filters import END, START, Scalar, Value
from catalogue.formulas import kind_of
from catalogue.instants import Instant, instant_of
from catalogue.matching import elements_of
from catalogue.ordering import by_type

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def aggregated(found: Sequence[Facts], wanted: Sequence[Aggregation]) -> Aggregates:
    """The answers to all of them about these records."""
    return Aggregates(len(found), tuple(_counted(found, one) for one in wanted))


def _counted(found: Sequence[Facts], wanted: Aggregation) -> Counted:
    match wanted:
        case Terms(name, limit):
            return _terms(found, name, limit)
        case Histogram(step, name):
            ends = [facts.start if name == START else facts.end for facts in found]
            starts = Counter(begun(end, step) for end in ends if end is not None)
            return Counted(tuple(Bucket(key, starts[key]) for key in sorted(starts)))
        case Extremes(name):
            return _extremes(found, name)
        case Files():
            files: Counter[str] = Counter()
            for facts in found:
                files.update(facts.files)
            return Counted(tuple(Bucket(*pair) for pair in sorted(files.items(), key=_most_first)))
        case Names():
            names = Counter(named for facts in found for named in _names(facts))
            return Counted(tuple(Bucket(key, names[key]) for key in sorted(names, key=_by_name)))


def begun(instant: Instant, step: Step) -> Instant:
    """The first instant of the year, month or day that it is in."""
    moment = _EPOCH + timedelta(microseconds=instant.us)
    month = 1 if step is Step.YEAR else moment.month
    day = moment.day if step is Step.DAY else 1
    first = datetime(moment.year, month, day, tzinfo=UTC)
    return Instant((first - _EPOCH) // timedelta(microseconds=1))


def kind_among(elements: Sequence[Scalar]) -> Kind:
    """What the first element is."""
    if not elements:
        return Kind.OTHER
    first = elements[0]
    if isinstance(first, str):
        return Kind.TEXT if instant_of(first) is None else Kind.TIME
    return Kind.TRUTH if isinstance(first, bool) else Kind.NUMBER


def _terms(found: Iterable[Facts], name: str, limit: int) -> Counted:
    counts: Counter[tuple[int, Value]] = Counter()
    for facts in found:
        elements = elements_of(facts, name) or ()
        counts.update({by_type(one) for one in elements if not (isinstance(one, str) and is_long(one))})
    ordered = sorted(counts.items(), key=_most_first)
    buckets = tuple(Bucket(key[1], number) for key, number in ordered[:limit])
    return Counted(buckets, sum(number for _, number in ordered[limit:]))


def _extremes(found: Iterable[Facts], name: str) -> Counted:
    wanted = Instant if name in (START, END) else float
    values: list[Any] = [
        value for facts in found for value in elements_of(facts, name) or () if kind_of(value) is wanted
    ]
    return Counted((Bucket(min(values), 0), Bucket(max(values), 0)) if values else ())


def _names(facts: Facts) -> list[Named]:
    return [
        Named(name, kind_among(elements), name in facts.lists) for name, elements in facts.elements.items()
    ]


def _most_first(pair: tuple[Any, int]) -> tuple[int, Any]:
    return -pair[1], pair[0]


def _by_name(named: Named) -> tuple[str, str, bool]:
    return named.name, named.kind.value, named.many
