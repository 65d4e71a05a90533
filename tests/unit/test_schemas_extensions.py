"""The registry of others' schemas as a value: what it finds, what it stamps, and what it can repeat later."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest

from schemas.errors import BadSchemas
from schemas.extensions import Extensions
from schemas.library import Library
from schemas.patterns import is_backtracking

HOST = "https://a.org"
FILE = f"{HOST}/file/v1.0.0/schema.json"
NEWER = f"{HOST}/file/v1.10.0/schema.json"
NEWEST = f"{HOST}/file/v1.9.0/schema.json"
LINK = f"{HOST}/link/v1.0.0/schema.json"
OTHER = f"{HOST}/free/text.json"

Schema = dict[str, Any]


def content(schema: Schema) -> bytes:
    return json.dumps(schema).encode()


def sha256(schema: Schema) -> str:
    return hashlib.sha256(content(schema)).hexdigest()


def made(current: dict[str, Schema], *older: Schema) -> Extensions:
    contents = {sha256(schema): content(schema) for schema in (*current.values(), *older)}
    return Extensions({uri: sha256(schema) for uri, schema in current.items()}, Library(contents))


SIZE: Schema = {"properties": {"size": {"type": "integer"}}}
TEXT: Schema = {"properties": {"size": {"type": "string"}}}


def test_an_item_is_checked_with_what_a_uri_means() -> None:
    known = made({FILE: SIZE, OTHER: TEXT})
    assert known.check(FILE, {"size": 5}) == ()
    [finding] = known.check(FILE, {"size": "5"})
    assert finding.check == "extension file"
    assert (finding.pointer, finding.message) == ("/size", "`size` must be an integer.")
    [finding] = known.check(OTHER, {"size": 5})
    assert finding.check == f"extension {OTHER}"
    assert known.validator(FILE) is known.validator(FILE)


def test_what_is_not_known() -> None:
    known = made({FILE: SIZE})
    assert FILE in known
    assert LINK not in known
    assert known.validator(LINK) is None
    with pytest.raises(KeyError):
        known.check(LINK, {})
    with pytest.raises(KeyError):
        known.sha256(LINK)


def test_the_nearest_are_of_the_same_family_the_newest_first() -> None:
    known = made(dict.fromkeys((FILE, LINK, NEWEST, NEWER, OTHER), SIZE))
    assert known.nearest("https://b.org/file/v9.0.0/schema.json") == (NEWER, NEWEST, FILE)
    assert known.nearest(f"{HOST}/lnk/v1.0.0/schema.json")[0] == LINK
    assert known.nearest("x" * 100_000) == ()
    assert known.uris == (FILE, NEWER, NEWEST, OTHER, LINK)


def test_references_reach_other_schemas_and_the_core_of_each_version() -> None:
    core = "https://schemas.stacspec.org/{}/item-spec/json-schema/basics.json"
    known = made(
        {
            LINK: {"properties": {"a": {"$ref": f"{FILE}#/properties/size"}}},
            FILE: SIZE,
            NEWER: {"$ref": core.format("v1.0.0")},
            NEWEST: {"$ref": core.format("v1.1.0")},
            OTHER: {"properties": {"a": {"$ref": "https://geojson.org/schema/Geometry.json"}}},
        }
    )
    assert [finding.pointer for finding in known.check(LINK, {"a": "x"})] == ["/a"]
    assert known.check(NEWER, {"keywords": 5}) == ()  # 1.1 gave these a meaning
    assert [finding.pointer for finding in known.check(NEWEST, {"keywords": 5})] == ["/keywords"]
    assert known.check(NEWER, {"title": 5})
    assert known.check(OTHER, {"a": {"type": "Point", "coordinates": [1, 2]}}) == ()
    assert [finding.pointer for finding in known.check(OTHER, {"a": {"type": "Punkt"}})] == ["/a/type"]


# Stamps


def test_an_event_carries_all_that_a_verdict_depends_on() -> None:
    link = {"properties": {"a": {"$ref": f"{FILE}#/properties/size"}}}
    known = made({LINK: link, FILE: SIZE, OTHER: TEXT})
    assert known.stamps([LINK, "https://a.org/unknown"]) == (
        {"uri": FILE, "sha256": sha256(SIZE)},
        {"uri": LINK, "sha256": sha256(link)},
    )
    assert known.stamps([]) == ()


def test_a_verdict_can_be_repeated_after_a_replacement() -> None:
    link = {"properties": {"a": {"$ref": f"{FILE}#/properties/size"}}}
    then, now = made({LINK: link, FILE: SIZE}), made({LINK: link, FILE: TEXT}, SIZE)
    stamps = then.stamps([LINK])
    assert now.check(LINK, {"a": 5})
    pinned = now.pinned(stamps)
    assert isinstance(pinned, Extensions)
    assert pinned.check(LINK, {"a": 5}) == ()
    assert pinned.stamps([LINK]) == stamps
    assert pinned.uris == (FILE, LINK)
    assert now.pinned(stamps) is pinned
    assert now.check(LINK, {"a": 5}), "the current meaning has changed"


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        ([{"uri": FILE, "sha256": "0" * 64}], f"{FILE} (sha256 000000000000)"),
        ([{"uri": LINK, "sha256": None}], f"{LINK} (sha256 None)"),
        ([{}], "None (sha256 None)"),
    ],
)
def test_missing_contents_are_named(stamps: list[dict[str, Any]], said: str) -> None:
    assert made({FILE: SIZE}).pinned(stamps) == (said,)


def test_a_stamp_without_those_that_it_needs_is_not_guessed() -> None:
    link = {"properties": {"a": {"$ref": f"{FILE}#/properties/size"}}}
    known = made({LINK: link, FILE: SIZE})
    lone = [stamp for stamp in known.stamps([LINK]) if stamp["uri"] == LINK]
    assert known.pinned(lone) == (f"{FILE}#/properties/size (without sha256)",)


def test_compiled_schemas_are_shared_with_what_is_pinned() -> None:
    known = made({FILE: SIZE})
    pinned = known.pinned(known.stamps([FILE]))
    assert isinstance(pinned, Extensions)
    assert pinned.validator(FILE) is known.validator(FILE)


# Hostile values


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("^(a+)+$", "`x` must match ^(a+)+$."),
        ("^(?=(a+)+$)(a|a)*$", "`x` must match ^(?=(a+)+$)(a|a)*$."),
        (r"^(?!b)(a|a)*\1c$", "`x` takes too many steps to be matched with a pattern of the schema."),
        (r"(?=(a+)+$)b", "`x` must match (?=(a+)+$)b."),
        (r"^(?=(a|a)*\1b)a", "`x` takes too many steps to be matched with a pattern of the schema."),
    ],
)
def test_no_value_makes_a_pattern_run_for_ever(pattern: str, message: str) -> None:
    known = made({FILE: {"properties": {"x": {"pattern": pattern}}}})
    assert known.check(FILE, {}) == known.check(FILE, {"x": 5}) == ()
    began = time.process_time()
    [finding] = known.check(FILE, {"x": "a" * 40 + "!"})
    assert time.process_time() - began < 0.1
    assert (finding.pointer, finding.message) == ("/x", message)
    assert finding.level == "error"
    began = time.process_time()
    [finding] = known.check(FILE, {"x": "a" * 1_000_000 + "!"})
    assert time.process_time() - began < 0.1
    assert finding.pointer == "/x"
    assert is_backtracking(pattern) == (finding.message == "`x` must have at most 250 characters.")


def test_a_pattern_that_looks_around_still_decides() -> None:
    rule = {"pattern": "^(?=.{3}$)[a-z]+$", "allOf": [{"minLength": 2}]}
    known = made({FILE: {"properties": {"x": rule, "y": {"pattern": "^(?!a:)"}}}})
    assert known.check(FILE, {"x": "abc", "y": "b:" * 1_000}) == ()
    for wrong in ({"x": "abcd"}, {"x": "a"}, {"y": "a:b"}):
        assert {finding.pointer for finding in known.check(FILE, wrong)} == {f"/{name}" for name in wrong}


def test_a_pattern_for_names_does_not_run_for_ever_either() -> None:
    known = made({FILE: {"patternProperties": {r"^(a|a)*\1b$": {"type": "string"}}}})
    began = time.process_time()
    [finding] = known.check(FILE, {"a" * 2_000 + "!": 5})
    assert time.process_time() - began < 0.1
    assert "too many steps" in finding.message


@pytest.mark.parametrize("schema", [SIZE, {"required": ["x"]}, {"properties": {"a": {"$ref": "#"}}}])
def test_a_value_that_is_nested_too_deeply_is_a_finding_or_nothing(schema: Schema) -> None:
    """Not the end of the process: the validator recurses on its native stack."""
    known = made({FILE: schema})
    value: dict[str, Any] = {"b": 1}
    for _ in range(100_000):
        value = {"a": value}
    found = known.check(FILE, value)
    assert [finding.message.partition(":")[0] for finding in found] == (
        [] if schema is SIZE else ["The document cannot be checked"]
    )


@pytest.mark.parametrize("value", ["\ud800", {"\ud800": 1}, {1: 2}, {"size": object()}])
def test_what_is_no_json_is_a_finding(value: Any) -> None:
    known = made({FILE: {**SIZE, "pattern": "a", "additionalProperties": False}})
    [finding] = known.check(FILE, value)
    assert "cannot be checked" in finding.message


@pytest.mark.parametrize("value", [None, True, 5, "x", [], [[]], {}])
def test_anything_can_be_checked(value: Any) -> None:
    assert (made({FILE: {"type": "object"}}).check(FILE, value) == ()) == isinstance(value, dict)


def test_a_schema_that_cannot_be_compiled_says_so() -> None:
    known = made({FILE: {"properties": {"a": {"pattern": "("}}}})
    with pytest.raises(BadSchemas, match="/properties/a/pattern"):
        known.check(FILE, {})
    known = made({FILE: {"$ref": "https://b.org/x.json"}})
    with pytest.raises(BadSchemas, match=r"b\.org/x\.json is not known here, and nothing is fetched"):
        known.check(FILE, {})


# Schemas as extensions write them: one alternative for Items, one for Collections

EITHER: Schema = {
    "oneOf": [
        {
            "required": ["type", "assets"],
            "properties": {"type": {"const": "Feature"}, "assets": {"additionalProperties": SIZE}},
        },
        {"required": ["type", "summaries"], "properties": {"type": {"const": "Collection"}}},
    ]
}


@pytest.mark.parametrize(
    ("item", "pointer", "message"),
    [
        ({"type": "Feature"}, "", "`assets` is missing."),
        ({"type": "Feature", "assets": {"a": {"size": "5"}}}, "/assets/a/size", "`size` must be an integer."),
        ({"type": "Collection"}, "", "`summaries` is missing."),
        ({"assets": {}, "summaries": {}}, "", "The document must have `type`."),
    ],
)
def test_a_fault_is_told_of_the_alternative_for_its_type(item: Schema, pointer: str, message: str) -> None:
    [finding] = made({FILE: EITHER}).check(FILE, item)
    assert (finding.pointer, finding.message) == (pointer, message)


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"contains": {"const": 1}}, [2], "`x` holds no item of the kind that the schema asks for."),
        ({"maxLength": 2}, "abc", "`x` must have at most 2 characters."),
        ({"minLength": 4}, "abc", "`x` must have at least 4 characters."),
        (
            {"propertyNames": {"maxLength": 1}},
            {"ab": 1},
            "`x` has a member whose name must have at most 1 character.",
        ),
    ],
)
def test_faults_of_other_keywords_are_told(schema: Schema, value: Any, message: str) -> None:
    [finding] = made({FILE: {"properties": {"x": schema}}}).check(FILE, {"x": value})
    assert finding.message == message
