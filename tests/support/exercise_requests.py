"""The requests of the exercise, as the clients of a federation send them."""

from __future__ import annotations

from typing import Any

from tests.support.cmip6 import Item, data_keys
from tests.support.events import location
from tests.support.exercise import Ask
from tests.support.http import operation

ITEMS = "/collections/CMIP6/items"
GEOJSON = "application/geo+json"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
NODES = ("n1", "n2")
NAME = "cmip6:variable_long_name"


def publish(body: Any, what: str = "publish", end: str = "indexed") -> Ask:
    return Ask(what, "POST", ITEMS, body, GEOJSON, end)


def update(one: Item, n: int, end: str = "indexed") -> Ask:
    """A correction of one property, in each of the ways that clients know."""
    value = long_name(one, n)
    operations = [operation("replace", f"/properties/{NAME}", value)]
    linked = [
        *operations,
        operation("add", "/links", [{"rel": "cite-as", "href": "https://doi.example.org/1"}]),
    ]
    whole = {**one, "properties": {**one["properties"], NAME: value}}
    ways: list[tuple[str, str, Any, str]] = [
        ("PATCH", "", operations, JSON_PATCH),
        ("PATCH", "", linked, "application/json"),
        ("PATCH", "", {"operations": operations}, "application/json"),
        ("PATCH", "", {"properties": {NAME: value}}, MERGE_PATCH),
        ("PUT", "", whole, GEOJSON),
        ("POST", "/actions/correct", {"patch": operations, "reason": "a slip"}, "application/json"),
    ]
    method, below, body, kind = ways[n % len(ways)]
    return Ask("update", method, path(one) + below, body, kind, end)


def retract(one: Item, n: int, end: str = "indexed") -> Ask:
    """As the publisher's client, as any HTTP client, or by name with a reason."""
    flags = {"/properties/latest": False, "/properties/retracted": True, "/assets": {}}
    if n % 3 == 0:
        patch = [operation("replace", at, value) for at, value in flags.items()]
        return Ask("retraction", "PATCH", path(one), patch, JSON_PATCH, end)
    if n % 3 == 1:
        return Ask("retraction", "DELETE", path(one), end=end)
    return act("retraction", one, "retract", {"reason": "wrong forcing", "wish": "restrict"}, end)


def restore(one: Item, n: int) -> Ask:
    if n % 2:
        return act("restore", one, "restore", {"reason": "all is well"})
    return Ask(
        "restore", "PATCH", path(one), [operation("replace", "/properties/retracted", False)], JSON_PATCH
    )


def demote(one: Item, what: str, end: str = "indexed") -> Ask:
    return Ask(what, "PATCH", path(one), [operation("replace", "/properties/latest", False)], JSON_PATCH, end)


def announcements(one: Item) -> list[Ask]:
    return [announce(one, node) for node in NODES]


def announce(one: Item, node: str) -> Ask:
    patch = [
        operation("add", f"/assets/{key}/alternate/{node}", location(one, key, node))
        for key in data_keys(one)
    ]
    return Ask("announcement", "PATCH", path(one), patch, JSON_PATCH)


def remove(one: Item, node: str, n: int) -> Ask:
    if n % 2:
        return act("removal", one, "replica-remove", {"node": node})
    patch = [operation("remove", f"/assets/{key}/alternate/{node}") for key in data_keys(one)]
    return Ask("removal", "PATCH", path(one), patch, JSON_PATCH)


def act(what: str, one: Item, action: str, order: Any, end: str = "indexed") -> Ask:
    return Ask(what, "POST", f"{path(one)}/actions/{action}", order, end=end)


def path(one: Item) -> str:
    return f"{ITEMS}/{one['id']}"


def long_name(one: Item, n: int) -> str:
    return f"{one['properties'][NAME]}, corrected {n}"


def origin(one: Item) -> str:
    """The node of the primary copies."""
    return str(one["assets"][data_keys(one)[0]]["alternate:name"])
