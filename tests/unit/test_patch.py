"""Patches of both kinds, and which paths a correction may touch."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.content import canonical
from catalogue.patch import (
    PatchFailed,
    apply_patch,
    changed_paths,
    merge,
    mutable,
    pointer,
    same,
    segments,
    touched,
)
from tests.support.documents import merge_patch
from tests.support.events import MUTABLE

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.sampled_from([0.5, 1.0]), st.sampled_from(["", "a", "b"])
)
NAMES = st.sampled_from(["a", "b", "assets", "alternate", "x/y", "t~", ""])
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3))
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
POINTERS = st.lists(
    st.sampled_from(["a", "b", "assets", "alternate", "x~1y", "t~0", "0", "1", "-", ""]), max_size=5
)
OPERATIONS = st.fixed_dictionaries(
    {},
    optional={
        "op": st.one_of(
            st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "burn"]), VALUES
        ),
        "path": st.one_of(POINTERS.map(lambda parts: "".join("/" + part for part in parts)), VALUES),
        "from": st.one_of(POINTERS.map(lambda parts: "".join("/" + part for part in parts)), VALUES),
        "value": VALUES,
    },
)


@given(DOCUMENTS, VALUES)
def test_merge_is_rfc_7396(document: dict[str, Any], patch: Any) -> None:
    before = canonical(document)
    found = merge(document, patch)
    assert canonical(found) == canonical(merge_patch(copy.deepcopy(document), copy.deepcopy(patch)))
    assert canonical(document) == before


@given(DOCUMENTS, st.lists(OPERATIONS, max_size=4))
def test_a_list_of_anything_applies_or_fails_and_changes_neither_argument(
    document: dict[str, Any], patch: list[dict[str, Any]]
) -> None:
    before = canonical([document, patch])
    found = []
    for _ in range(2):
        try:
            found.append(canonical(apply_patch(document, patch)))
        except PatchFailed as error:
            found.append(str(error).encode())
    assert found[0] == found[1]
    assert canonical([document, patch]) == before


def test_an_operation_does_not_change_the_value_of_an_earlier_one() -> None:
    patch: list[dict[str, Any]] = [
        {"op": "add", "path": "/x", "value": {"l": [1]}},
        {"op": "add", "path": "/x/l/-", "value": 2},
    ]
    assert apply_patch({}, patch) == apply_patch({}, patch) == {"x": {"l": [1, 2]}}
    assert patch[0]["value"] == {"l": [1]}


def test_the_parent_of_a_location_is_made() -> None:
    document: dict[str, Any] = {"assets": {"a/b": {}, "c": {"alternate": {"x": {}}}}}
    patch = [
        {"op": "add", "path": "/assets/a~1b/alternate/n", "value": {"href": "h"}},
        {"op": "add", "path": "/assets/c/alternate/n", "value": {"href": "i"}},
    ]
    assert apply_patch(document, patch) == {
        "assets": {
            "a/b": {"alternate": {"n": {"href": "h"}}},
            "c": {"alternate": {"x": {}, "n": {"href": "i"}}},
        }
    }
    with pytest.raises(PatchFailed):
        apply_patch({"assets": {}}, patch)


@pytest.mark.parametrize(
    "patch", [[{"op": "replace", "path": "", "value": 1}], [{"op": "remove", "path": ""}]]
)
def test_the_whole_document_stays_an_object(patch: list[dict[str, Any]]) -> None:
    with pytest.raises(PatchFailed):
        apply_patch({"a": 1}, patch)


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


@pytest.mark.parametrize("levels", [2, 3, 8])
def test_nothing_nests_too_deep_to_be_written(levels: int) -> None:
    patch = [
        {"op": "add", "path": "/x" + "/a" * (150 * level), "value": nested(150)} for level in range(levels)
    ]
    with pytest.raises(PatchFailed):
        apply_patch({}, patch)


def test_a_patch_cannot_fill_the_memory_with_copies() -> None:
    doubling = {"op": "copy", "from": "/l", "path": "/l/-"}
    with pytest.raises(PatchFailed, match="copies more than"):
        apply_patch({"l": ["x" * 20_000]}, [doubling] * 12)


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ([], []),
        ([{"op": "replace", "path": "/properties/latest", "value": False}], [("properties", "latest")]),
        ([{"op": "test", "path": "/id", "value": "x"}, {"op": "remove", "path": "/a~1b/c~0"}], [("a/b", "c~")]),
        ([{"op": "move", "from": "/a", "path": "/b"}], [("a",), ("b",)]),
        ([{"op": "copy", "from": "/a", "path": "/b"}], [("b",)]),
        ({"properties": {"latest": False, "note": None}, "assets": {}}, [
            ("properties", "latest"), ("properties", "note"), ("assets",),
        ]),
    ],
)  # fmt: skip
def test_touched(patch: Any, expected: list[tuple[str, ...]]) -> None:
    assert touched(patch) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/properties/cmip6:grid", "/properties/note/deeper", "/links", "/bbox", "/geometry/type", "/assets/f.nc/href",
        "/assets/a~1b/description", "/assets/f.nc/roles",
    ],
)  # fmt: skip
def test_mutable_paths(path: str) -> None:
    assert mutable(segments(path), MUTABLE)


@pytest.mark.parametrize(
    "path",
    [
        "", "/id", "/type", "/collection", "/assets", "/assets/f.nc", "/assets/f.nc/file:size", "/properties/title",
        "/assets/f.nc/file:checksum", "/assets/f.nc/alternate/b/href", "/properties/version", "/properties/latest",
        "/properties/retracted", "/properties/deprecated", "/properties/created", "/properties/updated",
        "/stac_version",
    ],
)  # fmt: skip
def test_immutable_paths(path: str) -> None:
    assert not mutable(segments(path), MUTABLE)


@pytest.mark.parametrize(
    "path", ["/id", "/properties/version", "/assets/f/file:size", "/assets/f/alternate/b"]
)
def test_no_profile_makes_these_mutable(path: str) -> None:
    assert not mutable(segments(path), ("", "/id", "/properties", "/assets", path))


@given(VALUES, VALUES)
def test_equal_is_what_canonical_json_makes_equal(one: Any, two: Any) -> None:
    assert same(one, two) == (canonical(one) == canonical(two))
    assert (list(changed_paths(one, two)) == []) == same(one, two)


def test_one_is_neither_true_nor_a_float() -> None:
    assert not same({"a": [1]}, {"a": [True]})
    assert not same({"a": [1]}, {"a": [1.0]})


def test_changed_paths_are_the_deepest() -> None:
    old = {"a": {"b": 1, "c": [1, {"d": 1}]}, "e": 1}
    new = {"a": {"b": 2, "c": [1, {"d": 2}]}, "f": {"g": 1}}
    assert list(changed_paths(old, new)) == [("a", "b"), ("a", "c"), ("e",), ("f",)]


@given(st.lists(st.text(max_size=5), max_size=5))
def test_pointers_go_there_and_back(parts: list[str]) -> None:
    assert segments(pointer(parts)) == parts
