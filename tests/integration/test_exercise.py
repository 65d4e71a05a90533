"""A running federation at work: real input by the thousand, and its own full exercise."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from tests.support import cmip6
from tests.support.cmip6 import Item, data_keys, item, other_bytes, real_ids, sample_ids, second_version
from tests.support.http import (
    Json,
    Served,
    collection,
    features,
    operation,
    problem,
    running,
    settings,
    two_running,
)
from tests.support.modelled import check_nodes, every_item
from tests.support.stacks import Stack

DATASETS = "/collections/CMIP6/items"
AT_ONCE = 16
RETRACT = [
    operation("replace", "/properties/latest", False),
    operation("replace", "/properties/retracted", True),
    operation("replace", "/assets", {}),
]


@dataclass
class Federation:
    """Two nodes whose doors take turns. `answers` counts the statuses of all that was sent."""

    nodes: tuple[Served, Served]
    handles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.nodes)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def create(self, *collections: Json) -> None:
        for one in collections:
            await self.nodes[0].settled("POST", "/collections", json=one)
        await self.done()

    async def publish(self, items: Sequence[Item], at_once: int, collection: str = "CMIP6") -> None:
        """FeatureCollections of so many items; each is one request."""
        batches = [items[start : start + at_once] for start in range(0, len(items), at_once)]
        path = f"/collections/{collection}/items"
        counts = await self.all(self.send("POST", path, features(batch)) for batch in batches)
        assert counts == {202: len(batches)}

    async def send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """One request through the next door."""
        node = next(self._turn)
        async with self._slots:
            answer = await node.http.request(method, path, json=body)
        if answer.status_code == 202:
            self.handles.append(answer.json()["id"])
        return answer

    async def patch(self, item_id: str, operations: list[Json]) -> httpx.Response:
        return await self.send("PATCH", f"{DATASETS}/{item_id}", operations)

    async def act(self, item_id: str, action: str, **order: Any) -> httpx.Response:
        return await self.send("POST", f"{DATASETS}/{item_id}/actions/{action}", order)

    async def all(self, requests: Iterable[Awaitable[httpx.Response]]) -> Counter[int]:
        """Send all at once, wait until both nodes have done them; how many answers had which status."""
        answers = await asyncio.gather(*requests)
        await self.done()
        return Counter(answer.status_code for answer in answers)

    async def done(self) -> None:
        for node in [*self.nodes, *self.nodes]:  # a node's handles follow what the other's index has said
            await node.caught_up()

    async def states(self) -> Counter[str]:
        """How many of the accepted requests have come to which state, the same at both nodes."""
        found = []
        for node in self.nodes:
            answers = [(await node.http.get(f"/requests/{handle}")).json() for handle in self.handles]
            found.append(Counter(answer["state"] for answer in answers))
        assert found[0] == found[1]
        return found[0]


async def test_real_input_by_the_thousand(tmp_path: Path, shared: Path, stack: Stack) -> None:
    scenes = orjson.loads((shared / "items" / "sentinel-2-l2a-cogs.json").read_bytes())["features"]
    name = scenes[0]["collection"]
    of_scenes = orjson.loads((shared / "items" / "sentinel-2-l2a-cogs.collection.json").read_bytes())
    real = [orjson.loads(path.read_bytes()) for path in sorted((shared / "items").glob("cmip6-*.json"))]
    [contradicting] = [one for one in real if one["properties"]["cmip6:member_id"] not in one["id"]]
    made = [item(item_id) for item_id in real_ids(shared)]
    seconds = [second_version(first) for first in made[::10]]
    assert (len(scenes), len(real), len(made), len(seconds)) == (100, 2, 2000, 200)
    async with two_running(tmp_path, stack.settings, courtesy_wait_ms=10_000) as nodes:
        federation = Federation(nodes)
        await federation.create({**of_scenes, "id": name}, collection("CMIP6", title="CMIP6"))
        await federation.publish(scenes, 50, name)
        refused = problem(await nodes[0].http.post(DATASETS, json=contradicting), "stac-validation")
        assert [one["pointer"] for one in refused["findings"] if one["level"] == "error"] == [
            "/properties/cmip6:member_id"
        ]
        contradicting["properties"]["cmip6:member_id"] = contradicting["properties"]["cmip6:variant_label"]
        await federation.publish([*real, *made], 500)
        await federation.publish(seconds, 100)
        assert await federation.states() == {"settled": 2 + 5 + 2}
        await check_nodes(nodes, ["CMIP6", name])
        for node in nodes:
            found = await latest(node)
            tops = {one["properties"]["title"]: one["id"] for one in found}
            assert len(tops) == len(found) == 2002
            assert set(tops.values()) >= {second["id"] for second in seconds}
            for posted in (scenes[0], scenes[99], *real):
                assert (await node.item(posted["collection"], posted["id"]))["assets"] == posted["assets"]


async def latest(node: Served) -> list[Json]:
    wanted = {"op": "=", "args": [{"property": "latest"}, True]}
    return await every_item(node, collections=["CMIP6"], filter=wanted)


FIRSTS = [item(item_id) for item_id in sample_ids(500)]
UNKNOWN = [item(item_id)["id"] for item_id in sample_ids(530)[500:]]


def announcement(record: Item, node: str) -> list[Json]:
    """What the publisher of a site sends for its copies."""
    return [
        operation("add", f"/assets/{key}/alternate/{node}", {"href": f"https://{node}.example.org/{key}"})
        for key in data_keys(record)
    ]


def ids(start: int, stop: int) -> list[str]:
    return [first["id"] for first in FIRSTS[start:stop]]


async def test_the_federations_own_exercise(tmp_path: Path, stack: Stack) -> None:
    async with two_running(tmp_path, stack.settings, courtesy_wait_ms=10_000) as nodes:
        federation = Federation(nodes)
        await federation.create(collection("CMIP6", title="CMIP6"))
        await federation.publish(FIRSTS, 100)
        await federation.publish([second_version(first) for first in FIRSTS[:50]], 50)
        await described_and_retracted(federation)
        await replicated(federation)
        await seldom(federation)
        await check_nodes(nodes, ["CMIP6"])
        states = await federation.states()
        assert states == {"settled": len(federation.handles)}
        listed = (await nodes[1].http.get("/requests", params={"state": "accepted"})).json()
        assert listed["numberMatched"] == 0
        await check_end(nodes[0])
        before = await nodes[0].digest()
    await one_more_node(tmp_path, stack, before)


async def described_and_retracted(federation: Federation) -> None:
    """50 retractions of which 20 % name unknown records, 50 updates of which some hit such and retracted ones."""
    ways: list[Callable[[str], Awaitable[httpx.Response]]] = [
        lambda item_id: federation.patch(item_id, RETRACT),
        lambda item_id: federation.send("DELETE", f"{DATASETS}/{item_id}"),
        lambda item_id: federation.act(item_id, "retract", reason="wrong units", wish="keep"),
    ]
    retracted = [*ids(100, 140), *UNKNOWN[:10]]
    assert await federation.all(way(item_id) for item_id, way in zip(retracted, itertools.cycle(ways))) == {
        202: 40,
        404: 10,
    }
    update = [
        operation("replace", "/properties/cmip6:pid", "hdl:21.14100/00000000-1111-4222-8333-444444444444"),
        operation("add", "/links", [{"rel": "cite-as", "href": "https://doi.example.org/10.1"}]),
    ]
    updated = [*ids(150, 180), *ids(100, 110), *UNKNOWN[10:20]]
    counts = await federation.all(federation.patch(item_id, update) for item_id in updated)
    assert counts == {202: 30, 409: 10, 404: 10}
    restored = [*ids(110, 120), UNKNOWN[20]]
    counts = await federation.all(federation.act(item_id, "restore") for item_id in restored)
    assert counts == {202: 10, 404: 1}


async def replicated(federation: Federation) -> None:
    """Announcements of two nodes at the same time, an incomplete one, removals."""
    announced = [(record, node) for record in FIRSTS[200:240] for node in ("n2", "n3")]
    counts = await federation.all(
        federation.patch(one["id"], announcement(one, node)) for one, node in announced
    )
    assert counts == {202: 80}
    whole = next(first for first in FIRSTS[240:] if len(data_keys(first)) > 1)
    assert await federation.all([federation.patch(whole["id"], announcement(whole, "n2")[:1])]) == {400: 1}
    counts = await federation.all(
        federation.act(item_id, "replica-remove", node="n3") for item_id in ids(200, 210)
    )
    assert counts == {202: 10}


async def seldom(federation: Federation) -> None:
    """Deprecations, one replacement, one withdrawal, one purge with a re-publication, one transfer."""
    not_latest = RETRACT[:1]
    counts = await federation.all(
        federation.patch(item_id, not_latest) for item_id in [*ids(250, 255), *ids(0, 5)]
    )
    assert counts == {202: 10}
    replaced, withdrawn, transferred, purged = FIRSTS[239], FIRSTS[238], FIRSTS[237], FIRSTS[261]
    again = {**purged, "properties": {**purged["properties"], "note": "published again"}}
    newest = second_version(FIRSTS[0])["id"]
    for step in (
        federation.send("PUT", f"{DATASETS}/{replaced['id']}", other_bytes(replaced)),
        federation.act(withdrawn["id"], "withdraw", reason="a court", fields=["/properties/cmip6:pid"]),
        federation.act(withdrawn["id"], "replica-remove", node="n2"),
        federation.act(transferred["id"], "transfer", node="n2"),
        federation.act(purged["id"], "purge", reason="a mistake"),
        federation.send("POST", DATASETS, again),
        federation.act(newest, "purge", reason="a mistake"),
    ):
        assert await federation.all([step]) == {202: 1}


async def check_end(node: Served) -> None:
    """A few ends in plain words, so that the model is not the only witness."""
    shown = {one["id"]: one for one in await every_item(node, collections=["CMIP6"])}
    assert len(shown) == 500 + 50 - 30 - 1 - 1  # less the retracted, the withdrawn, the purged
    assert not set(ids(100, 110)) & shown.keys()
    assert set(ids(110, 120)) <= shown.keys()
    places = Counter(node for one in shown.values() for node in alternates(one))
    assert (places["n2"], places["n3"]) == (37, 28)
    tops = {one for one in ids(0, 50) if shown[one]["properties"]["latest"]}
    assert tops == set(ids(0, 1))  # promoted by the purge of the version above
    assert not any(shown[one]["properties"]["latest"] for one in ids(250, 255))
    assert alternates(shown[FIRSTS[239]["id"]]) == set()
    gone = await node.http.get(f"{DATASETS}/{FIRSTS[238]['id']}")
    assert gone.status_code == 410
    assert "n3" in gone.json()["detail"]
    assert "n2" not in gone.json()["detail"]
    moved = shown[FIRSTS[237]["id"]]
    for key in data_keys(FIRSTS[237]):
        assert moved["assets"][key]["href"] == f"https://n2.example.org/{key}"
        former = FIRSTS[237]["assets"][key]["alternate:name"]
        assert set(moved["assets"][key]["alternate"]) == {"n3", former}
    assert shown[FIRSTS[261]["id"]]["properties"]["note"] == "published again"


def alternates(shown: Json) -> set[str]:
    """The nodes that hold a copy of any asset."""
    return {node for asset in shown["assets"].values() for node in asset.get("alternate", {})}


async def one_more_node(folder: Path, stack: Stack, before: Json) -> None:
    """A node that joins later reads the same log into the same catalogue."""
    async with running(settings(folder, "n3", **stack.settings("n3"))) as late:
        await late.caught_up()
        assert await late.digest() == before


def test_the_datasets_of_the_exercise_differ() -> None:
    datasets = {cmip6.facts(item_id).dataset for item_id in [*ids(0, 500), *UNKNOWN]}
    assert len(datasets) == 530
