"""What the OpenAPI document says of the parameters of a search, in an address and in a body."""

from __future__ import annotations

from typing import Any, NamedTuple

from discovery_api.selecting import CRS84

Json = dict[str, Any]
A_TEXT: Json = {"type": "string"}
TEXTS: Json = {"type": "array", "items": A_TEXT}

LIMIT: Json = {"type": "integer", "minimum": 1}
NAMES_OR_NULL: Json = {"type": ["array", "null"], "items": A_TEXT}
FIELDS: Json = {
    "type": "object",
    "properties": {"include": NAMES_OR_NULL, "exclude": NAMES_OR_NULL},
    "additionalProperties": False,
}
SORT: Json = {
    "type": "object",
    "required": ["field"],
    "properties": {"field": A_TEXT, "direction": {"enum": ["asc", "desc"]}},
}


class Asked(NamedTuple):
    """A parameter: in words, as it stands in an address, and as it stands in a body."""

    words: str
    address: Json
    body: Json


def _box(*sizes: int) -> Json:
    numbers: Json = {"type": "array", "items": {"type": "number"}}
    return numbers | {"oneOf": [{"minItems": size, "maxItems": size} for size in sizes]}


def _one_of(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


def _choice(words: str, *values: str) -> Asked:
    """One of these; left empty in an address, as forms leave it, it is not asked."""
    return Asked(words, _one_of(*values, ""), _one_of(*values))


def _alike(words: str, schema: Json) -> Asked:
    return Asked(words, schema, schema)


ASKED: dict[str, Asked] = {
    "ids": _alike("Items with one of these ids", TEXTS),
    "collections": Asked("Items of one of these Collections", TEXTS, {"anyOf": [A_TEXT, TEXTS]}),
    "bbox": Asked(
        "What touches this box: west, south, east, north; west may be greater than east",
        _box(0, 4, 6),  # left empty it is not asked
        _box(4, 6),
    ),
    "intersects": Asked(
        "What touches this GeoJSON geometry", A_TEXT, {"type": "object", "required": ["type"]}
    ),
    "datetime": _alike(
        "What is about this time: an RFC 3339 date-time, or two with a slash between; `..` is an open end",
        A_TEXT,
    ),
    "filter": Asked("A filter in CQL2", A_TEXT, {"anyOf": [{"type": "object"}, A_TEXT]}),
    "filter-lang": _choice("The language of the filter", "cql2-text", "cql2-json"),
    "filter-crs": _choice("The coordinates of the filter", min(CRS84)),
    "query": Asked(
        "Comparisons of the query extension",
        A_TEXT,
        {"type": "object", "additionalProperties": {"type": "object"}},
    ),
    "q": Asked("What holds these words; between commas, any of them", A_TEXT, {"anyOf": [A_TEXT, TEXTS]}),
    "limit": _alike(
        "Records of one page, at most 10,000 however many are asked for; without it 10 Items, 1,000 Collections",
        LIMIT,
    ),
    "sortby": Asked(
        "The order: names with + or - in front, between commas", A_TEXT, {"type": "array", "items": SORT}
    ),
    "fields": Asked("What to show: names, with - in front what to leave out", A_TEXT, FIELDS),
    "token": _alike("The page, from a link of another one", A_TEXT),
    "retracted": _choice("What is shown of retracted records", "exclude", "hide-data", "include"),
    "purged": _choice("Whether purged records are shown", "exclude", "include"),
    "at": _alike("Where one stands: NAME=VALUE of properties", TEXTS),
    "f": _choice("The form, instead of the Accept header", "json", "geojson", "ndjson", "geoparquet"),
}
