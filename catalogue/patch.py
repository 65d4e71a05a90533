"""Patches: RFC 6902 (by the jsonpatch library) and RFC 7396, and which paths a correction may touch."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Any

import jsonpatch
import jsonpointer

from catalogue.content import canonical

# No correction changes these, whatever a profile says.
NEVER = (
    "!/id",
    "!/type",
    "!/collection",
    "!/properties/version",
    "!/properties/latest",
    "!/properties/retracted",
    "!/properties/deprecated",
    "!/properties/created",
    "!/properties/updated",
    "!/assets/*/file:size",
    "!/assets/*/file:checksum",
    "!/assets/*/alternate",
)


COPIED_BYTES_MAX = 4 << 20


class PatchFailed(ValueError):
    """The patch cannot be applied to this document."""


def apply_patch(document: dict[str, Any], patch: list[dict[str, Any]] | dict[str, Any]) -> dict[str, Any]:
    """A new document; the old one is untouched. PatchFailed says which operation failed and why.

    An `add` of `/assets/<key>/alternate/<node>` makes the missing `alternate`, as the ESGF publisher expects.
    """
    if isinstance(patch, dict):
        return _sound(merge(document, patch))
    changed, size = copy.deepcopy(document), 0
    for operation in [*_missing_parents(document, patch), *patch]:
        try:
            if operation.get("op") == "copy":
                size += len(canonical(jsonpointer.resolve_pointer(changed, operation["from"])))
                if size > COPIED_BYTES_MAX:  # each copy can double a document
                    raise PatchFailed(f"the patch copies more than {COPIED_BYTES_MAX} bytes")
            changed = jsonpatch.JsonPatch([operation]).apply(changed, in_place=True)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError) as error:
            raise PatchFailed(f"the patch does not apply: {error}") from error
    return _sound(changed)


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396: members of `patch` replace those of `target`, null removes."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name), value)
    return merged


def segments(pointer: str) -> list[str]:
    """The unescaped parts of a JSON pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def pointer(parts: Sequence[str]) -> str:
    """The JSON pointer of unescaped parts."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def changed_paths(old: Any, new: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The deepest paths at which two documents differ; lists are compared whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            if name not in old or name not in new:
                yield (*at, name)
            elif old[name] is not new[name]:
                yield from changed_paths(old[name], new[name], (*at, name))
    elif not same(old, new):
        yield at


def same(old: Any, new: Any) -> bool:
    """Equality of JSON values as they are written: unlike in Python, 1 is neither true nor 1.0."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(same(old[name], new[name]) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(map(same, old, new))
    return type(old) is type(new) and bool(old == new)


def touched(patch: list[dict[str, Any]] | dict[str, Any]) -> list[tuple[str, ...]]:
    """The paths that a patch names, in its order: of a merge patch, its leaves (an empty object is one)."""
    if isinstance(patch, dict):
        return list(_leaves(patch, ()))
    paths = []
    for operation in patch:
        if operation.get("op") == "test":
            continue
        if operation.get("op") == "move":
            paths.append(tuple(segments(str(operation.get("from", "")))))
        paths.append(tuple(segments(str(operation.get("path", "")))))
    return paths


def mutable(path: Sequence[str], patterns: Sequence[str]) -> bool:
    """Whether some pattern covers the path and no pattern that begins with `!` does. `*` is any one part."""
    covered = [pattern for pattern in (*patterns, *NEVER) if _covers(segments(pattern), path)]
    return bool(covered) and not any(pattern.startswith("!") for pattern in covered)


def _covers(pattern: Sequence[str], path: Sequence[str]) -> bool:
    return len(pattern) <= len(path) and all(
        part in ("*", name) for part, name in zip(pattern, path, strict=False)
    )


def _leaves(value: dict[str, Any], at: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, member in value.items():
        if isinstance(member, dict) and member:
            yield from _leaves(member, (*at, name))
        else:
            yield (*at, name)


def _missing_parents(document: dict[str, Any], patch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    wanted = {}
    for operation in patch:
        path = segments(str(operation.get("path", "")))
        if operation.get("op") == "add" and len(path) == 4 and path[0] == "assets" and path[2] == "alternate":
            asset = document.get("assets", {}).get(path[1])
            if isinstance(asset, dict) and "alternate" not in asset:
                wanted[pointer(path[:3])] = {"op": "add", "path": pointer(path[:3]), "value": {}}
    return list(wanted.values())


def _sound(document: Any) -> dict[str, Any]:
    """The document, if it is an object that can be written."""
    if not isinstance(document, dict):
        raise PatchFailed("the patch replaces the whole document by something that is not an object")
    try:
        canonical([[[[document]]]])  # as deep as it will be stored
    except TypeError as error:
        raise PatchFailed(f"the patch leaves something that cannot be written: {error}") from error
    return document
