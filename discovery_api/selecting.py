"""Which records a search is about: everything in it that says so, as one filter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Any

import orjson

from catalogue.filters import EVERYTHING, Ability, All, Filter
from discovery_api.cql2 import check_abilities, named, read_filter
from discovery_api.cql2.reading import JSON, TEXT
from discovery_api.free_text import read_words
from discovery_api.places import read_bbox, read_intersects
from discovery_api.query_language import read_query
from discovery_api.refusals import malformed
from discovery_api.times import read_datetime

CRS84 = frozenset({
    "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "https://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC:CRS84",
})  # fmt: skip
RETRACTED = "retracted"
KEPT_BYTES_MAX = 4096
SELECTIONS_KEPT_MAX = 256
READERS: dict[str, Callable[[Any], Filter]] = {
    "bbox": read_bbox,
    "intersects": read_intersects,
    "datetime": read_datetime,
    "query": read_query,
    "q": read_words,
}
NAMES = ("filter", "filter-lang", "filter-crs", *READERS)


def read_selection(parameters: Mapping[str, Any], abilities: Set[Ability]) -> tuple[Filter, bool]:
    """The filter, and whether it is about being retracted. Refused (malformed-query) says what is not understood.

    Clients ask the same again, page by page: what was read lately is kept.
    """
    given = {name: parameters[name] for name in NAMES if parameters.get(name) is not None}
    if not given:
        return EVERYTHING, False
    told = orjson.dumps(given, option=orjson.OPT_SORT_KEYS)
    return _selection(given, abilities) if len(told) > KEPT_BYTES_MAX else _kept(told, frozenset(abilities))


@lru_cache(SELECTIONS_KEPT_MAX)
def _kept(told: bytes, abilities: frozenset[Ability]) -> tuple[Filter, bool]:
    """By the bytes: filters of True and of 1 are equal to Python, and find different records."""
    return _selection(orjson.loads(told), abilities)


def _selection(parameters: Mapping[str, Any], abilities: Set[Ability]) -> tuple[Filter, bool]:
    if parameters.get("bbox") is not None and parameters.get("intersects") is not None:
        raise malformed("intersects", "and bbox cannot both be given; put one of them into the filter")
    if parameters.get("filter-crs") not in (None, *CRS84):
        raise malformed("filter-crs", f"is always {min(CRS84)}")
    if parameters.get("filter-lang") not in (None, TEXT, JSON):
        raise malformed("filter-lang", f"is {TEXT} or {JSON}")
    parts = tuple(part for part in _parts(parameters) if part != EVERYTHING)
    whole = parts[0] if len(parts) == 1 else All(parts)
    check_abilities(whole, abilities)
    return whole, RETRACTED in named(whole)


def _parts(parameters: Mapping[str, Any]) -> Iterator[Filter]:
    given = parameters.get("filter")
    if given is not None and given != "":
        yield read_filter(given, parameters.get("filter-lang"))
    for name, read in READERS.items():
        value = parameters.get(name)
        if value is not None:
            yield read(value)
