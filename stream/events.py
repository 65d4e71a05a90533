"""Events: what travels on the log, to and from JSON bytes.

The bytes are a superset of ESGF's KafkaEvent 1.0.0, so their readers parse ours and we parse theirs.
Decoding is a pure function of the bytes: the same bytes are an event, or are not, on every node for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import jiter
import orjson

from stream.keys import dataset_key, valid_id

SCHEMA_VERSION = "1.0.0"
FOLDS = frozenset({1})  # the numbers of the rules of `decide` that this software knows
_BRACKETS_TRUSTED = 200  # fewer opening brackets than jiter's nesting limit cannot nest too deep


T = TypeVar("T")


class Undecodable(ValueError):
    """These bytes are not an event. `event_id` is there where it could still be read."""

    def __init__(self, detail: str, event_id: str | None = None, kind: str = "undecodable") -> None:
        super().__init__(detail)
        self.kind = kind
        self.event_id = event_id


class UnknownFold(Exception):
    """The event asks for rules that this software does not have; it must be upgraded before this event."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the fold needs of a profile. `sort` orders the versions of a dataset, numbers before text."""

    dataset: str
    version: str | None = None
    sort: int | str = 0
    mutable: tuple[str, ...] = ()
    access_keys: tuple[str, ...] = ()
    access_protocols: tuple[str, ...] = ()
    ids: dict[str, Any] | None = None  # of a Collection: its dataset-id rule and version order

    def to_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "dataset": self.dataset,
            "version": self.version,
            "sort": self.sort,
            "mutable": self.mutable,
            "access": {"keys": self.access_keys, "protocols": self.access_protocols},
        }
        if self.ids is not None:
            found["ids"] = self.ids
        return found


@dataclass(frozen=True, slots=True)
class Parent:
    """The FeatureCollection that an event is part of: its handle, this feature's index, how many there are."""

    id: str
    index: int
    of: int


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked, as ESGF's readers expect it: always text."""

    client_id: str = "anonymous"
    iss: str = "unknown"
    sub: str = "anonymous"


@dataclass(frozen=True, slots=True)
class Event:
    """One change. `item` is a STAC Item (or Collection); `patch` a list of operations or a merge patch.

    `action`, `fold` and `rules` are None only in events that no door of ours has stamped.
    """

    id: str
    request_id: str
    time: str  # UTC, 2026-01-02T03:04:05.678901Z: fixed width, so text order is time order
    method: str
    collection: str
    item_id: str
    item: dict[str, Any] | None = None
    patch: list[dict[str, Any]] | dict[str, Any] | None = None
    about_collection: bool = False
    action: str | None = None
    fold: int | None = None
    rules: Rules | None = None
    reason: str | None = None
    node: str | None = None
    wish: str | None = None
    fields: tuple[str, ...] = ()
    drop: bool = False
    expected: tuple[str, ...] = ()
    profile: dict[str, Any] | None = None
    vocabularies: tuple[dict[str, Any], ...] = ()
    digest: str | None = None
    revision: int | None = None
    parent: Parent | None = None
    requester: Requester = field(default_factory=Requester)
    policy_id: str | None = None
    publisher: tuple[str, str] = ("unknown", "unknown")  # package, version

    @property
    def stamped(self) -> bool:
        """Whether a door of ours wrote it."""
        return self.action is not None and self.fold is not None and self.rules is not None

    @property
    def key(self) -> str:
        """The message key; only a stamped event has one."""
        if self.rules is None:
            raise ValueError("an unstamped event has no key")
        return self.collection if self.about_collection else dataset_key(self.collection, self.rules.dataset)

    @property
    def handle(self) -> str:
        """The request that this event belongs to."""
        return self.parent.id if self.parent else self.id


