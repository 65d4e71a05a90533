"""P6 and P7: searches over HTTP on SQLite and Elasticsearch, beside the raw query and the peer."""

from __future__ import annotations

import asyncio
import itertools
import math
import os
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import orjson

from catalogue.aggregations import Terms
from catalogue.elastic import ElasticStore
from catalogue.elastic_counts import counts_body
from catalogue.elastic_mapping import Names
from catalogue.elastic_query import page_of, search_body
from catalogue.filters import START, All, equal
from catalogue.lifecycle import State
from catalogue.record import Record, encode_record
from catalogue.sqlite import SqliteStore
from catalogue.store import Query, Sort, Store, Verdict, Write, collection_ref
from tests.bench import peer
from tests.bench.client import Connection
from tests.bench.engines import servers
from tests.bench.records import COLLECTION
from tests.bench.report import percentile
from tests.bench.rules import shared
from tests.bench.server import Served, served
from tests.support.cmip6 import real_ids, sample_ids
from tests.support.many_items import cmip_items, writes_of

ITEMS, MILLION, BATCH = 100_000, 1_000_000, 500
VARIED = 6000  # items that have all the different values of a property
ROUNDS, WARMINGS, CLIENTS, CLIENT_ROUNDS = 100, 10, 16, 40
LIMITS = (10, 100, 1000)
PAGE, PAGES, PAGES_TIMED = 10, 1000, 20
ANSWER_BYTES_MIN = 500  # less is an answer without anything in it
FACETS = (
    "cmip6:source_id",
    "cmip6:experiment_id",
    "cmip6:variable_id",
    "cmip6:institution_id",
    "cmip6:table_id",
)
WANTED = (
    ("cmip6:table_id", "Amon"),
    ("cmip6:product", "model-output"),
    ("cmip6:grid_label", "gn"),
)  # one in eleven
WIDE = (
    ("cmip6:frequency", "mon"),
    ("cmip6:product", "model-output"),
    ("cmip6:grid_label", "gn"),
)  # nearly half
Wanted = Sequence[tuple[str, str]]
Json = dict[str, Any]
Request = tuple[str, str, bytes]


def search_request(limit: int, prefix: str = "", wanted: Wanted = WANTED) -> Json:
    """Three properties, sorted."""
    equals = [{"op": "=", "args": [{"property": prefix + name}, value]} for name, value in wanted]
    return {
        "collections": ["CMIP6"], "limit": limit, "filter-lang": "cql2-json", "filter": {"op": "and", "args": equals},
        "sortby": [{"field": "properties.start_datetime", "direction": "desc"}],
    }  # fmt: skip


def others() -> Iterator[Wanted]:
    """Three properties, other ones each time, of which no cache knows: of a few records that are spread widely."""
    found = (item["properties"] for item in made(VARIED))
    fitting = (each for each in found if all(each[name] == value for name, value in WANTED[1:]))
    variables = dict.fromkeys(each["cmip6:variable_id"] for each in fitting)
    for variable in itertools.cycle(variables):
        yield (*WANTED[1:], ("cmip6:variable_id", variable))


def facet_request(wanted: Wanted = WANTED[2:]) -> Json:
    """Five facets under a filter."""
    search = search_request(0, wanted=wanted)
    asked = {name: search[name] for name in ("collections", "filter-lang", "filter")}
    return {**asked, "aggregations": [f"{facet}_frequency" for facet in FACETS]}


def query(limit: int, wanted: Wanted = WANTED) -> Query:
    """What the store is asked for `search_request`."""
    parts = tuple(equal(name, value) for name, value in wanted)
    return Query(
        collections=("CMIP6",),
        filter=All(parts),
        limit=limit,
        sort=(Sort(START, descending=True),),
    )


def raw_facets(wanted: Wanted) -> Json:
    """What Elasticsearch is asked for `facet_request`."""
    return counts_body(query(LIMITS[0], wanted), [Terms(name) for name in FACETS])


def made(count: int) -> Iterator[Json]:
    """Items of real ids where there are some, else of made-up ones, which have fewer different values."""
    folder = shared()
    return cmip_items(count, sample_ids(2000) if folder is None else real_ids(folder))


