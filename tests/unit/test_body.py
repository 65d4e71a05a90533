"""Bodies: what is read, what is refused, and that nothing but a refusal comes out of a hostile one."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stream.errors import Finding, Problem, Refused
from transaction_api import body
from transaction_api.body import (
    ITEM_TYPES,
    JSON_PATCH,
    MERGE_PATCH,
    PATCH_TYPES,
    media_type,
    parse_json,
    read_features,
    read_item,
    read_patch,
)

ITEM = {"type": "Feature", "id": "a.v1", "collection": "CMIP6"}


def refusal(call: Any, *arguments: Any) -> Problem:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.problem


def places(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.pointer for finding in findings]


# Media types


@pytest.mark.parametrize(
    ("header", "accepted", "read"),
    [
        ("application/json", ITEM_TYPES, "application/json"),
        ("Application/Geo+JSON; charset=UTF-8", ITEM_TYPES, "application/geo+json"),
        (' application/json ;charset="utf-8"; q=1', ITEM_TYPES, "application/json"),
        ("application/json-patch+json", PATCH_TYPES, JSON_PATCH),
        ("application/merge-patch+json;", PATCH_TYPES, MERGE_PATCH),
    ],
)
def test_media_types_are_read(header: str, accepted: frozenset[str], read: str) -> None:
    assert media_type(header, accepted) == read


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "text/plain",
        "application/jsonx",
        "application/json-patch+json",
        "application/json; charset=latin-1",
    ],
)
def test_other_media_types_are_refused(header: str | None) -> None:
    problem = refusal(media_type, header)
    assert (problem.kind, problem.status) == ("unsupported-media-type", 415)


def test_the_refusal_names_what_is_accepted() -> None:
    assert all(kind in refusal(media_type, "text/xml", PATCH_TYPES).detail for kind in PATCH_TYPES)


# JSON text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "line 1 column 0"),
        (b"{", "line 1 column 1"),
        (b'{\n "a": }', "line 2 column 7"),
        (b'{"a": NaN}', "line 1 column 7"),
        (b"[Infinity]", "line 1"),
        (b"[-Infinity]", "line 1"),
        (b"[1e999]", "infinity"),
        (b"[-1E400]", "infinity"),
        (b"1" * 5000, "number"),
        (b"-" + b"1" * 5000 + b"e1", "number"),
        (b'"\\ud800"', "line 1"),
        (b'"\\udc00x"', "surrogate"),
        (b'{"\\ud800": 1}', "line 1"),
        (b'"\xff"', "line 1"),
        (b'"\xed\xa0\x80"', "line 1"),
        (b"\xef\xbb\xbf{}", "line 1"),
        (b'"\x00"', "control character"),
        (b"[" * 300 + b"]" * 300, "recursion"),
        (b'{"a":' * 100_000, "recursion"),
        (b"{} {}", "trailing"),
        (b"[01]", "line 1"),
        (b"['a']", "line 1"),
    ],
)
def test_what_is_not_json_is_refused(text: bytes, said: str) -> None:
    problem = refusal(parse_json, text)
    assert problem.kind == "malformed-body"
    assert said in problem.detail
    assert [finding.check for finding in problem.findings] == ["json"]
    assert len(problem.detail) < 300


def test_a_key_used_twice_is_named_with_its_pointer() -> None:
    problem = refusal(parse_json, b'{"a": [1, {"x/y": 1, "z": 2, "x\\/y": 3}], "b": {"c": 1, "c": 1}}')
    assert '"x/y"' in problem.detail
    assert places(problem.findings) == ["/a/1/x~1y", "/b/c"]
    assert "'x/y'" in problem.findings[0].message


def test_a_key_used_twice_is_refused_even_where_it_cannot_be_located() -> None:
    broken_behind = refusal(parse_json, b'{"a": 1, "a": 2, ')
    large = refusal(parse_json, b'{"a": 1, "a": 2, "b": "' + b"x" * body.LOCATE_BYTES_MAX + b'"}')
    for problem in (broken_behind, large):
        assert places(problem.findings) == [""]
        assert 'key "a"' in problem.findings[0].message


@pytest.mark.parametrize("number", [1 << 64, -(1 << 63) - 1, 10**400])
def test_integers_over_64_bits_are_refused_with_their_pointer(number: int) -> None:
    text = json.dumps({"a": [1, number], "b": True}).encode()
    problem = refusal(parse_json, text)
    assert problem.kind == "malformed-body"
    if number < 10**300:
        assert places(problem.findings) == ["/a/1"]


def test_a_long_key_does_not_make_long_findings() -> None:
    text = orjson.dumps({"k" * 100_000: [7] * 5000}).replace(b"7", b"9" * 30)
    problem = refusal(parse_json, text)
    assert len(problem.findings) == body.FINDINGS_MAX
    assert max(map(len, places(problem.findings))) <= 1_000


@pytest.mark.parametrize("number", [(1 << 64) - 1, -(1 << 63), 0, 1e308, 0.1])
def test_other_numbers_are_exact(number: float) -> None:
    assert parse_json(json.dumps([number]).encode()) == [number]


def test_real_items_are_read_as_the_standard_library_reads_them(shared: Path) -> None:
    for path in sorted((shared / "items").glob("*.json")):
        text = path.read_bytes()
        assert parse_json(text) == json.loads(text)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)
FRAGMENTS = st.sampled_from(
    [
        *b'{ } [ ] : , " \\ 1 - e 0 . NaN Infinity -Infinity null true \\ud800 \\udc00 \\u0000'.split(),
        *b'"a": "a" \xff \xed\xa0\x80 \xef\xbb\xbf \x00 1e999 1e-999 18446744073709551616'.split(),
        *(b"1" * 5000, b"[" * 400, b'{"a":' * 400, b'{"a":1,"a":2}', b" ", b"\n"),
    ]
)


def only_refused(text: bytes) -> Any:
    """The value, checked against the standard library's; None where it was refused."""
    try:
        value = parse_json(text)
    except Refused as refused:
        orjson.dumps(refused.problem.to_json("x"))  # a refusal can always be written
        return None
    assert orjson.loads(orjson.dumps(value)) == value
    assert json.loads(text) == value
    return value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    only_refused(text)


