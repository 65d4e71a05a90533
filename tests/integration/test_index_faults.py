"""An index node meets what it cannot do: it sets it aside, or stops, and goes on once that is mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from catalogue.store import HEADS, ITEMS, Write
from index_node.indexer import Indexer
from stream.consume import Delivery, Follower, Stopped
from stream.events import Event, encode
from stream.log import Message, TopicPartition
from stream.topics import Topics, create_topics
from tests.support.nodes import (
    NOW,
    PARTITIONS,
    QUICK,
    TOPICS,
    check_model,
    check_words,
    documents_of,
    group,
    words_of,
)
from tests.support.scene import (
    FIRST,
    SECOND,
    Scene,
    count,
    opened,
    place_of,
    published,
    retracted,
    without,
)

FOLD_OF_TOMORROW = 99


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with opened(tmp_path) as found:
        yield found


# What this software does not know.


async def test_an_unknown_fold_stops_before_it_and_the_upgraded_node_goes_on(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, last = published(FIRST, 1), retracted(FIRST, 301)
    [new, *_] = [replace(event, fold=FOLD_OF_TOMORROW) for event in published(SECOND, 201)]
    place = place_of(new)
    await scene.send([*first, new, *last])
    worker = scene.start()
    [ended] = await asyncio.gather(worker.task, return_exceptions=True)
    assert isinstance(ended, Stopped)
    for word in (new.id, f"fold {FOLD_OF_TOMORROW}", "upgrade"):
        assert word in str(ended)
        assert word in str(worker.follower.stopped)
    assert not worker.follower.ready
    assert (await scene.committed())[place] == count(first)[place]
    said = await words_of(scene.log)
    before = [event for event in first if place_of(event) == place]
    assert {event.id for event in [*first, new, *last] if place_of(event) == place} & said.keys() == {
        event.id for event in before
    }
    check_model(await documents_of(scene.store, before), before)

    monkeypatch.setattr("stream.events.FOLDS", frozenset({1, FOLD_OF_TOMORROW}))
    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_a_store_of_another_generation_is_refused(scene: Scene) -> None:
    await scene.send(published(FIRST, 1))
    worker = scene.start()
    await scene.caught_up()
    await worker.stop()

    later = Topics(TOPICS.prefix, 2)
    await create_topics(scene.log, later, PARTITIONS)
    [event, *_] = retracted(FIRST, 101)
    await scene.log.append([Message(later.transactions, event.key, encode(event))])
    indexer = Indexer("a", scene.store, scene.log, TOPICS.prefix, 2, PARTITIONS, lambda: NOW)
    follower = Follower(
        "index", scene.log, group("a"), "one", (later.transactions,), indexer, TOPICS.dead_letters, lambda: NOW,
        limits=QUICK,
    )  # fmt: skip
    with pytest.raises(Stopped, match="holds generation 1, not 2"):
        await follower.run()
    assert follower.stopped is not None
    assert not follower.parked
    assert await scene.log.committed(group("a"), later.transactions) == [0] * PARTITIONS
    await scene.check()


# Parked datasets.


@dataclass
class Refusing:
    """A store that will never take documents of this kind of this dataset; until it does."""

    key: str
    kind: str
    on: bool = True
    met: int = 0

    def __call__(self, write: Write) -> bool:
        refused = self.on and (write.ref.routing, write.ref.kind) == (self.key, self.kind)
        self.met += refused
        return refused


@pytest.mark.parametrize("kind", [HEADS, ITEMS])
@pytest.mark.parametrize("again", ["unpark", "restart"])
async def test_a_dataset_that_the_store_refuses_is_parked_until_it_takes_it(
    scene: Scene, kind: str, again: str
) -> None:
    first, second, last = published(FIRST, 1), published(SECOND, 201), retracted(SECOND, 301)
    worker = scene.start()
    await scene.send(first)
    await scene.caught_up()
    [bad, *_] = second
    worker.store.refuses = refusal = Refusing(bad.key, kind)
    before = count([*first, *second[: second.index(bad)]])
    await scene.send([*second, *last])
    await scene.done([*first, *without([*second, *last], bad.key)])

    [(key, parked)] = worker.follower.parked.items()
    assert key == bad.key
    assert parked.place == TopicPartition(TOPICS.transactions, place_of(bad))
    assert parked.offset == before[place_of(bad)]
    assert "StoreRefused" in parked.reason
    assert not worker.follower.ready

    ends = await scene.end()
    ends[place_of(bad)] = parked.offset
    await scene.has_committed(ends)
    said = await words_of(scene.log)
    for event in (bad, next(event for event in last if event.key == bad.key)):
        assert event.id not in said
    others = without(scene.sent, bad.key)
    check_words(said, check_model(await documents_of(scene.store, others), others), others)

    if again == "unpark":
        met = refusal.met
        worker.follower.unpark()  # in vain
        await scene.holds(lambda: refusal.met > met and not worker.follower.ready, "it is parked again")
        refusal.on = False
        worker.follower.unpark()
    else:
        await worker.stop()
        worker = scene.start()
    await scene.caught_up()
    await scene.holds(lambda: worker.follower.ready, "it is ready")
    await scene.check()


async def test_more_than_ten_parked_datasets_stop_the_follower(scene: Scene) -> None:
    told = published(FIRST, 1)
    bad = {event.key for event in told[: QUICK.parked_max]}
    worker = scene.start()
    worker.store.refuses = lambda write: write.ref.routing in bad
    await scene.send(told)
    await scene.done(without(told, *bad))
    assert worker.follower.parked.keys() == bad
    assert worker.follower.stopped is None

    [one_more] = retracted(FIRST[QUICK.parked_max :], 101)[:1]
    bad.add(one_more.key)
    await scene.send([one_more])
    [ended] = await asyncio.gather(worker.task, return_exceptions=True)
    assert isinstance(ended, Stopped)
    assert f"{QUICK.parked_max + 1} datasets failed within {QUICK.parked_window_events} events" in str(ended)
    assert worker.follower.stopped == str(ended)

    scene.start()
    await scene.caught_up()
    await scene.check()


async def test_a_crash_of_the_handler_parks_the_dataset_that_it_is_about(scene: Scene) -> None:
    told = [*published(FIRST, 1), *retracted(FIRST, 101)]
    bad = told[len(FIRST) // 2]

    class Crashing(Indexer):
        mended = False

        async def round(self, part: Sequence[Delivery[Event]]) -> None:
            if not Crashing.mended and any(delivery.message.id == bad.id for delivery in part):
                raise ZeroDivisionError("a fault of ours")
            await super().round(part)

    worker = scene.start(indexer=Crashing)
    await scene.send(told)
    await scene.done(without(told, bad.key))
    assert {key: parked.reason for key, parked in worker.follower.parked.items()} == {
        bad.key: "ZeroDivisionError: a fault of ours"
    }
    assert not worker.follower.ready
    ends = await scene.end()
    ends[place_of(bad)] = count(told[: told.index(bad)])[place_of(bad)]
    await scene.has_committed(ends)
    Crashing.mended = True
    worker.follower.unpark()
    await scene.caught_up()
    await scene.holds(lambda: worker.follower.ready, "it is ready")
    await scene.check()
