"""ElasticStore on a real server: its indices, its mapping, several workers, an operator's commands, outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from elasticsearch import AsyncElasticsearch

from catalogue.elastic import ElasticStore
from catalogue.elastic_client import CONNECTIONS_MAX
from catalogue.elastic_mapping import FORMAT
from catalogue.filters import equal
from catalogue.store import ITEMS, Query, Verdict, Write
from stream.errors import Unavailable
from tests.contract.store_contract import collection, found, head, item, kept
from tests.servers.elastic import ElasticServer
from tests.servers.session import NamedElastic
from tests.support.elastic import REFRESH_MS, remove, store_on

pytestmark = pytest.mark.needs_server
ACCEPTED, STALE, UNAVAILABLE = Verdict.ACCEPTED, Verdict.STALE, Verdict.UNAVAILABLE
SETTLED_S = 90.0
TEMPLATE_LEFT = {"refresh_interval": "7s"}


@pytest.fixture
async def store(elastic: ElasticServer | NamedElastic) -> AsyncIterator[ElasticStore]:
    async with store_on(elastic.url) as opened:
        yield opened


@pytest.fixture
async def client(elastic: ElasticServer | NamedElastic) -> AsyncIterator[AsyncElasticsearch]:
    opened = AsyncElasticsearch([elastic.url], request_timeout=60)
    yield opened
    await opened.close()


def again(store: ElasticStore, **options: Any) -> ElasticStore:
    """Another worker's store on the same indices."""
    options = {"refresh_ms": REFRESH_MS, "replicas": 0, **options}
    return ElasticStore(store.hosts, store.prefix, **options)


async def indices(client: AsyncElasticsearch, store: ElasticStore) -> dict[str, Any]:
    return dict(await client.indices.get(index=f"{store.prefix}.index.*"))


async def template_of(client: AsyncElasticsearch, store: ElasticStore) -> dict[str, Any]:
    found = await client.indices.get_index_template(name=store.prefix)
    return dict(found["index_templates"][0]["index_template"])


async def test_an_index_is_made_by_the_first_write_and_only_by_writes(
    store: ElasticStore, client: AsyncElasticsearch
) -> None:
    assert await store.get_many([head(1).ref, item("i").ref]) == {}
    assert (await store.search(Query(collections=("c", "d")))).matched == 0
    assert await indices(client, store) == {}
    await store.apply([item("i"), head(1), collection("c"), kept("requests", "r")])
    made = await indices(client, store)
    assert len(made) == 3
    for described in made.values():
        assert described["mappings"]["dynamic"] == "strict"
        assert described["settings"]["index"]["refresh_interval"] == f"{REFRESH_MS}ms"
        assert described["settings"]["index"]["number_of_shards"] == "1"
    assert await store.check() == []


async def test_workers_that_begin_at_once_share_their_indices(
    store: ElasticStore, client: AsyncElasticsearch
) -> None:
    await store.create()
    workers = [store, *(again(store) for _ in range(5))]
    writes = [[item(f"{n}-{m}", collection=f"c{m % 3}") for m in range(30)] for n in range(len(workers))]
    verdicts = await asyncio.gather(*(one.apply(mine) for one, mine in zip(workers, writes, strict=True)))
    assert verdicts == [[ACCEPTED] * 30] * len(workers)
    assert len(await indices(client, store)) == 3 + 2
    refs = [write.ref for mine in writes for write in mine]
    assert len(await workers[-1].get_many(refs)) == len(refs)
    assert await store.check() == []
    for worker in workers[1:]:
        await worker.close()


async def test_heads_and_items_of_a_dataset_share_a_shard(
    elastic: ElasticServer | NamedElastic, client: AsyncElasticsearch
) -> None:
    async with store_on(elastic.url, shards=4) as store:
        keys = [f"c/d{n}" for n in range(20)]
        writes = [head(1, key) for key in keys]
        for key in keys:
            for n in range(3):
                one = item(f"{key[2:]}.v{n}")
                writes.append(one._replace(ref=one.ref._replace(routing=key)))
        assert await store.apply(writes) == [ACCEPTED] * len(writes)
        await client.indices.refresh(index=f"{store.prefix}.items.*")
        answer = await client.search(
            index=f"{store.prefix}.items.*", size=100, version=True, explain=True, source=False
        )
        shards: dict[str, set[str]] = {}
        for hit in answer["hits"]["hits"]:
            shards.setdefault(hit["_routing"], set()).add(hit["_shard"])
        assert len(shards) == 20
        assert all(len(one) == 1 for one in shards.values())
        assert len(set.union(*shards.values())) > 1


