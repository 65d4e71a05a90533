"""Items from files: an Item, a FeatureCollection, or one of these a line; `-` is the standard input.

Lines are read one at a time, so a file of lines may be larger than the memory. A document is read as strictly as
the door reads it, so that a key used twice is found here, with its file and line.
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from federation.failed import BAD_INPUT, Failed
from stream.errors import Refused
from transaction_api.body import parse_json

DOCUMENT_BYTES_MAX = 512 << 20
PLACE = re.compile(r"(?P<what>.*) at line (?P<line>[0-9]+) column (?P<column>[0-9]+)")
LINES = (".ndjson", ".jsonl", ".geojsonl")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Read:
    """One item as bytes, where it was found, and where it belongs."""

    where: str
    collection: str
    item_id: str
    body: bytes


def read_files(
    names: Iterable[str], collection: str | None, seen: Callable[[int], None] = lambda count: None
) -> Iterator[Read]:
    """Every item, in order. `seen` is told the bytes of each piece that was read. Failed names file and line."""
    for name in names:
        for where, document in read_documents(name, seen):
            yield from _items(where, document, collection)


def read_documents(name: str, seen: Callable[[int], None] = lambda count: None) -> Iterator[tuple[str, Any]]:
    """(where, JSON value) of one file, whatever it is. Failed names file and line."""
    with _opened(name) as file:
        shown = "standard input" if name == "-" else name
        yield from _documents(shown, Path(name).suffix in LINES, file, seen)


def total_bytes(names: Iterable[str]) -> int | None:
    """The size of all files together; None where it cannot be told before."""
    files = [Path(name) for name in names]
    if all(file.is_file() for file in files):
        return sum(file.stat().st_size for file in files)
    return None


@contextlib.contextmanager
def _opened(name: str) -> Iterator[IO[bytes]]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - the error of opening must not cover those of reading
    except OSError as error:
        raise Failed(f"{name}: {error.strerror}", BAD_INPUT) from error
    with file:
        yield file


def _documents(
    name: str, lines: bool, file: IO[bytes], seen: Callable[[int], None]
) -> Iterator[tuple[str, Any]]:
    """(where, JSON value). The first line that is not blank tells whether every line is a document of its own."""
    first = True
    for number, line in _lines(name, file, seen):
        if not line.strip():
            continue
        try:
            document = parse_json(line.strip())
        except Refused as refusal:
            if not first or lines:
                raise _failed(f"{name}:{number}", refusal) from None
            yield _whole(name, number, line, file, seen)
            return
        first = False
        yield f"{name}:{number}", document
    if first:
        raise Failed(f"{name}: holds nothing", BAD_INPUT)


def _lines(name: str, file: IO[bytes], seen: Callable[[int], None]) -> Iterator[tuple[int, bytes]]:
    number = 0
    while line := file.readline(DOCUMENT_BYTES_MAX + 1):
        number += 1
        if len(line) > DOCUMENT_BYTES_MAX:
            raise Failed(f"{name}:{number}: is over {DOCUMENT_BYTES_MAX} bytes; send smaller ones", BAD_INPUT)
        seen(len(line))
        yield number, line


def _whole(
    name: str, number: int, begun: bytes, file: IO[bytes], seen: Callable[[int], None]
) -> tuple[str, Any]:
    """The one document that fills the file."""
    text = io.BytesIO()
    text.write(b"\n" * (number - 1) + begun)  # the blank lines keep the parser's line numbers right
    for _, line in _lines(name, file, seen):
        text.write(line)
        if text.tell() > DOCUMENT_BYTES_MAX:
            raise Failed(
                f"{name}: is over {DOCUMENT_BYTES_MAX} bytes; send one item a line instead", BAD_INPUT
            )
    try:
        return name, parse_json(text.getvalue())
    except Refused as refusal:
        raise _failed(name, refusal) from None


def _items(where: str, document: Any, collection: str | None) -> Iterator[Read]:
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "Feature":
        yield _read(where, document, collection)
    elif kind == "FeatureCollection" and isinstance(document.get("features"), list):
        for index, feature in enumerate(document["features"]):
            yield _read(f"{where}: feature {index}", feature, collection)
    elif kind == "Collection":
        raise Failed(
            f"{where}: is a Collection, not an Item; create it with "
            "curl -H 'content-type: application/json' -d @FILE URL/collections",
            BAD_INPUT,
        )
    else:
        raise Failed(f"{where}: is neither an Item nor a FeatureCollection", BAD_INPUT)


def _read(where: str, item: Any, collection: str | None) -> Read:
    if not isinstance(item, dict):
        raise Failed(f"{where}: is not an Item", BAD_INPUT)
    home = collection or item.get("collection")
    if not isinstance(home, str) or not home:
        raise Failed(f"{where}: names no collection; name one with --collection", BAD_INPUT)
    return Read(where, home, str(item.get("id", "(no id)")), orjson.dumps(item))


def _failed(where: str, refusal: Refused) -> Failed:
    findings = refusal.problem.findings
    message = findings[0].message if findings else refusal.problem.detail
    if place := PLACE.fullmatch(message):
        # A line of a file of lines is line 1 to its parser.
        where = where if place["line"] == "1" and ":" in where else f"{where}:{place['line']}"
        message = f"{place['what']} at column {place['column']}"
    pointers = ", ".join(finding.pointer for finding in findings if finding.pointer)
    return Failed(f"{where}: {message}" + (f" ({pointers})" if pointers else ""), BAD_INPUT)
