"""Random searches over an odd corpus: every store answers as MemoryStore does, which only evaluates the definitions.

On every id, count, order, bucket and page; what a store cannot do it refuses.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.filters import needed
from catalogue.sqlite import SqliteStore
from catalogue.store import Page, Query, Store
from tests.support.asked import asked_counts, asked_query, asked_sort
from tests.support.corpus import corpus
from tests.support.elastic import store_on
from tests.support.memory_store import MemoryStore
from tests.support.searched import paged, shown

SEARCHES = 250
PAGED = 12
MORE = (pytest.param(2, marks=pytest.mark.long),)


@pytest.fixture(params=["sqlite", pytest.param("elastic", marks=pytest.mark.needs_server)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        opened = SqliteStore(tmp_path / "store.db")
        yield opened
        await opened.close()
    else:
        async with store_on(request.getfixturevalue("elastic").url, shards=2) as elastic_store:
            yield elastic_store


async def filled(store: Store, seed: int) -> MemoryStore:
    """The store with the corpus in it, and the model with the same."""
    model, writes = MemoryStore(), corpus(seed)
    await model.apply(writes)
    await shown(store, writes)
    return model


def told(page: Page) -> tuple[Any, ...]:
    return page.matched, page.bodies, page.more


def typed(found: Aggregates) -> list[Any]:
    """With the types of keys: True is not 1."""
    answers = [
        ([(type(key) is bool, key, number) for key, number in one.buckets], one.others)
        for one in found.counted
    ]
    return [found.matched, *answers]


@pytest.mark.parametrize("seed", [1, *MORE, pytest.param(3, marks=pytest.mark.long)])
async def test_every_search_has_the_same_answer(store: Store, seed: int) -> None:
    model, rng = await filled(store, seed), Random(f"searches {seed}")
    wrong: list[Query] = []
    some = 0
    for _ in range(SEARCHES):
        query = asked_query(rng)
        if not needed(query.filter) <= store.abilities:
            with pytest.raises(ValueError, match=r"."):
                await store.search(query)
            with pytest.raises(ValueError, match=r"."):
                await store.aggregate(query, [])
            continue
        expected = await model.search(query)
        some += expected.matched not in (0, len(model.writes))
        if told(await store.search(query)) != told(expected):
            wrong.append(query)
    assert wrong == []
    assert some > SEARCHES // 4


@pytest.mark.parametrize("seed", [1, *MORE])
async def test_every_count_is_the_same(store: Store, seed: int) -> None:
    model, rng = await filled(store, seed), Random(f"counts {seed}")
    wrong: list[tuple[Query, list[Aggregation]]] = []
    for _ in range(SEARCHES // 2):
        query, wanted = asked_query(rng), asked_counts(rng)
        if needed(query.filter) <= store.abilities:
            expected = await model.aggregate(query, wanted)
            if typed(await store.aggregate(query, wanted)) != typed(expected):
                wrong.append((query, wanted))
    assert wrong == []


@pytest.mark.parametrize("seed", [1, *MORE])
async def test_pages_in_both_directions_hold_everything_once(store: Store, seed: int) -> None:
    model, rng = await filled(store, seed), Random(f"pages {seed}")
    done = 0
    while done < PAGED:
        query = asked_query(rng, limit=1000, backwards=False)
        if needed(query.filter) <= store.abilities:
            done += 1
            whole = replace(query, sort=asked_sort(rng))
            pages = {name: getattr(whole, name) for name in ("filter", "states", "collections", "sort")} | {
                "limit": rng.choice([7, 40])
            }
            expected = await paged(model, pages)
            assert len(expected) == (await model.search(whole)).matched
            assert await paged(store, pages) == expected, whole
            assert await paged(store, pages, backwards=True) == expected, whole
