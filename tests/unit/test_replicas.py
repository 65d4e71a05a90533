"""Locations: announcements, removals, transfers."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from catalogue import replicas
from stream.errors import Refused
from stream.events import Rules

RULES = Rules("d", access_keys=("globus", "reference_file"), access_protocols=("kerchunk",))
FILE = {
    "href": "https://a/f",
    "roles": ["data"],
    "file:size": 7,
    "file:checksum": "1220ab",
    "alternate:name": "a",
}


def assets(**more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return copy.deepcopy({"f.nc": FILE, "g.nc": {**FILE, "href": "https://a/g"}, **more})


def place(node: str, key: str, **told: Any) -> dict[str, Any]:
    return {"href": f"https://{node}/{key}", **told}


def add(
    found: dict[str, Any], node: str, may_fill: bool = True, **told: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    wanted = {"f.nc": place(node, "f"), "g.nc": place(node, "g")} | {
        key.replace("_nc", ".nc"): value for key, value in told.items()
    }
    return replicas.add_locations(found, node, wanted, RULES, may_fill=may_fill)


@contextmanager
def refusal(kind: str, *parts: str) -> Iterator[None]:
    """The block is refused with this kind of problem, and the detail names these parts."""
    with pytest.raises(Refused) as caught:
        yield
    assert caught.value.problem.kind == kind
    assert all(part in caught.value.problem.detail for part in parts)


def test_an_announcement_as_operations_and_as_a_merge_patch_is_the_same() -> None:
    told = {"href": "h"}
    operations: list[dict[str, Any]] = [
        {"op": "add", "path": "/assets/f.nc/alternate/b", "value": told},
        {"op": "add", "path": "/assets/a~1b/alternate/b~0", "value": told},
        {"op": "remove", "path": "/assets/g.nc/alternate/c"},
    ]
    merge = {
        "assets": {
            "f.nc": {"alternate": {"b": told}},
            "a/b": {"alternate": {"b~": told}},
            "g.nc": {"alternate": {"c": None}},
        }
    }
    expected = replicas.Announcement({"b": {"f.nc": told}, "b~": {"a/b": told}}, {"c": ["g.nc"]}, [])
    assert replicas.read_announcement(operations) == replicas.read_announcement(merge) == expected


def test_a_whole_alternate_is_read_as_its_locations() -> None:
    patch = [{"op": "add", "path": "/assets/f.nc/alternate", "value": {"b": {"href": "h"}}}]
    assert replicas.read_announcement(patch).locations == {"b": {"f.nc": {"href": "h"}}}


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "add", "path": "/properties/x", "value": 1}],
        [{"op": "add", "path": "/assets", "value": {}}],
        [{"op": "add", "path": "", "value": {}}],
        [{"op": "move", "from": "/assets/f.nc", "path": "/assets/f.nc/alternate/b"}],
        [{"op": "add", "path": "/assets/f.nc/alternate/b", "value": "h"}],
        [{}],
        {"properties": {}},
        {"assets": {}, "links": []},
        {"assets": None},
        {},
    ],
)
def test_a_replica_patch_touches_nothing_else(patch: Any) -> None:
    with refusal("operation-not-permitted"):
        replicas.read_announcement(patch)


def test_data_assets() -> None:
    found = assets(
        globus={"roles": ["data"]},
        index={"roles": ["data"], "protocol": "kerchunk"},
        thumbnail={"roles": ["thumbnail"]},
        old={"role": "data"},
        bare={},
    )
    assert replicas.data_assets(found, RULES) == {"f.nc", "g.nc", "old"}


def test_size_and_checksum_are_filled_in() -> None:
    found = add(assets(), "b")
    assert found["f.nc"]["alternate"] == {
        "b": {"href": "https://b/f", "alternate:name": "b", "file:size": 7, "file:checksum": "1220ab"}
    }


def test_null_is_filled_in_like_a_missing_member() -> None:
    found = add(assets(), "b", f_nc=place("b", "f", **{"file:size": None, "file:checksum": None}))
    assert found["f.nc"]["alternate"]["b"]["file:size"] == 7


def test_nothing_is_filled_in_for_bytes_that_may_be_old() -> None:
    with refusal("contradicting-replica", "file:size", "f.nc"):
        add(assets(), "b", may_fill=False)
    both = {"file:size": 7, "file:checksum": "1220ab"}
    found = add(assets(), "b", may_fill=False, f_nc=place("b", "f", **both), g_nc=place("b", "g", **both))
    assert set(found["g.nc"]["alternate"]) == {"b"}


@pytest.mark.parametrize("wrong", [{"file:size": 8}, {"file:checksum": "1220ac"}])
def test_another_size_or_checksum_is_refused(wrong: dict[str, Any]) -> None:
    with refusal("contradicting-replica", next(iter(wrong)), "f.nc"):
        add(assets(), "b", f_nc=place("b", "f", **wrong))


def test_what_the_record_does_not_know_is_taken_as_told() -> None:
    found = add({"f.nc": {"roles": ["data"]}, "g.nc": FILE}, "b", f_nc=place("b", "f", **{"file:size": 9}))
    assert found["f.nc"]["alternate"]["b"] == {"href": "https://b/f", "alternate:name": "b", "file:size": 9}
    assert "file:size" not in found["f.nc"]


def test_an_incomplete_announcement_names_what_is_missing() -> None:
    with refusal("incomplete-replica", "g.nc"):
        replicas.add_locations(assets(), "b", {"f.nc": place("b", "f")}, RULES, may_fill=True)
    many = {f"{number:03}.nc": FILE for number in range(30)}
    with refusal("incomplete-replica", "000.nc", "and 20 more"):
        replicas.add_locations(many, "b", {}, RULES, may_fill=True)


def test_an_unknown_asset_is_refused() -> None:
    with refusal("contradicting-replica", "more.nc"):
        add(assets(), "b", more_nc=place("b", "m"))


def test_a_location_needs_an_href() -> None:
    with refusal("contradicting-replica", "href"):
        add(assets(), "b", f_nc={"protocol": "https"})


def test_an_access_asset_may_be_left_out_and_has_no_size() -> None:
    found = assets(globus={"roles": ["data"], "href": "g"})
    assert "alternate" not in add(found, "b")["globus"]
    told = add(found, "b", may_fill=False, globus={"href": "h"}, **sized("b"))
    assert told["globus"]["alternate"] == {"b": {"href": "h", "alternate:name": "b"}}


def sized(node: str) -> dict[str, dict[str, Any]]:
    both = {"file:size": 7, "file:checksum": "1220ab"}
    return {"f_nc": place(node, "f", **both), "g_nc": place(node, "g", **both)}


def test_nodes_do_not_disturb_each_other() -> None:
    one, two = add(add(assets(), "b"), "c"), add(add(assets(), "c"), "b")
    assert one == two
    assert set(one["f.nc"]["alternate"]) == {"b", "c"}
    assert replicas.remove_locations(one, "c", None) == add(assets(), "b")


def test_the_last_location_takes_alternate_with_it() -> None:
    found = add(assets(), "b")
    assert replicas.remove_locations(found, "b", ["f.nc"])["f.nc"] == FILE
    assert "alternate" in replicas.remove_locations(found, "b", ["f.nc"])["g.nc"]
    assert replicas.remove_locations(found, "b", None) == assets()


def test_removing_what_is_not_there_changes_nothing() -> None:
    found = add(assets(), "b")
    assert replicas.remove_locations(found, "c", None) == found
    assert replicas.remove_locations(found, "b", ["h.nc"]) == found


def test_arguments_stay_as_they_were() -> None:
    found = add(assets(), "b")
    before = copy.deepcopy(found)
    add(found, "c")
    replicas.remove_locations(found, "b", None)
    replicas.transfer(found, "b", "a", RULES, drop=False)
    assert found == before


def test_holders_are_copies_and_primaries() -> None:
    found = add(assets(), "b")
    assert replicas.holders(found, "owner") == ("a", "b")
    del found["g.nc"]["alternate:name"]
    assert replicas.holders(found, "owner") == ("a", "b", "owner")


def test_a_transfer_makes_the_copy_primary_and_keeps_the_former() -> None:
    found = replicas.transfer(add(assets(), "b"), "b", "a", RULES, drop=False)
    assert found["f.nc"] == {
        "roles": ["data"],
        "file:size": 7,
        "file:checksum": "1220ab",
        "href": "https://b/f",
        "alternate:name": "b",
        "alternate": {
            "a": {"href": "https://a/f", "alternate:name": "a", "file:size": 7, "file:checksum": "1220ab"}
        },
    }
    assert replicas.transfer(found, "b", "b", RULES, drop=False) == found


def test_a_transfer_and_back_is_where_it_began() -> None:
    begun = add(assets(), "b")
    there = replicas.transfer(begun, "b", "a", RULES, drop=False)
    assert replicas.transfer(there, "a", "b", RULES, drop=False) == begun


def test_a_transfer_may_drop_the_former_but_nobody_else() -> None:
    found = replicas.transfer(add(add(assets(), "b"), "c"), "b", "a", RULES, drop=True)
    assert set(found["f.nc"]["alternate"]) == {"c"}
    assert found["f.nc"]["alternate:name"] == "b"


def test_a_former_primary_without_a_name_is_the_owner_s() -> None:
    unnamed = {
        key: {n: v for n, v in asset.items() if n != "alternate:name"} for key, asset in assets().items()
    }
    found = replicas.transfer(add(unnamed, "b"), "b", "owner", RULES, drop=False)
    assert found["g.nc"]["alternate"]["owner"]["alternate:name"] == "owner"


def test_a_transfer_needs_a_copy_of_every_data_asset() -> None:
    found = replicas.remove_locations(add(assets(globus={"href": "g"}), "b"), "b", ["g.nc"])
    with refusal("incomplete-replica", "g.nc", "b"):
        replicas.transfer(found, "b", "a", RULES, drop=False)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({}, False),
        ({"href": "elsewhere"}, False),
        ({"file:size": 8}, True),
        ({"file:checksum": "1220ac"}, True),
        ({"file:size": None}, True),
        ({"roles": ["metadata"]}, False),
    ],
)
def test_bytes_changed(change: dict[str, Any], changed: bool) -> None:
    new = assets()
    new["f.nc"].update(change)
    assert replicas.bytes_changed(assets(), new, RULES) is changed


def test_bytes_count_as_changed_unless_known_and_equal() -> None:
    bare = {"f.nc": {"roles": ["data"]}}
    assert replicas.bytes_changed(bare, bare, RULES)
    assert replicas.bytes_changed(assets(), {"f.nc": FILE}, RULES)
    assert replicas.bytes_changed({"f.nc": FILE}, assets(), RULES)
    assert not replicas.bytes_changed(assets(), assets(globus={"roles": ["data"]}), RULES)
