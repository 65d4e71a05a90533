"""What is found wrong with the extensions and links that an item declares."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.profile import ExtensionRule
from checks.declared import DeclaredChecks
from stream.errors import PROBLEMS, Finding
from tests.support.small_vocabulary import FILE, HOSTILE, PROFILE, WOODS, good_item, with_profile

CHECKS = DeclaredChecks(PROFILE, {FILE, WOODS})
EO = "https://ext.example/eo/v1.0.0/schema.json"
OTHER = "https://ext.example/other/v1.0.0/schema.json"


def only(findings: list[Finding]) -> Finding:
    [found] = findings
    return found


def declaring(*uris: Any) -> dict[str, Any]:
    return {**good_item(), "stac_extensions": list(uris)}


def test_nothing_is_found_where_all_is_well() -> None:
    for _ in range(2):
        assert CHECKS.check(good_item()) == []


def test_a_missing_extension_has_the_problem_of_its_own_name() -> None:
    found = only(CHECKS.check(declaring(FILE)))
    assert found.check == "expected-extension-missing"
    assert found.check in PROBLEMS
    assert (found.pointer, found.expected) == ("/stac_extensions", "woods 1.1.0")


@pytest.mark.parametrize("absent", [None, {}, "x", 3, []])
def test_all_are_missing_where_none_is_declared(absent: Any) -> None:
    found = CHECKS.check({**good_item(), "stac_extensions": absent})
    assert [each.check for each in found] == ["expected-extension-missing"] * 2
    item = good_item()
    del item["stac_extensions"]
    assert CHECKS.check(item) == found


@pytest.mark.parametrize(
    ("version", "below"),
    [
        ("v1.0.9", True), ("v1.1.0-beta.1", True), ("v1.1.0", False), ("v1.1.1", False), ("v1.10.0", False),
        ("v2.0.0-rc.1", False), ("v0.99.0", True),
    ],
)  # fmt: skip
def test_the_least_version_is_compared_as_versions_are(version: str, below: bool) -> None:
    uri = f"https://ext.example/woods/{version}/schema.json"
    checks = DeclaredChecks(PROFILE, {FILE, uri})
    found = checks.check(declaring(FILE, uri))
    assert [each.check for each in found] == (["extension-below-minimum"] if below else [])
    if below:
        assert (found[0].pointer, found[0].value, found[0].expected) == (
            "/stac_extensions/1",
            uri,
            "woods 1.1.0",
        )


def test_the_newest_of_several_versions_counts() -> None:
    older = WOODS.replace("v1.1.0", "v1.0.0")
    assert DeclaredChecks(PROFILE, {FILE, WOODS, older}).check(declaring(older, FILE, WOODS)) == []


def test_a_family_that_the_profile_does_not_list_is_unexpected() -> None:
    found = only(DeclaredChecks(PROFILE, {FILE, WOODS, OTHER}).check(declaring(FILE, OTHER, WOODS)))
    assert (found.check, found.pointer) == ("unexpected-extension", "/stac_extensions/1")
    assert found.expected == ["eo", "file", "woods"]
    anything = with_profile(extensions=ExtensionRule({}, None))
    assert DeclaredChecks(anything, {FILE, WOODS, OTHER}).check(declaring(FILE, OTHER, WOODS)) == []


def test_a_schema_that_is_not_imported_is_a_note_or_an_error() -> None:
    note = only(CHECKS.check(declaring(FILE, WOODS, EO)))
    assert (note.level, note.pointer, note.check) == ("note", "/stac_extensions/2", "extension-not-checked")
    assert note.message == f"{EO} is not checked: no schema of this URI is imported."
    strict = DeclaredChecks(with_profile(extensions=ExtensionRule({}, None, "refuse")), {FILE, WOODS})
    error = only(strict.check(declaring(FILE.replace("v2.1.0", "v2.1.1"), WOODS)))
    assert (error.level, error.check) == ("error", "unexpected-extension")
    assert error.nearest is not None
    assert error.nearest[0] == FILE


def test_what_the_core_check_says_is_not_said_again() -> None:
    assert CHECKS.check(declaring(FILE, WOODS, FILE)) == CHECKS.check(declaring(FILE, 7, WOODS)) == []
    twice = declaring(FILE, WOODS, EO, EO)
    assert only(CHECKS.check(twice)).pointer == "/stac_extensions/2"


def test_required_links_are_named() -> None:
    several: tuple[Any, ...] = ([], None, {}, [{"rel": "self"}], ["cite-as"], [{"rel": ["cite-as"]}])
    for links in several:
        found = only(CHECKS.check({**good_item(), "links": links}))
        assert (found.check, found.pointer, found.expected) == ("link-missing", "/links", "cite-as")


def test_a_long_list_is_not_looked_at() -> None:
    found = only(CHECKS.check(declaring(FILE, WOODS, *(f"{EO}{number}" for number in range(199)))))
    assert (found.pointer, found.value, found.expected) == ("/stac_extensions", 201, 200)
    found_all = CHECKS.check(declaring(FILE, WOODS, *(f"{EO}{number}" for number in range(198))))
    assert len(found_all) == 101  # each is unexpected, and 100 are listed


def test_a_least_version_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="latest"):
        DeclaredChecks(with_profile(extensions=ExtensionRule({"file": "latest"})), set())


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_any_value_anywhere_is_taken(value: Any) -> None:
    for member in ("stac_extensions", "links"):
        assert CHECKS.check({**good_item(), member: value})
    assert bool(CHECKS.check(declaring(FILE, WOODS, value))) == isinstance(value, str)
    assert only(CHECKS.check({**good_item(), "links": [{"rel": value}]})).check == "link-missing"
