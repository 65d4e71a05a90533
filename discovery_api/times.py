"""When: the parameter `datetime`, and what the names of times mean where records are put in order and counted."""

from __future__ import annotations

from typing import Any

from catalogue.filters import END, START, Between, Filter
from catalogue.instants import Instant, instant_of, is_day
from discovery_api.cql2.truth import every
from discovery_api.refusals import malformed, shown

TIMES = {"datetime": START, "start_datetime": START, "end_datetime": END}
_OPEN = ("", "..")


def read_datetime(text: Any) -> Filter:
    """Records about a time that shares an instant with this one: an RFC 3339 date-time, or two with `/` between.

    One end of an interval may be `..` or empty: open. Both ends belong to it. Refused (malformed-query) for a date
    without time, for an impossible time, and for an interval that ends before it starts.
    """
    if not isinstance(text, str):
        raise malformed("datetime", "is a text: a date-time, or two with / between them")
    parts = text.split("/")
    if len(parts) == 1:
        return _during(*[_instant(text)] * 2)
    if len(parts) > 2:
        raise malformed("datetime", f"has one `/` at most, unlike {shown(text)}")
    if parts[0] in _OPEN and parts[1] in _OPEN:
        raise malformed("datetime", "names at least one end of an interval")
    start, end = (None if part in _OPEN else _instant(part) for part in parts)
    if start is not None and end is not None and start > end:
        raise malformed("datetime", f"ends before it starts: {shown(text)}")
    return _during(start, end)


def _during(start: Instant | None, end: Instant | None) -> Filter:
    until = [Between(START, None, end)] if end is not None else []
    since = [Between(END, start, None)] if start is not None else []
    return every([*until, *since])


def _instant(text: str) -> Instant:
    found = instant_of(text)
    if found is None or is_day(text):
        raise malformed(
            "datetime", f"is a date and time with a zone, as 1850-01-01T00:00:00Z, not {shown(text)}"
        )
    return found
