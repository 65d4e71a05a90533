"""Faulty events that came onto the log past every door: rejected or buried, never a stall, never a change."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
import pytest_asyncio

from stream.dead_letters import decode_dead_letter
from stream.errors import TYPE_BASE
from stream.events import Event, encode
from stream.keys import dataset_key, partition_of
from stream.log import Message, TopicPartition
from tests.support import events
from tests.support.cmip6 import second_version
from tests.support.http import Json, Served, collection, operation, running, scene, settings
from tests.support.refusals import DATASET, FILES, location, prepare

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = DATASET["id"]
V2 = second_version(DATASET)
BOTH = [location("n2", key) for key in FILES]
PERMITTED, CONTRADICTS = "operation-not-permitted", "contradicting-replica"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("bad-events"), partitions=PARTITIONS)) as found:
        await prepare(found)
        yield found


def correct(patch: Any) -> Event:
    return events.correct(ID, patch=patch)


def announce(patch: Any, node: str | None = "n2", **told: Any) -> Event:
    return events.event(ID, "replica-add", 1, node=node, patch=patch, revision=1, **told)


def of_scene(event: Event, name: str) -> Event:
    """The same about a scene, whose id is its dataset."""
    rules = events.rules(ID)
    return replace(
        event, collection="scenes", item_id=name, rules=replace(rules, dataset=name, version=None, sort=0)
    )


def publication(name: str) -> Event:
    return replace(events.publish(DATASET), item=scene(name), digest=None)


def changed(*path: str, value: Any) -> Json:
    """The dataset's Item with another value at a path."""
    found: Json = orjson.loads(orjson.dumps(DATASET))
    at = found
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return found


