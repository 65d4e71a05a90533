"""Searches that only a real server can refuse, or get wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from catalogue import elastic
from catalogue.aggregations import Aggregation, Bucket, Counted, Files, Histogram, Names, Step, Terms
from catalogue.elastic import ElasticStore
from catalogue.elastic_filter import CLAUSES_MAX
from catalogue.elastic_mapping import FORMAT, MAPPING, template
from catalogue.elastic_query import TooManyBuckets
from catalogue.filters import (
    START,
    All,
    Between,
    Filter,
    Like,
    Located,
    Not,
    OneOf,
    Relation,
    Some,
    Spatial,
    equal,
)
from catalogue.instants import Instant
from catalogue.shapes import box
from catalogue.store import ITEMS, Query, Sort, Verdict
from tests.servers.elastic import ElasticServer
from tests.servers.session import NamedElastic
from tests.support.elastic import store_on
from tests.support.searched import matching, record, shown

pytestmark = pytest.mark.needs_server


@pytest.fixture
async def store(elastic: ElasticServer | NamedElastic) -> AsyncIterator[ElasticStore]:
    async with store_on(elastic.url, shards=3) as opened:
        yield opened


@pytest.fixture
async def client(elastic: ElasticServer | NamedElastic) -> AsyncIterator[AsyncElasticsearch]:
    async with AsyncElasticsearch([elastic.url]) as opened:
        yield opened


async def test_large_filters_are_answered(store: ElasticStore) -> None:
    await shown(store, [record(str(n), {"n": n, "t": f"t{n}"}) for n in range(5)])
    many = tuple(equal("n", n) for n in range(3, 10_000))
    deep: Filter = equal("n", 0)
    for n in range(1, 11):
        deep = Some((All((deep, Not(equal("n", 9)))), equal("n", 100 + n)))
    cases: list[tuple[Filter, list[str]]] = [
        (Some(many), ["3", "4"]), (Not(Some(many)), ["0", "1", "2"]), (All(tuple(map(Not, many))), ["0", "1", "2"]),
        (OneOf("n", tuple(range(4, 150_000))), ["4"]), (deep, ["0"]),
        (Some(tuple(Between("n", n, n) for n in range(3, CLAUSES_MAX))), ["3", "4"]),
        (Like("t", "%" * 1000 + "3"), ["3"]), (Like("t", "t" + "_" * 100), []),
    ]  # fmt: skip
    for wanted, ids in cases:
        assert await matching(store, wanted) == ids
    assert (await store.search(Query(ids=tuple(map(str, range(2, 100_000)))))).matched == 3


@pytest.mark.parametrize("pattern", ["%a" + "_" * 30, "%a" * 90 + "_" * 90])
async def test_a_pattern_that_the_server_cannot_answer_is_refused_by_a_sentence(
    store: ElasticStore, pattern: str
) -> None:
    await shown(store, [record("a", {"t": "a"})])
    with pytest.raises(ValueError, match="wildcards"):
        await store.search(Query(filter=Like("t", pattern)))


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a..b",
        " ",
        "a.b",
        "*",
        "a\0b",
        "%",
        "values",
        "_id",
        "é🌍",
        'q"',
        "x" * 40_000,
        "\\",
        "a,b",
    ],
)
async def test_a_property_may_have_any_name(store: ElasticStore, name: str) -> None:
    await shown(store, [record("a", {name: 2}), record("b", {name: 1}), record("c", {"other": 0})])
    assert await matching(store, equal(name, 1)) == ["b"]
    assert await matching(store, Between(name, 1, 2), sort=(Sort(name),)) == ["b", "a"]
    assert await matching(store, equal(name, 1), sort=(Sort(name, descending=True),)) == ["b"]
    [counted] = (await store.aggregate(Query(), [Terms(name)])).counted
    assert counted == Counted((Bucket(1, 1), Bucket(2, 1)))


async def test_counts_are_exact_though_shards_have_more_buckets_than_they_tell(
    store: ElasticStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = Random(1)
    numbers = [int(rng.expovariate(0.02)) for _ in range(1500)]
    await shown(store, [record(f"{place:05}", {"n": number}) for place, number in enumerate(numbers)])
    expected = sorted({n: numbers.count(n) for n in numbers}.items(), key=lambda pair: (-pair[1], pair[0]))
    assert len(expected) > 100
    monkeypatch.setattr(elastic, "PER_SHARD", 5)
    [found] = (await store.aggregate(Query(), [Terms("n", 5)])).counted
    assert [(bucket.key, bucket.number) for bucket in found.buckets] == expected[:5]
    assert found.others == sum(number for _, number in expected[5:])
    monkeypatch.setattr(elastic, "PER_SHARD_MOST", 5)
    with pytest.raises(ValueError, match="too many different values"):
        await store.aggregate(Query(), [Terms("n", 5)])


async def test_many_buckets_are_asked_for_one_after_the_other(
    store: ElasticStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted: list[Aggregation] = [Terms("n"), Terms("m"), Names(), Histogram(Step.DAY)]
    properties = [
        {"n": n, "m": -n, "datetime": f"{1000 + n % 7000:04}-01-01T00:00:00Z"} for n in range(9_999)
    ]
    await shown(store, [record(f"{n:05}", found) for n, found in enumerate(properties)])
    whole = await store.aggregate(Query(), wanted)
    asked: list[int] = []
    counted = store._counted

    async def fussy(query: Query, part: Any) -> Any:
        asked.append(len(part))
        if len(part) > 1:
            raise TooManyBuckets("too many")
        return await counted(query, part)

    monkeypatch.setattr(store, "_counted", fussy)
    assert await store.aggregate(Query(), wanted) == whole
    assert asked == [4, 1, 1, 1, 1]
    assert [len(one.buckets) for one in whole.counted] == [9_999, 9_999, 6, 7_000]


async def test_histograms_from_the_first_year_to_the_last(store: ElasticStore) -> None:
    days = ["0001-01-01", "0001-12-31", "0004-02-29", "1582-10-10", "1850-06-15", "9999-12-31"]
    await shown(store, [record(day, {"datetime": day + "T23:59:59.999999Z"}) for day in days])
    found = (await store.aggregate(Query(), [Histogram(step) for step in Step])).counted
    assert [sum(bucket.number for bucket in one.buckets) for one in found] == [len(days)] * 3
    assert [len(one.buckets) for one in found] == [5, 6, 6]
    assert found[0].buckets[0].key == Instant(-62135596800000000)


async def test_places_in_order_are_paged_in_both_directions(store: ElasticStore) -> None:
    values: list[Any] = [3, 1, None, "b", True, [5, 0], "a", None, 2.5, False]
    await shown(store, [record(f"{n}", {"v": value}) for n, value in enumerate(values)])
    for sort in ((Sort("v"),), (Sort("v", descending=True),), (Sort("v"), Sort("id", descending=True))):
        whole = await store.search(Query(sort=sort, limit=100))
        for place, hit in enumerate(whole.hits):
            after = await store.search(Query(sort=sort, limit=3, after=hit.place))
            assert after.hits == whole.hits[place + 1 : place + 4]
            assert after.more == (place + 4 < len(values))
            before = await store.search(Query(sort=sort, limit=3, after=hit.place, backwards=True))
            assert before.hits == whole.hits[max(0, place - 3) : place]
            assert before.more == (place > 3)


async def test_the_greatest_page_is_answered_whole(store: ElasticStore) -> None:
    await shown(store, [record(f"{n:05}", {}) for n in range(10_002)])
    first = await store.search(Query(limit=10_000))
    assert (first.matched, len(first.hits), first.more) == (10_002, 10_000, True)
    last = await store.search(Query(limit=10_000, after=first.after))
    assert (len(last.hits), last.more) == (2, False)


async def test_boxes_that_only_touch_intersect(store: ElasticStore) -> None:
    rng = Random(2)
    for version in range(1, 21):
        west, south = round(rng.uniform(-170, 100), 3), round(rng.uniform(-80, 40), 3)
        east, north = round(west + rng.uniform(1, 50), 3), round(south + rng.uniform(1, 30), 3)
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        await store.apply([record("a", geometry={"type": "Polygon", "coordinates": [ring]}, version=version)])
        await shown_again(store)
        for touching in (
            box(east, south, east + 5, north), box(west - 5, south, west, north), box(west, north, east, north + 5),
            box(east, north, east + 5, north + 5), box(west, south - 5, east, south),
        ):  # fmt: skip
            assert (await store.search(Query(filter=Spatial(Relation.INTERSECTS, touching)))).matched == 1


async def shown_again(store: ElasticStore) -> None:
    """A search shows all that was accepted."""
    assert [_ async for _ in store.fingerprints(ITEMS, "c")]


@pytest.mark.parametrize("shape", ["a hair", "a needle", "a spike", "many teeth"])
async def test_an_odd_geometry_is_never_why_a_record_is_refused(store: ElasticStore, shape: str) -> None:
    teeth = [[n / 1e7, (n % 2) / 1e7] for n in range(200)]
    rings = {
        "a hair": [[0, 0], [1e-9, 0], [1e-9, 1e-9], [0, 0]], "a needle": [[0, 0], [90, 1e-9], [90, -1e-9], [0, 0]],
        "a spike": [[0, 0], [10, 0], [5, 1e-8], [5, 50], [5, 1e-8], [0, 0]],
        "many teeth": [*teeth, [200 / 1e7, 5], [0, 5], [0, 0]],
    }  # fmt: skip
    item = record("a", {"x": 1}, geometry={"type": "Polygon", "coordinates": [rings[shape]]})
    assert await store.apply([item]) == [Verdict.ACCEPTED]
    await shown_again(store)
    assert await matching(store, equal("x", 1)) == ["a"]
    assert await matching(store, Located()) == ["a"]


async def test_the_fields_never_grow(store: ElasticStore, client: AsyncElasticsearch) -> None:
    await shown(store, [record(f"{n}", {f"p{n}": n, f"q.{n}": [str(n)]}) for n in range(50)])
    found = await client.indices.get_mapping(index=f"{store.prefix}.index.*")
    for described in found.values():
        assert described["mappings"]["properties"].keys() == MAPPING["properties"].keys()


async def test_an_index_of_the_first_format_is_told_to_be_rebuilt(
    store: ElasticStore, client: AsyncElasticsearch
) -> None:
    old = {"dynamic": "strict", "_routing": {"required": True}, "_meta": {"format": 1}, "properties": {
        "body": {"type": "object", "enabled": False}, "kind": {"type": "keyword", "doc_values": False},
        "terms": {"type": "keyword", "doc_values": False},
    }}  # fmt: skip
    wanted = template(store._names, store._indices.shape)
    await client.indices.put_index_template(
        name=store.prefix, **{**wanted, "version": 1, "template": {**wanted["template"], "mappings": old}}
    )
    alias = store._names.items("c")
    await client.indices.create(index=store._names.first_index(alias), mappings=old, aliases={alias: {}})
    assert await store.apply([record("a", collection="d")]) == [Verdict.ACCEPTED]  # in an index of its own
    now = (await client.indices.get_index_template(name=store.prefix))["index_templates"][0]["index_template"]
    assert now["version"] == FORMAT
    assert await store.apply([record("a")]) == [Verdict.UNAVAILABLE], "it waits for the rebuild"
    await store.create()
    [finding] = [text for text in await store.check() if "mapping" in text]
    assert store._names.first_index(alias) in finding
    assert "rebuild it" in finding


async def test_files_and_times_of_nothing(store: ElasticStore) -> None:
    found = await store.aggregate(Query(), [Files(), Histogram(Step.YEAR), Terms("x"), Terms(START)])
    assert (found.matched, set(found.counted)) == (0, {Counted(())})