async def test_names_never_grow_the_mapping(store: ElasticStore, client: AsyncElasticsearch) -> None:
    names, records = 5_000, 10_000
    await store.apply([item("first", x=1)])
    before = await client.indices.get_mapping(index=f"{store.prefix}.items.*")
    writes = [wide(n, f"p{n % names}", n % names) for n in range(records)]
    for start in range(0, records, 1000):
        assert await store.apply(writes[start : start + 1000]) == [ACCEPTED] * 1000
    await client.indices.refresh(index=f"{store.prefix}.items.*")
    after = await client.indices.get_mapping(index=f"{store.prefix}.items.*")
    assert after.body == before.body

    async def search(n: int) -> list[bytes]:
        page = await store.search(Query(collections=("c",), filter=equal(f"p{n}", n)))
        assert page.matched == 2
        return page.bodies

    for start in range(0, names, 250):
        pages = await asyncio.gather(*(search(n) for n in range(start, start + 250)))
        assert pages == [[writes[n].body, writes[n + names].body] for n in range(start, start + 250)]
    assert (await store.search(Query(filter=equal("p1", 2)))).matched == 0


def wide(n: int, name: str, value: int) -> Write:
    """A record with a property and two assets of its own."""
    properties: dict[str, Any] = {name: value}
    write = item(f"{n:05}", **properties)
    assets = {f"asset{2 * n + m}": {"href": f"https://a.test/{n}/{m}"} for m in range(2)}
    body = write.body[:-1] + b', "assets": ' + repr(assets).replace("'", '"').encode() + b"}"
    source = {**write.source, "item": {**write.source["item"], "assets": assets}}
    return write._replace(body=body, source=source)


async def test_a_search_over_more_collections_than_a_url_holds(store: ElasticStore) -> None:
    ones = [item("a", collection=f"collection-{n:03}") for n in (1, 2, 499)]
    await store.apply([*ones, item("a", collection="another")])
    await found(store, ones, collections=tuple(f"collection-{n:03}" for n in range(500)))


async def test_a_page_beyond_what_the_server_answers_at_once(store: ElasticStore) -> None:
    writes = [item(f"{n:05}") for n in range(10_050)]
    for start in range(0, len(writes), 3350):
        await store.apply(writes[start : start + 3350])
    prints = [name async for name, _ in store.fingerprints(ITEMS, "c")]
    assert sorted(prints) == [str(write.source["id"]) for write in writes]
    first = await store.search(Query(limit=20_000))
    second = await store.search(Query(limit=20_000, after=first.after))
    assert first.matched == second.matched == len(writes)
    assert first.bodies + second.bodies == [write.body for write in writes]
    assert second.after is None


async def test_the_alias_may_be_given_another_index(store: ElasticStore, client: AsyncElasticsearch) -> None:
    await store.apply([item("old")])
    [name] = await indices(client, store)
    alias = store._names.items("c")
    await client.indices.create(index=f"{name[:-1]}2")
    swap = [{"remove": {"index": name, "alias": alias}}, {"add": {"index": f"{name[:-1]}2", "alias": alias}}]
    await client.indices.update_aliases(actions=swap)
    assert await store.apply([item("new")]) == [ACCEPTED]
    assert (await store.get_many([item("old").ref, item("new").ref])).keys() == {item("new").ref}
    [finding, *_] = await store.check()
    assert f"{name} has no alias" in finding


async def test_what_an_operator_has_broken_is_neither_lost_nor_refused(
    store: ElasticStore, client: AsyncElasticsearch
) -> None:
    await store.create()
    await store.apply([item("a")])
    name = next(name for name in await indices(client, store) if ".c-" in name)
    alias = store._names.items("c")
    await client.indices.create(index=f"{name[:-1]}2", aliases={alias: {}})
    assert await store.apply([item("b")]) == [UNAVAILABLE]
    with pytest.raises(Unavailable):
        await store.get_many([item("a").ref])
    [two] = await store.check()
    assert f"{alias} stands for 2 indices" in two
    await client.indices.delete(index=f"{name[:-1]}2")
    await client.indices.delete_alias(index=name, name=alias)
    assert await store.apply([item("b")]) == [UNAVAILABLE]
    await client.indices.put_alias(index=name, name=alias)
    await client.indices.close(index=name)
    assert await store.apply([item("b")]) == [UNAVAILABLE]
    await client.indices.open(index=name)
    await client.cluster.health(index=name, wait_for_status="yellow")
    await client.indices.put_settings(index=name, settings={"index.blocks.write": True})
    assert await store.apply([item("b")]) == [UNAVAILABLE]
    assert "blocked (write)" in (await store.check())[-1]
    await client.indices.put_settings(index=name, settings={"index.blocks.write": None})
    assert await store.apply([item("b")]) == [ACCEPTED]


