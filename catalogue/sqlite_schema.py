"""What the file of a SqliteStore holds, how rows are written, and how a file of the former layout is brought over."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from catalogue.digest import fingerprint
from catalogue.store import BESIDE, COLLECTIONS, HEADS, ITEMS, Write
from stream.errors import Unavailable

SEARCHED = (ITEMS, COLLECTIONS)
# A sitting is one opened store that writes, with the first seq that it gave: a snapshot names the one that its last
# record is from, and so does not fit a file that was put back to an older state and then written to.
# `number` names a record in the column index and in the index of words. `seq` grows with every write: who has come
# to one has seen all that was written before. What is small stands before the body, which may fill many pages.
TABLE = """
CREATE TABLE IF NOT EXISTS {kind} (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, seq INTEGER NOT NULL,
    collection TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, print BLOB NOT NULL, body BLOB NOT NULL);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS {kind}_collection ON {kind} (collection, item);
CREATE UNIQUE INDEX IF NOT EXISTS {kind}_seq ON {kind} (seq);
CREATE VIRTUAL TABLE IF NOT EXISTS {kind}_words USING fts5(words, columnsize=0, tokenize='ascii');
"""
COMMON = """
CREATE TABLE IF NOT EXISTS heads (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS words_done (kind TEXT PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sittings (
    kind TEXT NOT NULL, name TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (kind, name)) WITHOUT ROWID;
"""
KEPT = """
CREATE TABLE IF NOT EXISTS {kind} (
    id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, collection TEXT, state TEXT, time TEXT);
CREATE INDEX IF NOT EXISTS {kind}_state ON {kind} (state, time) WHERE state IS NOT NULL;
"""
SCHEMA = (
    COMMON
    + "".join((TABLE + INDEXES).format(kind=kind) for kind in SEARCHED)
    + "".join(KEPT.format(kind=kind) for kind in BESIDE)
)
# The columns of each kind beside id, version and body, and where their values come from.
COLUMNS: dict[str, tuple[str, ...]] = {
    HEADS: (),
    **dict.fromkeys(SEARCHED, ("collection", "item", "state", "print", "seq")),
    **dict.fromkeys(BESIDE, ("collection", "state", "time")),
}
MIGRATION = (
    "DROP INDEX IF EXISTS {kind}_collection",
    "DROP INDEX IF EXISTS {kind}_title",
    "ALTER TABLE {kind} RENAME TO former_{kind}",
    TABLE,
    "INSERT INTO {kind} (id, version, seq, collection, item, state, print, body) "
    "SELECT id, version, row_number() OVER (ORDER BY rowid), collection, item, state, print, body "
    "FROM former_{kind}",
    "DROP TABLE former_{kind}",
)


def upsert(kind: str) -> tuple[str, str]:
    """What stands before and after the values."""
    names = ("id", "version", "body", *COLUMNS[kind])
    changes = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
    return (
        f"INSERT INTO {kind} ({', '.join(names)})",
        f"ON CONFLICT (id) DO UPDATE SET {changes} WHERE excluded.version > {kind}.version",
    )


UPSERT = {kind: upsert(kind) for kind in COLUMNS}


def row_of(write: Write) -> tuple[Any, ...]:
    """The values of a row, but for `seq`, which the transaction gives."""
    kind, source = write.ref.kind, write.source
    if kind in SEARCHED:
        more: tuple[Any, ...] = (
            source["collection"], source["id"], source["state"], fingerprint(write.body),
        )  # fmt: skip
    else:
        more = tuple(source.get(name) for name in COLUMNS[kind])
    return (write.ref.id, write.version, write.body, *more)


def prepare(path: Path) -> None:
    """Bring over a file of the former layout, at once or not at all. Unavailable where this cannot be done."""
    if not path.exists():
        return
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA busy_timeout = 5000")
        if any(_is_former(db, kind) for kind in SEARCHED):
            db.execute("BEGIN IMMEDIATE")
            for kind in SEARCHED:
                for statement in MIGRATION if _is_former(db, kind) else ():
                    db.execute(statement.format(kind=kind))
            db.execute("COMMIT")
    except sqlite3.Error as error:
        raise Unavailable(f"cannot open {path}: {error}") from error
    finally:
        db.close()


def _is_former(db: sqlite3.Connection, kind: str) -> bool:
    names = [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", [kind])]
    return bool(names) and "number" not in names
