"""A node and a client that speaks HTTP with it, in one process; what tests ask of nearly every answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from catalogue.store import Store
from federation.engines import open_log
from federation.node import Node, make_node
from federation.settings import Settings
from schemas import registry
from stream.errors import PROBLEMS, TYPE_BASE
from stream.events import Event, decode
from stream.log import Log, TopicPartition
from stream.topics import Topics

Json = dict[str, Any]
KEY = "a key that all nodes of the tests share"
FINAL = ("settled", "rejected", "attention")
DEADLINE_S = 30.0


@dataclass
class Served:
    """One node and a client of its own."""

    node: Node
    http: httpx.AsyncClient

    @property
    def topics(self) -> Topics:
        return Topics(self.node.settings.topic_prefix, self.node.settings.generation)

    async def settled(self, method: str, path: str, state: str = "settled", **told: Any) -> Json:
        """Send a write that must be accepted, and wait for its end; the handle as it is then."""
        answer = await self.http.request(method, path, **told)
        assert answer.status_code == 202, answer.text
        return await self.ended(answer.json()["id"], state)

    async def ended(self, handle: str, state: str = "settled") -> Json:
        """The handle once it is final, which must be `state`."""
        found: Json = (await self.http.get(f"/requests/{handle}", params={"wait": DEADLINE_S})).json()
        assert found["state"] == state, found
        return found

    async def item(self, collection: str, item: str, **parameters: str) -> Json:
        """An item that must be there."""
        answer = await self.http.get(f"/collections/{collection}/items/{item}", params=parameters)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def history(self, collection: str, item: str) -> Json:
        """What has happened to a record that anybody may see."""
        answer = await self.http.get(f"/collections/{collection}/items/{item}/history")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def search(self, **body: Any) -> Json:
        """The answer to POST /search."""
        answer = await self.http.post("/search", json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def digest(self) -> Json:
        """All digests of the node."""
        found: Json = (await self.http.get("/digest")).json()
        return {name: found[name] for name in ("collections", "records")}

    async def ends(self) -> dict[str, list[int]]:
        """The ends of the topics that doors write to."""
        topics = (self.topics.transactions, self.topics.collections)
        return {topic: await self.node.log.end(topic) for topic in topics}

    async def events(self) -> list[Event]:
        """All events about items, partition by partition in their order."""
        return [event for _, event in await placed_events(self.node.log, self.topics.transactions)]

    async def caught_up(self) -> None:
        """Wait until this node's followers have done all that the log holds now."""
        await until(lambda: self._done(self.node.groups.index, self._doors()))
        await until(lambda: self._done(self.node.groups.handles, self._outcomes()))

    def _doors(self) -> Sequence[str]:
        return (self.topics.collections, self.topics.transactions)

    def _outcomes(self) -> Sequence[str]:
        return (self.topics.success, self.topics.errors)

    async def _done(self, group: str, topics: Iterable[str]) -> bool:
        log = self.node.log
        return all([await log.committed(group, topic) == await log.end(topic) for topic in topics])


async def placed_events(log: Log, topic: str) -> list[tuple[TopicPartition, Event]]:
    """Every event of a topic with its partition, in the order of its partition."""
    found = []
    for number, end in enumerate(await log.end(topic)):
        place, offset = TopicPartition(topic, number), 0
        while offset < end:
            records = await log.read(place, offset, 1000)
            found += [(place, decode(record.value)) for record in records]
            offset = records[-1].offset + 1
    return found


async def turns(count: int = 50) -> None:
    """Time in which whatever was free to go on would have gone on."""
    for _ in range(count):
        await asyncio.sleep(0.001)


async def until(condition: Callable[[], Awaitable[bool]], deadline_s: float = DEADLINE_S) -> None:
    """Ask again and again until it holds; a failure when it never does."""
    deadline = time.monotonic() + deadline_s
    while not await condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def unchanged(*nodes: Served) -> AsyncIterator[None]:
    """Within it nothing is appended to the log and no record of any node changes."""
    before = [(await served.ends(), await served.digest()) for served in nodes]
    yield
    assert [(await served.ends(), await served.digest()) for served in nodes] == before


