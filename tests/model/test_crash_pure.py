"""A follower may die after any single write: whoever reads the log again ends with the same bytes."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.content import content_digest
from catalogue.lifecycle import ACTIONS
from catalogue.record import decode_record
from stream.events import Event
from tests.model.alphabet import KINDS, OTHER, V1, V2, skewed
from tests.support import events
from tests.support.fold import Crash, Log, MemoryFold, Placed, crash_after, placed

# Every action once where it takes effect, and with it each way in which a second record changes.
STORY = [
    "publish v1", "replica-add v1 at b", "replica-add v1 at c, sizes told", "correct v1, access asset",
    "publish v2", "replica-add v2 at b", "deprecate v2", "restore v2", "retract v2", "restore v2", "correct v1",
    "purge v2", "deprecate v1", "publish v2", "transfer v1 to c, dropping", "replica-remove v1 at b",
    "replace v1, other bytes", "retract v1", "withdraw v1", "purge v1", "publish v1", "purge v2", "purge v1",
]  # fmt: skip


def story(names: Iterable[str] = STORY) -> list[Placed]:
    return placed(replace(KINDS[name](n), time=skewed(n)) for n, name in enumerate(names, start=1))


def folded(log: Log) -> MemoryFold:
    fold = MemoryFold()
    fold.replay(log)
    return fold


def watch(fold: MemoryFold) -> None:
    """From now on two records with `latest` fail the test, after any write."""

    def hook(document: str) -> None:
        records = [decode_record(body) for name, (_, body) in fold.documents.items() if name.startswith("i:")]
        latest = [record.key for record in records if record.latest]
        assert len(latest) == len(set(latest)), f"after {document}: two latest"

    fold.on_write = hook


def test_the_story_tells_every_action() -> None:
    assert {event.action for _, event in story()} == set(ACTIONS)
    assert set(folded(story()).outcomes.values()) == {"indexed"}


def test_never_two_latest() -> None:
    fold = MemoryFold()
    watch(fold)
    fold.replay(story())


def test_crash_after_each_write() -> None:
    log = story()
    whole = folded(log)
    for writes in range(1, whole.writes + 1):
        fold = MemoryFold(on_write=crash_after(writes))
        with pytest.raises(Crash):
            fold.replay(log)
        watch(fold)
        fold.replay(log)
        assert fold.documents == whole.documents, f"died after write {writes}"
        assert fold.outcomes == whole.outcomes


def test_crash_after_each_write_and_again_while_finishing() -> None:
    log = story(STORY[:9])
    whole = folded(log)
    for first, second in itertools.product(range(1, whole.writes), range(1, 4)):
        fold = MemoryFold(on_write=crash_after(first))
        for _ in range(2):
            try:
                fold.replay(log)
            except Crash:
                fold.on_write = crash_after(second)
        fold.on_write = lambda document: None
        fold.replay(log)
        assert fold.documents == whole.documents, f"died after write {first}, then {second}"


@pytest.mark.parametrize("name", sorted(KINDS))
def test_crash_in_each_action(name: str) -> None:
    """The position before the event is committed, so the next reader begins at the event itself."""
    log = story(["publish v1", "replica-add v1 at b", "publish v2", name])
    before, whole = folded(log[:-1]), folded(log)
    for writes in range(1, whole.writes - before.writes + 1):
        fold = MemoryFold(dict(before.documents), on_write=crash_after(writes))
        with pytest.raises(Crash):
            fold.replay(log[-1:])
        fold.on_write = lambda document: None
        fold.replay(log[-1:])
        assert fold.documents == whole.documents


def test_reading_again_from_the_start_changes_nothing() -> None:
    log = story()
    fold = MemoryFold()
    for upto in range(1, len(log) + 1):
        fold.replay(log[:upto])
    assert fold.documents == folded(log).documents


def two_datasets() -> list[Placed]:
    mine = [KINDS[name](n) for n, name in enumerate(STORY, start=1)]
    other = events.publish(OTHER, 50), events.replica_add(OTHER, "b", 51), events.retract(OTHER["id"], 52)
    told: list[Event] = []
    for n, event in enumerate(mine):
        told += [event, other[n // 8]] if n % 8 == 0 else [event]
    return placed(told)


@settings(max_examples=60, deadline=None)
@given(sizes=st.lists(st.integers(1, 8), max_size=12), writes=st.integers(1, 60))
def test_batches_may_be_cut_anywhere(sizes: list[int], writes: int) -> None:
    log = two_datasets()
    whole = folded(log)
    fold = MemoryFold(on_write=crash_after(writes))
    try:
        fold.replay(log, sizes)
    except Crash:
        fold.on_write = lambda document: None
        fold.replay(log, reversed(sizes))
    assert fold.documents == whole.documents


def test_without_the_cut_events_are_lost() -> None:
    """Law 5: two events of one dataset in one round are decided on the same head, and one of them is gone."""
    log = story(["publish v1", "publish v2"])
    fold = MemoryFold()
    fold.round(log)
    assert fold.bodies() != folded(log).bodies()


def replica_events(n: int) -> list[Event]:
    both = [events.replica_add(V1, "b", n), events.replica_add(V1, "c", n + 1, sized=True)]
    return [*both, events.replica_remove(V1["id"], "d", n + 2)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_replica_events_of_different_nodes_commute(order: tuple[int, ...]) -> None:
    beginning = [events.publish(V1, 1), events.publish(V2, 2), events.replica_add(V1, "d", 3)]
    told = replica_events(4)
    straight = folded(placed([*beginning, *told])).records(told[0].key)
    turned = folded(placed([*beginning, *(told[index] for index in order)])).records(told[0].key)
    assert turned == straight
    assert {name: content_digest(record.item) for name, record in turned.items()} == {
        name: content_digest(record.item) for name, record in straight.items()
    }
