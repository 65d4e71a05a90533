"""Documents in the order of a key that each of them has or has not, kept while keys come and change."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from catalogue.column_arrays import Array, grown

Key = Callable[[int], Any]
PIECE = 65_536  # documents
READY_CHANGES_MAX = 20
DUE_CHANGES = 5000
REBUILT_MIN, REBUILT_SHARE = 500, 4  # it is made anew when one in so many has changed


class Order:
    """`ranks`, by document: odd numbers from 1 going up, equal for equal keys; 0 without a key.

    `key` gives that of a document, None where it has none.
    """

    def __init__(self, key: Key) -> None:
        self._key = key
        self.numbers: npt.NDArray[np.uint32] = np.zeros(0, np.uint32)
        self.starts: npt.NDArray[np.bool_] = np.zeros(
            0, np.bool_
        )  # where a key is another than the one before
        self.ranks: Array = np.zeros(0, np.uint32)
        self.groups = 0
        self._changed: set[int] = set()

    def touch(self, numbers: Iterable[int]) -> None:
        """These documents are new, or may have another key."""
        self._changed.update(numbers)

    @property
    def is_current(self) -> bool:
        """Whether it is up to date."""
        return not self._changed

    @property
    def is_due(self) -> bool:
        """Whether so much has changed that the next search should not have to wait for it."""
        return len(self._changed) > DUE_CHANGES

    @property
    def is_ready(self) -> bool:
        """Whether it is, or nearly."""
        return len(self._changed) <= READY_CHANGES_MAX

    def refresh(self, documents: int) -> None:
        """Bring `numbers` and `ranks` up to date."""
        if self._changed:
            if len(self._changed) > max(REBUILT_MIN, len(self.numbers) // REBUILT_SHARE):
                self._rebuild(documents)
            else:
                self._replace()
            self._changed = set()
            self.rank(documents)
        self.ranks = grown(self.ranks, documents)

    def rank(self, documents: int) -> None:
        """Make the ranks of `numbers` and `starts`."""
        self.ranks = grown(np.zeros(0, np.uint32), documents)
        groups = np.cumsum(self.starts, dtype=np.uint32)
        self.ranks[self.numbers] = 2 * groups - 1
        self.groups = int(groups[-1]) if len(groups) else 0

    def place(self, key: Any) -> int:
        """The rank of a key; an even number where no document has it."""
        at = self._at(key)
        if at == len(self.numbers):
            return 2 * self.groups
        rank = int(self.ranks[self.numbers[at]])
        return rank if self._key(int(self.numbers[at])) == key else rank - 1

    def span(self, key: Any) -> tuple[int, int]:
        """From where to where in `numbers` the documents with this key are, of which there is one at most."""
        at = self._at(key)
        return at, at + (at < len(self.numbers) and self._key(int(self.numbers[at])) == key)

    def _at(self, key: Any) -> int:
        return bisect.bisect_left(self.numbers, key, key=lambda number: self._key(int(number)))

    def _rebuild(self, documents: int) -> None:
        """In pieces, so that few keys are in memory at a time."""
        pieces = [self._sorted(range(at, min(at + PIECE, documents))) for at in range(0, documents, PIECE)]
        keyed = (((self._key(number), number) for number in piece.tolist()) for piece in pieces)
        self.numbers = np.zeros(sum(map(len, pieces)), np.uint32)
        self.starts = np.ones(len(self.numbers), np.bool_)
        last = None
        for at, (key, number) in enumerate(heapq.merge(*keyed)):
            self.numbers[at] = number
            self.starts[at] = key != last
            last = key

    def _sorted(self, numbers: Iterable[int]) -> npt.NDArray[np.uint32]:
        keyed = [(key, number) for number in numbers if (key := self._key(number)) is not None]
        return np.fromiter((number for _, number in sorted(keyed)), np.uint32, len(keyed))

    def _replace(self) -> None:
        """Take the changed ones out, and put those that have a key where they belong."""
        gone = np.zeros(max(len(self.ranks), max(self._changed) + 1), np.bool_)
        gone[list(self._changed)] = True
        stays = ~gone[self.numbers]
        groups = np.cumsum(self.starts, dtype=np.uint32)[stays]
        self.numbers = self.numbers[stays]
        self.starts = np.diff(groups, prepend=np.uint32(0)) != 0
        keyed = [(key, number) for number in self._changed if (key := self._key(number)) is not None]
        self._insert(sorted(keyed))

    def _insert(self, keyed: Sequence[tuple[Any, int]]) -> None:
        places, starts = [], []
        for at, (key, _) in enumerate(keyed):
            place = self._at(key)
            places.append(place)
            starts.append(at == 0 or keyed[at - 1][0] != key)
            if place < len(self.numbers) and self._key(int(self.numbers[place])) == key:
                self.starts[place] = False  # the new ones stand before their equals
        self.numbers = np.insert(self.numbers, places, [number for _, number in keyed])
        self.starts = np.insert(self.starts, places, starts)
