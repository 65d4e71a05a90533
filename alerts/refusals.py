"""Refusals at this process's door, on their way into the trays of the publishers who want to hear of them.

A refusal leaves nothing on the log, so it is held here until the next look: a process that is killed forgets the
refusals of the last second, and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from alerts.address_book import AddressBook
from alerts.grouping import Limits, Tray, Wish, take_in
from alerts.keeping import change_trays
from alerts.notices import Notice
from catalogue.store import Store
from stream.errors import Unavailable

logger = logging.getLogger(__name__)
HELD_MAX = 1_000
LOOK_EVERY_S = 1.0


@dataclass
class Refusals:
    """`put` is called by the door, `run` beside it. More than HELD_MAX in one look are only counted, and logged."""

    store: Store
    book: AddressBook
    now_s: Callable[[], int]
    limits: Limits = field(default_factory=Limits)
    look_s: float = LOOK_EVERY_S
    _held: list[Notice] = field(default_factory=list)
    _dropped: int = 0

    def put(self, notice: Notice) -> None:
        """Hold it until the next look."""
        if len(self._held) < HELD_MAX:
            self._held.append(notice)
        else:
            self._dropped += 1

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(self.look_s)
            try:
                await self.look()
            except Unavailable as error:
                logger.warning("refusals wait to be told", extra={"detail": str(error)})

    async def look(self) -> None:
        """Put what is held into the trays of those who want it. Unavailable: it is held on."""
        if not self._held:
            return
        held, dropped = list(self._held), self._dropped
        told: dict[str, list[Notice]] = defaultdict(list)
        wishes: dict[str, Wish] = {}
        for subscription in await self.book.all():
            wanted = (
                [notice for notice in held if subscription.wants(notice)] if subscription.confirmed else []
            )
            if wanted:
                told[subscription.id], wishes[subscription.id] = wanted, subscription.wish

        def take(recipient: str, tray: Tray) -> bool:
            for notice in told[recipient]:
                take_in(tray, notice, wishes[recipient], self.now_s(), self.limits)
            return True

        await change_trays(self.store, told, take)
        if dropped:
            logger.warning("refusals were too many to be told", extra={"count": dropped})
        del self._held[: len(held)]
        self._dropped -= dropped
