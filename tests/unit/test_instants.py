"""Instants: what RFC 3339 allows, to the microsecond, from the year 1 to 9999."""

from __future__ import annotations

from random import Random

import pytest

from catalogue.instants import DAY_US, EARLIEST, LATEST, Instant, instant_of, instant_text, is_day

DAY_2000 = 10_957 * DAY_US


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1970-01-01T00:00:00Z", 0), ("1970-01-01", 0), ("2000-01-01T00:00:00Z", DAY_2000),
        ("2000-01-01t00:00:00z", DAY_2000), ("2000-01-01 00:00:00Z", DAY_2000), ("2000-01-01", DAY_2000),
        ("2000-01-01T01:00:00+01:00", DAY_2000), ("1999-12-31T18:30:00-05:30", DAY_2000),
        ("2000-01-01T00:00:00.5Z", DAY_2000 + 500_000), ("2000-01-01T00:00:00.000001Z", DAY_2000 + 1),
        ("2000-01-01T00:00:00.0000019999Z", DAY_2000 + 1), ("1999-12-31T23:59:60Z", DAY_2000 - 1),
        ("1999-12-31T23:59:60.9Z", DAY_2000 - 1), ("1969-12-31T23:59:59.999999Z", -1),
        ("0001-01-01T00:00:00Z", EARLIEST.us), ("0001-01-01", EARLIEST.us), ("9999-12-31T23:59:59.999999Z", LATEST.us),
        ("2000-01-01T00:00:00." + "0" * 30 + "Z", DAY_2000),
    ],
)  # fmt: skip
def test_texts_that_name_an_instant(text: str, us: int) -> None:
    assert instant_of(text) == Instant(us)


@pytest.mark.parametrize(
    "text",
    [
        "", "2000", "2000-01", "2000-13-01", "2001-02-29", "2000-01-01T00:00:00", "2000-01-01T24:00:00Z",
        "2000-01-01T00:00Z", "2000-01-01T00:00:00+0100", "2000-01-01T00:00:00.Z", "0000-01-01T00:00:00Z", "20000101",
        "2000-W01-1", "\uff12\uff10\uff10\uff10-01-01", "2000-01-01T00:00:00Z ", " 2000-01-01", "2000-01-01\n",
        "10000-01-01",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2000-01-01T00:00:61Z", "-2000-01-01",
        "2000-01-01T00:00:00." + "0" * 60 + "Z", "2000-01-01x00:00:00Z", "yesterday!", "2000-1-1T0",
    ],
)  # fmt: skip
def test_texts_that_do_not(text: str) -> None:
    assert instant_of(text) is None


def test_an_instant_is_written_as_it_is_read() -> None:
    rng = Random(1)
    some = [Instant(rng.randint(EARLIEST.us, LATEST.us)) for _ in range(500)]
    for instant in [*some, EARLIEST, LATEST, Instant(0), Instant(-1), Instant(1_000_000)]:
        assert instant_of(instant_text(instant)) == instant
    assert instant_text(EARLIEST) == "0001-01-01T00:00:00Z"
    assert instant_text(Instant(500_000)) == "1970-01-01T00:00:00.5Z"


def test_days() -> None:
    assert is_day("2000-02-29")
    assert not is_day("2001-02-29")
    assert not is_day("2000-01-01T00:00:00Z")
