"""The routes of the Transaction API. They read and answer; the door does the rest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request, Response

from catalogue.lifecycle import ACTIONS
from stream.errors import Finding, Refused
from transaction_api.body import (
    ITEM_TYPES,
    MERGE_PATCH,
    PATCH_TYPES,
    id_findings,
    media_type,
    parse_json,
    read_features,
    read_item,
    read_patch,
    under,
)
from transaction_api.calls import Accepted, Call, Order
from transaction_api.describing import (
    JSON,
    PUBLISH_PARAMETERS,
    CollectionId,
    ItemId,
    handle_answer,
    refusals,
    writes,
)
from transaction_api.door import Door
from transaction_api.handles import Handles
from transaction_api.policy import Authenticator
from transaction_api.requests import ATTENTION, REJECTED, SETTLED, STATES

WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?:$|[,;\s])")
PRINTABLE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,199}")
LIST_MAX = 1000
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may be at most."""

    body_bytes_max: int = 64 << 20
    features_max: int = 10_000
    wait_s_max: int = 60


@dataclass
class Api:
    """Everything that the routes need. `root_url` tells the address that clients see."""

    door: Door
    handles: Handles
    authenticator: Authenticator
    limits: Limits
    scope: str
    root_url: Callable[[Request], str]

    async def body(self, request: Request) -> bytes:
        """The whole body. Refused past the limit, as soon as it is passed, and for encodings that we do not read."""
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refused("unsupported-media-type", "send the body without a content encoding")
        most = self.limits.body_bytes_max
        announced = request.headers.get("content-length", "0")
        too_large = Refused("body-too-large", f"the body is over {most} bytes")
        if not announced.isdecimal() or int(announced) > most:
            raise too_large
        chunks, size = [], 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise too_large
            chunks.append(chunk)
        return b"".join(chunks)

    async def call(self, request: Request, body: bytes) -> Call:
        """Who asks for what, from the headers."""
        identity = request.state.identity = await self.authenticator.identify(request.headers)
        key = request.headers.get("idempotency-key")
        if key is not None and PRINTABLE.fullmatch(key) is None:
            raise Refused("malformed-query", "an Idempotency-Key is 1 to 200 printable characters")
        package, _, version = request.headers.get("user-agent", "").split(" ")[0].partition("/")
        return Call(
            identity=identity,
            request_id=request.state.request_id,
            publisher=(package or "unknown", version or "unknown"),
            method=request.method,
            path=request.scope["path"],
            key=key,
            body_digest=hashlib.sha256(body).hexdigest() if key is not None else "",
        )

    async def accepted(self, request: Request, accepted: Accepted) -> Response:
        """202 with the handle; with `Prefer: wait=N` the final result where it comes in time."""
        handle = accepted.handle
        told = {"findings": [f.to_json() for f in accepted.findings]} if accepted.findings else {}
        preferred = WAIT.search(request.headers.get("prefer", ""))
        url = f"{self.root_url(request)}/requests/{handle}"
        headers = {"location": url}
        if preferred is None:
            body = {
                "id": handle,
                "event_id": handle,
                "request_id": request.state.request_id,
                "state": "accepted",
            }
            return _json({**body, "status_url": url, **told}, 202, headers)
        wait_s = min(int(preferred[1]), self.limits.wait_s_max)
        found = await self.handles.wait(handle, wait_s)
        headers["preference-applied"] = f"wait={wait_s}"
        problem = _problem(found)
        if found["state"] == REJECTED and problem is not None:
            return Response(
                orjson.dumps({**problem, "handle": handle, "status_url": url}), problem["status"],
                {**headers, "content-type": "application/problem+json"},
            )  # fmt: skip
        status = {SETTLED: 201 if request.method == "POST" else 200, ATTENTION: 200, REJECTED: 200}.get(
            found["state"], 202
        )
        answer = {**found, "request_id": request.state.request_id, "status_url": url, **told}
        return _json(answer, status, headers)


def router(api: Api) -> APIRouter:
    """All routes of the Transaction API."""
    routes = APIRouter(tags=["Transaction API"])
    _items(routes, api)
    _collections(routes, api)
    _requests(routes, api)
    return routes


