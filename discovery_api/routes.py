"""The routes of the Discovery API: reading the catalogue of this node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request, Response

from catalogue.digest import Digest, bucket_of
from catalogue.head import Head, decode_head
from catalogue.lifecycle import State
from catalogue.profile import Profile
from catalogue.record import Record, decode_record
from catalogue.store import COLLECTIONS, ITEMS, Store, collection_ref, head_ref, item_ref
from catalogue.store import Query as StoreQuery
from discovery_api.query import RETRACTED_MODES, Search, read_search
from discovery_api.view import history, shown_collection, shown_item, tombstone
from stream.errors import Refused
from stream.keys import dataset_key, valid_id

GEOJSON, JSON = "application/geo+json", "application/json"
BODY_BYTES_MAX = 1 << 20
COLLECTIONS_MAX = 10_000
CONFORMANCE = (
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
Json = dict[str, Any]


@dataclass
class Reader:
    """Everything that the routes need. `root_url` tells the address that clients see."""

    store: Store
    profile_of: Callable[[str], Profile]
    title: str
    node: str
    root_url: Callable[[Request], str]

    def retracted(self, collections: Any) -> str:
        """What a search of these shows of retracted records by default: the least that one of their profiles says."""
        names = [collections] if isinstance(collections, str) else collections
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            return RETRACTED_MODES[0]
        return min((self.profile_of(name).retracted for name in names), key=RETRACTED_MODES.index)

    async def collection(self, collection: str) -> Record:
        """Refused (404) where there is none."""
        ref = collection_ref(collection)
        found = (await self.store.get_many([ref])).get(ref) if valid_id(collection) else None
        if found is None:
            raise Refused("collection-does-not-exist", f"there is no collection {collection}")
        return decode_record(found.body)

    async def item(self, collection: str, item_id: str) -> tuple[Record | None, Head | None]:
        """The record and the head of its dataset, as they stand now. Refused (404) for an id that names nothing."""
        if not valid_id(item_id):
            raise _no_item(item_id)
        try:
            dataset = self.profile_of((await self.collection(collection)).id).rules(item_id).dataset
        except Refused as refusal:
            raise _no_item(item_id) if refusal.problem.kind == "stac-validation" else refusal from refusal
        key = dataset_key(collection, dataset)
        head, item = head_ref(key), item_ref(collection, item_id, key)
        found = await self.store.get_many([head, item])
        return (
            decode_record(found[item].body) if item in found else None,
            decode_head(found[head].body) if head in found else None,
        )

    async def collections(self) -> list[Record]:
        """All Collections, in the order of their ids."""
        page = await self.store.search(StoreQuery(COLLECTIONS, limit=COLLECTIONS_MAX))
        return [decode_record(body) for body in page.bodies]

    async def search(self, search: Search, root: str) -> tuple[Json, str | None]:
        """One page as a FeatureCollection with exact counts, and the place of the next one."""
        page = await self.store.search(search.query)
        features = [
            shown_item(decode_record(body), root, None, show_data=search.show_data) for body in page.bodies
        ]
        counts = {"numberMatched": page.matched, "numMatched": page.matched}
        counts |= {"numberReturned": len(features), "numReturned": len(features)}
        return {"type": "FeatureCollection", "features": features, **counts}, page.after


def router(reader: Reader) -> APIRouter:
    """All routes of the Discovery API."""
    routes = APIRouter(tags=["Discovery API"])
    _catalogue(routes, reader)
    _items(routes, reader)
    _searches(routes, reader)
    _digests(routes, reader)
    return routes


def _catalogue(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/", summary="The catalogue")
    async def landing(request: Request) -> Response:
        root = reader.root_url(request)
        links = [
            ("self", "/", JSON), ("root", "/", JSON), ("data", "/collections", JSON),
            ("conformance", "/conformance", JSON),
            ("service-desc", "/openapi.json", "application/vnd.oai.openapi+json;version=3.0"),
            ("service-doc", "/docs", "text/html"),
        ]  # fmt: skip
        shown = [{"rel": rel, "href": root + path, "type": kind} for rel, path, kind in links]
        shown += [
            {"rel": "search", "href": f"{root}/search", "type": GEOJSON, "method": m} for m in ("GET", "POST")
        ]
        return _json({
            "type": "Catalog", "stac_version": "1.1.0", "id": reader.node, "title": reader.title,
            "description": f"The catalogue of the node {reader.node}", "conformsTo": CONFORMANCE, "links": shown,
        })  # fmt: skip

    @routes.get("/conformance", summary="What this API conforms to")
    async def conformance() -> Response:
        return _json({"conformsTo": CONFORMANCE})

    @routes.get("/collections", summary="All Collections")
    async def collections(request: Request) -> Response:
        root = reader.root_url(request)
        found = [shown_collection(record, root) for record in await reader.collections()]
        links = [
            {"rel": rel, "href": root + path, "type": JSON}
            for rel, path in (("self", "/collections"), ("root", "/"))
        ]
        counts = {"numberMatched": len(found), "numberReturned": len(found)}
        return _json({"collections": found, "links": links, **counts})

    @routes.get("/collections/{collection}", summary="One Collection")
    async def collection_(request: Request, collection: str) -> Response:
        return _json(shown_collection(await reader.collection(collection), reader.root_url(request)))


def _items(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/collections/{collection}/items", summary="Items of a Collection")
    async def items(
        request: Request, collection: str,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 10,
        token: str | None = None,
    ) -> Response:  # fmt: skip
        await reader.collection(collection)
        search = read_search(
            {"collections": [collection], "limit": limit, "token": token}, reader.retracted(collection)
        )
        return await _page(request, reader, search, {})

    @routes.get("/collections/{collection}/items/{item}", summary="One Item")
    async def item_(
        request: Request, collection: str, item: str,
        retracted: Literal["exclude", "hide-data", "include"] | None = None,
        purged: Literal["exclude", "include"] = "exclude",
    ) -> Response:  # fmt: skip
        record, head = await reader.item(collection, item)
        if record is None or (record.state == State.PURGED and purged != "include"):
            raise _no_item(item)
        if record.state == State.WITHDRAWN:
            raise tombstone(record)
        shown = shown_item(
            record,
            reader.root_url(request),
            head,
            show_data=(retracted or reader.retracted(collection)) == "include",
        )
        return _json(shown, GEOJSON)

    @routes.get("/collections/{collection}/items/{item}/history", summary="What has happened to an Item")
    async def history_(collection: str, item: str) -> Response:
        record, head = await reader.item(collection, item)
        if head is None or record is None or record.state == State.PURGED:
            raise _no_item(item)
        return _json(history(head, item))


def _searches(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/search", summary="Search")
    async def search_get(request: Request) -> Response:
        parameters: Json = dict(request.query_params)
        for name in ("ids", "collections"):
            if name in parameters:
                parameters[name] = [text for text in parameters[name].split(",") if text]
        for name in ("limit", "filter", "query"):
            if name in parameters:
                parameters[name] = _decoded(name, parameters[name])
        return await _page(
            request,
            reader,
            read_search(parameters, reader.retracted(parameters.get("collections"))),
            {"method": "GET"},
        )

    @routes.post("/search", summary="Search")
    async def search_post(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise Refused("body-too-large", f"a search is at most {BODY_BYTES_MAX} bytes")
        value = _decoded("body", body or b"{}")
        if not isinstance(value, dict):
            raise Refused("malformed-query", "the body of a search is an object")
        return await _page(
            request,
            reader,
            read_search(value, reader.retracted(value.get("collections"))),
            {"method": "POST", "body": value},
        )


async def _page(request: Request, reader: Reader, search: Search, next_: Json) -> Response:
    root = reader.root_url(request)
    found, after = await reader.search(search, root)
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    links = [
        {"rel": "self", "href": root + here, "type": GEOJSON},
        {"rel": "root", "href": f"{root}/", "type": JSON},
    ]
    if after is not None:
        link = {"rel": "next", "type": GEOJSON, "href": root + request.url.path, **next_}
        if "body" in next_:
            link["body"] = {**next_["body"], "token": after}
        else:
            link["href"] = (
                root + request.url.path + "?" + str(request.url.include_query_params(token=after).query)
            )
        links.append(link)
    return _json({**found, "links": links}, GEOJSON)


def _digests(routes: APIRouter, reader: Reader) -> None:
    @routes.get("/digest", summary="Digest of every collection")
    async def digest() -> Response:
        found = {}
        for record in await reader.collections():
            counted = await _digest(reader, ITEMS, record.id)
            found[record.id] = {"count": counted.count, "digest": counted.total}
        of_collections = Digest()
        for record in await reader.collections():
            async for record_id, print_ in reader.store.fingerprints(COLLECTIONS, record.id):
                of_collections.add(record_id, print_)
        return _json({"node": reader.node, "collections": found, "records": of_collections.total})

    @routes.get("/digest/{collection}", summary="Digest of a collection's buckets")
    async def digest_buckets(collection: str) -> Response:
        counted = await _digest(reader, ITEMS, (await reader.collection(collection)).id)
        return _json({"count": counted.count, "digest": counted.total, "buckets": counted.buckets()})

    @routes.get("/digest/{collection}/{bucket}", summary="Fingerprints of a bucket's records")
    async def digest_records(collection: str, bucket: int) -> Response:
        await reader.collection(collection)
        prints = reader.store.fingerprints(ITEMS, collection)
        return _json(
            {"records": {item: print_.hex() async for item, print_ in prints if bucket_of(item) == bucket}}
        )


async def _digest(reader: Reader, kind: str, collection: str) -> Digest:
    found = Digest()
    async for record_id, print_ in reader.store.fingerprints(kind, collection):
        found.add(record_id, print_)
    return found


def _decoded(name: str, text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise Refused("malformed-query", f"{name} is not JSON: {error}") from error


def _no_item(item: str) -> Refused:
    return Refused("item-does-not-exist", f"there is no item {item}")


def _json(value: Any, kind: str = JSON) -> Response:
    return Response(orjson.dumps(value), media_type=kind)
