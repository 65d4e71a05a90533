"""The page and its files over HTTP. All of it is read once, when the routes are made."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from discovery_api.page.land import land_json
from discovery_api.page.preference import prefers_html
from stream.errors import Refused

STATIC = Path(__file__).with_name("static")
DOCUMENT = "index.html"
LAND = "land.json"
# `default-src` alone would do; the others are what it does not cover.
POLICY = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-cache",  # a browser asks each time whether its copy is still right
}
KINDS = {".js": "text/javascript; charset=utf-8", ".html": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class File:
    """What is sent."""

    body: bytes
    kind: str
    tag: str


def page_response(request: Request) -> Response | None:
    """The page for whoever prefers HTML; None for programs, which read the catalogue as JSON.

    The answer for these has to say `Vary: Accept` too, since both are at one address.
    """
    if not prefers_html(request.headers.get("accept")):
        return None
    return _answer(request, _document(), {"vary": "Accept"})


def page_routes(land: Path | None = None) -> APIRouter:
    """The files of the page. `land`: GeoJSON polygons for the map instead of the rough outlines that come with it.

    ValueError says what is wrong with that file, OSError that it cannot be read.
    """
    files = {path.name: _read(path) for path in sorted(STATIC.iterdir()) if path.name != DOCUMENT}
    files[LAND] = _file(land_json(land or STATIC / LAND), LAND)
    routes = APIRouter(include_in_schema=False)

    @routes.get("/page/{name}")
    async def file_(request: Request, name: str) -> Response:
        if name not in files:
            raise Refused("route-does-not-exist", f"the page has no file {name[:100]}")
        return _answer(request, files[name], {})

    return routes


@cache
def _document() -> File:
    return _read(STATIC / DOCUMENT)


def _read(path: Path) -> File:
    return _file(path.read_bytes(), path.name)


def _file(body: bytes, name: str) -> File:
    kind = KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return File(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _answer(request: Request, file: File, more: dict[str, str]) -> Response:
    headers = {**HEADERS, **more, "etag": file.tag}
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if file.tag in known:
        return Response(status_code=304, headers=headers)
    return Response(file.body, 200, headers, file.kind)
