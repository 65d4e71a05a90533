"""CQL2, text and JSON, as filters of the catalogue; and what is refused, with the place."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.filters import (
    END,
    EVERYTHING,
    NOTHING,
    START,
    Ability,
    All,
    Between,
    Filter,
    Formula,
    Like,
    Not,
    OneOf,
    Present,
    Property,
    Relation,
    Some,
    Spatial,
)
from catalogue.folds import Fold
from catalogue.instants import Instant, instant_of
from discovery_api.cql2 import check_abilities, named, read_filter
from stream.errors import Refused

BIG = 2**53 + 1


def at(text: str) -> Instant:
    found = instant_of(text)
    assert found is not None
    return found


def prop(name: str) -> dict[str, str]:
    return {"property": name}


def op(name: str, *args: Any) -> dict[str, Any]:
    return {"op": name, "args": list(args)}


def refusal(given: Any, lang: str | None = None) -> tuple[str, str]:
    """The sentence and the pointer."""
    with pytest.raises(Refused) as refused:
        read_filter(given, lang)
    problem = refused.value.problem
    assert problem.kind == "malformed-query"
    assert "\n" not in problem.detail
    return problem.detail, problem.findings[0].pointer


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("n = 1", OneOf("n", (1,))),
        ("properties.n = 1", OneOf("n", (1,))),
        ("NOT n = 1", All((Present("n"), Not(OneOf("n", (1,)))))),
        ("n <> 1", All((Present("n"), Not(OneOf("n", (1,)))))),
        ("1 < n", Between("n", 1, None, low_in=False)),
        ("a = 1 OR a = 'x' OR a = true", OneOf("a", (1, "x", True))),
        ("NOT (a = 1 OR a = 2)", All((Present("a"), Not(OneOf("a", (1, 2)))))),
        ("casei(a) = casei('ÄB')", OneOf("a", ("äb",), Fold.CASE)),
        ("accenti(casei(a)) LIKE 'x%'", Like("a", "x%", Fold.BOTH)),
        ("latest", OneOf("latest", (True,))),
        ("n = 2 * 3", OneOf("n", (6.0,))),
        ("a = b", Formula("=", Property("a"), Property("b"))),
        ("n BETWEEN 2 AND 1", NOTHING),
        ("datetime = '1850-01-01T00:00:00Z'", OneOf("datetime", (at("1850-01-01T00:00:00Z"),))),
        (
            "t_intersects(datetime, '1850-01-01/1850-12-31')",
            All((
                Between(START, None, Instant(at("1851-01-01").us - 1)), Between(END, at("1850-01-01"), None)
            )),
        ),
    ],
)  # fmt: skip
def test_text_is_a_filter(given: str, wanted: Filter) -> None:
    assert read_filter(given) == wanted
    assert read_filter(given, "cql2-text") == wanted


@pytest.mark.parametrize("empty", [{}, "{}", True, {"op": "and", "args": []}, op("and", {}, {})])
def test_an_empty_object_is_true(empty: Any) -> None:
    assert read_filter(empty) == EVERYTHING


def test_one_is_not_true() -> None:
    found = read_filter(op("in", prop("a"), [1, True, 1.0]))
    assert isinstance(found, OneOf)
    assert [(type(value), value) for value in found.values] in (
        [(int, 1), (bool, True)],
        [(float, 1.0), (bool, True)],
    )


def test_integers_of_json_stay_exact() -> None:
    for given in (op("=", prop("n"), BIG), f'{{"op": "=", "args": [{{"property": "n"}}, {BIG}]}}'):
        assert read_filter(given) == OneOf("n", (BIG,))
    assert read_filter(f"n = {2**53}") == OneOf("n", (2**53,))
    assert "digits" in refusal(f"n = {BIG}")[0]


def test_json_may_come_as_text() -> None:
    text = ' {"op": "=", "args": [{"property": "n"}, 1]}'
    assert read_filter(text) == read_filter(text, "cql2-json") == OneOf("n", (1,))
    assert refusal(text, "cql2-text")[1] == "/filter"
    assert refusal("n = 1", "cql2-json")[0].startswith("filter: this is no JSON")


def test_the_other_side_of_a_relation_is_turned() -> None:
    found = read_filter("s_within(POINT(1 2), geometry)")
    assert isinstance(found, Spatial)
    assert found.relation is Relation.CONTAINS


@pytest.mark.parametrize(
    ("given", "words", "pointer"),
    [
        ("a # b", "at character 3: `# b`", "/filter"),
        ("a =\n  b and\n # c", "at character 14", "/filter"),
        ("a = ", "something is missing", "/filter"),
        ("", "not empty", "/filter"),
        ("a = 'x", "at character 5", "/filter"),
        ("(a = 1", "bracket at character 1 is not closed", "/filter"),
        ("a = 1)", "bracket at character 6 closes none", "/filter"),
        ("s_intersect(geometry, POINT(1 2))", "near are s_intersects", "/filter"),
        ("a = null", "isNull", "/filter"),
        ("a < true", "no order", "/filter"),
        ("geometry = 1", "spatial functions", "/filter"),
        ("a + 1", "a condition is needed", "/filter"),
        ("a = 1e999", "too large", "/filter"),
        ("a = 1 / 0", "no finite number", "/filter"),
        ("created < updated", "not with another property", "/filter"),
        ("casei(a) = b", "not with another property", "/filter"),
        ("t_during(created, INTERVAL('2000-01-01', '..'))", "this is an instant", "/filter"),
        ("t_after(datetime, INTERVAL('2001-01-01', '2000-01-01'))", "ends before it starts", "/filter"),
        ("t_after(datetime, TIMESTAMP('yesterday'))", "no timestamp", "/filter"),
        ("t_after(datetime, created)", "only with literals", "/filter"),
        ("s_intersects(place, POINT(1 2))", "`geometry` alone", "/filter"),
        ("s_intersects(geometry, POINT(1 91))", "latitude 91", "/filter"),
        ("s_intersects(geometry, BBOX(0, 10, 1, 5))", "north of", "/filter"),
        ("s_intersects(geometry, POLYGON ((0 0, 1 0, 1 1, 0)))", "at character 50", "/filter"),
        ("s_intersects(geometry, POLYGON ((0 0, 1 0, 1 1 0 0)))", "geometry", "/filter"),
        ("a LIKE b", "a pattern is a text", "/filter"),
        (op("and", True, op("=", prop("a"))), "takes 2 arguments, not 1", "/filter/args/1"),
        (op("not", op("foo")), "no function foo", "/filter/args/0"),
        (op("=", prop("a"), {"foo": 1}), "none of CQL2 JSON", "/filter/args/1"),
        (op("and", op("in", prop("a"), [1, {"foo": 1}])), "none of CQL2 JSON", "/filter/args/0/args/1/1"),
        (op("in", prop("a"), 1), "a list of values", "/filter"),
        (op("=", prop("a"), 2**64), "none of CQL2 JSON", "/filter/args/1"),
        (op("=", prop("a"), "\ud800"), "none of CQL2 JSON", "/filter/args/1"),
        ({"op": 1, "args": []}, '"op" is a text', "/filter"),
        (op("=", prop("a"), {**prop("b"), "op": 5}), '"op" is a text', "/filter"),
        (op("=", prop("a"), {"x": 1, "date": "2000-13-01"}), "no date", "/filter/args/1"),
        (prop("\0start"), "name of a property", "/filter"),
        ([], "an object", "/filter"),
        (None, "an object", "/filter"),
        (op("a_equals", prop("a"), prop("b")), "not compared with each other", "/filter"),
        (op("between", prop("a"), False, 1), "no order", "/filter"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(given: Any, words: str, pointer: str) -> None:
    detail, place = refusal(given)
    assert words in detail
    assert place == pointer


def test_a_language_is_one_of_two() -> None:
    assert refusal("n = 1", "cql-text")[1] == "/filter-lang"


def test_the_older_form_of_between_is_read() -> None:
    assert read_filter(op("between", prop("a"), [1, 5])) == Between("a", 1, 5)
    assert read_filter(op("between", prop("a"), [1, 5])) == read_filter(op("between", prop("a"), 1, 5))
    for ends in ([1], [1, 2, 3], []):
        assert refusal(op("between", prop("a"), ends)) == (
            f"filter: `between` takes 3 arguments, not {1 + len(ends)}", "/filter",
        )  # fmt: skip
    assert "one value" not in refusal(op("between", prop("a"), 1, [1, 5]))[0]


@pytest.mark.parametrize(
    ("given", "needs", "words"),
    [
        ("a = b", Ability.PROPERTIES, "two properties"),
        ("NOT (a + 1 > 2 AND c = 1)", Ability.ARITHMETIC, "arithmetic"),
        ("s_touches(geometry, POINT(1 2)) OR c = 1", Ability.SPATIAL, "s_touches"),
    ],
)
def test_what_a_store_cannot_do_is_said(given: str, needs: Ability, words: str) -> None:
    found = read_filter(given)
    check_abilities(found, frozenset({needs}))
    with pytest.raises(Refused, match=words):
        check_abilities(found, frozenset(Ability) - {needs})


def test_it_tells_which_properties_it_mentions() -> None:
    found = read_filter(
        "NOT properties.retracted AND a + b > c AND d LIKE 'x' AND e IN (1, f) AND a_equals(g, (1)) AND h IS NULL"
        " AND t_after(datetime, DATE('2000-01-01')) AND s_intersects(geometry, POINT(1 2))"
    )
    assert named(found) == {"retracted", *"abcdefgh"}


def test_unknown_stays_unknown_through_every_not() -> None:
    deep = op("=", prop("a"), 1)
    for _ in range(10):
        deep = op("not", deep)
    assert read_filter(deep) == OneOf("a", (1,))
    assert read_filter(op("not", op("and", op("=", prop("a"), 1), op("=", prop("b"), 1)))) == Some((
        All((Present("a"), Not(OneOf("a", (1,))))), All((Present("b"), Not(OneOf("b", (1,)))))
    ))  # fmt: skip
