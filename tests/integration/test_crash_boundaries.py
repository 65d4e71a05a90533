"""At each write of a round something goes wrong: a new worker ends where an undisturbed one does."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalogue.lifecycle import ACTIONS
from stream.keys import partition_of
from tests.model.alphabet import KINDS
from tests.support import cmip6, events
from tests.support.disturbed import BOTH, STORIES, disturb, story
from tests.support.faults import Kind
from tests.support.nodes import PARTITIONS, memory_site
from tests.support.stacks import Stack
from tests.support.virtual_time import run_virtual

AT_ONCE = 4  # sites of their own, most of whose time is waiting
EVERY = [Kind.CRASH, Kind.DOWN, Kind.PARTIAL, Kind.RACE]


def test_the_stories_tell_every_action() -> None:
    assert {KINDS[name](1).action for _, name in STORIES.values()} == set(ACTIONS)


@pytest.mark.parametrize("name", STORIES)
async def test_crash_at_each_write(tmp_path: Path, stack: Stack, name: str) -> None:
    before, then = STORIES[name]
    *earlier, last = story([*before, then])
    async with stack.sites(tmp_path) as site:
        count = await disturb(site, earlier, [last], [Kind.CRASH], AT_ONCE)
    assert count >= 4  # before the head, after the head, after the outcome, after the commit


@pytest.mark.parametrize("name", STORIES)
def test_the_store_or_log_fails_at_each_write(name: str) -> None:
    before, then = STORIES[name]
    *earlier, last = story([*before, then])
    kinds = [Kind.DOWN, Kind.PARTIAL, Kind.RACE]
    assert run_virtual(disturb(memory_site, earlier, [last], kinds)) >= 8


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_any_fault_while_a_history_is_read_in_one_batch(kind: str) -> None:
    assert run_virtual(disturb(memory_site, [], story([*BOTH, kind]), EVERY)) > 50


def test_any_fault_while_several_datasets_share_a_round() -> None:
    items = [cmip6.item(item_id) for item_id in cmip6.sample_ids(40)]
    first = [one for one in items if partition_of(events.publish(one).key, PARTITIONS) == 0][:4]
    second = [cmip6.second_version(one) for one in first]
    told = [
        *[events.publish(one, n) for n, one in enumerate(first, start=1)],
        *[events.publish(one, n) for n, one in enumerate(second, start=11)],
        *[events.purge(one["id"], n) for n, one in enumerate(second, start=21)],
    ]
    assert run_virtual(disturb(memory_site, [], told, EVERY)) > 100


def test_any_fault_while_a_collection_is_written() -> None:
    first = {"type": "Collection", "id": "CMIP6", "description": "one", "links": []}
    told = [
        events.collection_event(first, 1),
        events.collection_event({**first, "description": "two"}, 2, "replace"),
        events.collection_event(first, 3),
    ]
    assert run_virtual(disturb(memory_site, [], told, EVERY)) > 20
