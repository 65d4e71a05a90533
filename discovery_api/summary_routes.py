"""What the catalogue holds, in sum: its aggregations and queryables, of all collections or of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from discovery_api import describing, parameters, summary_describing
from discovery_api.aggregating import aggregated, collection_of
from discovery_api.aggregation_names import available
from discovery_api.aggregation_request import PARAMETERS, read_asked
from discovery_api.describing import CollectionId
from discovery_api.http import answered
from discovery_api.inventory import Inventory
from discovery_api.links import JSON, SCHEMA, collection_url, link
from discovery_api.paging import asked_path
from discovery_api.queryables import Queryables
from discovery_api.reader import Reader
from discovery_api.refusals import malformed
from discovery_api.searching import Searches, texts

FORM = frozenset({"f"})
Json = dict[str, Any]


@dataclass
class Summaries:
    """What the routes need."""

    reader: Reader
    searches: Searches
    inventory: Inventory

    async def check(self, collection: str | None) -> None:
        """Refused (404) where there is no such Collection."""
        if collection is not None and await self.reader.unknown([collection]):
            raise await self.reader.no_collection(collection)

    async def aggregations(self, root: str, collection: str | None) -> Json:
        """Which aggregations there are. Refused (404) for an unknown collection."""
        await self.check(collection)
        known = await self.inventory.of(() if collection is None else (collection,))
        return collection_of(available(known), _links(root, collection, "aggregations"))

    async def aggregate(self, root: str, collection: str | None, given: Json) -> Json:
        """The aggregations that are asked for. Refused: no such collection or aggregation, or a bad search."""
        asked, left = read_asked(given)
        await self.check(collection)
        if collection is not None:
            left.pop("collections", None)
        search = self.searches.read(left, collection)
        await self.reader.check_collections(search.query.collections)
        found = await aggregated(
            self.reader.store, self.inventory, search.query, asked, show_data=search.show_data
        )
        return collection_of(found, _links(root, collection, "aggregate"))


def summary_routes(summaries: Summaries) -> APIRouter:
    """All of them."""
    routes = APIRouter(tags=["Discovery API"])
    _aggregations(routes, summaries)
    _aggregates(routes, summaries)
    _queryables(routes, summaries, Queryables(summaries.reader.store, summaries.inventory))
    return routes


def _aggregations(routes: APIRouter, summaries: Summaries) -> None:
    async def shown(request: Request, collection: str | None) -> Response:
        parameters.from_address(request, FORM)
        found = await summaries.aggregations(summaries.reader.root_url(request), collection)
        return answered(request, orjson.dumps(found), JSON)

    told = describing.answer("The aggregations that there are", summary_describing.COLLECTION)

    @routes.get(
        "/aggregations", summary="Aggregations there are", responses=told | describing.refusals(304, 400, 503)
    )
    async def aggregations(request: Request) -> Response:
        return await shown(request, None)

    @routes.get(
        "/collections/{collection}/aggregations",
        summary="Aggregations there are of a Collection",
        responses=told | describing.refusals(304, 400, 404, 503),
    )
    async def of_collection(request: Request, collection: CollectionId) -> Response:
        return await shown(request, collection)


def _aggregates(routes: APIRouter, summaries: Summaries) -> None:
    async def shown(request: Request, collection: str | None) -> Response:
        posted = request.method == "POST"
        given = (
            await parameters.from_body(request, PARAMETERS)
            if posted
            else parameters.from_address(request, PARAMETERS)
        )
        _only(given, collection)
        found = orjson.dumps(await summaries.aggregate(summaries.reader.root_url(request), collection, given))
        return Response(found, media_type=JSON) if posted else answered(request, found, JSON)

    told = describing.answer("The aggregations that were asked for", summary_describing.COLLECTION)
    address = {"parameters": [*summary_describing.OWN, *describing.parameters(parameters.SELECTING)]}
    body = {"requestBody": summary_describing.BODY}

    @routes.get(
        "/aggregate",
        summary="Aggregate",
        responses=told | describing.refusals(304, 400, 503),
        openapi_extra=address,
    )
    async def aggregate(request: Request) -> Response:
        return await shown(request, None)

    @routes.post(
        "/aggregate",
        summary="Aggregate",
        responses=told | describing.refusals(400, 413, 503),
        openapi_extra=body,
    )
    async def aggregate_posted(request: Request) -> Response:
        return await shown(request, None)

    @routes.get(
        "/collections/{collection}/aggregate",
        summary="Aggregate a Collection",
        responses=told | describing.refusals(304, 400, 404, 503),
        openapi_extra=address,
    )
    async def of_collection(request: Request, collection: CollectionId) -> Response:
        return await shown(request, collection)

    @routes.post(
        "/collections/{collection}/aggregate",
        summary="Aggregate a Collection",
        responses=told | describing.refusals(400, 404, 413, 503),
        openapi_extra=body,
    )
    async def of_collection_posted(request: Request, collection: CollectionId) -> Response:
        return await shown(request, collection)


def _queryables(routes: APIRouter, summaries: Summaries, queryables: Queryables) -> None:
    told, reader = describing.answer("A JSON Schema", summary_describing.QUERYABLES, SCHEMA), summaries.reader

    @routes.get(
        "/queryables",
        summary="What can be filtered by",
        responses=told | describing.refusals(304, 400, 503),
        openapi_extra={"parameters": describing.parameters(frozenset({"collections"}))},
    )
    async def of_all(request: Request) -> Response:
        given = parameters.from_address(request, FORM | {"collections"})
        collections = tuple(dict.fromkeys(given.get("collections", ())))
        await summaries.reader.check_collections(collections)
        return await shown(request, collections)

    @routes.get(
        "/collections/{collection}/queryables",
        summary="What Items of a Collection can be filtered by",
        responses=told | describing.refusals(304, 400, 404, 503),
    )
    async def of_collection(request: Request, collection: CollectionId) -> Response:
        parameters.from_address(request, FORM)
        await summaries.check(collection)
        return await shown(request, (collection,))

    async def shown(request: Request, collections: tuple[str, ...]) -> Response:
        asked = request.url.query
        href = reader.root_url(request) + asked_path(request) + (f"?{asked}" if asked else "")
        title = f"What Items of {', '.join(collections[:5]) or reader.title} can be filtered by"
        found = await queryables.schema(collections, href, title)
        return answered(request, orjson.dumps(found), SCHEMA)


def _only(given: Json, collection: str | None) -> None:
    """A route of one collection answers for no other."""
    if collection is not None and not set(texts(given, "collections")) <= {collection}:
        raise malformed("collections", f"can only be the one of the path here: {collection}")


def _links(root: str, collection: str | None, kind: str) -> list[Json]:
    here = root if collection is None else collection_url(collection, root)
    found = [link("self", f"{here}/{kind}"), link("root", f"{root}/")]
    return found if collection is None else [*found, link("collection", here)]
