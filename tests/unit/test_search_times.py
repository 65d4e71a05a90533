"""The parameter `datetime`."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.facts import facts_of
from catalogue.matching import matches
from discovery_api.times import read_datetime
from stream.errors import Refused
from tests.support.searched import record

RECORDS = [
    record(
        "a",
        {"datetime": None, "start_datetime": "1850-01-01T00:00:00Z", "end_datetime": "2014-12-31T23:59:59Z"},
    ),
    record("b", {"datetime": "2000-06-01T00:00:00Z"}),
    record("c", {"datetime": "0001-01-01T00:00:00Z"}),
    record("d", {"datetime": None}),
]


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("2000-06-01T00:00:00Z", "ab"),
        ("2000-06-01T02:00:00+02:00", "ab"),
        ("2000-06-01t00:00:00z", "ab"),
        ("2000-06-01T00:00:01Z", "a"),
        ("1849-01-01T00:00:00Z/1850-01-01T00:00:00Z", "a"),
        ("2014-12-31T23:59:59Z/2015-01-01T00:00:00Z", "a"),
        ("2014-12-31T23:59:59.5Z/..", ""),
        ("../1849-12-31T23:59:59Z", "c"),
        ("/1850-01-01T00:00:00Z", "ac"),
        ("2000-01-01T00:00:00Z/", "ab"),
        ("0001-01-01T00:00:00Z/9999-12-31T23:59:59Z", "abc"),
        ("2000-06-01T00:00:00Z/2000-06-01T00:00:00Z", "ab"),
    ],
)
def test_it_finds(text: str, letters: str) -> None:
    found = read_datetime(text)
    assert (
        "".join(write.source["id"] for write in RECORDS if matches(found, facts_of(write.source))) == letters
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "../..",
        "/..",
        "../",
        "2000-01-01",
        "2000-01-01/2001-01-01",
        "2000-13-01T00:00:00Z",
        "2001-02-29T00:00:00Z",
        "2000-01-01T25:00:00Z",
        "2000-01-01T00:00:00",
        "2000-01-01T00:00:00+0100",
        "2000-01-01T00:00:00,5Z",
        "2000-01-01T00:00:00.Z",
        "20000-01-01T00:00:00Z",
        "1999-12-31T23:59:61Z",
        "yesterday",
        "2001-01-01T00:00:00Z/2000-01-01T00:00:00Z",
        "/2000-01-01T00:00:00Z/2001-01-01T00:00:00Z",
        "2000-01-01T00:00:00Z/2001-01-01T00:00:00Z/",
        None,
        2000,
        "x" * 100_000,
        "\u0662000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: Any) -> None:
    with pytest.raises(Refused) as refused:
        read_datetime(text)
    assert refused.value.problem.kind == "malformed-query"
    assert refused.value.problem.findings[0].pointer == "/datetime"
    assert len(refused.value.problem.detail) < 400