@given(st.lists(FRAGMENTS, max_size=12).map(b"".join))
@settings(max_examples=300)
def test_any_pieces_of_json_are_read_or_refused(text: bytes) -> None:
    only_refused(text)


@given(VALUES, st.integers(min_value=0, max_value=400))
@example({"a": math.nan}, 400)
@example({"a": "\ud800"}, 400)
def test_any_value_whole_or_truncated_is_read_or_refused(value: Any, length: int) -> None:
    text = json.dumps(value).encode()
    only_refused(text)
    only_refused(text[:length])


@given(VALUES)
def test_any_value_is_read_or_refused_by_each_reader(value: Any) -> None:
    problems: list[Problem] = []
    for call, arguments in (
        (read_item, ("CMIP6", "x")),
        (read_features, ("CMIP6", 2)),
        (read_patch, ("application/json",)),
        (read_patch, (JSON_PATCH,)),
        (read_patch, (MERGE_PATCH,)),
    ):
        for wrapped in (value, [value], {"type": "FeatureCollection", "features": [value, value]}):
            try:
                call(wrapped, *arguments)
            except Refused as refused:
                problems.append(refused.problem)
    assert all(problem.findings or problem.kind == "body-too-large" for problem in problems)


def test_a_wide_body_is_read() -> None:
    wide = {str(number): number for number in range(100_000)}
    assert parse_json(orjson.dumps(wide)) == wide


# Items


def test_the_collection_is_taken_from_the_path() -> None:
    without = {"type": "Feature", "id": "a"}
    assert read_item(without, "CMIP6") == {**without, "collection": "CMIP6"}
    assert "collection" not in without
    assert read_item(ITEM, "CMIP6", "a.v1") is ITEM


