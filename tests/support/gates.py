"""A log and a store that a test holds up or breaks at the moments that matter to a client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalogue.sqlite import SqliteStore
from catalogue.store import BESIDE, Verdict, Write
from stream.errors import Unavailable
from stream.log import Message, Receipt
from stream.sqlite import SqliteLog

OUTCOMES = (".success", ".errors", ".deadletters")


def _opened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class GatedLog(SqliteLog):
    """The doors' appends wait for `gate`. With `loses` they fail, with `silent` they are done and then fail."""

    gate: asyncio.Event = field(default_factory=_opened)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    loses: bool = False
    silent: bool = False

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        if messages[0].topic.endswith(OUTCOMES):
            return await super().append(messages)
        self.asked.set()
        await self.gate.wait()
        if self.loses:
            raise Unavailable("the log lost it")
        receipts = await super().append(messages)
        if self.silent:
            raise Unavailable("the log has it and does not say so")
        return receipts


@dataclass
class GatedStore(SqliteStore):
    """The index's writes wait for `gate`; requests are kept all the same."""

    gate: asyncio.Event = field(default_factory=_opened)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        if any(write.ref.kind not in BESIDE for write in writes):
            self.asked.set()
            await self.gate.wait()
        return await super().apply(writes)
