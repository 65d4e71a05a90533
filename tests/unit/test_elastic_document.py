"""A record as the server indexes it: a fixed set of fields, whatever is in it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from catalogue.aggregations import Kind, Named
from catalogue.elastic_document import files_of, found_by, named_of, present
from catalogue.elastic_mapping import MAPPING
from catalogue.elastic_shapes import asked_shape
from catalogue.elastic_values import FIELDS, column
from catalogue.elastic_words import WORD_CHARACTERS_MAX, asked_words, kept_words
from catalogue.facts import WORDS_MAX, facts_of
from catalogue.shapes import box, normal
from tests.support.searched import copies, listed, record

NAMES = st.text(max_size=6)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=9)
)


def fields(properties: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return found_by(record("i", properties, **members).source)


@given(st.dictionaries(NAMES, VALUES | st.lists(VALUES, max_size=4) | st.just({}), max_size=5))
def test_no_property_adds_a_field(properties: dict[str, Any]) -> None:
    item = record("i", properties, geometry={"type": "Point", "coordinates": [1, 2]}, assets=copies("n"))
    found = found_by(item.source)
    assert found.keys() <= MAPPING["properties"].keys()
    assert found["values"].keys() <= set(map(str, range(FIELDS)))
    facts = facts_of(item.source)
    assert found.get("text", "").split() == list(facts.words)
    listed_names = {name for text in found["names"] if (name := named_of(text)) is not None}
    assert {named.name for named in listed_names} == facts.elements.keys()
    assert {named.name for named in listed_names if named.many} == facts.lists
    for own in facts.elements:
        assert len(set(present(own)) & set(found["names"])) == 1


@given(NAMES, NAMES)
def test_no_name_is_present_for_another(one: str, other: str) -> None:
    assert bool(set(present(one)) & set(present(other))) == (one == other)


@pytest.mark.parametrize(
    ("value", "kind", "many"),
    [
        ("x", Kind.TEXT, False), ("2020-01-01", Kind.TIME, False), (1.5, Kind.NUMBER, False), (True, Kind.TRUTH, False),
        ([], Kind.OTHER, True), ({}, Kind.OTHER, False), ([1, "x"], Kind.NUMBER, True),
    ],
)  # fmt: skip
def test_names(value: Any, kind: Kind, many: bool) -> None:
    assert Named("p", kind, many) in map(named_of, fields({"p": value})["names"])


def test_a_name_that_is_too_long_is_present_and_not_listed() -> None:
    name = "n" * 100_000
    found = fields({name: "x"})
    assert set(present(name)) & set(found["names"])
    assert None in map(named_of, found["names"])
    assert max(len(term) for term in (*found["terms"], *found["names"])) < 1000


def test_numbers_stand_for_themselves_a_second_time() -> None:
    found = fields({"p": ["x", 7, True, 2.5]})["values"]
    place = column("p")
    assert len(found[place.field][place.key]) == 4
    assert len(found[place.field][place.numbers_key]) == 2


def test_times() -> None:
    found = fields({"datetime": "0001-01-01T12:00:00Z", "end_datetime": "9999-12-31T23:59:59.999999Z"})
    assert (found["start"], found["start_day"]) == (-62135553600000000, -62135596800000)
    assert (found["end"], found["end_day"]) == (253402300799999999, 253402214400000)
    assert "start" not in fields({"datetime": None})


def test_files_add_up() -> None:
    assets = {f"f{n}": copies("a", "b")["f"] for n in range(5)} | {"g": copies("b")["f"]}
    found: Counter[str] = Counter()
    for text in fields(assets=assets)["files"]:
        found.update(dict([files_of(text)]))
    assert found == {"a": 5, "b": 6}


def test_words_are_not_cut_where_the_server_would() -> None:
    long = "x" * (WORD_CHARACTERS_MAX + 1)
    kept = kept_words([long, "a"])
    assert max(map(len, kept.split())) <= WORD_CHARACTERS_MAX
    assert kept == asked_words([long, "a"])
    assert asked_words([long + "x"]) != asked_words([long])
    assert len(fields({"p": "w " * (WORDS_MAX + 5)})["text"].split()) == WORDS_MAX


def test_a_collection_has_all_of_it_too() -> None:
    found = found_by(listed("one", title="First air", links=[{"rel": "self"}]).source)
    assert "title" in {named.name for text in found["names"] if (named := named_of(text)) is not None}
    assert found["text"].split() == ["one", "one", "first", "air"]


@pytest.mark.parametrize(
    ("geometry", "kind"),
    [
        ({"type": "Polygon", "coordinates": [[[0, -90], [360, -90], [360, 90], [0, 90], [0, -90]]]}, "envelope"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}, "Polygon"),
        ({"type": "Polygon", "coordinates": [[[170, 0], [190, 0], [190, 9], [170, 9], [170, 0]]]}, "MultiPolygon"),
        ({"type": "Point", "coordinates": [1, 2, 3]}, "Point"), ({"type": "Nonsense"}, None), (None, None),
    ],
)  # fmt: skip
def test_shapes(geometry: dict[str, Any] | None, kind: str | None) -> None:
    assert fields(geometry=geometry).get("shape", {}).get("type") == kind


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_what_is_asked_for_is_rounded_as_the_server_does_and_only_once(x: float, y: float) -> None:
    rounded = asked_shape(shapely.Point(x, y))["coordinates"]
    assert np.all(np.abs(np.array(rounded) - (x, y)) < 1e-7)
    assert asked_shape(shapely.Point(*rounded))["coordinates"] == rounded
    assert rounded[0] < 180
    assert rounded[1] < 90


def test_rings_go_round_so_that_no_server_takes_them_the_other_way() -> None:
    found = normal(
        {"type": "Polygon", "coordinates": [[[-170, 0], [0, 60], [170, 0], [0, -60], [-170, 0]]]}, None
    )
    assert found is not None
    assert shapely.is_ccw(shapely.LinearRing(asked_shape(found)["coordinates"][0]))
    assert asked_shape(box(-170, -10, 170, 10))["coordinates"][0][0] < 0