PATCHES: dict[str, Any] = {
    "an operation without members": [{}],
    "no path": [{"op": "add", "value": 1}],
    "no value": [{"op": "add", "path": "/properties/a"}],
    "no from": [{"op": "move", "path": "/properties/a"}],
    "an unknown op": [{"op": "frobnicate", "path": "/properties/a", "value": 1}],
    "an op that is a list": [{"op": ["add"], "path": "/properties/a", "value": 1}],
    "a path that is a number": [{"op": "add", "path": 5, "value": 1}],
    "a path that is no pointer": [{"op": "add", "path": "properties/a", "value": 1}],
    "a path that is null": [{"op": "add", "path": None, "value": 1}],
    "nothing at the path": [operation("remove", "/properties/nothing")],
    "a copy from nowhere": [{"op": "copy", "from": "/nowhere", "path": "/properties/a"}],
    "a move into itself": [{"op": "move", "from": "/properties", "path": "/properties/a"}],
    "a place in a list that is none": [operation("add", "/links/99", {})],
    "a place in a text": [operation("add", "/id/a", 1)],
    "a test that fails": [operation("test", "/id", "x")],
    "the whole document": [operation("replace", "", [])],
    "no assets": {"assets": None},
    "no properties": {"properties": None},
    "links that are a number": {"links": 5},
    "assets that are texts": {"assets": {FILES[0]: "x"}},
    "a location that is a text": {"assets": {FILES[0]: {"alternate": {"n2": "x"}}}},
    "a property of the system": {"properties": {"created": None}},
    "another id": {"id": "x"},
    "a checksum": {"assets": {FILES[0]: {"file:checksum": "1220"}}},
}
REJECTED: dict[str, tuple[Event, str]] = {
    **{f"correct: {name}": (correct(patch), PERMITTED) for name, patch in PATCHES.items()},
    "publish: other content": (events.publish(changed("properties", "a", value=1)), "item-already-exists"),
    "publish: retracted": (of_scene(publication("retracted"), "retracted"), "item-already-exists"),
    "publish: withdrawn": (of_scene(publication("withdrawn"), "withdrawn"), "item-already-exists"),
    "correct: unknown": (events.correct(V2["id"], patch={"properties": {"a": 1}}), "item-does-not-exist"),
    "correct: retracted": (of_scene(correct({"properties": {"a": 1}}), "retracted"), "wrong-state"),
    "correct: withdrawn": (of_scene(correct({"properties": {"a": 1}}), "withdrawn"), "withdrawn"),
    "correct: purged": (of_scene(correct({"properties": {"a": 1}}), "purged"), "item-does-not-exist"),
    "correct: PUT of other bytes": (events.correct(ID, item=changed("assets", FILES[0], "file:size", value=1)),
                                    PERMITTED),
    "replace: unknown": (events.replace_item(V2), "item-does-not-exist"),
    "replace: another version": (events.replace_item(changed("properties", "version", value="1")), PERMITTED),
    "deprecate: unknown": (events.deprecate(V2["id"]), "item-does-not-exist"),
    "retract: unknown": (events.retract(V2["id"]), "item-does-not-exist"),
    "retract: a wish that is none": (events.retract(ID, wish="burn"), PERMITTED),
    "retract: another reason": (of_scene(events.retract(ID, reason="x"), "retracted"), "wrong-state"),
    "restore: withdrawn": (of_scene(events.restore(ID), "withdrawn"), "withdrawn"),
    "withdraw: a property of the system": (events.withdraw(ID, fields=["/properties/latest"]), PERMITTED),
    "withdraw: no pointer": (events.withdraw(ID, fields=["title", "", "/"]), PERMITTED),
    "purge: unknown": (events.purge(V2["id"]), "item-does-not-exist"),
    "replica-add: incomplete": (announce(BOTH[:1]), "incomplete-replica"),
    "replica-add: nothing": (announce([]), "incomplete-replica"),
    "replica-add: no patch": (events.event(ID, "replica-add", 1, method="PUT", item=DATASET), "incomplete-replica"),
    "replica-add: another size": (announce([location("n2", FILES[0], **{"file:size": 1}), BOTH[1]]), CONTRADICTS),
    "replica-add: a size that is a list": (announce([location("n2", FILES[0], **{"file:size": []}), BOTH[1]]),
                                           CONTRADICTS),
    "replica-add: a file that is not there": (announce([*BOTH, location("n2", "x")]), CONTRADICTS),
    "replica-add: an href that is a number": (announce([location("n2", FILES[0], href=5), BOTH[1]]), CONTRADICTS),
    "replica-add: a revision before the bytes": (replace(announce(BOTH), revision=0), CONTRADICTS),
    "replica-add: no revision": (replace(announce(BOTH), revision=None), CONTRADICTS),
    "replica-add: of another node": (announce(BOTH, "n3"), PERMITTED),
    "replica-add: no node": (announce(BOTH, None), PERMITTED),
    "replica-add: two nodes": (announce([*BOTH, location("n3", FILES[0])]), PERMITTED),
    "replica-add: a correction": (announce([*BOTH, operation("add", "/properties/a", 1)]), PERMITTED),
    "replica-add: a change of a file": (announce([*BOTH, operation("add", f"/assets/{FILES[0]}", {})]), PERMITTED),
    "replica-add: a text": (announce([operation("add", f"/assets/{FILES[0]}/alternate/n2", "x")]), PERMITTED),
    "replica-add: texts in a merge patch": (announce({"assets": {FILES[0]: "x"}}), PERMITTED),
    "replica-add: assets that are a text": (announce({"assets": "x"}), PERMITTED),
    "replica-add: operations without members": (announce([{}]), PERMITTED),
    "replica-add: a path that is a number": (announce([{"op": "add", "path": 5}]), PERMITTED),
    "replica-remove: an addition": (replace(announce(BOTH), action="replica-remove"), PERMITTED),
    "replica-remove: of another node": (replace(events.replica_remove(ID, "n2", keys=FILES), node="n3"), PERMITTED),
    "transfer: no copies": (events.transfer(ID, "n9"), "incomplete-replica"),
    "transfer: no node": (events.event(ID, "transfer", 1, node=None, patch=[]), PERMITTED),
    "a Collection that exists": (events.collection_event(collection("scenes", title="x")),
                                 "collection-already-exists"),
    "a Collection that is not there": (events.collection_event(collection("x"), action="replace"),
                                       "collection-does-not-exist"),
}  # fmt: skip
NUMBERS = {name: number for number, name in enumerate(REJECTED, start=1000)}


async def append(served: Served, event: Event) -> None:
    topics = served.topics
    topic = topics.collections if event.about_collection else topics.transactions
    await served.node.log.append([Message(topic, event.key, encode(event))])
    await served.caught_up()


async def alive(served: Served) -> None:
    """Nothing is parked, paused or stopped, and the next event is worked."""
    assert (await served.http.get("/ready")).status_code == 200
    assert (await served.http.get("/parked")).json() == {"parked": []}


@pytest.mark.parametrize("name", REJECTED)
async def test_a_faulty_event_is_rejected(served: Served, name: str) -> None:
    event, kind = REJECTED[name]
    number = NUMBERS[name]
    before = await served.digest()
    await append(served, replace(event, id=f"{number:032x}", expected=("n1",), time=events.time_of(number)))
    await alive(served)
    found = await served.ended(f"{number:032x}", "rejected")
    [outcome] = found["outcomes"]
    assert (outcome["node"], outcome["outcome"]) == ("n1", "rejected")
    assert outcome["problem"]["type"] == TYPE_BASE + kind, outcome["problem"]
    assert await served.digest() == before


