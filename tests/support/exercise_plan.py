"""The exercise of a whole federation: who is published, corrected, retracted and so on, and how each record ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from tests.support.cmip6 import Item, data_keys, item, other_bytes, sample_ids, second_version
from tests.support.events import location
from tests.support.exercise import Ask, End, Life
from tests.support.http import features, operation

ITEMS = "/collections/CMIP6/items"
GEOJSON = "application/geo+json"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
NODES = ("n1", "n2")
NAME = "cmip6:variable_long_name"
GONE = "item-does-not-exist"
DATASETS, STRANGERS = 500, 8
CENSUS = {
    "publish": 500, "publish: settled": 110,
    "second version": 50,
    "demotion": 10, "demotion: unchanged": 10,
    "update": 50, "update: wrong-state": 7, "update: item-does-not-exist": 7,
    "retraction": 50, "retraction: item-does-not-exist": 10,
    "restore": 16,
    "announcement": 50, "announcement: contradicting-replica": 1,
    "removal": 11,
    "deprecation": 2,
    "replace": 1,
    "withdraw": 1,
    "purge": 1,
    "re-publication": 1,
    "transfer": 1,
    "repetition": 40, "repetition: settled": 10, "repetition: attention": 20, "repetition: rejected": 10,
}  # fmt: skip


def plan(seed: int) -> list[Life]:
    """All lives; the seed decides which dataset gets which life, and every order that is free."""
    chance = random.Random(seed)
    items = [item(item_id) for item_id in sample_ids(DATASETS + STRANGERS)]
    known, strangers = items[:DATASETS], iter(items[DATASETS:])
    chance.shuffle(known)
    left = iter(known)
    lives = [life(next(left), n) for life, count in SHARES for n in range(count)]
    lives += [Life([[update(next(strangers), n, GONE)]], {}) for n in range(4)]
    lives += [Life([[retract(next(strangers), n, GONE)]], {}) for n in range(4)]
    lives += [bulk([next(left) for _ in range(50)], end) for end in ("attention", "rejected")]
    lives += [Life([[publish(first)]], {first["id"]: End()}) for first in left]
    chance.shuffle(lives)
    for life in lives:
        for stage in life.stages:
            chance.shuffle(stage)
    return lives


# Lives


def versions(first: Item, n: int) -> Life:
    """A second version; the publisher's own demotion of the first comes too late to change anything."""
    second = second_version(first)
    stages = [[publish(first)], [publish(second, "second version")]]
    if n % 2:
        stages.append([demote(first, "demotion", "unchanged")])
    return Life(stages, {first["id"]: End(latest=False), second["id"]: End()})


def versions_at_once(first: Item, n: int) -> Life:
    """Both versions are on their way at the same time; `latest` does not depend on which comes first."""
    second = second_version(first)
    stage = [publish(first), publish(second, "second version")]
    return Life([stage], {first["id"]: End(latest=False), second["id"]: End()})


def newest_retracted(first: Item, n: int) -> Life:
    """Without the newest version none is latest."""
    life, second = versions(first, 0), second_version(first)
    life.stages.append([retract(second, n)])
    life.ends[second["id"]] = End("retracted", latest=False)
    return life


def newest_restored(first: Item, n: int) -> Life:
    life, second = newest_retracted(first, n), second_version(first)
    life.stages.append([restore(second, n)])
    life.ends[second["id"]] = End()
    return life


def corrected(first: Item, n: int) -> Life:
    shows = {NAME: long_name(first, n)}
    return Life([[publish(first)], [update(first, n)]], {first["id"]: End(revision=2, shows=shows)})


def retracted(first: Item, n: int) -> Life:
    return Life([[publish(first)], [retract(first, n)]], {first["id"]: End("retracted", latest=False)})


def corrected_too_late(first: Item, n: int) -> Life:
    life = retracted(first, n)
    life.stages.append([update(first, n, "wrong-state")])
    return life


def restored(first: Item, n: int) -> Life:
    life = retracted(first, n)
    return Life([*life.stages, [restore(first, n)]], {first["id"]: End()})


def retracted_too_early(first: Item, n: int) -> Life:
    return Life([[retract(first, n, GONE)], [publish(first)]], {first["id"]: End()})


def other_version_retracted(first: Item, n: int) -> Life:
    return Life([[publish(first)], [retract(second_version(first), n, GONE)]], {first["id"]: End()})


