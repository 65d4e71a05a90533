"""Instants: microseconds since 1970-01-01T00:00:00Z, of the years 1 to 9999; what is finer than that is cut off."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
# RFC 3339 date-time; fromisoformat alone takes more forms than that, and knows no leap second.
_FORM = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:(?P<second>\d\d)(?P<fraction>\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CHARACTERS = range(10, 65)


class Instant(NamedTuple):
    """A point in time; a type of its own, so that no number is ever taken for one."""

    us: int


EARLIEST = Instant((datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _US)
LATEST = Instant((datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC) - _EPOCH) // _US)


def instant_of(text: str) -> Instant | None:
    """The instant that an RFC 3339 date-time names, midnight UTC of a full date; None for any other text."""
    if len(text) not in _CHARACTERS or text[4] != "-":
        return None
    if len(text) == 10:
        return _midnight(text) if _DAY.fullmatch(text) else None
    match = _FORM.fullmatch(text)
    if match is None:
        return None
    if (
        match["second"] == "60"
    ):  # the last microsecond before the leap second ends is the nearest that there is
        text = text[:17] + "59.999999" + text[match.end("fraction") if match["fraction"] else 19 :]
    elif match["fraction"] and len(match["fraction"]) > 7:
        text = text[: match.start("fraction") + 7] + text[match.end("fraction") :]
    try:
        found = Instant((datetime.fromisoformat(text.upper()) - _EPOCH) // _US)
    except ValueError:
        return None
    return found if EARLIEST <= found <= LATEST else None


def is_day(text: str) -> bool:
    """Whether the text is a full date, without a time."""
    return _DAY.fullmatch(text) is not None and _midnight(text) is not None


def instant_text(instant: Instant) -> str:
    """RFC 3339 in UTC, with as many digits of a second as it needs."""
    moment = _EPOCH + timedelta(microseconds=instant.us)
    text = f"{moment.year:04}" + moment.strftime("-%m-%dT%H:%M:%S")
    return text + (f".{moment.microsecond:06}".rstrip("0") if moment.microsecond else "") + "Z"


def _midnight(text: str) -> Instant | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return Instant((day.toordinal() - _EPOCH.date().toordinal()) * DAY_US)
