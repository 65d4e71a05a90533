"""What of a record is searchable."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.facts import WORDS_MAX, Facts, facts_of, files_of, is_long, words_of
from catalogue.filters import NODES, TEXT_BYTES_MAX
from catalogue.instants import instant_of
from tests.support.searched import copies, listed, record

START, LATER, END = "1850-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "2014-12-31T00:00:00Z"


def facts(properties: dict[str, Any] | None = None, **members: Any) -> Facts:
    return facts_of(record("i", properties, **members).source)


def test_elements() -> None:
    found = facts(
        {
            "s": "x",
            "n": 7,
            "f": 0.5,
            "b": False,
            "nothing": None,
            "l": ["x", 1, True, None, {}, ["y"]],
            "o": {"s": 1},
        }
    )
    own = {"id": ("i",), "collection": ("c",), NODES: ()}
    several = {"s": ("x",), "n": (7,), "f": (0.5,), "b": (False,), "l": ("x", 1, True), "o": ()}
    assert found.elements == {**several, **own}
    assert found.lists == {"l"}


def test_the_records_own_names_win() -> None:
    found = facts({"id": "other", "collection": ["x"], NODES: "n"}, assets=copies("north"))
    assert (found.elements["id"], found.elements["collection"]) == (("i",), ("c",))
    assert found.elements[NODES] == ("north",)


@pytest.mark.parametrize("item", [{}, {"properties": None}, {"properties": []}, {"properties": "x"}])
def test_odd_properties(item: dict[str, Any]) -> None:
    source = {"id": "i", "collection": "c", "state": "active", "item": item}
    assert facts_of(source).elements.keys() == {"id", "collection", NODES}


def test_a_collection_is_searched_by_its_members() -> None:
    found = facts_of(
        listed("one", title="First Air", keywords=["x"], links=[{}], assets={"a": {}}, extent={}).source
    )
    assert found.elements.keys() == {"id", "collection", NODES, "title", "keywords", "extent"}
    assert found.words == ("one", "one", "x", "first", "air")


@pytest.mark.parametrize(
    ("properties", "start", "end"),
    [
        ({"datetime": LATER}, LATER, LATER),
        ({"datetime": None, "start_datetime": START, "end_datetime": END}, START, END),
        ({"datetime": LATER, "end_datetime": END}, LATER, END),
        ({"datetime": LATER, "start_datetime": START}, START, LATER),
        ({"start_datetime": START}, START, None), ({"datetime": None}, None, None), ({}, None, None),
        ({"datetime": "soon", "start_datetime": 7, "end_datetime": END}, None, END),
    ],
)  # fmt: skip
def test_extent(properties: dict[str, Any], start: str | None, end: str | None) -> None:
    found = facts(properties)
    assert found.start == (start and instant_of(start))
    assert found.end == (end and instant_of(end))


@pytest.mark.parametrize(
    ("assets", "files"),
    [
        (copies("a", "b"), {"a": 1, "b": 1}), (copies("b") | {"g": copies("b", "a")["f"]}, {"a": 1, "b": 2}),
        ({"f": {"alternate": {"x": {}, "y": {}}}}, {"x": 1, "y": 1}), (None, {}), ([], {}),
        ({"f": {"alternate:name": "a", "alternate": {"a": {}}}}, {"a": 1}), ({"f": {"href": "x"}, "g": 7}, {}),
        ({"f": {"alternate:name": ["a"], "alternate": []}}, {}),
    ],
)  # fmt: skip
def test_files_per_node(assets: Any, files: dict[str, int]) -> None:
    assert files_of(assets) == files
    assert list(files_of(assets)) == sorted(files)


def test_geometry_and_box_as_they_are() -> None:
    found = facts(geometry={"type": "Point"}, bbox=[1, 2, 3, 4])
    assert (found.geometry, found.bbox) == ({"type": "Point"}, (1, 2, 3, 4))
    none = facts(geometry=None, bbox=[1, 2])
    assert (none.geometry, none.bbox) == (None, None)


def test_words() -> None:
    assert words_of("Near-surface Air_Temperature, 2 m (Élan)") == [
        "near", "surface", "air", "temperature", "2", "m", "elan",
    ]  # fmt: skip
    found = facts({"b": "Beta two", "a": ["x y", 7, "z"], "at": LATER, "o": {"deep": "hidden"}})
    assert found.words == ("i", "c", "x", "y", "z", "beta", "two")


def test_words_have_a_limit() -> None:
    found = facts({"a": "word " * 10_000, "b": "never"})
    assert len(found.words) == WORDS_MAX


@pytest.mark.parametrize(
    ("text", "long"),
    [
        ("x" * TEXT_BYTES_MAX, False), ("x" * (TEXT_BYTES_MAX + 1), True), ("é" * (TEXT_BYTES_MAX // 2), False),
        ("é" * (TEXT_BYTES_MAX // 2 + 1), True), ("🌍" * (TEXT_BYTES_MAX // 4), False),
        ("🌍" * (TEXT_BYTES_MAX // 4) + "x", True), ("\ud800" * TEXT_BYTES_MAX, True),
    ],
)  # fmt: skip
def test_long_texts(text: str, long: bool) -> None:
    assert is_long(text) is long
