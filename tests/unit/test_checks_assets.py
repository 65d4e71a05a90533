"""Assets: real ones pass, each fault is named where it is."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.profile import AssetRule, IdRule, Profile
from checks.assets import KEY_CHARS_MAX, AssetCheck
from checks.files import PATH_CHARS_MAX, nearest, path_fault
from schemas.core import check_item
from stream.errors import Finding
from tests.support.json_values import JSON

PROTOCOLS = ("http", "https", "globus", "kerchunk", "opendap")
RULE = AssetRule(PROTOCOLS, ("file:size", "file:checksum"), ("a.nc",), ("data",))
PROFILE = Profile(
    "c",
    "1",
    IdRule(),
    (),
    access_keys=("globus", "reference_file"),
    access_protocols=("kerchunk",),
    assets=RULE,
)
CHECK, ANY = AssetCheck(PROFILE), AssetCheck(Profile("d", "1", IdRule(), ()))
SHA256 = "1220" + "0f" * 32
FILE = {
    "href": "https://a.example/a.nc",
    "roles": ["data"],
    "protocol": "https",
    "file:size": 7,
    "file:checksum": SHA256,
    "file:local_path": "c/a.nc",
}


def item(**changes: Any) -> dict[str, Any]:
    """An item of one file and a way to it, with other members of the file (None: without it)."""
    members = {**FILE, **changes}
    file = {name.replace("__", ":"): value for name, value in members.items() if value is not None}
    globus = {
        "href": "https://g.example/",
        "roles": ["data"],
        "protocol": "globus",
        "file:local_path": "c",
    }
    return {"assets": {"a.nc": file, "globus": globus}, "properties": {"size": 7}}


def said(document: dict[str, Any], check: AssetCheck = CHECK) -> list[tuple[str, str]]:
    return [(one.pointer, one.message) for one in check(document)]


def test_the_real_items_are_sound(shared: Path) -> None:
    for name in ("cmip6-ipsl-clcalipso.json", "cmip6-ukesm-zg500.json"):
        real = json.loads((shared / "items" / name).read_bytes())
        rule = AssetRule(PROTOCOLS, RULE.needed, roles=("data",))
        assert AssetCheck(replace(PROFILE, assets=rule))(real) == []
    scenes = json.loads((shared / "items/sentinel-2-l2a-cogs.json").read_bytes())["features"]
    assert [ANY(scene) for scene in scenes] == [[]] * 100


def test_a_sound_item_passes() -> None:
    assert said(item()) == said(item(), ANY) == []
    assert said({}) == said({"assets": []}, ANY) == []


# Members of a file


@pytest.mark.parametrize("size", [-1, 2**63, 10**30, 1.0, 1e400, True, "7", [], {}])
def test_a_size_is_an_integer(size: Any) -> None:
    document = item(file__size=size)
    del document["properties"]
    [finding] = CHECK(document)
    assert finding.pointer == "/assets/a.nc/file:size"
    assert finding.message == "`file:size` must be an integer from 0 to 9223372036854775807, in bytes."
    json.dumps(finding.to_json())
    assert [one.pointer for one in ANY(document)] == ["/assets/a.nc/file:size"]


@pytest.mark.parametrize("size", [0, 2**63 - 1])
def test_the_least_and_the_greatest_size_pass(size: int) -> None:
    assert CHECK(item(file__size=size) | {"properties": {"size": size}}) == []


def test_a_checksum_is_a_multihash() -> None:
    [finding] = CHECK(item(file__checksum=SHA256[4:]))
    assert finding.pointer == "/assets/a.nc/file:checksum"
    assert finding.message == "`file:checksum` looks like a plain SHA-256: write 1220 before it."
    assert said(item(file__checksum=7)) == [
        ("/assets/a.nc/file:checksum", "`file:checksum` must be a string.")
    ]
    assert said(item(file__checksum=SHA256.upper())) == []
    assert len(str(CHECK(item(file__checksum="00" * 1_000_000))[0].value)) <= 200


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "must not be empty"),
        ("/etc/passwd", "must be relative and not begin with /"),
        ("~/.ssh/id", "must be relative and not begin with ~"),
        ("~root/x", "must be relative and not begin with ~"),
        ("..", "must not have the parts `.` or `..`"),
        (".", "must not have the parts `.` or `..`"),
        ("../x", "must not have the parts `.` or `..`"),
        ("a/../../x", "must not have the parts `.` or `..`"),
        ("a/..", "must not have the parts `.` or `..`"),
        ("a/./b", "must not have the parts `.` or `..`"),
        ("./a", "must not have the parts `.` or `..`"),
        ("a//b", "must not have an empty part"),
        ("a/", "must not have an empty part"),
        ("a\\b", "must have / between its parts and no backslash"),
        ("..\\b", "must have / between its parts and no backslash"),
        ("C:/x", "must not begin with the letter of a drive"),
        ("c:x", "must not begin with the letter of a drive"),
        ("a\x00b", "must not have control characters"),
        ("a\nb", "must not have control characters"),
        ("a\x7f", "must not have control characters"),
        ("a\x85/b", "must not have control characters"),
        ("a/" * 500 + "b", f"must not be longer than {PATH_CHARS_MAX} characters"),
        (7, "must be a string"),
        (["a"], "must be a string"),
    ],
)
def test_a_path_stays_within_its_folder(path: Any, why: str) -> None:
    assert said(item(file__local_path=path)) == [
        ("/assets/a.nc/file:local_path", f"`file:local_path` {why}.")
    ]


@pytest.mark.parametrize(
    "path", ["a", "a..b/c...nc", ".hidden", "a/.hidden/..x", "a b/ö", "1:x", "a" * 1_000, "ab:c", "a~"]
)
def test_other_paths_pass(path: str) -> None:
    assert path_fault(path) is None


@given(st.text(alphabet=st.sampled_from("a./\\~:\x00 ö"), max_size=8))
def test_no_path_leaves_its_folder(path: str) -> None:
    if path_fault(path) is None:
        parts = path.split("/")
        assert path
        assert not {"", ".", ".."} & set(parts)
        assert not set("\\\x00") & set(path)
        assert path[0] != "~"
        assert not (path[0] == "a" and path[1:2] == ":")


def test_the_nearest_protocol_is_named() -> None:
    [finding] = CHECK(item(protocol="HTTPS"))
    assert finding.pointer == "/assets/a.nc/protocol"
    assert finding.message == f"`protocol` must be one of {', '.join(PROTOCOLS)}."
    assert (finding.value, finding.expected) == ("HTTPS", list(PROTOCOLS))
    assert finding.nearest is not None
    assert finding.nearest[0] == "https"
    assert CHECK(item(protocol="x" * 1_000_000))[0].nearest is None
    assert nearest("Opendapp", PROTOCOLS) == ("opendap",)
    assert said(item(protocol=["https"])) == [("/assets/a.nc/protocol", "`protocol` must be a string.")]
    assert said(item(protocol="gopher"), ANY) == []


# What the profile asks


def test_data_assets_have_what_is_needed() -> None:
    assert said(item(**{"file:size": None, "file:checksum": None})) == [
        ("/assets/a.nc", "`file:size` is missing: every data asset has to have it."),
        ("/assets/a.nc", "`file:checksum` is missing: every data asset has to have it."),
    ]
    bare = {"file:size": None, "file:checksum": None}
    assert said(item(**bare, protocol="kerchunk")) == []  # a way to the data has no bytes of its own
    assert said(item(**bare), ANY) == []


def test_keys_and_roles_are_there() -> None:
    document = item(roles=["metadata"])
    document["assets"]["b.nc"] = document["assets"].pop("a.nc")
    document["assets"]["globus"]["roles"] = "data"
    assert said(document) == [
        ("/assets", "There has to be an asset with the key `a.nc`."),
        ("/assets", "There has to be an asset with the role `data`."),
    ]
    document["assets"]["globus"].pop("roles")
    document["assets"]["globus"]["role"] = "data"
    assert said(document) == [("/assets", "There has to be an asset with the key `a.nc`.")]


def test_two_files_have_two_paths() -> None:
    document = item()
    document["assets"]["b.nc"] = {**document["assets"]["a.nc"]}
    document["properties"]["size"] = 14
    document["assets"]["globus"]["file:local_path"] = "c/a.nc"  # no file of its own
    assert said(document) == [
        ("/assets/b.nc/file:local_path", "`file:local_path` must not be that of another asset, a.nc.")
    ]


@pytest.mark.parametrize("key", ["", "a\nb", "a\x7f", "x" * (KEY_CHARS_MAX + 1)])
def test_keys_are_clean(key: str) -> None:
    document = item()
    document["assets"][key] = {"href": "x"}
    [finding] = CHECK(document)
    assert finding.message == "The key of an asset must have 1 to 500 characters, none a control character."
    assert finding.pointer.startswith("/assets/")


@pytest.mark.parametrize("key", ["x" * KEY_CHARS_MAX, "a b", "a\u00a0b", "ö/~", "a\u2028"])
def test_other_keys_pass(key: str) -> None:
    document = item()
    document["assets"][key] = {"href": "x"}
    assert said(document) == []


def test_the_size_of_all_is_the_sum_of_data() -> None:
    document = item()
    document["properties"]["size"] = 8
    [finding] = CHECK(document)
    assert (finding.level, finding.pointer, finding.value, finding.expected) == (
        "warning",
        "/properties/size",
        8,
        7,
    )
    assert finding.message == "`size` is not the sum of the sizes of the data assets, 7."
    for unknown in ("8", None, 8.0, True):
        assert said(document | {"properties": {"size": unknown}}) == []
    assert said(document | {"properties": []}) == []


def test_everything_is_named_at_once_and_bounded() -> None:
    document = item(protocol="x", **{"file:size": -1, "file:local_path": ".."})
    assert len(CHECK(document)) == 3
    document["assets"] |= {str(number): {"file:size": -1} for number in range(1_000)}
    findings = CHECK(document)
    assert len(findings) == 101
    assert findings[-1].message == "There are more than 100 findings; the rest is not listed."


# What other checks name; any JSON


@pytest.mark.parametrize("href", [None, "", " ", 7, "a b", "http://a\r\nb"])
def test_addresses_are_left_to_the_core_check(href: Any) -> None:
    document = item(href=href) | {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": "a",
        "geometry": None,
        "links": [],
        "properties": {"datetime": "2015-01-01T00:00:00Z"},
    }
    assert CHECK(document) == []
    assert [one.pointer.rpartition("/href")[0] or one.pointer for one in check_item(document)] == [
        "/assets/a.nc"
    ]


MEMBERS = ["href", "roles", "role", "protocol", "file:size", "file:checksum", "file:local_path", "alternate"]
ASSET = st.dictionaries(st.sampled_from(MEMBERS), JSON | st.sampled_from(["data", "https", SHA256, "a/b", 7]))


@given(st.dictionaries(st.text(max_size=3) | st.just("globus"), JSON | ASSET, max_size=4), JSON)
def test_any_json_has_a_verdict(assets: dict[str, Any], other: Any) -> None:
    before = deepcopy(assets)
    for check in (CHECK, ANY):
        for document in (
            {"assets": assets, "properties": {"size": 7}},
            {"assets": other, "properties": other},
        ):
            assert all(isinstance(finding, Finding) for finding in check(document))
    assert repr(assets) == repr(before)
