"""What is found wrong with the values of facets, each by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from catalogue.profile import FacetRule
from checks.accepted import REMEMBERED_MAX
from checks.terms import TermChecks
from stream.errors import Finding
from tests.support.small_vocabulary import (
    DATASET,
    HOSTILE,
    PROFILE,
    VOCABULARY,
    facet,
    good_item,
    with_profile,
)

CHECKS = TermChecks(PROFILE, VOCABULARY)


def only(findings: list[Finding]) -> Finding:
    [found] = findings
    return found


def test_nothing_is_found_where_all_is_well() -> None:
    for _ in range(2):  # the second time by what the first one remembered
        assert CHECKS.check(good_item()) == []
    assert CHECKS.check_id(f"{DATASET}.v20200131") == []


def test_what_the_vocabulary_does_not_have_is_listed_and_not_checked() -> None:
    assert CHECKS.unchecked == ("w:absent",)
    assert only(CHECKS.check(good_item(w_absent=["a list"]))).check == "facet"


def test_an_unknown_term_is_named_with_vocabulary_terms_and_nearest() -> None:
    found = only(CHECKS.check(good_item(w_model="oak-1")))
    assert found.to_json() == {
        "check": "vocabulary",
        "pointer": "/properties/w:model",
        "message": "`w:model` is oak-1, which is not a term of `model` in woods 1.0.",
        "value": "oak-1",
        "expected": ["ASH-3", "ELM-2", "OAK-1"],
        "level": "error",
        "vocabulary": "woods 1.0",
        "nearest": ("OAK-1",),
    }


def test_a_large_facet_is_named_instead_of_listed() -> None:
    found = only(CHECKS.check(good_item(w_many="term4")))
    assert found.expected == "a term of `many`"
    assert found.nearest is not None
    assert found.nearest[0].startswith("term")


def test_a_member_of_a_list_is_pointed_at() -> None:
    found = only(CHECKS.check(good_item(w_realm=["air", "see"])))
    assert (found.pointer, found.value, found.nearest) == ("/properties/w:realm/1", "see", ("sea",))
    assert found.message.startswith("`w:realm/1` is see,")


@pytest.mark.parametrize(
    ("changed", "pointer", "message"),
    [
        ({"w_campaign": "Spring"}, "/properties/w:campaign", "`w:campaign` must be a list."),
        ({"w_model": ["OAK-1"]}, "/properties/w:model", "`w:model` must be one value, not a list."),
        ({"w_campaign": []}, "/properties/w:campaign", "`w:campaign` must not be empty."),
        ({"w_campaign": ["Spring", "Spring"]}, "/properties/w:campaign/1", "`w:campaign/1` repeats Spring."),
        ({"w_model": 1.5}, "/properties/w:model", "`w:model` must be a string."),
        ({"w_realm": ["air", True]}, "/properties/w:realm/1", "`w:realm/1` must be a string."),
        ({"w_campaign": None}, "/properties", "`w:campaign` is missing in `properties`."),
        ({"w_free": None}, "/properties", "`w:free` is missing in `properties`."),
    ],
)
def test_the_wrong_shape_is_an_error(changed: dict[str, Any], pointer: str, message: str) -> None:
    found = only(CHECKS.check(good_item(**changed)))
    assert (found.check, found.pointer, found.message, found.level) == ("facet", pointer, message, "error")


def test_an_integer_counts_as_its_digits_and_nothing_else_does() -> None:
    assert CHECKS.check(good_item(w_index=7)) == []
    for value in (True, 7.0, -7):
        assert len(CHECKS.check(good_item(w_index=value))) == 1, value


def test_patterns_and_composite_terms_accept_whole_values() -> None:
    for value in ("r1", "r12"):
        assert CHECKS.check(good_item(w_run=value)) == []
    for value in ("r", "r1x", "xr1", "r1\n", ""):
        assert only(CHECKS.check(good_item(w_run=value))).expected == "^r[0-9]+$"
    for value in ("r1", "s1961-r2"):
        assert CHECKS.check(good_item(w_composed=value)) == []
    for value in ("s1999-r1", "s1961", "s1961-r1-r1"):
        assert only(CHECKS.check(good_item(w_composed=value))).expected == "a term of `member`"


def test_the_profile_has_patterns_of_its_own_and_they_are_no_vocabulary() -> None:
    found = only(CHECKS.check(good_item(w_member="s1960_r1")))
    assert found.vocabulary is None
    assert found.message == "`w:member` is s1960_r1, which is not what the profile's pattern matches."
    warning = TermChecks(with_profile(unknown_terms="warn"), VOCABULARY)
    assert only(warning.check(good_item(w_member="s1960_r1"))).level == "error"


def test_unknown_terms_are_warnings_where_the_profile_says_so() -> None:
    checks = TermChecks(with_profile(unknown_terms="warn"), VOCABULARY)
    assert only(checks.check(good_item(w_model="fir"))).level == "warning"
    assert only(checks.check(good_item(w_model=["fir"]))).level == "error"


def test_a_property_that_is_absent_is_said_by_the_id() -> None:
    profile = with_profile(facets=tuple(replace(rule, required=False) for rule in PROFILE.facets))
    checks = TermChecks(profile, VOCABULARY)
    assert checks.check(good_item(w_model=None)) == []
    item = {**good_item(w_model=None), "id": "W.Spring.FIR.s1960-r1.day.v20200131"}
    found = only(checks.check(item))
    assert (found.pointer, found.value) == ("/id", "FIR")
    assert found.message == "`id` says FIR for `w:model`, which is not a term of `model` in woods 1.0."


def test_a_property_that_is_absent_is_said_by_the_group_of_a_pattern() -> None:
    assert CHECKS.check(good_item(w_start=None)) == []
    assert CHECKS.check(good_item(w_start=None, w_member="r1")) == []
    found = only(CHECKS.check(good_item(w_start=None, w_member="s1999-r1")))
    assert (found.pointer, found.value) == ("/properties/w:member", "s1999")
    assert found.message.startswith("`w:member` says s1999 for `w:start`,")


def test_an_id_alone_is_checked_for_its_parts_and_groups() -> None:
    found = CHECKS.check_id("W.Sprung.OAK-2.s1999-r1.week.v20200131")
    assert [(each.value, each.pointer) for each in found] == [
        ("Sprung", "/id"), ("OAK-2", "/id"), ("s1999", "/id"), ("week", "/id"),
    ]  # fmt: skip
    assert CHECKS.check_id("something else") == []


def test_fields_of_the_vocabulary_are_taken_over_where_the_profile_names_none() -> None:
    checks = TermChecks(with_profile(derive_facets="w:"), VOCABULARY)
    good = good_item(w_units="K", w_note="free", w_colours=["air"])
    assert checks.check(good) == []
    assert only(checks.check(good_item(w_note="free", w_units="km"))).expected == ["K", "m"]
    assert only(checks.check(good_item(w_units="m"))).message == "`w:note` is missing in `properties`."
    assert only(checks.check(good_item(w_note=[1], w_colours="air"))).pointer == "/properties/w:colours"
    assert CHECKS.check(good_item(w_units="km")) == []  # not derived


def test_without_a_vocabulary_shapes_patterns_and_needs_are_checked() -> None:
    checks = TermChecks(PROFILE, None)
    assert checks.check(good_item(w_model="fir", w_campaign=["Never"])) == []
    found = checks.check(good_item(w_model=["fir"], w_member="r", w_campaign=None))
    assert sorted(each.pointer for each in found) == [
        "/properties", "/properties/w:member", "/properties/w:model",
    ]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_any_value_anywhere_is_taken(value: Any) -> None:
    assert CHECKS.check({**good_item(), "properties": value}) == [] or isinstance(value, dict)
    assert len(CHECKS.check({**good_item(), "id": value})) == 0
    for rule in PROFILE.facets:
        item = good_item()
        item["properties"][rule.property] = value
        again = CHECKS.check(item)
        assert CHECKS.check(item) == again
        assert all(found.pointer.startswith(f"/properties/{rule.property}") for found in again)


def test_a_list_of_faults_is_cut() -> None:
    found = CHECKS.check(good_item(w_realm=[f"wrong{number}" for number in range(1_000)]))
    assert len(found) == 101
    assert found[-1].message == "There are more than 100 findings; the rest is not listed."
    assert sum(each.nearest is not None for each in found) <= 10
    found = CHECKS.check(good_item(w_realm=[f"wrong{number}" for number in range(1_001)]))
    assert only(found).message == "`w:realm` must have at most 1000 members."


def test_what_is_remembered_is_limited_and_never_wrong() -> None:
    profile = with_profile(facets=(FacetRule("run", facet="run"), FacetRule("model", facet="model")))
    checks = TermChecks(profile, VOCABULARY)
    known = checks._singles[0][1]
    for number in range(REMEMBERED_MAX + 10):
        assert checks.check({"properties": {"run": f"r{number}"}}) == []
        assert len(known) <= REMEMBERED_MAX + 1
    assert checks.check({"properties": {}}) == []  # absent is still fine
    assert len(checks.check({"properties": {"run": "rx"}})) == 1
    assert checks.check({"properties": {"run": "r" + "1" * 400}}) == []
    assert "r" + "1" * 400 not in known


def test_a_facet_without_terms_accepts_nothing() -> None:
    empty = replace(VOCABULARY, facets={**VOCABULARY.facets, "model": facet("model")})
    assert only(TermChecks(PROFILE, empty).check(good_item())).pointer == "/properties/w:model"
