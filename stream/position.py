"""Position of an event: one 63-bit number that is also the version of every document it writes.

position = generation << 40 | offset. The partition is not in it: a dataset never leaves its partition,
so positions are compared only between events of one partition.
"""

from __future__ import annotations

OFFSET_BITS = 40
OFFSET_MAX = (1 << OFFSET_BITS) - 1
GENERATION_MAX = (1 << (63 - OFFSET_BITS)) - 1


def position(generation: int, offset: int) -> int:
    """The position of `offset` in `generation` (1 is the first). ValueError when either does not fit."""
    if not 1 <= generation <= GENERATION_MAX:
        raise ValueError(f"generation {generation} is not in 1..{GENERATION_MAX}")
    if not 0 <= offset <= OFFSET_MAX:
        raise ValueError(f"offset {offset} is not in 0..{OFFSET_MAX}")
    return generation << OFFSET_BITS | offset


def split(value: int) -> tuple[int, int]:
    """(generation, offset) of a position."""
    return value >> OFFSET_BITS, value & OFFSET_MAX


def generation_suffix(generation: int) -> str:
    """What a topic's name ends with: nothing for generation 1, `.g2`, `.g3` ... after it."""
    return "" if generation == 1 else f".g{generation}"
