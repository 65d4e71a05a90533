"""The STAC core schemas, compiled from the documents that pystac ships. Nothing is ever fetched.

The verdict is the published schemas' own, with three exceptions, each of them stated where it is made:
the version is matched by family, a record need not carry a link to its Collection, and 1.0 is derived from
1.1. Besides, alternatives are told apart by the member that decides (`type` of a geometry, null or not for
`datetime`), so that a fault is reported where it is and not once for each alternative.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

Schema = dict[str, Any]

BASE = "https://schemas.stacspec.org/v1.1.0"
BASE_1_0 = "https://schemas.stacspec.org/v1.0.0"
GEOJSON = "https://geojson.org/schema"
PARTS = ("basics", "bands", "common", "data-values", "datetime", "instrument", "licensing", "provider")
ITEM = f"{BASE}/item-spec/json-schema/item.json"
COLLECTION = f"{BASE}/collection-spec/json-schema/collection.json"


@cache
def validator(uri: str, family: str) -> jsonschema_rs.Validator:
    """The compiled schema `uri` (ITEM, COLLECTION) for a family of versions: '1.0' or '1.1'."""
    documents = adapted(published(), family)
    registry = jsonschema_rs.Registry(list(documents.items()), draft=jsonschema_rs.Draft7)
    return jsonschema_rs.Draft7Validator(
        documents[uri], registry=registry, validate_formats=True, offline=True
    )


def published() -> dict[str, Schema]:
    """The documents as published, by the URI under which the others refer to them.

    The `$id` is set to that URI: one document has a misprint in its own ("commonjson").
    """
    folder = _folder()
    paths = {
        f"{GEOJSON}/Feature.json": "geojson/Feature.json",
        f"{GEOJSON}/Geometry.json": "geojson/Geometry.json",
        ITEM: "stac-spec/v1.1.0/item.json",
        COLLECTION: "stac-spec/v1.1.0/collection.json",
    } | {f"{BASE}/item-spec/json-schema/{part}.json": f"stac-spec/v1.1.0/{part}.json" for part in PARTS}
    return {uri: orjson.loads((folder / path).read_bytes()) | {"$id": uri} for uri, path in paths.items()}


@cache
def referable() -> dict[str, Schema]:
    """The compiled documents of both families by the URIs that other schemas name them by."""
    newer, older = (orjson.dumps(adapted(published(), family)) for family in ("1.1", "1.0"))
    documents: dict[str, Schema] = orjson.loads(older.replace(BASE.encode(), BASE_1_0.encode()))
    documents |= orjson.loads(newer)
    return documents


def adapted(documents: dict[str, Schema], family: str) -> dict[str, Schema]:
    """The same documents, changed in place into those that are compiled for `family`."""
    item, collection = documents[ITEM], documents[COLLECTION]
    documents[f"{GEOJSON}/Geometry.json"] = _by_type(documents[f"{GEOJSON}/Geometry.json"])
    # An Item's own rules for its id, geometry and properties are stricter than those of a Feature.
    feature = documents[f"{GEOJSON}/Feature.json"]
    feature["properties"] = {"type": feature["properties"]["type"]}
    _adapt_item(item)
    # The version is matched by family before a schema is chosen; the published const is one patch version.
    item["definitions"]["core"]["allOf"][2]["properties"]["stac_version"] = {"type": "string"}
    collection["definitions"]["collection"]["properties"]["stac_version"] = {"type": "string"}
    if family == "1.0":
        _remove_additions_of_1_1(documents)
    return documents


def _folder() -> Path:
    """Found without importing pystac, which costs a third of a second and is not needed."""
    spec = find_spec("pystac")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("pystac is not installed; its schemas are needed", name="pystac")
    return Path(spec.submodule_search_locations[0]) / "validation" / "jsonschemas"


def _by_type(schema: Any) -> Any:
    """Each `oneOf` whose branches name one `type` each, as if/then: such branches exclude each other."""
    if isinstance(schema, list):
        return [_by_type(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _by_type(part) for key, part in schema.items()}
    types = [_only_type(branch) for branch in changed.get("oneOf", ())]
    if not types or None in types:
        return changed
    branches = changed.pop("oneOf")
    changed |= {"type": "object", "required": ["type"], "properties": {"type": {"enum": types}}}
    changed["allOf"] = [
        {"if": {"required": ["type"], "properties": {"type": {"const": name}}}, "then": branch}
        for name, branch in zip(types, branches, strict=True)
    ]
    return changed


def _only_type(branch: Schema) -> str | None:
    allowed = branch.get("properties", {}).get("type", {}).get("enum", ())
    return str(allowed[0]) if len(allowed) == 1 and "type" in branch.get("required", ()) else None


def _adapt_item(item: Schema) -> None:
    core = item["definitions"]["core"]["allOf"]
    placed, unplaced = core[1]["oneOf"]
    assert unplaced["properties"]["geometry"] == {"type": "null"}
    without_geometry = {"required": ["geometry"], "properties": {"geometry": {"type": "null"}}}
    core[1] = {"if": without_geometry, "then": {"properties": {"bbox": False}}, "else": placed}
    # anyOf [datetime, not null] [datetime, start_datetime, end_datetime]: the value of datetime decides.
    properties = core[2]["properties"]["properties"]["allOf"]
    assert list(properties[1]) == ["anyOf"]
    properties[1] = {
        "required": ["datetime"],
        "if": {"required": ["datetime"], "properties": {"datetime": {"type": "null"}}},
        "then": {"required": ["start_datetime", "end_datetime"]},
    }
    # The published rule forbids `collection` where no link names it. Links of structure are dropped from a
    # record and made again when it is served, so a record is right without one.
    rule = core[2]["allOf"][0]
    assert rule["then"]["required"] == ["collection"]
    del rule["else"]


def _remove_additions_of_1_1(documents: dict[str, Schema]) -> None:
    """From the schemas of 1.1 to those of 1.0.

    1.1 only added to 1.0: common metadata for bands and data values, `keywords` and `roles` beside a title,
    common metadata and HTTP members in links, absolute self links, and in Collections `item_assets` and the
    rule for the number of boxes. In 1.0 these names were free, so their rules are taken out; all others are
    the same.
    """
    part = f"{BASE}/item-spec/json-schema"
    common = documents[f"{part}/common.json"]
    added = ({"$ref": "bands.json"}, {"$ref": "data-values.json"})
    common["allOf"] = [reference for reference in common["allOf"] if reference not in added]
    basics = documents[f"{part}/basics.json"]["properties"]
    del basics["roles"], basics["description"]["minLength"]
    keywords = basics.pop("keywords")
    definitions = documents[ITEM]["definitions"]
    link = definitions["link"] = definitions["link"]["allOf"][0]
    for name in ("method", "headers", "body"):
        del link["properties"][name]
    del link["if"], link["then"]
    del definitions["core"]["allOf"][2]["allOf"][1]  # bands in the assets or in the properties
    members = documents[COLLECTION]["definitions"]["collection"]["properties"]
    del members["item_assets"]
    members |= {"keywords": keywords, "description": {"type": "string", "minLength": 1}}
    boxes = members["extent"]["properties"]["spatial"]["properties"]["bbox"]
    del boxes["oneOf"]
    boxes["minItems"] = 1
