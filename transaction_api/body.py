"""Request bodies, from bytes to checked shapes. Pure: nothing here knows HTTP, a store or a schema.

A body is read once and strictly. What two readers could understand differently (a key twice, NaN, half a
surrogate pair, a number that only fits after rounding to infinity) is refused here, because every node has to
fold the same bytes into the same document.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import jiter
import orjson

from schemas.pointer import pointer
from stream.errors import Finding, Refused

ITEM_TYPES = frozenset({"application/json", "application/geo+json"})
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
PATCH_TYPES = frozenset({JSON_PATCH, MERGE_PATCH, "application/json"})

ID_BYTES_MAX = 200
OPERATIONS_MAX = 10_000
FINDINGS_MAX = 1_000  # of one answer
MESSAGE_CHARS_MAX = 200  # a parser's message quotes the body
LOCATE_BYTES_MAX = 1 << 20  # a larger body is refused without the pointers of its repeated keys
INTEGER_MIN, INTEGER_MAX = -(1 << 63), (1 << 64) - 1

OPERATIONS = frozenset({"add", "remove", "replace", "move", "copy", "test"})
WITH_VALUE = frozenset({"add", "replace", "test"})
WITH_FROM = frozenset({"move", "copy"})

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
STRAY_TILDE = re.compile(r"~(?![01])")


def media_type(header: str | None, accepted: frozenset[str] = ITEM_TYPES) -> str:
    """The lower-cased media type of a Content-Type header, without parameters.

    Refused: unsupported-media-type, also for a charset other than UTF-8.
    """
    essence, *parameters = (header or "").split(";")
    kind = essence.strip().lower()
    if kind not in accepted:
        said = f"'{kind[:100]}' is not accepted" if kind else "The content type is missing"
        raise Refused("unsupported-media-type", f"{said}; send {' or '.join(sorted(accepted))}.")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset not in ("utf-8", "utf8"):
            raise Refused(
                "unsupported-media-type", f"The charset '{charset[:100]}' is not accepted; send UTF-8."
            )
    return kind


def parse_json(body: bytes) -> Any:
    """The value of a JSON text. Refused: malformed-body, with line and column or JSON pointers."""
    try:
        value = jiter.from_json(body, cache_mode="keys", catch_duplicate_keys=True, allow_inf_nan=False)
    except ValueError as error:
        raise _not_json(body, str(error)[:MESSAGE_CHARS_MAX]) from None
    try:
        written = orjson.dumps(value)  # refuses integers that no node could write again
    except TypeError:
        raise _too_large_integers(value) from None
    if written.count(b"null") != body.count(b"null"):
        # An infinity is written as null, and 1e999 is read as one. The second reader, who costs as much as the first,
        # refuses it; where only a text was escaped in an unusual way, it is content.
        try:
            orjson.loads(body)
        except ValueError as error:
            raise _not_json(body, str(error)[:MESSAGE_CHARS_MAX]) from None
    return value


def read_item(value: Any, collection: str, expected_id: str | None = None) -> dict[str, Any]:
    """The Item in a body, with its collection set.

    Refused: malformed-body where it is not an object, else stac-validation.
    """
    item, findings = _item(value, collection, expected_id)
    if findings:
        kind = "stac-validation" if isinstance(value, dict) else "malformed-body"
        raise Refused(kind, _summary(findings), *findings)
    return item


def read_features(value: Any, collection: str, features_max: int) -> list[dict[str, Any]]:
    """The Items of a FeatureCollection; a finding's pointer starts at the feature that its index names.

    Refused: malformed-body, body-too-large, stac-validation.
    """
    features = value.get("features") if isinstance(value, dict) else None
    if not isinstance(value, dict) or value.get("type") != "FeatureCollection":
        raise _malformed("A FeatureCollection is expected.", "/type" if isinstance(value, dict) else "")
    if not isinstance(features, list) or not features:
        raise _malformed("`features` must be a list with at least one Item.", "/features")
    if len(features) > features_max:
        raise Refused(
            "body-too-large", f"{len(features)} features are more than the limit of {features_max}."
        )
    items: list[dict[str, Any]] = []
    faults: list[Finding] = []
    seen: dict[str, int] = {}
    for index, feature in enumerate(features):
        item, findings = _item(feature, collection, None)
        items.append(item)
        faults += (replace(finding, index=index) for finding in findings)
        identifier = item.get("id")
        if isinstance(identifier, str) and seen.setdefault(identifier, index) != index:
            message = f"The id was already used by feature {seen[identifier]}."
            faults.append(Finding("item", "/id", message, _shown(identifier), index=index))
    if faults:
        raise Refused("stac-validation", _summary(faults), *faults[:FINDINGS_MAX])
    return items


def read_patch(value: Any, media_type: str) -> list[dict[str, Any]] | dict[str, Any]:
    """The operations of a JSON Patch (RFC 6902, bare or in {"operations": [...]}), or a merge patch object.

    Refused: malformed-body, body-too-large.
    """
    wrapped = (
        isinstance(value, dict) and set(value) == {"operations"} and isinstance(value["operations"], list)
    )
    if wrapped and media_type != MERGE_PATCH:
        return _operations(value["operations"], "/operations")
    if isinstance(value, list) and media_type != MERGE_PATCH:
        return _operations(value, "")
    if isinstance(value, dict) and media_type != JSON_PATCH:
        if not value:
            raise _malformed("The patch is empty: it has no member.", "")
        return value
    expected = {
        JSON_PATCH: "A list of operations is expected.",
        MERGE_PATCH: "A merge patch must be an object.",
    }
    raise _malformed(
        expected.get(media_type, "A list of operations or a merge patch object is expected."), ""
    )


@contextlib.contextmanager
def under(place: str) -> Iterator[None]:
    """For a part of a body: the findings of a refusal name their places from the root of the whole."""
    try:
        yield
    except Refused as refusal:
        problem = refusal.problem
        moved = [replace(finding, pointer=place + finding.pointer) for finding in problem.findings]
        raise Refused(problem.kind, problem.detail, *moved) from refusal


def _malformed(detail: str, place: str) -> Refused:
    return Refused("malformed-body", detail, Finding("body", place, detail))


def _summary(findings: list[Finding]) -> str:
    """One sentence for clients that print little: the first finding, and how many more there are."""
    first = findings[0]
    where = "" if first.index is None else f"Feature {first.index}: "
    more = "" if len(findings) == 1 else f" ({len(findings) - 1} more)"
    return f"{where}{first.message}{more}"


def _shown(value: Any) -> Any:
    """A value as a finding shows it: whole when it is short, else only its kind of thing."""
    if isinstance(value, str):
        return value[:MESSAGE_CHARS_MAX]
    return value if isinstance(value, int | float | None) else type(value).__name__


# JSON text


def _not_json(body: bytes, message: str) -> Refused:
    findings = _repeated_keys(body) if "uplicate key" in message else ()
    detail = f"The body is not acceptable JSON: {message}."
    return Refused("malformed-body", detail, *(findings or (Finding("json", "", message),)))


class _Repeated:
    """Stands for an object with a key twice while the rest of the text is read."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.members = dict(pairs)
        self.keys = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]


