"""What does not go together, though each value is right by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from catalogue.profile import Composition, FacetRule, Participation
from checks.cross import CrossChecks
from cv.vocabulary import Term
from stream.errors import Finding
from tests.support.small_vocabulary import HOSTILE, PROFILE, VOCABULARY, facet, good_item, with_profile

CHECKS = CrossChecks(PROFILE, VOCABULARY)


def only(findings: list[Finding]) -> Finding:
    [found] = findings
    return found


def named(item_id: str, **changed: Any) -> dict[str, Any]:
    return {**good_item(**changed), "id": f"{item_id}.v20200131"}


def test_nothing_is_found_where_all_goes_together() -> None:
    for _ in range(2):
        assert CHECKS.check(good_item()) == []
    assert CHECKS.check_id("W.Spring.OAK-1.s1960-r1.day.v20200131") == []
    assert CHECKS.unused == {}


def test_a_participation_names_both_and_what_is_allowed() -> None:
    found = only(CHECKS.check(named("W.Autumn.ELM-2.s1960-r1.day", w_model="ELM-2", w_campaign=["Autumn"])))
    assert found.to_json() == {
        "check": "model-campaign",
        "pointer": "/properties/w:campaign",
        "message": "`w:campaign` is Autumn, but the model ELM-2 allows only Spring.",
        "value": "Autumn",
        "expected": "Spring",
        "level": "error",
        "vocabulary": "woods 1.0",
    }


def test_each_member_of_a_list_has_to_go_with_the_term() -> None:
    found = only(CHECKS.check(good_item(w_campaign=["Spring", "Winter"])))
    assert (found.pointer, found.value, found.expected) == (
        "/properties/w:campaign/1",
        "Winter",
        ["Autumn", "Spring"],
    )


def test_a_term_without_the_facts_says_nothing() -> None:
    assert CHECKS.check(named("W.Winter.ASH-3.s1960-r1.day", w_model="ASH-3", w_campaign=["Winter"])) == []


@pytest.mark.parametrize("changed", [{"w_model": "FIR"}, {"w_campaign": ["Never"]}, {"w_maker": "Nobody"}])
def test_what_is_no_term_is_not_said_twice(changed: dict[str, Any]) -> None:
    assert CHECKS.check(good_item(**changed)) == []


def test_a_composition_says_what_it_gives() -> None:
    found = only(CHECKS.check(good_item(w_start="s1961")))
    assert (found.check, found.pointer, found.expected) == ("member", "/properties/w:member", "s1961-r1")
    assert found.message == "`w:member` is s1960-r1, but `w:start` s1961 and `w:run` r1 give s1961-r1."


def test_a_composition_leaves_out_what_is_empty_or_absent() -> None:
    short = "W.Spring.OAK-1.r1.day"
    assert CHECKS.check(named(short, w_start="none", w_member="r1")) == []
    assert CHECKS.check(named(short, w_start=None, w_member="r1")) == []
    assert only(CHECKS.check(good_item(w_start="none"))).expected == "r1"
    assert CHECKS.check(good_item(w_run=None)) == []  # the pattern of w:member gives it


def test_a_composition_without_a_needed_part_finds_nothing() -> None:
    profile = with_profile(cross_checks=(Composition("c", "a", "{b}-{c}"),), facets=(), parts=())
    checks = CrossChecks(profile, VOCABULARY)
    assert checks.check({"properties": {"a": "x", "b": "y"}}) == []
    assert checks.check({"properties": {"a": "x", "b": "y", "c": ["z", "z"]}}) == []
    assert checks.check({"properties": {"a": "1-2", "b": 1, "c": 2}}) == []
    assert only(checks.check({"properties": {"a": "x", "b": "y", "c": "z"}})).expected == "y-z"


@pytest.mark.parametrize("template", ["no name", "{a", "[{a}", "{a}]", "[[{a}]]", "{a{b}}", ""])
def test_a_template_that_cannot_be_read_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="template"):
        CrossChecks(with_profile(cross_checks=(Composition("c", "p", template),)), None)


def test_a_pairing_has_the_level_that_the_profile_says() -> None:
    found = only(CHECKS.check(good_item(w_realm=["air", "land"])))
    assert (found.check, found.level, found.pointer) == ("table-realm", "warning", "/properties/w:realm/1")
    assert found.message == "`w:realm` is land, but the table day allows only air and sea."
    assert found.vocabulary is None
    assert (
        CHECKS.check(named("W.Spring.OAK-1.s1960-r1.mon", w_table="mon", w_realm=["land"])) == []
    )  # not listed


def test_the_id_is_asked_where_the_property_is_absent() -> None:
    found = only(CHECKS.check(named("W.Autumn.ELM-2.s1960-r1.day", w_model=None, w_campaign=None)))
    assert (found.pointer, found.check) == ("/id", "model-campaign")
    assert found.message == "`id` says Autumn for `w:campaign`, but the model ELM-2 allows only Spring."


def test_an_id_alone_is_checked() -> None:
    found = only(CHECKS.check_id("W.Winter.OAK-1.r1.day.v20200131"))
    assert (found.check, found.value) == ("model-campaign", "Winter")
    assert CHECKS.check_id("something else") == []


def test_a_dispute_between_id_and_properties_is_not_repeated() -> None:
    """The identity check names each of these; with the id's value all goes together."""
    assert CHECKS.check(good_item(w_member="s1961-r1")) == []
    assert CHECKS.check(good_item(w_model="ELM-2", w_campaign=["Autumn", "Spring"])) == []
    assert CHECKS.check(named("W.Autumn.OAK-1.s1960-r1.day", w_model="ELM-2", w_campaign=["Autumn"])) == []


