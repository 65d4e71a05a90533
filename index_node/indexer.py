"""The index node: events -> decide -> store -> outcomes, under the laws.

Round 1 writes heads and waits for every answer; a decision counts only if its own head was accepted. Round 2
writes the documents that the heads name: those that lose `latest` first, and only when all of these are
acknowledged the others. Then the outcomes. Every step may be repeated at any time by anybody.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from catalogue.admission import check_action
from catalogue.decide import Decision, decide, finish
from catalogue.head import Head, decode_head, encode_head
from catalogue.record import decode_record, encode_record
from catalogue.store import Document, Ref, Store, Verdict, Write, collection_ref, head_ref, item_ref
from index_node.recheck import Change, Recheck, is_checked
from stream import metrics
from stream.consume import Delivery, Stopped
from stream.errors import Problem, Unavailable
from stream.events import Event, Undecodable, check_stamped, decode
from stream.keys import partition_of
from stream.log import Log, Record, TopicPartition
from stream.outcomes import INDEX_ROLE, Outcome, encode_outcome, outcome_of
from stream.position import position, split
from stream.topics import Topics

logger = logging.getLogger(__name__)
DECISIONS_AGAIN_MAX = 5
DETAIL_CHARACTERS_MAX = 4000  # it may repeat what it found


class StoreRefused(Exception):
    """The store will never take a document of this event."""


class _Work:
    """One event on its way through a round."""

    def __init__(self, delivery: Delivery[Event], generation: int) -> None:
        self.delivery = delivery
        self.event = delivery.message
        self.position = position(generation, delivery.record.offset)
        self.head_ref = head_ref(delivery.key)
        self.target = self.ref(self.event.item_id)
        self.known: dict[Ref, Document] = {}
        self.decision: Decision | None = None
        self.head: Head | None = (
            None  # set once the event is decided in the store, by us or by another worker
        )
        self.overtaken = False
        self.unchecked: tuple[str, ...] = ()

    def ref(self, item_id: str) -> Ref:
        """The document of one of the dataset's records."""
        collection, key = self.event.collection, self.delivery.key
        return (
            collection_ref(collection) if self.event.about_collection else item_ref(collection, item_id, key)
        )


