"""What each action does to an item: (event, old record) -> (item, holders). Pure; Refused says why not.

An effect sees the item as the event found it and nothing else. It is computed when the event is decided and,
after a crash, once more from the same old document.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from catalogue.content import SYSTEM_PROPERTIES, content, without_locations, without_navigation
from catalogue.lifecycle import WISHES, State
from catalogue.patch import PatchFailed, apply_patch, changed_paths, mutable, pointer, segments
from catalogue.record import Record
from catalogue.replicas import (
    Assets,
    Patch,
    add_locations,
    bytes_changed,
    foreign_locations,
    holders,
    is_access,
    read_announcement,
    remove_locations,
    transfer,
)
from stream.errors import Finding, Refused
from stream.events import Event, Rules

Item = dict[str, Any]
Effect = Callable[[Event, Rules, Record | None, bool], tuple[Item, tuple[str, ...]]]


def apply_effect(event: Event, old: Record | None, *, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    """The item and the tombstone's holders after the event. `may_fill` is about announcements, see replicas."""
    if event.action is None or event.rules is None:
        raise ValueError("an unstamped event has no effect")
    return EFFECTS[event.action](event, event.rules, old, may_fill)


def _publish(event: Event, rules: Rules, old: Record | None, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    item = content(_posted(event))
    if not event.about_collection:
        item["properties"]["created"] = event.time
        item["properties"]["updated"] = old.item["properties"]["updated"] if old else event.time
    return item, ()


def _correct(event: Event, rules: Rules, old: Record | None, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    record = _known(old)
    if event.patch is None:
        item = _over(record.item, content(_posted(event)), keep_locations=True)
    else:
        item = _patched(record.item, event.patch)
    for path in changed_paths(record.item, item):
        if not (
            mutable(path, rules.mutable) or _about_access(path, record.item["assets"], item["assets"], rules)
        ):
            fault = Finding(
                "correct", pointer(path), "is not on the profile's list of what a correction may change"
            )
            raise Refused("operation-not-permitted", f"a correction may not change {pointer(path)}", fault)
    return item, record.holders


def _replace(event: Event, rules: Rules, old: Record | None, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    record, posted = _known(old), content(_posted(event))
    if event.about_collection:
        return posted, ()
    version = record.item["properties"].get("version")
    if posted["properties"].get("version") != version:
        why = f"a replacement keeps the version {version}"
        raise Refused(
            "operation-not-permitted", why, Finding("replace", "/properties/version", why, expected=version)
        )
    changed = bytes_changed(record.item["assets"], posted["assets"], rules)
    return _over(record.item, posted, keep_locations=not changed), record.holders


def _same(event: Event, rules: Rules, old: Record | None, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    record = _known(old)
    if event.wish is not None and event.wish not in WISHES:
        why = f"wish is one of {', '.join(WISHES)}, not {event.wish}"
        raise Refused(
            "operation-not-permitted", why, Finding("order", "/wish", why, event.wish, list(WISHES))
        )
    return record.item, record.holders


def _withdraw(event: Event, rules: Rules, old: Record | None, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    record = _known(old)
    item = {**record.item, "assets": {}}
    for field in event.fields:
        item = _stripped(item, field)
    held = record.holders if record.state == State.WITHDRAWN else holders(record.item["assets"], record.owner)
    return item, held


def _replica_add(
    event: Event, rules: Rules, old: Record | None, may_fill: bool
) -> tuple[Item, tuple[str, ...]]:
    record, node = _known(old), _node(event)
    announced = read_announcement(event.patch or [])
    _own_only({*announced.locations, *announced.removals}, node)
    if announced.removals:
        raise Refused("operation-not-permitted", "an announcement does not remove locations")
    item = _aggregated(record.item, announced.aggregate, node, rules)
    told = announced.locations.get(node, {})
    return {
        **item,
        "assets": add_locations(item["assets"], node, told, rules, may_fill=may_fill),
    }, record.holders


def _replica_remove(
    event: Event, rules: Rules, old: Record | None, may_fill: bool
) -> tuple[Item, tuple[str, ...]]:
    record, node = _known(old), _node(event)
    announced = read_announcement(event.patch or [])
    if announced.locations or announced.aggregate or (event.patch and not announced.removals):
        raise Refused("operation-not-permitted", "a removal of locations does nothing else")
    _own_only(set(announced.removals), node)
    assets = remove_locations(record.item["assets"], node, announced.removals.get(node))
    gone = all(node not in asset.get("alternate", {}) for asset in assets.values())
    left = tuple(name for name in record.holders if name != node or not gone)
    return {**record.item, "assets": assets}, left


def _transfer(event: Event, rules: Rules, old: Record | None, may_fill: bool) -> tuple[Item, tuple[str, ...]]:
    record, node = _known(old), _node(event)
    assets = transfer(record.item["assets"], node, record.owner, rules, drop=event.drop)
    return {**record.item, "assets": assets}, record.holders


EFFECTS: dict[str, Effect] = {
    "publish": _publish,
    "correct": _correct,
    "replace": _replace,
    "deprecate": _same,
    "retract": _same,
    "restore": _same,
    "withdraw": _withdraw,
    "purge": _same,
    "replica-add": _replica_add,
    "replica-remove": _replica_remove,
    "transfer": _transfer,
}


def _posted(event: Event) -> Item:
    if event.item is None:
        raise Refused("operation-not-permitted", f"{event.action} needs a whole item")
    return event.item


def _known(old: Record | None) -> Record:
    if old is None:
        raise ValueError("the head knows a record that has no document")
    return old


def _node(event: Event) -> str:
    if not event.node:
        raise Refused("operation-not-permitted", f"{event.action} needs a node")
    return event.node


def _own_only(nodes: set[str], node: str) -> None:
    foreign = sorted(nodes - {node})
    if foreign:
        why = f"{node} may not write locations of {', '.join(foreign)}"
        raise Refused("operation-not-permitted", why, Finding("replica", "/assets", why, foreign, node))


def _over(old: Item, posted: Item, *, keep_locations: bool) -> Item:
    """The posted content with what a post cannot set: system properties and, if wanted, locations."""
    system = {name: old["properties"][name] for name in SYSTEM_PROPERTIES if name in old["properties"]}
    item = {**posted, "properties": {**posted["properties"], **system}}
    if keep_locations:
        item["assets"] = {
            key: _with_locations(asset, old["assets"].get(key, {})) for key, asset in posted["assets"].items()
        }
    return item


def _with_locations(asset: Item, old: Item) -> Item:
    return {**asset, "alternate": old["alternate"]} if "alternate" in old else asset


def _about_access(path: tuple[str, ...], old: Assets, new: Assets, rules: Rules) -> bool:
    if len(path) < 2 or path[0] != "assets":
        return False
    return all(is_access(path[1], assets[path[1]], rules) for assets in (old, new) if path[1] in assets)


def _aggregated(item: Item, patches: list[Patch], node: str, rules: Rules) -> Item:
    """The item with what an announcement does to access assets beside its locations."""
    changed = item
    for patch in patches:
        changed = _patched(changed, patch)
    paths = list(changed_paths(item, changed))
    if len({path[:2] for path in paths}) > 1:
        raise Refused("operation-not-permitted", "a replica patch changes one access asset at most")
    for path in paths:
        if not _about_access(path, item["assets"], changed["assets"], rules):
            why = f"a replica patch may not change {pointer(path)}"
            raise Refused("operation-not-permitted", why, Finding("replica", pointer(path), why))
    if foreign_locations(item["assets"], node) != foreign_locations(changed["assets"], node):
        why = f"{node} may not write locations of other nodes"
        raise Refused("operation-not-permitted", why, Finding("replica", "/assets", why, expected=node))
    return changed


def _patched(item: Item, patch: Patch) -> Item:
    try:
        changed = apply_patch(item, patch)
    except PatchFailed as error:
        raise Refused("operation-not-permitted", str(error)) from error
    _check_shape(changed)
    assets = {key: _without_empty_locations(asset) for key, asset in changed["assets"].items()}
    return without_navigation({**changed, "assets": assets})


def _without_empty_locations(asset: Item) -> Item:
    return without_locations(asset) if asset.get("alternate") == {} else asset


def _check_shape(item: Item) -> None:
    assets = item.get("assets")
    sound = (
        isinstance(item.get("properties"), dict)
        and isinstance(item.get("links"), list)
        and isinstance(assets, dict)
        and all(isinstance(asset, dict) and _sound_locations(asset) for asset in assets.values())
    )
    if not sound:
        raise Refused("operation-not-permitted", "the patch leaves no properties, links, assets or locations")


def _sound_locations(asset: Item) -> bool:
    places = asset.get("alternate", {})
    return isinstance(places, dict) and all(isinstance(place, dict) for place in places.values())


def _stripped(item: Item, field: str) -> Item:
    path = segments(field)
    allowed = len(path) == 2 and path[0] == "properties" and path[1] not in (*SYSTEM_PROPERTIES, "version")
    if not allowed:
        raise Refused(
            "operation-not-permitted", f"withdraw strips a property such as /properties/x, not {field}"
        )
    properties = {name: value for name, value in item["properties"].items() if name != path[1]}
    return {**item, "properties": properties}
