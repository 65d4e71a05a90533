"""Aggregations over the column index: counts of codes among the documents of a mask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from catalogue.aggregations import (
    Aggregation,
    Bucket,
    Counted,
    Extremes,
    Files,
    Histogram,
    Kind,
    Named,
    Names,
    Step,
    Terms,
)
from catalogue.column_arrays import Mask
from catalogue.column_entries import NUMBER, TIME, Entry, SortKey, sort_keys
from catalogue.column_index import FILES, Index, column_name, property_name
from catalogue.column_wide import NO_TIME, Wide
from catalogue.columns import Column
from catalogue.filters import END, START, Value
from catalogue.instants import Instant

_UNITS = {Step.YEAR: "Y", Step.MONTH: "M", Step.DAY: "D"}
Counts = Iterable[tuple[Entry, int]]


def counted(index: Index, mask: Mask, wanted: Aggregation) -> Counted:
    """The answer about these documents."""
    match wanted:
        case Terms(name, limit):
            return _terms(index.column(name), mask, limit)
        case Histogram(step, name):
            return _histogram(index.ends[name][: len(mask)][mask], _UNITS[step])
        case Extremes(name):
            return _extremes(_entries(index.column(name), mask), TIME if name in (START, END) else NUMBER)
        case Files():
            return _files(_entries(index.columns.get(FILES), mask), list(index.nodes))
        case Names():
            return _names(index, mask)


def _entries(column: Column | Wide | None, mask: Mask) -> Counts:
    """The entries that documents have, with how many have each; of a wide column maybe more than once."""
    if column is None:
        return []
    if isinstance(column, Wide):
        return column.counted(np.flatnonzero(mask[: len(column.kinds)]))
    counts = column.counted(mask)
    codes = np.flatnonzero(counts)
    return [(column.dictionary.entries[code], int(counts[code])) for code in codes.tolist() if code]


def _terms(column: Column | Wide | None, mask: Mask, limit: int) -> Counted:
    if not isinstance(column, Column):
        return _terms_of_wide(_entries(column, mask), limit)
    elements = column.dictionary.elements()
    numbers = elements.counted(column.counted(mask))
    those = np.flatnonzero(numbers)
    those = those[np.argsort(-numbers[those], kind="stable")]  # they are in the order of values
    kept = those[:limit]
    keys = [_value(elements.keys[place]) for place in kept.tolist()]
    return Counted(tuple(map(Bucket, keys, numbers[kept].tolist())), int(numbers[those[limit:]].sum()))


def _terms_of_wide(entries: Counts, limit: int) -> Counted:
    numbers: Counter[SortKey] = Counter()
    for entry, number in entries:
        for key in {*sort_keys(entry.elements)}:
            numbers[key] += number
    ordered = sorted(numbers.items(), key=_most_first)
    buckets = tuple(Bucket(_value(key), number) for key, number in ordered[:limit])
    return Counted(buckets, sum(number for _, number in ordered[limit:]))


def _value(key: SortKey) -> Value:
    return Instant(key[1]) if key[0] == TIME else key[1]


def _most_first(pair: tuple[SortKey, int]) -> tuple[int, SortKey]:
    return -pair[1], pair[0]


def _histogram(ends: npt.NDArray[np.int64], unit: str) -> Counted:
    times = ends[ends != NO_TIME].astype("datetime64[us]")
    steps = times.astype(f"datetime64[{unit}]").astype(np.int64)
    if not len(steps):
        return Counted(())
    least = steps.min()
    counts = np.bincount(steps - least)
    those = np.flatnonzero(counts)
    keys = (those + least).astype(f"datetime64[{unit}]").astype("datetime64[us]").astype(np.int64)
    pairs = zip(keys.tolist(), counts[those].tolist(), strict=True)
    return Counted(tuple(Bucket(Instant(key), number) for key, number in pairs))


def _extremes(entries: Counts, kind: int) -> Counted:
    least = greatest = None
    for entry, _ in entries:
        for key in sort_keys(entry.elements):
            if key[0] == kind:
                least = key if least is None else min(least, key)
                greatest = key if greatest is None else max(greatest, key)
    if least is None or greatest is None:
        return Counted(())
    return Counted((Bucket(_value(least), 0), Bucket(_value(greatest), 0)))


def _files(entries: Counts, nodes: Sequence[str]) -> Counted:
    files: Counter[str] = Counter()
    for (parts, _), number in entries:
        for node, count in zip(parts[::2], parts[1::2], strict=True):
            files[nodes[int(node)]] += int(count) * number  # type: ignore[arg-type]
    ordered = sorted(files.items(), key=lambda pair: (-pair[1], pair[0]))
    return Counted(tuple(Bucket(node, number) for node, number in ordered))


def _names(index: Index, mask: Mask) -> Counted:
    """Of the columns that any of the documents is in."""
    codes = np.unique(index.names_of[: len(mask)][mask]).tolist()
    columns = {column for code in codes for column in index.names[code]}
    names = sorted(name for column in columns if (name := property_name(column)) is not None)
    buckets = []
    for name in names:
        column = index.columns[column_name(name)]
        kinds = column.kinds_of(mask) if isinstance(column, Wide) else _kinds(column, mask)
        named = ((Named(name, *kind), number) for kind, number in kinds.items() if number)
        buckets += sorted(named, key=lambda pair: (pair[0].kind.value, pair[0].many))
    return Counted(tuple(Bucket(key, number) for key, number in buckets))


def _kinds(column: Column, mask: Mask) -> Mapping[tuple[Kind, bool], int]:
    found: Counter[tuple[Kind, bool]] = Counter()
    counts, kinds = column.counted(mask), column.dictionary.kinds()
    for code in np.flatnonzero(counts).tolist():
        if code:
            found[kinds[code]] += int(counts[code])
    return found
