"""Three-valued logic, compiled to sets of records.

A predicate is true of some records, false of others, and unknown of the rest: of those where a property that it
compares is not present. A filter finds those of which it is true; `not` swaps the two sets, and the rest stays out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalogue.filters import EVERYTHING, NOTHING, All, Between, Filter, Not, OneOf, Present, Some, Value
from catalogue.folds import Fold
from catalogue.formulas import kind_of


@dataclass(frozen=True, slots=True)
class Truth:
    """The records of which a predicate is true, and those of which it is false."""

    yes: Filter
    no: Filter


TRUE, FALSE = Truth(EVERYTHING, NOTHING), Truth(NOTHING, EVERYTHING)


def constant(holds: bool) -> Truth:
    """What is the same for all records."""
    return TRUE if holds else FALSE


def known(names: Iterable[str], yes: Filter) -> Truth:
    """True in `yes`, and false elsewhere among the records that have all of these properties."""
    present = [Present(name) for name in names]
    if len(present) == 1 and isinstance(yes, OneOf | Between):  # as nearly all are
        return Truth(yes, All((present[0], Not(yes))))
    return Truth(yes, every([*present, negated(yes)]))


def negation(truth: Truth) -> Truth:
    """`not`."""
    return Truth(truth.no, truth.yes)


def conjunction(truths: Iterable[Truth]) -> Truth:
    """`and`: false where any is, whatever the others."""
    found = list(truths)
    return Truth(every([truth.yes for truth in found]), some([truth.no for truth in found]))


def disjunction(truths: Iterable[Truth]) -> Truth:
    """`or`: true where any is, whatever the others."""
    found = list(truths)
    return Truth(some([truth.yes for truth in found]), every([truth.no for truth in found]))


def unknown(truth: Truth) -> Truth:
    """Whether it is neither true nor false; that itself is always known."""
    return Truth(every([negated(truth.yes), negated(truth.no)]), some([truth.yes, truth.no]))


def every(parts: Iterable[Filter]) -> Filter:
    """All of them, in its shortest form: what a property shall not be is looked for at once."""
    kept: list[Filter] = []
    present: set[str] = set()
    values = _Values()
    for part in parts:
        for each in part.parts if isinstance(part, All) else (part,):
            if each == NOTHING:
                return NOTHING
            if isinstance(each, Present):
                if each.name in present:
                    continue
                present.add(each.name)
            if isinstance(each, Not) and isinstance(each.part, OneOf):
                values.add(each.part)
            else:
                kept.append(each)
    kept += [Not(found) for found in values.joined()]
    return kept[0] if len(kept) == 1 else All(tuple(kept))


def some(parts: Iterable[Filter]) -> Filter:
    """Any of them, in its shortest form: what a property may be is looked for at once."""
    kept: list[Filter] = []
    values = _Values()
    for part in parts:
        for each in part.parts if isinstance(part, Some) else (part,):
            if each == EVERYTHING:
                return EVERYTHING
            if isinstance(each, OneOf):
                values.add(each)
            else:
                kept.append(each)
    kept += values.joined()
    return kept[0] if len(kept) == 1 else Some(tuple(kept))


class _Values:
    """The values that each property is compared with. True and 1 are equal to Python, and are not one element."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, Fold], dict[tuple[type, Value], Value]] = {}

    def add(self, one_of: OneOf) -> None:
        wanted = self._of.setdefault((one_of.name, one_of.fold), {})
        wanted.update({(kind_of(value), value): value for value in one_of.values})

    def joined(self) -> list[Filter]:
        return [OneOf(name, tuple(found.values()), fold) for (name, fold), found in self._of.items()]


def negated(part: Filter) -> Filter:
    """Everything else."""
    if part == EVERYTHING:
        return NOTHING
    if part == NOTHING:
        return EVERYTHING
    return part.part if isinstance(part, Not) else Not(part)
