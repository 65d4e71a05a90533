"""Pages of documents in order: the ranks of what a search is sorted by make one number, and the least are taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from catalogue.column_arrays import Mask, Numbers
from catalogue.column_entries import TIME, SortKey, sort_key
from catalogue.column_index import Index
from catalogue.columns import Column, Ranked
from catalogue.filters import END, START
from catalogue.ordering import sort_key as checked
from catalogue.store import Place, Sort

KEY_MAX = 1 << 62
WALKED_MIN = 1024  # documents
WALKED_SHARE = 64  # a search by id alone walks along the ids, where it finds more than one in so many


class Found(NamedTuple):
    """Numbers of documents in order, and whether there are more behind them."""

    numbers: list[int]
    more: bool


def page_of(
    index: Index, mask: Mask, sort: Sequence[Sort], limit: int, after: Place | None, backwards: bool
) -> Found:
    """The documents of one page. ValueError for a place that is none of this order."""
    if after is not None:
        checked(after, sort)
    if not sort and np.count_nonzero(mask) * WALKED_SHARE > len(mask):
        return _walked(index, mask, limit, after, backwards)
    numbers = np.flatnonzero(_narrowed(index, mask, sort, limit, after, backwards) if sort else mask)
    keys, place = _keys(index, numbers, sort, after)
    if after is not None:
        behind = keys < place if backwards else keys > place
        numbers, keys = numbers[behind], keys[behind]
    return _least(numbers, -keys if backwards else keys, limit, backwards)


def values_of(
    index: Index, numbers: Sequence[int], sort: Sequence[Sort]
) -> list[tuple[str | int | float | bool | None, ...]]:
    """What each of these documents is ordered by."""
    if not sort:
        return [()] * len(numbers)
    columns: list[list[SortKey | None]] = []
    for one in sort:
        column = index.column(one.name)
        columns.append([None] * len(numbers) if column is None else column.best(numbers, one.descending))
    return [tuple(key and key[1] for key in keys) for keys in zip(*columns, strict=True)]


def _narrowed(
    index: Index, mask: Mask, sort: Sequence[Sort], limit: int, after: Place | None, backwards: bool
) -> Mask:
    """Those of the documents that can be on the page, by what the order looks at first, where this has few values.

    A document that is beyond a whole page of others need not be given a place among them.
    """
    column = index.column(sort[0].name)
    if not isinstance(column, Column):
        return mask
    ranks, place, _ = _of_codes(column, sort[0], None if after is None else after[0])
    ways = -1 if backwards else 1
    ranks, place = ways * ranks, ways * place
    beyond = np.ones(len(ranks), np.bool_) if after is None else ranks > place
    codes = np.flatnonzero(beyond)
    codes = codes[np.argsort(ranks[codes])]
    enough = int(np.searchsorted(np.cumsum(column.counted(mask)[codes]), limit + 1))
    if enough < len(codes):
        beyond &= ranks <= ranks[codes[enough]]
    if after is not None:
        beyond |= ranks == place
    found: Mask = mask & np.take(beyond, column.all(len(mask)))
    return found


def _least(numbers: Numbers, keys: Numbers, limit: int, backwards: bool) -> Found:
    more = len(numbers) > limit
    if more:
        those = np.argpartition(keys, limit - 1)[:limit] if limit else np.zeros(0, np.intp)
        numbers, keys = numbers[those], keys[those]
    ordered: list[int] = numbers[np.argsort(keys)].tolist()
    return Found(ordered[::-1] if backwards else ordered, more)


def _keys(index: Index, numbers: Numbers, sort: Sequence[Sort], after: Place | None) -> tuple[Numbers, int]:
    """A number for each document, in the order of the search, and that of the place."""
    order = index.in_order()
    last = None if after is None else after[-1]
    parts = [
        _ranked(index, numbers, one, None if after is None else after[at]) for at, one in enumerate(sort)
    ]
    parts.append(
        Ranked(
            order.ranks[numbers].astype(np.int64),
            0 if last is None else order.place(last),
            2 * order.groups + 2,
        )
    )
    keys, end = np.zeros(len(numbers) + 1, np.int64), 1
    for part in parts:
        if end > KEY_MAX // part.end:  # leave out the numbers between, of which there are none
            _, keys = np.unique(keys, return_inverse=True)
            keys, end = keys.astype(np.int64), len(keys)
        keys *= part.end
        keys[:-1] += part.ranks
        keys[-1] += part.place
        end *= part.end
    return keys[:-1], int(keys[-1])


def _ranked(index: Index, numbers: Numbers, sort: Sort, value: object) -> Ranked:
    """Ranks that go up in the order of the search, those without any last."""
    column = index.column(sort.name)
    if column is None:
        return Ranked(np.ones(len(numbers), np.int64), int(value is None), 2)
    if isinstance(column, Column):
        of_codes = _of_codes(column, sort, value)
        return of_codes._replace(ranks=of_codes.ranks[column.of(numbers)])
    return _turned(column.ranked(numbers, _key(sort.name, value), sort.descending), sort, value)


def _of_codes(column: Column, sort: Sort, value: object) -> Ranked:
    """The same of the entries of a column, by their codes."""
    return _turned(column.ranked(_key(sort.name, value), sort.descending), sort, value)


def _turned(found: Ranked, sort: Sort, value: object) -> Ranked:
    ranks, place, end = found
    if value is None:
        place = end
    elif sort.descending:
        place = end - 1 - place
    there = end - 1 - ranks if sort.descending else ranks
    return Ranked(np.where(ranks == 0, end, there), place, end + 1)


def _key(name: str, value: object) -> SortKey | None:
    if value is None:
        return None
    if name in (START, END):
        return (TIME, value)
    return sort_key(value)  # type: ignore[arg-type]


def _walked(index: Index, mask: Mask, limit: int, after: Place | None, backwards: bool) -> Found:
    """In the order of ids, along them."""
    ids = index.in_order().numbers
    first, end = 0, len(ids)
    if after is not None:
        first, end = index.order.span(after[-1])
        first, end = (0, first) if backwards else (end, len(ids))
    found: list[int] = []
    size = max(WALKED_MIN, 2 * limit)
    while first < end and len(found) <= limit:
        piece = ids[max(first, end - size) : end][::-1] if backwards else ids[first : min(end, first + size)]
        found += piece[mask[piece]].tolist()
        first, end = (first, end - len(piece)) if backwards else (first + len(piece), end)
        size *= 2
    page = found[:limit]
    return Found(page[::-1] if backwards else page, len(found) > limit)
