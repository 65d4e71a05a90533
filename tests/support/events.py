"""Stamped events for tests, one builder an action. `n` numbers an event: id and time follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from catalogue.content import content_digest
from stream.events import Event, Requester, Rules, format_time
from tests.support.cmip6 import Item, data_keys

Patch = list[dict[str, Any]] | dict[str, Any]

_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MUTABLE = (
    "/properties", "!/properties/title", "!/properties/base_id", "/links", "/geometry", "/bbox",
    "/stac_extensions",
    "/assets/*/href", "/assets/*/title", "/assets/*/description", "/assets/*/type", "/assets/*/roles",
)  # fmt: skip


def rules(item_id: str) -> Rules:
    """What the profile of CMIP6 says about an id: the dataset is all of it but the version."""
    dataset, _, version = item_id.rpartition(".v")
    return Rules(dataset, version, int(version), MUTABLE, ("globus", "reference_file"), ("kerchunk",))


def time_of(n: int) -> str:
    """Event n happens n seconds after the beginning."""
    return format_time(_BEGIN + timedelta(seconds=n))


def event(item_id: str, action: str, n: int, **told: Any) -> Event:
    """A stamped event; `told` are members of Event."""
    base = Event(
        id=f"{n:032x}",
        request_id=f"{n:032x}",
        time=time_of(n),
        method="PATCH",
        collection="CMIP6",
        item_id=item_id,
        action=action,
        fold=1,
        rules=rules(item_id),
        node="a",
        expected=("a",),
        requester=Requester("tests", "https://issuer.example.org", "publisher"),
        publisher=("tests", "1"),
    )
    return replace(base, **told)


def publish(item: Item, n: int = 1, **told: Any) -> Event:
    """POST of a whole Item."""
    made = {"method": "POST", "item": item, "digest": content_digest(item), **told}
    return event(item["id"], "publish", n, **made)


def correct(
    item_id: str, n: int = 1, *, patch: Patch | None = None, item: Item | None = None, **told: Any
) -> Event:
    """A patch, or a PUT where an item is given."""
    if item is not None:
        return event(item_id, "correct", n, method="PUT", item=item, **told)
    return event(item_id, "correct", n, patch=[] if patch is None else patch, **told)


def replace_item(item: Item, n: int = 1, **told: Any) -> Event:
    """The action `replace`: PUT of an Item with other content."""
    return event(item["id"], "replace", n, method="PUT", item=item, **told)


def deprecate(item_id: str, n: int = 1, **told: Any) -> Event:
    """The patch that ESGF's publisher sends."""
    patch = [{"op": "replace", "path": "/properties/latest", "value": False}]
    return event(item_id, "deprecate", n, patch=patch, **told)


def retract(
    item_id: str, n: int = 1, *, reason: str | None = None, wish: str | None = None, **told: Any
) -> Event:
    """The three replaces that ESGF's publisher sends; the fold looks at the action alone."""
    patch = [
        {"op": "replace", "path": "/properties/latest", "value": False},
        {"op": "replace", "path": "/properties/retracted", "value": True},
        {"op": "replace", "path": "/assets", "value": {}},
    ]
    return event(item_id, "retract", n, patch=patch, reason=reason, wish=wish, **told)


def restore(item_id: str, n: int = 1, **told: Any) -> Event:
    patch = [{"op": "replace", "path": "/properties/retracted", "value": False}]
    return event(item_id, "restore", n, patch=patch, **told)


def withdraw(
    item_id: str, n: int = 1, *, fields: Iterable[str] = (), reason: str | None = None, **told: Any
) -> Event:
    """A takedown; `fields` are pointers to the properties that go too."""
    patch = [{"op": "replace", "path": "/assets", "value": {}}]
    return event(item_id, "withdraw", n, patch=patch, fields=tuple(fields), reason=reason, **told)


def purge(item_id: str, n: int = 1, **told: Any) -> Event:
    return event(item_id, "purge", n, patch=[], **told)


def replica_add(
    item: Item, node: str, n: int = 1, *, sized: bool = False, keys: Iterable[str] | None = None, **told: Any
) -> Event:
    """The announcement of a copy of every file (or of `keys`), with sizes and checksums where `sized`."""
    chosen = data_keys(item) if keys is None else list(keys)
    patch = [
        {
            "op": "add",
            "path": f"/assets/{key}/alternate/{node}",
            "value": location(item, key, node, sized=sized),
        }
        for key in chosen
    ]
    return event(item["id"], "replica-add", n, **{"node": node, "patch": patch, "revision": 1, **told})


def replica_remove(item_id: str, node: str, n: int = 1, *, keys: Iterable[str] = (), **told: Any) -> Event:
    """A node's copies are gone: those of `keys`, or all where none is named."""
    patch = [{"op": "remove", "path": f"/assets/{key}/alternate/{node}"} for key in keys]
    return event(item_id, "replica-remove", n, **{"node": node, "patch": patch, **told})


def transfer(item_id: str, node: str, n: int = 1, *, drop: bool = False, **told: Any) -> Event:
    return event(item_id, "transfer", n, node=node, patch=[], drop=drop, **told)


def location(item: Item, key: str, node: str, *, sized: bool = False) -> dict[str, Any]:
    """One node's copy of an asset, as the node announces it."""
    asset: Mapping[str, Any] = item["assets"][key]
    found = {"href": f"https://{node}.example.org/{key}", "alternate:name": node, "protocol": "https"}
    known = {name: asset[name] for name in ("file:size", "file:checksum") if sized and name in asset}
    return {**found, **known}


def collection_event(collection: dict[str, Any], n: int = 1, action: str = "publish", **told: Any) -> Event:
    """A Collection's own event; `ids` of its rules is its dataset-id rule and version order."""
    name = collection["id"]
    ids = {"dataset": "strip-version", "order": "integer"}
    made = {
        "method": "POST" if action == "publish" else "PUT",
        "collection": name,
        "item": collection,
        "about_collection": True,
        "rules": Rules(name, ids=ids),
        **told,
    }
    return replace(event(f"{name}.v1", action, n), item_id=name, **made)
