"""How SQLite is used under an event loop: writes in a thread with group commit, short reads in the loop itself.

Group commit: while a transaction is being made durable, the next jobs gather and share the next one. An error of the
engine fails every job of the transaction: none of them has happened.

Every step of a statement gives up Python's global lock and waits to have it back, up to a whole turn of the busiest
thread. So short reads run where the lock is held anyway (they never wait for a writer: the files are in WAL mode),
and a job in the thread uses few statements of many rows (`rows`), not many of one.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from stream.errors import Unavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
JOBS_PER_TRANSACTION_MAX = 256
JOBS_WAITING_MAX = 4096
BUSY_TIMEOUT_MS = 5000

Job = Callable[[sqlite3.Connection], Any]


def _nothing() -> None:
    """What follows where nothing does."""


ROWS_AT_ONCE = (128, 16, 1)  # few sizes, so that their statements are compiled once


def rows(all_rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """The rows in pieces of those sizes, in order."""
    start = 0
    for size in ROWS_AT_ONCE:
        while len(all_rows) - start >= size:
            yield all_rows[start : start + size]
            start += size


def insert(db: sqlite3.Connection, head: str, all_rows: Sequence[tuple[Any, ...]], tail: str = "") -> None:
    """`INSERT INTO ... VALUES` for many rows; `head` ends before the values, `tail` begins after them."""
    for piece in rows(all_rows):
        marks = "(" + ", ".join("?" * len(piece[0])) + ")"
        values = [value for row in piece for value in row]
        db.execute(f"{head} VALUES {', '.join([marks] * len(piece))} {tail}", values)


class SqliteReader:
    """A connection for short reads in the event loop's own thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = open_database(path, None)

    def read(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result. Unavailable on any error of the engine."""
        try:
            return job(self._connection)
        except sqlite3.Error as error:
            raise Unavailable(f"{self._path.name}: {error}") from error

    def close(self) -> None:
        """Let go."""
        self._connection.close()


class SqliteThread:
    """`writes`: jobs run inside BEGIN IMMEDIATE, else they share one read snapshot."""

    def __init__(self, path: Path, schema: str, *, writes: bool, name: str) -> None:
        self._path = path
        self._begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
        self._ended = False
        self._queue: queue.SimpleQueue[Entry | None] = queue.SimpleQueue()
        self._connection = open_database(path, schema if writes else None)
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """The job's result after its transaction is durable. Unavailable on any error of the engine."""
        if self._ended:
            raise Unavailable(f"the thread of {self._path.name} has ended")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        if self._queue.qsize() >= JOBS_WAITING_MAX:
            raise Unavailable(f"{self._path.name} is busy: {JOBS_WAITING_MAX} jobs are waiting")
        self._queue.put((job, future))
        return await future

    def post(self, job: Job, then: Callable[[], None] = _nothing) -> None:
        """Have a job done that nobody waits for, and `then` in the thread once its transaction is durable.

        It may be lost, by an error or where too many jobs are waiting.
        """
        if not self._ended and self._queue.qsize() < JOBS_WAITING_MAX:
            self._queue.put((job, then))

    async def close(self) -> None:
        """Finish the jobs that wait, then close the connection."""
        if not self._ended:
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        closing = False
        batch: list[Entry | None] = []
        try:
            while not closing:
                batch = [self._queue.get()]
                while len(batch) < JOBS_PER_TRANSACTION_MAX and not self._queue.empty():
                    batch.append(self._queue.get_nowait())
                closing = None in batch
                self._transaction([entry for entry in batch if entry is not None])
                batch = []
        finally:  # a job with a fault of ours ends the thread; nobody may wait for it for ever
            self._ended = True
            while not self._queue.empty():
                batch.append(self._queue.get_nowait())
            ended = Unavailable(f"the thread of {self._path.name} has ended")
            _answer([(entry[1], None, ended) for entry in batch if entry is not None])
            self._connection.close()

    def _transaction(self, batch: Sequence[Entry]) -> None:
        if not batch:
            return
        try:
            self._connection.execute(self._begin)
            results = [job(self._connection) for job, _ in batch]
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.rollback()
            lost = Unavailable(f"{self._path.name}: {error}")
            _answer([(future, None, lost) for _, future in batch])
        except (
            ValueError,
            OverflowError,
            LookupError,
            TypeError,
        ) as fault:  # of one job: the others are tried alone
            self._connection.rollback()
            if len(batch) == 1:
                _answer([(batch[0][1], None, fault)])
            else:
                for entry in batch:
                    self._transaction([entry])
        else:
            _answer([(future, result, None) for (_, future), result in zip(batch, results, strict=True)])


Waiter = asyncio.Future[Any] | Callable[[], None]
Entry = tuple[Job, Waiter]
Answer = tuple[Waiter, Any, Exception | None]


def _answer(answers: list[Answer]) -> None:
    awaited = []
    for waiter, result, error in answers:
        if isinstance(waiter, asyncio.Future):
            awaited.append((waiter, result, error))
        elif error is None:
            waiter()
        else:
            log.warning("a job that nobody waits for has failed", exc_info=error)
    for loop in {future.get_loop() for future, _, _ in awaited}:
        if not loop.is_closed():
            those = [answer for answer in awaited if answer[0].get_loop() is loop]
            loop.call_soon_threadsafe(_deliver, those)


def _deliver(answers: list[tuple[asyncio.Future[Any], Any, Exception | None]]) -> None:
    for future, result, error in answers:
        if future.cancelled():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)


def open_database(path: Path, schema: str | None) -> sqlite3.Connection:
    """A connection; with a schema the file is made. Unavailable when it cannot be opened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        if schema is not None:
            connection.execute("PRAGMA page_size = 8192")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(schema)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -8000")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    except sqlite3.Error as error:
        raise Unavailable(f"cannot open {path}: {error}") from error
    return connection