def problem(
    answer: httpx.Response, kind: str, *, places: Iterable[str] = (), says: Iterable[str] = ()
) -> Json:
    """The body of a refusal, after checking every member that clients rely on.

    `places` are pointers that findings must name, `says` words of the sentence that helps.
    """
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body: Json = orjson.loads(answer.content)
    status, title = PROBLEMS[kind]
    assert (body["type"], answer.status_code) == (TYPE_BASE + kind, status), body
    assert (body["status"], body["status_code"], body["title"]) == (status, status, title)
    assert registry.validator("problem").is_valid(body), body
    request_id, _, event_id = body["instance"].rpartition(":")
    assert request_id == answer.headers["x-request-id"]
    assert event_id == body.get("handle", "")
    assert len(body["detail"]) > 10, body
    named = [finding["pointer"] for finding in body["findings"]]
    assert set(places) <= set(named), f"{body}: findings name {named}, not {list(places)}"
    missing = [word for word in says if word not in body["detail"]]
    assert not missing, f"{body['detail']!r} does not say {missing}"
    return body


def settings(folder: Path, node: str = "n1", **told: Any) -> Settings:
    """Settings of a test node in a folder that its federation shares."""
    base: Json = {"node": node, "data_dir": folder, "handle_key": KEY}
    return Settings(**(base | told))


@contextlib.asynccontextmanager
async def running(
    chosen: Settings, log: Log | None = None, store: Store | None = None, *, follow: bool = True
) -> AsyncIterator[Served]:
    """A node and its client; stopped at the end. `follow=False` leaves its followers for the test to start."""
    node = await make_node(chosen, log, store)
    if follow:
        node.start()
    address = f"http://{chosen.node}.example.org"
    try:
        async with client(node, address) as http:
            yield Served(node, http)
    finally:
        await node.stop()


def client(node: Node, address: str) -> httpx.AsyncClient:
    """A client that reaches the node's application without a socket."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(node.app), base_url=address, timeout=DEADLINE_S)


@contextlib.asynccontextmanager
async def two_running(
    folder: Path, on: Callable[[str], Json] = lambda node: {}, **told: Any
) -> AsyncIterator[tuple[Served, Served]]:
    """Two nodes of one federation on one log; each expects both. `on` says what a node runs on, see stacks."""
    told = {"expected_nodes": ("n1", "n2")} | told
    chosen = [settings(folder, node, **on(node), **told) for node in ("n1", "n2")]
    log = open_log(chosen[0])
    async with running(chosen[0], log) as first, running(chosen[1], log) as second:
        yield first, second
    await log.close()


def collection(name: str, **members: Any) -> Json:
    """A small valid Collection."""
    extent = {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [["1850-01-01T00:00:00Z", None]]},
    }
    return {
        "type": "Collection", "stac_version": "1.1.0", "id": name, "description": f"All of {name}",
        "license": "CC-BY-4.0", "extent": extent, "links": [], **members,
    }  # fmt: skip


def scene(name: str, collection: str = "scenes", **properties: Any) -> Json:
    """A small valid Item of a collection without versions, with one data file."""
    return {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": collection,
        "geometry": {"type": "Point", "coordinates": [10.0, 50.0]}, "bbox": [10.0, 50.0, 10.0, 50.0],
        "properties": {"datetime": "2026-01-01T00:00:00Z", "title": name, **properties}, "links": [],
        "assets": {
            "data": {
                "href": f"https://data.example.org/{quote(name)}.tif", "roles": ["data"], "alternate:name": "origin",
                "file:size": 100, "file:checksum": "1220" + "ab" * 32,
            }
        },
    }  # fmt: skip


def features(items: Sequence[Json]) -> Json:
    """A FeatureCollection of these Items."""
    return {"type": "FeatureCollection", "features": list(items)}


def operation(op: str, path: str, value: Any = None) -> Json:
    """One operation of a JSON Patch."""
    return {"op": op, "path": path} if op == "remove" else {"op": op, "path": path, "value": value}
