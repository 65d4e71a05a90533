"""Orders as they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.filters import END, START
from catalogue.store import Sort
from discovery_api.sorting import SORTS_MAX, check_sorts, read_sorts
from stream.errors import Refused

UP, DOWN = Sort("n"), Sort("n", descending=True)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, ()), ("", ()), ([], ()), ("n", (UP,)), ("+n", (UP,)), (" n", (UP,)), ("-n", (DOWN,)),
        ("-properties.n,+id", (DOWN, Sort("id"))), ("n,-n", (UP,)), ("n,properties.n", (UP,)),
        ([{"field": "n"}], (UP,)), ([{"field": "n", "direction": "DESC"}], (DOWN,)),
        ([{"field": "properties.n", "direction": "desc"}, {"field": "collection"}], (DOWN, Sort("collection"))),
        ({"field": "n", "direction": "asc"}, (UP,)), (["-n", "+id"], (DOWN, Sort("id"))),
        ("datetime", (Sort(START),)), ("-properties.datetime", (Sort(START, descending=True),)),
        ("start_datetime,datetime", (Sort(START),)), ("-end_datetime", (Sort(END, descending=True),)),
        ("eo:cloud_cover", (Sort("eo:cloud_cover"),)),
    ],
)  # fmt: skip
def test_orders(value: Any, found: tuple[Sort, ...]) -> None:
    assert read_sorts(value) == found


@pytest.mark.parametrize(
    ("value", "place", "says"),
    [
        (1, "/sortby", "list"), ([1], "/sortby/0", "object"), ([{"direction": "asc"}], "/sortby/0", "field"),
        ([{"field": 1}], "/sortby/0", "field"),
        ([{"field": "n", "direction": "up"}], "/sortby/0/direction", "asc or desc"),
        ([{"field": "n", "direction": None}], "/sortby/0/direction", "asc or desc"),
        ("geometry", "/sortby", "geometry"), ("-", "/sortby", "nothing to sort by"),
        ("properties.", "/sortby", "nothing"),
        ("n\0", "/sortby", "nothing"), (",".join(f"n{n}" for n in range(SORTS_MAX + 1)), "/sortby", str(SORTS_MAX)),
    ],
)  # fmt: skip
def test_what_is_no_order(value: Any, place: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        read_sorts(value)
    assert caught.value.problem.findings[0].pointer == place


def test_unknown_fields_are_named_with_the_near_ones() -> None:
    known = {"cmip6:variable_id", "cmip6:table_id", "n"}
    check_sorts(read_sorts("n,id,datetime,cmip6:table_id,updated"), known)
    with pytest.raises(Refused, match=r"variable_idd.*near are cmip6:variable_id"):
        check_sorts(read_sorts("cmip6:variable_idd"), known)
