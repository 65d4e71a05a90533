"""Wide columns: nearly every document has another value, so the values lie in a heap, one for each document.

Equality compares checksums and then the values. Ranges, orders and times use arrays that are made when they are
first asked for; anything else reads the values of the documents in question.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from catalogue.aggregations import Kind
from catalogue.column_arrays import Array, Mask, Numbers, fitting, grown, none_of
from catalogue.column_entries import (
    TEXT,
    TRUTH,
    Element,
    Entry,
    Leaf,
    Long,
    SortKey,
    element_of,
    ends_of,
    entry_of,
    kind_of,
    sort_keys,
    test_of,
    time_keys,
)
from catalogue.column_heap import Heap
from catalogue.column_order import READY_CHANGES_MAX, Order
from catalogue.columns import Put, Ranked
from catalogue.filters import Between, Like, OneOf, Present
from catalogue.instants import Instant
from catalogue.likes import like, literal

# What the bytes of a document are; ABSENT has none.
ABSENT, PLAIN, JSON, INSTANT, LONG, LIST, OTHER = range(7)
NO_TIME = np.iinfo(np.int64).min
_TRUTHS = [zlib.crc32(b"true"), zlib.crc32(b"false")]
SCANNED_MAX = 2000  # documents whose values are read rather than put in order


class Wide:
    """`near` gives bytes of a document that its value is likely to lie in, and where; so ids hold their titles."""

    def __init__(self, heap: Heap, near: Callable[[int], tuple[int, bytes]] | None = None) -> None:
        self.heap, self._near = heap, near
        self.kinds: Array = np.zeros(0, np.uint8)
        self.sums: Array = np.zeros(0, np.uint32)
        self.offsets: Array = np.zeros(0, np.uint32)
        self.lengths: Array = np.zeros(0, np.uint16)
        self.orders: dict[bool, Order] = {}
        self._times: npt.NDArray[np.int64] | None = None
        self._untimed: set[int] = set()

    def put(self, batch: Sequence[Put], documents: int) -> None:
        """Set what these documents have."""
        self._make_room(documents)
        numbers = [put[0] for put in batch]
        values = [packed(entry_of(elements, many)) for _, elements, many in batch]
        before = self.kinds[numbers].tolist()
        changed = [
            at
            for at, (kind, value) in enumerate(values)
            if before[at] != kind or self.bytes(numbers[at]) != value
        ]
        if changed:
            self._write([numbers[at] for at in changed], [values[at] for at in changed])

    def _write(self, numbers: list[int], values: list[tuple[int, bytes]]) -> None:
        self.heap.garbage += int(self.lengths[numbers].sum())  # too much where it shares its bytes
        offsets = [self._placed(number, value) for number, (_, value) in zip(numbers, values, strict=True)]
        lengths = [len(value) for _, value in values]
        self.offsets = fitting(self.offsets, max(offsets))
        self.lengths = fitting(self.lengths, max(lengths))
        self.kinds[numbers] = [kind for kind, _ in values]
        self.sums[numbers] = [zlib.crc32(value) for _, value in values]
        self.offsets[numbers], self.lengths[numbers] = offsets, lengths
        self._touch(numbers)

    def clear(self, numbers: Sequence[int], documents: int) -> None:
        """These documents have nothing any more."""
        self._make_room(documents)
        self.kinds[numbers] = ABSENT
        self.heap.garbage += int(self.lengths[numbers].sum())
        self.lengths[numbers] = 0
        self._touch(numbers)

    def _make_room(self, documents: int) -> None:
        self.kinds, self.sums, self.offsets, self.lengths = (
            grown(array, documents) for array in (self.kinds, self.sums, self.offsets, self.lengths)
        )

    def _touch(self, numbers: Sequence[int]) -> None:
        self._untimed.update(numbers if self._times is not None else ())
        for order in self.orders.values():
            order.touch(numbers)

    def _placed(self, number: int, value: bytes) -> int:
        if self._near is not None:
            offset, other = self._near(number)
            at = other.find(value)
            if at >= 0:
                return offset + at
        return self.heap.add(value)

    def bytes(self, number: int) -> bytes:
        """What lies in the heap for a document."""
        offset = int(self.offsets[number])
        return bytes(self.heap.data[offset : offset + int(self.lengths[number])])

    def entry(self, number: int) -> Entry | None:
        """What one document has."""
        if number >= len(self.kinds):
            return None
        kind = int(self.kinds[number])
        return None if kind == ABSENT else unpacked(kind, self.bytes(number))

    def select(self, leaf: Leaf, documents: int, within: Mask | None) -> Mask:
        """The documents that the test holds for; of those that are not `within` it may say anything."""
        self._make_room(documents)
        kinds = self.kinds[:documents]
        known = none_of(documents)
        asked: Mask = kinds != ABSENT
        if isinstance(leaf, Present):
            return asked
        quick = self._quick(leaf, documents, within)
        if quick is not None:  # lists are asked one by one
            known, asked = quick, kinds >= LIST
        if within is not None:
            asked = asked & within
        numbers = np.flatnonzero(asked)
        known[numbers] = self._tested(leaf, numbers)
        return known

    def _quick(self, leaf: Leaf, documents: int, within: Mask | None) -> Mask | None:
        """The documents with one value, without reading them all; None where there is no such way."""
        if isinstance(leaf, OneOf) and not leaf.fold:
            times = [value.us for value in leaf.values if isinstance(value, Instant)]
            others = [value for value in leaf.values if not isinstance(value, Instant)]
            found = self._equal([element_of(value) for value in others], documents)
            return found | np.isin(self.times(documents), times) if times else found
        if not isinstance(leaf, Between) or leaf.fold:
            return None
        if isinstance(leaf.low, Instant) or isinstance(leaf.high, Instant):
            return self._at_times(leaf, documents)
        if within is not None and not self.orders and np.count_nonzero(within) <= SCANNED_MAX:
            return None
        return self._in_range(leaf, documents)

    def _equal(self, values: Sequence[Element], documents: int) -> Mask:
        wanted = {packed(entry_of((value,), False)) for value in values if not isinstance(value, Long)}
        wanted |= {(LONG, value.digest) for value in values if isinstance(value, Long)}
        sums = np.array([zlib.crc32(value) for _, value in wanted], np.uint32)
        found = none_of(documents)
        present = self.sums[:documents]
        alike = np.isin(present, sums) if len(sums) > 8 else none_of(documents)
        for one in sums if len(sums) <= 8 else ():
            alike |= present == one
        for number in np.flatnonzero(alike).tolist():
            found[number] = (int(self.kinds[number]), self.bytes(number)) in wanted
        return found

    def _at_times(self, leaf: Between, documents: int) -> Mask:
        times = self.times(documents)
        found: Mask = times != NO_TIME
        for end, inside, below in ((leaf.low, leaf.low_in, True), (leaf.high, leaf.high_in, False)):
            if end is not None and not isinstance(end, Instant):
                return none_of(documents)
            if end is not None:
                beyond = times < end.us if below else times > end.us
                found &= ~(beyond if inside else beyond | (times == end.us))
        return found

    def _in_range(self, leaf: Between, documents: int) -> Mask:
        kind, low, high = ends_of(leaf)
        if kind == TRUTH:
            return none_of(documents)
        order = self.in_order(False, documents)
        first = order.place(low if low is not None else (kind,))
        last = order.place(high if high is not None else (kind + 1,))
        if low is not None and not leaf.low_in:
            first += 1
        if high is None or not leaf.high_in:
            last -= 1
        ranks = order.ranks[:documents]
        found: Mask = (ranks >= max(first, 1)) & (ranks <= last) if last >= 0 else none_of(documents)
        return found & (self.kinds[:documents] < LIST)

    def _tested(self, leaf: Leaf, numbers: Numbers) -> list[bool]:
        if isinstance(leaf, Like) and not leaf.fold:
            return self._like(leaf, numbers)
        test = test_of(leaf)
        entries = map(self.entry, numbers.tolist())
        return [entry is not None and test(entry.elements) for entry in entries]

    def _like(self, leaf: Like, numbers: Numbers) -> list[bool]:
        fits, start = like(leaf.pattern), literal(leaf.pattern).encode("utf-8", "surrogatepass")
        rest, data = test_of(leaf), self.heap.data
        found = []
        kinds, offsets, lengths = (
            array[numbers].tolist() for array in (self.kinds, self.offsets, self.lengths)
        )
        for kind, offset, length in zip(kinds, offsets, lengths, strict=True):
            if kind == PLAIN:
                found.append(
                    data.startswith(start, offset, offset + length)
                    and fits(data[offset : offset + length].decode("utf-8", "surrogatepass"))
                )
            elif kind in (LIST, OTHER):
                found.append(rest(unpacked(kind, bytes(data[offset : offset + length])).elements))
            else:
                found.append(False)
        return found

    def counted(self, numbers: Numbers) -> Iterator[tuple[Entry, int]]:
        """What these documents have, and how many have it."""
        counts = Counter((int(self.kinds[number]), self.bytes(number)) for number in numbers.tolist())
        for (kind, value), count in counts.items():
            if kind != ABSENT:
                yield unpacked(kind, value), count

    def kinds_of(self, mask: Mask) -> dict[tuple[Kind, bool], int]:
        """How many of these documents have a first element of each kind, in a list or not."""
        documents = len(mask)
        times = self.times(documents)
        kinds = self.kinds[:documents]
        plain, truths = kinds == PLAIN, np.isin(self.sums[:documents], _TRUTHS)
        found = {
            (Kind.TIME, False): plain & (times != NO_TIME),
            (Kind.TEXT, False): (plain & (times == NO_TIME)) | (kinds == LONG),
            (Kind.TRUTH, False): (kinds == JSON) & truths,
            (Kind.NUMBER, False): (kinds == JSON) & ~truths,
        }
        counts = Counter({key: int(np.count_nonzero(value & mask)) for key, value in found.items()})
        for entry, number in self.counted(np.flatnonzero((kinds >= LIST) & mask)):
            counts[kind_of(entry), entry.many] += number
        return counts

    @property
    def has_times(self) -> bool:
        """Whether the instants have been made, and are up to date or nearly."""
        return self._times is not None and len(self._untimed) <= READY_CHANGES_MAX

    def times(self, documents: int) -> npt.NDArray[np.int64]:
        """The instants of the documents with one value that is or names one; NO_TIME of the others."""
        if self._times is None:
            self._times, self._untimed = np.zeros(0, np.int64), set(range(documents))
        had = len(self._times)
        self._times = grown(self._times, documents)
        self._times[had:] = NO_TIME
        for number in self._untimed:
            self._times[number] = self._time(number)
        self._untimed = set()
        return self._times[:documents]

    def _time(self, number: int) -> int:
        if self.kinds[number] not in (PLAIN, INSTANT):
            return NO_TIME
        elements = unpacked(int(self.kinds[number]), self.bytes(number)).elements
        return next((key[1] for key in time_keys(elements)), NO_TIME)

    def in_order(self, descending: bool, documents: int) -> Order:
        """The documents by the element that counts; one order for both ways while none has several."""
        descending = descending and bool((self.kinds[:documents] >= LIST).any())
        order = self.orders.get(descending)
        if order is None:
            order = self.new_order(descending)
            order.touch(range(documents))
        order.refresh(documents)
        return order

    def new_order(self, descending: bool) -> Order:
        """An order without any documents yet."""
        self.orders[descending] = Order(lambda number: self._best(number, descending))
        return self.orders[descending]

    def best(self, numbers: Sequence[int], descending: bool) -> list[SortKey | None]:
        """The keys of the elements that count in an order, of some documents."""
        return [self._best(number, descending) for number in numbers]

    def _best(self, number: int, descending: bool) -> SortKey | None:
        if self.kinds[number] == PLAIN:
            return (TEXT, self.bytes(number).decode("utf-8", "surrogatepass"))
        entry = self.entry(number)
        return (
            None if entry is None else (max if descending else min)(sort_keys(entry.elements), default=None)
        )

    def ranked(self, numbers: Numbers, place: SortKey | None, descending: bool) -> Ranked:
        """Where these documents stand in the order of the elements that count."""
        documents = len(self.kinds)
        order = self.in_order(descending, documents)
        return Ranked(
            order.ranks[numbers].astype(np.int64), order.place(place) if place else 0, 2 * order.groups + 3
        )


def packed(entry: Entry) -> tuple[int, bytes]:
    """The kind and the bytes of an entry: the same for equal ones of one value."""
    if len(entry.elements) == 1 and not entry.many:
        element = entry.elements[0]
        if isinstance(element, str):
            return PLAIN, element.encode("utf-8", "surrogatepass")
        if isinstance(element, Long):
            return LONG, element.digest
        if isinstance(element, Instant):
            return INSTANT, str(element.us).encode()
        return JSON, _number(element)
    return (LIST if entry.many else OTHER), orjson.dumps([_plain(element) for element in entry.elements])


def unpacked(kind: int, value: bytes) -> Entry:
    """The entry that was packed so."""
    if kind == PLAIN:
        return Entry((value.decode("utf-8", "surrogatepass"),), False)
    if kind == JSON:
        return Entry((orjson.loads(value),), False)
    if kind == INSTANT:
        return Entry((Instant(int(value)),), False)
    if kind == LONG:
        return Entry((Long(value),), False)
    elements = (Long(bytes.fromhex(each[""])) if type(each) is dict else each for each in orjson.loads(value))
    return Entry(tuple(elements), kind == LIST)


def _number(value: float) -> bytes:
    """The same bytes for equal numbers of any type."""
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return str(int(value) if isinstance(value, int) or value.is_integer() else value).encode()


def _plain(element: Element) -> Any:
    return {"": element.digest.hex()} if isinstance(element, Long) else element
