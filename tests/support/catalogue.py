"""A catalogue to read: records put into a store as they are, and the Discovery API over it, without a log."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
from fastapi import FastAPI

from catalogue.lifecycle import State
from catalogue.profile_shelf import shipped
from catalogue.record import Record, encode_record
from catalogue.store import Ref, Store, Verdict, Write, collection_ref, item_ref
from discovery_api.reader import Reader
from discovery_api.routes import router
from federation.app import make_app
from tests.support.memory_store import MemoryStore

Json = dict[str, Any]
ROOT = "http://north.example.org"
KEY = b"what page tokens are signed with"


@dataclass
class Catalogue:
    """A store, its reader and a client."""

    store: Store
    reader: Reader
    app: FastAPI
    http: httpx.AsyncClient
    version: int = 0

    async def put(self, *records: Record) -> None:
        """Store these as they are."""
        self.version += 1
        writes = [
            Write(_ref(record), self.version, encode_record(record), record.fields()) for record in records
        ]
        assert set(await self.store.apply(writes)) <= {Verdict.ACCEPTED}

    async def search(self, **body: Any) -> Json:
        """What a POST finds; it must be understood."""
        answer = await self.http.post("/search", json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


def _ref(record: Record) -> Ref:
    whole = record.item["type"] == "Collection"
    return collection_ref(record.id) if whole else item_ref(record.collection, record.id, record.key)


def a_collection(name: str, **members: Any) -> Record:
    """A Collection whose items' ids are their datasets."""
    extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
    item = {
        "type": "Collection", "stac_version": "1.1.0", "id": name, "description": f"All of {name}",
        "license": "CC-BY-4.0", "extent": extent, "links": [], **members,
    }  # fmt: skip
    return Record(
        name, name, name, State.ACTIVE, False, 1, "north", item, ids={"pattern": None, "order": "text"}
    )


def an_item(name: str, collection: str = "scenes", state: State = State.ACTIVE, **properties: Any) -> Record:
    """An Item with one data file."""
    item = {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": collection,
        "geometry": {"type": "Point", "coordinates": [10.0, 50.0]}, "bbox": [10.0, 50.0, 10.0, 50.0],
        "properties": {
            "datetime": "2026-01-01T00:00:00Z", "latest": state == State.ACTIVE,
            "retracted": state in (State.RETRACTED, State.WITHDRAWN), **properties,
        },
        "links": [],
        "assets": {"data": {"href": "https://data.example.org/a.tif", "roles": ["data"], "alternate:name": "north"}},
    }  # fmt: skip
    reason = None if state == State.ACTIVE else f"it is {state}"
    return Record(
        collection, name, f"{collection}/{name}", state, state == State.ACTIVE, 1, "north", item, reason
    )


@asynccontextmanager
async def catalogue(records: Iterable[Record], store: Store | None = None) -> AsyncIterator[Catalogue]:
    """These records, served."""
    kept = store or MemoryStore()
    book = cast(Any, SimpleNamespace(profile_of=shipped().of))
    reader = Reader(kept, book, "A catalogue", "north", lambda _: ROOT, KEY)
    app = make_app("north", [router(reader)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url=ROOT) as http:
        found = Catalogue(kept, reader, app, http)
        await found.put(*records)
        yield found
