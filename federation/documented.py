"""What the OpenAPI document says of answers that are problems (RFC 9457)."""

from __future__ import annotations

from typing import Any

from schemas.registry import schema
from stream.errors import PROBLEMS

Json = dict[str, Any]


def refusals(*kinds: str) -> dict[int | str, Json]:
    """The problems of these kinds, for the `responses` of a route; each has a status that no other of them has."""
    shape = {"type": "object", "title": "Problem", "required": schema("problem")["required"]}
    content = {"application/problem+json": {"schema": shape}}
    told = (PROBLEMS[kind] for kind in kinds)
    return {status: {"description": title, "content": content} for status, title in told}


def body(*required: str) -> Json:
    """The `openapi_extra` of a route that reads an object."""
    schema_: Json = {"type": "object", "required": list(required)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema_}}}}
