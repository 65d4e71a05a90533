"""The index of words: FTS5 in the store's file, which follows the records some way behind.

A search for words waits until it has caught up. The words are folded and cut by us, and FTS5 takes them as they are:
its `ascii` tokenizer parts only at ASCII characters that are neither letter nor digit.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import orjson

from catalogue.facts import facts_of
from stream.sqlite_thread import insert, rows

FORMAT = 1  # of what is kept; another one is made anew from the records
BATCH = 500  # records
WORD_BYTES_MAX = 1000  # FTS5 cuts off after 32,768
_MARK = "\ue000"  # no letter and no digit, so it is in no word


class Batch(NamedTuple):
    """The words of records (number, text) that follow `after` in the journal, up to `seq`."""

    after: int
    seq: int
    texts: list[tuple[int, str]]


def text_of(words: Sequence[str]) -> str:
    """Words as they are handed to FTS5."""
    return " ".join(word if len(word) <= WORD_BYTES_MAX // 4 else _token(word) for word in words)


def _token(word: str) -> str:
    data = word.encode()
    return word if len(data) <= WORD_BYTES_MAX else _MARK + hashlib.sha256(data).hexdigest()


def next_batch(db: sqlite3.Connection, kind: str, known: dict[int, str]) -> Batch | None:
    """What is to be written next, None where nothing is. `known` are texts by seq, which are taken out."""
    after = _done(db, kind)
    found = db.execute(
        f"SELECT seq, number FROM {kind} WHERE seq > ? ORDER BY seq LIMIT ?", (after, BATCH)
    ).fetchall()
    if not found:
        known.clear()
        return None
    missing = [seq for seq, _ in found if seq not in known]
    for piece in rows(missing):
        query = f"SELECT seq, body FROM {kind} WHERE seq IN ({', '.join('?' * len(piece))})"
        for seq, body in db.execute(query, piece):
            known[seq] = text_of(facts_of(orjson.loads(body)).words)
    return Batch(after, found[-1][0], [(number, known.pop(seq)) for seq, number in found])


def write_batch(db: sqlite3.Connection, kind: str, batch: Batch) -> None:
    """Write it, unless somebody else has."""
    if _done(db, kind) != batch.after:
        return
    texts = dict(batch.texts)
    for piece in rows(list(texts)):
        marks = ", ".join("?" * len(piece))
        query = f"SELECT rowid, words FROM {kind}_words WHERE rowid IN ({marks})"
        for number, text in db.execute(query, piece).fetchall():
            if texts[number] == text:
                del texts[number]
            else:
                db.execute(f"DELETE FROM {kind}_words WHERE rowid = ?", [number])
    insert(db, f"INSERT INTO {kind}_words (rowid, words)", list(texts.items()))
    statement = (
        "INSERT INTO words_done (kind, seq) VALUES (?, ?) ON CONFLICT (kind) DO UPDATE SET seq = excluded.seq"
    )
    db.execute(statement, (_name(kind), batch.seq))


def numbers_with(db: sqlite3.Connection, kind: str, words: Sequence[str]) -> npt.NDArray[np.int64]:
    """The numbers (of rows, from 1) of the records with these words, one after the other."""
    query = f"SELECT group_concat(rowid) FROM {kind}_words WHERE {kind}_words MATCH ?"
    (found,) = db.execute(query, [f'"{text_of(words)}"']).fetchone()
    return np.fromstring(found or "", np.int64, sep=",")


def _done(db: sqlite3.Connection, kind: str) -> int:
    found = db.execute("SELECT seq FROM words_done WHERE kind = ?", [_name(kind)]).fetchone()
    return int(found[0]) if found else 0


def _name(kind: str) -> str:
    return f"{kind}/{FORMAT}"