async def filled(store: Store, count: int) -> tuple[list[str], float]:
    """Write the Collection and so many items; some of their ids, and items per second."""
    record = Record("CMIP6", "CMIP6", "CMIP6", State.ACTIVE, True, 1, "bench", COLLECTION, ids=None)
    await _written(store, [Write(collection_ref("CMIP6"), 1, encode_record(record), record.fields())])
    writes, ids = writes_of(made(count)), list[str]()
    taken = 0.0
    while batch := list(itertools.islice(writes, BATCH)):
        ids.append(str(batch[0].source["id"]))
        begun = time.perf_counter()
        await _written(store, batch)
        taken += time.perf_counter() - begun
    return ids, count / taken


async def _written(store: Store, batch: Sequence[Write]) -> None:
    if set(verdicts := await store.apply(batch)) != {Verdict.ACCEPTED}:
        raise RuntimeError(f"not written: {Counter(verdicts)}")


async def timed(server: Served, requests: Iterator[Request], rounds: int = ROUNDS) -> float:
    """Milliseconds, the median, of one request after the other on one connection."""
    connection = await server.connect()
    times = [await _one(connection, request) for request in itertools.islice(requests, rounds + WARMINGS)]
    connection.close()
    return percentile(times[WARMINGS:], 0.5) * 1000


async def at_once(
    server: Served, requests: Iterator[Request], rounds: int = CLIENT_ROUNDS
) -> tuple[float, float]:
    """(requests per second, median in ms) of CLIENTS connections, so many requests of each."""

    async def client() -> list[float]:
        connection = await server.connect()
        times = [await _one(connection, request) for request in itertools.islice(requests, rounds)]
        connection.close()
        return times

    await client()
    begun = time.perf_counter()
    found = await asyncio.gather(*(client() for _ in range(CLIENTS)))
    taken = time.perf_counter() - begun
    return CLIENTS * rounds / taken, percentile([one for times in found for one in times], 0.5) * 1000


async def _one(connection: Connection, request: Request) -> float:
    method, path, body = request
    begun = time.perf_counter()
    status, answer = await connection.request(method, path, body)
    taken = time.perf_counter() - begun
    if status != 200 or len(answer) < ANSWER_BYTES_MIN:
        raise RuntimeError(f"{method} {path}: {status} {answer[:500].decode()}")
    return taken


def post(path: str, body: Json) -> Iterator[Request]:
    """The same request for ever."""
    return itertools.repeat(("POST", path, orjson.dumps(body)))


def posts(path: str, bodies: Iterable[Json]) -> Iterator[Request]:
    """One request after the other."""
    return (("POST", path, orjson.dumps(body)) for body in bodies)


def new_searches(prefix: str = "") -> Iterator[Request]:
    """Searches of ten that were not asked before."""
    return posts("/search", (search_request(LIMITS[0], prefix, wanted) for wanted in others()))


def gets(ids: Sequence[str]) -> Iterator[Request]:
    """One item after the other."""
    return itertools.cycle([("GET", f"/collections/CMIP6/items/{item}", b"") for item in ids])


async def paged(server: Served) -> tuple[float, float]:
    """Median milliseconds of the first pages and of those around the last of PAGES."""
    connection = await server.connect()
    times: list[float] = []
    body = {
        "collections": ["CMIP6"],
        "limit": PAGE,
        "sortby": [{"field": "start_datetime", "direction": "asc"}],
    }
    for _ in range(PAGES):
        begun = time.perf_counter()
        answer = await connection.json("POST", "/search", body)
        times.append(time.perf_counter() - begun)
        [following] = [link for link in answer["links"] if link["rel"] == "next"]
        body = following["body"]
    connection.close()
    first, last = times[1 : 1 + PAGES_TIMED], times[-PAGES_TIMED:]
    return percentile(first, 0.5) * 1000, percentile(last, 0.5) * 1000


