"""Page tokens: only their maker reads them, only for their search, and nothing else is one."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_api.tokens import TOKEN_CHARACTERS_MAX, Tokens, Turn, search_digest
from stream.errors import Refused

TOKENS = Tokens(b"a secret that outlives the process")
SEARCH = search_digest({"collections": ["a"]}, "items")
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=20), st.floats(-1e9, 1e9)
)


@given(st.lists(scalars, max_size=5), st.booleans())
def test_a_token_is_read_as_it_was_made(place: list[Any], backwards: bool) -> None:
    turn = Turn(tuple(place), backwards)
    token = TOKENS.make(turn, SEARCH)
    assert TOKENS.read(token, SEARCH) == turn
    assert Tokens(b"a secret that outlives the process").read(token, SEARCH) == turn
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.data())
def test_an_altered_token_is_none(data: st.DataObject) -> None:
    token = TOKENS.make(Turn(("2020-01-01", 1.5, None, "i:a/b")), SEARCH)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCDEFGHabcdefgh0123_-"))
    changed = token[:at] + letter + token[at + 1 :]
    if base64.urlsafe_b64decode(changed + "==") != base64.urlsafe_b64decode(token + "=="):
        refused(changed)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "A" * 22,
        "A" * 1000,
        "é",
        "a b",
        "!!!!",
        "=",
        "A" * (TOKEN_CHARACTERS_MAX + 1),
        1,
        ["a"],
        {},
        True,
    ],
)
def test_what_is_no_token(token: Any) -> None:
    refused(token)


def test_a_token_of_another_key_search_or_direction() -> None:
    token = TOKENS.make(Turn(("a",)), SEARCH)
    refused(Tokens(b"another").make(Turn(("a",)), SEARCH))
    with pytest.raises(Refused, match="for this search"):
        TOKENS.read(token, search_digest({"collections": ["b"]}, "items"))
    assert token != TOKENS.make(Turn(("a",), backwards=True), SEARCH)


def test_what_a_search_is() -> None:
    one = search_digest({"ids": ["a"], "limit": 1, "fields": {}, "token": "x", "f": "json"}, "items", "")
    assert one == search_digest({"limit": 2, "ids": ["a"]}, "items", "")
    others = [({"ids": ["a"]}, ("items", "c")), ({"ids": ["b"]}, ("items", "")), ({}, ("items", ""))]
    assert one not in [search_digest(told, *where) for told, where in others]


def refused(token: Any) -> None:
    with pytest.raises(Refused) as caught:
        TOKENS.read(token, SEARCH)
    assert caught.value.problem.kind == "malformed-query"
    assert caught.value.problem.findings[0].pointer == "/token"
