"""Ranges of terms: between two ends, and what lies in none of the gaps between values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from catalogue import elastic_terms as terms
from catalogue.elastic_document import present
from catalogue.elastic_either import Either, any_of
from catalogue.facts import is_long
from catalogue.filters import END, START, Between, Only, Value
from catalogue.instants import Instant, instant_of

TIMES = {START: "start", END: "end"}

Json = dict[str, Any]


class _End(NamedTuple):
    """An end of a range: its code, and whether it is in itself."""

    code: str
    inclusive: bool


def between(part: Between) -> Either:
    """Some element lies there."""
    low, high = part.low, part.high
    if part.name in TIMES or isinstance(low, Instant) or isinstance(high, Instant):
        low, high = (instant_of(end) or end if isinstance(end, str) else end for end in (low, high))
    kinds = {_kind(end) for end in (low, high) if end is not None}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is None:
        return Either()
    if part.name in TIMES:
        return _between_times(TIMES[part.name], low, high, part) if kind is Instant else Either()
    if kind is Instant:
        return Either(queries=[between_instants(part.name, low, high, part.low_in, part.high_in)])
    start = terms.start_of(part.name)
    low_end = _end(low, low=True, inclusive=part.low_in)
    high_end = _end(high, low=False, inclusive=part.high_in)
    letters = terms.text_letters(part.fold) if kind is str else (terms.NUMBER,)
    return Either(queries=[_range(start + letter, low_end, high_end) for letter in letters])


def only(part: Only) -> Either:
    """The property is there, and no element of it lies in a gap between the values."""
    if part.name in TIMES:
        return Either(queries=any_of(TIMES[part.name], microseconds(part.values)))
    start = terms.start_of(part.name)
    instants = {value for value in part.values if isinstance(value, Instant)}
    others = [value for value in part.values if not isinstance(value, Instant)]
    codes = [start + code for value in others if (code := terms.element_code(value))]
    last, gaps = terms.LAST, []
    if instants:  # then texts that name one are judged by K, where both stand together
        last = terms.LAST_BUT_TIMES
        gaps = _gaps(start + terms.INSTANT, start + terms.INSTANT, _times_allowed(start, instants, others))
    first, beyond = start + terms.FIRST, _after(start + last)
    gaps += _gaps(first, start + last, [(code, _next(code)) for code in codes if code < beyond])
    there = any_of("names", present(part.name))
    return Either(queries=[{"bool": {"filter": there, "must_not": gaps}}], levels=1)


def between_instants(name: str, low: Any, high: Any, low_in: bool = True, high_in: bool = True) -> Json:
    """The code of an instant is followed by the text that names it."""
    start = terms.start_of(name) + terms.INSTANT
    least = start if low is None else start + terms.instant_code(low.us + (not low_in))
    beyond = _after(start) if high is None else start + terms.instant_code(high.us + high_in)
    return _within(least, beyond)


def microseconds(values: Sequence[Value]) -> list[int]:
    """Of the instants among the values."""
    return [value.us for value in values if isinstance(value, Instant)]


def _within(least: str, beyond: str) -> Json:
    """Terms from the one to before the other."""
    return {"range": {"terms": {"gte": least, "lt": beyond}}}


def _between_times(name: str, low: Any, high: Any, part: Between) -> Either:
    ends = {}
    if low is not None:
        ends["gte" if part.low_in else "gt"] = low.us
    if high is not None:
        ends["lte" if part.high_in else "lt"] = high.us
    return Either(queries=[{"range": {name: ends}}])


def _kind(end: str | float | Instant) -> type | None:
    """What the end of a range can be compared with; None: with nothing."""
    if isinstance(end, Instant):
        return Instant
    if isinstance(end, str):
        return None if is_long(end) else str
    return None if isinstance(end, bool) or end != end else float


def _end(end: Any, *, low: bool, inclusive: bool) -> _End | None:
    if end is None:
        return None
    if isinstance(end, str):
        return _End(*terms.text_bound(end, low=low, inclusive=inclusive))
    return _End(terms.number_code(end), inclusive)


def _range(start: str, low: _End | None, high: _End | None) -> Json:
    """Terms that begin so, and go on with a code between the ends."""
    ends = {"gte" if low is None or low.inclusive else "gt": start + ("" if low is None else low.code)}
    if high is None:
        ends["lt"] = _after(start)
    else:
        ends["lte" if high.inclusive else "lt"] = start + high.code
    return {"range": {"terms": ends}}


def _after(start: str) -> str:
    """The least text that is greater than all that begin so; for starts that end with a letter of ours."""
    return start[:-1] + chr(ord(start[-1]) + 1)


def _times_allowed(start: str, instants: set[Instant], others: Sequence[Value]) -> list[tuple[str, str]]:
    """Intervals of terms: each of these instants, whatever its text; and these texts that name another one."""
    letter = start + terms.INSTANT
    found = [(letter + terms.instant_code(us), letter + terms.instant_code(us + 1)) for (us,) in instants]
    for value in others:
        instant = instant_of(value) if isinstance(value, str) else None
        if instant is not None and instant not in instants:
            code = f"{letter}{terms.instant_code(instant.us)}{value}"
            found.append((code, _next(code)))
    return found


def _next(term: str) -> str:
    """The least text that is greater."""
    return term + "\0"


def _gaps(first: str, last: str, allowed: list[tuple[str, str]]) -> list[Json]:
    """What lies under these letters, and in none of the intervals, which do not overlap."""
    allowed = sorted(set(allowed))
    lows = [first, *(beyond for _, beyond in allowed)]
    highs = [*(least for least, _ in allowed), _after(last)]
    return [_within(low, high) for low, high in zip(lows, highs, strict=True)]
