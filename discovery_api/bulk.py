"""The whole result of a search as one stream: application/x-ndjson, or GeoParquet for tables.

The result is read page by page, each page beginning where the last one ended. So memory does not grow with the
result, and writes in between lose nothing: a record that matches all the time, at one place of the order, is in it
exactly once.

Once the first byte is sent, the only way left to tell of a fault is to break the transfer off: the stream raises, the
body never ends properly, and no client takes half a result for a whole one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from catalogue.record import decode_record
from catalogue.store import Page, Query, Store, collection_ref
from discovery_api.export import Export, Exports
from discovery_api.refusals import answerable, malformed
from discovery_api.splice import Splicer
from discovery_api.table_columns import Sketch
from discovery_api.view import shown_collection

if TYPE_CHECKING:
    from discovery_api.reader import Reader
    from discovery_api.searching import Search

PAGE_RECORDS_FIRST, PAGE_RECORDS_MAX = 100, 2000
PAGE_BYTES = 4 << 20  # what a page should come to
CHUNK_RECORDS = 50  # made at once, before other requests get their turn
KEPT_BYTES = 8 << 20  # a result up to this size is read once for a table, not twice
COLLECTIONS_MAX = 100  # told of in a table's metadata
RUNNING = Exports()


class Kind(Enum):
    """The forms of a whole result, by media type."""

    NDJSON = "application/x-ndjson"
    PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True, slots=True)
class Result:
    """All that a query finds, or the first `limit` of it. `first` is its first page, already read."""

    store: Store
    query: Query
    limit: int | None
    first: Page

    async def pages(self) -> AsyncGenerator[list[bytes], None]:
        """The records, page by page; what is past a page is not looked at until it is asked for."""
        page, left = self.first, self.limit
        while page.hits:
            bodies = page.bodies[:left]
            yield bodies
            left = None if left is None else left - len(bodies)
            after = page.after
            if after is None or left == 0:
                return
            page = await self.store.search(replace(self.query, after=after, limit=_records(bodies, left)))


async def bulk_response(reader: Reader, search: Search, root: str, kind: Kind | str) -> Export:
    """Everything that the search finds, or as many as its limit says, where it has one, beginning behind its token.

    Refused and Unavailable as for a page; Unavailable also where too many streams are running.
    """
    query, limit = search.query, search.asked
    if query.backwards:
        raise malformed("token", "leads backwards; an export begins at the beginning, or with a next page")
    first = await _first(reader.store, query, limit)
    result = Result(reader.store, query, limit, first)
    splicer = Splicer(root, show_data=search.show_data, fields=search.fields)
    kind = Kind(kind)
    chunks = _lines(result, splicer) if kind is Kind.NDJSON else _table(result, splicer, reader.store, root)
    headers = {"ogc-numbermatched": str(first.matched), "vary": "Accept"}
    if kind is Kind.PARQUET:
        headers["content-disposition"] = 'attachment; filename="items.parquet"'
    RUNNING.check()
    return Export(chunks, kind.value, headers, RUNNING)


async def _first(store: Store, query: Query, limit: int | None) -> Page:
    """The first page, before anything is sent: what is wrong now is answered as for any search."""
    with answerable():
        return await store.search(replace(query, limit=min(PAGE_RECORDS_FIRST, limit or PAGE_RECORDS_FIRST)))


async def _lines(result: Result, splicer: Splicer) -> AsyncGenerator[bytes, None]:
    """One Item a line."""
    async with aclosing(result.pages()) as pages:
        async for bodies in pages:
            for start in range(0, len(bodies), CHUNK_RECORDS):
                shown = map(splicer.item, bodies[start : start + CHUNK_RECORDS])
                yield b"".join(line for item in shown for line in (item, b"\n"))
                await asyncio.sleep(0)


async def _table(result: Result, splicer: Splicer, store: Store, root: str) -> AsyncGenerator[bytes, None]:
    """A Parquet file. Its columns must be known before its first row, so a large result is read twice."""
    from discovery_api.parquet import Rows  # with pyarrow, which a process has no use for until somebody asks

    sketch, kept = await _looked_at(result, splicer)
    rows = await asyncio.to_thread(Rows, sketch.columns(), deep=sketch.deep)
    if kept is not None:
        for bodies in kept:
            yield await asyncio.to_thread(rows.add, map(splicer.item, bodies))
    else:
        async with aclosing(result.pages()) as pages:
            async for bodies in pages:
                yield await asyncio.to_thread(rows.add, map(splicer.item, bodies))
    yield await asyncio.to_thread(rows.finish, await _collections(store, rows.collections, root))


async def _looked_at(result: Result, splicer: Splicer) -> tuple[Sketch, list[list[bytes]] | None]:
    """What the properties of the result are; and the result, where it is small."""
    sketch, kept, size = Sketch(), [], 0
    async with aclosing(result.pages()) as pages:
        async for bodies in pages:
            await asyncio.to_thread(sketch.see_all, map(splicer.item, bodies))
            size += sum(map(len, bodies))
            if size <= KEPT_BYTES:
                kept.append(bodies)
            else:
                kept = []
    return sketch, kept if size <= KEPT_BYTES else None


async def _collections(store: Store, names: Iterable[str], root: str) -> dict[str, Any]:
    """The Collections as served, by id."""
    refs = [collection_ref(name) for name in sorted(names)[:COLLECTIONS_MAX]]
    found = await store.get_many(refs)
    records = [decode_record(found[ref].body) for ref in refs if ref in found]
    return {record.id: shown_collection(record, root) for record in records}


def _records(bodies: list[bytes], left: int | None) -> int:
    """How many records the next page should have, to be about PAGE_BYTES long."""
    of_size = PAGE_BYTES * len(bodies) // max(1, sum(map(len, bodies)))
    return max(1, min(of_size, PAGE_RECORDS_MAX, left or PAGE_RECORDS_MAX))
