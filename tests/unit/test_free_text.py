"""Free text: what it finds, and what it cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.facts import facts_of
from catalogue.filters import EVERYTHING
from catalogue.matching import matches
from discovery_api.free_text import read_words
from stream.errors import Refused
from tests.support.searched import record

RECORDS = [
    record("a", {"title": "Near surface air temperature"}),
    record("b", {"title": "Température de l'air à la surface"}),
    record("c", {"title": "Sea-ice area", "source": "IPSL"}),
    record("d", {"title": "sea water OR land", "n": 1850}),
    record("e", {}),
]


@pytest.mark.parametrize(
    ("q", "letters"),
    [
        ("", "abcde"),
        ([], "abcde"),
        ([""], "abcde"),
        ("air", "ab"),
        ("AIR", "ab"),
        ("temperature", "ab"),
        ("temp", ""),
        ("air temperature", "a"),
        ("temperature air", ""),
        ('"air temperature"', "a"),
        ("sea ice", "c"),
        ("sea-ice", "c"),
        ("air,sea", "abcd"),
        (["air", "sea"], "abcd"),
        (["air temperature", "ipsl"], "ac"),
        ("air OR sea", "abcd"),
        ("air AND surface", "ab"),
        ("sea AND ice AND ipsl", "c"),
        ("air AND surface OR sea", "abcd"),
        ("(air OR sea) AND (surface OR ice)", "abc"),
        ("air and surface", ""),
        ("sea -ice", "d"),
        ("+sea -ice", "d"),
        ("-air", "cde"),
        ("surface +air", "ab"),
        ("+air +near", "a"),
        ("-(sea OR near)", "be"),
        ('-"air temperature" air', "b"),
        ('"OR"', "d"),
        ("l'air", "b"),
        ("c", "abcde"),
        ("1850", ""),
        ("+(air, sea) -(near OR water)", "bc"),
    ],
)
def test_it_finds(q: Any, letters: str) -> None:
    found = read_words(q)
    assert (
        "".join(write.source["id"] for write in RECORDS if matches(found, facts_of(write.source))) == letters
    )


def test_of_nothing_it_is_everything() -> None:
    assert read_words("  ") == EVERYTHING


@pytest.mark.parametrize(
    ("q", "words"),
    [
        (None, "a text or a list"),
        ([1], "a text or a list"),
        ("AND", "at character 1: AND"),
        ("a AND", "ends where"),
        ("a OR OR b", "at character 6: OR"),
        ("(a", "ends where"),
        ("a)", "at character 2"),
        ("()", "at character 2"),
        ('"a', "at character 1"),
        ('a "b', "at character 3"),
        ("a,,b", "at character 3"),
        ("!!!", "no word at character 1"),
        ('""', "no word"),
        ("(" * 50 + "a" + ")" * 50, "brackets"),
        ("x" * 5000, "at most"),
        ("a -b " * 300, "at most"),
        (["a"] * 300, "at most"),
        ("- -", "no word"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(q: Any, words: str) -> None:
    with pytest.raises(Refused) as refused:
        read_words(q)
    assert words in refused.value.problem.detail
    assert refused.value.problem.findings[0].pointer == "/q"
