"""Searching a SqliteStore: the column index of one kind, kept up with the records, and pages read from the file."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson

from catalogue.aggregations import Aggregates, Aggregation, Names, Terms
from catalogue.column_arrays import Mask, Numbers
from catalogue.column_counts import counted
from catalogue.column_filters import Finder
from catalogue.column_index import STATE, Index, Row
from catalogue.column_masks import Masks
from catalogue.column_snapshot import Damaged, Origin, load, save
from catalogue.column_sort import page_of, values_of
from catalogue.column_wide import Wide
from catalogue.facts import facts_of
from catalogue.filters import All, Filter, Not, OneOf, Some, Words, walk
from catalogue.lifecycle import State
from catalogue.sqlite_words import numbers_with, text_of
from catalogue.store import Hit, Page, Query, Unanswerable
from stream.sqlite_thread import rows

log = logging.getLogger(__name__)
# A snapshot is written when so many records have changed, and one in so many of all; at the end, when so many have.
SAVED_CHANGES_MIN, SAVED_SHARE, SAVED_AT_END_CHANGES_MIN = 100_000, 4, 2000
TOLD_EACH = 100_000  # records that are read between two lines of the log
BATCH = 500  # records that are taken into the index at a time
DEPTH_MAX = 200  # of a filter
TEXTS_MAX = 5000  # that wait for the index of words
# What is short enough for the event loop's own thread.
SHORT_DOCUMENTS_MAX, SHORT_COST_MAX, SHORT_AGGREGATIONS_MAX = 200_000, 3000, 32


class Searcher:
    """Only who holds the `lock` may use it; only the searcher's thread takes records in."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind = kind
        self.index = Index(kind)
        self._path = path
        self._loaded = False
        self._saved = 0  # the seq of the snapshot
        self._masks = Masks()
        self.lock = threading.Lock()
        self.texts: dict[int, str] = {}  # of the newest records, by seq

    def catch_up(self, db: sqlite3.Connection, batches: int | None = None) -> bool:
        """Take in what was written, in so many batches at most; whether that was all."""
        if not self._loaded:
            self._load(db)
        query = f"SELECT number, seq, state, body FROM {self.kind} WHERE seq > ? ORDER BY seq LIMIT ?"
        while batches is None or batches > 0:
            found = db.execute(query, (self.index.seq, BATCH)).fetchall()
            if found:
                self._put(found)
            if len(found) < BATCH:
                return True
            batches = None if batches is None else batches - 1
        return False

    def _load(self, db: sqlite3.Connection) -> None:
        """Begin where a snapshot ended, if there is one that belongs to this file."""
        self._loaded = True
        if not self._path.exists():
            return
        try:
            index, origin = load(self._path, self.kind)
        except (Damaged, OSError) as error:
            log.warning("the snapshot %s is left aside, all records are read: %s", self._path.name, error)
            return
        if origin.seq > self._newest(db) or origin.sitting != self._sitting(db, origin.seq):
            log.warning(
                "the snapshot %s is of another state of the store, all records are read", self._path.name
            )
            return
        self.index, self._saved = index, index.seq

    def tidy(self, db: sqlite3.Connection) -> None:
        """Do what the next search would wait for, and write a snapshot where a start without it would take long."""
        if self.index.order.is_due:
            self.index.in_order()
        changes = self.index.seq - self._saved
        if changes >= max(SAVED_CHANGES_MIN, self.index.documents // SAVED_SHARE):
            self._save(db)

    def save_at_end(self, db: sqlite3.Connection) -> None:
        """Write a snapshot before the store is closed."""
        with self.lock:
            if self.index.seq - self._saved >= SAVED_AT_END_CHANGES_MIN:
                self._save(db)

    def _save(self, db: sqlite3.Connection) -> None:
        newest = self._newest(db)
        sitting = self._sitting(db, newest)
        if sitting is not None:
            try:
                save(self.index, self._path, Origin(newest, sitting))
                self._saved = self.index.seq
            except OSError as error:
                log.warning("no snapshot %s: %s", self._path.name, error)

    def _sitting(self, db: sqlite3.Connection, seq: int) -> str | None:
        """The one that this seq was given in."""
        query = "SELECT name FROM sittings WHERE kind = ? AND seq <= ? ORDER BY seq DESC LIMIT 1"
        found = db.execute(query, (self.kind, seq)).fetchone()
        return str(found[0]) if found else None

    def _newest(self, db: sqlite3.Connection) -> int:
        (seq,) = db.execute(f"SELECT max(seq) FROM {self.kind}").fetchone()
        return int(seq or 0)

    def _put(self, found: Sequence[tuple[int, int, str, bytes]]) -> None:
        taken = [Row(number - 1, state, facts_of(orjson.loads(body))) for number, _, state, body in found]
        before = self.index.documents
        self.index.put(taken, found[-1][1])
        if self.index.documents // TOLD_EACH > before // TOLD_EACH:
            log.info("%d %s are in the index", self.index.documents, self.kind)
        if len(self.texts) < TEXTS_MAX:
            self.texts.update(
                (record[1], text_of(row.facts.words)) for record, row in zip(found, taken, strict=True)
            )

    def is_current(self, db: sqlite3.Connection) -> bool:
        """Whether the index has all that was written."""
        return self._newest(db) == self.index.seq

    def page(self, db: sqlite3.Connection, query: Query) -> Page:
        """One page of what the index has."""
        mask = self._found(db, query)
        found = page_of(self.index, mask, query.sort, query.limit, query.after, query.backwards)
        stored = self._bodies(db, found.numbers)
        hits = [
            Hit(body, (*values, document_id))
            for number, values in zip(
                found.numbers, values_of(self.index, found.numbers, query.sort), strict=True
            )
            for document_id, body in (stored[number + 1],)
        ]
        return Page(int(np.count_nonzero(mask)), hits, found.more)

    def _bodies(self, db: sqlite3.Connection, numbers: Sequence[int]) -> dict[int, tuple[str, bytes]]:
        stored: dict[int, tuple[str, bytes]] = {}
        for piece in rows([number + 1 for number in numbers]):
            statement = (
                f"SELECT number, id, body FROM {self.kind} WHERE number IN ({', '.join('?' * len(piece))})"
            )
            stored.update((number, (id_, body)) for number, id_, body in db.execute(statement, piece))
        return stored

    def aggregates(self, db: sqlite3.Connection, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        """Counts among all that the query finds."""
        mask = self._found(db, query)
        return Aggregates(
            int(np.count_nonzero(mask)), tuple(counted(self.index, mask, one) for one in wanted)
        )

    def _found(self, db: sqlite3.Connection, query: Query) -> Mask:
        if has_words(query.filter):  # a record's words may be written after the record
            return self._mask(db, query)
        return self._masks.of(query, self.index.seq, lambda: self._mask(db, query))

    def _mask(self, db: sqlite3.Connection, query: Query) -> Mask:
        if _depth(query.filter) > DEPTH_MAX:
            raise Unanswerable(f"The filter is nested more than {DEPTH_MAX} levels deep.")
        index, states = self.index, tuple(query.states)
        within = None
        if len(states) < len(State) - 1 and STATE in index.columns:
            within = index.columns[STATE].select(OneOf("", states), index.documents, None)
        mask = self._finder(db).mask(_whole(query), within)
        return mask if within is None else mask & within

    def _finder(self, db: sqlite3.Connection) -> Finder:
        def words(part: Words) -> Numbers:
            return numbers_with(db, self.kind, part.words) - 1

        return Finder(self.index, words)

    def is_short(self, db: sqlite3.Connection, query: Query, wanted: Sequence[Aggregation] = ()) -> bool:
        """Whether this takes so little time that handing it to a thread would take longer."""
        index = self.index
        names = [one.name for one in query.sort]
        names += [one.name for one in wanted if isinstance(one, Terms)]
        return (
            index.documents <= SHORT_DOCUMENTS_MAX
            and len(wanted) <= SHORT_AGGREGATIONS_MAX
            and not any(isinstance(one, Names) for one in wanted)
            and (bool(wanted) or index.order.is_ready)
            and not any(isinstance(index.column(name), Wide) for name in names)
            and self._finder(db).cost(_whole(query)) <= SHORT_COST_MAX
        )


def _whole(query: Query) -> Filter:
    parts: list[Filter] = [query.filter]
    if query.collections:
        parts.append(OneOf("collection", query.collections))
    if query.ids:
        parts.append(OneOf("id", query.ids))
    return All(tuple(parts))


def _depth(whole: Filter) -> int:
    """How many levels a filter has."""
    levels, parts = 0, [whole]
    while parts and levels <= DEPTH_MAX:
        levels += 1
        parts = [
            inner
            for part in parts
            for inner in (
                part.parts if isinstance(part, All | Some) else (part.part,) if isinstance(part, Not) else ()
            )
        ]
    return levels


def has_words(whole: Filter) -> bool:
    """Whether a filter asks for words."""
    return any(isinstance(part, Words) for part in walk(whole))
