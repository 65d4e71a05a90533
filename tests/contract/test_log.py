"""The logs there are, each held to the whole contract."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from stream.errors import Unavailable
from stream.log import Log, Message, TopicPartition
from stream.sqlite import SqliteLog
from stream.sqlite_thread import Job, SqliteThread
from tests.contract.log_contract import (
    PARTITIONS,
    PLACES,
    SESSION_S,
    TOPIC,
    AppendContract,
    DeliveryContract,
    GroupContract,
    OpenLog,
)
from tests.support.memory_log import Broker, MemoryLog

APPENDER = Path(__file__).parent / "appender.py"


class TestSqliteLog(AppendContract, DeliveryContract, GroupContract):
    @pytest.fixture
    async def logs(self, tmp_path: Path) -> AsyncIterator[OpenLog]:
        opened: list[SqliteLog] = []

        async def open_log() -> Log:
            opened.append(SqliteLog(tmp_path / "log.db", session_s=SESSION_S))
            return opened[-1]

        yield open_log
        for log in opened:
            await log.close()


class TestMemoryLog(AppendContract, DeliveryContract, GroupContract):
    @pytest.fixture
    def logs(self) -> OpenLog:
        broker = Broker()

        async def open_log() -> Log:
            return MemoryLog(broker, SESSION_S)

        return open_log


@pytest.mark.parametrize("acknowledged", [1, 40, 400])
async def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, acknowledged: int) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.create_topic(TOPIC, PARTITIONS)
    command = [sys.executable, str(APPENDER), str(tmp_path / "log.db"), TOPIC]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, cwd=APPENDER.parents[2])
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(acknowledged)]
    process.kill()
    lines += (await process.stdout.read()).splitlines(keepends=True)
    assert await process.wait() == -9
    complete = [line.split() for line in lines if line.endswith(b"\n")]
    assert len(complete) >= acknowledged
    for partition, offset, value in complete:
        [record] = await log.read(TopicPartition(TOPIC, int(partition)), int(offset), 1)
        assert record.value == value
    for place, end in zip(sorted(PLACES), await log.end(TOPIC), strict=True):
        assert [record.offset for record in await log.read(place, 0, 100_000)] == list(range(end))
    await log.append([Message(TOPIC, "after", b"it goes on")])
    await log.close()


async def test_a_closed_log_is_unavailable(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.create_topic(TOPIC, PARTITIONS)
    await log.close()
    with pytest.raises(Unavailable):
        await log.append([Message(TOPIC, "key", b"value")])
    with pytest.raises(Unavailable):
        await log.end(TOPIC)


async def test_a_caller_that_gives_up_does_not_spoil_the_appends_of_others(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.create_topic(TOPIC, 1)
    tasks = [asyncio.create_task(log.append([Message(TOPIC, "key", b"%d" % n)])) for n in range(50)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for n, answer in enumerate(answers):
        if isinstance(answer, list):
            [record] = await log.read(answer[0].place, answer[0].offset, 1)
            assert record.value == b"%d" % n
        else:
            assert isinstance(answer, asyncio.CancelledError)
    assert sum(isinstance(answer, list) for answer in answers) == 25
    await log.close()


async def appended_together(log: SqliteLog, count: int, job: Job | None = None) -> list[object]:
    """The answers to appends (and another job) that wait for the writer at the same time."""
    working, gate, writer = threading.Event(), threading.Event(), log._writer

    def block(db: sqlite3.Connection) -> None:
        working.set()
        gate.wait(30)

    blocking = asyncio.create_task(writer.run(block))
    await asyncio.sleep(0)
    await asyncio.to_thread(working.wait, 30)
    appends = [asyncio.create_task(log.append([Message(TOPIC, "key", b"%d" % n)])) for n in range(count)]
    others = [asyncio.create_task(writer.run(job))] if job else []
    await asyncio.sleep(0)
    gate.set()
    await blocking
    return list(await asyncio.gather(*appends, *others, return_exceptions=True))


async def test_appends_that_wait_together_are_made_durable_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    transaction = SqliteThread._transaction

    def counting(self: SqliteThread, batch: list[tuple[Job, asyncio.Future[Any]]]) -> None:
        sizes.append(len(batch))
        transaction(self, batch)

    monkeypatch.setattr(SqliteThread, "_transaction", counting)
    log = SqliteLog(tmp_path / "log.db")
    await log.create_topic(TOPIC, 1)
    sizes.clear()
    await appended_together(log, 100)
    assert sizes == [1, 100]
    assert [record.value for record in await log.read(TopicPartition(TOPIC, 0), 0, 200)] == [
        b"%d" % n for n in range(100)
    ]
    await log.close()


async def test_a_transaction_that_fails_has_appended_nothing(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.create_topic(TOPIC, 1)
    answers = await appended_together(log, 20, lambda db: db.execute("this is no SQL"))
    assert len(answers) == 21
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert await log.end(TOPIC) == [0]
    assert await log.read(TopicPartition(TOPIC, 0), 0, 100) == []
    [receipt] = await log.append([Message(TOPIC, "key", b"it goes on")])
    assert receipt.offset == 0
    await log.close()


async def test_a_log_whose_file_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "log.db").write_bytes(b"this is no database, but it is long enough to be read as one" * 100)
    with pytest.raises(Unavailable, match=r"log\.db"):
        SqliteLog(tmp_path / "log.db")


async def test_a_job_with_a_fault_of_its_own_fails_alone(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.create_topic(TOPIC, PARTITIONS)

    def faulty(db: object) -> None:
        raise OverflowError("a number that the engine cannot hold")

    answers = await appended_together(log, 3, faulty)
    assert [isinstance(answer, OverflowError) for answer in answers] == [False, False, False, True]
    assert sum(await log.end(TOPIC)) == 3
    await log.append([Message(TOPIC, "key", b"later")])
    await log.close()
