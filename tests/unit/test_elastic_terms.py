"""Terms: one order and one equality for each type, and every fold under letters of its own."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.elastic_terms import (
    INSTANT,
    LONG,
    element_terms,
    equal_terms,
    instant_code,
    number_code,
    number_of,
    start_of,
    text_bound,
    text_letters,
)
from catalogue.elastic_values import column, value_code, value_of
from catalogue.facts import is_long
from catalogue.filters import TEXT_BYTES_MAX
from catalogue.folds import Fold, folded
from catalogue.instants import EARLIEST, LATEST, instant_of

NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    [
        "",
        "Straße",
        "STRASSE",
        "é",
        "E\u0301",
        "\u0131",
        "\u0130",
        "2020-01-01",
        "2020-01-01T00:00:00Z",
        "\u0345",
        "Ω",
    ]
)
SCALARS = st.booleans() | NUMBERS | TEXTS
FOLDS = [Fold.NONE, Fold.CASE, Fold.ACCENTS, Fold.BOTH]


def same(one: Any, other: Any) -> bool:
    """Equal and of one type."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


@given(NUMBERS, NUMBERS)
def test_numbers_keep_their_order(one: float, other: float) -> None:
    assert (number_code(one) < number_code(other)) == (one < other)
    assert (number_code(one) == number_code(other)) == (one == other)


@given(st.integers(2**53 - 3, 2**53 + 9) | st.integers(2**64 - 2000, 2**64 - 1), st.integers(-3, 3))
def test_neighbours_beyond_the_doubles_are_told_apart(number: int, step: int) -> None:
    assert (number_code(number) < number_code(number + step)) == (step > 0)
    assert (number_code(-number) < number_code(-number - step)) == (step < 0)


@given(NUMBERS)
def test_a_number_comes_back(number: float) -> None:
    assert number_of(number_code(number)) == number


@pytest.mark.parametrize("number", [10**400, float("inf"), 10**30 + 1])
def test_numbers_that_no_record_has_are_in_order_too(number: float) -> None:
    assert number_code(-number) < number_code(-(2**63)) < number_code(2**64 - 1) < number_code(number)
    assert number_code(0) == number_code(-0.0) == number_code(False)


@given(SCALARS, SCALARS)
def test_who_equals_shares_a_term_and_nobody_else(element: Any, value: Any) -> None:
    found = set(element_terms("n", element)) & set(equal_terms("n", value))
    assert bool(found) == same(element, value)


@given(TEXTS, TEXTS, st.sampled_from(FOLDS))
def test_folded_texts_are_found_by_their_fold_alone(element: str, value: str, fold: Fold) -> None:
    for wanted in (value, folded(value, fold), folded(element, fold)):
        found = set(element_terms("n", element)) & set(equal_terms("n", wanted, fold))
        assert bool(found) == (folded(element, fold) == wanted)


@given(TEXTS, st.sampled_from(FOLDS))
def test_every_text_is_once_under_the_letters_of_a_fold(text: str, fold: Fold) -> None:
    start = start_of("n")
    letters = tuple(start + letter for letter in text_letters(fold))
    assert [term[len(start) + 1 :] for term in element_terms("n", text) if term.startswith(letters)] == [
        folded(text, fold)
    ]


def test_every_character_has_letters_for_all_folds() -> None:
    start = start_of("n")
    for code in (*range(0xD800), *range(0xE000, sys.maxunicode + 1, 1)):
        if 0x3400 < code < 0xD7A4 or code > 0x1F000:  # no case, no accents
            continue
        character = chr(code)
        terms = element_terms("n", character)
        for fold in FOLDS:
            letters = tuple(start + letter for letter in text_letters(fold))
            assert sum(term.startswith(letters) for term in terms) == 1, hex(code)


def test_ascii_costs_one_term_or_two() -> None:
    assert len(element_terms("n", "tas")) == 1
    assert len(element_terms("n", "UKESM1-0-LL")) == 2
    assert len(element_terms("n", 7)) == len(element_terms("n", True)) == 1


@given(st.integers(EARLIEST.us, LATEST.us), st.integers(EARLIEST.us, LATEST.us))
def test_instants_keep_their_order(one: int, other: int) -> None:
    assert (instant_code(one) < instant_code(other)) == (one < other)


def test_a_text_that_names_an_instant_has_its_term() -> None:
    text = "1850-01-01T01:00:00+01:00"
    instant = instant_of("1850-01-01")
    assert instant is not None
    assert f"{start_of('n')}{INSTANT}{instant_code(instant.us)}{text}" in element_terms("n", text)


@pytest.mark.parametrize("text", ["x" * (TEXT_BYTES_MAX + 1), "é" * TEXT_BYTES_MAX, "2" * 100_000])
def test_a_long_text_is_found_by_equality_alone(text: str) -> None:
    assert element_terms("n", text) == equal_terms("n", text)
    assert element_terms("n", text)[0].startswith(start_of("n") + LONG)
    assert equal_terms("n", text + "x") != equal_terms("n", text)
    assert not set(equal_terms("n", text, Fold.CASE)) & set(element_terms("n", text))
    assert value_code(text) is None


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_half_a_pair_of_surrogates_is_found_nowhere(text: str) -> None:
    assert equal_terms("n", text) == []
    assert equal_terms("n", text, Fold.CASE) == []


@given(st.text(max_size=5), st.text(st.characters(exclude_categories=["Cs"]), max_size=5), st.booleans())
def test_a_bound_means_the_same_for_every_text(bound: str, text: str, inclusive: bool) -> None:
    low, low_in = text_bound(bound, low=True, inclusive=inclusive)
    high, high_in = text_bound(bound, low=False, inclusive=inclusive)
    assert (text > low or (low_in and text == low)) == (text > bound or (inclusive and text == bound))
    assert (text < high or (high_in and text == high)) == (text < bound or (inclusive and text == bound))


def test_a_bound_without_end_is_cut() -> None:
    bound, inclusive = text_bound("x" * 100_000, low=True, inclusive=True)
    assert len(bound) < 10_000
    assert not inclusive
    assert text_bound("x" * 100_000, low=False, inclusive=False) == (bound, True)


@given(
    st.text(max_size=6) | st.sampled_from(["a\0b", "\0", "\0#x", "a\0", "", "x" * 9000]), st.text(max_size=6)
)
def test_names_are_never_mixed_up(one: str, other: str) -> None:
    starts = start_of(one), start_of(other)
    assert (starts[0] == starts[1]) == (one == other)
    assert (column(one).path == column(other).path) == (one == other)
    if one != other:  # nor does the letter after one begin the other
        assert not any(start_of(other).startswith(start_of(one) + letter) for letter in "ABCDEFGHIJKLMNOPQR")


@pytest.mark.parametrize(
    "name", ["", ".", "a..b", " ", "a.b", "*", "a\0b", "%", "x" * 100_000, "\ud800", "é 🌍"]
)
def test_keys_are_plain(name: str) -> None:
    found = column(name)
    assert found.key.strip()
    assert not set(found.key) & set(".*\0 ")
    assert len(found.key.encode()) < 10_000
    assert found.numbers_key != found.key


@given(SCALARS, SCALARS)
def test_values_come_back_in_order(one: Any, other: Any) -> None:
    codes = value_code(one), value_code(other)
    assert codes[0] is not None
    assert codes[1] is not None
    assert same(value_of(codes[0]), one)
    rank = {bool: 0, str: 2}
    keys = [(rank.get(type(value), 1), value) for value in (one, other)]
    assert (codes[0] < codes[1]) == (keys[0] < keys[1])
    assert not (isinstance(one, str) and is_long(one))
