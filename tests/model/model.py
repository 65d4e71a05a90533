"""The model: what every follower must hold, as one dictionary, slow and obvious.

It is read against the table of actions in the documentation; it knows nothing of heads, positions or writes.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonpatch
import jsonpointer

from stream.events import Event, Rules

EVER, LIVE = "active retracted withdrawn purged", "active"
FROM = {
    "publish": "absent purged", "correct": LIVE, "replace": LIVE, "deprecate": LIVE, "retract": LIVE,
    "restore": "retracted active", "withdraw": "active retracted", "purge": EVER, "replica-add": LIVE,
    "replica-remove": EVER, "transfer": LIVE,
}  # fmt: skip
TO = {"publish": "active", "retract": "retracted", "restore": "active", "withdraw": "withdrawn", "purge": "purged"}
SYSTEM = ("latest", "retracted", "deprecated", "created", "updated")
BYTES, PRIMARY = ("file:size", "file:checksum"), ("href", "alternate:name", "protocol", "node", "file:local_path")
NEVER = [f"!/properties/{name}" for name in (*SYSTEM, "version")] + ["!/id", "!/assets/*/alternate"]
NEVER += [f"!/assets/*/{name}" for name in BYTES]


class Refused(Exception):
    """The event breaks a rule."""


def need(holds: object) -> None:
    if not holds:
        raise Refused


def text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def content(item: Any) -> Any:
    links = [link for link in item["links"] if link["rel"] not in ("self", "root", "parent", "collection")]
    properties = {name: value for name, value in item["properties"].items() if name not in SYSTEM}
    assets = {k: {n: v for n, v in a.items() if n != "alternate"} for k, a in item["assets"].items()}
    return copy.deepcopy({**item, "links": links, "properties": properties, "assets": assets})


def is_access(key: str, asset: Any, rules: Rules) -> bool:
    return key in rules.access_keys or asset.get("protocol") in rules.access_protocols


def data(item: Any, rules: Rules) -> set[str]:
    return {k for k, a in item["assets"].items() if "data" in a.get("roles", ()) and not is_access(k, a, rules)}


def primary(asset: Any, owner: str) -> str:
    return asset.get("alternate:name") or owner


def places(item: Any, but: str | None = None) -> dict[str, Any]:
    """Every location of every node, of all nodes but one."""
    found = ((key, node, at) for key, a in item["assets"].items() for node, at in a.get("alternate", {}).items())
    return {f"{key} {node}": at for key, node, at in found if node != but}


def merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    names = [n for n in {**(target if isinstance(target, dict) else {}), **patch} if patch.get(n, "") is not None]
    old = target if isinstance(target, dict) else {}
    return {n: merged(old.get(n), patch[n]) if n in patch else old[n] for n in names}


def patched(item: Any, patch: Any) -> Any:
    if isinstance(patch, dict):
        return merged(item, patch)
    item = copy.deepcopy(item)
    for parts in (operation["path"].split("/") for operation in patch if operation["op"] == "add"):
        if len(parts) == 5 and parts[1] == "assets" and parts[3] == "alternate" and parts[2] in item["assets"]:
            item["assets"][parts[2]].setdefault("alternate", {})
    try:
        return jsonpatch.apply_patch(item, patch)
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
        raise Refused from error


def parts_of(value: Any, path: tuple[str, ...] = ()) -> set[tuple[tuple[str, ...], str]]:
    below = [parts_of(v, (*path, name)) for name, v in value.items()] if isinstance(value, dict) else []
    return {(path, "an object" if isinstance(value, dict) else text(value))}.union(*below)


def covers(pattern: str, path: tuple[str, ...]) -> bool:
    wanted = pattern.lstrip("!").split("/")[1:]
    return len(wanted) <= len(path) and all(w in ("*", p) for w, p in zip(wanted, path, strict=False))


def may_correct(path: tuple[str, ...], old: Any, new: Any, rules: Rules) -> bool:
    if path[0] == "assets" and len(path) > 1:
        sides = [item["assets"][path[1]] for item in (old, new) if path[1] in item["assets"]]
        if all(is_access(path[1], asset, rules) for asset in sides):
            return True
    found = [pattern for pattern in (*rules.mutable, *NEVER) if covers(pattern, path)]
    return bool(found) and not any(pattern.startswith("!") for pattern in found)


def operations(patch: Any) -> list[Any]:
    """A replica patch as a list; the merge form knows only locations."""
    if not isinstance(patch, dict):
        return patch or []
    found = [(k, node, at) for k, a in patch["assets"].items() for node, at in a["alternate"].items()]
    return [{"op": "add" if at else "remove", "path": f"/assets/{k}/alternate/{n}", "value": at} for k, n, at in found]


def latest(dataset: Any) -> str | None:
    there = [item_id for item_id, record in dataset.items() if record["state"] != "purged"]
    top = max(there, key=lambda item_id: (dataset[item_id]["sort"], item_id), default=None)
    return top if top and dataset[top]["state"] == "active" and not dataset[top]["deprecated"] else None
