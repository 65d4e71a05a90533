"""Arrays by document number that grow: what was never set is 0, and takes no memory before it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]  # of documents, from 0
LEAST_CAPACITY = 256


def grown(array: Array, length: int) -> Array:
    """The array, or one with the same at its beginning, that has room for this many."""
    if length <= len(array):
        return array
    bigger = np.zeros(
        max(LEAST_CAPACITY, length + length // 8), array.dtype
    )  # the system gives zeros on demand
    bigger[: len(array)] = array
    return bigger


def fitting(array: Array, greatest: int) -> Array:
    """The array, or one of a wider type, that can hold this number."""
    wanted = np.min_scalar_type(greatest)
    return array if wanted.itemsize <= array.dtype.itemsize else array.astype(wanted)


def none_of(documents: int) -> Mask:
    """A mask without any."""
    return np.zeros(documents, np.bool_)
