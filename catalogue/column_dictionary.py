"""The distinct entries of one property: each has a code, and a test is made once for each of them.

What is derived from the entries is kept and brought up to date when there are more; entries never go.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from catalogue.aggregations import Kind
from catalogue.column_entries import (
    TEXT,
    TIME,
    TRUTH,
    Element,
    Entry,
    Leaf,
    SortKey,
    element_key,
    element_of,
    ends_of,
    entry_key,
    folded_keys,
    kind_of,
    sort_keys,
    test_of,
    time_keys,
    weight_of,
)
from catalogue.filters import Between, Like, OneOf, Present
from catalogue.folds import Fold
from catalogue.instants import Instant
from catalogue.likes import like, literal

Keys = Callable[[Sequence[Element]], Iterable[SortKey]]
Codes = npt.NDArray[np.int64]
_LAST = chr(0x10FFFF)


class Sorted:
    """The keys of all entries in order, each with the entry's code."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._items: list[tuple[int, object, int]] = []
        self._seen = 1

    def refresh(self, entries: Sequence[Entry]) -> None:
        """Take in the entries that are new."""
        if self._seen < len(entries):
            for code in range(self._seen, len(entries)):
                self._items += ((*key, code) for key in self._keys(entries[code].elements))
            self._items.sort()  # it was in order but for the end
            self._seen = len(entries)

    def equal(self, key: SortKey) -> list[int]:
        """Codes of the entries with this key."""
        return self._between(key, (*key, math.inf))

    def range(self, leaf: Between) -> list[int]:
        """Codes of the entries with a key between these ends."""
        kind, low, high = ends_of(leaf)
        if kind == TRUTH:  # truth values have no order, and of two types there is nothing between
            return []
        first = (kind,) if low is None else low if leaf.low_in else (*low, math.inf)
        last = (kind + 1,) if high is None else (*high, math.inf) if leaf.high_in else high
        return self._between(first, last)

    def beginning(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The texts that begin so, with their codes."""
        at = bisect.bisect_left(self._items, (TEXT, prefix))
        while at < len(self._items):
            kind, text, code = self._items[at]
            if kind != TEXT or not isinstance(text, str) or not text.startswith(prefix):
                return
            yield text, code
            at += 1

    def _between(self, first: tuple[object, ...], last: tuple[object, ...]) -> list[int]:
        start = bisect.bisect_left(self._items, first)
        end = bisect.bisect_left(self._items, last, start)
        return [item[2] for item in self._items[start:end]]


class Dictionary:
    """Code 0 stands for a property that is absent."""

    __slots__ = ("_elements", "_inside", "_kinds", "_ranks", "_sorted", "codes", "entries", "weight")

    def __init__(self) -> None:
        self.codes: dict[Hashable, int] = {}
        self.entries: list[Entry] = [Entry((), False)]
        self.weight = 0
        self._inside: dict[Hashable, list[int]] = {}
        self._elements: Elements | None = None
        self._kinds: list[tuple[Kind, bool]] = []
        self._sorted: dict[Fold | None, Sorted] = {}
        self._ranks: dict[bool, Ranks] = {}

    def code(self, entry: Entry) -> int:
        """Its code, a new one if need be."""
        key = entry_key(entry.elements, entry.many)
        found = self.codes.get(key)
        if found is None:
            found = self.codes[key] = len(self.entries)
            self.entries.append(entry)
            self.weight += weight_of(entry)
            if len(entry.elements) != 1 or entry.many:
                for element in dict.fromkeys(map(element_key, entry.elements)):
                    self._inside.setdefault(element, []).append(found)
        return found

    def matching(self, leaf: Leaf) -> Codes:
        """The codes of the entries that the test holds for."""
        return np.unique(np.fromiter(self._matching(leaf), np.int64))

    def _matching(self, leaf: Leaf) -> Iterable[int]:
        match leaf:
            case Present():
                return range(1, len(self.entries))
            case OneOf(_, _, fold):
                return (code for value in _values(leaf) for code in self._equal(value, fold))
            case Between():
                times = isinstance(leaf.low, Instant) or isinstance(leaf.high, Instant)
                return self._in_order(None if times else leaf.fold).range(leaf)
            case Like(_, pattern, fold):
                fits = like(pattern)
                among = self._in_order(fold).beginning(literal(pattern))
                return (code for text, code in among if fits(text))
        test = test_of(leaf)
        return (code for code in range(1, len(self.entries)) if test(self.entries[code].elements))

    def _equal(self, value: Element, fold: Fold) -> Iterable[int]:
        if isinstance(value, Instant):
            return self._in_order(None).equal((TIME, value.us))
        if fold and isinstance(value, str):
            return self._in_order(fold).equal((TEXT, value))
        key = element_key(value)
        own = self.codes.get(key)
        inside = self._inside.get(key, [])
        return inside if own is None else [own, *inside]

    def _in_order(self, fold: Fold | None) -> Sorted:
        """By the elements as they are folded; with None, by the time that they name."""
        found = self._sorted.get(fold)
        if found is None:
            keys: Keys = time_keys if fold is None else sort_keys
            if fold:
                keys = lambda elements: folded_keys(elements, fold)  # noqa: E731
            found = self._sorted[fold] = Sorted(keys)
        found.refresh(self.entries)
        return found

    def elements(self) -> Elements:
        """The different elements of all entries."""
        if self._elements is None or self._elements.seen < len(self.entries):
            self._elements = Elements(self.entries)
        return self._elements

    def kinds(self) -> list[tuple[Kind, bool]]:
        """What the first element of each entry is, and whether it is a list, by code."""
        self._kinds += ((kind_of(entry), entry.many) for entry in self.entries[len(self._kinds) :])
        return self._kinds

    def ranks(self, descending: bool) -> Ranks:
        """Where the entries stand in an order."""
        found = self._ranks.get(descending)
        if found is None or len(found.of_codes) < len(self.entries):
            found = self._ranks[descending] = Ranks(self.entries, descending)
        return found


def _values(leaf: OneOf) -> Iterable[Element]:
    return leaf.values if leaf.fold else map(element_of, leaf.values)


class Elements:
    """The different elements of entries in the order of values, and which entries have which."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        keys = [frozenset(sort_keys(entry.elements)) for entry in entries]
        self.seen = len(entries)
        self.keys = sorted(frozenset[SortKey]().union(*keys))
        places = {key: place for place, key in enumerate(self.keys)}
        pairs = [(code, places[key]) for code, each in enumerate(keys) for key in each]
        self._codes, self._places = np.array(pairs, np.int64).reshape(-1, 2).T

    def counted(self, counts: Codes) -> Codes:
        """How many have each element, of those that have each entry."""
        return np.bincount(self._places, counts[self._codes], len(self.keys)).astype(np.int64)


class Ranks:
    """Ranks of entries: odd numbers from 1 going up, equal for equal ones; 0 for those without any."""

    def __init__(self, entries: Sequence[Entry], descending: bool) -> None:
        best = max if descending else min
        keys = [best(sort_keys(entry.elements), default=None) for entry in entries]
        self.keys = sorted({key for key in keys if key is not None})
        places = {key: 2 * place + 1 for place, key in enumerate(self.keys)}
        self.of_codes = np.fromiter((places.get(key, 0) if key else 0 for key in keys), np.int64, len(keys))
        self.best = keys

    def place(self, key: SortKey) -> int:
        """The rank of a key; an even number where it is none of these."""
        at = bisect.bisect_left(self.keys, key)
        return 2 * at + (at < len(self.keys) and self.keys[at] == key)
