"""The model: what every follower must hold, to be read against the table of actions.

A failed assert is a refusal. A record's item is its content alone; its locations (asset key: node: location)
and its times lie beside it until it is served.
"""

import copy
from typing import Any

from stream.events import Event, Rules
from tests.support.documents import SYSTEM, data, fixed, patched, split

FROM = {
    "publish": "absent purged", "correct": "active", "replace": "active", "deprecate": "active",
    "retract": "active", "restore": "active retracted", "withdraw": "active retracted",
    "purge": "active retracted withdrawn purged", "replica-add": "active",
    "replica-remove": "active retracted withdrawn purged", "transfer": "active",
}  # fmt: skip
TO = {
    "retract": "retracted",
    "withdraw": "withdrawn",
    "purge": "purged",
    "publish": "active",
    "restore": "active",
}
BYTES = ("file:size", "file:checksum")
PLACE = ("href", "alternate:name", "protocol", "node", "file:local_path")


class Model:
    def __init__(self) -> None:
        self.datasets: dict[str, Any] = {}  # key: item id: record
        self.outcomes: dict[tuple[str, str], str] = {}  # (key, event id): outcome

    def apply(self, event: Event) -> str:
        before, told = self.datasets.setdefault(event.key, {}), (event.key, event.id)
        if told not in self.outcomes:
            self.datasets[event.key] = copy.deepcopy(before)
            try:
                self.outcomes[told] = fold(event, before, self.datasets[event.key])
            except AssertionError:
                self.datasets[event.key], self.outcomes[told] = before, "rejected"
        return self.outcomes[told]


def fold(event: Event, before: Any, after: Any) -> str:
    """An action whose result already holds is unchanged; any other outside `from` is rejected."""
    old, action = before.get(event.item_id), str(event.action)
    state = old["state"] if old else "absent"
    assert state in FROM[action].split() or state == TO.get(action)
    change(event, event.rules or Rules(""), after.get(event.item_id, {}), after)
    if before == after:
        return "unchanged"
    assert state in FROM[action].split()
    new, lost, gained = after[event.item_id], latest(before), latest(after)
    if not old or action in ("publish", "correct") or old["item"] != new["item"]:
        new["revision"] = (old["revision"] if old else 0) + 1
    if new.pop("moved", False):
        new["bytes_revision"] = new["revision"]
    for item_id in {event.item_id} | ({lost, gained} - {None} if lost != gained else set()):
        after[item_id]["updated"] = max(event.time, before.get(item_id, {}).get("updated", event.time))
    return "indexed"


def change(event: Event, rules: Rules, record: Any, dataset: Any) -> None:
    node, item, places = event.node or "unknown", record.get("item", {"assets": {}}), record.get("places", {})
    assets, files, patch = item["assets"], data(item, rules), event.patch or []
    paths = [at["path"].split("/")[2:] for at in patch if isinstance(at, dict)]
    posted: Any = split(event.item)[0] if event.item else item
    match event.action:
        case "publish" if record.get("state") != "active" or posted != item:
            for item_id, other in dataset.items():
                other["deprecated"] &= (other["sort"], item_id) > (rules.sort, event.item_id)
            dataset[event.item_id] = record = {
                "state": "active", "deprecated": False, "owner": node, "reason": None, "wish": None, "moved": True,
                "item": posted, "places": {}, "holders": [], "sort": rules.sort, "created": event.time,
            }  # fmt: skip
        case "correct":
            top = latest(dataset) == event.item_id
            old, new = served(record, top), served({**record, "item": posted}, top)
            new = patched(new, patch)
            assert fixed(old, rules) == fixed(new, rules)
            record["item"], record["places"] = split(new)
        case "replace" if posted != item:
            assert posted["properties"].get("version") == item["properties"].get("version")
            keys = files | data(posted, rules)
            sides = [(assets.get(key, {}), posted["assets"].get(key, {})) for key in keys]
            equal = all(a.get(name) == b.get(name) is not None for a, b in sides for name in BYTES)
            kept = {key: there for key, there in places.items() if equal and key in posted["assets"]}
            record.update(item=posted, moved=not equal, places=kept)
        case "deprecate":
            record["deprecated"] |= latest(dataset) == event.item_id
        case "retract":
            record["reason"] = event.reason or record["reason"]
            record["wish"] = event.wish or record["wish"] or "keep"
            assert record["wish"] in ("keep", "restrict", "remove")
        case "restore":
            record.update(deprecated=False, reason=None, wish=None)
        case "withdraw":
            if record["state"] != "withdrawn":
                primary = {asset.get("alternate:name", record["owner"]) for asset in assets.values()}
                record["holders"] = sorted(primary.union(*places.values()))
            item["assets"], record["places"], record["reason"] = {}, {}, event.reason or record["reason"]
            for name in (field.removeprefix("/properties/") for field in event.fields):
                assert name not in ("version", *SYSTEM)
                item["properties"].pop(name, None)
        case "replica-add":
            told = {path[0]: at["value"] for path, at in zip(paths, list[Any](patch), strict=True)}
            assert all(path[1:] == ["alternate", node] for path in paths)
            assert files <= told.keys() <= assets.keys()
            for key, place in told.items():
                known = {name: assets[key][name] for name in BYTES if key in files and name in assets[key]}
                assert known == {name: place.get(name, value) for name, value in known.items()}
                fill = (event.revision or 0) >= record["bytes_revision"]
                assert fill or key not in files or place.keys() >= {*BYTES}
                places.setdefault(key, {})[node] = {"alternate:name": node, **known, **place}
        case "replica-remove":
            assert all(path[1:] == ["alternate", node] for path in paths)
            for key in [path[0] for path in paths] or places:
                places.get(key, {}).pop(node, None)
            if not any(node in there for there in places.values()):
                record["holders"] = [name for name in record["holders"] if name != node]
        case "transfer":
            for key, asset in assets.items():
                held, former = places.get(key, {}).pop(node, {}), asset.get("alternate:name", record["owner"])
                assert held or former == node or key not in files
                left = {name: asset.pop(name) for name in PLACE if held and name in asset}
                left |= {name: asset[name] for name in BYTES if name in asset}
                if held and not event.drop and former != node:
                    places[key][former] = {"alternate:name": former, **left}
                asset.update(held or ({} if former == node else {"alternate:name": former}))
            record["owner"] = node
    record["state"] = TO.get(str(event.action), record["state"])
    record["places"] = {key: there for key, there in record["places"].items() if there}


def latest(dataset: Any) -> str | None:
    there = [(record["sort"], item_id) for item_id, record in dataset.items() if record["state"] != "purged"]
    top = max(there)[1] if there else None
    return top if top and dataset[top]["state"] == "active" and not dataset[top]["deprecated"] else None


def served(record: Any, top: bool) -> Any:
    item, hidden = copy.deepcopy(record["item"]), record["state"] in ("retracted", "withdrawn")
    times = {name: record[name] for name in ("created", "updated")}
    item["properties"] |= {"latest": top, "deprecated": not top, "retracted": hidden, **times}
    for key in item["assets"].keys() & record["places"].keys():
        item["assets"][key]["alternate"] = copy.deepcopy(record["places"][key])
    return item
