"""Queryables (OGC API - Features - Part 3, STAC API filter extension): what can be filtered by, as a JSON Schema.

For one collection: what every Item has, the facets of its profile with the terms of its vocabulary, and the properties
that its records have, with the values where they are few. For the whole catalogue: all of these of all collections,
which the extension leaves to us; an Item that lacks a property matches nothing there. `additionalProperties` is true,
since a filter may name any property.

The value of a comparison is one element: a property that is a list is described by what is in it, because `=` and
`in` hold where they hold for some element.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.aggregations import Aggregation, Counted, Extremes, Kind, Terms
from catalogue.filters import NODES
from catalogue.store import ITEMS, Query, Store
from discovery_api.inventory import ALLOWED_MAX, KEPT_S, REST, SEEN, Inventory
from discovery_api.property_names import Known, Property

DIALECT = "https://json-schema.org/draft/2019-09/schema"  # the one that validators of STAC APIs know
# OGC API Features, part 3. A reference to GeoJSON's schema would send every reader to another host.
GEOMETRY = {"type": "object", "format": "geometry-any"}
VALUES_MAX = 100  # more different values than that are not listed
KEPT_MAX = 128
COUNTED_MAX = 500  # properties whose values are looked at
TYPES = {Kind.NUMBER: "number", Kind.TRUTH: "boolean", Kind.TEXT: "string", Kind.TIME: "string"}
TIME = {"type": "string", "format": "date-time"}
Json = dict[str, Any]
# What this service writes into every Item, or what STAC asks of every one.
CORE: dict[str, Json] = {
    "id": {"description": "Id of the Item", "type": "string"},
    "collection": {"description": "Id of the Collection", "type": "string"},
    "geometry": {"description": "Where it lies", **GEOMETRY},
    "datetime": {"description": "Time, or any of the time from start_datetime to end_datetime", **TIME},
    "start_datetime": {"description": "Beginning of its time", **TIME},
    "end_datetime": {"description": "End of its time", **TIME},
    "created": {"description": "When it was first published", **TIME},
    "updated": {"description": "When its record last changed", **TIME},
    "latest": {"description": "Whether it is the latest version", "type": "boolean"},
    "deprecated": {"description": "Whether there is a later version", "type": "boolean"},
    "retracted": {"description": "Whether it was retracted", "type": "boolean"},
    NODES: {"description": "Nodes that hold a copy of its data", "type": "string"},
}


@dataclass
class Queryables:
    """Makes the schemas, and keeps each for a few seconds."""

    store: Store
    inventory: Inventory
    clock_s: Callable[[], float] = time.monotonic
    _kept: OrderedDict[tuple[str, ...], tuple[float, Json]] = field(default_factory=OrderedDict)

    async def schema(self, collections: Sequence[str], href: str, title: str) -> Json:
        """What Items of these collections can be filtered by, none: of the whole catalogue.

        `href` is where the schema is served.
        """
        key = tuple(sorted(set(collections)))
        now_s = self.clock_s()
        until_s, described = self._kept.get(key, (0.0, {}))
        if not described or now_s >= until_s:
            if described:
                self._kept[key] = (now_s + KEPT_S, described)  # for whoever asks meanwhile
            described = await self._described(key)
            self._kept[key] = (now_s + max(KEPT_S, REST * (self.clock_s() - now_s)), described)
            self._kept.move_to_end(key)
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        return {"$schema": DIALECT, "$id": href, "title": title, **described}

    async def _described(self, collections: tuple[str, ...]) -> Json:
        known = await self.inventory.of(collections)
        wanted = _wanted(known)
        query = Query(ITEMS, collections, states=SEEN, limit=1)
        found = await self.store.aggregate(query, list(wanted.values()))
        properties = _properties(known, dict(zip(wanted, found.counted, strict=True)))
        return {"type": "object", "properties": properties, "additionalProperties": True}


def _properties(known: Known, counted: Mapping[str, Counted]) -> Json:
    own = {name: dict(schema) for name, schema in CORE.items()}
    own["collection"] |= _enum(known.collections, VALUES_MAX)
    own[NODES] |= _seen(counted.get(NODES))
    rest = (each for each in known.properties.values() if each.name not in CORE)
    described = {each.name: _described(each, counted.get(each.name)) for each in _by_name(rest)}
    return own | {name: schema for name, schema in described.items() if schema is not None}


def _wanted(known: Known) -> dict[str, Aggregation]:
    """What to count of which property: values of texts without a vocabulary, the ends of numbers."""
    wanted: dict[str, Aggregation] = {NODES: Terms(NODES, VALUES_MAX + 1)}
    for each in _by_name(known.properties.values()):
        if each.name in CORE or len(wanted) >= COUNTED_MAX:
            continue
        kinds = each.kinds - {Kind.OTHER}
        if kinds == {Kind.TEXT} and each.allowed is None:
            wanted[each.name] = Terms(each.name, VALUES_MAX + 1)
        elif kinds == {Kind.NUMBER}:
            wanted[each.name] = Extremes(each.name)
    return wanted


def _described(each: Property, counted: Counted | None) -> Json | None:
    """None for what no comparison can be made with: objects, and what is always empty."""
    kinds = each.kinds - {Kind.OTHER} or ({Kind.TEXT} if each.facet else set())
    if not kinds:
        return None
    types = sorted({TYPES[kind] for kind in kinds})
    schema: Json = {"type": types[0] if len(types) == 1 else types}
    if each.many:
        schema["description"] = "A list: = and IN hold where they hold for one of its members"
    if kinds == {Kind.TIME}:
        schema["format"] = "date-time"
    elif kinds == {Kind.NUMBER}:
        schema |= _ends(counted)
    elif each.allowed is not None and types == ["string"]:
        schema |= _enum(each.allowed, ALLOWED_MAX)
    elif kinds == {Kind.TEXT}:
        schema |= _seen(counted)
    return schema


def _seen(counted: Counted | None) -> Json:
    """The values that records have, where they are few."""
    if counted is None or counted.others:
        return {}
    return _enum((bucket.key for bucket in counted.buckets if isinstance(bucket.key, str)), VALUES_MAX)


def _enum(values: Iterable[str], most: int) -> Json:
    found = sorted(set(values))
    return {"enum": found} if 0 < len(found) <= most else {}


def _ends(counted: Counted | None) -> Json:
    if counted is None or len(counted.buckets) != 2:
        return {}
    least, greatest = (bucket.key for bucket in counted.buckets)
    return {"minimum": least, "maximum": greatest}


def _by_name(properties: Iterable[Property]) -> list[Property]:
    return sorted(properties, key=lambda each: each.name)
