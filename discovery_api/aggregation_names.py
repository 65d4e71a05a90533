"""What the names of aggregations mean (STAC API aggregation extension v0.3.0, with the names that ESGF's clients use).

`total_count`, `datetime_min`, `datetime_max`, `datetime_frequency`, `alternate_name_frequency` (data files per node),
and of every property `<name>_frequency`, `<name>_min` and `<name>_max`; the property's bare name is its frequency too.
How a property's name may be written is told in `property_names`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from catalogue.aggregations import BUCKETS_MAX, Aggregation, Extremes, Files, Histogram, Kind, Step, Terms
from catalogue.filters import END, NODES, START
from discovery_api.nearness import nearest
from discovery_api.property_names import NAME_CHARS_MAX, PREFIX, Known, Property, aggregation_name
from discovery_api.refusals import malformed, shown
from discovery_api.times import TIMES

FREQUENCY, LEAST, GREATEST = "_frequency", "_min", "_max"
FREQUENCIES = "frequency_distribution"
TOTAL = "total_count"
NODES_SPELLED = "alternate_name"
# What every record has, whatever its collection: how it is spelled, and what is meant.
ALWAYS = {name: name for name in (*TIMES, "id", "collection", NODES)} | {NODES_SPELLED: NODES}
KINDS = {Kind.NUMBER: "numeric", Kind.TRUTH: "boolean", Kind.TIME: "datetime"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One aggregation that a client asks for. `counts` None: the number of records.

    `at` is which of the two ends of Extremes is meant, 0 or 1.
    """

    name: str
    counts: Aggregation | None = None
    at: int | None = None


class Unknown(Exception):
    """There is no aggregation of this name."""


def wanted(name: str, known: Known, step: Step = Step.MONTH, limit: int = BUCKETS_MAX) -> Wanted:
    """What a name means. Unknown where it means nothing, Refused where it may mean several things."""
    if name == TOTAL:
        return Wanted(name)
    if len(name) > NAME_CHARS_MAX:
        raise Unknown(name)
    if name in ("datetime_min", "datetime_max"):  # the whole time that the records are about
        least = name == "datetime_min"
        return Wanted(name, Extremes(START if least else END), 0 if least else 1)
    for spelled, suffix in _readings(name):
        found = _property(name, spelled, known)
        if found is None:
            continue
        if suffix in (LEAST, GREATEST):
            return Wanted(name, Extremes(TIMES.get(found, found)), 0 if suffix == LEAST else 1)
        if found == NODES:
            return Wanted(name, Files())
        return Wanted(name, Histogram(step, TIMES[found]) if found in TIMES else Terms(found, limit))
    spelled = name.removesuffix(FREQUENCY)
    if spelled != name and known.asked_of_all(spelled):
        return Wanted(name, Terms(spelled, limit))  # a property that no record has
    raise Unknown(name)


def unknown(name: str, known: Known) -> Exception:
    """The refusal of a name that means nothing."""
    near = nearest(name, (listed["name"] for listed in available(known)))
    return malformed("aggregations", f"holds {shown(name)}, which is none{near}; see /aggregations")


def available(known: Known) -> Iterator[Json]:
    """Every aggregation that makes sense for these collections, as GET /aggregations tells of it."""
    yield {"name": TOTAL, "data_type": "integer"}
    yield {"name": "datetime_min", "data_type": "datetime"}
    yield {"name": "datetime_max", "data_type": "datetime"}
    yield _frequencies("datetime", "datetime", "datetime")
    yield _frequencies(NODES_SPELLED, NODES, "string")
    yield _frequencies("collection", "collection", "string")
    for found in sorted(known.properties.values(), key=lambda each: each.name):
        if found.name not in ALWAYS and (found.facet or found.kinds != {Kind.OTHER}):
            yield from _of_property(found, known)


def _of_property(found: Property, known: Known) -> Iterator[Json]:
    kinds = found.kinds - {Kind.OTHER}
    kind = KINDS.get(next(iter(kinds)), "string") if len(kinds) == 1 else "string"
    spelled = aggregation_name(found.name)
    if spelled in ALWAYS or known.find(spelled) != (found.name,):  # another property is meant by that
        spelled = found.name
    yield _frequencies(spelled, found.name, kind)
    if kind == "numeric":
        yield {"name": spelled + LEAST, "data_type": kind, "property": found.name}
        yield {"name": spelled + GREATEST, "data_type": kind, "property": found.name}


def _frequencies(spelled: str, name: str, kind: str) -> Json:
    return {
        "name": spelled + FREQUENCY,
        "data_type": FREQUENCIES,
        "frequency_distribution_data_type": kind,
        "property": name,
    }


def _readings(name: str) -> Iterator[tuple[str, str]]:
    """A property may itself be called `frequency` or end like that, so a name is last taken as it is."""
    for suffix in (FREQUENCY, LEAST, GREATEST):
        if name.endswith(suffix):
            yield name.removesuffix(suffix), suffix
    yield name, FREQUENCY


def _property(name: str, spelled: str, known: Known) -> str | None:
    plain = spelled.removeprefix(PREFIX)
    if plain in ALWAYS:
        return ALWAYS[plain]
    found = known.find(plain)
    if len(found) > 1:
        raise malformed(
            "aggregations", f"holds {shown(name)}, which may be {', '.join(found[:5])}; name one of these"
        )
    if found:
        return found[0]
    return next((ALWAYS[rest] for rest in known.rests(plain) if rest in ALWAYS), None)
