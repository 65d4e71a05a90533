"""Locations: `assets.<key>.alternate.<node>`, one node's copy of an asset.

A node writes only its own key. Its announcement has to cover every data asset and may not contradict a
known size or checksum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogue.content import without_locations
from catalogue.patch import pointer, segments
from stream.errors import Finding, Refused
from stream.events import Rules

FINDINGS_MAX = 100
SIZE, CHECKSUM = "file:size", "file:checksum"
# What of an asset says where its primary copy is; the rest describes the data and stays at a transfer.
LOCATION_FIELDS = ("href", "alternate:name", "protocol", "node", "file:local_path")
Asset = dict[str, Any]
Patch = list[dict[str, Any]] | dict[str, Any]
Assets = dict[str, Asset]


@dataclass(frozen=True, slots=True)
class Announcement:
    """A replica patch, read: locations by node and asset, and what it does to access assets beside them."""

    locations: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    removals: dict[str, list[str]] = field(default_factory=dict)
    aggregate: list[Patch] = field(default_factory=list)


def read_announcement(patch: Patch) -> Announcement:
    """The announcement in a list of operations or a merge patch. Refused when it is about something else."""
    found = Announcement()
    if isinstance(patch, dict):
        _read_merge(found, patch)
        return found
    for operation in patch:
        path = segments(str(operation.get("path", "")))
        kind, value = operation.get("op"), operation.get("value")
        if len(path) == 4 and path[0] == "assets" and path[2] == "alternate":
            _read_location(found, kind, path[3], path[1], value)
        elif len(path) == 3 and path[0] == "assets" and path[2] == "alternate" and isinstance(value, dict):
            for node, location in value.items():
                _read_location(found, kind, node, path[1], location)
        elif path[:1] == ["assets"] and len(path) >= 2:
            found.aggregate.append([operation])
        elif kind != "test":
            raise Refused("operation-not-permitted", f"a replica patch may not touch {operation.get('path')}")
    return found


def is_access(key: str, asset: Mapping[str, Any], rules: Rules) -> bool:
    """Whether the asset is a way to the data and has no bytes of its own."""
    return key in rules.access_keys or asset.get("protocol") in rules.access_protocols


def data_assets(assets: Assets, rules: Rules) -> set[str]:
    """Keys of the assets that are data: role `data`, and not a mere way to it."""
    return {key for key, asset in assets.items() if _has_data(asset) and not is_access(key, asset, rules)}


def bytes_changed(old: Assets, new: Assets, rules: Rules) -> bool:
    """Whether any data asset's bytes may differ: equal only where size and checksum are known and equal."""
    keys = data_assets(old, rules) | data_assets(new, rules)
    return not all(_same_bytes(old.get(key, {}), new.get(key, {})) for key in keys)


def add_locations(
    assets: Assets, node: str, locations: Mapping[str, Mapping[str, Any]], rules: Rules, *, may_fill: bool
) -> Assets:
    """Assets with the node's locations. Refused for an incomplete, contradicting or stale announcement.

    `may_fill`: whether the announcer is known to have copied the bytes that the record describes now.
    """
    unknown = sorted(locations.keys() - assets.keys())
    if unknown:
        raise _refused("contradicting-replica", f"the record has no asset {_names(unknown)}", unknown)
    missing = sorted(data_assets(assets, rules) - locations.keys())
    if missing:
        raise _refused(
            "incomplete-replica", f"no location for {_names(missing)}; name every data asset", missing
        )
    changed = dict(assets)
    for key, location in locations.items():
        asset = assets[key]
        told = dict(location) if is_access(key, asset, rules) else _checked(key, asset, location, may_fill)
        told.setdefault("alternate:name", node)
        changed[key] = {**asset, "alternate": {**asset.get("alternate", {}), node: told}}
    return changed


def remove_locations(assets: Assets, node: str, keys: Iterable[str] | None) -> Assets:
    """Assets without the node's locations, of the named assets or (None) of all; an empty `alternate` goes too."""
    chosen = assets.keys() if keys is None else set(keys)
    changed = dict(assets)
    for key in chosen & assets.keys():
        asset = assets[key]
        if node in asset.get("alternate", {}):
            left = {name: place for name, place in asset["alternate"].items() if name != node}
            bare = {name: value for name, value in asset.items() if name != "alternate"}
            changed[key] = {**bare, "alternate": left} if left else bare
    return changed


