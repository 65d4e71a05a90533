"""The last step of every write: events become messages, and the log acknowledges them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalogue.content import canonical
from stream import metrics
from stream.errors import Refused, Unavailable
from stream.events import Event, encode
from stream.log import Log, Message, Receipt
from stream.topics import Topics

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes, counts and seconds that a door never exceeds."""

    item_bytes_max: int = 4 << 20
    message_bytes_max: int = 5 << 20
    appends_in_flight_max: int = 256
    append_deadline_s: float = 10.0


class Lost(Unavailable):
    """The append was not acknowledged: it may have happened. `handle` can be asked."""

    def __init__(self, detail: str, handle: str) -> None:
        super().__init__(detail)
        self.handle = handle


@dataclass
class Appender:
    """Appends the events of a request, a limited number of requests at a time."""

    log: Log
    topics: Topics
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self._in_flight = asyncio.Semaphore(self.limits.appends_in_flight_max)

    async def append(self, event: Event) -> str:
        """The handle of a request of one event. Lost when the log did not acknowledge it in time."""
        return await self.append_all(event.handle, [self.message(event)])

    async def append_all(self, handle: str, messages: Sequence[Message]) -> str:
        """The handle of a request, when all its messages are acknowledged. Lost when they were not in time."""
        if self._in_flight.locked():
            raise Unavailable(f"{self.limits.appends_in_flight_max} appends are waiting for the log")
        async with self._in_flight:
            append = asyncio.ensure_future(self.log.append(messages))
            append.add_done_callback(_seen)
            # Not a timeout around it: to cancel the wait would not cancel the delivery.
            await asyncio.wait((append,), timeout=self.limits.append_deadline_s)
            try:
                if not append.done():
                    raise TimeoutError
                append.result()
            except (Unavailable, TimeoutError) as error:
                raise Lost(
                    "the log has not acknowledged it; ask the handle what became of it", handle
                ) from error
        metrics.EVENTS_ACCEPTED.inc(len(messages))
        logger.info("accepted", extra={"handle": handle, "events": len(messages)})
        return handle

    def message(self, event: Event) -> Message:
        """The event as it travels. Refused when it or its item is too large."""
        value, limits = encode(event), self.limits
        size, most = len(value), limits.message_bytes_max
        if event.item is not None and limits.item_bytes_max < size <= most:
            size, most = len(canonical(event.item)), limits.item_bytes_max
        if size > most:
            raise Refused("record-too-large", f"{event.item_id} has {size} bytes; the limit is {most}")
        topic = self.topics.collections if event.about_collection else self.topics.transactions
        return Message(topic, event.key, value)


def _seen(append: asyncio.Future[list[Receipt]]) -> None:
    """Look at the fault of an append that nobody waits for any more."""
    if not append.cancelled():
        append.exception()
