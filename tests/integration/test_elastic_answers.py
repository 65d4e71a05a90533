"""What ElasticStore makes of everything that a server may answer; the server here is a fake that follows a script."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from catalogue.elastic import ElasticStore
from catalogue.elastic_bulk import ACTIONS_MAX, BYTES_MAX
from catalogue.elastic_writes import BULKS_MAX
from catalogue.store import Document, Query, Verdict, Write
from stream.errors import Unavailable
from tests.contract.store_contract import head, item
from tests.support.fake_elastic import (
    Answer,
    Asked,
    FakeElastic,
    each,
    fake_elastic,
    refusal,
    reset,
    slow,
    whole,
)

ACCEPTED, STALE, REFUSED, UNAVAILABLE = Verdict
TIMEOUT_S = 0.5
THREE = [head(1, "c/1"), head(1, "c/2"), head(1, "c/3")]


@pytest.fixture
async def fake() -> AsyncIterator[FakeElastic]:
    async with fake_elastic() as server:
        yield server


@pytest.fixture
async def store(fake: FakeElastic) -> AsyncIterator[ElasticStore]:
    opened = ElasticStore([fake.url], "test", timeout_s=TIMEOUT_S)
    yield opened
    await opened.close()


@pytest.mark.parametrize(
    ("status", "kind", "reason", "verdict"),
    [
        (200, "", "", ACCEPTED),
        (201, "", "", ACCEPTED),
        (409, "version_conflict_engine_exception", "", STALE),
        (400, "document_parsing_exception", "", REFUSED),
        (400, "illegal_argument_exception", "Document contains at least one immense term", REFUSED),
        (413, "", "", REFUSED),
        (400, "index_closed_exception", "closed", UNAVAILABLE),
        (400, "strict_dynamic_mapping_exception", "", UNAVAILABLE),
        (400, "illegal_argument_exception", "no write index is defined for alias [a]", UNAVAILABLE),
        (403, "cluster_block_exception", "", UNAVAILABLE),
        (429, "es_rejected_execution_exception", "", UNAVAILABLE),
        (500, "", "", UNAVAILABLE),
        (503, "unavailable_shards_exception", "", UNAVAILABLE),
    ],
)
async def test_every_document_has_a_verdict_of_its_own(
    store: ElasticStore, fake: FakeElastic, status: int, kind: str, reason: str, verdict: Verdict
) -> None:
    fake.bulks.append(each(201, status, 409, kind=kind, reason=reason))
    assert await store.apply(THREE) == [ACCEPTED, verdict, STALE]
    assert len(fake.bulk_requests) == 1


async def test_the_reason_of_a_refusal_is_logged(
    store: ElasticStore, fake: FakeElastic, caplog: pytest.LogCaptureFixture
) -> None:
    fake.bulks.append(each(400, kind="document_parsing_exception", reason="a field is odd"))
    assert await store.apply(THREE[:1]) == [REFUSED]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "a field is odd" in vars(record)["detail"]


@pytest.mark.parametrize(
    "answer",
    [
        refusal(429), refusal(500), refusal(503), whole(502, b"<html>", **{"content-type": "text/html"}),
        refusal(404), reset, slow(each(201), TIMEOUT_S * 3), whole(200, b'{"items": ['), whole(200, b"[]"),
        whole(200, {"items": [{"index": {"status": 201}}]}), whole(200, b"", **{"content-type": "image/png"}),
    ],
    ids=[
        "429", "500", "503", "a proxy's 502", "404", "a reset", "no answer in time", "half an answer", "a list",
        "an answer to one", "an image",
    ],
)  # fmt: skip
async def test_an_unknown_outcome_is_unavailable_for_each(
    store: ElasticStore, fake: FakeElastic, answer: Answer
) -> None:
    fake.bulks.append(answer)
    assert await store.apply(THREE) == [UNAVAILABLE] * 3
    assert len(fake.bulk_requests) == 1, "nothing is sent again"
    assert await store.apply(THREE) == [ACCEPTED] * 3


@pytest.mark.parametrize("status", [400, 413])
async def test_one_bad_document_is_found_among_the_others(
    store: ElasticStore, fake: FakeElastic, status: int
) -> None:
    async def choosy(request: web.Request, asked: Asked) -> web.StreamResponse:
        bad = "h:c/5" in asked.ids
        return await (refusal(status) if bad else each(201))(request, asked)

    fake.otherwise = choosy
    writes = [head(1, f"c/{n}") for n in range(9)]
    assert await store.apply(writes) == [REFUSED if n == 5 else ACCEPTED for n in range(9)]
    assert len(fake.bulk_requests) <= 9


@pytest.mark.parametrize("status", [400, 413])
async def test_a_document_that_is_refused_alone(store: ElasticStore, fake: FakeElastic, status: int) -> None:
    fake.bulks.append(refusal(status))
    assert await store.apply(THREE[:1]) == [REFUSED]


@pytest.mark.parametrize("answer", [refusal(401, reason="no such key"), refusal(403, reason="no such key")])
async def test_who_is_not_let_in_is_told_so(store: ElasticStore, fake: FakeElastic, answer: Answer) -> None:
    fake.bulks.append(answer)
    with pytest.raises(Unavailable, match="no such key"):
        await store.apply(THREE)
    fake.others["_mget"] = fake.others["test.items.c-2e7d2c03"] = answer
    with pytest.raises(Unavailable, match="no such key"):
        await store.get_many([THREE[0].ref])
    with pytest.raises(Unavailable, match="no such key"):
        await store.search(Query(collections=("c",)))


async def test_nobody_there_is_an_exception() -> None:
    store = ElasticStore(["http://127.0.0.1:1"], "test", timeout_s=TIMEOUT_S)
    with pytest.raises(Unavailable):
        await store.apply(THREE)
    with pytest.raises(Unavailable):
        await store.get_many([THREE[0].ref])
    with pytest.raises(Unavailable):
        await store.search(Query())
    with pytest.raises(Unavailable):
        await anext(store.fingerprints("items", "c"))
    await store.close()


async def test_what_is_not_elasticsearch_is_not_used(store: ElasticStore, fake: FakeElastic) -> None:
    fake.others["_index_template"] = whole(200, {}, **{"x-elastic-product": "another"})
    with pytest.raises(Unavailable, match="not Elasticsearch"):
        await store.apply(THREE)


async def test_a_closed_store_is_unavailable(store: ElasticStore, fake: FakeElastic) -> None:
    await store.apply(THREE)
    await store.close()
    for call in (store.apply(THREE), store.get_many([THREE[0].ref]), store.search(Query())):
        with pytest.raises(Unavailable, match="closed"):
            await call


async def test_closing_ends_what_is_under_way(store: ElasticStore, fake: FakeElastic) -> None:
    fake.others["_mget"] = slow(whole(200, {}), 60)
    waiting = asyncio.create_task(store.get_many([THREE[0].ref]))
    await fake.until_asked("/_mget")
    await store.close()
    with pytest.raises(Unavailable, match="closed"):
        await waiting


async def test_a_missing_index_is_made_and_its_writes_are_sent_again(
    store: ElasticStore, fake: FakeElastic
) -> None:
    fake.bulks.append(each(404, 409, 201, kind="index_not_found_exception"))
    assert await store.apply(THREE) == [ACCEPTED, STALE, ACCEPTED]
    [made] = [asked for asked in fake.asked if asked.method == "PUT"]
    assert made.path.startswith("/test.index.c-")
    assert b'"dynamic":"strict"' in made.body
    assert [request.ids for request in fake.bulk_requests] == [["h:c/1", "h:c/2", "h:c/3"], ["h:c/1"]]


async def test_an_alias_that_stays_missing_is_unavailable(store: ElasticStore, fake: FakeElastic) -> None:
    fake.otherwise = each(404, kind="index_not_found_exception")
    assert await store.apply(THREE) == [UNAVAILABLE] * 3
    assert len(fake.bulk_requests) == 2


async def test_an_index_that_cannot_be_made_leaves_its_writes_unavailable(
    store: ElasticStore, fake: FakeElastic
) -> None:
    fake.bulks.append(each(201, 404))
    made = store._names.first_index(store._names.items("c"))
    fake.others[made] = refusal(400, "validation_exception", "too many shards")
    fake.bulks.append(each(404))
    assert await store.apply(THREE[:2]) == [ACCEPTED, UNAVAILABLE]


async def test_requests_are_limited_in_number_size_and_count(store: ElasticStore, fake: FakeElastic) -> None:
    fake.otherwise = slow(each(201), 0.05)
    writes = [head(1, f"c/{n}") for n in range(12 * ACTIONS_MAX)]
    large = b'"' + b"x" * (BYTES_MAX + 1) + b'"'
    writes[7] = Write(writes[7].ref, 1, large, {})
    writes += [Write(head(1, f"d/{n}").ref, 1, b'"' + b"y" * 100_000 + b'"', {}) for n in range(100)]
    assert await store.apply(writes) == [ACCEPTED] * len(writes)
    sizes = [(len(request.ids), len(request.body)) for request in fake.bulk_requests]
    assert max(count for count, _ in sizes) == ACTIONS_MAX
    assert [count for count, size in sizes if size > BYTES_MAX] == [1]
    assert fake.in_flight_most == BULKS_MAX
    assert sorted(id_ for request in fake.bulk_requests for id_ in request.ids) == sorted(
        w.ref.id for w in writes
    )


async def test_a_chunk_that_fails_does_not_hide_the_others(store: ElasticStore, fake: FakeElastic) -> None:
    async def choosy(request: web.Request, asked: Asked) -> web.StreamResponse:
        return await (reset if "h:c/0" in asked.ids else each(201))(request, asked)

    fake.otherwise = choosy
    writes = [head(1, f"c/{n}") for n in range(ACTIONS_MAX + 1)]
    assert await store.apply(writes) == [UNAVAILABLE] * ACTIONS_MAX + [ACCEPTED]


async def test_a_cancelled_call_leaves_the_store_as_it_was(store: ElasticStore, fake: FakeElastic) -> None:
    fake.bulks.append(slow(each(201), 60))
    call = asyncio.create_task(store.apply(THREE))
    await fake.until_asked("/_bulk")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await store.apply(THREE) == [ACCEPTED] * 3


@pytest.mark.parametrize(
    "answer",
    [
        refusal(429), refusal(503), reset, slow(whole(200, {}), TIMEOUT_S * 3), whole(200, b"{"), whole(200, b"[]"),
        whole(200, {"docs": []}), whole(200, {"docs": [{"_id": "x", "error": {"type": "no_shard_available"}}]}),
    ],
    ids=["429", "503", "a reset", "no answer in time", "half an answer", "a list", "too few", "an error of one"],
)  # fmt: skip
async def test_a_look_up_that_fails_is_unavailable(
    store: ElasticStore, fake: FakeElastic, answer: Answer
) -> None:
    fake.others["_mget"] = answer
    with pytest.raises(Unavailable):
        await store.get_many([THREE[0].ref])
    missing = {"docs": [{"_id": "x", "error": {"type": "index_not_found_exception"}}]}
    fake.others["_mget"] = whole(200, missing)
    assert await store.get_many([THREE[0].ref]) == {}


async def test_a_look_up_waits_a_moment_for_shards_that_are_only_starting(
    store: ElasticStore, fake: FakeElastic
) -> None:
    starting = whole(200, {"docs": [{"_id": "x", "error": {"type": "no_shard_available_action_exception"}}]})
    there = whole(200, {"docs": [{"_id": "x", "_version": 3, "_source": {"body": "b"}}]})
    answers = [starting, starting, there]

    async def in_turn(request: web.Request, asked: Asked) -> web.StreamResponse:
        return await answers.pop(0)(request, asked)

    fake.others["_mget"] = in_turn
    ref = THREE[0].ref
    assert await store.get_many([ref]) == {ref: Document(3, b"b")}
    fake.others["_mget"] = starting
    with pytest.raises(Unavailable, match="no_shard"):
        await store.get_many([ref])


async def test_a_search_that_is_refused_is_a_fault_of_ours(store: ElasticStore, fake: FakeElastic) -> None:
    fake.others["test.collections"] = refusal(400, "parsing_exception", "no such query")
    with pytest.raises(ValueError, match="no such query"):
        await store.search(Query(kind="collections"))


async def test_a_template_that_is_newer_or_forbidden_is_left_alone(
    store: ElasticStore, fake: FakeElastic
) -> None:
    fake.others["_index_template"] = refusal(403)
    assert await store.apply([item("a")]) == [ACCEPTED]
    newer = {"index_templates": [{"index_template": {"version": 99}}]}
    other = ElasticStore([fake.url], "test")
    fake.others["_index_template"] = whole(200, newer)
    assert await other.apply([item("a")]) == [ACCEPTED]
    assert [asked.method for asked in fake.asked if asked.path.startswith("/_index_template")] == [
        "GET",
        "GET",
    ]
    await other.close()
