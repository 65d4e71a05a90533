"""A server that answers as Elasticsearch would, or as it should not: one script per bulk request."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from aiohttp import web

from catalogue.elastic_mapping import FORMAT

PRODUCT = {"x-elastic-product": "Elasticsearch"}


class Asked(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def ids(self) -> list[str]:
        """Of a bulk request: the documents' ids."""
        return [orjson.loads(line)["index"]["_id"] for line in self.body.splitlines()[::2]]


Answer = Callable[[web.Request, Asked], Awaitable[web.StreamResponse]]


@dataclass
class FakeElastic:
    """`bulks` are used up in turn, then `otherwise` answers; `others` answers for paths that are not `/_bulk`."""

    otherwise: Answer
    bulks: deque[Answer] = field(default_factory=deque)
    others: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    in_flight: int = 0
    in_flight_most: int = 0
    url: str = ""
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def bulk_requests(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == "/_bulk"]

    async def until_asked(self, path: str) -> None:
        """Wait for the first request to a path."""
        while not any(asked.path == path for asked in self.asked):
            self.news.clear()
            await self.news.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.method, request.path, headers, await request.read())
        self.asked.append(asked)
        self.news.set()
        if request.path != "/_bulk":
            return await self.others.get(request.path.split("/")[1], whole(200, {}))(request, asked)
        self.in_flight += 1
        self.in_flight_most = max(self.in_flight_most, self.in_flight)
        try:
            return await (self.bulks.popleft() if self.bulks else self.otherwise)(request, asked)
        finally:
            self.in_flight -= 1


def whole(status: int, body: Any, **headers: str) -> Answer:
    """One answer to the request as a whole; bytes are sent as they are."""

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        text = body if isinstance(body, bytes) else orjson.dumps(body)
        return web.Response(
            status=status, body=text, headers={"content-type": "application/json", **PRODUCT, **headers}
        )

    return answer


def refusal(status: int, kind: str = "some_exception", reason: str = "because") -> Answer:
    return whole(status, {"error": {"type": kind, "reason": reason}, "status": status})


def each(*statuses: int, kind: str = "some_exception", reason: str = "because") -> Answer:
    """A status for each document, in turn."""

    async def answer(request: web.Request, asked: Asked) -> web.StreamResponse:
        items = []
        for number in range(len(asked.ids)):
            status = statuses[number % len(statuses)]
            error = {"error": {"type": kind, "reason": reason}} if status >= 400 else {}
            items.append({"index": {"status": status, **error}})
        return await whole(200, {"items": items})(request, asked)

    return answer


async def reset(request: web.Request, asked: Asked) -> web.StreamResponse:
    """The connection breaks after the request was read."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def slow(answer: Answer, wait_s: float) -> Answer:
    async def answered(request: web.Request, asked: Asked) -> web.StreamResponse:
        await asyncio.sleep(wait_s)
        return await answer(request, asked)

    return answered


@asynccontextmanager
async def fake_elastic(tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeElastic]:
    """A server that knows the template and accepts everything, until told otherwise."""
    template = {"index_templates": [{"index_template": {"version": FORMAT}}]}
    fake = FakeElastic(each(201), others={"_index_template": whole(200, template)})
    app = web.Application(client_max_size=1 << 30)
    app.router.add_route("*", "/{path:.*}", fake.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        fake.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        yield fake
    finally:
        await runner.cleanup()
