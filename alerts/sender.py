"""The sender: looks into the trays, packs what is due and delivers it. Each recipient by itself, none waits."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from alerts.address_book import AddressBook
from alerts.delivery import DeliveryFailed
from alerts.destinations import Destination, Office
from alerts.grouping import Limits, Parcel, Tray, Wish, delivered, lose, pack, standing, take_out
from alerts.keeping import change_trays, trays_of
from alerts.notices import Notice
from alerts.wording import message_of
from catalogue.store import Store
from stream import metrics
from stream.errors import Unavailable

logger = logging.getLogger(__name__)
PUBLISHERS_AT_ONCE_MAX = 8  # operators' destinations do not queue behind publishers'


@dataclass
class Sender:
    """`operators` are the destinations by id. `alarms` are what stands in this process now, by key."""

    process: str
    node: str
    store: Store
    book: AddressBook
    operators: Mapping[str, Destination]
    office: Office
    now_s: Callable[[], int]
    limits: Limits = field(default_factory=Limits)
    look_s: float = 10.0
    alarms: Callable[[], dict[str, Notice]] = dict
    jitter: Callable[[], float] = random.random
    _under_way: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Until cancelled. What is under way then is tried again after a restart."""
        try:
            while True:
                try:
                    await self.look()
                except Unavailable as error:
                    logger.warning("alerts wait", extra={"detail": str(error)})
                await asyncio.sleep(self.look_s)
        finally:
            tasks = list(self._under_way.values())
            self._under_way.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> None:
        """Begin every delivery that is due now."""
        for recipient, task in list(self._under_way.items()):
            if task.done():
                del self._under_way[recipient]
                task.result()
        parcels = await self._due()
        room = PUBLISHERS_AT_ONCE_MAX - sum(name not in self.operators for name in self._under_way)
        for recipient, (destination, due) in parcels.items():
            if recipient not in self.operators:
                room -= 1
                if room < 0:
                    continue  # its next try is booked
            self._under_way[recipient] = asyncio.create_task(self._deliver(recipient, destination, due))

    async def settled(self) -> None:
        """Wait for the deliveries that are under way."""
        await asyncio.gather(*self._under_way.values())

    async def _due(self) -> dict[str, tuple[Destination | None, list[Parcel]]]:
        now_s, alarms = self.now_s(), self.alarms()
        wishes = {recipient: Wish() for recipient in self.operators}
        destinations: dict[str, Destination | None] = dict(self.operators)
        for each in await self.book.all():
            wishes[each.id] = each.wish
            destinations[each.id] = self._publisher(each.address)

        def change(recipient: str, tray: Tray) -> list[Parcel] | None:
            before = len(tray.outbox)
            told = recipient in self.operators and standing(tray, self.process, alarms, now_s, self.limits)
            packed = pack(tray, wishes[recipient], now_s, self.limits)
            due = take_out(tray, now_s, self.jitter(), self.limits)
            return due if told or packed or due or len(tray.outbox) < before else None

        free = wishes.keys() - self._under_way.keys()
        existing = await trays_of(
            self.store, free
        )  # most need nothing, and those without a tray have nothing
        wanted = [name for name in existing if change(name, existing[name]) is not None]
        wanted += [name for name in free & self.operators.keys() if alarms and name not in existing]
        changed = await change_trays(self.store, wanted, change)
        return {name: (destinations[name], due) for name, due in changed.items() if due}

    def _publisher(self, address: str) -> Destination | None:
        """None where the operator does not allow this address any more."""
        try:
            return self.office.publishers(address)
        except ValueError:
            return None

    async def _deliver(self, recipient: str, destination: Destination | None, due: list[Parcel]) -> None:
        for parcel in due:
            try:
                if destination is None:
                    raise DeliveryFailed("the address is not allowed here", final=True)
                await destination.send(message_of(parcel, recipient, self.node))
            except DeliveryFailed as failed:
                await self._failed(recipient, destination, parcel, failed)
                if not failed.final:
                    return  # the others of this destination would fail alike; their next try is booked
            else:
                metrics.ALERT_MESSAGES.labels(destination.kind, "delivered").inc()
                await self._change(recipient, partial(_done, parcel.number, delivered))

    async def _failed(
        self, recipient: str, destination: Destination | None, parcel: Parcel, failed: DeliveryFailed
    ) -> None:
        final = failed.final or parcel.tries >= self.limits.tries_max
        kind = destination.kind if destination else "none"
        name = destination.name if destination and recipient in self.operators else recipient
        metrics.ALERT_MESSAGES.labels(kind, "lost" if final else "failed").inc()
        told = {"destination": name, "alert": f"{recipient}-{parcel.number}", "tries": parcel.tries}
        logger.warning("alert not delivered", extra={**told, "final": final, "detail": str(failed)})
        if final:
            metrics.ALERT_NOTICES_LOST.inc(parcel.notices)
            await self._change(recipient, partial(_done, parcel.number, lose))

    async def _change(self, recipient: str, change: Callable[[str, Tray], bool | None]) -> None:
        try:
            await change_trays(self.store, [recipient], change)
        except Unavailable as error:  # it will be delivered again: at least once
            logger.warning("alerts wait", extra={"detail": str(error)})


def _done(number: int, end: Callable[[Tray, int], bool], recipient: str, tray: Tray) -> bool | None:
    return end(tray, number) or None
