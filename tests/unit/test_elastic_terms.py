"""Terms say equal what the contract's equality says equal, and nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalogue.elastic_terms import TERM_BYTES_MAX, term, terms_of

NAMES = st.sampled_from(["a", "b", "a\0", "a\0s", "a\0\0", "", "s", "a\0sx", "é"]) | st.text(max_size=3)
NUMBERS = (
    st.sampled_from(
        [0, 1, -1, 7, 7.0, 1.0, 0.0, -0.0, 0.5, 2**53, 2**53 + 1, float(2**53), 10**400, 1e300, 5e-324]
    )
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
)
TEXTS = st.sampled_from(["", "1", "7", "true", "b1", "n7", "sx", "x", "\0", "\0sx", "y" * 2000]) | st.text(
    max_size=3
)
SCALARS = st.booleans() | NUMBERS | TEXTS
VALUES = st.none() | SCALARS | st.lists(SCALARS | st.none() | st.lists(SCALARS, max_size=1), max_size=3)


def same(one: Any, other: Any) -> bool:
    """Python's equality, but that no truth value is a number."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


@given(properties=st.dictionaries(NAMES, VALUES, max_size=4), name=NAMES, value=SCALARS)
@example(properties={"a": "b\0sc"}, name="a\0sb", value="c")
@example(properties={"a": 2**53}, name="a", value=2**53 + 1)
@example(properties={"a": [7]}, name="a", value=7.0)
@example(properties={"a": True}, name="a", value=1)
def test_a_value_is_found_where_an_element_is_its_equal(
    properties: dict[str, Any], name: str, value: Any
) -> None:
    found = properties.get(name)
    expected = any(same(element, value) for element in (found if isinstance(found, list) else [found]))
    assert (term(name, value) in terms_of({"properties": properties})) is expected


@given(one=st.tuples(NAMES, SCALARS), other=st.tuples(NAMES, SCALARS))
def test_two_terms_are_equal_where_name_and_value_are(one: tuple[str, Any], other: tuple[str, Any]) -> None:
    assert (term(*one) == term(*other)) is (one[0] == other[0] and same(one[1], other[1]))


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), "\ud800"])
def test_what_no_document_can_hold_still_has_a_term(value: str | float) -> None:
    assert orjson.dumps(term("a", value))
    assert orjson.dumps(term("\udc00", value))


def test_long_terms_are_short_and_still_differ() -> None:
    texts = ["é" * 600, "é" * 600 + "x", "x" * 40_000, "x" * 1000]
    terms = {term("name", text) for text in texts} | {term("n" * 40_000, 1), term("n" * 40_000, 2)}
    assert len(terms) == 6
    assert max(len(found.encode()) for found in terms) <= TERM_BYTES_MAX


def test_of_a_collection_its_members_are_the_properties() -> None:
    assert terms_of({"id": "c", "keywords": ["x", "y"], "extent": {"spatial": 1}}) == [
        term("id", "c"), term("keywords", "x"), term("keywords", "y"),
    ]  # fmt: skip
    assert terms_of({"id": "c", "properties": None}) == []
