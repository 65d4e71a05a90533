"""The exercise of a whole federation: who is published, corrected, retracted and so on, and how each record ends."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

from tests.support.cmip6 import Item, data_keys, item, other_bytes, sample_ids, second_version
from tests.support.events import location
from tests.support.exercise import Ask, End, Life
from tests.support.exercise_requests import (
    GEOJSON,
    NAME,
    NODES,
    act,
    announce,
    announcements,
    demote,
    long_name,
    origin,
    path,
    publish,
    remove,
    restore,
    retract,
    update,
)
from tests.support.http import features

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


def ends_of(lives: Iterable[Life]) -> dict[str, End]:
    return {item_id: end for life in lives for item_id, end in life.ends.items()}


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
