"""CQL2 on every store, against an evaluator of the standard's three values that shares no code with the visitors.

Ids and counts agree; what a store cannot do is refused with a sentence that names it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import cql2
import pytest

from catalogue.filters import Filter, needed
from catalogue.sqlite import SqliteStore
from catalogue.store import Query, Store, Write
from discovery_api.cql2 import check_abilities, read_filter
from stream.errors import Refused
from tests.support.corpus import corpus
from tests.support.cql2_cases import CASES, RECORDS
from tests.support.cql2_oracle import evaluate
from tests.support.cql2_random import as_text, expression
from tests.support.elastic import store_on
from tests.support.memory_store import MemoryStore
from tests.support.searched import STORED, ids_of, shown

EXPRESSIONS, COUNT = 120, 120


@pytest.fixture(params=["memory", "sqlite", pytest.param("elastic", marks=pytest.mark.needs_server)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        opened = SqliteStore(tmp_path / "store.db")
        yield opened
        await opened.close()
    else:
        async with store_on(request.getfixturevalue("elastic").url, shards=2) as elastic_store:
            yield elastic_store


def expected(node: Any, writes: Sequence[Write]) -> set[str]:
    return {write.source["id"] for write in writes if evaluate(node, write.source["item"]) is True}


async def answer(store: Store, wanted: Filter) -> set[str] | None:
    """The ids that the store finds; None where it cannot, and that is said."""
    if not needed(wanted) <= store.abilities:
        with pytest.raises(Refused, match="at this node"):
            check_abilities(wanted, store.abilities)
        return None
    check_abilities(wanted, store.abilities)
    page = await store.search(Query(filter=wanted, states=STORED, limit=1000))
    found = ids_of(page.bodies)
    assert page.matched == len(found) == len(set(found))
    return set(found)


async def test_what_is_written_by_hand(store: Store) -> None:
    await shown(store, RECORDS)
    wrong = []
    for text, letters in CASES:
        tree = cql2.parse_text(text).to_json()
        assert "".join(sorted(expected(tree, RECORDS))) == letters, text
        for given in (text, tree):
            found = await answer(store, read_filter(given))
            if found is not None and "".join(sorted(found)) != letters:
                wrong.append((given, found))
    assert wrong == []


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_what_is_drawn_at_random(store: Store, seed: int) -> None:
    rng, writes = Random(f"cql2 {seed}"), corpus(seed, COUNT)
    await shown(store, writes)
    wrong, some, texts = [], 0, 0
    for _ in range(EXPRESSIONS):
        tree = expression(rng)
        right = expected(tree, writes)
        text = as_text(tree)
        texts += text is not None
        for given in [tree] if text is None else [tree, text]:
            found = await answer(store, read_filter(given))
            if found is not None and found != right:
                wrong.append((given, sorted(found ^ right)))
        some += 0 < len(right) < len(writes)
    assert wrong == []
    assert min(some, texts) > EXPRESSIONS // 2