def _told(**members: Any) -> bytes:
    """A stamped event with other metadata; None takes a member away."""
    value = orjson.loads(encode(events.correct(ID, 5000, patch={"properties": {"a": 1}}, expected=("n1",))))
    value["metadata"].update(members)
    value["metadata"] = {name: member for name, member in value["metadata"].items() if member is not None}
    return orjson.dumps(value)


def _of_collection(**members: Any) -> bytes:
    return encode(events.collection_event(collection("odd", **members), 5001))


def _is_elsewhere(dataset: str) -> bool:
    places = {partition_of(key, PARTITIONS) for key in (DATASET_KEY, dataset_key("CMIP6", dataset))}
    return len(places) == 2


PARTITIONS = 4
DATASET_KEY = dataset_key("CMIP6", events.rules(ID).dataset)
ELSEWHERE = next(name for name in map("CMIP6.another.{}".format, range(100)) if _is_elsewhere(name))
STAMPED = _told()
BURIED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "undecodable"),
    "broken JSON": (STAMPED[:-5], "undecodable"),
    "not UTF-8": (b'"\xff"', "undecodable"),
    "NaN": (STAMPED.replace(b'"a":1', b'"a":NaN'), "undecodable"),
    "a text": (b'"event"', "undecodable"),
    "another document": (orjson.dumps(DATASET), "undecodable"),
    "depth": (STAMPED.replace(b'"a":1', b'"a":' + b"[" * 300 + b"]" * 300), "undecodable"),
    "no event id": (_told(event_id=None), "undecodable"),
    "an unknown action": (_told(action="vanish"), "undecodable"),
    "a publication by PATCH": (_told(action="publish"), "undecodable"),
    "no action": (_told(action=None), "unstamped"),
    "no rules": (_told(rules=None), "unstamped"),
    "rules that are a list": (_told(rules=[]), "undecodable"),
    "another dataset's rules": (_told(rules={**events.rules(ID).to_json(), "dataset": ELSEWHERE}),
                                "misrouted"),
    "a time that is none": (_told(time="yesterday"), "undecodable"),
    "a parent that is none": (_told(parent={"id": "x", "index": 5, "of": 2}), "undecodable"),
    "a Collection that is withdrawn": (
        orjson.dumps(orjson.loads(_of_collection()) | {"metadata": {
            **orjson.loads(_of_collection())["metadata"], "action": "withdraw"}}), "undecodable"),
    "a Collection whose links are a number": (_of_collection(links=5), "undecodable"),
    "a Collection whose assets are texts": (_of_collection(assets={"a": "x"}), "undecodable"),
    "a Collection whose properties are a text": (_of_collection(properties="x"), "undecodable"),
}  # fmt: skip


@pytest.mark.parametrize("name", BURIED)
async def test_what_is_no_event_is_buried_with_its_origin(served: Served, name: str) -> None:
    value, kind = BURIED[name]
    topics, log = served.topics, served.node.log
    topic, key = topics.transactions, events.correct(ID).key
    if b'"collection":{' in value:
        topic, key = topics.collections, "odd"
    before, [buried] = await served.digest(), await log.end(topics.dead_letters)
    [receipt] = await log.append([Message(topic, key, value)])
    await served.caught_up()
    await alive(served)
    [record] = await log.read(TopicPartition(topics.dead_letters, 0), buried, 10)
    letter = decode_dead_letter(record)
    assert (letter.kind, letter.key, letter.value, letter.follower) == (kind, key, value, "index")
    assert (letter.topic, letter.partition, letter.offset) == (topic, receipt.place.partition, receipt.offset)
    assert base64.b64encode(value).decode() in record.value.decode()
    assert await served.digest() == before
    if letter.event_id is not None:
        found = await served.ended(letter.event_id, "attention")
        assert found["outcomes"][0]["outcome"] == "dead-letter"


async def test_the_next_event_is_worked_all_the_same(served: Served) -> None:
    for name in ("nothing", "an unknown action", "no rules"):
        await served.node.log.append([Message(served.topics.transactions, "scenes/next", BURIED[name][0])])
    await served.settled("POST", "/collections/scenes/items", json=scene("next"))
    assert (await served.item("scenes", "next"))["id"] == "next"