def format_time(moment: datetime) -> str:
    """UTC with microseconds and Z; a naive time is read as UTC."""
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def encode(event: Event) -> bytes:
    """The bytes of a stamped event."""
    if event.rules is None:
        raise ValueError("only a stamped event is written")
    payload: dict[str, Any] = {"method": event.method, "collection_id": event.collection}
    if event.about_collection:
        payload["collection"] = event.item
    else:
        if event.method != "POST":
            payload["item_id"] = event.item_id
        if event.method == "PATCH":
            payload["patch"] = event.patch
        else:
            payload["item"] = event.item
    optional = {
        "reason": event.reason,
        "wish": event.wish,
        "fields": event.fields or None,
        "drop": event.drop or None,
        "profile": event.profile,
        "digest": event.digest,
        "revision": event.revision,
        "parent": event.parent
        and {"id": event.parent.id, "index": event.parent.index, "of": event.parent.of},
    }
    metadata: dict[str, Any] = {
        "auth": auth_json(event.requester, event.policy_id),
        "event_id": event.id,
        "request_id": event.request_id,
        "publisher": {"package": event.publisher[0], "version": event.publisher[1]},
        "time": event.time,
        "schema_version": SCHEMA_VERSION,
        "action": event.action,
        "node": event.node,
        "expected": event.expected,
        "fold": event.fold,
        "rules": event.rules.to_json(),
        "vocabularies": event.vocabularies,
    }
    metadata.update({name: value for name, value in optional.items() if value is not None})
    return orjson.dumps({"data": {"type": "STAC", "payload": payload}, "metadata": metadata})


def auth_json(who: Requester, policy_id: str | None) -> dict[str, Any]:
    """Who asked, in the wire's shape."""
    return {
        "auth_policy_id": policy_id,
        "requester_data": {"client_id": who.client_id, "iss": who.iss, "sub": who.sub},
    }


def decode(value: bytes) -> Event:
    """The event in these bytes, ours or a foreign one. Undecodable says what is wrong with them."""
    try:
        if value.count(b"[") + value.count(b"{") > _BRACKETS_TRUSTED:
            jiter.from_json(value)  # refuses what is nested deeper than any encoder here would write again
        document = orjson.loads(value)
    except ValueError as error:
        raise Undecodable(f"not JSON: {error}") from error
    data, metadata = _dict(document, "data"), _dict(document, "metadata")
    event_id = metadata.get("event_id")
    if not isinstance(event_id, str) or not 0 < len(event_id) <= 200:
        raise Undecodable("metadata.event_id is not a text of 1 to 200 characters")
    try:
        if data.get("type") != "STAC":
            raise Undecodable("data.type is not STAC")
        return _event(event_id, _dict(data, "payload"), metadata)
    except Undecodable as error:
        raise Undecodable(str(error), event_id) from error


def check_stamped(event: Event) -> None:
    """On our own topic an event without `action`, `fold` or `rules` is a dead letter; see UnknownFold for others."""
    if event.fold is not None and event.fold not in FOLDS:
        raise UnknownFold(f"event {event.id} asks for fold {event.fold}; this software knows {sorted(FOLDS)}")
    if not event.stamped:
        raise Undecodable("the event has no action, fold or rules", event.id, "unstamped")


def _event(event_id: str, payload: dict[str, Any], metadata: dict[str, Any]) -> Event:
    about_collection = "collection" in payload
    item, patch = _body(payload, about_collection)
    collection = payload.get("collection_id")
    item_id = collection if about_collection else payload.get("item_id") or (item or {}).get("id")
    if not valid_id(collection) or not valid_id(item_id):
        raise Undecodable("collection_id and item id are texts without '/' of at most 200 bytes")
    assert isinstance(collection, str) and isinstance(item_id, str)
    if item is not None and item.get("id") != item_id:
        raise Undecodable("the item's id is not the id in the payload")
    requester = _optional(_optional(metadata, "auth", dict) or {}, "requester_data", dict) or {}
    publisher = _optional(metadata, "publisher", dict) or {}
    return Event(
        id=event_id,
        request_id=_optional(metadata, "request_id", str) or "",
        time=_time(metadata.get("time")),
        method=payload["method"],
        collection=collection,
        item_id=item_id,
        item=item,
        patch=patch,
        about_collection=about_collection,
        action=_optional(metadata, "action", str),
        fold=_optional(metadata, "fold", int),
        rules=_rules(_optional(metadata, "rules", dict)),
        reason=_optional(metadata, "reason", str),
        node=_optional(metadata, "node", str),
        wish=_optional(metadata, "wish", str),
        fields=_texts(metadata, "fields"),
        drop=metadata.get("drop") is True,
        expected=_texts(metadata, "expected"),
        profile=_optional(metadata, "profile", dict),
        vocabularies=tuple(_optional(metadata, "vocabularies", list) or ()),
        digest=_optional(metadata, "digest", str),
        revision=_optional(metadata, "revision", int),
        parent=_parent(_optional(metadata, "parent", dict)),
        requester=Requester(
            _optional(requester, "client_id", str) or "anonymous",
            _optional(requester, "iss", str) or "unknown",
            _optional(requester, "sub", str) or "anonymous",
        ),
        policy_id=_optional(_optional(metadata, "auth", dict) or {}, "auth_policy_id", str),
        publisher=(
            _optional(publisher, "package", str) or "unknown",
            _optional(publisher, "version", str) or "unknown",
        ),
    )


