"""Masks that are kept for as long as nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from catalogue import column_masks
from catalogue.column_arrays import Mask
from catalogue.column_masks import KEPT_MAX, Masks
from catalogue.filters import equal
from catalogue.lifecycle import State
from catalogue.store import Query


class Counting:
    """Makes masks, and counts how many."""

    def __init__(self, documents: int = 8) -> None:
        self.made, self.documents = 0, documents

    def __call__(self) -> Mask:
        self.made += 1
        return np.ones(self.documents, np.bool_)


def test_the_pages_of_a_search_are_looked_for_once() -> None:
    masks, find, query = Masks(), Counting(), Query(filter=equal("a", 1))
    first = masks.of(query, 1, find)
    assert masks.of(replace(query, limit=7, after=("x",)), 1, find) is first
    assert find.made == 1


@pytest.mark.parametrize(
    "other",
    [
        lambda query: replace(query, filter=equal("a", True)),
        lambda query: replace(query, collections=("c",)),
        lambda query: replace(query, ids=("i",)),
        lambda query: replace(query, states=frozenset({State.RETRACTED})),
    ],
)
def test_another_search_is_looked_for_itself(other: Callable[[Query], Query]) -> None:
    masks, find, query = Masks(), Counting(), Query(filter=equal("a", 1))
    masks.of(query, 1, find)
    masks.of(other(query), 1, find)
    assert find.made == 2


def test_a_write_forgets_all() -> None:
    masks, find, query = Masks(), Counting(), Query()
    for seq in (1, 1, 2, 2):
        masks.of(query, seq, find)
    assert find.made == 2


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    masks, find = Masks(), Counting()
    queries = [Query(ids=(str(number),)) for number in range(KEPT_MAX + 1)]
    for query in (*queries, queries[-1], queries[0]):
        masks.of(query, 1, find)
    assert find.made == KEPT_MAX + 2  # the first was forgotten
    monkeypatch.setattr(column_masks, "BYTES_MAX", 2 * find.documents)
    masks, find = Masks(), Counting()
    for query in (*queries[:3], queries[0]):
        masks.of(query, 1, find)
    assert find.made == 4
    monkeypatch.setattr(column_masks, "BYTES_MAX", find.documents - 1)
    assert len(Masks().of(queries[0], 1, find)) == find.documents  # not kept, but answered
