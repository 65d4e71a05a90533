"""What the OpenAPI document says of parameters, bodies and answers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response

from discovery_api.asking import ASKED
from discovery_api.links import GEOJSON, JSON

Json = dict[str, Any]
Answers = dict[int | str, Json]
PROBLEM = "application/problem+json"


class Bytes(Response):
    """What every answer is made of; without a media type of its own, the answers say theirs."""


CollectionId = Annotated[str, Path(description="The Collection's id")]
ItemId = Annotated[str, Path(description="The Item's id")]
REFUSALS = {
    304: "What the client has is still right",
    400: "A parameter is not understood; the detail names it",
    404: "There is no such Collection or Item",
    410: "The Item was withdrawn; the detail says why",
    413: "The body is too large",
    503: "Try again later",
}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "status_code", "detail", "instance"],
}
A_TEXT: Json = {"type": "string"}
AN_OBJECT: Json = {"type": "object"}
OBJECTS: Json = {"type": "array", "items": AN_OBJECT}
TEXTS: Json = {"type": "array", "items": A_TEXT}
LINKS: Json = {"type": "array", "items": {"type": "object", "required": ["rel", "href"]}}
COUNT: Json = {"type": "integer", "minimum": 0}


def refusals(*statuses: int) -> Answers:
    """The answers of these kinds."""
    problem = {"content": {PROBLEM: {"schema": _PROBLEM}}}
    return {each: {"description": REFUSALS[each], **(problem if each >= 400 else {})} for each in statuses}


def answer(description: str, schema: Json, kind: str = JSON) -> Answers:
    """The answer of a request that is understood."""
    return {200: {"description": description, "content": {kind: {"schema": schema}}}}


def an_object(title: str, **members: Json) -> Json:
    """An object that has these members."""
    return {"type": "object", "title": title, "required": list(members), "properties": members}


def items_answer() -> Answers:
    """A page of Items, or all of them in a form for readers in bulk."""
    found = answer("A page of Items, or all of them in the form that is asked for", ITEMS, GEOJSON)
    for kind in ("application/x-ndjson", "application/vnd.apache.parquet"):
        found[200]["content"][kind] = {"schema": {"type": "string", "format": "binary"}}
    return found


def parameters(names: frozenset[str]) -> list[Json]:
    """The parameters of an address, in a fixed order. What is left empty, as forms do, is not asked."""
    return [
        {"name": name, "in": "query", "required": False, "description": asked.words, "schema": asked.address}
        | ({"style": "form", "explode": name == "at"} if asked.address.get("type") == "array" else {})
        for name, asked in ASKED.items()
        if name in names
    ]


def body(names: frozenset[str]) -> Json:
    """The body of a POST."""
    members = {
        name: {**asked.body, "description": asked.words} for name, asked in ASKED.items() if name in names
    }
    schema = {"type": "object", "title": "Search", "properties": members, "additionalProperties": False}
    return {"required": False, "content": {JSON: {"schema": schema}}}


STAC = {"stac_version": A_TEXT, "id": A_TEXT, "links": LINKS}
CATALOG = an_object("Catalog", type={"const": "Catalog"}, description=A_TEXT, conformsTo=TEXTS, **STAC)
BROWSED = an_object("Catalog", type={"const": "Catalog"}, description=A_TEXT, **STAC)
CONFORMANCE = an_object("Conformance", conformsTo=TEXTS)
COLLECTION = an_object(
    "Collection", type={"const": "Collection"}, description=A_TEXT, license=A_TEXT, extent=AN_OBJECT, **STAC
)
COLLECTIONS = an_object(
    "Collections", collections=OBJECTS, links=LINKS, numberMatched=COUNT, numberReturned=COUNT
)
CHILDREN = an_object("Children", children={"type": "array", "items": COLLECTION}, links=LINKS)
ITEM = an_object(
    "Item",
    type={"const": "Feature"},
    collection=A_TEXT,
    geometry={},
    properties=AN_OBJECT,
    assets=AN_OBJECT,
    **STAC,
)
ITEMS = an_object(
    "ItemCollection", type={"const": "FeatureCollection"}, features=OBJECTS, links=LINKS,
    numberMatched=COUNT, numMatched=COUNT, numberReturned=COUNT, numReturned=COUNT,
)  # fmt: skip
HISTORY = an_object("History", id=A_TEXT, events=OBJECTS, versions=OBJECTS)
