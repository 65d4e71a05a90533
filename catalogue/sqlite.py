"""SqliteStore: the catalogue of one node in one file.

Only what any store can do is used: each write stands alone, whatever transaction happens to carry it.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from catalogue.digest import fingerprint
from catalogue.lifecycle import State
from catalogue.store import (
    BESIDE,
    COLLECTIONS,
    HEADS,
    ITEMS,
    Document,
    Equals,
    Page,
    Query,
    Ref,
    Verdict,
    Write,
)
from stream.sqlite_thread import SqliteReader, SqliteThread, insert, rows

CATALOGUE = """
CREATE TABLE IF NOT EXISTS heads (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, print BLOB NOT NULL,
    collection TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, title TEXT);
CREATE INDEX IF NOT EXISTS items_collection ON items (collection, item);
CREATE INDEX IF NOT EXISTS items_title ON items (title);
CREATE TABLE IF NOT EXISTS collections (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, print BLOB NOT NULL,
    collection TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, title TEXT);
"""
KEPT = """
CREATE TABLE IF NOT EXISTS {kind} (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, collection TEXT, state TEXT, time TEXT);
CREATE INDEX IF NOT EXISTS {kind}_state ON {kind} (state, time) WHERE state IS NOT NULL;
"""
SCHEMA = CATALOGUE + "".join(KEPT.format(kind=kind) for kind in BESIDE)
# The columns of each kind beside id, version and body, and where their values come from.
COLUMNS: dict[str, tuple[str, ...]] = {
    HEADS: (),
    ITEMS: ("print", "collection", "item", "state", "title"),
    COLLECTIONS: ("print", "collection", "item", "state", "title"),
    **dict.fromkeys(BESIDE, ("collection", "state", "time")),
}
IDS_PER_QUERY_MAX = 500
PRINTS_PER_READ = 1000


@dataclass
class SqliteStore:
    """Every process opens its own; they share the file."""

    path: Path

    def __post_init__(self) -> None:
        self._writer = SqliteThread(self.path, SCHEMA, writes=True, name="store-writer")
        self._searcher = SqliteThread(self.path, SCHEMA, writes=False, name="store-searcher")
        self._reader = SqliteReader(self.path)

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        if not refs:
            return {}
        return self._reader.read(lambda db: _get_many(db, refs))

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        if not writes:
            return []
        by_kind: dict[str, dict[str, tuple[Any, ...]]] = {}
        for write in writes:
            by_kind.setdefault(write.ref.kind, {})[write.ref.id] = _row(write)
        if sum(map(len, by_kind.values())) != len(writes):
            raise ValueError("two writes of one call name the same document")
        stale = await self._writer.run(lambda db: _apply(db, by_kind))
        return [Verdict.STALE if write.ref.id in stale else Verdict.ACCEPTED for write in writes]

    async def search(self, query: Query) -> Page:
        return await self._searcher.run(lambda db: _search(db, query))

    async def fingerprints(self, kind: str, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        statement = f"SELECT item, print FROM {kind} WHERE collection = ? AND item > ? ORDER BY item LIMIT ?"
        after = ""
        while True:
            arguments = (collection, after, PRINTS_PER_READ)
            rows = self._reader.read(lambda db, a=arguments: db.execute(statement, a).fetchall())  # type: ignore[misc]
            await asyncio.sleep(0)  # this may be long: let others in between
            for item_id, print_ in rows:
                yield item_id, print_
            if len(rows) < PRINTS_PER_READ:
                return
            after = rows[-1][0]

    async def close(self) -> None:
        await self._writer.close()
        await self._searcher.close()
        self._reader.close()


def _upsert(kind: str) -> tuple[str, str]:
    """What stands before and after the values."""
    names = ("id", "version", "body", *COLUMNS[kind])
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return (
        f"INSERT INTO {kind} ({', '.join(names)})",
        f"ON CONFLICT (id) DO UPDATE SET {changes} WHERE excluded.version > {kind}.version",
    )


UPSERT = {kind: _upsert(kind) for kind in COLUMNS}


def _apply(db: sqlite3.Connection, by_kind: dict[str, dict[str, tuple[Any, ...]]]) -> set[str]:
    """Write what is newer; the ids of what is not."""
    stale: set[str] = set()
    for kind, found in by_kind.items():
        for piece in rows(list(found)):
            marks = ", ".join("?" * len(piece))
            query = f"SELECT json_group_object(id, version) FROM {kind} WHERE id IN ({marks})"
            versions = orjson.loads(db.execute(query, piece).fetchone()[0])
            stale |= {id_ for id_, version in versions.items() if found[id_][1] <= version}
        insert(db, UPSERT[kind][0], list(found.values()), UPSERT[kind][1])
    return stale


def _row(write: Write) -> tuple[Any, ...]:
    kind, source = write.ref.kind, write.source
    if kind in (ITEMS, COLLECTIONS):
        item = source["item"]
        title = item.get("properties", item).get("title")
        more: tuple[Any, ...] = (
            fingerprint(write.body), source["collection"], source["id"], source["state"],
            title if isinstance(title, str) else None,
        )  # fmt: skip
    else:
        more = tuple(source.get(name) for name in COLUMNS[kind])
    return (write.ref.id, write.version, write.body, *more)


def _get_many(db: sqlite3.Connection, refs: Sequence[Ref]) -> dict[Ref, Document]:
    found: dict[Ref, Document] = {}
    for kind in {ref.kind for ref in refs}:
        wanted = {ref.id: ref for ref in refs if ref.kind == kind}
        ids = list(wanted)
        for start in range(0, len(ids), IDS_PER_QUERY_MAX):
            chunk = ids[start : start + IDS_PER_QUERY_MAX]
            marks = ", ".join("?" * len(chunk))
            rows = db.execute(f"SELECT id, version, body FROM {kind} WHERE id IN ({marks})", chunk)
            found.update((wanted[row[0]], Document(row[1], row[2])) for row in rows)
    return found


def _search(db: sqlite3.Connection, query: Query) -> Page:
    clauses, arguments = _clauses(query)
    where = " AND ".join(clauses) or "1"
    (matched,) = db.execute(f"SELECT count(*) FROM {query.kind} AS d WHERE {where}", arguments).fetchone()
    if query.after is not None:
        where, arguments = f"({where}) AND d.id > ?", [*arguments, query.after]
    statement = f"SELECT d.id, d.body FROM {query.kind} AS d WHERE {where} ORDER BY d.id LIMIT ?"
    rows = db.execute(statement, [*arguments, query.limit + 1]).fetchall()
    page = rows[: query.limit]
    return Page(
        matched, [body for _, body in page], page[-1][0] if len(rows) > query.limit and page else None
    )


def _clauses(query: Query) -> tuple[list[str], list[Any]]:
    clauses, arguments = [], list[Any]()
    if query.kind in BESIDE:
        clauses.append("d.state IS NOT NULL")
        for equals in query.filters:
            clauses.append({"state": "d.state = ?", "collection": "d.collection = ?"}[equals.name])
            arguments.append(equals.value)
        return clauses, arguments
    for column, values in (("collection", query.collections), ("item", query.ids)):
        if values:
            clauses.append(f"d.{column} IN ({', '.join('?' * len(values))})")
            arguments.extend(values)
    if len(query.states) < len(State) - 1:
        clauses.append(f"d.state IN ({', '.join('?' * len(query.states))})")
        arguments.extend(sorted(query.states))
    for equals in query.filters:
        clause, more = _equals(equals)
        clauses.append(clause)
        arguments.extend(more)
    return clauses, arguments


def _equals(equals: Equals) -> tuple[str, list[Any]]:
    name, value = equals.name, equals.value
    if name in ("id", "collection"):
        return f"d.{'item' if name == 'id' else 'collection'} = ?", [value]
    if name == "title" and isinstance(value, str):
        return "d.title = ?", [value]
    if '"' in name:
        return "0", []  # no JSON path can say it; an unknown property matches nothing
    # json_each of a scalar yields it, of a list its elements. SQLite's true equals 1, so types are compared too.
    path, types = f'$.item.properties."{name}"', TYPES[type(value)]
    marks = ", ".join("?" * len(types))
    each = "json_each(CAST(d.body AS TEXT), ?) AS e"
    # Of an object it yields the members, whose keys are texts: they are not elements.
    clause = (
        f"EXISTS (SELECT 1 FROM {each} WHERE e.type IN ({marks}) AND e.value = ? AND typeof(e.key) != 'text')"
    )
    if isinstance(value, bool):
        types, value = (str(value).lower(),), int(value)
    elif isinstance(value, int) and value.bit_length() > 63:  # SQLite reads such a number as a real, too
        value = float(value) if value.bit_length() < 1000 else float("inf")
    return clause, [path, *types, value]


TYPES: dict[type, tuple[str, ...]] = {
    bool: ("bool",), str: ("text",), int: ("integer", "real"), float: ("integer", "real"),
}  # fmt: skip
