"""Searches in the server's words, and what its answers mean."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.elastic_either import MATCH_ALL, one_of
from catalogue.elastic_filter import compiled
from catalogue.elastic_mapping import HITS_MAX, are_named
from catalogue.elastic_ranges import TIMES
from catalogue.elastic_terms import is_text
from catalogue.elastic_values import column
from catalogue.filters import All, Filter, OneOf
from catalogue.store import BESIDE, Hit, Page, Place, Query, Sort, Unanswerable, WrongPlace

PRINTS_PER_PAGE = 10_000
SORTS_MAX = 50
COLUMNS = {**TIMES, "id": "item", "collection": "collection"}  # what has a field of its own
REQUEST_FIELDS = ("state", "collection")

REFUSALS = {  # what the server says, and what that means for who asks
    "Determinizing automaton": "The pattern has too many wildcards for this store, above all `_` after `%`.",
    "automaton is too large": "The pattern is too long for this store, or has too many wildcards.",
    "maxClauseCount": "The filter has more conditions than the search server allows.",
    "nested depth": "The filter is nested deeper than the search server allows.",
}

Json = dict[str, Any]


class TooManyBuckets(ValueError):
    """The counts that were asked for have more buckets together than the search server allows."""


def page_size(query: Query) -> int:
    """How many hits the page may hold; the request asks for one more where that tells whether there are others."""
    return min(query.limit, HITS_MAX - 1)


def search_body(query: Query) -> Json:
    """One page, all matches counted. ValueError for what cannot be asked, and a place of another order."""
    body: Json = {
        "query": {"bool": {"filter": filters_of(query)}},
        "sort": _orders(query),
        "size": page_size(query) + (query.after is not None),
        "track_total_hits": True,
    }
    if query.after is not None:
        body["search_after"] = _place(query, query.after)
    return body


def page_of(query: Query, answer: Mapping[str, Any]) -> Page:
    """KeyError where the answer is not one to `search_body`."""
    hits, size = answer["hits"], page_size(query)
    matched = hits["total"]["value"]
    found = hits.get("hits", [])
    more = (matched if query.after is None else len(found)) > size
    page = [Hit(hit["_source"]["body"].encode(), tuple(hit["sort"])) for hit in found[:size]]
    return Page(matched, page[::-1] if query.backwards else page, more)


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


def refused(reason: str, otherwise: str) -> ValueError:
    """What a refusal of the server means, by its reason."""
    if "too many buckets" in reason:
        return TooManyBuckets("There are more buckets to be counted than the search server allows at once.")
    meanings = (meaning for said, meaning in REFUSALS.items() if said in reason)
    return ValueError(next(meanings, otherwise))


def filters_of(query: Query) -> list[Json]:
    """All that a record must be; the kind of document is told by where it is looked for (see `Names.targets`).

    A condition that nearly all documents meet costs as much as one that few do, so there is none to spare: of what
    lies beside items and Collections nothing has a state, and an alias that is named holds its collection alone.
    """
    if query.kind in BESIDE:
        beside: list[Json] = [{"term": {"kind": query.kind}}, {"exists": {"field": "state"}}]
        return beside + [one_of(leaf.name, _texts(leaf)) for leaf in _leaves(query.filter)]
    found = [one_of("state", sorted(query.states))]
    if query.ids:
        found.append(one_of("item", filter(is_text, query.ids)))
    if query.collections and not are_named(query):
        found.append(one_of("collection", filter(is_text, query.collections)))
    wanted = compiled(query.filter)
    return found if wanted == MATCH_ALL else [*found, wanted]


def _texts(leaf: OneOf) -> list[str]:
    """These fields are texts, and no number is a text's equal, though the server would think so."""
    return [value for value in leaf.values if isinstance(value, str)]


def _leaves(wanted: Filter) -> Iterator[OneOf]:
    """What is asked of what is kept beside the catalogue (see Query)."""
    waiting = [wanted]
    while waiting:
        part = waiting.pop()
        if isinstance(part, All):
            waiting.extend(part.parts)
        elif isinstance(part, OneOf) and part.name in REQUEST_FIELDS and not part.fold:
            yield part
        else:
            raise ValueError("what is kept beside the catalogue is found by its state and collection alone")


def _sorts(query: Query) -> tuple[Sort, ...]:
    if len(query.sort) > SORTS_MAX:
        raise Unanswerable(f"The order has more than the {SORTS_MAX} properties that this store can sort by.")
    return () if query.kind in BESIDE else query.sort


def _orders(query: Query) -> list[Json]:
    """Backwards everything is turned round, and so is the page."""
    last = "_first" if query.backwards else "_last"
    found: list[Json] = []
    for sort in _sorts(query):
        down = sort.descending != query.backwards
        path = COLUMNS.get(sort.name) or column(sort.name).path
        order: Json = {"order": "desc" if down else "asc", "missing": last}
        # Which element counts does not depend on where the page goes.
        found.append({path: {**order, "mode": "max" if sort.descending else "min"}})
    return [*found, {"id": "desc" if query.backwards else "asc"}]


def _place(query: Query, place: Place) -> list[Any]:
    """ValueError where it cannot be one of this order."""
    sorts = _sorts(query)
    fits = len(place) == len(sorts) + 1 and isinstance(place[-1], str)
    if not fits or not all(map(_stands, sorts, place)):
        raise WrongPlace("this place is of another order")
    return list(place)


def _stands(sort: Sort, value: Any) -> bool:
    if sort.name in TIMES:
        return type(value) is int and -(2**63) <= value < 2**63
    return value is None or isinstance(value, str)
