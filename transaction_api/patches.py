"""The operation lists that actions travel as, chosen so that an ESGF reader applies something sensible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from catalogue.patch import pointer

Operation = dict[str, Any]


def flags(*, latest: bool, retracted: bool | None = None) -> list[Operation]:
    """Replace the flags of a record."""
    found = [_replace("/properties/latest", latest)]
    if retracted is not None:
        found.append(_replace("/properties/retracted", retracted))
    return found


def of_action(action: str, fields: Iterable[str], assets: Mapping[str, Any] | None) -> list[Operation]:
    """The operations of an action that is not about replicas; `assets` are those that the action leaves."""
    if action == "deprecate":
        return flags(latest=False)
    if action in ("retract", "purge"):
        return [*flags(latest=False, retracted=True), _replace("/assets", {})]
    if action == "withdraw":
        stripped = [{"op": "remove", "path": field} for field in fields]
        return [*flags(latest=False, retracted=True), _replace("/assets", {}), *stripped]
    shown = [] if assets is None else [_replace("/assets", assets)]
    return shown if action == "transfer" else [*flags(latest=True, retracted=False), *shown]


def announce(node: str, locations: Mapping[str, Any]) -> list[Operation]:
    """Add one location per asset."""
    return [
        {"op": "add", "path": pointer(("assets", key, "alternate", node)), "value": location}
        for key, location in locations.items()
    ]


def renounce(node: str, keys: Iterable[str]) -> list[Operation]:
    """Remove the locations of these assets; none named means all that the node has."""
    return [{"op": "remove", "path": pointer(("assets", key, "alternate", node))} for key in keys]


def _replace(path: str, value: Any) -> Operation:
    return {"op": "replace", "path": path, "value": value}
