"""The query extension."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.facts import facts_of
from catalogue.filters import EVERYTHING, OneOf
from catalogue.matching import matches
from discovery_api.query_language import read_query
from stream.errors import Refused
from tests.support.searched import record

RECORDS = [
    record(
        "a",
        {
            "n": 590,
            "text": "air",
            "flag": True,
            "facet": ["x", "y"],
            "start_datetime": "1850-01-01T00:00:00Z",
        },
    ),
    record(
        "b",
        {"n": "590", "text": "a_r", "flag": False, "facet": ["y"], "start_datetime": "1850-01-01T12:00:00Z"},
    ),
    record("c", {"n": 7, "text": "sea%", "facet": []}),
    record("d", {"n": None}),
]


@pytest.mark.parametrize(
    ("query", "letters"),
    [
        ({}, "abcd"),
        ({"n": {"eq": 590}}, "a"),
        ({"properties.n": {"eq": 590}}, "a"),
        ({"n": {"eq": "590"}}, "ab"),
        ({"n": {"neq": "590"}}, "c"),
        ({"n": {"neq": 7}}, "ab"),
        ({"n": {"gte": "590"}}, "ab"),
        ({"n": {"gt": 7, "lte": 1000}}, "a"),
        ({"n": {"lt": 590}}, "c"),
        ({"n": {"in": ["590", 7]}}, "abc"),
        ({"n": {"in": []}}, ""),
        ({"flag": {"eq": True}}, "a"),
        ({"flag": {"eq": "true"}}, "a"),
        ({"flag": {"in": [True, False]}}, "ab"),
        ({"facet": {"eq": "x"}}, "a"),
        ({"facet": {"neq": "x"}}, "bc"),
        ({"text": {"startsWith": "a"}}, "ab"),
        ({"text": {"endsWith": "r"}}, "ab"),
        ({"text": {"contains": "_"}}, "b"),
        ({"text": {"contains": "%"}}, "c"),
        ({"text": {"contains": ""}}, "abc"),
        ({"start_datetime": {"eq": "1850-01-01"}}, "ab"),
        ({"start_datetime": {"gt": "1850-01-01"}}, ""),
        ({"start_datetime": {"gte": "1850-01-01T06:00:00+00:00"}}, "b"),
        ({"nowhere": {"neq": 1}}, ""),
        ({"text": {"eq": "air"}, "n": {"eq": 7}}, ""),
        ('{"n": {"eq": 7}}', "c"),
    ],
)
def test_it_finds(query: Any, letters: str) -> None:
    found = read_query(query)
    assert (
        "".join(write.source["id"] for write in RECORDS if matches(found, facts_of(write.source))) == letters
    )


def test_of_nothing_it_is_everything() -> None:
    assert read_query({}) == EVERYTHING
    assert read_query({"a": {"eq": "1e400"}}) == OneOf("a", ("1e400",))


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        (None, "/query"),
        ([], "/query"),
        ("n", "/query"),
        ({"n": 1}, "/query/n"),
        ({"n": {}}, "/query/n"),
        ({"n": None}, "/query/n"),
        ({"n": {"eq": None}}, "/query/n/eq"),
        ({"n": {"eq": [1]}}, "/query/n/eq"),
        ({"n": {"in": 1}}, "/query/n/in"),
        ({"n": {"in": [1, None]}}, "/query/n/in/1"),
        ({"n": {"is": 1}}, "/query/n/is"),
        ({"n": {"lt": True}}, "/query/n/lt"),
        ({"n": {"startsWith": 1}}, "/query/n/startsWith"),
        ({"n" * 300: {"eq": 1}}, "/query/" + "n" * 200 + "..."),
        ({"geometry": {"eq": 1}}, "/query/geometry"),
        ({"n": {"contains": "x" * 2000}}, "/query/n/contains"),
        ({str(n): {"eq": 1} for n in range(300)}, "/query"),
        ({"n": {"eq": float("inf")}}, "/query/n/eq"),
        ({"n": {"eq": 2**70}}, "/query/n/eq"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(query: Any, pointer: str) -> None:
    with pytest.raises(Refused) as refused:
        read_query(query)
    assert refused.value.problem.findings[0].pointer == pointer


def test_an_unknown_operator_is_told_near_ones() -> None:
    with pytest.raises(Refused, match="startsWith"):
        read_query({"n": {"startswith": "x"}})
