"""A column index in a file: a head in JSON, arrays one after the other, and a checksum of it all.

It holds nothing that the records do not: one that is missing, damaged or of another format is made again.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import orjson

from catalogue.column_arrays import Array
from catalogue.column_dictionary import Dictionary
from catalogue.column_entries import Element, Entry, Long
from catalogue.column_index import Index
from catalogue.column_order import Order
from catalogue.column_wide import Wide
from catalogue.columns import Column
from catalogue.instants import Instant

FORMAT = 1
MAGIC = b"column index\n"
HEAD_BYTES_MAX = 1 << 31
_WIDE = ("kinds", "sums", "offsets", "lengths")


class Origin(NamedTuple):
    """The state of the records that a snapshot was made from: their greatest seq, and the sitting that gave it.

    An index that has not come that far yet lacks what has got a seq beyond it since, so it is of no use to an
    earlier state, even to one with its own seq.
    """

    seq: int
    sitting: str


class Damaged(Exception):
    """A snapshot that cannot be used; the message says why."""


def save(index: Index, path: Path, origin: Origin) -> None:
    """Write it, at once or not at all. OSError where the file system refuses."""
    arrays: list[Array] = []
    head = {
        "format": FORMAT,
        "kind": index.kind,
        "origin": list(origin),
        "documents": index.documents,
        "seq": index.seq,
        "names": index.names,
        "nodes": list(index.nodes),
        "columns": {name: _column(column, arrays) for name, column in index.columns.items()},
        "rest": [_kept(array, arrays) for array in _rest(index)],
        "order": _order(index.order, arrays),
        "shapes": index.shapes.count,
    }
    head["arrays"] = [(array.dtype.str, len(array)) for array in arrays]
    text = orjson.dumps(head)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as file:
            total = 0
            pieces: list[Any] = [MAGIC, len(text).to_bytes(8, "big"), text, *(array.data for array in arrays)]
            for piece in pieces:
                file.write(piece)
                total = zlib.crc32(piece, total)
            file.write(total.to_bytes(4, "big"))
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def load(path: Path, kind: str) -> tuple[Index, Origin]:
    """The index, and where it is from. Damaged, or OSError, where there is none."""
    with path.open("rb") as file:
        head, total = _head(file)
        arrays = []
        try:
            for dtype, length in head["arrays"]:
                arrays.append(np.fromfile(file, np.dtype(dtype), length))
                total = zlib.crc32(arrays[-1].data, total)
        except (ValueError, TypeError) as error:
            raise Damaged(f"{path.name} is cut off") from error
        if file.read() != total.to_bytes(4, "big"):
            raise Damaged(f"{path.name} is not as it was written")
    if head["kind"] != kind:
        raise Damaged(f"{path.name} is of {head['kind']}")
    return _restored(head, arrays), Origin(*head["origin"])


def _head(file: BinaryIO) -> tuple[dict[str, Any], int]:
    start = file.read(len(MAGIC) + 8)
    length = int.from_bytes(start[len(MAGIC) :], "big")
    if not start.startswith(MAGIC) or length > HEAD_BYTES_MAX:
        raise Damaged("it is no column index")
    text = file.read(length)
    try:
        head = orjson.loads(text)
        found = head["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged("its head is no JSON of ours") from error
    if found != FORMAT:
        raise Damaged(f"its format is {found}, not {FORMAT}")
    return head, zlib.crc32(text, zlib.crc32(start))


def _rest(index: Index) -> Iterator[Array]:
    documents, shapes = index.documents, index.shapes
    yield from (ends[:documents] for ends in index.ends.values())
    yield index.names_of[:documents]
    yield np.frombuffer(index.heap.data, np.uint8)
    yield shapes.codes[:documents]
    yield shapes.bounds[: shapes.count].reshape(-1)
    yield shapes.offsets[: shapes.count]
    yield shapes.lengths[: shapes.count]
    yield np.frombuffer(shapes.heap.data, np.uint8)


def _kept(array: Array, arrays: list[Array]) -> int:
    arrays.append(np.ascontiguousarray(array))
    return len(arrays) - 1


def _column(column: Column | Wide, arrays: list[Array]) -> dict[str, Any]:
    if isinstance(column, Wide):
        return {
            "wide": [_kept(getattr(column, name), arrays) for name in _WIDE],
            "orders": {str(int(down)): _order(order, arrays) for down, order in column.orders.items()},
        }
    found: dict[str, Any] = {
        "entries": [
            [[_plain(one) for one in entry.elements], entry.many] for entry in column.dictionary.entries
        ]
    }
    if column.sparse is None:
        return {**found, "codes": _kept(column.codes, arrays)}
    pairs = np.array([*column.sparse.items()], np.int64).reshape(-1)
    return {**found, "sparse": _kept(pairs, arrays)}


def _order(order: Order, arrays: list[Array]) -> list[int] | None:
    """None of one that is not up to date."""
    return [_kept(order.numbers, arrays), _kept(order.starts, arrays)] if order.is_current else None


def _plain(element: Element) -> Any:
    if isinstance(element, Instant):
        return {"us": element.us}
    return {"long": element.digest.hex()} if isinstance(element, Long) else element


def _element(value: Any) -> Element:
    if type(value) is dict:
        return Instant(value["us"]) if "us" in value else Long(bytes.fromhex(value["long"]))
    found: Element = value
    return found


def _restored(head: dict[str, Any], arrays: list[Array]) -> Index:
    index = Index(head["kind"])
    index.documents, index.seq = head["documents"], head["seq"]
    index.set_names([tuple(names) for names in head["names"]])
    index.nodes = {node: number for number, node in enumerate(head["nodes"])}
    *ends, index.names_of, heap, codes, bounds, offsets, lengths, wkb = (arrays[at] for at in head["rest"])
    index.ends = dict(zip(index.ends, ends, strict=True))
    index.heap.data = bytearray(heap)
    index.shapes.restore(codes, bounds.reshape(-1, 4), offsets, lengths, bytearray(wkb))
    for name, kept in head["columns"].items():
        index.columns[name] = _wide(index, name, kept, arrays) if "wide" in kept else _narrow(kept, arrays)
    _put_in_order(index.order, head["order"], arrays, index.documents)
    return index


def _narrow(kept: dict[str, Any], arrays: list[Array]) -> Column:
    dictionary = Dictionary()
    for elements, many in kept["entries"][1:]:
        dictionary.code(Entry(tuple(map(_element, elements)), many))
    column = Column(dictionary)
    if "codes" in kept:
        column.sparse, column.codes = None, arrays[kept["codes"]]
    else:
        column.sparse = dict(arrays[kept["sparse"]].reshape(-1, 2).tolist())
    return column


def _wide(index: Index, name: str, kept: dict[str, Any], arrays: list[Array]) -> Wide:
    wide = index.new_wide(name)
    for attribute, at in zip(_WIDE, kept["wide"], strict=True):
        setattr(wide, attribute, arrays[at])
    for down, numbers in kept["orders"].items():
        order = wide.new_order(bool(int(down)))
        _put_in_order(order, numbers, arrays, index.documents)
    return wide


def _put_in_order(order: Order, kept: list[int] | None, arrays: list[Array], documents: int) -> None:
    if kept is None:
        order.touch(range(documents))
    else:
        order.numbers, order.starts = arrays[kept[0]], arrays[kept[1]]
        order.rank(documents)
