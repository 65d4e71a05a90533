"""Which action a PATCH asks for, told from the paths that it touches. A patch is one action or is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from catalogue.content import SYSTEM_PROPERTIES
from catalogue.patch import pointer, segments
from stream.errors import Finding, Refused

Patch = list[dict[str, Any]] | dict[str, Any]
Path = tuple[str, ...]
_REMOVED = object()


@dataclass(frozen=True, slots=True)
class Recognised:
    """The action, and for replicas the node whose locations they are."""

    action: str
    node: str | None = None


@dataclass
class _Touched:
    flags: dict[str, Any] = field(default_factory=dict)
    wipes_assets: bool = False
    announced: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    access: list[Path] = field(default_factory=list)
    other: list[Path] = field(default_factory=list)


def recognise(patch: Patch, is_access: Callable[[str], bool]) -> Recognised:
    """The action of a patch. `is_access` tells for an asset key whether the asset is a mere way to the data.

    Refused (operation-not-permitted) for a mixture of actions and for properties that only the system sets.
    """
    touched = _Touched()
    for path, value in _changes(patch):
        _sort(touched, path, value, is_access)
    kinds = _kinds(touched)
    if len(kinds) > 1:
        raise _refused(f"the patch mixes {' and '.join(kinds)}; send one patch for each", "")
    if not kinds:
        raise Refused("malformed-body", "the patch changes nothing: it is empty or only tests")
    if touched.flags or touched.wipes_assets:
        return Recognised(_flag_action(touched))
    if touched.announced or touched.removed:
        return _replica(touched)
    return Recognised("correct")


def _sort(touched: _Touched, path: Path, value: Any, is_access: Callable[[str], bool]) -> None:
    if path in (("properties", "latest"), ("properties", "retracted")):
        touched.flags[path[1]] = value
    elif len(path) == 2 and path[0] == "properties" and path[1] in SYSTEM_PROPERTIES:
        raise _refused(f"{path[1]} is set by the system", pointer(path))
    elif path == ("assets",) and value == {}:
        touched.wipes_assets = True
    elif path[:1] == ("assets",) and len(path) > 1 and is_access(path[1]):
        touched.access.append(path)
    elif len(path) >= 4 and path[0] == "assets" and path[2] == "alternate":
        _sort_location(touched, path, value)
    elif len(path) == 3 and path[0] == "assets" and path[2] == "alternate" and isinstance(value, dict):
        touched.announced.update(value)
    else:
        touched.other.append(path)


def _sort_location(touched: _Touched, path: Path, value: Any) -> None:
    if len(path) > 4:
        raise _refused("a location is added or removed as a whole", pointer(path))
    (touched.removed if value is _REMOVED else touched.announced).add(path[3])


def _kinds(touched: _Touched) -> list[str]:
    kinds = []
    if touched.flags or touched.wipes_assets:
        kinds.append("a change of state")
    if touched.announced:
        kinds.append("replica-add")
    if touched.removed:
        kinds.append("replica-remove")
    replicas = bool(touched.announced or touched.removed)
    if touched.other or (touched.access and not replicas):
        kinds.append("correct")
    return kinds


def _flag_action(touched: _Touched) -> str:
    flags = touched.flags
    if flags.get("retracted") is True and flags.get("latest") in (None, False):
        return "retract"
    if flags.get("retracted") is False and flags.get("latest") in (None, True) and not touched.wipes_assets:
        return "restore"
    if flags == {"latest": False} and not touched.wipes_assets:
        return "deprecate"
    if touched.wipes_assets and not flags:
        raise _refused("assets are not removed all at once; retract hides them", "/assets")
    if flags == {"latest": True}:
        raise _refused(
            "latest follows from the versions; use restore to lift a deprecation", "/properties/latest"
        )
    raise _refused("latest and retracted do not go together like this", "/properties")


def _replica(touched: _Touched) -> Recognised:
    nodes = sorted(touched.announced | touched.removed)
    if len(nodes) > 1:
        raise _refused(f"the patch writes locations of several nodes: {', '.join(nodes)}", "/assets")
    return Recognised("replica-add" if touched.announced else "replica-remove", nodes[0])


def _changes(patch: Patch) -> Iterator[tuple[Path, Any]]:
    if isinstance(patch, dict):
        yield from _leaves(patch, ())
        return
    for operation in patch:
        path = tuple(segments(operation["path"]))
        if operation["op"] == "move":
            yield tuple(segments(operation["from"])), _REMOVED
        if operation["op"] in ("move", "copy"):
            yield path, None
        elif operation["op"] != "test":
            yield path, _REMOVED if operation["op"] == "remove" else operation.get("value")


def _leaves(value: dict[str, Any], at: Path) -> Iterator[tuple[Path, Any]]:
    for name, member in value.items():
        path = (*at, name)
        location = len(path) == 4 and path[0] == "assets" and path[2] == "alternate"
        if isinstance(member, dict) and member and not location:
            yield from _leaves(member, path)
        else:
            yield path, _REMOVED if member is None else member


def _refused(message: str, at: str) -> Refused:
    return Refused("operation-not-permitted", message, Finding("patch", at, message))