@pytest.mark.parametrize("value", [None, [], "x", 5])
def test_an_item_is_an_object(value: Any) -> None:
    assert refusal(read_item, value, "CMIP6").kind == "malformed-body"


@pytest.mark.parametrize(
    "identifier",
    ["", None, 5, ["a"], "a/b", "a\n", "a\x7f", "a\x85", "\x00", "x" * 201, "é" * 101, ".", ".."],
)
def test_ids_are_keys_and_parts_of_paths(identifier: Any) -> None:
    problem = refusal(read_item, {**ITEM, "id": identifier}, "CMIP6")
    assert (problem.kind, places(problem.findings)) == ("stac-validation", ["/id"])


@pytest.mark.parametrize("identifier", ["x" * 200, "é" * 100, "a b", "..a", "日本"])
def test_other_ids_are_fine(identifier: str) -> None:
    assert read_item({**ITEM, "id": identifier}, "CMIP6", identifier)["id"] == identifier


def test_all_faults_of_an_item_are_named_at_once() -> None:
    problem = refusal(read_item, {"type": "Item", "collection": "CMIP7", "id": "b"}, "CMIP6", "a")
    assert places(problem.findings) == ["/id", "/type", "/collection"]
    assert [finding.expected for finding in problem.findings] == ["a", "Feature", "CMIP6"]
    assert problem.detail.endswith("(2 more)")


# FeatureCollections


def features(*items: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(items)}


def test_features_are_read_in_their_order() -> None:
    read = read_features(features({"type": "Feature", "id": "b"}, {"type": "Feature", "id": "a"}), "C", 2)
    assert [(item["id"], item["collection"]) for item in read] == [("b", "C"), ("a", "C")]


def test_every_fault_of_every_feature_is_named_by_its_index() -> None:
    problem = refusal(
        read_features, features(ITEM, 5, {**ITEM, "collection": "x"}, {**ITEM, "id": ""}), "CMIP6", 9
    )
    assert problem.kind == "stac-validation"
    assert [(finding.index, finding.pointer) for finding in problem.findings] == [
        (1, ""),
        (2, "/collection"),
        (2, "/id"),
        (3, "/id"),
    ]
    assert "feature 0" in problem.findings[2].message
    assert problem.detail.startswith("Feature 1: ")


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([], ""),
        ({}, "/type"),
        (ITEM, "/type"),
        (features(), "/features"),
        ({"type": "FeatureCollection"}, "/features"),
        ({"type": "FeatureCollection", "features": {}}, "/features"),
    ],
)
def test_what_is_not_a_feature_collection_is_refused(value: Any, pointer: str) -> None:
    problem = refusal(read_features, value, "CMIP6", 9)
    assert (problem.kind, places(problem.findings)) == ("malformed-body", [pointer])


def test_too_many_features_are_refused() -> None:
    assert refusal(read_features, features(ITEM, ITEM, ITEM), "CMIP6", 2).status == 413


def test_findings_of_one_answer_are_limited() -> None:
    problem = refusal(read_features, features(*[{}] * 5000), "CMIP6", 10_000)
    assert len(problem.findings) == body.FINDINGS_MAX
    assert "(9999 more)" in problem.detail


# Patches

REPLACE = {"op": "replace", "path": "/properties/latest", "value": False}


@pytest.mark.parametrize("kind", [JSON_PATCH, "application/json"])
@pytest.mark.parametrize("patch", [[REPLACE], {"operations": [REPLACE]}])
def test_operations_bare_or_wrapped_are_read(kind: str, patch: Any) -> None:
    assert read_patch(patch, kind) == [REPLACE]


@pytest.mark.parametrize("kind", [MERGE_PATCH, "application/json"])
def test_a_merge_patch_is_read(kind: str) -> None:
    patches: list[Any] = [{"properties": {"latest": None}}, {"operations": {}}, {"operations": [], "x": 1}]
    for patch in patches:
        assert read_patch(patch, kind) == patch


