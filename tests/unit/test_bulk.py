"""Exports read a whole result page by page, and hold no more of it than a page."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, cast

import orjson
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from catalogue.store import Query
from discovery_api import bulk
from discovery_api.bulk import Kind, bulk_response
from discovery_api.export import HEAD_ONLY, Export, Exports
from discovery_api.fields import Fields
from discovery_api.reader import Reader
from discovery_api.searching import Search
from stream.errors import Refused, Unavailable
from tests.support.shelf import Shelf, thing
from tests.support.tables import items_of

Json = dict[str, Any]
ROOT = "https://n1.example.org"
COUNT = 450
FIRST, MOST = 20, 200


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PAGE_RECORDS_FIRST", FIRST)
    monkeypatch.setattr(bulk, "PAGE_RECORDS_MAX", MOST)


def search(limit: int | None = None, fields: Fields | None = None, **more: Any) -> Search:
    query = Query(limit=limit or 10, **more)
    return Search(query, fields, show_data=False, asked=limit, digest=b"")


async def response(shelf: Shelf, kind: Kind, asked: Search | None = None) -> Export:
    class OfShelf:
        store = shelf

    return await bulk_response(cast(Reader, OfShelf), asked or search(), ROOT, kind.value)


async def sent(export: Export, *, head: bool = False) -> list[Json]:
    """The messages of the answer."""
    messages: list[Json] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("an export does not read")

    await export({"type": "http", "asgi": {"spec_version": "2.4"}, HEAD_ONLY: head}, receive, send)
    return messages


async def body(export: Export) -> bytes:
    messages = await sent(export)
    assert [message["more_body"] for message in messages[1:-1]] == [True] * (len(messages) - 2)
    assert not messages[-1].get("more_body", False)
    return b"".join(message.get("body", b"") for message in messages)


async def lines(shelf: Shelf, asked: Search | None = None) -> list[Json]:
    text = await body(await response(shelf, Kind.NDJSON, asked))
    assert text.endswith(b"\n") or not text
    return [orjson.loads(line) for line in text.splitlines()]


async def rows(shelf: Shelf, asked: Search | None = None) -> list[Json]:
    file = await body(await response(shelf, Kind.PARQUET, asked))
    return [orjson.loads(orjson.dumps(item)) for item in items_of(pq.read_table(io.BytesIO(file)))]


READ: list[Callable[..., Any]] = [lines, rows]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf({name: thing(name, n=number) for number in range(COUNT) if (name := f"i{number:05}")})


@pytest.mark.parametrize("read", READ)
async def test_it_is_the_whole_result_in_order(shelf: Shelf, read: Any) -> None:
    assert [item["id"] for item in await read(shelf)] == list(shelf.items)


async def test_rows_and_lines_are_the_same_items(shelf: Shelf) -> None:
    found = await lines(shelf)
    assert await rows(shelf) == found
    assert found[0]["links"][0]["href"] == f"{ROOT}/collections/things/items/i00000"


async def test_pages_grow_to_what_the_records_allow(shelf: Shelf) -> None:
    await lines(shelf)
    assert shelf.limits == [FIRST, MOST, MOST, MOST]


async def test_pages_of_large_records_are_small(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    for item in shelf.items.values():
        item["properties"]["text"] = "x" * 10_000
    monkeypatch.setattr(bulk, "PAGE_BYTES", 100_000)
    assert len(await lines(shelf)) == COUNT
    assert set(shelf.limits[1:]) == {9}


@pytest.mark.parametrize("read", READ)
@pytest.mark.parametrize("limit", [1, FIRST, FIRST + 1, 300])
async def test_a_limit_ends_it(shelf: Shelf, read: Any, limit: int) -> None:
    assert [item["id"] for item in await read(shelf, search(limit))] == list(shelf.items)[:limit]
    assert sum(shelf.limits) <= 2 * limit + FIRST


@pytest.mark.parametrize("read", READ)
async def test_it_begins_behind_a_token(shelf: Shelf, read: Any) -> None:
    assert [item["id"] for item in await read(shelf, search(after=("i00300",)))] == list(shelf.items)[301:]


async def test_a_token_backwards_is_refused(shelf: Shelf) -> None:
    with pytest.raises(Refused, match="backwards"):
        await response(shelf, Kind.NDJSON, search(after=("i00300",), backwards=True))


@pytest.mark.parametrize("kind", Kind)
async def test_headers_say_how_many_and_what(shelf: Shelf, kind: Kind) -> None:
    headers = (await response(shelf, kind, search(5))).headers
    assert (headers["ogc-numbermatched"], headers["content-type"]) == (str(COUNT), kind.value)
    assert headers["vary"] == "Accept"


@pytest.mark.parametrize("read", READ)
async def test_writes_in_between_lose_nothing(shelf: Shelf, read: Any) -> None:
    before = set(shelf.items)

    def write(number: int) -> None:
        shelf.items |= {f"i{number:05}-new": thing(f"i{number:05}-new", n="a text", fresh={"a": number})}
        shelf.items.pop(f"i{number * 10:05}", None)

    shelf.before = write
    found = [item["id"] for item in await read(shelf)]
    assert len(found) == len(set(found))
    assert before & shelf.items.keys() <= set(found)


async def test_a_large_table_is_read_twice_and_a_small_one_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await rows(shelf, search(200))
    assert shelf.limits == [FIRST, 180]
    monkeypatch.setattr(bulk, "KEPT_BYTES", 1000)
    shelf.limits.clear()
    assert len(await rows(shelf)) == COUNT
    assert shelf.limits == [FIRST, *[MOST] * 6]


async def test_fields_are_chosen_in_lines_and_rows(shelf: Shelf) -> None:
    fields = Fields(include=("id", "collection", "properties.n"), exclude=())
    found = await lines(shelf, search(3, fields))
    assert [item["properties"]["n"] for item in found] == [0, 1, 2]
    assert [item["properties"]["n"] for item in await rows(shelf, search(3, fields))] == [0, 1, 2]


@pytest.mark.parametrize("read", READ)
async def test_nothing_found_is_an_empty_export(read: Any) -> None:
    assert await read(Shelf()) == []


@pytest.mark.parametrize("kind", Kind)
async def test_a_fault_before_the_first_byte_is_an_answer(shelf: Shelf, kind: Kind) -> None:
    shelf.before = failing_at(0)
    with pytest.raises(Unavailable):
        await response(shelf, kind)


@pytest.mark.parametrize("kind", Kind)
async def test_a_fault_in_the_middle_never_ends_the_body(shelf: Shelf, kind: Kind) -> None:
    export = await response(shelf, kind)
    shelf.before = failing_at(2)
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    with pytest.raises(Unavailable):
        await export.stream_response(send)
    assert messages[0]["status"] == 200
    assert all(message["more_body"] for message in messages[1:])
    assert bulk.RUNNING.running == 0


async def test_a_head_reads_no_more_than_a_page(shelf: Shelf) -> None:
    messages = await sent(await response(shelf, Kind.NDJSON), head=True)
    assert [message.get("body", b"") for message in messages] == [b"", b""]
    assert shelf.limits == [FIRST]


@pytest.mark.parametrize("kind", Kind)
async def test_too_many_at_once_are_told_to_wait(
    shelf: Shelf, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "RUNNING", Exports(2))
    with bulk.RUNNING.one(), bulk.RUNNING.one(), pytest.raises(Unavailable, match="2 exports") as told:
        await response(shelf, kind)
    assert told.value.retry_after_s > 1
    assert await body(await response(shelf, kind))


def failing_at(number: int) -> Callable[[int], None]:
    def fail(now: int) -> None:
        if now >= number:
            raise Unavailable("the store does not answer")

    return fail
