"""What every route owes a client: OPTIONS with Allow, HEAD, other origins, compression, ETags."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import brotli  # type: ignore[import-untyped]
import httpx
import pytest
import zstandard
from fastapi import APIRouter, Request, Response
from starlette.responses import StreamingResponse

from discovery_api.http import answered, tag_of
from federation.app import make_app
from federation.manners import BYTES_MIN, SLICE_BYTES
from stream.errors import Refused, Unavailable
from tests.support.http import Served

ORIGIN = {"origin": "https://browser.example.org"}
PREFLIGHT = {
    **ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization",
}
TEXT = b'{"text": "' + b"all work and no play " * 5000 + b'"}'
SMALL = b'{"text": "' + b"x" * (BYTES_MIN - 20) + b'"}'
UNPACK: dict[str, Any] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


def reading() -> APIRouter:
    routes = APIRouter(tags=["Discovery API"])

    @routes.get("/things/{name}")
    async def thing(request: Request, name: str) -> Response:
        if name == "none":
            raise Refused("item-does-not-exist", "there is no such thing")
        if name == "away":
            raise Unavailable("not now", 7)
        if name == "fault":
            raise RuntimeError("a fault")
        return answered(
            request, {"large": TEXT, "small": SMALL}[name], "application/json", headers={"vary": "Accept"}
        )

    @routes.post("/things")
    async def search(request: Request) -> Response:
        return Response(await request.body(), media_type="application/geo+json")

    @routes.get("/stream")
    async def stream() -> Response:
        async def chunks() -> AsyncIterator[bytes]:
            for number in range(50):
                yield b'{"n": %d, "text": "the same again"}\n' % number * 200

        return StreamingResponse(chunks(), media_type="application/x-ndjson")

    @routes.get("/packed/{kind}")
    async def packed(kind: str) -> Response:
        if kind == "gzip":
            return Response(
                gzip.compress(TEXT), headers={"content-encoding": "gzip"}, media_type="application/json"
            )
        return Response(TEXT, media_type="application/vnd.apache.parquet")

    return routes


def writing() -> APIRouter:
    routes = APIRouter(tags=["Transaction API"])

    @routes.post("/things/{name}")
    async def publish(name: str) -> Response:
        return Response(name, 202, {"location": "/requests/1"})

    @routes.delete("/things/{name}")
    async def retract(name: str) -> Response:
        return Response(name, 202)

    return routes


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app("t", [reading(), writing()]), raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://n1", headers={"accept-encoding": ""}
    ) as client:
        yield client


def accepting(encoding: str) -> dict[str, str]:
    return {"accept-encoding": encoding}


async def raw(http: httpx.AsyncClient, path: str, headers: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
    """An answer, and its body as it was sent."""
    async with http.stream("GET", path, headers=headers) as answer:
        return answer, b"".join([chunk async for chunk in answer.aiter_raw()])


METHODS = {
    "/things/small": "GET, HEAD, POST, DELETE, OPTIONS",
    "/things": "POST, OPTIONS",
    "/stream": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize(("path", "methods"), METHODS.items())
async def test_options_names_the_methods_of_the_path(
    http: httpx.AsyncClient, path: str, methods: str
) -> None:
    answer = await http.options(path)
    assert (answer.status_code, answer.headers["allow"], answer.content) == (204, methods, b"")
    assert answer.headers["x-request-id"]


async def test_options_of_an_unknown_path_is_404(http: httpx.AsyncClient) -> None:
    for headers in ({}, PREFLIGHT):
        assert (await http.options("/nothing/here", headers=headers)).status_code == 404


@pytest.mark.parametrize(("path", "methods"), METHODS.items())
async def test_405_names_the_methods_of_the_path(http: httpx.AsyncClient, path: str, methods: str) -> None:
    answer = await http.put(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)
    assert answer.json()["type"].endswith("method-not-allowed")


PREFLIGHTS = {"/things/small": "GET, HEAD, OPTIONS", "/things": "POST, OPTIONS"}


@pytest.mark.parametrize(("path", "methods"), PREFLIGHTS.items())
async def test_a_preflight_opens_what_only_reads(http: httpx.AsyncClient, path: str, methods: str) -> None:
    answer = await http.options(path, headers=PREFLIGHT)
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == methods
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert int(answer.headers["access-control-max-age"]) > 0


@pytest.mark.parametrize("name", ["small", "none", "away", "fault"])
async def test_every_answer_may_be_read_by_any_origin(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/things/{name}", headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"] == "*"
    shown = {each.strip().lower() for each in answer.headers["access-control-expose-headers"].split(",")}
    assert {"location", "link", "etag", "retry-after", "x-request-id", "ogc-numbermatched"} <= shown
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/things/small", "/things/large", "/things/none", "/stream", "/openapi.json"]
)
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_head_is_get_without_the_body(http: httpx.AsyncClient, path: str, encoding: str) -> None:
    got, _ = await raw(http, path, accepting(encoding))
    asked = await http.head(path, headers=accepting(encoding))
    assert (asked.status_code, asked.content) == (got.status_code, b"")
    own = {"x-request-id"}
    assert {*asked.headers.items()} - {(name, asked.headers[name]) for name in own} == {
        (name, value) for name, value in got.headers.items() if name not in own
    }


async def test_head_of_what_has_no_get_is_405(http: httpx.AsyncClient) -> None:
    answer = await http.head("/things")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize("encoding", UNPACK)
@pytest.mark.parametrize("path", ["/things/large", "/stream"])
async def test_answers_are_compressed_as_accepted(http: httpx.AsyncClient, encoding: str, path: str) -> None:
    plain, whole = await raw(http, path, accepting("identity"))
    answer, body = await raw(http, path, accepting(encoding))
    assert "content-encoding" not in plain.headers
    assert answer.headers["content-encoding"] == encoding
    assert len(body) < len(whole) / 10
    assert UNPACK[encoding](body) == whole
    for each in (plain, answer):
        assert "accept-encoding" in each.headers["vary"].lower()


@pytest.mark.parametrize(
    ("accepted", "sent"),
    [
        ("zstd, br, gzip", "zstd"), ("gzip;q=1.0, br;q=0.5", "br"), ("gzip;q=0", None), ("*;q=0", None),
        ("*", None), ("gzip, *;q=0", "gzip"), (" * ;q=0.5,br", "br"), ("*, *", None),
        ("deflate", None), ("gzip;q=x", None), ("", None), ("GZIP", "gzip"), ("zstd;q=0, gzip", "gzip"),
    ],
)  # fmt: skip
async def test_what_the_client_accepts_decides(
    http: httpx.AsyncClient, accepted: str, sent: str | None
) -> None:
    answer, body = await raw(http, "/things/large", accepting(accepted))
    assert answer.headers.get("content-encoding") == sent
    assert (body == TEXT) == (sent is None)


async def test_small_answers_and_what_is_packed_already_are_left_alone(http: httpx.AsyncClient) -> None:
    answer, body = await raw(http, "/things/small", accepting("gzip"))
    assert ("content-encoding" not in answer.headers, body) == (True, SMALL)
    answer, body = await raw(http, "/packed/gzip", accepting("zstd"))
    assert (answer.headers["content-encoding"], gzip.decompress(body)) == ("gzip", TEXT)
    answer, body = await raw(http, "/packed/parquet", accepting("zstd"))
    assert ("content-encoding" not in answer.headers, body) == (True, TEXT)


async def test_a_posted_search_is_compressed_too(http: httpx.AsyncClient) -> None:
    answer = await http.post("/things", content=TEXT, headers=accepting("gzip"))
    assert (answer.headers["content-encoding"], answer.content) == ("gzip", TEXT)


async def test_compressing_a_large_answer_lets_others_through() -> None:
    large, turns = TEXT * 200, 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    routes = APIRouter()

    @routes.get("/large")
    async def get() -> Response:
        return Response(large, media_type="application/json")

    transport = httpx.ASGITransport(make_app("t", [routes]))
    async with httpx.AsyncClient(transport=transport, base_url="http://n1") as client:
        running = asyncio.create_task(other())
        async with asyncio.timeout(60):
            answer = await client.get("/large", headers=accepting("gzip"))
        running.cancel()
    assert answer.content == large
    assert turns >= len(large) // SLICE_BYTES


async def test_a_client_that_has_it_gets_304(http: httpx.AsyncClient) -> None:
    first = await http.get("/things/large")
    etag = first.headers["etag"]
    for encoding in ("identity", "gzip", "zstd"):
        again = await http.get("/things/large", headers={"if-none-match": etag, **accepting(encoding)})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert {"content-type", "content-length", "content-encoding"}.isdisjoint(again.headers)
        assert (again.headers["cache-control"], again.headers["vary"]) == (
            "no-cache",
            "Accept, Accept-Encoding",
        )
        assert again.headers["access-control-allow-origin"] == "*"
    assert (await http.head("/things/large", headers={"if-none-match": etag})).status_code == 304


STRONG = tag_of(TEXT).removeprefix("W/")


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (STRONG, 304), (f"W/{STRONG}", 304), ("*", 304), (" * ", 304), (f'"a", W/"b,c" ,{STRONG}', 304),
        (f'"a"\t,\tW/{STRONG}', 304), ('"a"', 200), ("", 200), (STRONG.strip('"'), 200), (f'"{STRONG[1:-1]}x"', 200),
        ('W/""', 200), ('"' * 5000, 200), ("*, *", 200), (f"{'x' * 10_000}, {STRONG}", 200),
    ],
)  # fmt: skip
async def test_if_none_match_is_read_as_the_standard_says(
    http: httpx.AsyncClient, condition: str, status: int
) -> None:
    answer = await http.get("/things/large", headers={"if-none-match": condition})
    assert answer.status_code == status


async def test_etags_follow_what_is_shown(http: httpx.AsyncClient) -> None:
    tags = {name: (await http.get(f"/things/{name}")).headers["etag"] for name in ("large", "small")}
    assert len({*tags.values()}) == 2
    assert (await http.get("/things/small", headers={"if-none-match": tags["large"]})).status_code == 200


async def test_a_hostile_condition_takes_no_time(http: httpx.AsyncClient) -> None:
    start = time.perf_counter()
    for condition in ('W/"' * 20_000, '"' + "a" * 60_000, ",".join(['"a"'] * 20_000)):
        assert (await http.get("/things/small", headers={"if-none-match": condition})).status_code == 200
    assert time.perf_counter() - start < 5


async def test_every_route_of_a_node_answers_options(node: Served) -> None:
    paths = (await node.http.get("/openapi.json")).json()["paths"]
    assert len(paths) > 10
    for path, operations in paths.items():
        answer = await node.http.options(path.replace("{", "").replace("}", ""))
        allowed = {method.lower() for method in answer.headers["allow"].split(", ")}
        assert answer.status_code == 204, path
        assert operations.keys() <= allowed, path


async def test_a_node_opens_searches_and_no_writes(node: Served) -> None:
    for path, opened in (("/search", "POST"), ("/collections", "GET"), ("/collections/scenes/items", "GET")):
        methods = (
            (await node.http.options(path, headers=PREFLIGHT))
            .headers["access-control-allow-methods"]
            .split(", ")
        )
        assert opened in methods
        assert ("POST" in methods) == (path == "/search")
        assert not {"PUT", "PATCH", "DELETE"} & {*methods}