async def _ours(server: Served, ids: Sequence[str], name: str) -> dict[str, float]:
    found = {
        f"{name}_{limit}": await timed(server, post("/search", search_request(limit))) for limit in LIMITS
    }
    found[f"{name}_wide"] = await timed(server, post("/search", search_request(LIMITS[0], wanted=WIDE)))
    searches = new_searches()
    found[f"{name}_new"] = await timed(server, searches)
    found[f"{name}_many_new"], _ = await at_once(server, searches)
    found[f"{name}_facets"] = await timed(server, post("/aggregate", facet_request()))
    found[f"{name}_facets_new"] = await timed(server, posts("/aggregate", map(facet_request, others())))
    found[f"{name}_get"] = await timed(server, gets(ids))
    found[f"{name}_nothing"] = await timed(server, itertools.repeat(("GET", "/conformance", b"")))
    first, last = await paged(server)
    found |= {f"{name}_page_first": first, f"{name}_page_last": last}
    for limit in LIMITS:
        rate, p50_ms = await at_once(server, post("/search", search_request(limit)))
        found |= {f"{name}_many_{limit}": rate, f"{name}_many_{limit}_p50": p50_ms}
    return found


async def measure_search() -> dict[str, float]:
    """P6: 100,000 items in SQLite."""
    with tempfile.TemporaryDirectory(prefix="stacfed-bench-") as folder:
        store = SqliteStore(Path(folder) / "bench.db")
        ids, rate = await filled(store, ITEMS)
        await store.search(Query(limit=1))
        await store.close()
        async with served({"data_dir": folder, "node": "bench"}) as server:
            return {"sqlite_load": rate, **await _ours(server, ids, "sqlite")}


async def measure_million() -> dict[str, float]:
    """A million items in SQLite: load, start, memory, and some searches."""
    with tempfile.TemporaryDirectory(prefix="stacfed-bench-", dir=os.environ.get("TMPDIR")) as folder:
        store = SqliteStore(Path(folder) / "bench.db")
        begun = time.perf_counter()
        ids, _ = await filled(store, MILLION)
        await store.search(Query(limit=1))
        rate = MILLION / (time.perf_counter() - begun)
        await store.close()
        async with served({"data_dir": folder, "node": "bench"}) as server:
            connection = await server.connect()
            begun = time.perf_counter()
            await connection.json("POST", "/search", {"limit": 1})
            first_s = time.perf_counter() - begun
            connection.close()
            ours = await _ours(server, ids, "million")
            return {
                "million_load": rate, "million_ready": server.ready_s, "million_first": first_s * 1000,
                "million_rss": server.rss_mib(), **ours,
            }  # fmt: skip


async def measure_search_elastic() -> dict[str, float]:
    """P7: 100,000 items in Elasticsearch: the raw query, ours, and the peer's, in one run."""
    _, elastic = servers()
    prefix = f"b{uuid.uuid4().hex[:8]}"
    store = ElasticStore([elastic], prefix)
    await store.create()
    ids, rate = await filled(store, ITEMS)
    await asyncio.sleep(2)
    await store.close()
    found = {"elastic_load": rate, **await _raw(elastic, f"/{Names(prefix).items('CMIP6')}")}
    async with served({"store_url": f"{elastic}/{prefix}", "node": "bench"}) as server:
        found |= await _ours(server, ids, "elastic")
    print(found, file=sys.stderr)  # what comes now takes minutes
    async with peer.peer(elastic) as server:
        await peer.load(server, list(made(ITEMS)))
        found |= await _peers(server, ids)
    return found


async def _raw(elastic: str, index: str) -> dict[str, float]:
    """The queries themselves, sent as the store sends them."""
    raw, found = Served(int(urlsplit(elastic).port or 0), 0, 0.0), dict[str, float]()
    path = f"{index}/_search?request_cache=true"
    for limit in LIMITS:  # the server is fast when it has done the same a thousand times
        await at_once(raw, post(path, search_body(query(limit))))
    for limit in LIMITS:
        search = post(path, search_body(query(limit)))
        found[f"raw_{limit}"] = await timed(raw, search)
        found[f"raw_many_{limit}"], found[f"raw_many_{limit}_p50"] = await at_once(raw, search)
    found["raw_wide"] = await timed(raw, post(path, search_body(query(LIMITS[0], WIDE))))
    searches = posts(path, (search_body(query(LIMITS[0], wanted)) for wanted in others()))
    found["raw_new"] = await timed(raw, searches)
    found["raw_many_new"], _ = await at_once(raw, searches)
    found["raw_facets"] = await timed(raw, post(path, raw_facets(WANTED[2:])))
    found["raw_facets_new"] = await timed(raw, posts(path, map(raw_facets, others())))
    found["raw_page_first"] = await _raw_pages(raw, path)
    [write] = writes_of(made(1))
    found["raw_get"] = await timed(raw, itertools.repeat(_raw_get(write, index)))
    return found


