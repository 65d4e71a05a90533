"""Filters over the column index: the mask of the documents that are in one.

What is cheap goes first, and what is not is asked of the documents that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from catalogue.column_arrays import Mask, Numbers, none_of
from catalogue.column_entries import Element, Leaf, Long
from catalogue.column_index import Index
from catalogue.column_wide import INSTANT, LIST, OTHER, Wide
from catalogue.columns import Column
from catalogue.filters import (
    END,
    START,
    All,
    Arithmetic,
    Between,
    Filter,
    Formula,
    Located,
    Not,
    OneOf,
    Present,
    Property,
    Some,
    Spatial,
    Term,
    Value,
    Words,
)
from catalogue.folds import Fold
from catalogue.formulas import holds
from catalogue.instants import Instant, instant_of

FindWords = Callable[[Words], Numbers]


@dataclass(frozen=True, slots=True)
class Finder:
    """`words` gives the numbers of the documents with a text's words."""

    index: Index
    words: FindWords
    _costs: dict[int, float] = field(default_factory=dict)

    def mask(self, part: Filter, within: Mask | None = None) -> Mask:
        """The documents in a filter; of those that are not `within` it may say anything."""
        documents = self.index.documents
        match part:
            case All(parts):
                return self._all(parts, within)
            case Some(parts):
                return self._some(parts, within)
            case Not(inner):
                return ~self.mask(inner, within)
            case Spatial():
                return self.index.shapes.select(part, documents, within)
            case Located():
                return self.index.shapes.located(documents)
            case Words():
                found = none_of(documents)
                numbers = self.words(part)
                found[numbers[numbers < documents]] = True
                return found
            case Formula():
                return self._formula(part, within)
        return self._leaf(part, within)

    def _all(self, parts: Sequence[Filter], within: Mask | None) -> Mask:
        for part in sorted(parts, key=self.cost):
            found = self.mask(part, within)
            within = found if within is None else within & found
            if not within.any():
                break
        return np.ones(self.index.documents, np.bool_) if within is None else within

    def _some(self, parts: Sequence[Filter], within: Mask | None) -> Mask:
        found = none_of(self.index.documents)
        for part in sorted(_merged(parts), key=self.cost):
            left = ~found if within is None else within & ~found
            found |= self.mask(part, left) & left
        return found

    def _leaf(self, leaf: Leaf, within: Mask | None) -> Mask:
        if leaf.name in (START, END):
            leaf = _of_times(leaf)
        column = self.index.column(leaf.name)
        if column is None:
            return none_of(self.index.documents)
        return column.select(leaf, self.index.documents, within)

    def _formula(self, formula: Formula, within: Mask | None) -> Mask:
        """Asked once for each different combination of what documents have of its properties."""
        names = sorted(_names(formula.left) | _names(formula.right))
        found = none_of(self.index.documents)
        columns = [self.index.column(name) for name in names]
        computed = isinstance(formula.left, Arithmetic) or isinstance(formula.right, Arithmetic)
        left = np.ones(len(found), np.bool_) if within is None else within
        for column in columns:
            if column is None:
                return found
            left = left & column.select(Present(""), len(found), None)
        if formula.operator == "=" and not computed and all(isinstance(column, Wide) for column in columns):
            left = left & _alike([column for column in columns if isinstance(column, Wide)], len(found))
        numbers = np.flatnonzero(left)
        if any(isinstance(column, Wide) for column in columns) or not columns:
            wanted = numbers
            back = np.arange(len(numbers))
        else:
            codes = np.stack([column.of(numbers) for column in columns if isinstance(column, Column)])
            _, first, back = np.unique(codes, axis=1, return_index=True, return_inverse=True)
            wanted = numbers[first]
        held = np.fromiter(
            (self._holds(formula, names, number, computed) for number in wanted.tolist()), np.bool_
        )
        found[numbers] = held[back.reshape(-1)]
        return found

    def _holds(self, formula: Formula, names: Sequence[str], number: int, computed: bool) -> bool:
        elements: dict[str, Sequence[Element]] = {}
        for name in names:
            column = self.index.column(name)
            entry = None if column is None else column.entry(number)
            elements[name] = () if entry is None else entry.elements
            if formula.operator != "=" and not computed:  # long texts have no order
                elements[name] = [each for each in elements[name] if not isinstance(each, Long)]
        return holds(formula, lambda name: elements[name])  # type: ignore[arg-type,return-value]

    def cost(self, part: Filter) -> float:
        """About how long a part takes, in no unit."""
        found = self._costs.get(id(part))
        if found is None:
            found = self._costs[id(part)] = self._cost(part)
        return found

    def _cost(self, part: Filter) -> float:
        if isinstance(part, All | Some):
            return 1 + sum(map(self.cost, part.parts))
        if isinstance(part, Not):
            return 1 + self.cost(part.part)
        if isinstance(part, Words):
            return 10_000
        if isinstance(part, Spatial):
            return 1000 + self.index.shapes.count
        if isinstance(part, Formula):
            return 100_000
        if isinstance(part, Located | Present):
            return 1
        column = self.index.column(part.name)
        if isinstance(part, OneOf) and not (part.fold and isinstance(column, Wide)):
            return 5 + len(part.values)
        if isinstance(column, Wide):
            return 20 if _is_ready(part, column) else 50_000
        return 10 if isinstance(part, Between) else 100


def _merged(parts: Sequence[Filter]) -> list[Filter]:
    """Tests of one property for equality, of which there may be very many, as one."""
    values: dict[tuple[str, Fold], list[Value]] = {}
    for part in parts:
        if isinstance(part, OneOf):
            values.setdefault((part.name, part.fold), []).extend(part.values)
    others = [part for part in parts if not isinstance(part, OneOf)]
    return [*(OneOf(name, tuple(all_), fold) for (name, fold), all_ in values.items()), *others]


def _alike(columns: Sequence[Wide], documents: int) -> Mask:
    """The documents whose values may be equal: two texts or numbers have one checksum then."""
    differ = none_of(documents)
    for column in columns[1:]:
        differ |= column.sums[:documents] != columns[0].sums[:documents]
    for column in columns:
        differ &= ~np.isin(column.kinds[:documents], (INSTANT, LIST, OTHER))
    return ~differ


def _is_ready(part: Filter, column: Wide) -> bool:
    """Whether a range is found without reading every value."""
    if not isinstance(part, Between) or part.fold:
        return False
    times = isinstance(part.low, Instant) or isinstance(part.high, Instant)
    return column.has_times if times else False in column.orders and column.orders[False].is_ready


def _of_times(leaf: Leaf) -> Leaf:
    """The test as one of instants: a text that names one is compared as such."""
    if isinstance(leaf, Between):
        return replace(leaf, low=_instant(leaf.low), high=_instant(leaf.high))
    return leaf


def _instant(value: str | float | Instant | None) -> str | float | Instant | None:
    return instant_of(value) or value if isinstance(value, str) else value


def _names(term: Term) -> set[str]:
    waiting, found = [term], set()
    while waiting:
        term = waiting.pop()
        if isinstance(term, Property):
            found.add(term.name)
        elif isinstance(term, Arithmetic):
            waiting += (term.left, term.right)
    return found
