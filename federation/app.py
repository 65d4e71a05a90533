"""The HTTP face of a process: the routes of its roles under one root, problems, request ids, metrics, health."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import orjson
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from federation.manners import ANY_ORIGIN, ANY_ORIGIN_RAW, add_compression, allowed, head, options
from stream import metrics
from stream.errors import Finding, Problem, Refused, Unavailable
from transaction_api.append import Lost

logger = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[\x21-\x7e]{1,200}")
KIND_OF_STATUS = {404: "route-does-not-exist", 405: "method-not-allowed"}


ToldOf = Callable[[Request, Problem], None]


def make_app(title: str, routers: Sequence[APIRouter], refused: ToldOf | None = None) -> FastAPI:
    """The application: these routes, and one answer to every fault. `refused` is told of every refused request."""
    app = App(
        title=title,
        version="1",
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    app.state.refused = refused
    for router in routers:  # not include_router: a nested router costs every request a tenth of its time
        app.router.routes.extend(router.routes)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(Exception, _fault)
    add_compression(app)
    app.add_middleware(Envelope)
    return app


class App(FastAPI):
    """Its document tells what is answered: what FastAPI cannot read is a 400 here, as everything else is."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            told = super().openapi()
            for operation in (each for path in told["paths"].values() for each in path.values()):
                operation["responses"].pop("422", None)
            for name in ("HTTPValidationError", "ValidationError"):
                told.get("components", {}).get("schemas", {}).pop(name, None)
        return super().openapi()


class Envelope:
    """Gives every request an id and every answer its headers, and counts and times them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next(
            (value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), ""
        )
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        start, status = time.perf_counter(), 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()), *ANY_ORIGIN_RAW, (b"x-request-id", request_id.encode()),
                ]  # fmt: skip
            await send(message)

        try:
            await self._answer(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            metrics.REQUESTS.labels(route, scope["method"], status).inc()
            metrics.REQUEST_SECONDS.labels(route).observe(time.perf_counter() - start)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = options(scope) if scope["method"] == "OPTIONS" else None
        if answer is not None:
            await answer(scope, receive, send)
        elif scope["method"] == "HEAD":
            await head(self.app, scope, receive, send)
        else:
            await self.app(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    metrics.EVENTS_REFUSED.labels(error.problem.kind).inc()
    if request.app.state.refused is not None:
        request.app.state.refused(request, error.problem)
    return _problem(request, error.problem)


async def _unavailable(request: Request, error: Exception) -> Response:
    assert isinstance(error, Unavailable)
    more: dict[str, Any] = {}
    if isinstance(error, Lost):
        more = {"handle": error.handle, "status_url": f"/requests/{error.handle}"}
    logger.warning(
        "unavailable", extra={"request_id": request.state.request_id, "detail": str(error), **more}
    )
    headers = {"retry-after": str(error.retry_after_s)}
    return _problem(request, Problem("unavailable", str(error)), more, headers)


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = KIND_OF_STATUS.get(error.status_code, "unknown")
    detail = f"{request.method} {request.url.path} is not a route of this service"
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:  # each method has a route of its own, and only one of them was asked
        headers["allow"] = ", ".join(allowed(request.scope))
    return _problem(request, Problem(kind, detail), headers=headers)


async def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    findings = tuple(
        Finding("parameters", "/" + "/".join(map(str, fault["loc"])), fault["msg"])
        for fault in error.errors()
    )
    detail = "; ".join(f"{finding.pointer.rpartition('/')[2]}: {finding.message}" for finding in findings[:3])
    return _problem(request, Problem("malformed-query", detail, findings))


async def _fault(request: Request, error: Exception) -> Response:
    request_id = request.state.request_id
    logger.error("fault", extra={"request_id": request_id, "path": request.url.path}, exc_info=error)
    problem = Problem("unknown", f"a fault of ours; the log has it under {request_id}")
    return _problem(
        request, problem, headers={"x-request-id": request_id, **ANY_ORIGIN}
    )  # it passes by the Envelope


def _problem(
    request: Request,
    problem: Problem,
    more: MutableMapping[str, Any] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    event_id = (more or {}).get("handle", "")
    body = problem.to_json(f"{request.state.request_id}:{event_id}")
    return Response(
        orjson.dumps({**body, **(more or {})}, default=str),
        problem.status,
        headers,
        "application/problem+json",
    )