@dataclass
class Indexer:
    """The handler of an index node's follower. `store` is this node's own; `recheck` None: records are not checked."""

    node: str
    store: Store
    log: Log
    prefix: str
    generation: int
    partitions: int
    now: Callable[[], str]
    recheck: Recheck | None = None

    def decode(self, record: Record) -> tuple[str, Event]:
        """(key, event) of a message of our own topics: stamped, known, and in the partition of its key."""
        event = decode(record.value)
        check_stamped(event)
        check_action(event)
        if record.place != self._place(event):
            raise Undecodable(f"the key {event.key} belongs to another partition", event.id, "misrouted")
        return event.key, event

    async def round(self, part: Sequence[Delivery[Event]]) -> None:
        """One round: read, decide, write heads, write documents, say so. Safe to repeat at any point."""
        works = [_Work(delivery, self.generation) for delivery in part]
        await self._decide(works)
        live = [work for work in works if not work.overtaken]
        await self._read_changed(live)
        if self.recheck is not None:
            await self._check(self.recheck, live)
        await self._write(live, lambda head: head.lowers)  # law 7: acknowledged before any raise is sent
        await self._write(live, lambda head: head.raises)
        await self._say(live)

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        """Tell the handle, where the event still says whose it is."""
        if error.event_id is None:
            return
        problem = Problem(error.kind, str(error)[:DETAIL_CHARACTERS_MAX]).to_json(f":{error.event_id}")
        place = record.place
        outcome = Outcome(
            error.event_id, self.node, INDEX_ROLE, "dead-letter", place.partition, record.offset, self.now(),
            collection="", item_id="", expected=(self.node,), problem=problem,
        )  # fmt: skip
        await self.log.append([encode_outcome(self.prefix, outcome, None)])

    def _place(self, event: Event) -> TopicPartition:
        """The only one where this event may be: positions of two places cannot be compared (laws 1 and 2)."""
        topics = Topics(self.prefix, self.generation)
        if event.about_collection:
            return TopicPartition(topics.collections, 0)
        return TopicPartition(topics.transactions, partition_of(event.key, self.partitions))

    async def _decide(self, works: Sequence[_Work]) -> None:
        """Round 1 (law 4): a decision whose head is refused is dropped, and its dataset read again."""
        open_ = list(works)
        for _ in range(DECISIONS_AGAIN_MAX):
            await self._read(open_, lambda work: [work.head_ref])
            # Most events publish into a new dataset: without a head it has no records to ask for.
            await self._read(open_, lambda work: [work.target] if work.head_ref in work.known else [])
            for work in open_:
                self._take_branch(work)
            deciding = [work for work in open_ if work.decision is not None]
            verdicts = await self.store.apply([_head_write(work) for work in deciding])
            open_ = []
            for work, verdict in zip(deciding, verdicts, strict=True):
                _raise_for(verdict, work)
                if verdict is Verdict.ACCEPTED:
                    work.head = _decided(work).head
                else:
                    work.decision = None
                    open_.append(work)
            if not open_:
                return
        raise Unavailable("other workers keep writing the heads of this round")

    def _take_branch(self, work: _Work) -> None:
        document = work.known.get(work.head_ref)
        head = decode_head(document.body) if document else None
        if head is not None and split(head.position)[0] != self.generation:
            raise Stopped(
                f"the store holds generation {split(head.position)[0]}, not {self.generation}; use an empty one"
            )
        if head is not None and head.position > work.position:
            work.overtaken = True
        elif head is not None and head.position == work.position:
            work.head = head
        else:
            old = work.known.get(work.target)
            work.decision = decide(work.event, work.position, head, decode_record(old.body) if old else None)

    async def _read_changed(self, works: Sequence[_Work]) -> None:
        """Siblings that gain or lose `latest`; the record that the event names is known already."""
        await self._read(
            works, lambda work: [ref for ref in map(work.ref, _changes(work)) if ref not in work.known]
        )

    async def _read(self, works: Sequence[_Work], wanted: Callable[[_Work], Iterable[Ref]]) -> None:
        """Real-time multi-get (law 6). What was asked for and not found is forgotten, not kept."""
        asked = {id(work): list(wanted(work)) for work in works}
        refs = list(dict.fromkeys(ref for asked_refs in asked.values() for ref in asked_refs))
        found = await self.store.get_many(refs)
        for work in works:
            for ref in asked[id(work)]:
                work.known.pop(ref, None)
                if ref in found:
                    work.known[ref] = found[ref]

    async def _check(self, recheck: Recheck, works: Sequence[_Work]) -> None:
        """Beside it all: check the records that are about to be written; those that are written were checked."""
        changed = [work for work in works if is_checked(work.event) and work.event.item_id in _changes(work)]
        new = [work for work in changed if not _is_written(work)]
        missing = await recheck.look([_change(work) for work in new])
        if len(new) < len(changed):
            missing |= await recheck.known(work.event.id for work in changed if _is_written(work))
        for work in changed:
            work.unchecked = missing.get(work.event.id, ())

    async def _write(self, works: Sequence[_Work], ids: Callable[[Head], Iterable[str]]) -> None:
        """Round 2: documents older than the position; one that is already there was written by another worker."""
        writes, owners = [], []
        for work in works:
            for item_id in ids(_head(work)):
                ref = work.ref(item_id)
                document = work.known.get(ref)
                if document is None or document.version < work.position:
                    writes.append(_item_write(work, ref, item_id, document))
                    owners.append(work)
        for work, verdict in zip(owners, await self.store.apply(writes), strict=True):
            _raise_for(verdict, work)

    async def _say(self, works: Sequence[_Work]) -> None:
        messages = []
        counts: Counter[tuple[str | None, str]] = Counter()
        for work in works:
            event, record = work.event, work.delivery.record
            entry = _head(work).entry(event.id)
            if entry is None:
                raise ValueError(f"the head of {event.key} has forgotten its own last event")
            place, time = record.place, self.now()
            outcome = outcome_of(
                event,
                self.node,
                entry.outcome,
                entry.problem,
                place.partition,
                record.offset,
                time,
                work.unchecked,
            )
            messages.append(encode_outcome(self.prefix, outcome, event))
            counts[event.action, entry.outcome] += 1
            if entry.problem is not None:
                told = {"event_id": event.id, "handle": event.handle, "request_id": event.request_id}
                logger.info("rejected", extra={**told, "key": event.key, "detail": entry.problem.detail})
        if messages:
            await self.log.append(messages)
        for (action, outcome_), count in counts.items():
            metrics.OUTCOMES.labels("index", action, outcome_).inc(count)


def _changes(work: _Work) -> tuple[str, ...]:
    head = _head(work)
    return (*head.lowers, *head.raises)


def _is_written(work: _Work) -> bool:
    """Whether the record that the event names is at the event's position."""
    document = work.known.get(work.target)
    return document is not None and document.version >= work.position


def _change(work: _Work) -> Change:
    document = work.known.get(work.target)
    old = decode_record(document.body) if document else None
    decided = work.decision.record if work.decision is not None else None
    record = decided or finish(work.event, _head(work), old)
    place, offset = work.delivery.record.place, work.delivery.record.offset
    return Change(
        work.event, place.partition, offset, work.position, work.delivery.record.value,
        old.item if old else None, record.item,
    )  # fmt: skip


def _head(work: _Work) -> Head:
    if work.head is None:
        raise ValueError(f"event {work.event.id} was not decided")
    return work.head


def _decided(work: _Work) -> Decision:
    if work.decision is None:
        raise ValueError(f"event {work.event.id} has no decision")
    return work.decision


def _head_write(work: _Work) -> Write:
    return Write(work.head_ref, work.position, encode_head(_decided(work).head), {})


def _item_write(work: _Work, ref: Ref, item_id: str, document: Document | None) -> Write:
    decision = work.decision
    if decision is not None and decision.record is not None and item_id == work.event.item_id:
        return Write(ref, work.position, decision.body, decision.record.fields())
    record = finish(work.event, _head(work), decode_record(document.body) if document else None)
    return Write(ref, work.position, encode_record(record), record.fields())


def _raise_for(verdict: Verdict, work: _Work) -> None:
    if verdict is Verdict.UNAVAILABLE:
        raise Unavailable("the store did not take a write")
    if verdict is Verdict.REFUSED:
        raise StoreRefused(
            f"the store will never take a document of event {work.event.id} ({work.event.key})"
        )
