"""Facets of 100,000 items, made from real dataset ids, are what counting them one by one comes to."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from catalogue.aggregations import Aggregation, Files, Histogram, Step, Terms
from catalogue.filters import All, Between, Filter, Not, OneOf, Present, Some
from catalogue.sqlite import SqliteStore
from catalogue.store import Query, Store, Verdict
from tests.servers.elastic import ElasticServer
from tests.servers.session import NamedElastic
from tests.support.elastic import store_on
from tests.support.many_items import batches_of, cmip_items, writes_of

pytestmark = pytest.mark.long
ITEMS, FILTERS, SEED, WAIT_S = 100_000, 6, 20261121, 60
FACETS = (
    "cmip6:activity_id", "cmip6:data_specs_version", "cmip6:experiment_id", "cmip6:frequency", "cmip6:grid_label",
    "cmip6:institution_id", "cmip6:member_id", "cmip6:nominal_resolution", "cmip6:realm", "cmip6:source_id",
    "cmip6:source_type", "cmip6:table_id", "cmip6:variable_id", "cmip6:variable_units", "version", "latest", "access",
    "collection",
)  # fmt: skip
WANTED: tuple[Aggregation, ...] = (*(Terms(name) for name in FACETS), Histogram(Step.YEAR), Files())
Elements = tuple[str | int | float | bool, ...]


@dataclass
class Known:
    """What the counting needs of the items, column by column: each number is an item's."""

    ids: set[str] = field(default_factory=set)
    elements: dict[str, list[Elements]] = field(default_factory=lambda: {name: [] for name in FACETS})
    years: list[str] = field(default_factory=list)
    nodes: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, item: dict[str, Any]) -> None:
        properties = {**item["properties"], "collection": item["collection"]}
        self.ids.add(item["id"])
        for name, column in self.elements.items():
            value = properties.get(name)
            column.append(
                tuple(dict.fromkeys(value if isinstance(value, list) else [] if value is None else [value]))
            )
        self.years.append(properties["start_datetime"][:4])
        self.nodes.append(tuple(node for asset in item["assets"].values() for node in nodes_of(asset)))


class Asked(NamedTuple):
    """A filter, and the same in plain Python for the number of an item."""

    filter: Filter
    holds: Callable[[int], bool]


@pytest.fixture(scope="module")
def ids(shared: Path) -> list[str]:
    return (shared / "ids" / "cmip6-dataset-ids.txt").read_text().split()


@asynccontextmanager
async def sqlite(path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(path / "facets.db")
    yield store
    await store.close()


@pytest.mark.timeout(900)
async def test_in_sqlite(ids: list[str], tmp_path: Path) -> None:
    async with sqlite(tmp_path) as store:
        await compare(store, ids)


@pytest.mark.needs_server
@pytest.mark.timeout(900)
async def test_in_elasticsearch(ids: list[str], elastic: ElasticServer | NamedElastic) -> None:
    async with store_on(elastic.url, shards=2) as store:
        await compare(store, ids)


async def compare(store: Store, ids: list[str]) -> None:
    known = Known()
    for batch in batches_of(writes_of(kept(known, ids))):
        assert set(await store.apply(batch)) == {Verdict.ACCEPTED}
    assert len(known.ids) == ITEMS
    async with asyncio.timeout(WAIT_S):
        while (await store.search(Query(limit=1))).matched < ITEMS:  # noqa: ASYNC110 - a search may lag
            await asyncio.sleep(0.2)
    for asked in questions(random.Random(SEED), known):
        found = [number for number in range(ITEMS) if asked.holds(number)]
        answer = await store.aggregate(Query(filter=asked.filter), WANTED)
        assert answer.matched == len(found)
        assert all(counted.others == 0 for counted in answer.counted)
        told = [{bucket.key: bucket.number for bucket in counted.buckets} for counted in answer.counted]
        for name, buckets in zip(FACETS, told, strict=False):
            assert buckets == counts(known.elements[name], found), name
        assert sorted(told[-2].values()) == sorted(Counter(known.years[number] for number in found).values())
        assert told[-1] == counts(known.nodes, found)


def counts(column: Sequence[tuple[Any, ...]], found: list[int]) -> Counter[Any]:
    return Counter(chain.from_iterable(map(column.__getitem__, found)))


def kept(known: Known, ids: list[str]) -> Iterator[dict[str, Any]]:
    """The items, each noted; with two assets, which is enough to count."""
    for item in cmip_items(ITEMS, ids):
        item["assets"] = dict(islice(item["assets"].items(), 2))
        known.add(item)
        yield item


def nodes_of(asset: dict[str, Any]) -> set[str]:
    own = {asset["alternate:name"]} if "alternate:name" in asset else set()
    return own | set(asset.get("alternate", {}))


def questions(chance: random.Random, known: Known) -> Iterator[Asked]:
    yield Asked(All(), lambda _: True)
    for _ in range(FILTERS):
        yield both(single(chance, known), single(chance, known))
        yield one_but(single(chance, known), single(chance, known))


def both(one: Asked, other: Asked) -> Asked:
    return Asked(All((one.filter, other.filter)), lambda number: one.holds(number) and other.holds(number))


def one_but(one: Asked, other: Asked) -> Asked:
    return Asked(
        Some((one.filter, Not(other.filter))), lambda number: one.holds(number) or not other.holds(number)
    )


def single(chance: random.Random, known: Known) -> Asked:
    name = chance.choice(FACETS)
    column = known.elements[name]
    values = tuple(dict.fromkeys(chain.from_iterable(column[chance.randrange(ITEMS)] for _ in range(3))))
    texts = [value for value in values if isinstance(value, str)]
    if texts and chance.random() < 0.4:
        low = min(texts)
        return Asked(
            Between(name, low, None), lambda number: any(str(value) >= low for value in column[number])
        )
    if chance.random() < 0.1:
        return Asked(Present(name), lambda number: bool(column[number]))
    return Asked(OneOf(name, values), lambda number: not set(values).isdisjoint(column[number]))
