"""Filters in the server's words: flat, without scores and scripts, and within its limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from catalogue.elastic_either import MATCH_ALL, MATCH_NONE, TERMS_MAX
from catalogue.elastic_filter import CLAUSES_MAX, NESTED_MAX, compiled
from catalogue.elastic_leaves import WILDCARDS_MAX
from catalogue.elastic_terms import equal_terms
from catalogue.filters import (
    EVERYTHING,
    NOTHING,
    START,
    All,
    Between,
    Filter,
    Formula,
    Like,
    Not,
    OneOf,
    Only,
    Present,
    Property,
    Relation,
    Some,
    Spatial,
    Words,
    equal,
)
from catalogue.instants import Instant
from catalogue.shapes import box

SERVER_LEVELS = 30
ALLOWED = {
    "bool", "term", "terms", "range", "wildcard", "geo_shape", "match_phrase", "exists", "match_all", "match_none",
}  # fmt: skip


def levels(query: dict[str, Any]) -> int:
    """How deep queries nest in a query, itself included; each is of a kind that costs no scoring."""
    [(kind, body)] = query.items()
    assert kind in ALLOWED
    if kind != "bool":
        return 1
    assert body.keys() <= {"filter", "must_not", "should", "minimum_should_match"}
    assert "should" not in body or body["minimum_should_match"] == 1
    inner = [one for name in ("filter", "must_not", "should") for one in body.get(name, ())]
    return 1 + max(map(levels, inner))


def clauses(query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    [(kind, body)] = query.items()
    if kind != "bool":
        yield query
    else:
        for name in ("filter", "must_not", "should"):
            for one in body.get(name, ()):
                yield from clauses(one)


def term(name: str, value: Any) -> dict[str, Any]:
    return {"term": {"terms": equal_terms(name, value)[0]}}


def test_a_single_test_is_a_single_query() -> None:
    assert compiled(equal("a", 7)) == term("a", 7)
    assert compiled(All((equal("a", 7),))) == compiled(Some((All((equal("a", 7),)),))) == term("a", 7)
    assert compiled(All((equal("a", 7), equal("b", "x")))) == {
        "bool": {"filter": [term("a", 7), term("b", "x")]}
    }
    assert compiled(Not(equal("a", 7))) == {"bool": {"must_not": [term("a", 7)]}}


@pytest.mark.parametrize(
    ("wanted", "query"),
    [
        (EVERYTHING, MATCH_ALL), (NOTHING, MATCH_NONE), (Not(NOTHING), MATCH_ALL), (Not(EVERYTHING), MATCH_NONE),
        (All((equal("a", 1), NOTHING)), MATCH_NONE), (Some((equal("a", 1), EVERYTHING)), MATCH_ALL),
        (All((equal("a", 1), Not(EVERYTHING))), MATCH_NONE), (OneOf("a", ()), MATCH_NONE),
        (equal("a", float("nan")), MATCH_NONE), (Between("a", float("nan"), None), MATCH_NONE),
        (Between("a", 1, "x"), MATCH_NONE), (Between("a", None, None), MATCH_NONE),
        (Between("a", True, None), MATCH_NONE),
        (Between(START, 7, None), MATCH_NONE), (equal(START, "x"), MATCH_NONE), (Like(START, "%"), MATCH_NONE),
        (Words(()), MATCH_ALL), (Words(("two words",)), MATCH_NONE), (Words(("a_b",)), MATCH_NONE),
        (equal("a", "\ud800"), MATCH_NONE), (Like("a", "\ud800%"), MATCH_NONE), (Like("a", "x" * 5000), MATCH_NONE),
    ],
)  # fmt: skip
def test_constants(wanted: Filter, query: dict[str, Any]) -> None:
    assert compiled(wanted) == query


def test_equalities_joined_by_or_are_one_list_whatever_their_names() -> None:
    parts = [equal(f"p{n % 7}", n) for n in range(10_000)]
    nested: Filter = NOTHING
    for part in parts:
        nested = Some((part, nested))
    for wanted in (Some(tuple(parts)), nested):
        [(kind, body)] = compiled(wanted).items()
        assert kind == "terms"
        assert len(body["terms"]) == 10_000
    without = compiled(All(tuple(Not(part) for part in parts)))
    assert [len(one["terms"]["terms"]) for one in without["bool"]["must_not"]] == [10_000]


def test_a_list_that_is_too_long_for_the_server_is_sent_in_pieces() -> None:
    query = compiled(OneOf("a", tuple(range(TERMS_MAX + 1))))
    assert [len(one["terms"]["terms"]) for one in query["bool"]["should"]] == [TERMS_MAX, 1]


def test_deep_filters_become_flat_where_they_can() -> None:
    wanted: Filter = equal("a", 1)
    for _ in range(60):
        wanted = Not(Not(All((Some((wanted, NOTHING)), EVERYTHING))))
    assert compiled(wanted) == term("a", 1)
    for _ in range(5_000):
        wanted = Not(wanted)
    assert compiled(wanted) == term("a", 1)


def stairs(depth: int) -> Filter:
    """No two neighbours of one kind, and nothing that falls away."""
    wanted: Filter = equal("a", 0)
    for step in range(depth):
        part = equal("a", step + 1)
        wanted = All((wanted, part)) if step % 2 else Some((wanted, Not(part)))
    return wanted


def test_what_is_nested_too_deep_is_refused_by_a_sentence() -> None:
    deepest = max(depth for depth in range(NESTED_MAX + 2) if _compiles(stairs(depth)))
    assert deepest >= NESTED_MAX // 2
    assert levels(compiled(stairs(deepest))) < SERVER_LEVELS - 2
    for depth in (deepest + 1, 1_000, 100_000):
        with pytest.raises(ValueError, match="nested deeper"):
            compiled(stairs(depth))


def _compiles(wanted: Filter) -> bool:
    try:
        compiled(wanted)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "wanted",
    [
        All(tuple(equal("a", n) for n in range(CLAUSES_MAX + 1))),
        Some(tuple(Between("a", n, n + 1) for n in range(CLAUSES_MAX + 1))),
        All(tuple(Like("a", f"{n}%") for n in range(CLAUSES_MAX))),
        Only("a", tuple(range(CLAUSES_MAX + 1))), OneOf("a", tuple(map(Instant, range(CLAUSES_MAX + 1)))),
    ],
    ids=["and", "ranges", "patterns", "only", "instants"],
)  # fmt: skip
def test_too_many_conditions_are_refused_by_a_sentence(wanted: Filter) -> None:
    with pytest.raises(ValueError, match=f"more than the {CLAUSES_MAX} conditions"):
        compiled(wanted)


def test_as_many_conditions_as_are_allowed_are_within_the_servers_limit() -> None:
    query = compiled(Some(tuple(Only("a", tuple(range(97))) for _ in range(10))))
    sent = list(clauses(query))
    assert 900 < len(sent) <= 1024


@pytest.mark.parametrize("pattern", ["_" * (WILDCARDS_MAX + 1), "%a" * (WILDCARDS_MAX + 1)])
def test_too_many_wildcards_are_refused_by_a_sentence(pattern: str) -> None:
    with pytest.raises(ValueError, match="wildcards"):
        compiled(Like("a", pattern))


@pytest.mark.parametrize(
    ("pattern", "sent"),
    [
        ("a%", "a*"), ("%_%_%", "??*"), ("a*?b_", "a\\*\\?b?"), ("\\%\\_%", "%_*"), ("a\\\\%", "a\\\\*"),
        ("%%%a%%%", "*a*"), ("%a_%b", "*a?*b"),
    ],
)  # fmt: skip
def test_patterns(pattern: str, sent: str) -> None:
    for query in compiled(Like("n*", pattern))["bool"]["should"]:
        value = query["wildcard"]["terms"]["value"]
        assert value.startswith("n\\*\0")
        assert value[5:] == sent


def test_a_pattern_without_wildcards_is_an_equality() -> None:
    assert compiled(Like("a", "x\\%")) == term("a", "x%")


@pytest.mark.parametrize(
    "wanted",
    [
        Formula("=", Property("a"), Property("b")),
        *(Spatial(one, box(0, 0, 1, 1)) for one in Relation if one.value not in ("intersects", "disjoint")),
    ],
)  # fmt: skip
def test_what_this_store_cannot_do_is_refused_by_a_sentence(wanted: Filter) -> None:
    with pytest.raises(ValueError, match="This store"):
        compiled(All((equal("a", 1), Not(wanted))))


def test_all_queries_are_for_filters_alone() -> None:
    wanted = All(
        (
            Some((Between("a", 1, 2), Like("b", "x%"), Not(Present("c")))), Only("d", ("x", Instant(7))),
            Spatial(Relation.DISJOINT, box(0, 0, 1, 1)), Words(("a", "b")), Between(START, Instant(1), None),
        )
    )  # fmt: skip
    assert levels(compiled(wanted)) <= 4
