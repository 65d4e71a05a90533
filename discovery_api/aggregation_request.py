"""What a client asks for with an aggregation, beside the search that says what is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.aggregations import Step
from discovery_api.parameters import SELECTING
from discovery_api.refusals import malformed, shown

AGGREGATIONS_MAX = 100
INTERVAL = "datetime_frequency_interval"
OF_A_PAGE = ("limit", "token", "sortby", "fields", "f")  # mean nothing where only counts are answered
FILTERS = ("filter_exp", "filter_expr")  # how ESGF's test suite and older clients call `filter`
PARAMETERS = SELECTING | {*OF_A_PAGE, *FILTERS, INTERVAL, "aggregations"}
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """The names of the aggregations, each once, and how wide the buckets of times are."""

    names: tuple[str, ...]
    step: Step


def read_asked(parameters: Mapping[str, Any]) -> tuple[Asked, Json]:
    """What a client asks for, and the parameters that are left: those of a search.

    Refused (malformed-query) says what is not understood.
    """
    left = {name: value for name, value in parameters.items() if name not in OF_A_PAGE}
    asked = Asked(_names(left.pop("aggregations", None)), _step(left.pop(INTERVAL, None)))
    for name in FILTERS:
        given = left.pop(name, None)
        if given is not None:
            left.setdefault("filter", given)
    return asked, left


def _names(value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise malformed(
            "aggregations", "is a list of names, such as total_count; /aggregations tells all of them"
        )
    found = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not found:
        raise malformed("aggregations", "names none; /aggregations tells all of them")
    if len(found) > AGGREGATIONS_MAX:
        raise malformed("aggregations", f"names more than {AGGREGATIONS_MAX}")
    return found


def _step(value: Any) -> Step:
    if value is None:
        return Step.MONTH
    if not isinstance(value, str) or value not in {step.value for step in Step}:
        given = f", not {shown(value)}" if isinstance(value, str) else ""
        raise malformed(INTERVAL, f"is {', '.join(step.value for step in Step)}{given}")
    return Step(value)
