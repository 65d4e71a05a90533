"""What every route owes a client, whatever it answers: OPTIONS, HEAD, scripts of other origins, compression.

Anybody's web page may read here: nothing that is read depends on who asks, and no cookie is ever looked at. Writing
from another origin's page is not opened: a node that asks for no token, on somebody's own computer, would take what
any web page sends it.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware, add_compress_type

from discovery_api.export import HEAD_ONLY

READING = "Discovery API"  # the tag of routes that change nothing, whatever their method
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PREFLIGHT_AGE_S = 86_400
SHOWN = (
    "Allow, Content-Encoding, ETag, Link, Location, OGC-NumberMatched, Preference-Applied, Retry-After, "
    "X-Request-ID"
)
ASKED = "Accept, Accept-Encoding, Accept-Language, Authorization, Content-Type, If-None-Match, Prefer, X-Request-ID, *"
ANY_ORIGIN = {"access-control-allow-origin": "*", "access-control-expose-headers": SHOWN}
ANY_ORIGIN_RAW = [(name.encode(), value.encode()) for name, value in ANY_ORIGIN.items()]

BYTES_MIN = 1024  # under it, compressing costs more than it saves
SLICE_BYTES = 64 << 10
COMPRESSED = (
    "application/problem+json", "application/schema+json", "application/vnd.oai.openapi+json",
    "application/x-ndjson",
)  # fmt: skip


def add_compression(app: Starlette) -> None:
    """Compress what the app answers with zstd, br or gzip, as the client accepts it, while it is sent."""
    for kind in COMPRESSED:
        add_compress_type(kind)
    app.add_middleware(Slices)
    # The fastest levels: they leave a fifth of a climate item's bytes to send, and higher ones hardly less.
    app.add_middleware(Named, minimum_size=BYTES_MIN, zstd_level=1, brotli_quality=1, gzip_level=1)


class Named(CompressMiddleware):
    """Compresses as the client names it. Who accepts `*` has named nothing that it can surely read."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["headers"] = [
                (name, _named(value) if name == b"accept-encoding" else value)
                for name, value in scope["headers"]
            ]
        await super().__call__(scope, receive, send)


class Slices:
    """Hands a large body on in slices, so that other requests get their turn while it is compressed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def slicing(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= SLICE_BYTES or "accept-encoding" not in Headers(scope=scope):
                await send(message)
                return
            for start in range(0, len(body), SLICE_BYTES):
                more = message.get("more_body", False) or start + SLICE_BYTES < len(body)
                await send({**message, "body": body[start : start + SLICE_BYTES], "more_body": more})
                await asyncio.sleep(0)

        await self.app(scope, receive, slicing)


def allowed(scope: Scope, *, reading: bool = False) -> list[str]:
    """The methods that the path has, none for an unknown path; `reading`: those that change nothing."""
    found = set()
    for route in scope["app"].router.routes:
        match, _ = route.matches(scope)
        if match is not Match.NONE:
            methods = set(getattr(route, "methods", None) or ("GET",))
            found |= {each for each in methods if not reading or each == "GET" or READING in _tags(route)}
    if "GET" in found:
        found.add("HEAD")
    return [method for method in METHODS if method in found or (found and method == "OPTIONS")]


def options(scope: Scope) -> Response | None:
    """The answer to OPTIONS, a preflight or not; None for an unknown path."""
    methods = allowed(scope)
    if not methods:
        return None
    headers = {"allow": ", ".join(methods)}
    if "access-control-request-method" in Headers(scope=scope):
        headers["access-control-allow-methods"] = ", ".join(allowed(scope, reading=True))
        headers["access-control-allow-headers"] = ASKED
        headers["access-control-max-age"] = str(PREFLIGHT_AGE_S)
    return Response(status_code=204, headers=headers)


async def head(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer HEAD as the GET would be answered, without the body."""

    async def without_body(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    asked = {**scope, "method": "GET", HEAD_ONLY: True}  # a copy: the server must go on seeing a HEAD
    await app(asked, receive, without_body)
    scope["route"] = asked.get("route")


def _named(accepted: bytes) -> bytes:
    """Without `*`."""
    if b"*" not in accepted:
        return accepted
    return b",".join(each for each in accepted.split(b",") if each.partition(b";")[0].strip() != b"*")


def _tags(route: BaseRoute) -> list[Any]:
    return getattr(route, "tags", None) or []
