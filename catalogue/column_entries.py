"""What a record has of one property, as the column index keeps it: an entry, equal for equal values."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from catalogue.aggregations import Kind
from catalogue.counting import kind_among
from catalogue.facts import is_long
from catalogue.filters import Between, Like, OneOf, Only, Present, Value
from catalogue.folds import Fold, folded
from catalogue.instants import Instant, instant_of
from catalogue.matching import elements_test


class Long(NamedTuple):
    """Stands for a text that is too long for anything but equality."""

    digest: bytes


Element = Value | Long
Leaf = Present | OneOf | Between | Like | Only
SortKey = tuple[int, Any]  # the type, then the value: what Python compares as the order wants it
TRUTH, NUMBER, TEXT, TIME = 0, 1, 2, 3
ENTRY_BYTES = 200  # about what an entry costs beside its texts
SHORT = 256  # characters that are never more than TEXT_BYTES_MAX


class Entry(NamedTuple):
    """The elements of a property, and whether it is a list."""

    elements: tuple[Element, ...]
    many: bool


def entry_of(elements: Sequence[Element], many: bool) -> Entry:
    """The entry for the elements of some Facts."""
    return Entry(tuple(map(element_of, elements)), many)


def element_of(value: Element) -> Element:
    """The value, or what stands for it."""
    if type(value) is str and len(value) > SHORT and is_long(value):
        return Long(hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest())
    return value


def test_of(leaf: Leaf) -> Callable[[Sequence[Element]], bool]:
    """The test, for the elements of entries."""
    if isinstance(leaf, Only) or (isinstance(leaf, OneOf) and not leaf.fold):
        values: Any = tuple(element_of(value) for value in leaf.values)
        leaf = replace(leaf, values=values)
    found: Any = elements_test(leaf)
    return found  # type: ignore[no-any-return]


def element_key(element: Element) -> Hashable:
    """Equal for equal elements alone: Python takes True for 1."""
    return (None, element) if type(element) is bool else element


def entry_key(elements: Sequence[Element], many: bool) -> Hashable:
    """Equal for equal entries alone; that of one value is its element's."""
    if len(elements) == 1 and not many:
        return element_key(elements[0])
    return (many, tuple((type(each) is bool, each) for each in elements))


def weight_of(entry: Entry) -> int:
    """About how many bytes it takes in memory."""
    return ENTRY_BYTES + sum(len(each) if isinstance(each, str) else 16 for each in entry.elements)


def sort_key(element: Element) -> SortKey | None:
    """Where an element stands; None where it takes no part in any order."""
    if type(element) is str:
        return (TEXT, element)
    if isinstance(element, Instant):
        return (TIME, element.us)
    if isinstance(element, Long):
        return None
    return (TRUTH if type(element) is bool else NUMBER, element)


def sort_keys(elements: Sequence[Element]) -> Iterator[SortKey]:
    """Those of the elements that have one."""
    for element in elements:
        key = sort_key(element)
        if key is not None:
            yield key


def folded_keys(elements: Sequence[Element], fold: Fold) -> Iterator[SortKey]:
    """Those of the elements, of texts when they are folded."""
    for kind, value in sort_keys(elements):
        yield (kind, folded(value, fold) if kind == TEXT else value)


def time_keys(elements: Sequence[Element]) -> Iterator[SortKey]:
    """Those of the elements that are an instant, or name one."""
    for element in elements:
        instant = instant_of(element) if type(element) is str else element
        if isinstance(instant, Instant):
            yield (TIME, instant.us)


def ends_of(leaf: Between) -> tuple[int, SortKey | None, SortKey | None]:
    """The type of its ends, and their keys, None where it is open; TRUTH where nothing is between them."""
    ends = [element_of(end) for end in (leaf.low, leaf.high) if end is not None]
    low, high = (None if end is None else sort_key(end) for end in (leaf.low, leaf.high))
    kinds = {TRUTH if isinstance(end, Long) else (sort_key(end) or (TRUTH,))[0] for end in ends}
    return (kinds.pop() if len(kinds) == 1 else TRUTH), low, high


def kind_of(entry: Entry) -> Kind:
    """What the first element of an entry is."""
    if entry.elements and isinstance(entry.elements[0], Long):
        return Kind.TEXT
    return kind_among(entry.elements)  # type: ignore[arg-type]
