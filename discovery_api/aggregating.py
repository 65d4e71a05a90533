"""Aggregations: counts among what a search finds, many in one question to the store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson

from catalogue.aggregations import (
    BUCKETS_MAX,
    Aggregates,
    Aggregation,
    Bucket,
    Counted,
    Extremes,
    Files,
    Histogram,
    Named,
)
from catalogue.filters import END, START, Value
from catalogue.instants import Instant, instant_text
from catalogue.lifecycle import State
from catalogue.store import Query, Store
from discovery_api.aggregation_names import FREQUENCIES, Unknown, Wanted, unknown, wanted
from discovery_api.aggregation_request import Asked
from discovery_api.inventory import Inventory
from discovery_api.property_names import Known
from discovery_api.refusals import answerable

BUCKETS_IN_ALL_MAX = 100_000  # of one answer; shared out among its aggregations
WHOLE_MAX = 2**53  # greater floating-point numbers are not exact
Json = dict[str, Any]


class _Plan(NamedTuple):
    """What is asked of the store: of all that is found, and of those alone that show their data."""

    wanted: Sequence[Wanted]
    of_all: Sequence[Aggregation]
    of_shown: Sequence[Aggregation]


async def aggregated(
    store: Store, inventory: Inventory, query: Query, asked: Asked, *, show_data: bool
) -> list[Json]:
    """One answer for each name, in order; `query` says which records are counted.

    Files of records that do not show their data are not counted. Refused: there is no such aggregation.
    """
    plan = _plan(await _wanted(inventory, query.collections, asked))
    shown_states = _showing(query.states, show_data)
    with answerable():
        if plan.of_shown and shown_states != query.states:
            all_, some = await asyncio.gather(
                store.aggregate(query, plan.of_all),
                store.aggregate(replace(query, states=shown_states), plan.of_shown),
            )
            counted = all_.counted + some.counted
        else:
            all_ = await store.aggregate(query, [*plan.of_all, *plan.of_shown])
            counted = all_.counted
    by_kind = dict(zip([*plan.of_all, *plan.of_shown], counted, strict=True))
    return [_answer(each, all_, by_kind) for each in plan.wanted]


def collection_of(aggregations: Iterable[Json], links: Sequence[Json]) -> Json:
    """The AggregationCollection."""
    return {"type": "AggregationCollection", "aggregations": list(aggregations), "links": list(links)}


async def _wanted(inventory: Inventory, collections: Sequence[str], asked: Asked) -> list[Wanted]:
    """A name that is not known may be one of a record that came in the last seconds: then it is looked up anew."""
    limit = min(BUCKETS_MAX, BUCKETS_IN_ALL_MAX // len(asked.names))
    known = await inventory.of(collections)
    try:
        return _all_wanted(asked, known, limit)
    except Unknown:
        known = await inventory.of(collections, fresh=True)
    try:
        return _all_wanted(asked, known, limit)
    except Unknown as error:
        raise unknown(str(error), known) from None


def _all_wanted(asked: Asked, known: Known, limit: int) -> list[Wanted]:
    return [wanted(name, known, asked.step, limit) for name in asked.names]


def _plan(all_wanted: Sequence[Wanted]) -> _Plan:
    different = dict.fromkeys(each.counts for each in all_wanted if each.counts is not None)
    files = [each for each in different if isinstance(each, Files)]
    return _Plan(all_wanted, [each for each in different if not isinstance(each, Files)], files)


def _showing(states: frozenset[State], show_data: bool) -> frozenset[State]:
    return states & ({State.ACTIVE, State.RETRACTED} if show_data else {State.ACTIVE})


def _answer(each: Wanted, all_: Aggregates, counted: Mapping[Aggregation, Counted]) -> Json:
    if each.counts is None:
        return {"name": each.name, "data_type": "integer", "value": all_.matched}
    found = counted[each.counts]
    if each.at is not None:
        value, kind = _value(found.buckets[each.at].key) if found.buckets else (None, _kind(each.counts))
        return {"name": each.name, "data_type": kind, "value": value}
    kept = found.buckets[:BUCKETS_MAX]
    left_out = sum(bucket.number for bucket in found.buckets[BUCKETS_MAX:])
    return {
        "name": each.name,
        "data_type": FREQUENCIES,
        "buckets": _buckets(kept),
        "overflow": found.others + left_out,
        **({"interval": each.counts.step.value} if isinstance(each.counts, Histogram) else {}),
    }


def _kind(counts: Aggregation) -> str:
    """The type of a value that there is not."""
    return "datetime" if isinstance(counts, Extremes) and counts.name in (START, END) else "numeric"


def _buckets(buckets: Iterable[Bucket]) -> list[Json]:
    """Nearly all keys are texts, of which there may be thousands."""
    return [
        {"key": key, "data_type": "string", "frequency": number}
        if type(key) is str
        else dict(zip(("key", "data_type", "frequency"), (*_key(key), number), strict=True))
        for key, number in buckets
    ]


def _key(key: Value | Named) -> tuple[str, str]:
    """A key as text, as the extension has it, and the name of its type."""
    value, kind = _value(key)
    return value if isinstance(value, str) else orjson.dumps(value).decode(), kind


def _value(key: Value | Named) -> tuple[str | int | float | bool, str]:
    """A key as JSON has it, and the name of its type. A number is the same whatever a store has made of it."""
    if isinstance(key, Instant):
        return instant_text(key), "datetime"
    if isinstance(key, Named):
        return key.name, "string"
    if isinstance(key, bool):
        return key, "boolean"
    if isinstance(key, float) and key.is_integer() and abs(key) < WHOLE_MAX:
        return int(key), "numeric"
    return key, "string" if isinstance(key, str) else "numeric"
