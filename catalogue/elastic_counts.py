"""Aggregations in the server's words, and what its answers mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from catalogue.aggregations import (
    BUCKETS_MAX,
    Aggregates,
    Aggregation,
    Bucket,
    Counted,
    Extremes,
    Files,
    Histogram,
    Names,
    Terms,
)
from catalogue.elastic_document import files_of, named_of
from catalogue.elastic_query import filters_of
from catalogue.elastic_ranges import TIMES
from catalogue.elastic_values import column, value_of
from catalogue.filters import END, Scalar
from catalogue.instants import Instant
from catalogue.store import Query

PER_SHARD = 2 * BUCKETS_MAX  # buckets, where a shard has so many
PER_SHARD_MOST = 1_000_000  # in a second try

Json = dict[str, Any]


class Inexact(Exception):
    """Some shard has more buckets than it was asked for, so that a number may be too low."""


def counts_body(query: Query, wanted: Sequence[Aggregation], per_shard: int = PER_SHARD) -> Json:
    """All of them in one request; none of the records."""
    found: Json = {}
    for place, one in enumerate(wanted):
        for part, asked in _asked(one, per_shard).items():
            found[f"{place}{part}"] = asked
    body: Json = {
        "query": {"bool": {"filter": filters_of(query)}}, "size": 0, "track_total_hits": True,
    }  # fmt: skip
    return {**body, "aggs": found} if found else body


def aggregates_of(wanted: Sequence[Aggregation], answer: Mapping[str, Any]) -> Aggregates:
    """Inexact where the numbers cannot be relied on; KeyError where the answer is not one to `counts_body`."""
    found = answer.get("aggregations", {})  # not there where no index is
    counted = tuple(
        _counted(one, found, str(place)) if found else Counted(()) for place, one in enumerate(wanted)
    )
    return Aggregates(answer["hits"]["total"]["value"], counted)


def _asked(wanted: Aggregation, per_shard: int) -> dict[str, Json]:
    """The server's aggregations that one of ours takes, by the end of their names."""
    match wanted:
        case Terms(name, limit):
            return {"": _terms(TIMES.get(name) or column(name).path, max(1, limit), per_shard)}
        case Histogram(step, name):
            field = ("end" if name == END else "start") + "_day"
            return {
                "": {"date_histogram": {"field": field, "calendar_interval": step.value, "min_doc_count": 1}}
            }
        case Extremes(name):
            path = TIMES.get(name) or column(name).numbers_path
            return {"low": _first(path, "asc"), "high": _first(path, "desc")}
        case Files():
            return {"": _terms("files", BUCKETS_MAX, per_shard)}
        case Names():
            return {"": _terms("names", BUCKETS_MAX, per_shard)}


def _terms(field: str, size: int, per_shard: int) -> Json:
    order = [{"_count": "desc"}, {"_key": "asc"}]
    return {"terms": {"field": field, "size": size, "shard_size": max(size, per_shard), "order": order}}


def _first(field: str, order: str) -> Json:
    sort = [{field: {"order": order, "missing": "_last"}}]
    return {"top_hits": {"size": 1, "_source": False, "sort": sort}}


def _counted(wanted: Aggregation, found: Mapping[str, Any], at: str) -> Counted:
    match wanted:
        case Terms(name, limit):
            return _of_terms(name, limit, found[at])
        case Histogram():
            return Counted(
                tuple(Bucket(Instant(one["key"] * 1000), one["doc_count"]) for one in found[at]["buckets"])
            )
        case Extremes(name):
            return _of_extremes(name, found[at + "low"], found[at + "high"])
        case Files():
            return _of_files(found[at])
        case Names():
            buckets = [
                Bucket(named, one["doc_count"])
                for one in _all(found[at])
                if (named := named_of(one["key"])) is not None
            ]
            return Counted(tuple(sorted(buckets, key=_by_name)))


def _of_terms(name: str, limit: int, found: Mapping[str, Any]) -> Counted:
    if found["doc_count_error_upper_bound"]:
        raise Inexact(f"{name} has too many different values to be counted")
    of = Instant if name in TIMES else value_of
    buckets = tuple([Bucket(of(one["key"]), one["doc_count"]) for one in found["buckets"][:limit]])
    left_out = sum(one["doc_count"] for one in found["buckets"][limit:])
    return Counted(buckets, found["sum_other_doc_count"] + left_out)


def _of_extremes(name: str, low: Mapping[str, Any], high: Mapping[str, Any]) -> Counted:
    keys = [hit["sort"][0] for side in (low, high) for hit in side["hits"]["hits"]]
    if name in TIMES:
        ends: list[Instant | Scalar] = [Instant(key) for key in keys if -(2**63) < key < 2**63 - 1]
    else:
        ends = [value_of(key) for key in keys if key is not None]
    return Counted(tuple(Bucket(end, 0) for end in ends))


def _of_files(found: Mapping[str, Any]) -> Counted:
    numbers: Counter[str] = Counter()
    for one in _all(found):
        node, files = files_of(one["key"])
        numbers[node] += files * one["doc_count"]
    ordered = sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0]))
    return Counted(tuple(Bucket(node, number) for node, number in ordered))


def _all(found: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The buckets of what has to be whole."""
    if found["doc_count_error_upper_bound"] or found["sum_other_doc_count"]:
        raise Inexact("there are too many different values to be counted")
    buckets: Sequence[Mapping[str, Any]] = found["buckets"]
    return buckets


def _by_name(bucket: Bucket) -> tuple[str, str, bool]:
    key: Any = bucket.key
    return key.name, key.kind.value, key.many
