"""Locations, in an item and in an announcement: each fault is named where it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.profile import AssetRule, IdRule, Profile
from checks.locations import HREF_CHARS_MAX, LocationCheck, href_fault
from stream.errors import Finding
from tests.support.json_values import JSON

SHA256 = "1220" + "0f" * 32
PROFILE = Profile(
    "c",
    "1",
    IdRule(),
    (),
    access_keys=("globus",),
    access_protocols=("kerchunk",),
    assets=AssetRule(("https",)),
)
CHECK, ANY = LocationCheck(PROFILE), LocationCheck(Profile("d", "1", IdRule(), ()))
NODE = "a.example"
FILE = {"href": "https://b.example/a.nc", "roles": ["data"], "file:size": 7, "file:checksum": SHA256}
COPY = {
    "href": "https://a.example/a.nc",
    "alternate:name": NODE,
    "protocol": "https",
    "file:size": 7,
    "file:checksum": SHA256,
}
AT = "/assets/a.nc/alternate/a.example"


def item(location: Any, node: str = NODE, key: str = "a.nc") -> dict[str, Any]:
    return {"assets": {key: {**FILE, "alternate": {node: location}}}}


def said(location: Any, node: str = NODE, key: str = "a.nc") -> list[tuple[str, str, str]]:
    """What is found in an item, which is the same as in the announcement of that location."""
    findings = CHECK(item(location, node, key))
    assert CHECK.announced(node, {key: location}, {key: FILE}) == findings
    return [(one.level, one.pointer, one.message) for one in findings]


def test_a_sound_location_passes() -> None:
    assert said(COPY) == []
    assert said({"href": "a/b.nc"}) == []
    assert CHECK({"assets": {"a": FILE}}) == CHECK({}) == CHECK({"assets": {"a": {"alternate": {}}}}) == []


@pytest.mark.parametrize("node", ["", "A.example", "a_b", "a/b", "a~b", "a" * 64, "ö", "a\n"])
def test_the_name_of_a_node(node: str) -> None:
    pointer = "/assets/a.nc/alternate/" + node.replace("~", "~0").replace("/", "~1")
    assert said({"href": "x"}, node) == [
        ("error", pointer, "The name of a node must be 1 to 63 of a-z, 0-9, '.' and '-'.")
    ]


@pytest.mark.parametrize("location", [None, "https://a.example/a.nc", [], 7])
def test_a_location_is_an_object(location: Any) -> None:
    assert said(location) == [("error", AT, "A location must be an object.")]


@pytest.mark.parametrize("places", [[], "x", [COPY]])
def test_locations_are_an_object(places: Any) -> None:
    [finding] = CHECK({"assets": {"a.nc": {**FILE, "alternate": places}}})
    assert (finding.pointer, finding.message) == (
        "/assets/a.nc/alternate",
        "`alternate` must be an object of locations.",
    )


@pytest.mark.parametrize(
    ("href", "why"),
    [
        ("", "must not be empty"),
        (None, "must be a string"),
        (7, "must be a string"),
        (" https://a", "must be a URI, absolute or relative; ' ' at position 0 is not allowed"),
        ("https://a/\r\nHost: b", "must be a URI, absolute or relative; '\\r' at position 10 is not allowed"),
        ("\\\\a\\b", "must be a URI, absolute or relative; '\\\\' at position 0 is not allowed"),
        ("${jndi:ldap://a}", "must be a URI, absolute or relative; '{' at position 1 is not allowed"),
        ("a\x00", "must be a URI, absolute or relative; '\\x00' at position 1 is not allowed"),
        ("a\u202eb", "must be a URI, absolute or relative; '\\u202e' at position 1 is not allowed"),
        ("://a", "must have a scheme before its first colon, or be relative"),
        ("1http://a", "must have a scheme before its first colon, or be relative"),
        ("a" * (HREF_CHARS_MAX + 1), f"must not be longer than {HREF_CHARS_MAX} characters"),
    ],
)
def test_an_address_is_a_uri(href: Any, why: str) -> None:
    assert said({**COPY, "href": href}) == [("error", AT + "/href", f"`href` {why}.")]


def test_an_address_is_there() -> None:
    assert said({"protocol": "https"}) == [("error", AT, "`href` is missing in the location.")]


@pytest.mark.parametrize(
    "href",
    [
        "s3://bucket/a",
        "a",
        "/a",
        "../a",
        "//a/b",
        "?a=b:c",
        "#a:b",
        "a/b:c",
        "hdl:21.14100/1",
        "gsiftp://a:2811//b",
        "https://a/ö",
    ],
)
def test_other_addresses_pass(href: str) -> None:
    assert href_fault(href) is None


def test_the_name_repeats_the_node() -> None:
    message = "`alternate:name` is not the name of the node."
    assert said({**COPY, "alternate:name": "b.example"}) == [("warning", AT + "/alternate:name", message)]
    assert said({**COPY, "alternate:name": 7}) == [("warning", AT + "/alternate:name", message)]


def test_the_members_of_a_file_are_well_formed() -> None:
    faulty = {**COPY, "protocol": "ftp", "file:size": -1, "file:checksum": "x", "file:local_path": "../x"}
    assert [pointer for _, pointer, _ in said(faulty)] == [
        f"{AT}/{name}" for name in ("protocol", "file:size", "file:checksum", "file:local_path")
    ]
    assert [one.pointer for one in ANY(item({**COPY, "protocol": "ftp"}))] == []


def test_a_copy_has_the_size_and_checksum_of_its_asset() -> None:
    other = {**COPY, "file:size": 8, "file:checksum": "1220" + "0e" * 32}
    why = "must be that of the asset: a location is a copy of the same bytes."
    assert said(other) == [
        ("error", AT + "/file:size", f"`file:size` {why}"),
        ("error", AT + "/file:checksum", f"`file:checksum` {why}"),
    ]
    [first, second] = CHECK(item(other))
    assert (first.value, first.expected, second.expected) == (8, 7, SHA256)
    assert said({**COPY, "file:checksum": SHA256.upper()}) == []
    # Where the record is not at hand, the follower compares.
    assert CHECK.announced(NODE, {"a.nc": other}) == []
    # A way to the data has no bytes of its own.
    assert said(other, key="globus") == []
    assert ANY(item(other, key="globus")) != []


def test_an_announcement_is_bounded() -> None:
    findings = CHECK.announced(NODE, {str(number): None for number in range(1_000)})
    assert len(findings) == 101
    assert findings[0].pointer == "/assets/0/alternate/a.example"
    assert findings[-1].message == "There are more than 100 findings; the rest is not listed."


MEMBERS = st.sampled_from([*COPY, "file:local_path"])
LOCATION = JSON | st.dictionaries(MEMBERS, JSON | st.sampled_from([*COPY.values()]))
ASSET = st.fixed_dictionaries({}, optional={
    "alternate": JSON | st.dictionaries(st.text(max_size=3), LOCATION, max_size=3),
    "file:size": JSON, "file:checksum": JSON, "protocol": JSON,
})  # fmt: skip


@given(st.dictionaries(st.text(max_size=3), JSON | ASSET, max_size=3), JSON, st.text(max_size=3))
def test_any_json_has_a_verdict(assets: dict[str, Any], other: Any, node: str) -> None:
    for check in (CHECK, ANY):
        found = [
            *check({"assets": assets}),
            *check({"assets": other}),
            *check.announced(node, assets, assets),
        ]
        assert all(isinstance(finding, Finding) for finding in found)