def _body(payload: dict[str, Any], about_collection: bool) -> tuple[dict[str, Any] | None, Any]:
    method = payload.get("method")
    if method == "PATCH" and not about_collection:
        patch = payload.get("patch")
        if isinstance(patch, list) and all(isinstance(op, dict) for op in patch):
            return None, patch
        if isinstance(patch, dict):
            return None, patch
        raise Undecodable("payload.patch is neither a list of operations nor a merge patch")
    if method not in ("POST", "PUT"):
        raise Undecodable("payload.method is not POST, PUT or PATCH")
    item = _dict(payload, "collection" if about_collection else "item")
    if not about_collection:
        _check_item(item)
    return item, None


def _check_item(item: dict[str, Any]) -> None:
    # Only what the fold itself touches: whether the item is valid STAC is the door's question.
    if not isinstance(item.get("properties"), dict):
        raise Undecodable("item.properties is not an object")
    assets = item.get("assets")
    if not isinstance(assets, dict) or not all(isinstance(asset, dict) for asset in assets.values()):
        raise Undecodable("item.assets is not an object of objects")
    if not isinstance(item.get("links", []), list):
        raise Undecodable("item.links is not a list")


def _rules(found: dict[str, Any] | None) -> Rules | None:
    if found is None:
        return None
    access = _optional(found, "access", dict) or {}
    dataset, sort = found.get("dataset"), found.get("sort")
    if not valid_id(dataset) or not isinstance(sort, int | str) or isinstance(sort, bool):
        raise Undecodable("metadata.rules has no dataset id or no sort key")
    assert isinstance(dataset, str)
    return Rules(
        dataset,
        _optional(found, "version", str),
        sort,
        _texts(found, "mutable"),
        _texts(access, "keys"),
        _texts(access, "protocols"),
        _optional(found, "ids", dict),
    )


def _parent(found: dict[str, Any] | None) -> Parent | None:
    if found is None:
        return None
    parent_id, index, of = found.get("id"), found.get("index"), found.get("of")
    if not isinstance(parent_id, str) or not isinstance(index, int) or not isinstance(of, int):
        raise Undecodable("metadata.parent is not {id, index, of}")
    if not 0 <= index < of:
        raise Undecodable("metadata.parent.index is not below of")
    return Parent(parent_id, index, of)


def _time(value: object) -> str:
    if not isinstance(value, str):
        raise Undecodable("metadata.time is not a text")
    try:
        return format_time(datetime.fromisoformat(value))
    except (ValueError, OverflowError) as error:
        raise Undecodable(f"metadata.time is not ISO 8601: {value[:40]}") from error


def _dict(parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        raise Undecodable(f"{name} is not an object")
    return found


def _optional(parent: dict[str, Any], name: str, kind: type[T]) -> T | None:
    found = parent.get(name)
    if found is None:
        return None
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        raise Undecodable(f"{name} is not of type {kind.__name__}")
    return found


def _texts(parent: dict[str, Any], name: str) -> tuple[str, ...]:
    found = parent.get(name) or []
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise Undecodable(f"{name} is not a list of texts")
    return tuple(found)
