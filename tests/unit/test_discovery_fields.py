"""The fields extension: what is included, what is left out, and how a wish is written."""

from __future__ import annotations

from typing import Any

import pytest

from discovery_api.fields import FIELDS_MAX, read_fields
from stream.errors import Refused

Json = dict[str, Any]
ITEM: Json = {
    "type": "Feature", "stac_version": "1.1.0", "stac_extensions": ["e"], "id": "a", "collection": "c",
    "geometry": None, "bbox": [0, 0, 1, 1], "links": [{"rel": "self"}], "keywords": ["k"],
    "properties": {"datetime": None, "start_datetime": "s", "end_datetime": "e", "n": 1, "eo:c": 2, "dot.ted": 3,
                   "deep": {"x": 1, "y": 2}},
    "assets": {"tas_1.nc": {"href": "h", "size": 1}, "tas": {"1": {"nc": "other"}}},
}  # fmt: skip
DEFAULT_TOP = {
    "type",
    "stac_version",
    "id",
    "collection",
    "geometry",
    "bbox",
    "links",
    "assets",
    "properties",
}
TIMES = {"datetime", "start_datetime", "end_datetime"}


def of(wish: Any) -> Json:
    fields = read_fields({"fields": wish})
    before = repr(ITEM)
    found = fields.of(ITEM) if fields else ITEM
    assert repr(ITEM) == before
    return found


def test_no_wish_is_everything() -> None:
    assert read_fields({}) is None


@pytest.mark.parametrize(
    "wish", ["", " , ", {}, {"include": []}, {"include": None}, {"include": [], "exclude": None}]
)
def test_an_empty_wish_is_the_default_set(wish: Any) -> None:
    found = of(wish)
    assert (set(found), set(found["properties"])) == (DEFAULT_TOP, TIMES)


@pytest.mark.parametrize(
    "wish",
    [
        "-geometry,-properties.n",
        {"exclude": ["geometry", "n"]},
    ],
)
def test_leaving_out_alone_takes_from_the_whole(wish: Any) -> None:
    left = {name: value for name, value in ITEM.items() if name != "geometry"}
    assert of(wish) == left | {"properties": {k: v for k, v in ITEM["properties"].items() if k != "n"}}


@pytest.mark.parametrize("wish", ["n,properties.eo:c", "+n,+eo:c", " n, eo:c", {"include": ["n", "eo:c"]}])
def test_what_is_included_stands_alone_but_for_what_says_which_item_it_is(wish: Any) -> None:
    own = {"type": "Feature", "stac_version": "1.1.0", "id": "a", "collection": "c"}
    assert of(wish) == own | {"properties": {"n": 1, "eo:c": 2}}


@pytest.mark.parametrize("include", [[], None])
def test_leaving_out_of_an_empty_set_takes_from_the_default_one(include: Any) -> None:
    found = of({"include": include, "exclude": ["geometry", "properties.start_datetime"]})
    assert (set(found), set(found["properties"])) == (DEFAULT_TOP - {"geometry"}, TIMES - {"start_datetime"})


def test_even_that_may_be_left_out() -> None:
    assert of("n,-type,-stac_version,-id,-collection") == {"properties": {"n": 1}}


def test_what_is_in_both_is_included() -> None:
    assert of("n,-n")["properties"]["n"] == 1
    assert "n" in of({"include": ["properties.n"], "exclude": ["n"]})["properties"]
    assert "geometry" in of({"include": ["geometry"], "exclude": ["geometry", "bbox"]})


def test_a_part_may_be_left_out_of_what_is_included() -> None:
    found = of({"include": ["properties"], "exclude": ["properties.n", "geometry"]})
    assert set(found["properties"]) == ITEM["properties"].keys() - {"n"}
    assert "geometry" not in found


def test_a_part_may_be_included_of_what_is_left_out() -> None:
    assert of({"include": ["properties.n"], "exclude": ["properties"]})["properties"] == {"n": 1}
    assert of("-properties,+properties.n") == of("n")


def test_keys_may_hold_dots() -> None:
    assert of("assets.tas_1.nc.href")["assets"] == {"tas_1.nc": {"href": "h"}}
    assert of("-dot.ted")["properties"].keys() == ITEM["properties"].keys() - {"dot.ted"}
    assert of("-deep.x")["properties"]["deep"] == {"y": 2}
    assert of("dot.ted")["properties"]["dot.ted"] == 3
    assert of("-assets.tas.1.nc")["assets"]["tas"] == {"1": {}}


def test_what_is_not_there_is_no_error() -> None:
    assert of("nothing,properties.nothing,assets.x.y,deep.z,n.m,id") == of("id")
    assert of("-nothing,-n.m,-assets.x") == ITEM


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        (None, "/fields"), (1, "/fields"), ([], "/fields"), ({"includes": ["a"]}, "/fields"),
        ({"include": 1}, "/fields/include"), ({"exclude": [1]}, "/fields/exclude"),
        ({"include": [""]}, "/fields/include"),
        ({"include": ["x" * 1025]}, "/fields/include"), ({"include": ["a"] * (FIELDS_MAX + 1)}, "/fields"),
        ("x" * 1025, "/fields"), ("-", "/fields"),
    ],
)  # fmt: skip
def test_what_is_no_wish(wish: Any, place: str) -> None:
    with pytest.raises(Refused) as caught:
        of(wish)
    assert caught.value.problem.findings[0].pointer == place
