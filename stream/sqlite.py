"""SqliteLog: the embedded log. Durable, partitioned, with consumer groups, for the processes of one machine.

A message's row id is its partition's number << 40 | offset, so a partition is one range of the table. Group
membership is a lease in a table: who has been silent for longer than `session_s` loses its partitions. The lease
names the consumer, too, so of two processes under one name the earlier one is fenced.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stream.errors import Unavailable
from stream.keys import partition_of
from stream.log import Consumer, Fenced, Message, Receipt, Record, Revoking, TopicPartition
from stream.sqlite_thread import SqliteReader, SqliteThread, insert

SCHEMA = """
CREATE TABLE IF NOT EXISTS places (
    id INTEGER PRIMARY KEY, topic TEXT NOT NULL, partition INTEGER NOT NULL, "end" INTEGER NOT NULL DEFAULT 0,
    UNIQUE (topic, partition));
CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS committed (
    grp TEXT NOT NULL, place INTEGER NOT NULL, "offset" INTEGER NOT NULL, PRIMARY KEY (grp, place)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (
    grp TEXT NOT NULL, member TEXT NOT NULL, consumer TEXT NOT NULL, seen REAL NOT NULL,
    PRIMARY KEY (grp, member)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS owners (
    grp TEXT NOT NULL, place INTEGER NOT NULL, member TEXT NOT NULL, PRIMARY KEY (grp, place)) WITHOUT ROWID;
"""
OFFSET_BITS = 40
BYTES_PER_FETCH_MAX = 16 << 20
WATCH_S = 0.1  # how soon an append of another process is noticed


@dataclass
class SqliteLog:
    """The log in one file. Every process opens its own."""

    path: Path
    session_s: float = 10.0
    _places: dict[str, list[int]] = field(default_factory=dict)
    _waiters: dict[TopicPartition, set[asyncio.Event]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._writer = SqliteThread(self.path, SCHEMA, writes=True, name="log-writer")
        self._reader = SqliteReader(self.path)
        self._watcher: asyncio.Task[None] | None = None

    async def create_topic(self, topic: str, partitions: int) -> None:
        def job(db: sqlite3.Connection) -> int:
            (count,) = db.execute("SELECT count(*) FROM places WHERE topic = ?", (topic,)).fetchone()
            if count == 0:
                rows = [(topic, number) for number in range(partitions)]
                db.executemany("INSERT INTO places (topic, partition) VALUES (?, ?)", rows)
            return int(count) or partitions

        found = await self._writer.run(job)
        if found != partitions:
            raise ValueError(
                f"topic {topic} has {found} partitions, not {partitions}; that number never changes"
            )

    async def partitions(self, topic: str) -> int:
        return len(self._ids(topic))

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        ids = {topic: self._ids(topic) for topic in {message.topic for message in messages}}
        placed = [(message, partition_of(message.key, len(ids[message.topic]))) for message in messages]

        def job(db: sqlite3.Connection) -> list[Receipt]:
            receipts, rows, ends = [], [], dict[int, int]()
            for message, number in placed:
                place = ids[message.topic][number]
                offset = ends[place] if place in ends else _end(db, place)
                ends[place] = offset + 1
                rows.append((place << OFFSET_BITS | offset, message.key, message.value))
                receipts.append(Receipt(TopicPartition(message.topic, number), offset))
            insert(db, "INSERT INTO messages (id, key, value)", rows)
            db.executemany(
                'UPDATE places SET "end" = ? WHERE id = ?', [(end, place) for place, end in ends.items()]
            )
            return receipts

        receipts = await self._writer.run(job)
        self._wake({receipt.place for receipt in receipts})
        return receipts

    async def end(self, topic: str) -> list[int]:
        ids = self._ids(topic)
        return self._reader.read(lambda db: [_end(db, place) for place in ids])

    async def committed(self, group: str, topic: str) -> list[int]:
        ids = self._ids(topic)
        return self._reader.read(lambda db: [_committed(db, group, place) for place in ids])

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        number = (self._ids(place.topic))[place.partition]
        return self._reader.read(lambda db: _read(db, place, number, offset, records_max))

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch())
        places = {
            TopicPartition(topic, partition): number
            for topic in topics
            for partition, number in enumerate(self._ids(topic))
        }
        return SqliteConsumer(self, group, member, places, revoking)

    async def close(self) -> None:
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        await self._writer.close()
        self._reader.close()

    def _ids(self, topic: str) -> list[int]:
        if topic not in self._places:
            query = "SELECT id FROM places WHERE topic = ? ORDER BY partition"
            rows = self._reader.read(lambda db: db.execute(query, (topic,)).fetchall())
            if not rows:
                raise KeyError(f"there is no topic {topic}")
            self._places[topic] = [place for (place,) in rows]
        return self._places[topic]

    async def _watch(self) -> None:
        """Wake every waiter when another process has committed; our own appends wake theirs at once."""
        seen = None
        while True:
            await asyncio.sleep(WATCH_S)
            with contextlib.suppress(Unavailable):
                (version,) = self._reader.read(lambda db: db.execute("PRAGMA data_version").fetchone())
                if version != seen:
                    seen = version
                    self._wake(set(self._waiters))

    def _wake(self, places: set[TopicPartition]) -> None:
        for place in places & self._waiters.keys():
            for waiter in self._waiters[place]:
                waiter.set()


@dataclass
class SqliteConsumer:
    """A member of a group; see Consumer for what its methods promise."""

    log: SqliteLog
    group: str
    member: str
    places: dict[TopicPartition, int]
    revoking: Revoking
    _id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _joined: bool = False
    _next: dict[TopicPartition, int] = field(default_factory=dict)
    _members: int = 1

    async def rebalance(self) -> set[TopicPartition]:
        mine = await self.log._writer.run(self._renew)
        if mine is None:
            self._next.clear()
            raise Fenced(f"another process is {self.member} of {self.group} now")
        self._joined = True
        for place in self._next.keys() - mine.keys():
            del self._next[place]
        for place, committed in mine.items():
            self._next.setdefault(place, committed)
        share = -(-len(self.places) // self._members)
        surplus = set(list(mine)[share:])
        if surplus:
            await self.revoking(surplus)
            numbers = [self.places[place] for place in surplus]
            await self.log._writer.run(lambda db: self._release(db, numbers))
            for place in surplus:
                self._next.pop(place, None)
        return set(self._next)

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        waiter = asyncio.Event()
        waiters = self.log._waiters.setdefault(place, set())
        waiters.add(waiter)
        try:
            records = self._read(place, records_max)
            if not records:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(waiter.wait(), wait_s)
                    records = self._read(place, records_max)
            if records and place in self._next:
                self._next[place] = records[-1].offset + 1
            return records
        finally:
            waiters.discard(waiter)

    async def commit(self, place: TopicPartition, offset: int) -> None:
        number = self.places[place]

        def job(db: sqlite3.Connection) -> bool:
            if _owner(db, self.group, number) != self.member or self._consumer(db) != self._id:
                return False
            db.execute("REPLACE INTO committed VALUES (?, ?, ?)", (self.group, number, offset))
            return True

        if not await self.log._writer.run(job):
            self._next.pop(place, None)
            raise Fenced(f"{self.member} does not own {place.topic}/{place.partition} any more")

    async def seek(self, place: TopicPartition, offset: int) -> None:
        self._next[place] = offset

    async def close(self) -> None:
        def job(db: sqlite3.Connection) -> None:
            if self._consumer(db) == self._id:
                db.execute("DELETE FROM sessions WHERE grp = ? AND member = ?", (self.group, self.member))
                db.execute("DELETE FROM owners WHERE grp = ? AND member = ?", (self.group, self.member))

        self._next.clear()
        await self.log._writer.run(job)

    def _read(self, place: TopicPartition, records_max: int) -> list[Record]:
        start = self._next.get(place)
        if start is None:
            return []
        number = self.places[place]
        return self.log._reader.read(lambda db: _read(db, place, number, start, records_max))

    def _renew(self, db: sqlite3.Connection) -> dict[TopicPartition, int] | None:
        """Renew the lease and take free partitions up to a fair share; ours, each with its committed offset.

        None when the lease is another consumer's.
        """
        now = time.time()
        if self._joined and self._consumer(db) not in (self._id, None):
            return None
        db.execute("REPLACE INTO sessions VALUES (?, ?, ?, ?)", (self.group, self.member, self._id, now))
        dead = (self.group, now - self.log.session_s)
        db.execute("DELETE FROM sessions WHERE grp = ? AND seen < ?", dead)
        db.execute(
            "DELETE FROM owners WHERE grp = ?1 AND member NOT IN (SELECT member FROM sessions WHERE grp = ?1)",
            (self.group,),
        )
        (self._members,) = db.execute("SELECT count(*) FROM sessions WHERE grp = ?", (self.group,)).fetchone()
        owned = {place: _owner(db, self.group, number) for place, number in self.places.items()}
        mine = [place for place, owner in owned.items() if owner == self.member]
        free = [place for place, owner in owned.items() if owner is None]
        for place in free[: max(0, -(-len(self.places) // self._members) - len(mine))]:
            db.execute("INSERT INTO owners VALUES (?, ?, ?)", (self.group, self.places[place], self.member))
            mine.append(place)
        return {place: _committed(db, self.group, self.places[place]) for place in mine}

    def _consumer(self, db: sqlite3.Connection) -> str | None:
        """Whose the lease under our name is."""
        query = "SELECT consumer FROM sessions WHERE grp = ? AND member = ?"
        row = db.execute(query, (self.group, self.member)).fetchone()
        return str(row[0]) if row else None

    def _release(self, db: sqlite3.Connection, numbers: list[int]) -> None:
        if self._consumer(db) != self._id:
            return
        rows = [(self.group, number, self.member) for number in numbers]
        db.executemany("DELETE FROM owners WHERE grp = ? AND place = ? AND member = ?", rows)


def _end(db: sqlite3.Connection, place: int) -> int:
    return int(db.execute('SELECT "end" FROM places WHERE id = ?', (place,)).fetchone()[0])


def _committed(db: sqlite3.Connection, group: str, place: int) -> int:
    row = db.execute('SELECT "offset" FROM committed WHERE grp = ? AND place = ?', (group, place)).fetchone()
    return int(row[0]) if row else 0


def _owner(db: sqlite3.Connection, group: str, place: int) -> str | None:
    row = db.execute("SELECT member FROM owners WHERE grp = ? AND place = ?", (group, place)).fetchone()
    return str(row[0]) if row else None


def _read(
    db: sqlite3.Connection, place: TopicPartition, number: int, offset: int, records_max: int
) -> list[Record]:
    start, stop = number << OFFSET_BITS | offset, (number + 1) << OFFSET_BITS
    query = "SELECT id, key, value FROM messages WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"
    found: list[Record] = []
    size = 0
    for row, key, value in db.execute(query, (start, stop, records_max)):
        found.append(Record(place, row - (number << OFFSET_BITS), key, value))
        size += len(value)
        if size > BYTES_PER_FETCH_MAX:
            break
    return found
