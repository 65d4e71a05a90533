"""Random histories of a few datasets: every action, on the right record and on the wrong one, said once or twice."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from stream.events import Event
from tests.support import cmip6, events
from tests.support.cmip6 import Item

NODES = ("a", "b", "c")
KEPT = ("version", "title", "latest", "created", "updated", "cmip6:variable_id")
KEPT_OF_ASSETS = ("href", "description", "roles", "alternate:name", "file:size", "file:checksum", "protocol")
TWICE, COLLECTION = 0.03, 0.02
COLLECTION_DOCUMENT = {"type": "Collection", "id": "CMIP6", "description": "", "links": []}


def small(item: Item) -> Item:
    """The item with few properties and one file, which is quicker to fold a hundred thousand times."""
    [first, *_] = cmip6.data_keys(item)
    properties = {name: item["properties"][name] for name in KEPT}
    assets = {
        key: {name: value for name, value in item["assets"][key].items() if name in KEPT_OF_ASSETS}
        for key in ("globus", first)
    }
    return {**item, "properties": properties, "assets": assets, "links": [], "geometry": None, "bbox": None}


def versions(datasets: int, each: int) -> list[list[Item]]:
    """So many versions of so many datasets."""
    found = []
    for item_id in cmip6.sample_ids(datasets):
        line = [cmip6.item(item_id)]
        while len(line) < each:
            line.append(cmip6.second_version(line[-1]))
        found.append([small(item) for item in line])
    return found


def noted(item: Item, note: Any) -> Item:
    changed = copy.deepcopy(item)
    changed["properties"]["note"] = note
    return changed


Make = Callable[[random.Random, Item, int], Event]


def _publish(rng: random.Random, item: Item, n: int) -> Event:
    return events.publish(item if rng.random() < 0.8 else noted(item, n), n, node=rng.choice(NODES))


def _correct(rng: random.Random, item: Item, n: int) -> Event:
    file = cmip6.data_keys(item)[0]
    link = {"rel": "related", "href": f"https://example.org/{n}"}
    patch: Any = rng.choice(
        [
            [{"op": "replace", "path": f"/assets/{file}/description", "value": f"mended {n}"}],
            [{"op": "add", "path": "/links/-", "value": link}],  # has another result each time
            [{"op": "add", "path": "/properties/note", "value": rng.randrange(3)}],
            [
                {"op": "test", "path": "/properties/note", "value": 1},
                {"op": "remove", "path": "/properties/note"},
            ],
            {"properties": {"note": None}, "assets": {file: {"title": f"file {rng.randrange(3)}"}}},
            [{"op": "replace", "path": f"/assets/{file}/file:size", "value": 5}],  # may not be changed
            None,
        ]
    )
    if patch is None:
        return events.correct(item["id"], n, item=noted(item, f"put {rng.randrange(3)}"))
    return events.correct(item["id"], n, patch=patch)


def _replace(rng: random.Random, item: Item, n: int) -> Event:
    other = cmip6.other_bytes(item) if rng.random() < 0.5 else noted(item, f"replaced {n}")
    return events.replace_item(other, n)


def _replica_add(rng: random.Random, item: Item, n: int) -> Event:
    told: dict[str, Any] = {"sized": rng.random() < 0.3, "revision": rng.choice([None, 1, 2, 5, 50])}
    if rng.random() < 0.1:
        told["keys"] = ()
    return events.replica_add(item, rng.choice(NODES[1:]), n, **told)


ACTIONS: dict[str, tuple[int, Make]] = {
    "publish": (30, _publish),
    "correct": (16, _correct),
    "replace": (7, _replace),
    "deprecate": (4, lambda rng, item, n: events.deprecate(item["id"], n)),
    "retract": (
        9,
        lambda rng, item, n: events.retract(
            item["id"], n, reason=rng.choice([None, "wrong"]), wish=rng.choice([None, "remove", "burn"])
        ),
    ),
    "restore": (9, lambda rng, item, n: events.restore(item["id"], n)),
    "withdraw": (3, lambda rng, item, n: events.withdraw(item["id"], n, fields=("/properties/note",))),
    "purge": (5, lambda rng, item, n: events.purge(item["id"], n)),
    "replica-add": (12, _replica_add),
    "replica-remove": (6, lambda rng, item, n: events.replica_remove(item["id"], rng.choice(NODES), n)),
    "transfer": (
        4,
        lambda rng, item, n: events.transfer(item["id"], rng.choice(NODES), n, drop=rng.random() < 0.3),
    ),
}


def history(rng: random.Random, count: int, datasets: int = 4, each: int = 3) -> list[Event]:
    """So many events. Clocks differ, so times do not rise with the order; some events are said twice."""
    lines, told = versions(datasets, each), list[Event]()
    makes = [make for _, make in ACTIONS.values()]
    weights = [weight for weight, _ in ACTIONS.values()]
    for n in range(1, count + 1):
        if told and rng.random() < TWICE:
            told.append(rng.choice(told))
        elif rng.random() < COLLECTION:
            document = {**COLLECTION_DOCUMENT, "description": str(n)}
            told.append(events.collection_event(document, n, rng.choice(["publish", "replace"])))
        else:
            [make] = rng.choices(makes, weights)
            event = make(rng, rng.choice(rng.choice(lines)), n)
            told.append(replace(event, time=events.time_of(max(0, n + rng.randint(-5, 5)))))
    return told
