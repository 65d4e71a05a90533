"""Events: what travels on the log, to and from JSON bytes.

The bytes are a superset of ESGF's KafkaEvent 1.0.0, so their readers parse ours and we parse theirs.
Decoding is a pure function of the bytes: the same bytes are an event, or are not, on every node for ever.

The values that are made for every event (here, heads, records) are not frozen dataclasses, because freezing costs
a third of decoding and deciding; nothing changes one after it was made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

import orjson

from stream.keys import dataset_key, valid_id

SCHEMA_VERSION = "1.0.0"
FOLDS = frozenset({1})  # the numbers of the rules of `decide` that this software knows
_BRACKETS_TRUSTED = 200  # fewer opening brackets than orjson's nesting limit (254) cannot nest too deep


class Undecodable(ValueError):
    """These bytes are not an event. `event_id` is there where it could still be read."""

    def __init__(self, detail: str, event_id: str | None = None, kind: str = "undecodable") -> None:
        super().__init__(detail)
        self.kind = kind
        self.event_id = event_id


class UnknownFold(Exception):
    """The event asks for rules that this software does not have; it must be upgraded before this event."""


@dataclass(slots=True)
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


class Origin(NamedTuple):
    """Where a bridge found the event: the place of a foreign message. The fold does not look at it."""

    topic: str
    partition: int
    offset: int

    def to_json(self) -> dict[str, Any]:
        return {"topic": self.topic, "partition": self.partition, "offset": self.offset}


@dataclass(slots=True)
class Requester:
    """Who asked, as ESGF's readers expect it: always text."""

    client_id: str = "anonymous"
    iss: str = "unknown"
    sub: str = "anonymous"


@dataclass(slots=True)
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
    schemas: tuple[dict[str, Any], ...] = ()  # of the extensions that were checked: {uri, sha256}
    digest: str | None = None
    revision: int | None = None
    parent: Parent | None = None
    origin: Origin | None = None
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
        "schemas": event.schemas or None,
        "digest": event.digest,
        "revision": event.revision,
        "parent": event.parent
        and {"id": event.parent.id, "index": event.parent.index, "of": event.parent.of},
        "origin": event.origin and event.origin.to_json(),
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
        _check_depth(value, document)
        return _event(event_id, _dict(data, "payload"), metadata)
    except Undecodable as error:
        raise Undecodable(str(error), event_id) from error


def _check_depth(value: bytes, document: Any) -> None:
    """Undecodable for what is nested deeper than any encoder here would write again."""
    if value.count(b"[") + value.count(b"{") > _BRACKETS_TRUSTED:
        try:
            orjson.dumps(document)
        except TypeError as error:
            raise Undecodable(f"nested too deep: {error}") from error


def check_stamped(event: Event) -> None:
    """On our own topic an event without `action`, `fold` or `rules` is a dead letter; see UnknownFold for others."""
    if event.fold is not None and event.fold not in FOLDS:
        raise UnknownFold(f"event {event.id} asks for fold {event.fold}; this software knows {sorted(FOLDS)}")
    if not event.stamped:
        raise Undecodable("the event has no action, fold or rules", event.id, "unstamped")


# Narrower than any Python's own reading of ISO 8601, which differs from version to version.
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?"
_TIME = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_CLOCK})?")
# The type of each member that may be there; null counts as absent, unknown members are passed over.
_METADATA: dict[str, type] = {
    "auth": dict, "request_id": str, "publisher": dict, "action": str, "fold": int, "rules": dict, "reason": str,
    "node": str, "wish": str, "fields": list, "drop": bool, "expected": list, "profile": dict, "vocabularies": list,
    "schemas": list,
    "digest": str, "revision": int, "parent": dict,
}  # fmt: skip
_RULES: dict[str, type] = {
    "dataset": str, "version": str, "mutable": list, "access": dict, "keys": list, "protocols": list, "ids": dict,
}  # fmt: skip
_WHO: dict[str, type] = {
    "requester_data": dict, "auth_policy_id": str, "client_id": str, "iss": str, "sub": str, "package": str,
    "version": str,
}  # fmt: skip


