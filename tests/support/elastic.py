"""Stores on a shared Elasticsearch, each with names of its own, and nothing of them left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from elasticsearch import AsyncElasticsearch

from catalogue.elastic import ElasticStore

REFRESH_MS = 50


@asynccontextmanager
async def store_on(url: str, **options: Any) -> AsyncIterator[ElasticStore]:
    """A store under a new prefix."""
    store = ElasticStore([url], f"t{uuid4().hex[:8]}", **{"refresh_ms": REFRESH_MS, "replicas": 0, **options})
    try:
        yield store
    finally:
        await store.close()
        await remove(url, store.prefix)


async def remove(url: str, prefix: str) -> None:
    """Delete the indices and the template of a prefix."""
    client = AsyncElasticsearch([url], request_timeout=60)
    try:
        for index in await client.indices.get(index=f"{prefix}.index.*"):
            await client.indices.delete(index=index)
        await client.options(ignore_status=404).indices.delete_index_template(name=prefix)
    finally:
        await client.close()
