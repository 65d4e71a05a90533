"""Trays in a store that several workers write at once, and a store that is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from alerts.address_book import AddressBook
from alerts.destinations import LogDestination, Office
from alerts.grouping import Limits, Tray, Wish, fold
from alerts.keeping import change_trays, trays_of
from alerts.notices import Notice
from alerts.sender import Sender
from alerts.wording import Message
from catalogue.store import Document, Ref, Verdict, Write
from stream.errors import Unavailable
from tests.support.memory_store import MemoryStore

KEY, T0 = b"a key of sixteen or more", 1_780_000_000
ANOMALY = Notice(
    "anomaly", "C", "i", "h", "e", "north", "ann", "c", "2026-06-01T00:00:00Z", "facet", "is wrong"
)


async def add(store: MemoryStore, place: str, start: int, count: int = 1) -> None:
    told = [(start + n, replace(ANOMALY, item_id=f"i{start + n}")) for n in range(count)]
    await change_trays(store, ["d"], lambda _, tray: fold(tray, place, told, Wish(), T0, Limits()) or None)


async def test_workers_that_write_one_tray_at_once_lose_nothing() -> None:
    store = MemoryStore()
    await asyncio.gather(*(add(store, f"e/{n}", 0, 10) for n in range(8)))
    await asyncio.gather(*(add(store, f"e/{n}", 0, 10) for n in range(8)))
    tray = (await trays_of(store, ["d"]))["d"]
    assert [group.count for group in tray.groups.values()] == [80]
    assert tray.read == {f"e/{n}": 10 for n in range(8)}


class Contended(MemoryStore):
    """A store where somebody else is always faster."""

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        return [Verdict.STALE] * len(writes)


class Away(MemoryStore):
    """A store that cannot be reached."""

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        raise Unavailable("away")


async def test_somebody_always_faster_is_not_waited_for_for_ever() -> None:
    with pytest.raises(Unavailable):
        await add(Contended(), "e/0", 0)


def sender(store: MemoryStore, destination: LogDestination, now_s: int = T0 + 60) -> Sender:
    book = AddressBook(store, KEY, lambda: now_s)
    return Sender(
        "north.a", "north", store, book, {"d": destination}, Office("north"), lambda: now_s, look_s=0.001
    )


class Remembering(LogDestination):
    """What it was given."""

    sent: list[Message] = []  # noqa: RUF012 - one list for the one test below

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        await asyncio.sleep(0)


async def test_of_two_senders_one_sends() -> None:
    store, destination = MemoryStore(), Remembering()
    await add(store, "e/0", 0, 5)
    senders = [sender(store, destination) for _ in range(4)]
    await asyncio.gather(*(each.look() for each in senders))
    await asyncio.gather(*(each.settled() for each in senders))
    assert [message.subject for message in destination.sent] == ["[stacfed north] 5 anomalies in C"]
    assert (await trays_of(store, ["d"]))["d"].outbox == []


async def test_the_sender_waits_for_its_store(caplog: pytest.LogCaptureFixture) -> None:
    task = asyncio.create_task(sender(Away(), LogDestination()).run())
    await asyncio.sleep(0.05)
    assert not task.done()
    assert caplog.text.count("alerts wait") > 1
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


async def test_a_change_that_changes_nothing_is_not_written() -> None:
    store = MemoryStore()

    def nothing(_: str, tray: Tray) -> None:
        return None

    assert await change_trays(store, ["d"], nothing) == {}
    assert store.writes == {}