async def test_create_and_check(store: ElasticStore, client: AsyncElasticsearch) -> None:
    missing = await store.check()
    assert [text.split(" is missing")[0] for text in missing] == [
        f"the index template for {store.prefix}.index.*",
        f"the alias {store.prefix}.collections",
        f"the alias {store.prefix}.requests",
    ]
    await store.create()
    await store.create()
    assert await store.check() == []
    assert len(await indices(client, store)) == 2
    await client.indices.delete_alias(
        index=f"{store.prefix}.index.requests.1", name=f"{store.prefix}.requests"
    )
    await store.create()
    assert await store.check() == []
    more = again(store, shards=3, replicas=1)
    texts = await more.check()
    assert "template.settings.index.number_of_shards" in texts[0]
    assert sum("number_of_shards of" in text for text in texts) == 2
    await more.create()
    await more.apply([item("a")])
    assert sum("is yellow" in text for text in await more.check()) == 1
    await more.close()


async def test_a_tuned_template_is_left_and_an_older_one_replaced(
    store: ElasticStore, client: AsyncElasticsearch
) -> None:
    await store.create()
    ours = await template_of(client, store)
    tuned = {"settings": {"index": {**ours["template"]["settings"]["index"], **TEMPLATE_LEFT}}}
    body: dict[str, Any] = {"index_patterns": ours["index_patterns"], "priority": ours["priority"]}
    for version, refresh in ((FORMAT, "7s"), (FORMAT + 1, "7s"), (FORMAT - 1, f"{REFRESH_MS}ms")):
        await client.indices.put_index_template(name=store.prefix, **body, version=version, template=tuned)
        worker = again(store)
        assert await worker.apply([item("a", collection=f"of-{version}")]) == [ACCEPTED]
        await worker.close()
        left = await template_of(client, store)
        assert left["template"]["settings"]["index"]["refresh_interval"] == refresh
        made = await indices(client, store)
        [settings] = [made[name]["settings"]["index"] for name in made if f"of-{version}" in name]
        assert settings["refresh_interval"] == refresh


async def test_a_server_that_halts_stops_and_comes_back(own_elastic: Callable[[], ElasticServer]) -> None:
    server = own_elastic()
    store = ElasticStore([server.url], "outage", timeout_s=3.0, refresh_ms=REFRESH_MS)
    try:
        assert await settled(store, [item("a", 1)]) == [ACCEPTED]
        server.pause()
        assert await store.apply([item("a", 2), item("b", 1)]) == [UNAVAILABLE] * 2
        with pytest.raises(Unavailable):
            await store.get_many([item("a").ref])
        with pytest.raises(Unavailable):
            await store.search(Query())
        server.resume()  # what was sent is perhaps worked on only now
        assert set(await settled(store, [item("a", 2), item("b", 1)])) <= {ACCEPTED, STALE}
        server.kill()
        with pytest.raises(Unavailable):  # noqa: PT012 - a connection that was open breaks after sending, once each
            for _ in range(CONNECTIONS_MAX):
                assert await store.apply([item("a", 3)]) == [UNAVAILABLE]
        server.start()
        assert await settled(store, [item("a", 2), item("b", 2)]) == [STALE, ACCEPTED]
        known = await store.get_many([item("a").ref, item("b").ref])
        assert {document.version for document in known.values()} == {2}
    finally:
        await store.close()


async def settled(store: ElasticStore, writes: list[Write]) -> list[Verdict]:
    """Each write's first verdict that is known, while a server begins: as a follower would, again and again."""
    verdicts = [UNAVAILABLE] * len(writes)
    async with asyncio.timeout(SETTLED_S):
        while True:
            open_ = [n for n, verdict in enumerate(verdicts) if verdict is UNAVAILABLE]
            if not open_:
                return verdicts
            with suppress(Unavailable):
                for n, verdict in zip(open_, await store.apply([writes[n] for n in open_]), strict=True):
                    verdicts[n] = verdict
            await asyncio.sleep(0.1)


async def test_nothing_is_left_on_the_server(
    elastic: ElasticServer | NamedElastic, client: AsyncElasticsearch
) -> None:
    async with store_on(elastic.url) as store:
        await store.apply([item("a")])
    await remove(elastic.url, store.prefix)
    assert await indices(client, store) == {}
