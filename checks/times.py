"""Times of an item: `datetime`, `start_datetime` and `end_datetime` are RFC 3339, possible and in order.

What has no such form at all is left to the STAC core check, which names it; here it is said why a time of the right
form is none. `created` and `updated` are set by the catalogue and not looked at.
"""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from datetime import date, datetime
from typing import Any

from schemas.explain import excerpt
from stream.errors import Finding

CHECK = "times"
NAMES = ("datetime", "start_datetime", "end_datetime")
EXAMPLE = "an RFC 3339 date and time in UTC, such as 2015-01-16T12:00:00Z"
PLAIN_CHARS = 20  # 2015-01-16T12:00:00Z
CHARS_MAX = 1_000
FORM = re.compile(
    r"(?P<sign>[+-]?)(?P<year>\d{3,})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.(?P<fraction>\d+))?"
    r"(?P<zone>[Zz]|(?P<shift>[+-])(?P<hours>\d\d):(?P<minutes>\d\d))?)?",
    re.ASCII,
)

Moment = tuple[int, bool, str]
"""Seconds from the beginning of year 1 in UTC, whether it is the leap second behind them, digits of the fraction."""


def check_times(item: dict[str, Any]) -> list[Finding]:
    """What is wrong with the times of an item; empty where all is well."""
    properties: Any = item.get("properties")
    if type(properties) is not dict:
        return []
    start: Any = properties.get("start_datetime")
    end: Any = properties.get("end_datetime")
    at = properties.get("datetime")
    if start is None and end is None:
        if at is None or _is_plain(at):
            return []
    elif at is None and _is_plain(start) and _is_plain(end) and start <= end:
        return []
    return _explained(properties)


def _is_plain(text: Any) -> bool:
    """Whether it is of the common form and possible. Such times are ordered as their texts are."""
    if type(text) is not str or len(text) != PLAIN_CHARS or not text.isascii():
        return False
    if text[19] != "Z" or text[10] != "T" or text[4] != "-" or text[7] != "-" or text[16] != ":":
        return False  # other forms of ISO 8601 that fromisoformat takes as well
    if text[11:13] == "24":
        return False  # midnight at the end of a day, in later versions of Python
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _explained(properties: dict[str, Any]) -> list[Finding]:
    findings, moments = [], {}
    for name in NAMES:
        text = properties.get(name)
        if type(text) is not str:
            continue
        if len(text) > CHARS_MAX:
            message = f"`{name}` must not be longer than {CHARS_MAX} characters."
            findings.append(Finding(CHECK, f"/properties/{name}", message, excerpt(text), EXAMPLE))
            continue
        match = FORM.fullmatch(text)
        if match is None:
            continue
        why = _impossible(match)
        if why is not None:
            message = f"`{name}` is no date and time: {why}."
            findings.append(Finding(CHECK, f"/properties/{name}", message, text, EXAMPLE))
        elif match["zone"] is not None:
            moments[name] = _moment(match)
    findings += [
        Finding(CHECK, f"/properties/{late}", message, properties[late], properties[early])
        for early, late, message in _disorder(moments)
    ]
    return findings


def _disorder(moments: dict[str, Moment]) -> list[tuple[str, str, str]]:
    """(the time that has to be first, the later one, what to say), for each pair that is not in order."""
    at, start, end = (moments.get(name) for name in NAMES)
    if start is not None and end is not None and start > end:
        message = "`end_datetime` must not be before `start_datetime`."
        return [("start_datetime", "end_datetime", message)]
    found = []
    if at is not None and start is not None and at < start:
        found.append(("start_datetime", "datetime", "`datetime` must not be before `start_datetime`."))
    if at is not None and end is not None and at > end:
        found.append(("end_datetime", "datetime", "`datetime` must not be after `end_datetime`."))
    return found


def _impossible(match: re.Match[str]) -> str | None:
    if match["sign"] or len(match["year"]) != 4:
        return "years have four digits, from 0001 to 9999"
    year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
    if year == 0:
        return "there is no year 0000; years run from 0001 to 9999"
    if not 1 <= month <= 12:
        return f"there is no month {match['month']}"
    days = monthrange(year, month)[1]
    if not 1 <= day <= days:
        # Models with years of 360 days do have such days, but no notation for them is a time for anybody else.
        return f"{month_name[month]} {year} has {days} days, whatever the calendar of the data"
    if match["hour"] is None:
        return None
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"])
    if hour > 23 or minute > 59 or second > 60:
        return f"there is no time {match['hour']}:{match['minute']}:{match['second']}"
    if match["hours"] is not None and (int(match["hours"]) > 23 or int(match["minutes"]) > 59):
        return f"there is no offset {match['zone']}"
    return None


def _moment(match: re.Match[str]) -> Moment:
    days = date(int(match["year"]), int(match["month"]), int(match["day"])).toordinal()
    leaps = match["second"] == "60"
    seconds = (days * 24 + int(match["hour"])) * 3600 + int(match["minute"]) * 60
    seconds += 59 if leaps else int(match["second"])
    if match["hours"] is not None:
        shift = int(match["hours"]) * 3600 + int(match["minutes"]) * 60
        seconds -= shift if match["shift"] == "+" else -shift
    return seconds, leaps, (match["fraction"] or "").rstrip("0")