def _event(event_id: str, payload: dict[str, Any], metadata: dict[str, Any]) -> Event:
    about_collection = "collection" in payload
    item, patch = _body(payload, about_collection)
    collection = payload.get("collection_id")
    item_id = collection if about_collection else payload.get("item_id") or (item or {}).get("id")
    if not valid_id(collection) or not valid_id(item_id):
        raise Undecodable("collection_id and item id are texts without '/' of at most 200 bytes")
    if item is not None and item.get("id") != item_id:
        raise Undecodable("the item's id is not the id in the payload")
    get = _typed(metadata, _METADATA).get
    auth = _typed(get("auth") or {}, _WHO)
    requester = _typed(auth.get("requester_data") or {}, _WHO)
    publisher = _typed(get("publisher") or {}, _WHO)
    return Event(
        id=event_id,
        request_id=get("request_id") or "",
        time=_time(get("time")),
        method=payload["method"],
        collection=str(collection),
        item_id=str(item_id),
        item=item,
        patch=patch,
        about_collection=about_collection,
        action=get("action"),
        fold=get("fold"),
        rules=_rules(get("rules")),
        reason=get("reason"),
        node=get("node"),
        wish=get("wish"),
        fields=_texts(get("fields")),
        drop=get("drop") is True,
        expected=_texts(get("expected")),
        profile=get("profile"),
        vocabularies=_stamps(get("vocabularies"), "project", "version", "sha256"),
        schemas=_stamps(get("schemas"), "uri", "sha256"),
        digest=get("digest"),
        revision=get("revision"),
        parent=_parent(get("parent")),
        origin=_origin(get("origin")),
        requester=Requester(
            requester.get("client_id") or "anonymous",
            requester.get("iss") or "unknown",
            requester.get("sub") or "anonymous",
        ),
        policy_id=auth.get("auth_policy_id"),
        publisher=(publisher.get("package") or "unknown", publisher.get("version") or "unknown"),
    )


def _typed(members: dict[str, Any], kinds: dict[str, type]) -> dict[str, Any]:
    """The members, whose types have been looked at."""
    for name, value in members.items():
        kind = kinds.get(name)
        if kind is not None and value is not None and type(value) is not kind:
            raise Undecodable(f"{name} is not of type {kind.__name__}")
    return members


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
    # A Collection may do without both.
    _check_item({"properties": {}, "assets": {}} | item if about_collection else item)
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
    access = _typed(_typed(found, _RULES).get("access") or {}, _RULES)
    dataset, sort = found.get("dataset"), found.get("sort")
    if not valid_id(dataset) or type(sort) not in (int, str):
        raise Undecodable("metadata.rules has no dataset id or no sort key")
    return Rules(
        str(dataset),
        found.get("version"),
        cast(int | str, sort),
        _texts(found.get("mutable")),
        _texts(access.get("keys")),
        _texts(access.get("protocols")),
        found.get("ids"),
    )


def _stamps(found: list[Any] | None, *names: str) -> tuple[dict[str, Any], ...]:
    """What names the rules of a door: objects of these texts."""
    for stamp in found or ():
        if not isinstance(stamp, dict) or not all(isinstance(stamp.get(name), str) for name in names):
            raise Undecodable(f"a stamp has no texts {', '.join(names)}")
    return tuple(found or ())


def _parent(found: dict[str, Any] | None) -> Parent | None:
    if found is None:
        return None
    parent_id, index, of = found.get("id"), found.get("index"), found.get("of")
    if not isinstance(parent_id, str) or not isinstance(index, int) or not isinstance(of, int):
        raise Undecodable("metadata.parent is not {id, index, of}")
    if not 0 <= index < of:
        raise Undecodable("metadata.parent.index is not below of")
    return Parent(parent_id, index, of)


def _origin(found: object) -> Origin | None:
    """None for anything else under this name: older software passes it over, so nobody may choke on it."""
    if not isinstance(found, dict):
        return None
    topic, partition, offset = found.get("topic"), found.get("partition"), found.get("offset")
    if type(topic) is str and type(partition) is int and type(offset) is int:
        return Origin(topic, partition, offset)
    return None


def _time(value: object) -> str:
    if not isinstance(value, str):
        raise Undecodable("metadata.time is not a text")
    if _TIME.fullmatch(value) is None:
        raise Undecodable(f"metadata.time is not ISO 8601: {value[:40]}")
    try:
        moment = datetime.fromisoformat(value)
        if len(value) == 27 and value[10] == "T" and value[19] == "." and value[26] == "Z":
            return value  # as our own doors write it
        return format_time(moment)
    except (ValueError, OverflowError) as error:
        raise Undecodable(f"metadata.time is not ISO 8601: {value[:40]}") from error


def _dict(parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        raise Undecodable(f"{name} is not an object")
    return found


def _texts(found: list[Any] | None) -> tuple[str, ...]:
    if not found:
        return ()
    if not all(type(text) is str for text in found):
        raise Undecodable("a list of texts holds something else")
    return tuple(found)
