"""Columns with a code for each document: few different entries, in many documents or in few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catalogue.column_arrays import Array, Mask, Numbers, fitting, grown, none_of
from catalogue.column_dictionary import Codes, Dictionary
from catalogue.column_entries import Element, Entry, Leaf, SortKey, entry_key, entry_of, test_of
from catalogue.filters import Between, OneOf, Present

ENTRIES_MAX = 65_536
WEIGHT_MAX = 32 << 20  # bytes of a dictionary
SPARSE_MIN, SPARSE_SHARE = 256, 64  # dense with so many documents, and one in so many of all
SCANNED_MAX = 1000  # entries that are tested one by one, whatever is left to be found
COMPARED_MAX = 4  # codes that are compared one by one instead of looked up in a table

Put = tuple[int, Sequence[Element], bool]  # a document, its elements, whether they are a list


class Ranked(NamedTuple):
    """Ranks of some documents or codes (0 without one), of a place, and a number above all of them."""

    ranks: Numbers
    place: int
    end: int


class Column:
    """Sparse at first: a dict of codes by document; then an array of them."""

    def __init__(self, dictionary: Dictionary | None = None) -> None:
        self.dictionary = dictionary or Dictionary()
        self.sparse: dict[int, int] | None = {}
        self.codes: Array = np.zeros(0, np.uint8)

    def put(self, batch: Sequence[Put], documents: int) -> None:
        """Set what these documents have."""
        codes, known = [], self.dictionary.codes
        for _, elements, many in batch:  # nearly all are one value, so its key is made here
            key = elements[0] if len(elements) == 1 and not many else None
            code = known.get(entry_key(elements, many) if key is None or type(key) is bool else key)
            codes.append(self.dictionary.code(entry_of(elements, many)) if code is None else code)
        self.set([put[0] for put in batch], codes, documents)

    def set(self, numbers: Sequence[int], codes: Sequence[int], documents: int) -> None:
        """The same with codes; 0 for what they do not have any more."""
        if self.sparse is not None:
            self.sparse.update(zip(numbers, codes, strict=True))
            if len(self.sparse) > max(SPARSE_MIN, documents // SPARSE_SHARE):
                numbers, codes, self.sparse = list(self.sparse), list(self.sparse.values()), None
        if self.sparse is None and len(numbers):
            self.codes = grown(fitting(self.codes, len(self.dictionary.entries)), max(numbers) + 1)
            self.codes[numbers] = codes

    @property
    def is_full(self) -> bool:
        """Whether it has more different entries than it should."""
        return len(self.dictionary.entries) > ENTRIES_MAX or self.dictionary.weight > WEIGHT_MAX

    def entry(self, number: int) -> Entry | None:
        """What one document has."""
        code = int(self.of(np.array([number]))[0])
        return self.dictionary.entries[code] if code else None

    def of(self, numbers: Numbers) -> Codes:
        """The codes of some documents."""
        if self.sparse is not None:
            return np.fromiter(
                (self.sparse.get(number, 0) for number in numbers.tolist()), np.int64, len(numbers)
            )
        if not len(numbers) or numbers[-1] < len(self.codes):  # they go up
            return self.codes[numbers].astype(np.int64)
        return grown(self.codes, int(numbers.max()) + 1)[numbers].astype(np.int64)

    def all(self, documents: int) -> Array:
        """The codes of all documents."""
        if self.sparse is None:
            self.codes = grown(self.codes, documents)
            return self.codes[:documents]
        found = np.zeros(documents, np.uint32)
        found[list(self.sparse)] = list(self.sparse.values())
        return found

    def select(self, leaf: Leaf, documents: int, within: Mask | None) -> Mask:
        """The documents that the test holds for; of those that are not `within` it may say anything."""
        if isinstance(leaf, Present) and self.sparse is None:
            there: Mask = self.all(documents) != 0
            return there
        entries = self.dictionary.entries
        if within is not None and len(entries) > SCANNED_MAX and not isinstance(leaf, OneOf | Between):
            numbers = np.flatnonzero(within)
            if len(numbers) < len(entries):  # fewer values than there are different ones
                test = test_of(leaf)
                codes = np.unique(self.of(numbers)).tolist()
                wanted = [code for code in codes if code and test(entries[code].elements)]
                return self.having(np.array(wanted, np.int64), documents)
        return self.having(self.dictionary.matching(leaf), documents)

    def having(self, wanted: Codes, documents: int) -> Mask:
        """The documents with one of these codes."""
        if not len(wanted):
            return none_of(documents)
        if self.sparse is None and len(wanted) <= COMPARED_MAX:
            found: Mask = self.all(documents) == wanted[0]
            for code in wanted[1:]:
                found |= self.all(documents) == code
            return found
        table = none_of(len(self.dictionary.entries))
        table[wanted] = True
        if self.sparse is None:
            return np.take(table, self.all(documents))
        found = none_of(documents)
        found[[number for number, code in self.sparse.items() if table[code]]] = True
        return found

    def counted(self, mask: Mask) -> Codes:
        """How many of these documents have each code."""
        if self.sparse is None:
            codes = self.all(len(mask))[mask]
        else:
            codes = np.array([code for number, code in self.sparse.items() if mask[number]], np.int64)
        return np.bincount(codes, minlength=len(self.dictionary.entries))

    def ranked(self, place: SortKey | None, descending: bool) -> Ranked:
        """Where its entries stand in the order of the elements that count, by their codes."""
        ranks = self.dictionary.ranks(descending)
        return Ranked(ranks.of_codes, ranks.place(place) if place else 0, 2 * len(ranks.keys) + 3)

    def best(self, numbers: Sequence[int], descending: bool) -> list[SortKey | None]:
        """The keys of the elements that count in an order, of some documents."""
        best = self.dictionary.ranks(descending).best
        return [best[code] for code in self.of(np.array(numbers, np.int64)).tolist()]
