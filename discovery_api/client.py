"""The core client: what stac-fastapi asks for, answered as bytes so that nothing is encoded twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

import orjson
from fastapi import Request, Response
from stac_fastapi.types.core import AsyncBaseCoreClient

from catalogue.lifecycle import State
from catalogue.record import decode_record
from catalogue.store import COLLECTIONS, Page
from discovery_api.browse import Browse, browsed, read_steps
from discovery_api.bulk import bulk_response
from discovery_api.collection_search import CollectionSearch
from discovery_api.conformance import conformance
from discovery_api.describing import CollectionId, ItemId
from discovery_api.http import answered
from discovery_api.landing import children, landing
from discovery_api.links import GEOJSON, JSON, OPENAPI
from discovery_api.page import page_response
from discovery_api.paging import page_links, turns
from discovery_api.parameters import BROWSE, ITEM, NONE, SEARCH, check_names, from_address, from_body
from discovery_api.parameters import COLLECTIONS as COLLECTION_SEARCH
from discovery_api.parameters import ITEMS as OF_ITEMS
from discovery_api.reader import Reader
from discovery_api.refusals import answerable, shown
from discovery_api.searching import Search, modes
from discovery_api.sorting import check_sorts, is_sure
from discovery_api.splice import Splicer
from discovery_api.view import history, shown_collection, shown_item, tombstone
from discovery_api.wanted import wanted_kind
from stream.errors import Refused

ITEMS_AT_ONCE = 500  # others get their turn in between
TAGGED_BYTES_MAX = 256 << 10
NEGOTIATED = {"vary": "Accept"}  # these routes have other forms for who asks
Json = dict[str, Any]


class Client(AsyncBaseCoreClient):
    """Every method is an endpoint and gives a Response. Refused: what is not understood, and what is not there.

    stac-fastapi would read each request into a model of its own first, member by member and in a thread, which takes
    longer than most searches; here one reader sees the whole request.
    """

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader
        self._collections: CollectionSearch | None = None

    async def landing_page(self, request: Request) -> Response:  # type: ignore[override]
        """GET /: a page for people, JSON for programs."""
        page = page_response(request)
        if page is not None:
            return page  # its address holds what the page shows
        from_address(request, NONE)
        reader = self.reader
        classes = conformance(reader.store.abilities, request.app.routes)
        found = await reader.collections()
        body = landing(reader.node, reader.title, reader.root_url(request), classes, found)
        return answered(request, orjson.dumps(body), JSON, headers=NEGOTIATED)

    async def conformance(self, request: Request) -> Response:  # type: ignore[override]
        """GET /conformance."""
        from_address(request, NONE)
        classes = conformance(self.reader.store.abilities, request.app.routes)
        return answered(request, orjson.dumps({"conformsTo": classes}), JSON)

    async def openapi(self, request: Request) -> Response:
        """GET /api: what the whole process answers, with the media type that STAC asks for."""
        from_address(request, NONE)
        return answered(request, orjson.dumps(request.app.openapi()), OPENAPI)

    async def children(self, request: Request) -> Response:
        """GET /children."""
        from_address(request, NONE)
        body = children(self.reader.root_url(request), await self.reader.collections())
        return answered(request, orjson.dumps(body), JSON)

    async def all_collections(self, request: Request) -> Response:  # type: ignore[override]
        """GET /collections."""
        reader, parameters = self.reader, from_address(request, COLLECTION_SEARCH)
        if self._collections is None:
            self._collections = CollectionSearch(reader.store)
        search = reader.searches.read(parameters, kind=COLLECTIONS)
        if not all(map(is_sure, search.query.sort)):
            check_sorts(
                search.query.sort, {name for each in await reader.collections() for name in each.item}
            )
        page = await _found(self._collections.find(search.query))
        root = reader.root_url(request)
        bodies = [shown_collection(decode_record(body), root) for body in page.bodies]
        if search.fields is not None:
            bodies = [search.fields.of(body) for body in bodies]
        links = page_links(
            request, root, turns(search.query, page), reader.tokens.of(search.digest), None, JSON
        )
        counts = {"numberMatched": page.matched, "numberReturned": len(bodies)}
        return answered(request, orjson.dumps({"collections": bodies, "links": links, **counts}), JSON)

    async def get_collection(  # type: ignore[override]
        self, request: Request, collection: CollectionId
    ) -> Response:
        """GET /collections/{collection}."""
        from_address(request, NONE)
        found = shown_collection(await self.reader.collection(collection), self.reader.root_url(request))
        return answered(request, orjson.dumps(found), JSON)

    async def browse(self, request: Request, collection: CollectionId) -> Response:
        """GET /collections/{collection}/browse."""
        check_names(request.query_params, BROWSE)
        await self.reader.collection(collection)
        steps = read_steps(request.query_params.getlist("at"))
        here = Browse(collection, steps, request.query_params.get("token"))
        found = await browsed(self.reader, here, self.reader.root_url(request))
        return answered(request, orjson.dumps(found), JSON)

    async def item_collection(  # type: ignore[override]
        self, request: Request, collection: CollectionId
    ) -> Response:
        """GET /collections/{collection}/items."""
        if await self.reader.unknown([collection]):
            raise await self.reader.no_collection(collection)
        return await self._search(request, from_address(request, OF_ITEMS), collection, None)

    async def get_search(self, request: Request) -> Response:  # type: ignore[override]
        """GET /search."""
        return await self._search(request, from_address(request, SEARCH), None, None)

    async def post_search(self, request: Request) -> Response:  # type: ignore[override]
        """POST /search."""
        parameters = await from_body(request, SEARCH)
        return await self._search(request, parameters, None, parameters)

    async def get_item(  # type: ignore[override]
        self, request: Request, collection: CollectionId, item: ItemId
    ) -> Response:
        """GET /collections/{collection}/items/{item}."""
        mode, purged = modes(from_address(request, ITEM), self.reader.retracted((collection,)))
        found = await self.reader.item(collection, item)
        if found is None or (found.record.state == State.PURGED and not purged):
            raise _no_item(item)
        if found.record.state == State.WITHDRAWN:
            raise tombstone(found.record)
        root = self.reader.root_url(request)
        body = shown_item(found.record, root, found.head, show_data=mode == "include")
        return answered(request, orjson.dumps(body), GEOJSON)

    async def history(self, request: Request, collection: CollectionId, item: ItemId) -> Response:
        """GET /collections/{collection}/items/{item}/history."""
        from_address(request, NONE)
        found = await self.reader.item(collection, item)
        if found is None or found.head is None or found.record.state == State.PURGED:
            raise _no_item(item)
        return answered(request, orjson.dumps(history(found.head, item)), JSON)

    async def _search(
        self, request: Request, parameters: Json, collection: str | None, body: Json | None
    ) -> Response:
        reader, root = self.reader, self.reader.root_url(request)
        search = reader.searches.read(parameters, collection)
        if collection is None:
            await reader.check_collections(search.query.collections)
        await reader.check_sorts(search.query.sort)
        kind = wanted_kind(request, parameters)
        if kind is not None:
            return await bulk_response(reader, search, root, kind)
        page = await _found(reader.store.search(search.query))
        links = page_links(request, root, turns(search.query, page), reader.tokens.of(search.digest), body)
        answer = await _collected(page, search, root, links)
        if body is not None or len(answer) > TAGGED_BYTES_MAX:
            return Response(answer, media_type=GEOJSON, headers=NEGOTIATED)
        return answered(request, answer, GEOJSON, headers=NEGOTIATED)


async def _found(asking: Awaitable[Page]) -> Page:
    """The page. Refused where the store cannot answer."""
    with answerable():
        return await asking


async def _collected(page: Page, search: Search, root: str, links: Sequence[Json]) -> bytes:
    """The FeatureCollection. A long one is written in turns."""
    splicer = Splicer(root, show_data=search.show_data, fields=search.fields)
    bodies, parts = page.bodies, []
    for start in range(0, len(bodies), ITEMS_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        parts.append(b",".join(map(splicer.item, bodies[start : start + ITEMS_AT_ONCE])))
    counts = b'"numberMatched":%d,"numMatched":%d,"numberReturned":%d,"numReturned":%d}' % (
        page.matched, page.matched, len(bodies), len(bodies),
    )  # fmt: skip
    return b"".join((
        b'{"type":"FeatureCollection","features":[', b",".join(parts), b'],"links":', orjson.dumps(links), b",", counts,
    ))  # fmt: skip


def _no_item(item: str) -> Refused:
    return Refused("item-does-not-exist", f"there is no item {shown(item)}")