def _items(routes: APIRouter, api: Api) -> None:
    # The one route that must be fast reads its parameters itself: the framework takes a tenth of the time for it.
    @routes.post(
        "/collections/{collection}/items",
        **writes("Publish an Item or a FeatureCollection", ITEM_TYPES, PUBLISH_PARAMETERS, creates=True),
    )
    async def publish(request: Request) -> Response:
        collection, preview = request.path_params["collection"], _preview(request)
        media_type(request.headers.get("content-type"))
        body = await api.body(request)
        call, value = await api.call(request, body), parse_json(body)
        many = isinstance(value, dict) and value.get("type") == "FeatureCollection"
        try:
            items = (
                read_features(value, collection, api.limits.features_max)
                if many
                else [read_item(value, collection)]
            )
        except Refused as refusal:
            raise await api.door.completed(refusal, collection, value) from refusal
        if preview:
            return _json({"items": [_shown(found) for found in await api.door.preview(collection, items)]})
        if many:
            return await api.accepted(request, await api.door.publish_all(call, collection, items))
        return await api.accepted(request, await api.door.publish(call, collection, items[0]))

    @routes.put("/collections/{collection}/items/{item}", **writes("Correct or replace an Item", ITEM_TYPES))
    async def put(request: Request, collection: CollectionId, item: ItemId) -> Response:
        media_type(request.headers.get("content-type"))
        body = await api.body(request)
        value = parse_json(body)
        try:
            found = read_item(value, collection, item)
        except Refused as refusal:
            raise await api.door.completed(refusal, collection, value) from refusal
        return await api.accepted(
            request, await api.door.put(await api.call(request, body), collection, item, found)
        )

    @routes.patch(
        "/collections/{collection}/items/{item}", **writes("Patch an Item: one action", PATCH_TYPES)
    )
    async def patch(request: Request, collection: CollectionId, item: ItemId) -> Response:
        kind = media_type(request.headers.get("content-type"), PATCH_TYPES)
        body = await api.body(request)
        found = read_patch(parse_json(body), kind)
        return await api.accepted(
            request, await api.door.patch(await api.call(request, body), collection, item, found)
        )

    @routes.delete("/collections/{collection}/items/{item}", **writes("Retract an Item", None))
    async def delete(request: Request, collection: CollectionId, item: ItemId) -> Response:
        body = await api.body(request)
        profile = (await api.door.site.rules(collection)).profile
        call, order = await api.call(request, body), _order(body)
        return await api.accepted(request, await api.door.act(call, collection, item, profile.delete, order))

    @routes.post(
        "/collections/{collection}/items/{item}/actions/{action}",
        **writes(f"One of {', '.join(ACTIONS)}", frozenset({JSON}), needed=False, creates=True),
    )
    async def act(request: Request, collection: CollectionId, item: ItemId, action: str) -> Response:
        body = await api.body(request)
        if body:
            media_type(request.headers.get("content-type"), frozenset({JSON}))
        call, order = await api.call(request, body), _order(body)
        if order.item is not None:
            with under("/item"):
                order.item.update(read_item(order.item, collection, item))
        return await api.accepted(request, await api.door.act(call, collection, item, action, order))


def _collections(routes: APIRouter, api: Api) -> None:
    @routes.post("/collections", **writes("Create a Collection", frozenset({JSON}), creates=True))
    async def create(request: Request) -> Response:
        media_type(request.headers.get("content-type"), frozenset({JSON}))
        body = await api.body(request)
        found = _collection(parse_json(body), None)
        call = await api.call(request, body)
        return await api.accepted(request, await api.door.put_collection(call, found, create=True))

    @routes.put("/collections/{collection}", **writes("Replace a Collection", frozenset({JSON})))
    async def replace(request: Request, collection: CollectionId) -> Response:
        media_type(request.headers.get("content-type"), frozenset({JSON}))
        body = await api.body(request)
        found = _collection(parse_json(body), collection)
        call = await api.call(request, body)
        return await api.accepted(request, await api.door.put_collection(call, found, create=False))


