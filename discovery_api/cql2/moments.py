"""Points in time, and days.

A timestamp is a point. A date is all of its day: what lies in it equals it, what lies before or after it is less or
greater. So `= DATE('2020-02-01')` finds noon of that day, `> DATE('2020-02-01')` does not, and an interval between
two dates holds both days.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from catalogue.filters import END, NOTHING, START, Between, Filter, OneOf, Present
from catalogue.instants import DAY_US, EARLIEST, LATEST, Instant, instant_of, is_day
from discovery_api.cql2.limits import Wrong, shown

# What a text is compared with as a time, without anybody saying so.
TIME_NAMES = frozenset({
    "datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires", "unpublished",
})  # fmt: skip
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Moment(NamedTuple):
    """From the first to the last of these; a point, where they are one."""

    first: Instant
    last: Instant


# The open ends of intervals.
ALWAYS_BEFORE = Moment(Instant(EARLIEST.us - 1), Instant(EARLIEST.us - 1))
ALWAYS_AFTER = Moment(Instant(LATEST.us + 1), Instant(LATEST.us + 1))


def moment_of(text: str) -> Moment | None:
    """The moment that a text names: an RFC 3339 date-time or full date; None for any other."""
    found = instant_of(text)
    if found is None:
        return None
    return Moment(found, Instant(found.us + DAY_US - 1) if is_day(text) else found)


def literal(node: dict[str, Any], where: str) -> Moment:
    """{"timestamp": ...} or {"date": ...}."""
    kind = "date" if "date" in node else "timestamp"
    text = node[kind]
    found = moment_of(text) if isinstance(text, str) else None
    if found is None or (kind == "date") != is_day(text):
        form = "YYYY-MM-DD" if kind == "date" else "YYYY-MM-DDThh:mm:ssZ"
        raise Wrong(where, f"{shown(text)} is no {kind} as RFC 3339 has it: {form}", text)
    return found


def in_order(left: Moment, order: str, right: Moment) -> bool:
    """Whether two moments are in this order: equal where they share any point."""
    if order == "=":
        return left.first <= right.last and right.first <= left.last
    if order in ("<", ">"):
        earlier, later = (left, right) if order == "<" else (right, left)
        return earlier.last < later.first
    return in_order(left, order[0], right) or in_order(left, "=", right)


def timed(name: str, order: str, moment: Moment) -> Filter:
    """The records whose property (some element of it) is a time in this order to the moment."""
    first, last = moment
    if first > LATEST or last < EARLIEST:
        always = order in (("<", "<=") if first > LATEST else (">", ">="))
        if not always:
            return NOTHING
        return Present(name) if name in (START, END) else Between(name, EARLIEST, LATEST)
    if order == "=":
        return OneOf(name, (first,)) if first == last else Between(name, first, last)
    if order in ("<", "<="):
        return Between(name, None, first if order == "<" else last, high_in=order == "<=")
    return Between(name, last if order == ">" else first, None, low_in=order == ">=")
