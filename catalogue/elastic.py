"""ElasticStore: the catalogue of one node in Elasticsearch 8 or 9.

Documents are written with external versions and read by real-time multi-get. No scripts, no updates, no deletes:
see `elastic_mapping` for what stands where.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.elastic_bulk import encode
from catalogue.elastic_client import Access, Answered, ElasticClient
from catalogue.elastic_counts import PER_SHARD, PER_SHARD_MOST, Inexact, aggregates_of, counts_body
from catalogue.elastic_indices import Indices
from catalogue.elastic_lookups import Lookups
from catalogue.elastic_mapping import Names, Shape
from catalogue.elastic_query import TooManyBuckets, page_of, prints_body, prints_of, refused, search_body
from catalogue.elastic_writes import Writer
from catalogue.filters import Ability
from catalogue.store import COLLECTIONS, Document, Page, Query, Ref, Unanswerable, Verdict, Write
from stream.errors import Unavailable

SEARCHES_MAX = 16
LOOKUPS_MAX = 2
CACHED_MAX = 1000  # hits of a page whose places the server keeps until a refresh brings something new
INDEX_MISSING, SHARD_MISSING = "index_not_found_exception", "no_shard_available_action_exception"
STARTING_LOOKS_MAX, STARTING_LOOK_S = 20, 0.1
LOOKUP_ANSWER = "docs._id,docs._version,docs._source.body,docs.error"
COUNTS_ANSWER = "hits.total.value,aggregations"
PRINTS_ANSWER = "hits.hits.fields,hits.hits.sort"
SEARCHED = {"ignore_unavailable": "true", "allow_no_indices": "true", "allow_partial_search_results": "false"}
REFRESHED = {"ignore_unavailable": "true", "allow_no_indices": "true", "filter_path": "_shards.failed"}


@dataclass
class ElasticStore:
    """Every process opens its own; they share the indices whose names begin with the prefix.

    `hosts` are URLs with scheme and port. `replicas` None: one where there is a second node. `refresh_ms` is how
    long a search may lag. A request without an answer after `timeout_s` is given up.
    """

    hosts: Sequence[str]
    prefix: str
    access: Access = field(default_factory=Access)
    shards: int = 1
    replicas: int | None = None
    refresh_ms: int = 250
    timeout_s: float = 30.0

    def __post_init__(self) -> None:
        self._names = Names(self.prefix)
        self._client = ElasticClient(self.hosts, self.access, self.timeout_s)
        self._indices = Indices(self._client, self._names, Shape(self.shards, self.replicas, self.refresh_ms))
        self._lookups = Lookups(self._look_up, LOOKUPS_MAX)
        self._writer = Writer(self._client, self._indices)
        self._searches = asyncio.Semaphore(SEARCHES_MAX)

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset()

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        return await self._lookups.get(refs)

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        if not writes:
            return []
        actions = encode(writes, self._names)
        await self._indices.prepare()
        return await self._writer.write(actions)

    async def search(self, query: Query) -> Page:
        path = f"/{self._names.targets(query)}/_search"
        cached = {"request_cache": "true"} if query.limit <= CACHED_MAX else {}
        async with self._searches:
            answer = await self._read(path, search_body(query), **SEARCHED, **cached)
        return page_of(query, answer)

    async def aggregate(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        try:
            return await self._counted(query, wanted)
        except TooManyBuckets:
            if len(wanted) < 2:
                raise
        parts = [
            await self._counted(query, [one]) for one in wanted
        ]  # the server limits those of one request
        return Aggregates(parts[0].matched, tuple(part.counted[0] for part in parts))

    async def fingerprints(self, kind: str, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        alias = self._names.collections if kind == COLLECTIONS else self._names.items(collection)
        answer = await self._read(f"/{alias}/_refresh", None, **REFRESHED)
        if answer.get("_shards", {}).get("failed", 0):
            raise Unavailable(f"a part of {alias} could not be refreshed")
        after = None
        while True:
            body = prints_body(kind, collection, after)
            async with self._searches:
                answer = await self._read(f"/{alias}/_search", body, filter_path=PRINTS_ANSWER, **SEARCHED)
            prints, after = prints_of(answer)
            for pair in prints:
                yield pair
            if after is None:
                return

    async def create(self) -> None:
        """Make the template and the indices that every catalogue has; may be repeated."""
        await self._indices.create()

    async def check(self) -> list[str]:
        """What an operator should know about the indices, one sentence each."""
        return await self._indices.check()

    async def close(self) -> None:
        await self._lookups.close()
        await self._client.close()

    async def _counted(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        """One request; a second one where a shard has more buckets than it was asked for."""
        path = f"/{self._names.targets(query)}/_search"
        reason = ""
        for per_shard in (PER_SHARD, PER_SHARD_MOST):
            body = counts_body(query, wanted, per_shard)
            async with self._searches:
                answer = await self._read(path, body, filter_path=COUNTS_ANSWER, **SEARCHED)
            try:
                return aggregates_of(wanted, answer)
            except Inexact as error:
                reason = str(error)
        raise Unanswerable(reason)

    async def _look_up(self, refs: list[Ref]) -> dict[Ref, Document]:
        """One multi-get; again for a moment where an index is so new that its shards are only starting."""
        for _ in range(STARTING_LOOKS_MAX):
            documents = await self._looked_up(refs)
            if all(document.get("error", {}).get("type") != SHARD_MISSING for document in documents):
                break
            await asyncio.sleep(STARTING_LOOK_S)
        found = {}
        for ref, document in zip(refs, documents, strict=True):
            error = document.get("error")
            if error is not None and error.get("type") != INDEX_MISSING:
                raise Unavailable(f"a document cannot be read: {error.get('type')}: {error.get('reason')}")
            if "_version" in document:
                found[ref] = Document(document["_version"], document["_source"]["body"].encode())
        return found

    async def _looked_up(self, refs: list[Ref]) -> list[dict[str, Any]]:
        wanted = [{"_index": self._names.alias(ref), "_id": ref.id, "routing": ref.routing} for ref in refs]
        answer = await self._read("/_mget", {"docs": wanted}, filter_path=LOOKUP_ANSWER)
        documents: list[dict[str, Any]] = answer.get("docs", [])
        if len(documents) != len(refs):
            raise Unavailable("the answer to a multi-get cannot be read")
        return documents

    async def _read(self, path: str, body: dict[str, Any] | None, **parameters: str) -> dict[str, Any]:
        """An answer that is an object. A refusal is a fault of ours or of the indices: ValueError says which."""
        try:
            answer = await self._client.call("POST", path, body, **parameters)
        except Answered as refusal:
            raise refused(refusal.reason, f"Elasticsearch refuses {path}: {refusal}") from refusal
        if not isinstance(answer, dict):
            raise Unavailable("Elasticsearch's answer cannot be read")
        return answer
