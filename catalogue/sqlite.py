"""SqliteStore: the catalogue of one node in one file.

Only what any store can do is used: each write stands alone, whatever transaction happens to carry it.

A search is answered by a column index in memory, which follows the records by their `seq`; a snapshot of it beside
the file spares a start from reading all of them. Short searches run in the event loop's own thread, as short reads
do (see `stream.sqlite_thread`), the others in a thread.
"""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import orjson

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.filters import Ability, All, Filter, OneOf
from catalogue.sqlite_schema import SCHEMA, SEARCHED, UPSERT, prepare, row_of
from catalogue.sqlite_search import Searcher, has_words
from catalogue.sqlite_words import Batch, next_batch, write_batch
from catalogue.store import BESIDE, Document, Hit, Page, Query, Ref, Verdict, Write, WrongPlace
from stream.sqlite_thread import SqliteReader, SqliteThread, insert, rows

IDS_PER_QUERY_MAX = 500
PRINTS_PER_READ = 1000
T = TypeVar("T")


@dataclass
class SqliteStore:
    """Every process opens its own; they share the file."""

    path: Path

    def __post_init__(self) -> None:
        _check_fts5()
        prepare(self.path)
        self._sitting = secrets.token_hex(16)
        self._writer = SqliteThread(self.path, SCHEMA, writes=True, name="store-writer")
        self._searcher = SqliteThread(self.path, SCHEMA, writes=False, name="store-searcher")
        self._reader = SqliteReader(self.path)
        self._searchers = {
            kind: Searcher(kind, self.path.with_name(f"{self.path.name}.{kind}.index")) for kind in SEARCHED
        }
        self._following: set[str] = set()  # kinds that a run of the index waits for
        self._wording: set[str] = set()  # kinds whose words are on their way to the writer

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset(Ability)

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        if not refs:
            return {}
        return self._reader.read(lambda db: _get_many(db, refs))

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        if not writes:
            return []
        by_kind: dict[str, dict[str, tuple[Any, ...]]] = {}
        for write in writes:
            by_kind.setdefault(write.ref.kind, {})[write.ref.id] = row_of(write)
        if sum(map(len, by_kind.values())) != len(writes):
            raise ValueError("two writes of one call name the same document")
        stale = await self._writer.run(lambda db: _apply(db, by_kind, self._sitting))
        for kind in by_kind:
            self._follow(kind)
        return [Verdict.STALE if write.ref.id in stale else Verdict.ACCEPTED for write in writes]

    def _follow(self, kind: str) -> None:
        """Have the index follow, one run at a time."""
        if kind in SEARCHED and kind not in self._following:
            self._following.add(kind)
            self._searcher.post(lambda db: self._catch_up(db, kind))

    def _catch_up(self, db: sqlite3.Connection, kind: str) -> None:
        """One piece of work; if there is more, the next one is done after what others wait for."""
        self._following.discard(kind)  # what is written from now on asks for another run
        searcher = self._searchers[kind]
        with searcher.lock:
            done = searcher.catch_up(db, 1)
            if done:
                searcher.tidy(db)
        if not done:
            self._follow(kind)
        if kind not in self._wording:
            batch = next_batch(db, kind, searcher.texts)
            if batch is not None:
                self._wording.add(kind)
                self._writer.post(
                    lambda writing: self._write_batch(writing, kind, batch), lambda: self._follow(kind)
                )

    def _write_batch(self, db: sqlite3.Connection, kind: str, batch: Batch) -> None:
        self._wording.discard(kind)
        write_batch(db, kind, batch)

    async def search(self, query: Query) -> Page:
        if query.kind in BESIDE:
            return await self._searcher.run(lambda db: _search_beside(db, query))
        searcher = self._searchers[query.kind]
        return await self._answered(
            searcher, query, lambda db: searcher.page(db, query), lambda db: searcher.is_short(db, query)
        )

    async def aggregate(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        if query.kind not in SEARCHED:
            raise ValueError(f"nothing of {query.kind} is counted")
        searcher = self._searchers[query.kind]
        return await self._answered(
            searcher,
            query,
            lambda db: searcher.aggregates(db, query, wanted),
            lambda db: searcher.is_short(db, query, wanted),
        )

    async def _answered(
        self,
        searcher: Searcher,
        query: Query,
        job: Callable[[sqlite3.Connection], T],
        is_short: Callable[[sqlite3.Connection], bool],
    ) -> T:
        if has_words(query.filter):
            await self._write_words(query.kind)
        if searcher.lock.acquire(blocking=False):
            try:
                found = self._reader.read(lambda db: _at_once(db, searcher, job, is_short))
            finally:
                searcher.lock.release()
            if found is not None:
                return found[0]
        while not await self._searcher.run(lambda db: _locked(searcher, lambda: searcher.catch_up(db, 1))):
            pass

        def answer(db: sqlite3.Connection) -> T:
            searcher.catch_up(db)
            return job(db)

        return await self._searcher.run(lambda db: _locked(searcher, lambda: answer(db)))

    async def _write_words(self, kind: str) -> None:
        texts = self._searchers[kind].texts
        while True:
            batch = await self._searcher.run(lambda db: next_batch(db, kind, texts))
            if batch is None:
                return
            await self._writer.run(lambda db, b=batch: write_batch(db, kind, b))  # type: ignore[misc]

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
        for searcher in self._searchers.values():
            self._searcher.post(searcher.save_at_end)
        await self._searcher.close()
        self._reader.close()


@cache
def _check_fts5() -> None:
    db = sqlite3.connect(":memory:")
    try:
        db.execute("CREATE VIRTUAL TABLE probe USING fts5(words)")
    except sqlite3.OperationalError as error:
        raise RuntimeError("the SQLite of this Python has no FTS5, which the store needs") from error
    finally:
        db.close()


def _at_once(
    db: sqlite3.Connection,
    searcher: Searcher,
    job: Callable[[sqlite3.Connection], T],
    is_short: Callable[[sqlite3.Connection], bool],
) -> tuple[T] | None:
    """The answer, in one state of the file; None where it has to be given in a thread."""
    db.execute("BEGIN")
    try:
        return (job(db),) if searcher.is_current(db) and is_short(db) else None
    finally:
        db.execute("COMMIT")


def _locked(searcher: Searcher, job: Callable[[], T]) -> T:
    with searcher.lock:
        return job()


def _apply(db: sqlite3.Connection, by_kind: dict[str, dict[str, tuple[Any, ...]]], sitting: str) -> set[str]:
    """Write what is newer; the ids of what is not."""
    stale: set[str] = set()
    for kind, found in by_kind.items():
        for piece in rows(list(found)):
            marks = ", ".join("?" * len(piece))
            query = f"SELECT json_group_object(id, version) FROM {kind} WHERE id IN ({marks})"
            versions = orjson.loads(db.execute(query, piece).fetchone()[0])
            stale |= {id_ for id_, version in versions.items() if found[id_][1] <= version}
        written = list(found.values())
        if kind in SEARCHED:
            (seq,) = db.execute(f"SELECT coalesce(max(seq), 0) FROM {kind}").fetchone()
            statement = "INSERT OR IGNORE INTO sittings (kind, name, seq) VALUES (?, ?, ?)"
            db.execute(statement, (kind, sitting, seq + 1))
            written = [(*row, seq + place) for place, row in enumerate(written, 1)]
        insert(db, UPSERT[kind][0], written, UPSERT[kind][1])
    return stale


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


def _search_beside(db: sqlite3.Connection, query: Query) -> Page:
    clauses, arguments = ["d.state IS NOT NULL"], list[Any]()
    for part in _parts(query.filter):
        if part.name not in ("state", "collection"):
            raise ValueError(f"{query.kind} is not searched by {part.name}")
        clauses.append(f"d.{part.name} IN (SELECT value FROM json_each(?))")
        arguments.append(orjson.dumps(part.values).decode())
    where = " AND ".join(clauses)
    (matched,) = db.execute(f"SELECT count(*) FROM {query.kind} AS d WHERE {where}", arguments).fetchone()
    if query.after is not None:
        if len(query.after) != 1 or not isinstance(query.after[0], str):
            raise WrongPlace("this place is of another order")
        where += f" AND d.id {'<' if query.backwards else '>'} ?"
        arguments.append(query.after[0])
    order = "DESC" if query.backwards else "ASC"
    statement = f"SELECT d.id, d.body FROM {query.kind} AS d WHERE {where} ORDER BY d.id {order} LIMIT ?"
    found = db.execute(statement, [*arguments, query.limit + 1]).fetchall()
    page = found[: query.limit]
    hits = [Hit(body, (id_,)) for id_, body in (page[::-1] if query.backwards else page)]
    return Page(matched, hits, len(found) > query.limit)


def _parts(whole: Filter) -> list[OneOf]:
    parts = whole.parts if isinstance(whole, All) else (whole,)
    found = [part for part in parts if isinstance(part, OneOf)]
    if len(found) != len(parts):
        raise ValueError("what is kept beside is searched by state and collection alone")
    return found
