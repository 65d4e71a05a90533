"""What of a record is its content, its canonical JSON, and the digest of both.

Canonical JSON here: UTF-8, members sorted by code point, no white space, shortest numbers.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

# Set by the fold; posted values are ignored, and a PATCH may not name them outside the recognised actions.
SYSTEM_PROPERTIES = ("latest", "retracted", "deprecated", "created", "updated")
NAVIGATION = ("self", "root", "parent", "collection")  # not a set: a foreign rel may be a list


def canonical(value: Any) -> bytes:
    """Canonical JSON of `value`."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def without_navigation(item: dict[str, Any]) -> dict[str, Any]:
    """A copy without the links that a catalogue makes itself (self, root, parent, collection)."""
    links = [link for link in item.get("links", ()) if not _navigates(link)]
    return {**item, "links": links}


def content(item: dict[str, Any]) -> dict[str, Any]:
    """The part of an Item or Collection that its publisher decides: no system property, navigation or location."""
    found = without_navigation(item)
    if "properties" in found:
        found["properties"] = {
            name: value for name, value in found["properties"].items() if name not in SYSTEM_PROPERTIES
        }
    if "assets" in found:
        found["assets"] = {key: without_locations(asset) for key, asset in found["assets"].items()}
    return found


def without_locations(asset: dict[str, Any]) -> dict[str, Any]:
    """The asset itself where it has no `alternate`, else a copy without it."""
    if "alternate" not in asset:
        return asset
    return {name: value for name, value in asset.items() if name != "alternate"}


def content_digest(item: dict[str, Any]) -> str:
    """SHA-256 of the canonical content, in hex."""
    return hashlib.sha256(canonical(content(item))).hexdigest()


def _navigates(link: Any) -> bool:
    return isinstance(link, dict) and link.get("rel") in NAVIGATION
