"""Three laws, each shown to be needed: with it the end is right, and with it taken out it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from catalogue.record import decode_record
from catalogue.store import ITEMS, Document, Ref, Verdict, Write
from index_node import indexer as index_node
from index_node.indexer import Indexer
from stream.consume import Delivery, one_event_per_key, whole
from stream.events import Event
from tests.support.disturbed import STORIES, End, crashes, story, told
from tests.support.memory_store import MemoryStore
from tests.support.nodes import (
    NOW,
    PARTITIONS,
    TOPICS,
    check_model,
    check_words,
    memory_site,
    messages,
    records,
)
from tests.support.virtual_time import run_virtual


def is_right(end: End, events: Sequence[Event]) -> bool:
    """Whether the model agrees."""
    try:
        check_words(end.words, check_model(end.documents, events), events)
    except AssertionError:
        return False
    return True


def wrong_ends(names: tuple[list[str], list[str]], **kind: object) -> int:
    """At how many writes a crash leads to a wrong end. Undisturbed, the end has to be right."""
    before, then = story(names[0]), story([*names[0], *names[1]])[len(names[0]) :]
    quiet, disturbed = run_virtual(crashes(memory_site, before, then, **kind))
    assert is_right(quiet, [*before, *then])
    assert disturbed
    return sum(not is_right(end, [*before, *then]) for _, end in disturbed)


# Law 5: one event per dataset and round.


class ManyAtOnce(Indexer):
    """Folds all events of a part one on the other before it writes anything, so it is right as long as it lives."""

    async def round(self, part: Sequence[Delivery[Event]]) -> None:
        works = [index_node._Work(delivery, self.generation) for delivery in part]
        for work in works:
            await self._read([work], lambda one: [one.head_ref, one.target, *self._siblings(one)])
        known: dict[Ref, Document] = {}
        heads: list[Write] = []
        documents: dict[Ref, Write] = {}
        for work in works:
            work.known |= known
            self._take_branch(work)
            if work.overtaken:
                continue
            if work.decision is not None:
                work.head = work.decision.head
                heads.append(index_node._head_write(work))
            for item_id in index_node._changes(work):
                ref = work.ref(item_id)
                if ref not in work.known or work.known[ref].version < work.position:
                    documents[ref] = index_node._item_write(work, ref, item_id, work.known.get(ref))
            for write in [*heads, *documents.values()]:
                known[write.ref] = Document(write.version, write.body)
        for write in [*heads, *documents.values()]:
            await self.store.apply([write])
        await self._say([work for work in works if not work.overtaken])

    def _siblings(self, work: index_node._Work) -> list[Ref]:
        return [work.ref(name) for name in V1_AND_V2]


V1_AND_V2 = [event.item_id for event in story(["publish v1", "publish v2"])]
TWO_OF_ONE = (["publish v1", "publish v2"], ["replica-add v1 at b", "correct v2, PUT"])


def test_law_5_without_the_cut_a_crash_loses_an_event() -> None:
    assert wrong_ends(TWO_OF_ONE, indexer=ManyAtOnce, cut=whole) > 0


def test_law_5_with_the_cut_none_is_lost() -> None:
    assert wrong_ends(TWO_OF_ONE, indexer=ManyAtOnce, cut=one_event_per_key) == 0
    assert wrong_ends(TWO_OF_ONE, indexer=Indexer, cut=one_event_per_key) == 0


def test_law_5_without_the_cut_a_store_does_not_take_our_own_round() -> None:
    """It decides all its events on what it read at its beginning, so two of one dataset both write the head."""

    async def uncut() -> None:
        async with memory_site() as (log, store):
            await log.append(messages(story(["publish v1", "publish v2"])))
            indexer = Indexer("a", store, log, TOPICS.prefix, TOPICS.generation, PARTITIONS, lambda: NOW)
            found = await records(log, TOPICS.transactions)
            await indexer.round([Delivery(record, *indexer.decode(record)) for record in found])

    with pytest.raises(ValueError, match="same document"):
        run_virtual(uncut())


# Law 4: the head first.


class ItemsFirst(Indexer):
    """Writes the documents, and then the head that decided them."""

    async def round(self, part: Sequence[Delivery[Event]]) -> None:
        works = [index_node._Work(delivery, self.generation) for delivery in part]
        await self._read(works, lambda work: [work.head_ref, work.target])
        for work in works:
            self._take_branch(work)
            if work.decision is not None:
                work.head = work.decision.head
        live = [work for work in works if not work.overtaken]
        await self._read_changed(live)
        await self._write(live, lambda head: head.lowers)
        await self._write(live, lambda head: head.raises)
        deciding = [work for work in live if work.decision is not None]
        await self.store.apply([index_node._head_write(work) for work in deciding])
        await self._say(live)


# Here the second decision, on a document that is written already, is another one than the first.
SPOILED = ["replica-add", "replica-remove", "replica-remove from a tombstone", "replace, other bytes"]


def case(name: str) -> tuple[list[str], list[str]]:
    before, then = STORIES[name]
    return before, [then]


@pytest.mark.parametrize("name", SPOILED)
def test_law_4_with_the_documents_first_a_crash_leads_to_another_decision(name: str) -> None:
    assert wrong_ends(case(name), indexer=ItemsFirst) > 0


@pytest.mark.parametrize("name", SPOILED)
def test_law_4_with_the_head_first_the_decision_stands(name: str) -> None:
    assert wrong_ends(case(name), indexer=Indexer) == 0


# Law 7: lower before raise.


class RaisesFirst(Indexer):
    """Gives `latest` to one record before it takes it from the other."""

    async def round(self, part: Sequence[Delivery[Event]]) -> None:
        works = [index_node._Work(delivery, self.generation) for delivery in part]
        await self._decide(works)
        live = [work for work in works if not work.overtaken]
        await self._read_changed(live)
        await self._write(live, lambda head: head.raises)
        await self._write(live, lambda head: head.lowers)
        await self._say(live)


@dataclass
class Watched(MemoryStore):
    """A reader looks after every single write, and counts the records of the dataset that are `latest`."""

    seen: list[int] = field(default_factory=list)

    def _apply(self, write: Write) -> Verdict:
        verdict = super()._apply(write)
        records = [decode_record(one.body) for (kind, _), one in self.writes.items() if kind == ITEMS]
        self.seen.append(sum(record.latest for record in records))
        return verdict


# One record gives `latest` to another.
TAKES = ["second version takes latest", "purge promotes the one below"]


def most_latest_seen(names: list[str], indexer: type[Indexer]) -> int:
    events, store = story(names), Watched()
    end = run_virtual(told(lambda: memory_site(store), [], events, indexer=indexer))
    assert is_right(end, events)
    return max(store.seen)


def test_law_7_with_the_raise_first_a_reader_sees_two_latest() -> None:
    for name in TAKES:
        before, then = case(name)
        assert most_latest_seen([*before, *then], RaisesFirst) == 2, name


def test_law_7_with_the_lowering_first_never() -> None:
    for before, then in STORIES.values():
        assert most_latest_seen(["publish v1", *before, then], Indexer) == 1
