"""Appends for ever and prints each place once it is acknowledged: `appender.py LOG TOPIC`. To be killed."""

from __future__ import annotations

import asyncio
import itertools
import sys
from pathlib import Path

from stream.log import Message
from stream.sqlite import SqliteLog

AT_ONCE = 8


async def append(log: SqliteLog, topic: str, worker: int) -> None:
    for n in itertools.count():
        value = f"{worker}:{n}"
        [receipt] = await log.append([Message(topic, f"key {value}", value.encode())])
        print(receipt.place.partition, receipt.offset, value, flush=True)


async def main(path: str, topic: str) -> None:
    log = SqliteLog(Path(path))
    await asyncio.gather(*(append(log, topic, worker) for worker in range(AT_ONCE)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
