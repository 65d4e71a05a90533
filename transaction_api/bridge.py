"""The bridge: a topic that another API wrote, checked, stamped and appended under our keys. A door like any other.

It is the handler of a follower of the foreign topic: each partition is worked in its order, and what belongs to one
dataset one message after the other, because a patch means something only after what came before it. So before a
patch is stamped the site's own index has to have done all that its partition holds.

Why nothing is lost and nothing has an effect twice:

1. The foreign offset is committed only after our log has acknowledged the events (or the dead letters) of all that
   is below it. So after a crash at most one batch of each partition is read again.
2. Whoever begins to read a partition looks at the origins on our own log first (`lookback`): what of that batch was
   appended before is passed over, however long the bridge was away, and also where the log has forgotten the group.
3. What can still be appended twice is what was under way at one moment: an append whose acknowledgement was lost and
   that is tried again, or a member that was silent and lost its partition while it was appending. Both times the
   event has the same id, which follows from the message alone, and a head knows the last 256 events of its dataset:
   a batch is smaller than half of that, so the repetition is found there and changes nothing.

The memory of ids (`Ids`) may have forgotten, after a restart, that a message got a derived id; rule 2 tells it by its
origin, not by its id. A message that is refused twice has two dead letters with one origin.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from catalogue.profile import Profile
from stream import metrics
from stream.consume import Delivery
from stream.dead_letters import DeadLetter, encode_dead_letter
from stream.errors import Problem, Refused, Unavailable
from stream.events import Event, Undecodable
from stream.keys import partition_of
from stream.log import Message, Record, TopicPartition
from transaction_api.append import Appender
from transaction_api.foreign import Ids, key_of, needs_knowledge, origin_of, read_foreign, reason_of, stamped
from transaction_api.lookback import LookBack
from transaction_api.site import Known, Site
from transaction_api.stamp import Stamper

NAME = "bridge"
BATCH_MAX = 100  # see above: less than half of what a head remembers


@dataclass
class Bridge:
    """The handler. `now` is for dead letters alone; events keep their time."""

    site: Site
    stamper: Stamper
    appender: Appender
    now: Callable[[], str]
    appended: int = 0
    known: int = 0  # on our log already
    refused: Counter[str] = field(default_factory=Counter)
    _ids: Ids = field(default_factory=Ids)
    _next: dict[TopicPartition, int] = field(default_factory=dict)
    _begun: set[TopicPartition] = field(default_factory=set)  # read anew, and not looked back yet

    def __post_init__(self) -> None:
        self._lookback = LookBack(self.appender.log, self.site.topics.transactions, self.group, BATCH_MAX)

    def group(self, topic: str) -> str:
        """The group that reads a foreign topic: its members share the partitions, so each has one at a time."""
        return f"{self.site.topics.prefix}.{NAME}.{topic}"

    def decode(self, record: Record) -> tuple[str, Event]:
        """(key of the dataset, foreign event). It is asked for every record, in the order of the offsets."""
        if record.offset < self._next.get(record.place, record.offset + 1):
            self._begun.add(record.place)
        self._next[record.place] = record.offset + 1
        return self._read(record)

    async def round(self, part: Sequence[Delivery[Event]]) -> None:
        """Append what is not there yet, each as our event or as a dead letter."""
        for place in {delivery.record.place for delivery in part} & self._begun:
            await self._lookback.look(place)
            self._begun.discard(place)
        new = [delivery for delivery in part if not self._lookback.holds(delivery.record)]
        ids = [self._ids.of(delivery.message, delivery.record) for delivery in new]
        await self._caught_up({delivery.key for delivery in new if needs_knowledge(delivery.message)})
        made = await asyncio.gather(*map(self._made, new, ids))
        messages = [message for message, _ in made if message is not None]
        if messages:
            await self.appender.log.append(messages)
        kinds = [kind for _, kind in made if kind is not None]
        self.refused.update(kinds)
        for kind in kinds:
            metrics.DEAD_LETTERS.labels(NAME, kind).inc()
        self.appended += len(messages) - len(kinds)
        self.known += len(part) - len(messages)

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        """Nobody here waits for it; its dead letter is written."""
        self.refused[error.kind] += 1

    async def message(self, record: Record) -> tuple[str, Message | None]:
        """(event id, our message) of one foreign record; None where its dataset knows the event already.

        Undecodable or Refused where it is none, Unavailable where the index has not read what came before.
        """
        key, event = self._read(record)
        event_id = self._ids.of(event, record)
        if needs_knowledge(event):
            await self._caught_up({key})
        return event_id, await self._message(event, event_id, record)

    def _read(self, record: Record) -> tuple[str, Event]:
        event = read_foreign(record.value)
        return key_of(event, self.site.book.profile_of(event.collection)), event

    async def _made(self, delivery: Delivery[Event], event_id: str) -> tuple[Message | None, str | None]:
        """(what is to be appended, the kind of problem where that is a dead letter)."""
        record, event = delivery.record, delivery.message
        try:
            return await self._message(event, event_id, record), None
        except Refused as refusal:
            return self._letter(record, event.id, refusal.problem), refusal.problem.kind

    async def _message(self, event: Event, event_id: str, record: Record) -> Message | None:
        known = Known(None, None)
        if event.about_collection:  # refused for what it is, whether or not there is such a Collection
            checker = self.site.book.of(event.collection)
        else:
            checker = await self.site.rules(event.collection)
            if needs_knowledge(event):
                known = await self._known(event, checker.profile)
        if known.head is not None and known.head.entry(event_id) is not None:
            return None
        bytes_max = self.appender.limits.message_bytes_max
        ours = stamped(event, event_id, origin_of(record), checker, known, self.stamper, bytes_max)
        return self.appender.message(ours)

    async def _known(self, event: Event, profile: Profile) -> Known:
        try:
            rules = profile.rules(event.item_id)
        except Refused:
            return Known(None, None)  # there is no such item, and the stamp will say so
        known = await self.site.item(event.collection, event.item_id, rules)
        if not known.sound:
            raise Unavailable(f"the index is writing {event.item_id}")
        return known

    async def _caught_up(self, keys: Iterable[str]) -> None:
        """Unavailable until the site's index has done all that is in the partitions of these datasets now."""
        topic = self.site.topics.transactions
        count = await self.appender.log.partitions(topic)
        one_each = {partition_of(key, count): key for key in keys}.values()
        done = await asyncio.gather(*(self.site.applied(topic, key) for key in one_each))
        if not all(done):
            raise Unavailable("this site's index has not read what came before a patch; does it run?")

    def _letter(self, record: Record, event_id: str, problem: Problem) -> Message:
        letter = DeadLetter(
            *origin_of(record), record.key, record.value, problem.kind, reason_of(problem), event_id, NAME,
            self.now(), self.stamper.node,
        )  # fmt: skip
        return encode_dead_letter(self.site.topics.dead_letters, letter)
