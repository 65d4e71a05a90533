"""What is found wrong with an id, and with properties that do not repeat it."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.profile import IdRule
from checks.identity import IdentityChecks
from tests.support.small_vocabulary import DATASET, HOSTILE, PROFILE, good_item, with_profile

CHECKS = IdentityChecks(PROFILE)


def test_nothing_is_found_where_all_is_well() -> None:
    assert CHECKS.check(good_item()) == []
    assert CHECKS.check(good_item(), "woods") == []
    assert CHECKS.check_id(f"{DATASET}.v20200131") == []


def test_an_id_of_another_form_is_named_with_the_pattern() -> None:
    [found] = CHECKS.check({**good_item(), "id": "W.Spring.v1"})
    assert (found.check, found.pointer, found.value) == ("id-pattern", "/id", "W.Spring.v1")
    assert found.expected == PROFILE.ids.pattern
    assert found.level == "error"


def test_an_id_with_another_number_of_parts_than_the_profile_does_not_fit() -> None:
    checks = IdentityChecks(with_profile(parts=PROFILE.parts[:-1]))
    assert [found.check for found in checks.check(good_item())] == ["id-pattern"]


@pytest.mark.parametrize("version", ["20210229", "20201301", "20200100", "00000101"])
def test_a_version_that_is_no_date_is_found(version: str) -> None:
    [found] = CHECKS.check_id(f"{DATASET}.v{version}")
    assert (found.check, found.pointer) == ("id-version", "/id")
    assert version in found.message


def test_a_leap_day_is_a_date() -> None:
    assert CHECKS.check_id(f"{DATASET}.v20200229") == []


def test_versions_of_other_lengths_and_orders_are_no_dates() -> None:
    numbers = IdentityChecks(with_profile(ids=IdRule(r"(?P<dataset>.+)\.v(?P<version>[0-9]+)", "number")))
    assert numbers.check_id(f"{DATASET}.v99") == []
    texts = IdentityChecks(with_profile(ids=IdRule(r"(?P<dataset>.+)\.v(?P<version>[0-9]+)", "text")))
    assert texts.check_id(f"{DATASET}.v99999999") == []


def test_the_item_names_the_collection_it_is_posted_to() -> None:
    [found] = CHECKS.check(good_item(), "meadows")
    assert (found.check, found.pointer) == ("id-collection", "/collection")
    assert (found.value, found.expected) == ("woods", "meadows")


def test_a_part_that_the_property_does_not_repeat_is_one_error_with_both() -> None:
    [found] = CHECKS.check(good_item(w_model="ELM-2"))
    assert (found.check, found.pointer) == ("id-properties", "/properties/w:model")
    assert (found.value, found.expected) == ("ELM-2", "OAK-1")
    assert found.message == "`w:model` is ELM-2, but the id says OAK-1."


def test_a_list_has_to_hold_the_part() -> None:
    assert CHECKS.check(good_item(w_campaign=["Autumn", "Spring"])) == []
    [found] = CHECKS.check(good_item(w_campaign=["Autumn", "Winter"]))
    assert (found.pointer, found.expected) == ("/properties/w:campaign", "Spring")
    assert found.message == "`w:campaign` does not hold Spring, which the id says."


def test_title_and_version_repeat_the_id() -> None:
    found = CHECKS.check(good_item(title="another", version="20200130"))
    assert [(each.pointer, each.expected) for each in found] == [
        ("/properties/title", DATASET),
        ("/properties/version", "20200131"),
    ]


def test_integers_count_as_their_digits() -> None:
    assert CHECKS.check(good_item(version=20200131)) == []
    assert len(CHECKS.check(good_item(version=20200130))) == 1


def test_without_a_pattern_the_id_is_the_dataset_and_has_no_version() -> None:
    checks = IdentityChecks(
        with_profile(ids=IdRule(), parts=(), same={"title": "dataset", "version": "version"})
    )
    assert checks.check({"id": "a b", "properties": {"title": "a b", "version": 3}}) == []
    [found] = checks.check({"id": "a b", "properties": {"title": "c"}})
    assert found.expected == "a b"


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_any_value_anywhere_is_taken(value: Any) -> None:
    for member in ("id", "collection", "properties"):
        item = {**good_item(), member: value}
        assert all(found.level == "error" for found in CHECKS.check(item, "woods"))
    for name in good_item()["properties"]:
        item = good_item()
        item["properties"][name] = value
        assert len(CHECKS.check(item)) <= 1


@pytest.mark.parametrize(
    "item_id", ["W" + ".a" * 200_000, "W.a.b.c." + "d" * 200_000 + ".v20200101", "." * 4_000]
)
def test_a_long_id_does_not_fit_and_is_shown_in_part(item_id: str) -> None:
    [found] = CHECKS.check_id(item_id)
    assert found.check == "id-pattern"
    assert len(str(found.value)) <= 200