def test_what_is_wrong_whoever_is_right_is_found_in_spite_of_a_dispute() -> None:
    found = only(CHECKS.check(named("W.Winter.OAK-1.s1960-r1.day", w_model="ELM-2", w_campaign=["Winter"])))
    assert (found.check, found.value) == ("model-campaign", "Winter")


def test_groups_have_to_be_repeated_unless_a_composition_says_so_already() -> None:
    profile = with_profile(cross_checks=())
    checks = CrossChecks(profile, VOCABULARY)
    assert checks.check(good_item()) == checks.check(good_item(w_start=None)) == []
    found = only(checks.check(good_item(w_run="r2")))
    assert (found.check, found.pointer, found.expected) == ("pattern-group", "/properties/w:run", "r1")
    assert found.message == "`w:run` is r2, but `w:member` is s1960-r1, which gives r1."
    assert checks.check(named("W.Spring.OAK-1.r1.day", w_start="none", w_member="r1")) == []
    assert (
        only(checks.check(named("W.Spring.OAK-1.r1.day", w_start="s1961", w_member="r1"))).expected == "none"
    )


def test_facts_about_another_project_are_not_used() -> None:
    foreign = Term("fir", "FIR-4", facts={"campaigns": ("Spring", "Harvest")})
    model = facet("model", *VOCABULARY.facets["model"].terms, foreign)
    checks = CrossChecks(PROFILE, replace(VOCABULARY, facets={**VOCABULARY.facets, "model": model}))
    assert checks.unused == {
        "model-campaign": "terms of `model` speak of another project: Harvest is no term of it for `w:campaign`"
    }
    assert checks.check(good_item(w_campaign=["Spring", "Winter"])) == []


def test_a_check_whose_facts_nobody_states_is_not_used() -> None:
    profile = with_profile(
        cross_checks=(
            Participation("a", "w:model", ("nothing",), "w:maker"),
            Participation("b", "w:absent", ("makers",), "w:maker"),
            Participation("c", "w:index", ("makers",), "w:maker"),
        )
    )
    assert CrossChecks(profile, VOCABULARY).unused == {
        "a": "no term of `model` says `nothing`",
        "b": "there is no vocabulary with the terms of `w:absent`",
        "c": "there is no vocabulary with the terms of `w:index`",
    }
    assert set(CrossChecks(PROFILE, None).unused) == {"model-campaign", "model-maker"}


def test_the_first_fact_that_a_term_has_counts() -> None:
    terms = facet(
        "model",
        Term("a", "A", facts={"builders": ("Park",), "makers": ("Forest",)}),
        Term("b", "B", facts={"makers": ("Forest",)}),
    )
    profile = with_profile(
        facets=(FacetRule("model", facet="model"), FacetRule("maker", facet="maker")),
        cross_checks=(Participation("made", "model", ("builders", "makers"), "maker"),),
    )
    checks = CrossChecks(profile, replace(VOCABULARY, facets={**VOCABULARY.facets, "model": terms}))
    for model, maker, wrong in (("A", "Park", 0), ("A", "Forest", 1), ("B", "Forest", 0), ("B", "Park", 1)):
        assert len(checks.check({"properties": {"model": model, "maker": maker}})) == wrong


def test_a_long_list_of_what_is_allowed_is_cut() -> None:
    many = tuple(f"term{number:02}" for number in range(40))
    terms = facet("model", Term("a", "A", facts={"names": many[:39]}))
    profile = with_profile(
        facets=(FacetRule("model", facet="model"), FacetRule("name", facet="many")),
        cross_checks=(Participation("named", "model", ("names",), "name"),),
    )
    checks = CrossChecks(profile, replace(VOCABULARY, facets={**VOCABULARY.facets, "model": terms}))
    found = only(checks.check({"properties": {"model": "A", "name": "term39"}}))
    assert (
        found.message == "`name` is term39, but the model A allows only term00, term01, term02 and 36 more."
    )
    assert found.expected == list(many[:20])
    assert found.nearest is not None


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_any_value_anywhere_is_taken(value: Any) -> None:
    assert CHECKS.check({**good_item(), "id": value}) == []
    assert CHECKS.check({**good_item(), "properties": value}) == CHECKS.check_id(good_item()["id"]) == []
    for name in good_item()["properties"]:
        item = good_item()
        item["properties"][name] = value
        assert CHECKS.check(item) == [], name
