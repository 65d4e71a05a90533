"""What the model asks of JSON documents, the slow and obvious way: patches, paths, the parts of an item."""

from __future__ import annotations

import copy
from fnmatch import fnmatchcase
from typing import Any

import jsonpatch

from stream.events import Rules

SYSTEM = ("latest", "retracted", "deprecated", "created", "updated")
NEVER = [f"!/properties/{name}" for name in ("version", *SYSTEM)] + ["!/id", "!/assets/*/alternate"]
NEVER += ["!/assets/*/file:size", "!/assets/*/file:checksum"]
NAVIGATION = ("self", "root", "parent", "collection")


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396, as its section 2 writes it down; a target that is an object is changed."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merge_patch(target.get(name), value)
    return target


def patched(item: Any, patch: Any) -> Any:
    """By RFC 7396 or RFC 6902; to add a location makes the missing `alternate`."""
    item = copy.deepcopy(item)
    if isinstance(patch, dict):
        return merge_patch(item, patch)
    for key, asset in item["assets"].items():
        if any(one["op"] == "add" and one["path"].startswith(f"/assets/{key}/alternate/") for one in patch):
            asset.setdefault("alternate", {})
    try:
        return jsonpatch.apply_patch(item, patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        raise AssertionError from error


def split(item: Any) -> tuple[Any, Any]:
    """The content of an item, and its locations: asset key: node: location."""
    item = copy.deepcopy(item)
    item["links"] = [link for link in item.get("links", []) if link["rel"] not in NAVIGATION]
    item["properties"] = {name: value for name, value in item["properties"].items() if name not in SYSTEM}
    return item, {key: asset.pop("alternate", {}) for key, asset in item["assets"].items()}


def is_access(key: str, asset: Any, rules: Rules) -> bool:
    return key in rules.access_keys or asset.get("protocol") in rules.access_protocols


def data(item: Any, rules: Rules) -> set[str]:
    """The keys of the assets that have bytes of their own."""
    with_role = {key for key, asset in item["assets"].items() if "data" in asset.get("roles", ())}
    return {key for key in with_role if not is_access(key, item["assets"][key], rules)}


def fixed(value: Any, rules: Rules, path: str = "") -> dict[str, Any]:
    """What of an item no correction may change, by path: all but the mutable paths and the access assets."""
    hits = [p for p in (*rules.mutable, *NEVER) if fnmatchcase(f"{path}/", p.removeprefix("!") + "/*")]
    free = bool(hits) and not any(pattern.startswith("!") for pattern in hits)
    inner = value if isinstance(value, dict) else {}
    found = {} if free else {path: "an object" if isinstance(value, dict) else value}
    for name, below in inner.items():
        if path != "/assets" or not is_access(name, below, rules):
            found |= fixed(below, rules, f"{path}/{name}")
    return found