async def _raw_pages(raw: Served, path: str) -> float:
    """Median milliseconds of the first pages of what `paged` asks for."""
    connection = await raw.connect()
    page, times = Query(collections=("CMIP6",), sort=(Sort(START),), limit=PAGE), list[float]()
    for _ in range(PAGES_TIMED + WARMINGS):
        begun = time.perf_counter()
        answer = await connection.json("POST", path, search_body(page))
        times.append(time.perf_counter() - begun)
        page = replace(page, after=page_of(page, answer).hits[-1].place)
    connection.close()
    return percentile(times[WARMINGS:], 0.5) * 1000


async def _peers(server: Served, ids: Sequence[str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for limit in LIMITS:
        search = post("/search", search_request(limit, "properties."))
        found[f"peer_{limit}"] = await timed(server, search, ROUNDS // 4)
        try:
            many = await at_once(server, search, CLIENT_ROUNDS // 8)  # it is so slow
        except RuntimeError as error:  # it may not answer so many at all
            print(f"the peer, {CLIENTS} clients, limit {limit}: {error}", file=sys.stderr)
            many = math.nan, math.nan
        found[f"peer_many_{limit}"], found[f"peer_many_{limit}_p50"] = many
    wide = post("/search", search_request(LIMITS[0], "properties.", WIDE))
    found["peer_wide"] = await timed(server, wide, ROUNDS // 4)
    searches = new_searches("properties.")
    found["peer_new"] = await timed(server, searches, ROUNDS // 4)
    found["peer_many_new"], _ = await at_once(server, searches, CLIENT_ROUNDS // 8)
    found["peer_get"] = await timed(server, gets(ids))
    return found


def _raw_get(write: Write, index: str) -> Request:
    return (
        "GET",
        f"{index}/_doc/{quote(write.ref.id, safe='')}?routing={quote(write.ref.routing, safe='')}",
        b"",
    )


def _figures() -> dict[str, tuple[str, str, str]]:
    """Key: (what is measured, unit, goal)."""
    goals = {"sqlite_10": "<= 2", "sqlite_100": "<= 5", "sqlite_1000": "<= 20", "sqlite_facets": "<= 5"}
    goals |= {"sqlite_get": "<= 0.7"}
    named = {
        "sqlite": "P6 SQLite",
        "million": "SQLite, a million",
        "elastic": "P7 Elasticsearch",
        "peer": "the peer",
    }
    named["raw"] = "the raw query"
    found = {}
    for key, said in named.items():
        for limit in LIMITS:
            what = f"{said}: three properties, sorted, limit {limit:,}"
            found[f"{key}_{limit}"] = (f"{what}, p50", "ms", goals.get(f"{key}_{limit}", "-"))
            found[f"{key}_many_{limit}"] = (f"{what}, {CLIENTS} clients", "requests/s", "-")
            found[f"{key}_many_{limit}_p50"] = ("... p50", "ms", "-")
        for name, what in (
            ("wide", f"where nearly half match, limit {LIMITS[0]}"),
            ("new", f"other properties each time, limit {LIMITS[0]}"),
            ("many_new", f"other properties each time, limit {LIMITS[0]}, {CLIENTS} clients"),
            ("facets", "five facets"),
            ("facets_new", "five facets, other properties each time"),
            ("get", "one item by its id"),
            ("nothing", "a fixed answer, without any search"),
            ("load", "written"),
            ("page_first", "first page"),
            ("page_last", f"page {PAGES:,}"),
        ):
            unit = {"load": "items/s", "many_new": "requests/s"}.get(name, "ms")
            found[f"{key}_{name}"] = (f"{said}: {what}", unit, goals.get(f"{key}_{name}", "-"))
    return found | {
        "million_ready": ("... start to ready", "s", "-"), "million_first": ("... the first search", "ms", "-"),
        "million_rss": ("... memory after the start", "MiB", "-"),
    }  # fmt: skip


FIGURES = _figures()