def test_a_merge_patch_that_says_so_is_never_unwrapped() -> None:
    assert read_patch({"operations": []}, MERGE_PATCH) == {"operations": []}


@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        ([], "application/json"),
        ({"operations": []}, "application/json"),
        ({}, "application/json"),
        ([], JSON_PATCH),
        ({"operations": []}, JSON_PATCH),
        ({}, MERGE_PATCH),
    ],
)
def test_an_empty_patch_is_refused(patch: Any, kind: str) -> None:
    problem = refusal(read_patch, patch, kind)
    assert problem.kind == "malformed-body"
    assert problem.detail.startswith("The patch is empty")


@pytest.mark.parametrize(
    ("patch", "kind"),
    [
        ({"properties": {}}, JSON_PATCH),
        ({}, JSON_PATCH),
        ([REPLACE], MERGE_PATCH),
        ("x", "application/json"),
        (None, MERGE_PATCH),
    ],
)
def test_a_patch_of_another_shape_than_its_type_is_refused(patch: Any, kind: str) -> None:
    assert refusal(read_patch, patch, kind).kind == "malformed-body"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "", "value": None},
        {"op": "add", "path": "/a~0b/~1/-", "value": 1, "comment": "ignored"},
        {"op": "remove", "path": "/"},
        {"op": "move", "from": "/a", "path": "/ab"},
        {"op": "move", "from": "/a", "path": "/a"},
        {"op": "copy", "from": "/a", "path": "/a/b"},
        {"op": "test", "path": "//x", "value": []},
    ],
)
def test_operations_of_every_kind_are_read(operation: dict[str, Any]) -> None:
    assert read_patch([operation], JSON_PATCH) == [operation]


@pytest.mark.parametrize(
    ("operation", "pointers"),
    [
        (5, ["/1"]),
        ({}, ["/1/op", "/1/path"]),
        ({"op": "ADD", "path": "/a", "value": 1}, ["/1/op"]),
        ({"op": ["add"], "path": "/a", "value": 1}, ["/1/op"]),
        ({"op": "remove", "path": "a"}, ["/1/path"]),
        ({"op": "remove", "path": "/a~"}, ["/1/path"]),
        ({"op": "remove", "path": "/a~2"}, ["/1/path"]),
        ({"op": "remove", "path": None}, ["/1/path"]),
        ({"op": "add", "path": "/a"}, ["/1"]),
        ({"op": "test", "path": 5}, ["/1/path", "/1"]),
        ({"op": "move", "path": "/a"}, ["/1/from"]),
        ({"op": "copy", "path": "/a", "from": "b"}, ["/1/from"]),
        ({"op": "move", "path": "/a/b", "from": "/a"}, ["/1/path"]),
        ({"op": "move", "path": "/a", "from": ""}, ["/1/path"]),
    ],
)
def test_faulty_operations_are_refused_with_their_pointers(operation: Any, pointers: list[str]) -> None:
    problem = refusal(read_patch, [REPLACE, operation], JSON_PATCH)
    assert (problem.kind, places(problem.findings)) == ("malformed-body", pointers)
    wrapped = refusal(read_patch, {"operations": [REPLACE, operation]}, JSON_PATCH)
    assert places(wrapped.findings) == [f"/operations{pointer}" for pointer in pointers]


def test_all_faulty_operations_are_named_at_once() -> None:
    problem = refusal(read_patch, [5, REPLACE, {"op": "x", "path": ""}], "application/json")
    assert places(problem.findings) == ["/0", "/2/op"]


def test_a_patch_has_at_most_10_000_operations() -> None:
    assert len(read_patch([REPLACE] * 10_000, JSON_PATCH)) == 10_000
    assert refusal(read_patch, [REPLACE] * 10_001, JSON_PATCH).status == 413
