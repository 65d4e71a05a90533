"""Exports over a socket: a fault is a broken transfer, a client that goes away is not read for any longer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx
import orjson
import pytest
import uvicorn
from fastapi import APIRouter, Response

from catalogue.store import Query
from discovery_api import bulk
from discovery_api.bulk import Kind, bulk_response
from discovery_api.reader import Reader
from discovery_api.searching import Search
from federation.app import make_app
from federation.serve import listen
from stream.errors import Unavailable
from tests.support.http import until
from tests.support.shelf import Shelf, thing

COUNT = 2000
WORDS = "some words that say little, and that a program packs well; " * 20


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(bulk, "PAGE_RECORDS_MAX", 100)
    return Shelf({name: thing(name, text=WORDS) for number in range(COUNT) if (name := f"i{number:05}")})


@pytest.fixture
async def http(shelf: Shelf) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that exports the shelf."""

    class OfShelf:
        store = shelf

    routes = APIRouter(tags=["Discovery API"])

    @routes.get("/{kind}")
    async def export(kind: str) -> Response:
        search = Search(Query(), None, show_data=False, asked=None, digest=b"")
        return await bulk_response(
            cast(Reader, OfShelf), search, "https://n1.example.org", Kind[kind.upper()]
        )

    async with served(make_app("t", [routes])) as address, httpx.AsyncClient(base_url=address) as client:
        yield client


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", lifespan="off", log_config=None))
    task = asyncio.create_task(server._serve([bound]))
    await until(lambda: _started(server))
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        bound.close()


async def _started(server: uvicorn.Server) -> bool:
    return server.started


@pytest.fixture
def quiet() -> Iterator[None]:
    """A fault is logged with its traceback, which is right, and no news here."""
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "federation.app")]
    for logger in loggers:
        logger.disabled = True
    yield
    for logger in loggers:
        logger.disabled = False


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
async def test_all_of_it_arrives(http: httpx.AsyncClient, encoding: str) -> None:
    answer = await http.get("/ndjson", headers={"accept-encoding": encoding})
    assert [orjson.loads(line)["id"] for line in answer.content.splitlines()] == [
        f"i{n:05}" for n in range(COUNT)
    ]
    assert answer.headers["ogc-numbermatched"] == str(COUNT)
    assert answer.headers.get("content-encoding", "identity") == encoding


@pytest.mark.parametrize("encoding", ["identity", "gzip", "zstd"])
@pytest.mark.parametrize("kind", ["ndjson", "parquet"])
@pytest.mark.usefixtures("quiet")
async def test_a_fault_in_the_middle_breaks_the_transfer(
    http: httpx.AsyncClient, shelf: Shelf, kind: str, encoding: str
) -> None:
    def fail(number: int) -> None:
        if number > 5:
            raise Unavailable("the store does not answer")

    shelf.before = fail
    with pytest.raises(httpx.RemoteProtocolError):
        await http.get(f"/{kind}", headers={"accept-encoding": encoding})
    shelf.before = lambda number: None
    assert (await http.get(f"/{kind}")).status_code == 200


async def test_a_fault_at_once_is_an_answer(http: httpx.AsyncClient, shelf: Shelf) -> None:
    def fail(number: int) -> None:
        raise Unavailable("the store does not answer", 7)

    shelf.before = fail
    answer = await http.get("/parquet")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_client_that_goes_away_is_not_read_for(
    http: httpx.AsyncClient, shelf: Shelf, encoding: str
) -> None:
    waiting = asyncio.Event()

    async def slowly(query: Query) -> Any:
        if len(shelf.limits) > 5:
            waiting.set()
            await asyncio.sleep(60)
        return await found(query)

    found, shelf.search = shelf.search, slowly  # type: ignore[method-assign]
    for item in shelf.items.values():
        item["properties"]["text"] = "short"  # all of six pages fits into the buffers on the way
    async with http.stream("GET", "/ndjson", headers={"accept-encoding": encoding}) as answer:
        reading = answer.aiter_raw()  # held on to: without it the connection is closed
        await anext(reading)
        await waiting.wait()
        assert bulk.RUNNING.running == 1
    await until(_nothing_runs)


async def test_a_client_that_takes_its_time_gets_no_more_made(http: httpx.AsyncClient, shelf: Shelf) -> None:
    """The whole result is 100 MB; the buffers on the way hold some of it, and nobody holds the rest."""
    items = {f"j{number:05}": thing(f"j{number:05}", text=WORDS * 40) for number in range(COUNT)}
    shelf.items = items
    async with http.stream("GET", "/ndjson", headers={"accept-encoding": "identity"}) as answer:
        reading = answer.aiter_raw(1)
        await anext(reading)
        await asyncio.sleep(0.5)
        read = sum(shelf.limits)
        await asyncio.sleep(0.5)
        assert sum(shelf.limits) == read < COUNT / 2
    await until(_nothing_runs)


async def _nothing_runs() -> bool:
    return bulk.RUNNING.running == 0
