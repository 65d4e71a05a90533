"""One row of bytes that the values of all wide columns lie in, and what of it is used no longer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from catalogue.column_arrays import Array

GARBAGE_MIN = 16 << 20


class Heap:
    """Bytes are added at the end; what lies there stays until it is compacted."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.garbage = 0  # bytes that nothing refers to, at most

    def add(self, value: bytes) -> int:
        """Where it lies."""
        at = len(self.data)
        self.data += value
        return at

    @property
    def is_wasteful(self) -> bool:
        """Whether more than half of it may be garbage."""
        return self.garbage > max(GARBAGE_MIN, len(self.data) // 2)


def compacted(heap: Heap, users: Sequence[tuple[Array, Array]]) -> list[Array]:
    """Drop what none of the users, (offsets, lengths), refers to; their new offsets. Values may share bytes."""
    starts = np.concatenate([offsets.astype(np.int64) for offsets, _ in users])
    ends = starts + np.concatenate([lengths.astype(np.int64) for _, lengths in users])
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order], np.maximum.accumulate(ends[order])
    first = np.flatnonzero(np.concatenate([[True], starts[1:] >= ends[:-1]]))  # where a piece in use begins
    lows, highs = starts[first], ends[np.append(first[1:], len(starts)) - 1]
    fresh = np.cumsum(highs - lows) - (highs - lows)
    old = memoryview(heap.data)
    heap.data = bytearray(
        b"".join(old[low:high] for low, high in zip(lows.tolist(), highs.tolist(), strict=True))
    )
    heap.garbage = 0
    moved = []
    for offsets, _ in users:
        piece = np.searchsorted(lows, offsets, side="right") - 1
        moved.append(offsets.astype(np.int64) - lows[piece] + fresh[piece])
    return moved
