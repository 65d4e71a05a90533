"""Searches: a Query as the body of a request, and the answer as a Page. Filters only: nothing is scored."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import Any

from catalogue.elastic_terms import term
from catalogue.store import BESIDE, Equals, Page, Query

HITS_MAX = 10_000  # what the server answers at most
PRINTS_PER_PAGE = HITS_MAX
FIELDS = {"id": "item", "collection": "collection"}  # what is not a property
REQUEST_FIELDS = {"state": "state", "collection": "collection"}

Json = dict[str, Any]
NOTHING: Json = {"match_none": {}}


def page_size(query: Query) -> int:
    """How many bodies the page may hold; the request asks for one more, to see whether there is a next page."""
    return min(query.limit, HITS_MAX - 1)


def search_body(query: Query) -> Json:
    """One page in the order of ids, all matches counted."""
    body: Json = {
        "query": {"bool": {"filter": _filters(query)}},
        "sort": [{"id": "asc"}],
        "size": page_size(query) + 1,
        "track_total_hits": True,
        "_source": ["body"],
    }
    if query.after is not None:
        body["search_after"] = [query.after]
    return body


def page_of(query: Query, answer: Mapping[str, Any]) -> Page:
    """KeyError where the answer is not one to `search_body`."""
    hits = answer["hits"]
    found = hits.get("hits", [])
    page = found[: page_size(query)]
    after = page[-1]["sort"][0] if page and len(found) > len(page) else None
    return Page(hits["total"]["value"], [hit["_source"]["body"].encode() for hit in page], after)


def prints_body(kind: str, collection: str, after: str | None) -> Json:
    """One page of fingerprints, from columns alone: no document is read."""
    body: Json = {
        "query": {"bool": {"filter": [{"term": {"kind": kind}}, {"term": {"collection": collection}}]}},
        "sort": [{"id": "asc"}],
        "size": PRINTS_PER_PAGE,
        "track_total_hits": False,
        "_source": False,
        "docvalue_fields": ["item", "print"],
    }
    if after is not None:
        body["search_after"] = [after]
    return body


def prints_of(answer: Mapping[str, Any]) -> tuple[list[tuple[str, bytes]], str | None]:
    """(item id, fingerprint) of each, and where the next page begins; None after the last."""
    hits = answer.get("hits", {}).get("hits", [])
    found = [(hit["fields"]["item"][0], b64decode(hit["fields"]["print"][0])) for hit in hits]
    return found, hits[-1]["sort"][0] if len(hits) == PRINTS_PER_PAGE else None


def _filters(query: Query) -> list[Json]:
    found: list[Json] = [{"term": {"kind": query.kind}}]  # heads live beside items
    if query.kind in BESIDE:
        found.append({"exists": {"field": "state"}})
        return found + [_term(REQUEST_FIELDS[equals.name], equals.value) for equals in query.filters]
    for field, values in (("collection", query.collections), ("item", query.ids)):
        if values:
            found.append({"terms": {field: list(values)}})
    found.append({"terms": {"state": sorted(query.states)}})
    return found + [_equals(equals) for equals in query.filters]


def _equals(equals: Equals) -> Json:
    field = FIELDS.get(equals.name)
    if field is not None:
        return _term(field, equals.value)
    return {"term": {"terms": term(equals.name, equals.value)}}


def _term(field: str, value: str | float) -> Json:
    """These fields are texts, and no number is a text's equal, though the server would think so."""
    return {"term": {field: value}} if isinstance(value, str) else NOTHING