def other_version_corrected(first: Item, n: int) -> Life:
    return Life([[publish(first)], [update(second_version(first), n, GONE)]], {first["id"]: End()})


def replicated(first: Item, n: int) -> Life:
    """Two nodes announce their copies at the same time."""
    return Life([[publish(first)], announcements(first)], {first["id"]: End(nodes=NODES)})


def removed(first: Item, n: int) -> Life:
    """One of two copies goes."""
    life = replicated(first, n)
    return Life(
        [*life.stages, [remove(first, NODES[n % 2], n)]], {first["id"]: End(nodes=(NODES[1 - n % 2],))}
    )


def deprecated(first: Item, n: int) -> Life:
    return Life([[publish(first)], [demote(first, "deprecation")]], {first["id"]: End(latest=False)})


def undeprecated(first: Item, n: int) -> Life:
    return Life([*deprecated(first, n).stages, [restore(first, 1)]], {first["id"]: End()})


def replaced(first: Item, n: int) -> Life:
    """Other bytes: the copies of the old ones are forgotten, and no later announcement of them is believed."""
    other = other_bytes(first)
    copied = {key: location(first, key, "n2") for key in data_keys(first)}
    late = act(
        "announcement", first, "replica-add", {"node": "n2", "locations": copied, "revision": 1},
        "contradicting-replica",
    )  # fmt: skip
    put = Ask("replace", "PUT", path(first), other, GEOJSON)
    stages = [[publish(first)], announcements(first), [put], [late], [announce(other, "n1")]]
    return Life(stages, {first["id"]: End(revision=2, nodes=("n1",))})


def withdrawn(first: Item, n: int) -> Life:
    """The tombstone names who still holds copies, until they say that those are gone."""
    order = {"reason": "no licence", "fields": ["/properties/cmip6:pid"]}
    stages = [
        *replicated(first, n).stages,
        [act("withdraw", first, "withdraw", order)],
        [remove(first, "n1", 1)],
    ]
    holders = tuple(sorted((origin(first), "n2")))
    end = End("withdrawn", latest=False, revision=2, holders=holders, shows={"cmip6:pid": None})
    return Life(stages, {first["id"]: end})


def purged(first: Item, n: int) -> Life:
    """Purged with its copies, corrected in vain, and published again without them."""
    stages = [*replicated(first, n).stages, [act("purge", first, "purge", {"reason": "an order"})]]
    stages += [[update(first, n, GONE)], [publish(first, "re-publication")]]
    return Life(stages, {first["id"]: End(revision=2)})


def transferred(first: Item, n: int) -> Life:
    """What n2 holds becomes the primary copy; the origin's stays beside it."""
    stages = [*replicated(first, n).stages, [act("transfer", first, "transfer", {"node": "n2"})]]
    nodes = tuple(sorted((origin(first), "n1")))
    return Life(stages, {first["id"]: End(revision=2, nodes=nodes, owner="n2")})


def repeated(first: Item, n: int) -> Life:
    """A client that was not answered asks the other node, too."""
    again = {**first, "properties": {**first["properties"], "updated": "2026-03-06T01:15:50Z"}}
    stage = [publish(first, end="settled"), publish(again, "repetition", "settled")]
    return Life([stage], {first["id"]: End()})


def bulk(items: list[Item], end: str) -> Life:
    """Many in one request; then some again with other content, and for `attention` others as they were."""
    again = [other_bytes(one) for one in items[:10]] + (items[10:20] if end == "attention" else [])
    stages = [[publish(features(items), end="settled")], [publish(features(again), "repetition", end)]]
    return Life(stages, {one["id"]: End() for one in items})


SHARES: list[tuple[Callable[[Item, int], Life], int]] = [
    (versions, 20), (versions_at_once, 20), (newest_retracted, 5), (newest_restored, 5),
    (corrected, 36), (corrected_too_late, 7), (other_version_corrected, 2),
    (retracted, 13), (restored, 10), (retracted_too_early, 3), (other_version_retracted, 3),
    (replicated, 10), (removed, 10), (deprecated, 1), (undeprecated, 1),
    (replaced, 1), (withdrawn, 1), (purged, 1), (transferred, 1), (repeated, 10),
]  # fmt: skip


# Requests


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


def ends_of(lives: Iterable[Life]) -> dict[str, End]:
    return {item_id: end for life in lives for item_id, end in life.ends.items()}
