"""Which schemas can be imported: each fault by file and JSON pointer, and none that could harm a node later."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from schemas.errors import Fault
from schemas.extensions import Extensions
from schemas.importing import DOCUMENTS_MAX, Plan, plan
from schemas.library import Library
from schemas.naming import BYTES_MAX, Named, named

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
NONE = Extensions({}, Library({}))
A, B = "https://a.org/a/v1.0.0/schema.json", "https://a.org/b/v1.0.0/schema.json"

Schema = dict[str, Any]


def files(schemas: dict[str, Any]) -> dict[str, bytes]:
    """The files of a folder, each at HOST/PATH of its URI."""
    return {uri.removeprefix("https://"): json.dumps(schema).encode() for uri, schema in schemas.items()}


def planned(schemas: dict[str, Schema], known: Extensions = NONE, *, replace: bool = False) -> Plan:
    told = named(files({uri: {"$schema": DRAFT_7, **schema} for uri, schema in schemas.items()}))
    assert told.faults == ()
    return plan(told.documents, known, replace=replace)


def after(made: Plan, known: Extensions = NONE) -> Extensions:
    """What is known once a plan was carried out."""
    assert made.faults == ()
    told = named({uri.removeprefix("https://"): data for uri, data in made.accepted.items()})
    hashes = {document.uri: sha256(document.data) for document in told.documents}
    library, current = known.extended({sha256(each.data): each.data for each in told.documents}, hashes)
    return Extensions(current, library)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def only_fault(schema: Schema) -> Fault:
    made = planned({A: schema})
    assert made.accepted == {}
    [fault] = made.faults
    assert fault.where == A.removeprefix("https://")
    return fault


# Names


def one(where: str, schema: Any, **told: Any) -> Named:
    return named({where: json.dumps(schema).encode()}, **told)


def test_the_path_names_a_schema() -> None:
    found = one("top/a.org/a/v1.0.0/schema.json", {"$id": A + "#"})
    assert [document.uri for document in found.documents] == [A]
    assert found.warnings == ()


def test_the_path_wins_over_a_wrong_id() -> None:
    found = one("a.org/a/v1.0.0/schema.json", {"$id": B})
    assert [document.uri for document in found.documents] == [A]
    assert [str(warning) for warning in found.warnings] == [
        f"a.org/a/v1.0.0/schema.json: /$id: is {B}; the schema is known as {A}, as its path says"
    ]


def test_a_part_of_such_a_folder_is_known_by_the_path_above() -> None:
    found = one("v1.0.0/schema.json", {"$id": B, "$schema": DRAFT_7}, above="x/a.org/a")
    assert [document.uri for document in found.documents] == [A]
    assert len(found.warnings) == 1
    found = one("x.json", {"$id": B, "$schema": DRAFT_7}, above="my.site/schemas")
    assert [document.uri for document in found.documents] == [B]


def test_elsewhere_the_id_names_a_schema() -> None:
    for where in ("x.json", "CMIP7-CVs-1.2.16/cmip7-stac.json", "a.org.json"):
        found = one(where, {"$schema": DRAFT_7, "$id": A + "#"})
        assert [document.uri for document in found.documents] == [A]
    found = one("a.org/a/v1.0.0/schema.json", {"$id": A.replace("https", "http")})
    assert [document.uri for document in found.documents] == [A.replace("https", "http")]


WRONG_IDS = ["", "a", "urn:a", "file:///a/b", "https://a.org/x y", "https://a.org/x#y", 5, None]


@pytest.mark.parametrize("own", [*WRONG_IDS, "https://a.org/" + "x" * 500])
def test_an_id_that_is_no_uri(own: Any) -> None:
    found = one("x.json", {"$schema": DRAFT_7, "$id": own})
    assert found.documents == ()
    [fault] = found.faults
    assert fault.where == "x.json"


def test_other_files_are_left_out() -> None:
    found = named({"a.json": b"{}", "b.yaml": b"x", "c.json": b"[]", "d.json": b'{"$id": "https://a.org/x"}'})
    assert found == Named((), (), (), 4)
    [fault] = named({"c.json": b"[]"}, alone=True).faults
    assert str(fault) == "c.json: is no JSON Schema: it is no object"


def test_what_is_no_json_is_named_by_line() -> None:
    [fault] = named({"a.org/a/schema.json": b'{\n"$id": }'}).faults
    assert str(fault).startswith("a.org/a/schema.json:2: is not JSON at column 8: ")


def test_a_huge_file_is_refused() -> None:
    data = b'{"$schema": "' + b" " * BYTES_MAX + b'"}'
    [fault] = named({"a.json": data}).faults
    assert fault.message == f"is over {BYTES_MAX} bytes"


def test_two_documents_of_one_uri() -> None:
    twice = {"$schema": DRAFT_7, "$id": A}
    found = named({"x.json": json.dumps(twice).encode(), "y.json": json.dumps(twice).encode()})
    assert (len(found.documents), found.faults) == (1, ())
    found = named({"x.json": json.dumps(twice).encode(), "y.json": json.dumps(twice | {"a": 1}).encode()})
    assert [str(fault) for fault in found.faults] == [
        f"y.json: is {A}, and so is x.json, which says something else"
    ]


# Faults of one document


@pytest.mark.parametrize(
    ("schema", "pointer", "message"),
    [
        (
            {"properties": {"a": {"type": "text"}}},
            "/properties/a/type",
            'is not one of "array"',
        ),
        (
            {"properties": {"a/b": {"minimum": "5"}}},
            "/properties/a~1b/minimum",
            '"5" is not of type "number"',
        ),
        ({"properties": {"a": {"pattern": "("}}}, "/properties/a/pattern", 'is not a "regex"'),
        ({"properties": {"a": {"pattern": "((a{999}){999}){999}"}}}, "/properties/a/pattern", "regex"),
        ({"items": {"patternProperties": {"(": {}}}}, "/items/patternProperties", "regex"),
        ({"not": {"patternProperties": {"(?=a)b": {}}}}, "/not/patternProperties", "looks around or back"),
        ({"properties": {"a": {"pattern": "(?=("}}}, "/properties/a/pattern", 'is not a "regex"'),
        ({"$schema": "http://json-schema.org/draft-04/schema#"}, "/$schema", "is none of"),
        ({"$schema": "https://a.org/own"}, "/$schema", "is none of"),
        ({"$schema": 5}, "/$schema", "is none of"),
        ({"not": {"$schema": "https://a.org/own"}}, "/not", "`$schema` is allowed at the top only"),
        ({"not": {"$dynamicRef": "#a"}}, "/not", "`$dynamicRef` is not supported"),
        ({"$ref": "#/definitions/x"}, "/$ref", f"refers to {A}#/definitions/x, which has no such place"),
        ({"allOf": [{"$ref": "#x"}]}, "/allOf/0/$ref", f"refers to {A}#x, which has no such place"),
        (
            {"not": {"$ref": "x.json"}},
            "/not/$ref",
            "refers to https://a.org/a/v1.0.0/x.json, which is not known",
        ),
        ({"not": {"$ref": "http://[x"}}, "/not/$ref", 'is not a "uri-reference"'),
        ({"$ref": "https://geojson.org/schema/Nothing.json"}, "/$ref", "which is not known here"),
        (
            {"$ref": "https://schemas.stacspec.org/v1.2.0/item-spec/json-schema/item.json"},
            "/$ref",
            "which is not known here",
        ),
    ],
)
def test_faults_are_named_by_file_and_pointer(schema: Schema, pointer: str, message: str) -> None:
    fault = only_fault(schema)
    assert fault.pointer == pointer
    assert message in fault.message


def test_references_within_a_document_are_found() -> None:
    schema = {
        "definitions": {"a/b": {"type": "string"}, "c": {"$id": "#c", "type": "integer"}},
        "components": {"x": {"items": {"$ref": "#/definitions/c"}}},
        "properties": {
            "a": {"$ref": "#/definitions/a~1b"},
            "b": {"$ref": "#c"},
            "c": {"$ref": "#/components/x"},
            "d": {"$ref": "https://a.org/a/v1.0.0/schema.json#/definitions/a%7E1b"},
            "$ref": {"type": "integer"},
            "e": {"enum": [{"$ref": "https://b.org/only-a-value"}]},
        },
    }
    known = after(planned({A: schema}))
    assert known.check(A, {"a": "x", "b": 5, "c": [5], "d": "x", "$ref": 5}) == ()
    wrong = known.check(A, {"a": 5, "b": "x", "c": ["x"], "d": 5, "$ref": "x"})
    assert sorted(finding.pointer for finding in wrong) == ["/$ref", "/a", "/b", "/c/0", "/d"]


def test_the_newer_draft_is_known_too() -> None:
    schema = {
        "$schema": DRAFT_2020,
        "$defs": {"a": {"$anchor": "here", "type": "integer"}},
        "prefixItems": [{"$ref": "#here"}, {"$ref": "#/$defs/a", "minimum": 5}],
        "items": False,
    }
    known = after(planned({A: schema}))
    assert known.check(A, [1, 5]) == ()
    assert {finding.pointer for finding in known.check(A, ["x", 1])} == {"/0", "/1"}
    assert known.check(A, [1, 5, 1])


def test_groups_that_are_named_as_in_python_are_respelt() -> None:
    made = planned({A: {"properties": {"a": {"pattern": r"^(?P<n>\d+)\(?P<$"}}}})
    assert [warning.pointer for warning in made.warnings] == ["/properties/a/pattern"]
    known = after(made)
    assert known.check(A, {"a": "12(P<"}) == known.check(A, {"a": "12P<"}) == ()
    assert known.check(A, {"a": "x"})


# Documents together


def test_references_among_the_imported_and_the_known() -> None:
    to_b = {"properties": {"x": {"$ref": f"{B}#/definitions/d"}}}
    b = {"definitions": {"d": {"type": "integer"}}}
    together = planned({A: to_b, B: b})
    assert together.faults == ()
    assert together.accepted.keys() == {A, B}
    assert planned({A: to_b}, after(planned({B: b}))).accepted.keys() == {A}
    assert [fault.message for fault in planned({A: to_b}).faults] == [
        f"refers to {B}#/definitions/d, which is not known here"
    ]


def test_what_refers_to_a_bad_one_is_bad() -> None:
    c = "https://a.org/c/v1.0.0/schema.json"
    good = "https://a.org/d/v1.0.0/schema.json"
    made = planned({A: {"$ref": B}, B: {"$ref": c}, c: {"type": 5}, good: {}})
    assert made.accepted.keys() == {good}
    assert sorted(fault.where.split("/")[1] for fault in made.faults) == ["a", "b", "c"]


def test_a_version_does_not_change_unless_told() -> None:
    known = after(planned({A: {"type": "object"}}))
    again = planned({A: {"type": "object"}}, known)
    assert (again.accepted, again.unchanged, again.faults) == ({}, (A,), ())
    other = planned({A: {"type": "array"}}, known)
    assert other.accepted == {}
    assert "does not change; --replace takes this one all the same" in other.faults[0].message
    assert planned({A: {"type": "array"}}, known, replace=True).accepted.keys() == {A}
    free = "https://a.org/a/schema.json"
    known = after(planned({free: {"type": "object"}}))
    assert planned({free: {"type": "array"}}, known).accepted.keys() == {free}


def test_a_replacement_must_not_break_those_that_need_it() -> None:
    known = after(planned({A: {"$ref": f"{B}#/definitions/d"}, B: {"definitions": {"d": {}}}}))
    made = planned({B: {"definitions": {"e": {}}}}, known, replace=True)
    assert made.accepted == {}
    assert [str(fault) for fault in made.faults] == [
        f"{A}: /$ref: refers to {B}#/definitions/d, which has no such place"
    ]


def test_what_is_built_in_is_not_replaced() -> None:
    core = "https://schemas.stacspec.org/v1.1.0/item-spec/json-schema/basics.json"
    made = planned({core: {"type": "array"}, A: {"$ref": core}})
    assert made.accepted.keys() == {A}
    assert "is built in" in made.warnings[0].message


def test_an_import_is_limited() -> None:
    made = planned({f"https://a.org/{number}/schema.json": {} for number in range(DOCUMENTS_MAX + 1)})
    assert [fault.message for fault in made.faults] == [
        f"There are more than {DOCUMENTS_MAX} schemas; import them in parts."
    ]


# Hostile documents


def nested(levels: int) -> Schema:
    schema: Schema = {}
    for _ in range(levels):
        schema = {"not": schema}
    return schema


def doubled(levels: int, keyword: str) -> Schema:
    """Each level applies the next one twice."""
    definitions: Schema = {f"d{levels}": {}}
    for number in range(levels):
        pair = [{"$ref": f"#/definitions/d{number + 1}"}, {"not": {"$ref": f"#/definitions/d{number + 1}"}}]
        here = {"allOf": pair}
        definitions[f"d{number}"] = here if keyword == "allOf" else {"properties": {"a": here}}
    return {"definitions": definitions, "allOf": [{"$ref": "#/definitions/d0"}]}


@pytest.mark.parametrize(
    ("schema", "pointer", "message"),
    [
        (nested(201), "", "is nested more than 200 levels deep"),
        (nested(240), "", "is nested more than 200 levels deep"),
        ({"$ref": "#"}, "", "refers to itself without going deeper"),
        ({"allOf": [{"$ref": "#"}]}, "", "refers to itself without going deeper"),
        (
            {"properties": {"a": {"$ref": "#/properties/a"}}},
            "/properties/a",
            "refers to itself without going",
        ),
        (
            {
                "definitions": {
                    "a": {"not": {"$ref": "#/definitions/b"}},
                    "b": {"if": {"$ref": "#/definitions/a"}},
                }
            },
            "/definitions/b",
            "refers to itself without going deeper",
        ),
        (doubled(40, "allOf"), "", "can take more than"),
        (doubled(40, "properties"), "", "can take more than"),
        ({"anyOf": [{}] * 100_001}, "", "holds more than 100000 schemas"),
    ],
)
def test_what_could_run_for_ever_is_refused(schema: Schema, pointer: str, message: str) -> None:
    began = time.process_time()
    fault = only_fault(schema)
    assert time.process_time() - began < 3
    assert fault.pointer == pointer
    assert message in fault.message


def test_a_circle_through_two_documents_is_refused() -> None:
    made = planned({A: {"not": {"$ref": B}}, B: {"not": {"$ref": A}}})
    assert made.accepted == {}
    assert {fault.where.split("/")[1] for fault in made.faults} == {"a", "b"}
    assert all("refers to itself" in fault.message for fault in made.faults)


def test_a_long_chain_of_references_is_no_circle() -> None:
    links = {f"d{number}": {"$ref": f"#/definitions/d{number + 1}"} for number in range(5_000)}
    assert planned({A: {"definitions": {**links, "d5000": {}}}}).accepted.keys() == {A}


def test_recursion_into_the_value_is_allowed() -> None:
    known = after(planned({A: {"properties": {"a": {"$ref": "#"}, "b": {"type": "integer"}}}}))
    value: dict[str, Any] = {"b": "x"}
    for _ in range(100):
        value = {"a": value}
    [finding] = known.check(A, value)
    assert finding.pointer == "/a" * 100 + "/b"


# Nothing is fetched, and what was published can be imported


def test_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was opened")

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        hostile = f"http://127.0.0.1:{server.getsockname()[1]}/schema.json"
        monkeypatch.setattr(socket.socket, "connect", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
        for schema in (
            {"$schema": hostile},
            {"$ref": hostile},
            {"not": {"$schema": hostile, "$id": hostile}},
            {"properties": {"a": {"$ref": f"{hostile}#/definitions/a"}}},
            {"not": {"$id": hostile, "$ref": "b.json"}},
        ):
            made = planned({A: schema})
            assert made.faults, schema
        told = one("x.json", {"$schema": DRAFT_7, "$id": hostile, "title": "a", "example": {"$ref": hostile}})
        assert plan(told.documents, NONE).accepted
        with pytest.raises(TimeoutError):  # the validator's own client would not pass through Python
            server.accept()


def test_the_published_schemas_can_be_imported(shared: Path) -> None:
    root = shared / "stac-schemas"
    found = named({path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.json")})
    assert found.faults == found.warnings == ()
    made = plan(found.documents, NONE)
    assert {fault.where.split("/")[1] for fault in made.faults} == {"projection"}
    assert all("https://proj.org/schemas/v0." in fault.message for fault in made.faults)
    assert len(made.accepted) == 18
    projjson = {
        f"https://proj.org/schemas/v0.{minor}/projjson.schema.json": {"type": "object"} for minor in (2, 5, 7)
    }
    complete = plan([*found.documents, *named(files(projjson)).documents], NONE)
    assert complete.faults == ()
    assert len(complete.accepted) == 25
