"""Compiled validators of our own schemas: events, outcomes, handles, problems, profiles, settings.

Every reference is to a schema in this folder; nothing is ever fetched.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

FOLDER = Path(__file__).parent
NAMES = ("event", "outcome", "handle", "problem", "profile", "configuration")


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema `name`, freshly read. KeyError: there is none of that name."""
    if name not in NAMES:
        raise KeyError(name)
    document: dict[str, Any] = orjson.loads((FOLDER / f"{name}.json").read_bytes())
    return document


@cache
def validator(name: str) -> jsonschema_rs.Validator:
    """The compiled validator of schema `name`. KeyError: there is none of that name."""
    documents = {document["$id"]: document for document in map(schema, NAMES)}
    registry = jsonschema_rs.Registry(list(documents.items()), draft=jsonschema_rs.Draft202012)
    return jsonschema_rs.Draft202012Validator(
        schema(name), registry=registry, validate_formats=True, offline=True
    )
