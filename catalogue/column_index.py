"""The column index: what can be searched for of all the documents of one kind, in memory.

Documents have numbers from 0 and never go; one that is put again has what it was put with last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from catalogue.column_arrays import Array, fitting, grown
from catalogue.column_heap import Heap, compacted
from catalogue.column_order import Order
from catalogue.column_shapes import Shapes
from catalogue.column_wide import NO_TIME, Wide
from catalogue.columns import Column, Put
from catalogue.facts import Facts
from catalogue.filters import END, START, Value
from catalogue.store import COLLECTIONS

STATE, FILES = "\0state", "\0files"  # columns of our own, as START and END are
_ESCAPE = "\0\0"  # before the names of properties that begin with NUL
NAMELESS: tuple[str, ...] = ()


class Row(NamedTuple):
    """A document as it is put into the index."""

    number: int
    state: str
    facts: Facts


class Index:
    """Made anew, or from a snapshot. `seq` says up to where of the journal it has come."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.documents = 0
        self.seq = 0
        self.heap = Heap()
        self.columns: dict[str, Column | Wide] = {}
        self.shapes = Shapes()
        self.ends: dict[str, Array] = {name: np.zeros(0, np.int64) for name in (START, END)}
        self.names: list[tuple[str, ...]] = [NAMELESS]  # the sets of columns that documents are in
        self.names_of: Array = np.zeros(0, np.uint8)
        self._names: dict[tuple[str, ...], int] = {NAMELESS: 0}
        self.nodes: dict[str, int] = {}  # the FILES are counted by the numbers of nodes
        self.order = Order(self.document_id)

    def put(self, rows: Sequence[Row], seq: int) -> None:
        """Take in documents, none of them twice, and come to this point of the journal."""
        if rows:
            self.documents = max(self.documents, max(row.number for row in rows) + 1)
            staged, names = self._staged(rows)
            numbers = [row.number for row in rows]
            self.names_of = grown(self.names_of, self.documents)
            old = self.names_of[numbers].tolist()
            self.order.touch(number for number, had in zip(numbers, old, strict=True) if not had)
            self._clear(numbers, old, staged)
            self._set_names(numbers, names)
            for name, batch in staged.items():
                self._column(name, batch)
            self._put_places(rows)
            if self.heap.is_wasteful:
                self._compact()
        self.seq = seq

    def document_id(self, number: int) -> str | None:
        """What is ordered by where a search leaves the order open; None of one that has not been put yet."""
        ids, collections = self.columns["id"].entry(number), self.columns["collection"].entry(number)
        if ids is None or collections is None:
            return None
        if self.kind == COLLECTIONS:
            return f"c:{collections.elements[0]}"
        return f"i:{collections.elements[0]}/{ids.elements[0]}"

    def column(self, name: str) -> Column | Wide | None:
        """The column of a property, or of START or END."""
        return self.columns.get(column_name(name))

    def in_order(self) -> Order:
        """The documents in the order of their ids."""
        self.order.refresh(self.documents)
        return self.order

    def _column(self, name: str, batch: Sequence[Put]) -> None:
        column = self.columns.get(name)
        if column is None:
            column = self.columns[name] = Column()
        column.put(batch, self.documents)
        if isinstance(column, Column) and column.is_full:
            self.columns[name] = self._widened(name, column)

    def new_wide(self, name: str) -> Wide:
        """An empty wide column for this index."""
        return Wide(self.heap, None if name == "id" else self._id)

    def _widened(self, name: str, column: Column) -> Wide:
        """The same with a value for each document."""
        wide = self.new_wide(name)
        codes = column.all(self.documents)
        numbers = np.flatnonzero(codes).tolist()
        entries = column.dictionary.entries
        wide.put([(number, *entries[codes[number]]) for number in numbers], self.documents)
        return wide

    def _id(self, number: int) -> tuple[int, bytes]:
        """Where the id of a document lies in the heap; nothing while it does not."""
        ids = self.columns.get("id")
        if not isinstance(ids, Wide) or number >= len(ids.offsets):
            return 0, b""
        return int(ids.offsets[number]), ids.bytes(number)

    def _clear(self, numbers: Sequence[int], names: Sequence[int], staged: dict[str, list[Put]]) -> None:
        """Take from documents that were there before what they have no longer; `names` are codes of names."""
        if not any(names):
            return
        has = {name: {put[0] for put in batch} for name, batch in staged.items()}
        gone: dict[str, list[int]] = {}
        for number, code in zip(numbers, names, strict=True):
            for name in self.names[code]:
                if number not in has.get(name, ()):
                    gone.setdefault(name, []).append(number)
        for name, those in gone.items():
            column = self.columns[name]
            if isinstance(column, Wide):
                column.clear(those, self.documents)
            else:
                column.set(those, [0] * len(those), self.documents)

    def _set_names(self, numbers: Sequence[int], names: Sequence[tuple[str, ...]]) -> None:
        codes = [self._code_of_names(each) for each in names]
        self.names_of = fitting(grown(self.names_of, self.documents), len(self.names))
        self.names_of[numbers] = codes

    def set_names(self, names: list[tuple[str, ...]]) -> None:
        """Take over the sets of columns of a snapshot."""
        self.names, self._names = names, {each: code for code, each in enumerate(names)}

    def _code_of_names(self, names: tuple[str, ...]) -> int:
        code = self._names.get(names)
        if code is None:
            code = self._names[names] = len(self.names)
            self.names.append(names)
        return code

    def _put_places(self, rows: Sequence[Row]) -> None:
        numbers = [row.number for row in rows]
        for name, ends in (
            (START, [row.facts.start for row in rows]),
            (END, [row.facts.end for row in rows]),
        ):
            self.ends[name] = grown(self.ends[name], self.documents)
            self.ends[name][numbers] = [NO_TIME if end is None else end.us for end in ends]
        places = [(row.facts.geometry, row.facts.bbox) for row in rows]
        self.shapes.put(numbers, places, self.documents)

    def _compact(self) -> None:
        wide = [column for column in self.columns.values() if isinstance(column, Wide)]
        moved = compacted(self.heap, [(column.offsets, column.lengths) for column in wide])
        for column, offsets in zip(wide, moved, strict=True):
            column.offsets = offsets.astype(column.offsets.dtype)

    def _staged(self, rows: Sequence[Row]) -> tuple[dict[str, list[Put]], list[tuple[str, ...]]]:
        """What the rows have by column, and the columns that each of them is in."""
        staged: dict[str, list[Put]] = {"id": []}  # first, for the titles that lie in the ids
        names = []
        for number, state, facts in rows:
            columns, lists = [], facts.lists
            for name, elements in facts.elements.items():
                column = name
                if name[:1] == "\0":
                    if name in (START, END):
                        continue
                    column = column_name(name)
                columns.append(column)
                batch = staged.get(column)
                if batch is None:
                    batch = staged[column] = []
                batch.append((number, elements, name in lists))
            for column, own, many in self._own(state, facts):
                columns.append(column)
                staged.setdefault(column, []).append((number, own, many))
            names.append(tuple(columns))
        return staged, names

    def _own(self, state: str, facts: Facts) -> Iterable[tuple[str, Sequence[Value], bool]]:
        yield STATE, (state,), False
        if facts.start is not None:
            yield START, (facts.start,), False
        if facts.end is not None:
            yield END, (facts.end,), False
        if facts.files:
            yield FILES, tuple(self._files(facts.files)), True

    def _files(self, files: Mapping[str, int]) -> Iterable[int]:
        for node, count in files.items():
            yield self.nodes.setdefault(node, len(self.nodes))
            yield count


def column_name(name: str) -> str:
    """What the column of a property is called."""
    return _ESCAPE + name if name[:1] == "\0" and name not in (START, END) else name


def property_name(column: str) -> str | None:
    """What property a column is of; None for one of our own."""
    if column[:1] != "\0":
        return column
    return column[len(_ESCAPE) :] if column.startswith(_ESCAPE) else None
