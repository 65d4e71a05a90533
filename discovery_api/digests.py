"""Digests: what two nodes compare to find the records that differ, in three questions."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Response

from catalogue.digest import BUCKETS, Digest, bucket_of
from catalogue.store import COLLECTIONS, ITEMS
from discovery_api.describing import CollectionId, refusals
from discovery_api.reader import Reader


def digest_routes(reader: Reader) -> APIRouter:
    """The routes under /digest."""
    routes = APIRouter(tags=["Digests"])

    @routes.get("/digest", summary="Digest of every collection", responses=refusals(503))
    async def digest() -> Response:
        found, of_collections = {}, Digest()
        for record in await reader.collections():
            counted = await _digest(reader, ITEMS, record.id)
            found[record.id] = {"count": counted.count, "digest": counted.total}
            async for record_id, print_ in reader.store.fingerprints(COLLECTIONS, record.id):
                of_collections.add(record_id, print_)
        return _json({"node": reader.node, "collections": found, "records": of_collections.total})

    @routes.get(
        "/digest/{collection}", summary="Digest of a collection's buckets", responses=refusals(404, 503)
    )
    async def digest_buckets(collection: CollectionId) -> Response:
        counted = await _digest(reader, ITEMS, (await reader.collection(collection)).id)
        return _json({"count": counted.count, "digest": counted.total, "buckets": counted.buckets()})

    @routes.get(
        "/digest/{collection}/{bucket}",
        summary="Fingerprints of a bucket's records",
        responses=refusals(400, 404, 503),
    )
    async def digest_records(
        collection: CollectionId,
        bucket: Annotated[int, Path(description="The bucket, counted from 0", ge=0, lt=BUCKETS)],
    ) -> Response:
        await reader.collection(collection)
        prints = reader.store.fingerprints(ITEMS, collection)
        return _json(
            {"records": {item: print_.hex() async for item, print_ in prints if bucket_of(item) == bucket}}
        )

    return routes


async def _digest(reader: Reader, kind: str, collection: str) -> Digest:
    found = Digest()
    async for record_id, print_ in reader.store.fingerprints(kind, collection):
        found.add(record_id, print_)
    return found


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")
