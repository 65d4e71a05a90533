"""Dead letters of several nodes and of a bridge: told apart, looked at, replayed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from catalogue.record import decode_record
from catalogue.store import Store, item_ref
from federation.dead_letters import Burial, Left, Replayer, burials, letter_of
from federation.failed import Failed
from stream.dead_letters import VALUE_BYTES_MAX, Replayed
from stream.events import Event, decode
from stream.log import Log, Message, TopicPartition
from stream.sqlite import SqliteLog
from tests.support import cmip6, events
from tests.support.bridged import cross, indexed, make_bridge, with_collection
from tests.support.command import finished, running
from tests.support.foreign import NOT_LATEST, TOPIC, Foreign
from tests.support.http import collection, until
from tests.support.memory_log import MemoryLog
from tests.support.memory_store import MemoryStore
from tests.support.nodes import (
    TOPICS,
    check_model,
    documents_of,
    events_of,
    memory_site,
    messages,
    start_worker,
    until_caught_up,
    words_of,
)
from tests.support.poison import poisons

Called = tuple[int, str, str]  # exit code, stdout, stderr
FIRST_POISON = 1_000_000
LETTERS = TOPICS.dead_letters


async def replayed(log: Log, store: Store, burial: Burial) -> Replayed:
    letter = await letter_of(log, LETTERS, burial.id)
    return await Replayer(make_bridge(log, store)).replay(burial.id, letter)


async def test_letters_of_several_nodes_about_one_message_are_one() -> None:
    bad = list(poisons(FIRST_POISON).values())
    async with memory_site() as (log, store):
        await log.append([one.message for one in bad])
        workers = [start_worker(log, one, node=node) for node, one in (("a", store), ("b", MemoryStore()))]
        for worker, node in zip(workers, ("a", "b"), strict=True):
            worker.follower.node = node
        await until_caught_up(log, workers)
        for worker in workers:
            await worker.stop()
        found = await burials(log, LETTERS)
        assert len(found) == len(bad)
        assert sum(len(one.letters) for one in found) == 2 * len(bad)
        assert {tuple(one.nodes) for one in found} == {("a", "b")}
        assert sorted(one.last.kind for one in found) == sorted(one.kind for one in bad)


@pytest.mark.parametrize("name", ["in another partition", "an item among the Collections"])
async def test_a_misrouted_event_goes_to_its_place(name: str) -> None:
    """Twice over, it is one event with one effect."""
    bad = poisons(FIRST_POISON)[name]
    event = decode(bad.message.value)
    async with memory_site() as (log, store), indexed(log, store):
        await with_collection(log)
        await log.append([*published(event), bad.message])
        await until(lambda: buried(log, 1))
        [burial] = await burials(log, LETTERS)
        notes = [await replayed(log, store, burial) for _ in range(2)]
        for note in notes:
            assert note.placed is not None
            placed = TopicPartition(note.placed.topic, note.placed.partition)
            [record] = await log.read(placed, note.placed.offset, 1)
            assert (placed.topic, record.key, record.value) == (
                TOPICS.transactions,
                event.key,
                bad.message.value,
            )
        await until(lambda: caught_up(log))
        assert (await words_of(log))[event.id] == {"dead-letter", "indexed"}
        [again] = await burials(log, LETTERS)
        assert again.replayed == notes[1]
        ref = item_ref(event.collection, event.item_id, event.key)
        record_ = decode_record((await store.get_many([ref]))[ref].body)
        assert (record_.item["properties"]["a"], record_.revision) == (1, 2)


def published(event: Event) -> list[Message]:
    """Its record, that it finds something to correct."""
    return messages([events.publish(cmip6.item(event.item_id), 5)])


async def buried(log: Log, count: int) -> bool:
    return len(await burials(log, LETTERS)) >= count


async def caught_up(log: Log) -> bool:
    return await log.committed("a.index", TOPICS.transactions) == await log.end(TOPICS.transactions)


async def test_an_event_that_nobody_stamped_goes_over_the_bridge() -> None:
    bad = poisons(FIRST_POISON)["no action"]
    event = decode(bad.message.value)
    async with memory_site() as (log, store), indexed(log, store):
        await with_collection(log)
        await log.append([*published(event), bad.message])
        await until(lambda: buried(log, 1))
        [burial] = await burials(log, LETTERS)
        note = await replayed(log, store, burial)
        assert note.event_id == event.id
        await until(lambda: caught_up(log))
        assert (await words_of(log))[event.id] == {"dead-letter", "indexed"}
        assert (await replayed(log, store, burial)).placed is None, "its dataset knows it by now"
        found = [one for one in await events_of(log) if one.id == event.id]
        assert [(one.action, one.origin) for one in found] == [("correct", burial.origin)]


@pytest.mark.parametrize(
    "name", ["cut short", "not UTF-8", "an unknown action", "a Collection that is withdrawn"]
)
async def test_what_still_is_no_event_is_left(name: str) -> None:
    bad = poisons(FIRST_POISON)[name]
    async with memory_site() as (log, store), indexed(log, store):
        await log.append([bad.message])
        await until(lambda: buried(log, 1))
        [burial] = await burials(log, LETTERS)
        before = await log.end(TOPICS.transactions), await log.end(LETTERS)
        with pytest.raises(Left) as left:
            await replayed(log, store, burial)
        assert str(left.value)
        assert (await log.end(TOPICS.transactions), await log.end(LETTERS)) == before


async def test_once_the_collection_is_there_its_events_are_brought_in() -> None:
    first = cmip6.item("CMIP6.CMIP.A.B.C.D.Amon.tas.gn.v20190101")
    scene = {**first, "id": "scene", "collection": "scenes"}
    topic = Foreign()
    topic.post(scene, "collection-does-not-exist")
    topic.add(
        "scene", {"method": "PATCH", "collection_id": "scenes", "item_id": "scene", "patch": NOT_LATEST}
    )
    async with memory_site() as (log, store), indexed(log, store):
        await with_collection(log)
        await topic.append(log)
        bridge = await cross(log, store)
        assert dict(bridge.refused) == {"collection-does-not-exist": 2}
        found = await burials(log, LETTERS)
        assert all("create it first, then replay" in one.last.detail for one in found)
        with pytest.raises(Left, match="create it first"):
            await replayed(log, store, found[0])
        await with_collection(log, "scenes", 900_001)
        for burial in found:
            await replayed(log, store, burial)
        await until(lambda: caught_up(log))
        own = [
            event
            for event in await events_of(log)
            if event.collection == "scenes" and not event.about_collection
        ]
        assert [event.action for event in own] == ["publish", "deprecate"]
        check_model(await documents_of(store, own), own)
        ref = item_ref("scenes", "scene", "scenes/scene")
        assert await store.get_many([ref])
        assert (await cross(log, store)).appended == 0


@pytest.mark.parametrize("wrong", ["", "0", "0:99", "7:0", "x:1", "0:-1", "0:1"])
async def test_a_letter_that_there_is_not(wrong: str) -> None:
    bad = poisons(FIRST_POISON)["in another partition"]
    async with memory_site() as (log, store), indexed(log, store):
        await log.append([bad.message])
        await until(lambda: buried(log, 1))
        [burial] = await burials(log, LETTERS)
        await replayed(log, store, burial)  # 0:1 is its note
        with pytest.raises(Failed):
            await letter_of(log, LETTERS, wrong)


async def test_a_message_that_no_letter_has_room_for_is_read_at_its_origin() -> None:
    item = cmip6.item(cmip6.sample_ids(1)[0])
    large = {**item, "collection": "scenes", "properties": {**item["properties"], "note": "x" * (4 << 20)}}
    large["assets"] = {}
    small, topic = {**item, "collection": "scenes"}, Foreign()
    topic.post(large)
    topic.post(small)
    async with memory_site() as (log, store), indexed(log, store):
        assert isinstance(log, MemoryLog)
        await topic.append(log, 1)
        await cross(log, store)
        first, _ = await burials(log, LETTERS)
        letter = await letter_of(log, LETTERS, first.id)
        assert (letter.size, letter.value) == (None, topic.messages[0].value)
        with pytest.raises(Left, match="create it first"):
            await replayed(log, store, first)
        del log.broker.topics[TOPIC]
        letter = await letter_of(log, LETTERS, first.id)
        assert (letter.size, letter.value) == (
            len(topic.messages[0].value), topic.messages[0].value[:VALUE_BYTES_MAX],
        )  # fmt: skip
        with pytest.raises(Left, match="not at its origin any more"):
            await replayed(log, store, first)


def topic_of_faults() -> Foreign:
    """One event that is sound, one whose collection is not there, one that is none."""
    item, topic = cmip6.item(cmip6.sample_ids(1)[0]), Foreign()
    topic.post({**item, "collection": "CMIP5", "id": "b"})
    topic.raw("x", b"{\x1b", "undecodable")
    topic.post(item)
    return topic


async def fill(path: Path) -> None:
    log = SqliteLog(path)
    await topic_of_faults().append(log)
    await log.close()


def create(url: str, name: str) -> None:
    made = httpx.post(f"{url}/collections", json=collection(name), headers={"prefer": "wait=30"}, timeout=60)
    assert made.status_code == 201, made.text


def test_the_commands(tmp_path: Path) -> None:
    """List, show and replay beside a node that runs, as an operator calls them."""
    data = str(tmp_path / "data")

    def called(*arguments: str) -> Called:
        found = finished(tmp_path, *arguments, data_dir=data, node="north")
        return found.returncode, found.stdout, found.stderr

    with running(tmp_path / "node", "serve", "--port", "0", data_dir=data, node="north") as node:
        create(node.url, "CMIP6")
        asyncio.run(fill(tmp_path / "data" / "log.db"))
        code, out, err = called("bridge", TOPIC, "--until-end")
        assert (code, out) == (1, ""), err
        assert "appended 1, refused 2 (collection-does-not-exist 1, undecodable 1)" in err
        check_looking(called)
        code, out, _ = called("deadletter", "replay", "--all", "--yes")
        assert (code, out.count("left "), out.count("replayed ")) == (1, 2, 0)
        create(node.url, "CMIP5")
        code, out, err = called("deadletter", "replay", "--all", "--yes", "--collection", "CMIP5")
        assert (code, out.count("replayed ")) == (0, 1), out + err
        code, out, _ = called("deadletter", "list")
        assert sorted("  replayed  " in line for line in out.splitlines()) == [False, True]
        code, out, _ = called("deadletter", "replay", "--all", "--yes", "--kind", "collection-does-not-exist")
        assert (code, out) == (0, ""), "there is nothing left of that kind"
        assert node.stop() == 0


def check_looking(called: Callable[..., Called]) -> None:
    """What list and show say of the two letters."""
    code, out, _ = called("deadletter", "list")
    assert (code, len(out.splitlines())) == (0, 2)
    code, out, _ = called(
        "deadletter", "list", "--json", "--kind", "undecodable", "--node", "north", "--limit", "5"
    )
    [found] = map(json.loads, out.splitlines())
    assert (found["kind"], found["nodes"], found["follower"], found["key"]) == (
        "undecodable", ["north"], "bridge", "x",
    )  # fmt: skip
    assert called("deadletter", "list", "--node", "south")[1] == ""
    code, out, _ = called("deadletter", "show", found["id"])
    assert code == 0
    assert f"letter    {found['id']}" in out
    assert out.endswith("{\\x1b\n")
    assert called("deadletter", "show", "0:99")[0] == 2
    assert called("deadletter", "show", "x")[0] == 2


def test_without_a_log_there_is_nothing_to_list(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    found = finished(tmp_path, "deadletter", "list", data_dir=str(tmp_path / "data"))
    assert (found.returncode, found.stdout) == (2, "")
    assert "Traceback" not in found.stderr
