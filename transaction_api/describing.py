"""What the OpenAPI document says of the Transaction API's routes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Path

from schemas.registry import schema
from transaction_api.body import JSON_PATCH, PATCH_TYPES

JSON = "application/json"
Json = dict[str, Any]
CollectionId = Annotated[str, Path(description="The Collection's id")]
ItemId = Annotated[str, Path(description="The Item's id")]
PUBLISH_PARAMETERS: tuple[Json, ...] = (
    {
        "name": "collection", "in": "path", "required": True, "description": "The Collection's id",
        "schema": {"type": "string"},
    },
    {
        "name": "preview", "in": "query", "required": False, "description": "Only say what would happen",
        "schema": {"type": "boolean", "default": False},
    },
)  # fmt: skip
AN_OBJECT: Json = {"type": "object"}
BODIES: dict[str, Json] = {
    JSON_PATCH: {"type": "array", "items": {"type": "object", "required": ["op", "path"]}, "minItems": 1},
}
AT_ONCE = "With `Prefer: wait=N` what became of the request, with `preview` what would"
REFUSALS = {
    "400": "Malformed or not valid; every finding is named",
    "401": "The token proves nobody",
    "403": "Not permitted",
    "404": "Unknown item or collection",
    "409": "The record's state does not allow it",
    "413": "Too large",
    "415": "Another content type or encoding",
    "429": "Too many requests",
    "503": "Try again; with a handle where it may have happened",
}


def handle_answer(status: str) -> dict[int | str, Json]:
    """The handle, with this status."""
    return {
        status: {"description": "The handle of the request", "content": {JSON: {"schema": _shape("handle")}}}
    }


def _shape(name: str) -> Json:
    """The members that one of our schemas demands; OpenAPI cannot follow its references."""
    return {"type": "object", "title": name.capitalize(), "required": schema(name)["required"]}


def refusals(*statuses: str) -> dict[int | str, Json]:
    """Problems with these statuses."""
    content = {"application/problem+json": {"schema": _shape("problem")}}
    return {status: {"description": REFUSALS[status], "content": content} for status in statuses}


def writes(
    summary: str,
    types: frozenset[str] | None,
    parameters: Sequence[Json] = (),
    *,
    needed: bool = True,
    creates: bool = False,
) -> Json:
    """The keywords of a route that writes, for the OpenAPI document. `creates`: it may answer 201."""
    extra: Json = {"parameters": list(parameters)} if parameters else {}
    if types is not None:
        either = types == PATCH_TYPES  # JSON that says no more may be either of the two
        content: Json = {
            name: {"schema": {} if either and name == JSON else BODIES.get(name, AN_OBJECT)}
            for name in sorted(types)
        }
        extra["requestBody"] = {"required": needed, "content": content}
    return {
        "summary": summary,
        "status_code": 202,
        "responses": {
            "200": {"description": AT_ONCE, "content": {JSON: {"schema": AN_OBJECT}}},
            **(handle_answer("201") if creates else {}),
            **handle_answer("202"),
            **refusals(*REFUSALS),
        },
        "openapi_extra": extra,
    }
