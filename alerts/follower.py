"""The alerts' follower: it reads the outcomes and puts what somebody wants to hear into their trays.

A node speaks for itself: of the outcomes on the log only those of `nodes` are told, by default its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from alerts.address_book import AddressBook
from alerts.grouping import Limits, Tray, Wish, fold
from alerts.keeping import change_trays
from alerts.notices import Notice, notice_of
from catalogue.store import Store
from stream.consume import Delivery
from stream.events import Undecodable
from stream.log import Record
from stream.outcomes import decode_outcome

# recipient: place: (offset, notice) in order
Told = dict[str, dict[str, list[tuple[int, Notice]]]]


@dataclass
class AlertKeeper:
    """The handler of the alerts' follower. `operators` are the ids of the destinations, with what they want."""

    store: Store
    book: AddressBook
    nodes: Collection[str]
    operators: Mapping[str, Wish]
    now_s: Callable[[], int]
    limits: Limits = field(default_factory=Limits)

    def decode(self, record: Record) -> tuple[str, Notice | None]:
        """None for what nobody is told about. So is what is no outcome of ours: the handles' follower has already
        written its dead letter."""
        try:
            outcome = decode_outcome(record.value)
        except Undecodable:
            return record.key, None
        if outcome.node not in self.nodes:
            return outcome.handle, None
        return outcome.handle, notice_of(outcome)

    async def round(self, part: Sequence[Delivery[Notice | None]]) -> None:
        """Fold the notices into the trays of those who want them. A repetition finds them there."""
        now_s = self.now_s()
        wishes = dict(self.operators)
        subscriptions = [each for each in await self.book.all() if each.confirmed]
        wishes |= {each.id: each.wish for each in subscriptions}
        told: Told = defaultdict(lambda: defaultdict(list))
        for delivery in part:
            notice, record = delivery.message, delivery.record
            if notice is None or self._too_old(notice, now_s):
                continue
            wanting = [each.id for each in subscriptions if each.wants(notice)]
            for recipient in [*(self.operators if notice.urgent else ()), *wanting]:
                told[recipient][place_of(record)].append((record.offset, notice))

        def take(recipient: str, tray: Tray) -> bool | None:
            places = told[recipient].items()
            new = [fold(tray, place, found, wishes[recipient], now_s, self.limits) for place, found in places]
            return any(new) or None

        await change_trays(self.store, told, take)

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        """Never called: `decode` takes everything."""

    def _too_old(self, notice: Notice, now_s: int) -> bool:
        try:
            told_s = datetime.fromisoformat(notice.time).timestamp()
        except ValueError:
            return False
        return told_s < now_s - self.limits.age_max_s


def place_of(record: Record) -> str:
    """The name of a topic partition in a tray."""
    return f"{record.place.topic}/{record.place.partition}"


def unkeyed(batch: Sequence[Delivery[Notice | None]]) -> Iterator[list[Delivery[Notice | None]]]:
    """The batch without what nobody is told about, so that most rounds of a busy node are no work at all."""
    yield [delivery for delivery in batch if delivery.message is not None]