def _repeated_keys(body: bytes) -> tuple[Finding, ...]:
    """The pointers of repeated keys, where a slow second reading can tell them; empty where it cannot."""
    if len(body) > LOCATE_BYTES_MAX:
        return ()
    try:
        tree = json.loads(body.decode(), object_pairs_hook=_object)
    except (ValueError, RecursionError):  # a further fault behind the first one
        return ()
    return tuple(
        Finding("json", pointer((*path, key)), f"The key '{key[:100]}' is used twice in one object.")
        for path, value in _walk(tree, FINDINGS_MAX)
        if isinstance(value, _Repeated)
        for key in value.keys
    )[:FINDINGS_MAX]


def _object(pairs: list[tuple[str, Any]]) -> Any:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Repeated(pairs)


def _too_large_integers(value: Any) -> Refused:
    found = [
        Finding(
            "json", pointer(path), "The integer does not fit into 64 bits.", str(number)[:MESSAGE_CHARS_MAX]
        )
        for path, number in _walk(value, FINDINGS_MAX)
    ]
    detail = f"The integer at '{found[0].pointer[:100]}' does not fit into 64 bits."
    return Refused("malformed-body", detail, *found)


_Place = tuple[Any, str | int] | None  # (the place above, key)


def _walk(value: Any, found_max: int) -> Iterator[tuple[list[str | int], Any]]:
    """The first repeated keys and too large integers, with their paths, in the order of the text.

    A place is linked to the one above it: a path is only written out for what was found.
    """
    stack: list[tuple[_Place, Any]] = [(None, value)]
    found = 0
    while stack and found < found_max:
        place, here = stack.pop()
        if _is_suspicious(here):
            found += 1
            yield _path(place), here
        stack.extend([((place, key), child) for key, child in _children(here)][::-1])


