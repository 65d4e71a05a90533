"""Bulk requests: what is sent, in pieces of limited size, and what the answers mean."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

import orjson

from catalogue.digest import fingerprint
from catalogue.elastic_document import found_by
from catalogue.elastic_mapping import Names
from catalogue.store import BESIDE, COLLECTIONS, ITEMS, Verdict, Write

ACTIONS_MAX = 500
BYTES_MAX = 5_000_000

# 400 is the document's fault, but for these: they say that the index is not as it should be.
INDEX_AT_FAULT = frozenset({"index_closed_exception", "strict_dynamic_mapping_exception"})
NO_WRITE_INDEX = "no write index"  # how the server's text begins where an alias has several indices


class Action(NamedTuple):
    """One encoded write: its place in the call, the alias it goes to, two lines."""

    place: int
    alias: str
    lines: bytes


class Missing(Enum):
    """The answer to a write whose alias does not exist."""

    ALIAS = "alias"


def encode(writes: Sequence[Write], names: Names) -> list[Action]:
    """One action per write. ValueError where two name the same document, or a body is not UTF-8."""
    if len({(write.ref.kind, write.ref.id) for write in writes}) != len(writes):
        raise ValueError("two writes of one call name the same document")
    return [_action(place, write, names.alias(write.ref)) for place, write in enumerate(writes)]


def chunks(actions: Iterable[Action]) -> Iterator[list[Action]]:
    """Pieces within the limits; an action over the limit of bytes travels alone."""
    chunk: list[Action] = []
    size = 0
    for action in actions:
        if chunk and (len(chunk) == ACTIONS_MAX or size + len(action.lines) > BYTES_MAX):
            yield chunk
            chunk, size = [], 0
        chunk.append(action)
        size += len(action.lines)
    if chunk:
        yield chunk


def halves(actions: list[Action]) -> tuple[list[Action], list[Action]]:
    """For a request that the server refuses as a whole."""
    middle = len(actions) // 2
    return actions[:middle], actions[middle:]


def meaning(answer: Mapping[str, Any]) -> Verdict | Missing:
    """What the answer to one action says."""
    status, error = answer.get("status"), answer.get("error") or {}
    if status in (200, 201):
        return Verdict.ACCEPTED
    if status == 409:
        return Verdict.STALE
    if status == 404:
        return Missing.ALIAS
    if status == 413 or (status == 400 and not _index_at_fault(error)):
        return Verdict.REFUSED
    return Verdict.UNAVAILABLE


def reason(answer: Mapping[str, Any]) -> str:
    """The server's own words, for the log."""
    error = answer.get("error") or {}
    cause = error.get("caused_by", {}).get("reason")
    return f"{answer.get('status')} {error.get('type')}: {error.get('reason')}" + (
        f" ({cause})" if cause else ""
    )


def _index_at_fault(error: Mapping[str, Any]) -> bool:
    return error.get("type") in INDEX_AT_FAULT or str(error.get("reason")).startswith(NO_WRITE_INDEX)


def _action(place: int, write: Write, alias: str) -> Action:
    ref = write.ref
    action = {
        "_index": alias, "_id": ref.id, "routing": ref.routing,
        "version": write.version, "version_type": "external",
    }  # fmt: skip
    lines = orjson.dumps({"index": action}), orjson.dumps(_document(write)), b""
    return Action(place, alias, b"\n".join(lines))


def _document(write: Write) -> dict[str, Any]:
    kind, source = write.ref.kind, write.source
    fields: dict[str, Any] = {"kind": kind}
    if kind in (ITEMS, COLLECTIONS):
        fields |= {
            "id": write.ref.id, "collection": source["collection"], "item": source["id"], "state": source["state"],
            "print": b64encode(fingerprint(write.body)).decode(), **found_by(source),
        }  # fmt: skip
    elif kind in BESIDE:
        fields["id"] = write.ref.id
        fields |= {
            name: source[name] for name in ("collection", "state", "time") if source.get(name) is not None
        }
    fields["body"] = write.body.decode()
    return fields