def holders(assets: Assets, owner: str) -> tuple[str, ...]:
    """Names of the nodes that hold a copy of anything; the owner's where an asset does not name its primary node."""
    copies = {node for asset in assets.values() for node in asset.get("alternate", {})}
    primaries = {_primary(asset, owner) for asset in assets.values()}
    return tuple(sorted(copies | (primaries or {owner})))


def transfer(assets: Assets, node: str, owner: str, rules: Rules, *, drop: bool) -> Assets:
    """Assets whose primary locations are the node's; the former ones stay as their node's unless dropped.

    Refused where the node does not hold every data asset.
    """
    missing = sorted(
        key for key in data_assets(assets, rules)
        if node not in assets[key].get("alternate", {}) and _primary(assets[key], owner) != node
    )  # fmt: skip
    if missing:
        raise _refused("incomplete-replica", f"{node} holds no copy of {_names(missing)}", missing)
    return {key: _transferred(asset, node, owner, drop) for key, asset in assets.items()}


def _transferred(asset: Asset, node: str, owner: str, drop: bool) -> Asset:
    places, former_node = asset.get("alternate", {}), _primary(asset, owner)
    if node not in places:  # it stays where it is, so its node is named now that the owner is another
        return asset if former_node == node else {**asset, "alternate:name": former_node}
    former = {name: asset[name] for name in (*LOCATION_FIELDS, SIZE, CHECKSUM) if name in asset}
    left = {name: place for name, place in places.items() if name != node}
    if not drop and former_node != node:
        left[former_node] = {"alternate:name": former_node, **former}
    kept = {name: asset[name] for name in asset if name not in (*LOCATION_FIELDS, "alternate")}
    moved = {**kept, **places[node]}
    return {**moved, "alternate": left} if left else moved


def _primary(asset: Asset, owner: str) -> str:
    return str(asset.get("alternate:name") or owner)


def _checked(key: str, asset: Asset, location: Mapping[str, Any], may_fill: bool) -> dict[str, Any]:
    if not isinstance(location.get("href"), str):
        raise _refused("contradicting-replica", f"the location of {key} has no href", [key])
    told = dict(location)
    for name in (SIZE, CHECKSUM):
        known, said = asset.get(name), told.get(name)
        if said is None:
            if not may_fill:
                raise Refused(
                    "contradicting-replica", f"{name} of {key} is needed: its bytes may have changed"
                )
            told.pop(name, None)
            if known is not None:
                told[name] = known
        elif known is not None and said != known:
            why = f"{name} of {key} is {said}; the record says {known}"
            raise _refused("contradicting-replica", why, [key], said, known)
    return told


def _read_location(found: Announcement, kind: object, node: str, key: str, value: object) -> None:
    if kind in ("add", "replace") and isinstance(value, dict):
        found.locations.setdefault(node, {})[key] = value
    elif kind == "remove" or (kind == "add" and value is None):
        found.removals.setdefault(node, []).append(key)
    else:
        raise Refused("operation-not-permitted", f"a location of {key} is an object that is added or removed")


def _read_merge(found: Announcement, patch: dict[str, Any]) -> None:
    assets = patch.get("assets")
    if patch.keys() != {"assets"} or not isinstance(assets, dict):
        raise Refused("operation-not-permitted", "a replica patch touches nothing but assets")
    for key, asset in assets.items():
        places = asset.get("alternate") if isinstance(asset, dict) else None
        if isinstance(places, dict):
            for node, location in places.items():
                _read_location(found, "remove" if location is None else "add", node, key, location)
            asset = without_locations(asset)
        if asset != {}:
            found.aggregate.append({"assets": {key: asset}})


def foreign_locations(assets: Assets, node: str) -> dict[str, dict[str, Any]]:
    """The locations of all nodes but this one, by asset."""
    found = {
        key: {name: place for name, place in asset.get("alternate", {}).items() if name != node}
        for key, asset in assets.items()
    }
    return {key: places for key, places in found.items() if places}


def _has_data(asset: Asset) -> bool:
    roles = asset.get("roles")
    return "data" in roles if isinstance(roles, list) else asset.get("role") == "data"


def _same_bytes(old: Asset, new: Asset) -> bool:
    return all(old.get(name) is not None and old.get(name) == new.get(name) for name in (SIZE, CHECKSUM))


def _refused(kind: str, why: str, keys: list[str], value: object = None, expected: object = None) -> Refused:
    findings = [
        Finding("replica", pointer(("assets", key)), why, value, expected) for key in keys[:FINDINGS_MAX]
    ]
    return Refused(kind, why, *findings)


def _names(keys: list[str], most: int = 10) -> str:
    return ", ".join(keys[:most]) + (f" and {len(keys) - most} more" if len(keys) > most else "")