def _requests(routes: APIRouter, api: Api) -> None:
    @routes.get(
        "/requests/{handle}",
        summary="What became of a request",
        responses={**handle_answer("200"), **refusals("400", "404", "503")},
    )
    async def request_state(
        request: Request,
        handle: str,
        wait: Annotated[float, Query(ge=0, description="Seconds to wait for a final state")] = 0,
    ) -> Response:
        found = await api.handles.wait(handle, min(wait, api.limits.wait_s_max))
        return _json({**found, "status_url": f"{api.root_url(request)}/requests/{handle}"})

    @routes.get("/requests", summary="Requests by state and collection", responses=refusals("400", "503"))
    async def request_list(
        state: Annotated[str | None, Query(description=f"One of {', '.join(STATES)}")] = None,
        collection: str | None = None,
        limit: Annotated[int, Query(ge=1, le=LIST_MAX)] = 100,
        after: Annotated[str | None, Query(description="The `next` of the page before")] = None,
    ) -> Response:
        if state is not None and state not in STATES:
            raise Refused("malformed-query", f"state is one of {', '.join(STATES)}, not {state[:40]}")
        return _json(await api.handles.list(state, collection, limit, after))

    @routes.get("/scope", summary="The scope that a publisher's token needs")
    async def scope() -> Response:
        return _json({"scope": api.scope})


def _order(body: bytes) -> Order:
    """The order in a body, which may be empty. Refused with every member that is unknown or of another type."""
    if not body.strip():
        return Order()
    value = parse_json(body)
    if not isinstance(value, dict):
        raise Refused(
            "malformed-body", "the body of an action is an object", Finding("order", "", "not an object")
        )
    kinds: dict[str, type] = {
        "reason": str, "wish": str, "fields": list, "node": str, "locations": dict, "assets": list,
        "revision": int, "drop": bool, "item": dict,
    }  # fmt: skip
    findings = []
    for name, member in value.items():
        if name == "patch":
            continue
        if name not in kinds:
            findings.append(
                Finding("order", f"/{name}", "is not a member of an action's body", expected=sorted(kinds))
            )
        elif not isinstance(member, kinds[name]) or (kinds[name] is int and isinstance(member, bool)):
            findings.append(Finding("order", f"/{name}", f"is not of type {kinds[name].__name__}", member))
        elif isinstance(member, list) and not all(isinstance(text, str) for text in member):
            findings.append(Finding("order", f"/{name}", "is not a list of texts", member))
        elif (
            isinstance(member, dict)
            and name == "locations"
            and not all(isinstance(v, dict) for v in member.values())
        ):
            findings.append(Finding("order", "/locations", "is not an object of objects"))
        elif name == "node" and not member:
            findings.append(Finding("order", "/node", "is empty", member))
        elif name == "revision" and isinstance(member, int) and member < 1:
            findings.append(Finding("order", "/revision", "is not a revision; the first is 1", member))
    if findings:
        raise Refused("malformed-body", f"{findings[0].pointer} {findings[0].message}", *findings)
    if "patch" in value:
        kind = MERGE_PATCH if isinstance(value["patch"], dict) else JSON
        with under("/patch"):
            value["patch"] = read_patch(value["patch"], kind)
    members: Json = {
        name: tuple(member) if name in ("fields", "assets") else member for name, member in value.items()
    }
    return Order(**members)


def _collection(value: Any, expected_id: str | None) -> Json:
    if not isinstance(value, dict) or value.get("type") != "Collection":
        finding = Finding("collection", "/type", "is not Collection", expected="Collection")
        raise Refused("stac-validation", "the body is not a STAC Collection", finding)
    findings = id_findings(value, expected_id)
    if not isinstance(value.get("properties", {}), dict):
        findings.append(Finding("collection", "/properties", "`properties` must be an object."))
    if findings:
        raise Refused("stac-validation", findings[0].message, *findings)
    return value


def _problem(found: Json) -> Json | None:
    """The problem of a rejected single request."""
    return next((outcome["problem"] for outcome in found.get("outcomes", ()) if "problem" in outcome), None)


def _shown(found: Any) -> Json:
    shown = {"id": found.item_id, "verdict": found.verdict, "versions": found.versions}
    return {**shown, "problem": found.problem.to_json(":")} if found.problem else shown


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, JSON)


def _preview(request: Request) -> bool:
    told = request.query_params.get("preview", "false") if request.scope["query_string"] else "false"
    if told not in ("true", "false"):
        finding = Finding("parameters", "/query/preview", "is true or false", told)
        raise Refused("malformed-query", f"preview is true or false, not {told[:100]}", finding)
    return told == "true"
