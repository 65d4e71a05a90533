"""The geometries of documents: each different one is kept once while there are not too many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from catalogue.column_arrays import Array, Mask, fitting, grown, none_of
from catalogue.column_heap import Heap
from catalogue.filters import Relation, Spatial
from catalogue.shapes import normal

KNOWN_MAX = 65_536
GEOMETRY_BYTES_MAX = 4096  # of one that is looked for among the known ones
SHAPES_AT_ONCE = 10_000
# A search's shape is prepared, so it comes first: what this asks of the two the other way round.
_TURNED: dict[Relation, Callable[[Any, Any], Any]] = {
    Relation.INTERSECTS: shapely.intersects,
    Relation.DISJOINT: shapely.intersects,
    Relation.WITHIN: shapely.contains,
    Relation.CONTAINS: shapely.within,
    Relation.TOUCHES: shapely.touches,
    Relation.CROSSES: shapely.crosses,
    Relation.OVERLAPS: shapely.overlaps,
    Relation.EQUALS: shapely.equals,
}


class Shapes:
    """`codes` by document, 0 without one; `bounds`, `offsets` and `lengths` (of WKB in a heap) by code."""

    def __init__(self) -> None:
        self.codes: Array = np.zeros(0, np.uint8)
        self.bounds: npt.NDArray[np.float64] = np.zeros((1, 4))
        self.offsets: Array = np.zeros(1, np.uint32)
        self.lengths: Array = np.zeros(1, np.uint32)
        self.count = 1
        self.heap = Heap()
        self._known: dict[bytes, int] = {}
        self._codes: dict[bytes, int] = {}  # by WKB

    def put(self, numbers: Sequence[int], places: Sequence[tuple[Any, Any]], documents: int) -> None:
        """Set the geometries, each with the box that its owner gave."""
        self.codes = grown(self.codes, documents)
        before = self.codes[numbers].tolist()
        codes = [self._code(*place, old) for place, old in zip(places, before, strict=True)]
        self.codes = fitting(self.codes, self.count)
        self.codes[numbers] = codes

    def _code(self, geometry: Mapping[str, Any] | None, bbox: Sequence[Any] | None, old: int) -> int:
        if geometry is None:
            return 0
        key = orjson.dumps([geometry, bbox])
        found = self._known.get(key)
        if found is None:
            found = self._added(normal(geometry, bbox), old)
            if len(self._known) < KNOWN_MAX and len(key) <= GEOMETRY_BYTES_MAX:
                self._known[key] = found
        return found

    def _added(self, shape: Any, old: int) -> int:
        if shape is None:
            return 0
        value = shapely.to_wkb(shape)
        if old and self.wkb(old) == value:
            return old
        found = self._codes.get(value)
        if found is None:
            found, self.count = self.count, self.count + 1
            if len(self.bounds) < self.count:
                self._grow()
            self.bounds[found] = shape.bounds
            offset = self.heap.add(value)
            self.offsets = fitting(self.offsets, offset)
            self.offsets[found], self.lengths[found] = offset, len(value)
            if len(self._codes) < KNOWN_MAX and len(value) <= GEOMETRY_BYTES_MAX:
                self._codes[value] = found
        return found

    def _grow(self) -> None:
        self.offsets, self.lengths = grown(self.offsets, self.count), grown(self.lengths, self.count)
        bounds = np.zeros((len(self.offsets), 4))
        bounds[: len(self.bounds)] = self.bounds
        self.bounds = bounds

    def restore(
        self, codes: Array, bounds: npt.NDArray[np.float64], offsets: Array, lengths: Array, heap: bytearray
    ) -> None:
        """Take over what a snapshot has."""
        self.codes, self.bounds, self.offsets, self.lengths = codes, bounds, offsets, lengths
        self.heap.data, self.count = heap, len(offsets)
        short = np.flatnonzero(lengths <= GEOMETRY_BYTES_MAX)[:KNOWN_MAX].tolist()
        self._codes = {self.wkb(code): code for code in short if code}

    def wkb(self, code: int) -> bytes:
        """The normal geometry with this code."""
        offset = int(self.offsets[code])
        return bytes(self.heap.data[offset : offset + int(self.lengths[code])])

    def located(self, documents: int) -> Mask:
        """The documents that have a geometry."""
        self.codes = grown(self.codes, documents)
        there: Mask = self.codes[:documents] != 0
        return there

    def select(self, part: Spatial, documents: int, within: Mask | None) -> Mask:
        """The documents in this relation; of those that are not `within` it may say anything."""
        located = self.located(documents)
        codes = self.codes[:documents]
        near = self._near(part)
        if within is not None and np.count_nonzero(near) > SHAPES_AT_ONCE:
            wanted = none_of(self.count)
            wanted[codes[within]] = True
            near &= wanted
        table: Mask = np.take(self._related(part, near), codes)
        if part.relation is Relation.DISJOINT:
            return located & ~table
        return table

    def _near(self, part: Spatial) -> Mask:
        """The codes whose box touches that of the shape."""
        west, south, east, north = part.shape.bounds
        bounds = self.bounds[: self.count]
        near: Mask = (
            (bounds[:, 0] <= east)
            & (bounds[:, 2] >= west)
            & (bounds[:, 1] <= north)
            & (bounds[:, 3] >= south)
        )
        near[0] = False
        return near

    def _related(self, part: Spatial, near: Mask) -> Mask:
        found = none_of(self.count)
        codes = np.flatnonzero(near)
        shapely.prepare(part.shape)
        for at in range(0, len(codes), SHAPES_AT_ONCE):
            piece = codes[at : at + SHAPES_AT_ONCE]
            shapes = shapely.from_wkb([self.wkb(code) for code in piece.tolist()])
            found[piece] = _TURNED[part.relation](part.shape, shapes)
        return found
