"""Times: in order at any precision, possible, and each fault said once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.times import CHARS_MAX, FORM, check_times
from schemas.core import check_item
from tests.support.json_values import JSON

START, END = "start_datetime", "end_datetime"


def said(**properties: Any) -> list[tuple[str, str]]:
    return [(finding.pointer, finding.message) for finding in check_times({"properties": properties})]


def test_the_real_items_have_sound_times(shared: Path) -> None:
    names = ("cmip6-ipsl-clcalipso.json", "cmip6-ukesm-zg500.json")
    items = [json.loads((shared / "items" / name).read_bytes()) for name in names]
    items += json.loads((shared / "items/sentinel-2-l2a-cogs.json").read_bytes())["features"]
    assert len(items) == 102
    assert [check_times(item) for item in items] == [[]] * 102


# Order

ORDERED = [
    ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    ("2015-01-01T00:00:00Z", "2015-01-01T00:00:00Z"),
    ("2015-01-01T00:00:00Z", "2015-01-01T00:00:00.000000000000000000001Z"),
    ("2015-01-01T00:00:00.1234567890123456788Z", "2015-01-01T00:00:00.1234567890123456789Z"),
    ("2015-01-01T00:00:00.5Z", "2015-01-01T00:00:00.50Z"),
    ("2015-01-01T00:00:00.09Z", "2015-01-01T00:00:00.1Z"),
    ("2015-01-01T01:00:00+02:00", "2015-01-01T00:00:00Z"),
    ("2015-01-01T00:00:00Z", "2014-12-31T23:00:00-01:30"),
    ("2015-01-01t00:00:00z", "2015-01-01T00:00:00+00:00"),
    ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z"),
    ("2016-12-31T23:59:59.999Z", "2016-12-31T23:59:60Z"),
    ("2016-12-31T23:59:60.999Z", "2017-01-01T00:00:00Z"),
    ("2016-02-29T00:00:00Z", "2016-03-01T00:00:00Z"),
]
SAME = {1, 4, 8}


@pytest.mark.parametrize(("number", "pair"), list(enumerate(ORDERED)))
def test_order_holds_at_any_precision(number: int, pair: tuple[str, str]) -> None:
    early, late = pair
    assert said(datetime=None, start_datetime=early, end_datetime=late) == []
    assert said(start_datetime=early, end_datetime=late, datetime=early) == []
    assert said(start_datetime=early, end_datetime=late, datetime=late) == []
    backwards = said(datetime=None, start_datetime=late, end_datetime=early)
    expected = [] if number in SAME else [("/properties/" + END, f"`{END}` must not be before `{START}`.")]
    assert backwards == expected


def test_the_time_lies_within_the_range() -> None:
    early, late = "2015-01-01T00:00:00Z", "2016-01-01T00:00:00Z"
    at = "/properties/datetime"
    before = said(datetime="2014-12-31T23:59:59.9Z", start_datetime=early, end_datetime=late)
    assert before == [(at, "`datetime` must not be before `start_datetime`.")]
    after = said(datetime="2016-01-01T00:00:00.1Z", start_datetime=early, end_datetime=late)
    assert after == [(at, "`datetime` must not be after `end_datetime`.")]
    # Where the range itself is out of order, nothing is said about what lies within.
    [finding] = check_times({"properties": {"datetime": early, START: late, END: early}})
    assert (finding.pointer, finding.value, finding.expected) == ("/properties/" + END, early, late)


@given(
    st.tuples(st.datetimes(), st.datetimes()),
    st.tuples(*[st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))] * 2),
)
def test_order_is_that_of_datetime(
    moments: tuple[datetime, datetime], zones: tuple[timezone, timezone]
) -> None:
    one, other = (moment.replace(tzinfo=zone) for moment, zone in zip(moments, zones, strict=True))
    found = said(datetime=None, start_datetime=one.isoformat(), end_datetime=other.isoformat())
    assert bool(found) == (one > other)
    plain = [moment.replace(microsecond=0, tzinfo=UTC) for moment in moments]
    first, second = (moment.isoformat().replace("+00:00", "Z") for moment in plain)
    assert bool(said(datetime=None, start_datetime=first, end_datetime=second)) == (plain[0] > plain[1])


# Impossible times


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2015-02-30T00:00:00Z", "February 2015 has 28 days, whatever the calendar of the data"),
        ("2016-02-30T00:00:00Z", "February 2016 has 29 days, whatever the calendar of the data"),
        ("1900-02-29T00:00:00Z", "February 1900 has 28 days, whatever the calendar of the data"),
        ("2015-04-31", "April 2015 has 30 days, whatever the calendar of the data"),
        ("2015-01-00T00:00:00Z", "January 2015 has 31 days, whatever the calendar of the data"),
        ("2015-13-01T00:00:00Z", "there is no month 13"),
        ("2015-00-01T00:00:00Z", "there is no month 00"),
        ("0000-01-01T00:00:00Z", "there is no year 0000; years run from 0001 to 9999"),
        ("10000-01-01T00:00:00Z", "years have four digits, from 0001 to 9999"),
        ("850-01-01T00:00:00Z", "years have four digits, from 0001 to 9999"),
        ("-0044-03-15T12:00:00Z", "years have four digits, from 0001 to 9999"),
        ("+2015-01-01T00:00:00Z", "years have four digits, from 0001 to 9999"),
        ("2015-01-01T24:00:00Z", "there is no time 24:00:00"),
        ("2015-01-01T23:60:00Z", "there is no time 23:60:00"),
        ("2015-01-01T23:59:61Z", "there is no time 23:59:61"),
        ("2015-01-01T00:00:00+24:00", "there is no offset +24:00"),
        ("2015-01-01T00:00:00+01:60", "there is no offset +01:60"),
    ],
)
@pytest.mark.parametrize("name", ["datetime", START, END])
def test_impossible_times_are_explained(name: str, text: str, why: str) -> None:
    [finding] = check_times({"properties": {"datetime": None, name: text}})
    assert finding.pointer == f"/properties/{name}"
    assert finding.message == f"`{name}` is no date and time: {why}."
    assert (finding.value, finding.level, finding.check) == (text, "error", "times")


def test_both_ends_are_looked_at() -> None:
    found = said(datetime=None, start_datetime="2015-02-30T00:00:00Z", end_datetime="0000-01-01T00:00:00Z")
    assert [pointer for pointer, _ in found] == ["/properties/" + START, "/properties/" + END]


ITEM: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "a",
    "geometry": None,
    "links": [],
    "assets": {},
    "properties": {"datetime": "2015-01-01T00:00:00Z"},
}
OTHER_FORMS = [
    "",
    "yesterday",
    "2015-01-01",
    "2015-01-01T00:00:00",
    "2015-01-01 00:00:00Z",
    "20150101T000000Z",
    "2015-W01-1T12:00:00Z",
    "2015-01-01T00:00:00,5Z",
    "2015-01-01T00:00:00.Z",
    "2015-01-01T00:00Z",
    "2015-01-01T00:00:00+0100",
    "2015-01-01T00:00:00Z ",
    "2015-01-01T00:00:00Z\n",
    "\uff12\uff1015-01-01T00:00:00Z",
]


@pytest.mark.parametrize("text", OTHER_FORMS)
def test_what_has_no_such_form_is_left_to_the_core_check(text: str) -> None:
    item = {**ITEM, "properties": {"datetime": text}}
    assert [finding.pointer for finding in check_item(item)] == ["/properties/datetime"]
    assert check_times(item) == []


@given(st.from_regex(FORM, fullmatch=True))
def test_no_time_is_wrong_and_passes_both_checks(text: str) -> None:
    item = {**ITEM, "properties": {"datetime": text}}
    if not check_item(item) and not check_times(item):
        upper = text.upper().replace(":60", ":59").partition(".")[0].rstrip("Z")
        assert datetime.fromisoformat(upper).year >= 1


def test_a_long_fraction_is_bounded() -> None:
    exact = "2015-01-01T00:00:00." + "1" * (CHARS_MAX - 21) + "Z"
    assert len(exact) == CHARS_MAX
    assert said(datetime=exact) == []
    [(pointer, message)] = said(datetime=exact.replace("Z", "1" * 1_000_000 + "Z"))
    assert (pointer, message) == (
        "/properties/datetime",
        "`datetime` must not be longer than 1000 characters.",
    )


# Any JSON


@given(st.dictionaries(st.sampled_from(["datetime", START, END, "x"]), JSON), JSON)
def test_any_json_has_a_verdict(properties: dict[str, Any], other: Any) -> None:
    for item in ({"properties": properties}, {"properties": other}, {"x": other}):
        assert all(finding.check == "times" for finding in check_times(item))
