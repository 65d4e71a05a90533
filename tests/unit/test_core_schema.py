"""The STAC core check: real records pass, every fault is named where it is, and nothing is fetched."""

from __future__ import annotations

import copy
import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from schemas import core, explain, registry, stac
from schemas.core import check_collection, check_item
from stream.errors import PROBLEMS, Finding, Problem

ABSENT = object()


@pytest.fixture(scope="module")
def cmip6(shared: Path) -> dict[str, Any]:
    item: dict[str, Any] = json.loads((shared / "items/cmip6-ipsl-clcalipso.json").read_bytes())
    return item


@pytest.fixture(scope="module")
def sentinel(shared: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads((shared / "items/sentinel-2-l2a-cogs.json").read_bytes())[
        "features"
    ]
    return features


@pytest.fixture(scope="module")
def collection(shared: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((shared / "items/sentinel-2-l2a-cogs.collection.json").read_bytes())
    return record


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with `value` at `path` ('*' is the first member), or without that member."""
    result = copy.deepcopy(document)
    *parents, last = path.split(".")
    here: Any = result
    for step in parents:
        here = here[int(step)] if isinstance(here, list) else here[next(iter(here)) if step == "*" else step]
    key = int(last) if isinstance(here, list) else last
    if value is ABSENT:
        del here[key]
    else:
        here[key] = value
    return result


def found(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    assert all(finding.check == "stac-core" for finding in findings)
    return [(finding.pointer, finding.message) for finding in findings]


# Real records


def test_the_real_items_are_valid(shared: Path, sentinel: list[dict[str, Any]]) -> None:
    for name in ("cmip6-ipsl-clcalipso.json", "cmip6-ukesm-zg500.json"):
        assert check_item(json.loads((shared / "items" / name).read_bytes())) == ()
    assert {item["stac_version"] for item in sentinel} == {"1.0.0"}
    assert [check_item(item) for item in sentinel] == [()] * 100


def test_the_real_collection_is_valid(collection: dict[str, Any]) -> None:
    assert check_collection(collection) == ()
    assert check_collection({**collection, "stac_version": "1.1.0"}) == ()


def test_a_record_needs_no_link_to_its_collection(cmip6: dict[str, Any]) -> None:
    assert check_item({**cmip6, "links": []}) == ()


# Faults of an Item

DATE = "must be an RFC 3339 date and time in UTC, such as 2015-01-16T12:00:00Z."
FAULTS: list[tuple[str, Any, str, str]] = [
    (
        "geometry.coordinates.0.0.0",
        "a",
        "/geometry/coordinates/0/0/0",
        "`coordinates/0/0/0` must be a number.",
    ),
    ("geometry.coordinates", [[[0, 0], [1, 1]]], "/geometry/coordinates/0", "at least 4 items"),
    ("geometry.type", "Polygone", "/geometry/type", "must be one of 'Point', 'LineString', 'Polygon'"),
    ("geometry.type", ABSENT, "/geometry", "`type` is missing in `geometry`."),
    ("geometry", ABSENT, "", "`geometry` is missing."),
    ("geometry", None, "/bbox", "`bbox` is not allowed where `geometry` is null."),
    ("geometry", [], "/geometry", "`geometry` must be an object."),
    ("bbox", [1, 2, 3, 4, 5], "/bbox", "`bbox` must have at most 4 items, or must have at least 6 items."),
    ("bbox", "0,0,1,1", "/bbox", "`bbox` must be a list."),
    ("bbox", ABSENT, "", "`bbox` is missing."),
    ("bbox.2", None, "/bbox/2", "`bbox/2` must be a number."),
    ("properties.datetime", ABSENT, "/properties", "`datetime` is missing in `properties`"),
    ("properties.datetime", "yesterday", "/properties/datetime", DATE),
    ("properties.start_datetime", ABSENT, "/properties", "where `datetime` is null, `start_datetime` and"),
    ("properties.end_datetime", ABSENT, "/properties", "`end_datetime` is missing: where `datetime` is null"),
    ("properties.end_datetime", "2015-01-16T12:00:00+01:00", "/properties/end_datetime", DATE),
    ("properties.start_datetime", "2015-02-30T12:00:00Z", "/properties/start_datetime", DATE),
    ("properties.created", 5, "/properties/created", "`created` must be a string."),
    ("properties.license", "a b", "/properties/license", "made of letters, digits"),
    ("properties.gsd", 0, "/properties/gsd", "`gsd` must be greater than 0."),
    ("properties.bands", [], "/properties/bands", "not allowed in `properties` where no asset has `bands`"),
    ("properties", None, "/properties", "`properties` must be an object."),
    ("properties", ABSENT, "", "`properties` is missing."),
    ("links.0.href", ABSENT, "/links/0", "`href` is missing in `links/0`."),
    ("links.0.method", "get", "/links/0/method", "an HTTP method in capital letters"),
    ("links.0.headers", {"a": 5}, "/links/0/headers/a", "`a` must be a string, or must be a list."),
    ("links", {}, "/links", "`links` must be a list."),
    ("assets", ABSENT, "", "`assets` is missing."),
    ("assets.x", {"href": ""}, "/assets/x/href", "`href` must not be empty."),
    ("assets.x", {"href": "a", "roles": "data"}, "/assets/x/roles", "`roles` must be a list."),
    ("assets.x", {"href": "a", "nodata": "nil"}, "/assets/x/nodata", "one of 'nan', 'inf', '-inf'"),
    ("assets.x", {"href": "a", "nodata": []}, "/assets/x/nodata", "must be a number, or must be a string"),
    ("assets.a/b~c", 5, "/assets/a~1b~0c", "must be an object."),
    ("id", "", "/id", "`id` must not be empty."),
    ("id", 5, "/id", "`id` must be a string."),
    ("type", "Item", "/type", "`type` must be one of 'Feature'."),
    ("stac_extensions", ["not a uri"], "/stac_extensions/0", "must be an absolute URI."),
    ("stac_version", "0.9.0", "/stac_version", "`stac_version` must be 1.0.0 or 1.1.0."),
    ("stac_version", "1.1", "/stac_version", "`stac_version` must be 1.0.0 or 1.1.0."),
    ("stac_version", "1.2.0", "/stac_version", "`stac_version` must be 1.0.0 or 1.1.0."),
    ("stac_version", 1.1, "/stac_version", "`stac_version` must be a string."),
    ("stac_version", ABSENT, "", "`stac_version` is missing."),
]


@pytest.mark.parametrize(("path", "value", "pointer", "message"), FAULTS)
def test_one_fault_is_one_finding(
    cmip6: dict[str, Any], path: str, value: Any, pointer: str, message: str
) -> None:
    [(place, said)] = found(check_item(changed(cmip6, path, value)))
    assert place == pointer
    assert message in said


def test_a_finding_shows_value_and_expectation(cmip6: dict[str, Any]) -> None:
    [finding] = check_item(changed(cmip6, "properties.created", "2015"))
    assert (finding.value, finding.expected) == ("2015", "date-time")
    [finding] = check_item(changed(cmip6, "links", {"a": "x" * 1000}))
    assert finding.value == '{"a": "' + "x" * 193
    assert finding.expected == "array"


def test_all_faults_are_found_at_once(cmip6: dict[str, Any]) -> None:
    item = changed(changed(cmip6, "id", ""), "properties.created", 5)
    item = changed(changed(item, "bbox.0", "x"), "stac_version", "0.8.0")
    assert sorted(place for place, _ in found(check_item(item))) == [
        "/bbox/0",
        "/id",
        "/properties/created",
        "/stac_version",
    ]


def test_every_finding_makes_a_problem_that_its_schema_knows(cmip6: dict[str, Any]) -> None:
    findings = [finding for path, value, *_ in FAULTS for finding in check_item(changed(cmip6, path, value))]
    problem = Problem("stac-validation", "The Item is not valid.", tuple(findings))
    registry.validator("problem").validate(problem.to_json("a:b"))


def test_many_faults_are_cut_off(cmip6: dict[str, Any]) -> None:
    findings = check_item(changed(cmip6, "properties.keywords", [5] * 5000))
    assert len(findings) == explain.FINDINGS_MAX + 1
    assert "more than 100" in findings[-1].message


def test_a_huge_hostile_item_is_cheap(cmip6: dict[str, Any]) -> None:
    hostile = {"type": "Polygon", "coordinates": [[["a", 1]] * 300_000]}
    began = time.process_time()
    first, note = check_item({**cmip6, "geometry": hostile})
    assert time.process_time() - began < 2
    assert first.pointer == "/geometry/coordinates/0/0/0"
    assert "only its first fault" in note.message


def test_what_is_nested_beyond_the_limit_is_a_finding(cmip6: dict[str, Any]) -> None:
    """Not a crash of the process: the validator recurses on its native stack."""
    for depth in (110, 300, 50_000):
        band: dict[str, Any] = {}
        for _ in range(depth):
            band = {"bands": [band]}
        findings = check_item({**cmip6, "assets": {"a": {"href": "x", "bands": [band]}}})
        assert len(findings) == (depth > 110)
        assert all("cannot be checked" in finding.message for finding in findings)


# Versions


def test_names_that_1_1_added_are_free_in_1_0(sentinel: list[dict[str, Any]]) -> None:
    free = {
        "unit": 5,
        "data_type": "text",
        "bands": "4",
        "statistics": [],
        "keywords": "a",
        "description": "",
    }
    item = sentinel[0]
    relative = [{"rel": "self", "href": "item.json", "method": "get", "headers": 5}]
    item = {**item, "properties": {**item["properties"], **free}, "links": relative}
    assert check_item(item) == ()
    newer = {place for place, _ in found(check_item({**item, "stac_version": "1.1.0"}))}
    assert newer == {
        "/links/0/href",
        "/links/0/method",
        "/links/0/headers",
        *(f"/properties/{name}" for name in free),
    }


def test_the_rest_of_1_0_is_checked(sentinel: list[dict[str, Any]]) -> None:
    item = changed(changed(sentinel[0], "properties.datetime", None), "assets.*.href", 5)
    item = changed(item, "links.0.rel", ABSENT)
    asset = next(iter(item["assets"]))
    assert sorted({place for place, _ in found(check_item(item))}) == [
        f"/assets/{asset}/href",
        "/links/0",
        "/properties",
    ]


def test_patch_releases_of_known_versions_are_known(cmip6: dict[str, Any]) -> None:
    assert check_item({**cmip6, "stac_version": "1.1.1"}) == ()
    assert core._family("1.0.12") == "1.0"
    assert [core._family(name) for name in ("1.0.0-rc.1", "1.0.0\n", "1.0.01", "2.0.0")] == [None] * 4


# Faults of a Collection

COLLECTION_FAULTS: list[tuple[str, Any, str, str]] = [
    ("extent", ABSENT, "", "`extent` is missing."),
    (
        "extent.spatial.bbox",
        [[1, 2, 3]],
        "/extent/spatial/bbox/0",
        "at least 4 items, or must have at least 6",
    ),
    ("extent.temporal.interval", [["x", None]], "/extent/temporal/interval/0/0", DATE),
    ("extent.temporal.interval", [], "/extent/temporal/interval", "at least 1 item."),
    ("type", "Catalog", "/type", "`type` must be 'Collection'."),
    ("license", ABSENT, "", "`license` is missing."),
    ("description", "", "/description", "`description` must not be empty."),
    ("summaries.a", 5, "/summaries/a", "must be an object, or must be a list."),
    ("summaries.a", {"minimum": []}, "/summaries/a/minimum", "must be a number."),
    ("providers.0.roles", ["boss"], "/providers/0/roles/0", "one of 'producer', 'licensor'"),
    ("stac_version", "0.9.0", "/stac_version", "must be 1.0.0 or 1.1.0."),
]


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize(("path", "value", "pointer", "message"), COLLECTION_FAULTS)
def test_one_fault_of_a_collection_is_one_finding(
    collection: dict[str, Any], version: str, path: str, value: Any, pointer: str, message: str
) -> None:
    faulty = changed({**collection, "stac_version": version}, path, value)
    [(place, said)] = found(check_collection(faulty))
    assert place == pointer
    assert message in said


# Nothing is fetched


def test_no_socket_is_opened(cmip6: dict[str, Any], collection: dict[str, Any], monkeypatch: Any) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    stac.validator.cache_clear()
    registry.validator.cache_clear()
    for name in registry.NAMES:
        registry.validator(name)
    assert check_item(cmip6) == check_collection(collection) == ()
    assert check_item(changed(cmip6, "geometry.type", "x"))


def test_the_validators_are_compiled_with_all_that_they_refer_to() -> None:
    """A reference to a document that is not registered is an error, even where somebody would answer it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        uri = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        with pytest.raises(jsonschema_rs.ValidationError, match="Retrieval is disabled"):
            jsonschema_rs.Draft7Validator({"$ref": uri}, offline=True)
        with pytest.raises(TimeoutError):
            server.accept()


def test_pystac_is_not_imported() -> None:
    code = (
        "import sys; from schemas import core; core.check_item({'stac_version': '1.1.0'});"
        " sys.exit('pystac' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Our own schemas


@pytest.mark.parametrize("name", registry.NAMES)
def test_our_schemas_are_valid_schemas(name: str) -> None:
    jsonschema_rs.meta.validate(registry.schema(name))
    assert registry.schema(name)["$id"] == f"urn:stacfed:{name}"
    assert registry.validator(name) is registry.validator(name)


def test_there_is_no_other_schema() -> None:
    with pytest.raises(KeyError):
        registry.validator("../core")
    assert {path.stem for path in registry.FOLDER.glob("*.json")} >= set(registry.NAMES)


@pytest.mark.parametrize("kind", PROBLEMS)
def test_every_problem_is_valid(kind: str) -> None:
    problem = Problem(kind, "A sentence.", (Finding("json", "", "x", index=0),)).to_json("a:b")
    registry.validator("problem").validate(problem)
    assert not registry.validator("problem").is_valid({**problem, "status": 200})


METADATA: dict[str, Any] = {
    "auth": {"auth_policy_id": None, "requester_data": {"client_id": "c", "iss": "i", "sub": "s"}},
    "event_id": "0" * 32,
    "request_id": "label",
    "publisher": {"package": "esgf_publisher", "version": "unknown"},
    "time": "2026-01-01T00:00:00Z",
    "schema_version": "1.0.0",
}
STAMP: dict[str, Any] = {"action": "publish", "fold": 1, "rules": {}, "node": "a", "expected": ["a"]}


def event(payload: dict[str, Any], **members: Any) -> dict[str, Any]:
    metadata = {**METADATA, **STAMP, **members}
    return {"data": {"type": "STAC", "payload": {"collection_id": "C", **payload}}, "metadata": metadata}


def test_events_of_every_method_are_valid(cmip6: dict[str, Any]) -> None:
    patch = [{"op": "replace", "path": "/properties/latest", "value": None}]
    for payload in (
        {"method": "POST", "item": cmip6},
        {"method": "PUT", "item_id": "a", "item": cmip6},
        {"method": "PATCH", "item_id": "a", "patch": patch},
        {"method": "PATCH", "item_id": "a", "patch": {"properties": {}}},
    ):
        registry.validator("event").validate(event(payload))


@pytest.mark.parametrize(
    "broken",
    [
        event({"method": "POST"}),
        event({"method": "DELETE", "item_id": "a"}),
        event({"method": "PATCH", "item_id": "a", "patch": []}),
        event({"method": "PATCH", "item_id": "a", "patch": [{"op": "add", "path": "/a"}]}),
        event({"method": "POST", "item": {}}, action="delete"),
        event({"method": "POST", "item": {}}, time="2026-01-01T00:00:00"),
        event({"method": "POST", "item": {}}, event_id="x"),
        event({"method": "POST", "item": {}}, fold=None),
    ],
)
def test_events_that_no_door_writes_are_not(broken: dict[str, Any]) -> None:
    assert not registry.validator("event").is_valid(broken)


def test_outcomes_and_handles_are_valid() -> None:
    problem = Problem("wrong-state", "No.").to_json("a:b")
    outcome = {
        "data": {"type": "STAC", "payload": {"method": "POST", "collection_id": "C", "item_id": "a"}},
        "metadata": {**METADATA, "node": "a", "role": "index_node", "outcome": "indexed"},
        "original_event": {"event_id": "0" * 32, "offset": 0, "partition": 0},
    }
    registry.validator("outcome").validate(outcome)
    rejected = {**outcome, "metadata": {**METADATA, "node": "a", "role": "index_node", "outcome": "rejected"}}
    assert not registry.validator("outcome").is_valid(rejected)
    registry.validator("outcome").validate({**rejected, "error": problem})
    line = {
        "node": "a",
        "role": "index_node",
        "outcome": "rejected",
        "position": {"partition": 0, "offset": 0},
        "time": METADATA["time"],
    }
    handle = {
        "id": "0" * 32,
        "event_id": "0" * 32,
        "request_id": "r",
        "status_url": "/requests/0",
        "state": "rejected",
        "outcomes": [{**line, "problem": problem}],
    }
    registry.validator("handle").validate(handle)
    assert not registry.validator("handle").is_valid({**handle, "state": "done"})
    assert not registry.validator("handle").is_valid({**handle, "outcomes": [{**line, "problem": {}}]})