def _is_suspicious(value: Any) -> bool:
    return isinstance(value, _Repeated) or (
        isinstance(value, int) and not INTEGER_MIN <= value <= INTEGER_MAX
    )


def _children(value: Any) -> Iterable[tuple[str | int, Any]]:
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, _Repeated):
        return value.members.items()
    return enumerate(value) if isinstance(value, list) else ()


def _path(place: _Place) -> list[str | int]:
    path: list[str | int] = []
    while place is not None:
        place, key = place
        path.append(key)
    return path[::-1]


# Items


def _item(value: Any, collection: str, expected_id: str | None) -> tuple[dict[str, Any], list[Finding]]:
    if not isinstance(value, dict):
        return {}, [Finding("item", "", "An Item must be an object.", _shown(value))]
    findings = id_findings(value, expected_id)
    if value.get("type") != "Feature":
        message = "`type` must be 'Feature'."
        findings.append(Finding("item", "/type", message, _shown(value.get("type")), "Feature"))
    if "collection" not in value:
        return {**value, "collection": collection}, findings
    if value["collection"] != collection:
        message = f"`collection` must be '{collection}', as in the path of the request."
        findings.append(Finding("item", "/collection", message, _shown(value["collection"]), collection))
    return value, findings


def id_findings(value: dict[str, Any], expected_id: str | None = None) -> list[Finding]:
    """What is wrong with the `id` of an Item or Collection: ids are keys of documents and parts of paths."""
    identifier = value.get("id")
    message = _id_fault(identifier)
    if message is None and expected_id is not None and identifier != expected_id:
        message = f"`id` must be '{expected_id}', as in the path of the request."
    return [] if message is None else [Finding("item", "/id", message, _shown(identifier), expected_id)]


def _id_fault(identifier: Any) -> str | None:
    if not isinstance(identifier, str) or not identifier:
        return "`id` must be a string that is not empty."
    if len(identifier.encode("utf-8", "surrogatepass")) > ID_BYTES_MAX:
        return f"`id` must not be longer than {ID_BYTES_MAX} bytes."
    if "/" in identifier or CONTROL.search(identifier) or identifier in (".", ".."):
        return "`id` must not contain '/' or control characters, nor be '.' or '..'."
    return None


# Patches


def _operations(operations: list[Any], prefix: str) -> list[dict[str, Any]]:
    if not operations:
        raise _malformed("The patch is empty: it has no operation.", prefix)
    if len(operations) > OPERATIONS_MAX:
        detail = f"{len(operations)} operations are more than the limit of {OPERATIONS_MAX}."
        raise Refused("body-too-large", detail)
    findings: list[Finding] = []
    for number, operation in enumerate(operations):
        for member, message, value in _operation_faults(operation):
            findings.append(Finding("patch", f"{prefix}/{number}{member}", message, _shown(value)))
    if findings:
        raise Refused("malformed-body", _summary(findings), *findings[:FINDINGS_MAX])
    return operations


def _operation_faults(operation: Any) -> Iterator[tuple[str, str, Any]]:
    """(pointer within the operation, message, value) of each fault."""
    if not isinstance(operation, dict):
        yield "", "An operation must be an object.", operation
        return
    op, path, source = operation.get("op"), operation.get("path"), operation.get("from")
    if not isinstance(op, str) or op not in OPERATIONS:
        yield "/op", "`op` must be add, remove, replace, move, copy or test.", op
        op = ""
    if not _is_pointer(path):
        yield "/path", "`path` must be a JSON pointer: empty, or starting with '/'.", path
    if op in WITH_VALUE and "value" not in operation:
        yield "", f"`value` is missing; '{op}' needs it.", None
    if op in WITH_FROM and not _is_pointer(source):
        yield "/from", f"`from` must be a JSON pointer; '{op}' needs it.", source
    elif op == "move" and isinstance(path, str) and path.startswith(f"{source}/"):
        yield "/path", "A value cannot be moved into itself.", path


def _is_pointer(path: Any) -> bool:
    return isinstance(path, str) and path[:1] in ("", "/") and not STRAY_TILDE.search(path)
