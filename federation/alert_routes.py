"""What publishers ask of alerts: register an address, confirm it, look, and leave."""

from __future__ import annotations

import orjson
from fastapi import APIRouter, Request, Response

from alerts.address_book import AddressBook
from alerts.subscriptions import Subscription
from federation.documented import body as an_object
from federation.documented import refusals
from stream.errors import Refused
from transaction_api.policy import Authenticator, Identity

BODY_BYTES_MAX = 16 * 1024
ANYBODY = "anonymous"
JSON = "application/json"

WRITING = ("malformed-body", "invalid-token-audience", "body-too-large", "too-many-requests", "unavailable")


def alert_routes(book: AddressBook, authenticator: Authenticator) -> APIRouter:
    """Who is known by a token sees and ends only what is theirs, and hears only of themselves or of collections."""
    routes = APIRouter(tags=["Alerts"])

    @routes.put(
        "/alerts/subscriptions",
        summary="Have refusals and ends of requests sent to an address",
        responses={201: {"description": "A new subscription"}, **refusals(*WRITING, "missing-permission")},
        openapi_extra=an_object("address"),
    )
    async def subscribe(request: Request) -> Response:
        identity = await authenticator.identify(request.headers)
        body = await _body(request)
        _only_own(identity, body)
        subscription, new = await book.put(body, identity.requester.sub)
        return _json(_shown(subscription), 201 if new else 200)

    @routes.get(
        "/alerts/subscriptions",
        summary="The subscriptions, their addresses shortened",
        responses=refusals("invalid-token-audience", "unavailable"),
    )
    async def subscriptions(request: Request) -> Response:
        owner = _owner(await authenticator.identify(request.headers))
        return _json({"subscriptions": await book.list(owner)})

    @routes.delete(
        "/alerts/subscriptions/{subscription_id}",
        summary="End a subscription",
        responses=refusals("invalid-token-audience", "route-does-not-exist", "unavailable"),
    )
    async def unsubscribe(request: Request, subscription_id: str) -> Response:
        owner = _owner(await authenticator.identify(request.headers))
        await book.remove(subscription_id, owner)
        return _json({"ended": subscription_id})

    @routes.post(
        "/alerts/confirmations",
        summary="Confirm an address with the token that was sent to it",
        responses=refusals("malformed-body", "body-too-large", "unavailable"),
        openapi_extra=an_object("token"),
    )
    async def confirm(request: Request) -> Response:
        return _json(_shown(await book.confirm(_token(await _body(request)))))

    return routes


def _shown(subscription: Subscription) -> dict[str, object]:
    state = (
        "confirmed"
        if subscription.confirmed
        else "a token was sent to the address; nothing else is before it is confirmed"
    )
    return {**subscription.shown(), "state": state}


def _owner(identity: Identity) -> str | None:
    """None where everybody may do everything."""
    sub = identity.requester.sub
    return None if sub == ANYBODY else sub


def _only_own(identity: Identity, body: bytes) -> None:
    """Refused (403) for somebody else's identity. What is malformed is for the book to say."""
    who = identity.requester
    try:
        found = orjson.loads(body)
    except ValueError:
        return
    wanted = found.get("identity") if isinstance(found, dict) else None
    if wanted is not None and who.sub != ANYBODY and wanted not in (who.sub, who.client_id):
        raise Refused("missing-permission", f"{who.sub} may subscribe to notices about themselves only")


def _token(body: bytes) -> str:
    try:
        found = orjson.loads(body)
    except ValueError as error:
        raise Refused("malformed-body", f"the body is not JSON: {error}") from error
    token = found.get("token") if isinstance(found, dict) else None
    if not isinstance(token, str):
        raise Refused("malformed-body", "the body of a confirmation is an object with the text `token`")
    return token


async def _body(request: Request) -> bytes:
    found = b""
    async for chunk in request.stream():
        found += chunk
        if len(found) > BODY_BYTES_MAX:
            raise Refused("body-too-large", f"the body is over {BODY_BYTES_MAX} bytes")
    return found


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type=JSON)
