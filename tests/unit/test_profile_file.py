"""Profiles as files: what they may say, and that whatever is wrong is named by file, line and key."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from catalogue.profile import Composition, Pairing, Participation, Profile
from catalogue.profile_file import FAULTS_MAX, BadProfile, read_profile
from catalogue.profile_schema import profile_schema
from catalogue.profile_shelf import SHIPPED
from tests.conftest import ROOT

HEAD = "profile: p\nversion: '1'\ntitle: t\ncollections: [c]\nmutable: [/properties]\n"
FACETS = """\
vocabulary: {project: p}
facets:
  x:a: {facet: a}
  x:b: {pattern: '(?P<one>[a-z]+)-.*', groups: {one: x:c}}
"""
CROSS = FACETS + "cross_checks:\n  k: {property: x:a, "
ID = "id:\n  pattern: '(?P<dataset>[a-z]+)\\.(?P<version>[0-9]+)'\n"


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(BadProfile) as caught:
        read_profile(text, "p.yaml")
    assert str(caught.value) == "\n".join(caught.value.faults)
    return caught.value.faults


def profile(text: str = "") -> Profile:
    return read_profile(HEAD + text, "p.yaml")


def test_the_least_profile_has_the_documented_defaults() -> None:
    found = profile()
    assert found == Profile("p", "1", found.ids, ("/properties",), collections=("c",), title="t")
    assert (found.ids.pattern, found.ids.order) == (None, "text")


def test_the_example_of_the_documentation() -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "profiles.md").read_text(), re.DOTALL)
    found = read_profile(text, "example.yaml")
    assert found.rules("obs.NASA.MERRA-2.mon.tas.v20240131").sort == 20240131
    assert found.same == {"title": "dataset", "version": "version"}
    assert found.extensions.required == {"file": "2.1.0"}
    assert found.extensions.allowed is None
    assert (found.vocabulary, found.missing_vocabulary, found.unknown_terms) == ("obs", "refuse", "warn")
    by_name = {rule.property: rule for rule in found.facets}
    assert (by_name["obs:realm"].facet, by_name["obs:realm"].many) == ("realm", True)
    assert (by_name["obs:variable"].required, by_name["obs:variable"].pattern) == (True, None)
    assert by_name["obs:member"].groups == {"half": "obs:half"}
    assert by_name["obs:member"].defaults == {"obs:half": "none"}
    assert found.cross_checks == (
        Participation("source-institution", "obs:source", ("institutions", "institution"), "obs:institution"),
        Composition("member", "obs:member", "m{obs:number}[-{obs:half}]", {"obs:half": "none"}),
        Pairing(
            "table-frequency", "obs:table", "obs:frequency",
            {"Aday": ("day",), "Amon": ("mon",), "Oday": ("day",), "Omon": ("mon",)}, "warning",
        ),
    )  # fmt: skip
    assert (found.longitudes, found.null_geometry, found.links) == ((-180.0, 360.0), False, ("cite-as",))
    assert (found.assets.protocols, found.assets.roles) == (("https", "s3"), ("data",))
    assert (found.access_keys, found.access_protocols) == (("reference_file",), ("kerchunk",))


def test_the_example_uses_every_key() -> None:
    page = (ROOT / "docs" / "profiles.md").read_text()
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    keys = {name.rpartition(".")[2] for name in re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)}
    assert len(keys) > 40
    unused = {key for key in keys if not re.search(rf"\b{key}:", example)}
    assert unused == {"derive"}  # takes the place of `facets`


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            HEAD + "\nvocabluary: {project: x}\n",
            7,
            "vocabluary: `vocabluary` is not known here; did you mean `vocabulary`?",
        ),
        (
            HEAD + "geometry:\n  may_be_nul: true\n",
            7,
            "geometry > may_be_nul: `may_be_nul` is not known here; did you mean",
        ),
        (HEAD + "zzzzzz: 1\n", 6, "zzzzzz: `zzzzzz` is not known here."),
        (HEAD.replace("title: t\n", ""), 1, "`title` is missing."),
        (HEAD.replace("'1'", "1"), 2, "version: `version` must be text: write it in quotes."),
        (HEAD.replace("'1'", "v1"), 2, "version: `version` must be numbers with dots between"),
        (HEAD.replace("profile: p", "profile: a b"), 1, "profile: `profile` must be the id of the profile"),
        (HEAD.replace("[c]", "[]"), 4, "collections: `collections` is not right"),
        (HEAD.replace("[c]", "[a/b]"), 4, "collections > 0: `0` must be an id or a pattern."),
        (HEAD.replace("[c]", "[c, c]"), 4, "`collections` is not right"),
        (HEAD.replace("[/properties]", "[properties]"), 5, "mutable > 0: `0` must be a JSON pointer."),
        (HEAD + "delete: destroy\n", 6, "delete: `delete` must be one of retract, withdraw, purge."),
        (HEAD + "search:\n  retracted: show\n", 7, "`retracted` must be one of exclude, hide-data, include."),
        (HEAD + "facets:\n  x:a: {}\n", 7, "facets > x:a: `x:a` is not right"),
        (HEAD + "facets:\n  x:a: {many: often}\n", 7, "facets > x:a > many: `many` must be true or false."),
        (HEAD + "facets:\n  x:a: {groups: {a: b}}\n", 7, "`pattern` is missing."),
        (HEAD + "facets: [a]\n", 6, "`facets` must be a mapping."),
        (HEAD + "extensions:\n  required: {file: 2.1}\n", 7, "`file` must be text: write it in quotes."),
        (HEAD + "extensions:\n  required: {file: '2.1'}\n", 7, "`file` must be a version of three numbers"),
        (HEAD + "extensions:\n  required:\n    'a b': 2.1.0\n", 8, "`a b` cannot be a name here"),
        (
            HEAD + "cross_checks:\n  Bad Name: {property: a, template: b}\n",
            7,
            "`Bad Name` cannot be a name here",
        ),
        (
            HEAD + "cross_checks:\n  a:\n    property: b\n    templte: c\n",
            9,
            "`templte` is not known here; did you mean `template`?",
        ),
        (HEAD + "cross_checks:\n  a: {property: b, other: c}\n", 7, "`facts` is missing."),
        (
            HEAD + "cross_checks:\n  a: {property: b, template: '{c}', level: note}\n",
            7,
            "`level` must be one of error, warning.",
        ),
        (HEAD + "id: {order: number}\n", 6, "`pattern` is missing."),
        (HEAD + "geometry: {longitudes: [0]}\n", 6, "`longitudes` is not right"),
        (HEAD + "geometry: {longitudes: [0, 720]}\n", 6, "`1` is not right"),
        ("- a\n", 1, "The profile must be a mapping."),
        ("null\n", 1, "The profile must be a mapping."),
        (HEAD + "title: u\n", 6, "the key `title` is there twice."),
        (HEAD + "links: &x [a]\n", 6, "anchors such as `&x` are not allowed."),
    ],
)
def test_faults_against_the_schema(text: str, line: int, said: str) -> None:
    found = faults(text)
    assert any(fault.startswith(f"p.yaml:{line}: ") and said in fault for fault in found), found


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (
            "id:\n  pattern: '(a'\n",
            7,
            "id > pattern: `pattern` is no regular expression of RE2: missing ): (a.",
        ),
        ("id:\n  pattern: '(?P<dataset>.)(?=x)(?P<version>.)'\n", 7, "no regular expression of RE2"),
        ("id:\n  pattern: '(?P<dataset>(.+)+\\2)(?P<version>.)'\n", 7, "no regular expression of RE2"),
        ("id:\n  pattern: '(x{1000}){1000}'\n", 7, "no regular expression of RE2"),
        ("id:\n  pattern: '(?P<dataset>.+)'\n", 7, "`pattern` must have the group `version`"),
        ("id:\n  pattern: '.+'\n", 7, "`pattern` must have the group `dataset`"),
        (
            ID + "  parts: [x:a]\n" + FACETS.replace("x:a", "x:z"),
            8,
            "id > parts > 0: `x:a` is no property of `facets`",
        ),
        ("facets:\n  x:a: {facet: a}\n", 7, "facets > x:a > facet: `facet` needs a `vocabulary`."),
        ("facets:\n  x:a:\n    pattern: '['\n", 8, "no regular expression of RE2"),
        (
            "facets:\n  x:a:\n    pattern: '(?P<one>a)'\n    groups: {on: b}\n",
            9,
            "`on` is no group of the pattern; did you mean `one`?",
        ),
        ("facets:\n  x:a:\n    pattern: '(?P<one>a)'\n", 8, "`one` is a group that `groups` does not name."),
        (
            "facets:\n  x:a:\n    pattern: '(?P<one>a)'\n    groups: {one: bee}\n    defaults: {be: x}\n",
            10,
            "`be` is no property of `groups`; did you mean `bee`?",
        ),
        ("geometry: {longitudes: [10, 10]}\n", 6, "`longitudes` must begin with the lesser one."),
        (CROSS + "template: 'abc'}\n", 11, "`template` names no property"),
        (CROSS + "template: '[x]{x:b}'}\n", 11, "brackets that name no property"),
        (CROSS + "template: '{x:bb}'}\n", 11, "`x:bb` is no property of `facets`; did you mean `x:b`?"),
        (CROSS + "template: '{x:b'}\n", 11, "without its other half"),
        (CROSS + "template: 'x:b}'}\n", 11, "without its other half"),
        (CROSS + "template: '[{x:b}'}\n", 11, "without its other half"),
        (CROSS + "template: '[[{x:b}]]'}\n", 11, "without its other half"),
        (CROSS + "template: '[{x:b]'}\n", 11, "without its other half"),
        (CROSS + "template: '{{x:b}}'}\n", 11, "without its other half"),
        (CROSS + "template: '{}{x:b}'}\n", 11, "without its other half"),
        (CROSS + "template: '{x:a}'}\n", 11, "names the property `x:a` that it makes"),
        (
            FACETS
            + "cross_checks:\n  k:\n    property: x:a\n    template: '{x:b}'\n    empty: {x:b: none}\n",
            14,
            "`x:b` is in no brackets of the template",
        ),
        (
            FACETS + "cross_checks:\n  k: {property: y, template: '{x:a}'}\n",
            11,
            "k > property: `y` is no property of `facets`.",
        ),
        (CROSS + "term: x:b, facts: [f]}\n", 11, "`x:b` is no property of `facets` with a facet"),
        (CROSS + "other: y, allowed: {a: [b]}}\n", 11, "k > other: `y` is no property"),
    ],
)
def test_faults_that_no_schema_can_see(text: str, line: int, said: str) -> None:
    found = faults(HEAD + text)
    assert any(fault.startswith(f"p.yaml:{line}: ") and said in fault for fault in found), found


def test_all_faults_at_once_in_the_order_of_the_file() -> None:
    found = faults("profile: p\nversion: 1\ntitle: t\ncollections: []\nmutable: [x]\ndelete: y\n")
    assert [fault.split(":")[1] for fault in found] == ["2", "4", "5", "6"]


def test_many_faults_are_not_all_told() -> None:
    found = faults(HEAD + "".join(f"wrong{number}: 1\n" for number in range(FAULTS_MAX + 50)))
    assert len(found) == FAULTS_MAX + 1
    assert found[-1] == f"p.yaml: there are more than {FAULTS_MAX} faults."


def test_derived_properties_need_no_facet() -> None:
    found = profile(
        "vocabulary: {project: p, derive: 'x:'}\ncross_checks:\n  k: {property: x:a, template: '{x:b}'}\n"
    )
    assert found.derive_facets == "x:"
    assert "`y:b` is no property" in faults(
        HEAD + "vocabulary: {project: p, derive: 'x:'}\ncross_checks:\n  k: {property: x:a, template: '{y:b}'}\n"
    )[0]  # fmt: skip


# Stamps


def test_the_stamp_is_that_of_the_content() -> None:
    first = profile("delete: retract\nlinks: [a, b]\n").stamp
    assert first.keys() == {"id", "version", "sha256"}
    assert re.fullmatch("[0-9a-f]{64}", first["sha256"])
    # Comments, spaces, quotes and the order of keys are no content; a default that is spelt out is.
    assert profile("# say\nlinks:\n- 'a'\n- \"b\"\ndelete:    retract\n").stamp == first
    assert profile("links: [b, a]\ndelete: retract\n").stamp != first
    assert profile("links: [a, b]\n").stamp != first


def test_a_stamp_does_not_move_with_the_software() -> None:
    """The digest is of the file alone: members that are added to Profile later leave it as it is."""
    assert profile().stamp["sha256"] == "df02a7b93dc946f1e58263f487792135736e6e4169074dd75daee9ead497a599"


# Ids


@pytest.mark.parametrize(
    ("item_id", "parsed"),
    [
        ("abc.12", ("abc", "12")), ("abc", None), ("abc.x", None), ("Abc.1", None), ("", None),
        ("abc.12\n", None), ("\ud800.1", None), ("abc.\u0661", None),
    ],
)  # fmt: skip
def test_ids_are_read_by_the_pattern(item_id: str, parsed: tuple[str, str] | None) -> None:
    assert profile(ID).parse(item_id) == parsed


@pytest.mark.parametrize(
    "pattern", ["(?P<dataset>[a-z]*)(?P<version>.*)", "(?P<dataset>[a-z]+)(?P<version>[0-9]+)?"]
)
def test_an_id_without_dataset_or_number_does_not_fit(pattern: str) -> None:
    found = profile(f"id: {{pattern: '{pattern}', order: number}}\n")
    assert found.parse("abc12") == ("abc", "12")
    assert [found.parse(each) for each in ("12", "abc", "abc1x", "")] == [None] * 4


def test_a_crafted_id_takes_no_long_time() -> None:
    found = profile("id: {pattern: '(?P<dataset>(?:a+)+)\\.(?P<version>(?:b|b)*c)'}\n")
    assert found.parse("a" * 100_000 + "." + "b" * 100_000) is None


# The schema itself


def parts(schema: Any, at: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every schema within the schema."""
    if isinstance(schema, list):
        return [found for part in schema for found in parts(part, at)]
    if not isinstance(schema, dict):
        return []
    inner = [(at, schema)] if "description" in schema or "type" in schema or "enum" in schema else []
    for name, part in schema.items():
        inner += parts(part, f"{at}/{name}")
    return inner


def test_every_part_of_the_schema_is_described_and_closed() -> None:
    found = parts(profile_schema())
    assert len(found) > 70
    assert [at for at, part in found if not str(part.get("description", "")).strip()] == []
    closed = [part for _, part in found if part.get("type") == "object" and "if" not in part]
    assert all(part["additionalProperties"] is False or "propertyNames" in part for part in closed)
    assert len(closed) > 15


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.name)
def test_a_shipped_file_with_a_misspelt_key_is_refused(path: Path) -> None:
    lines = path.read_text().splitlines()
    number = lines.index("mutable:") + 1
    lines[number - 1] = "mutabel:"
    assert f"p.yaml:{number}: mutabel: `mutabel` is not known here; did you mean `mutable`?" in faults(
        "\n".join(lines)
    )
