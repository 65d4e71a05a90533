"""The federation's exercise, foretold: every request with its answer, every record with its end, on both nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import orjson

from catalogue.content import content
from catalogue.record import Record, decode_record
from catalogue.store import ITEMS
from tests.support.cmip6 import Item, item, real_ids, second_version
from tests.support.exercise import (
    Nodes,
    census,
    check_catalogues,
    check_ends,
    check_handles,
    check_outcomes,
    play,
)
from tests.support.exercise_plan import CENSUS, ends_of, plan
from tests.support.http import Json, Served, collection, features, two_running

AT_A_TIME, SECOND_EVERY = 500, 10
SEARCH_MAX = 10_000
SEED = 20260114
PATIENT_MS = 10_000  # every refusal is foretold, so no door may lose patience on a busy machine


async def test_real_input_becomes_the_same_catalogue_on_both_nodes(tmp_path: Path, shared: Path) -> None:
    scenes = load(shared, "sentinel-2-l2a-cogs")["features"]
    place = {**load(shared, "sentinel-2-l2a-cogs.collection"), "id": scenes[0]["collection"]}
    firsts = [load(shared, name) for name in ("cmip6-ukesm-zg500", "cmip6-ipsl-clcalipso")]
    firsts += [item(item_id) for item_id in real_ids(shared)]
    seconds = [second_version(first) for first in firsts[::SECOND_EVERY]]
    assert (len(scenes), len(firsts), len(seconds)) == (100, 2002, 201)
    superseded = set(of(firsts[::SECOND_EVERY]))
    async with two_running(tmp_path) as nodes:
        await nodes[0].settled("POST", "/collections", json=place)
        await nodes[1].settled("POST", "/collections", json=collection("CMIP6"))
        for items in (scenes, firsts, seconds):
            await publish(nodes, items)
        records = await check_real_records(nodes, [*scenes, *firsts, *seconds])
        assert {record.id for record in records if not record.latest} == superseded
        for served in nodes:
            assert await found(served, place["id"], True) == set(of(scenes))
            assert await found(served, "CMIP6", False) == superseded
            assert await found(served, "CMIP6", True) == {*of(firsts), *of(seconds)} - superseded


async def check_real_records(nodes: Nodes, posted: Sequence[Item]) -> list[Record]:
    """All records: as posted, active, and exactly one of each dataset the latest."""
    _, _, documents = await check_catalogues(nodes)
    records = [decode_record(document.body) for ref, document in documents.items() if ref.kind == ITEMS]
    assert {record.id: content(record.item) for record in records} == {
        one["id"]: content(one) for one in posted
    }
    assert {(record.state, record.revision) for record in records} == {("active", 1)}
    latest = [record.key for record in records if record.latest]
    assert sorted(latest) == sorted({record.key for record in records})
    return records


async def test_the_exercise_ends_as_foretold_on_both_nodes(tmp_path: Path) -> None:
    lives = plan(SEED)
    assert census(lives) == CENSUS
    ends = ends_of(lives)
    async with two_running(tmp_path, courtesy_wait_ms=PATIENT_MS) as nodes:
        created = await nodes[0].settled("POST", "/collections", json=collection("CMIP6"))
        states = await play(lives, nodes)
        events, model, documents = await check_catalogues(nodes)
        accepted = sum(ask.weight for life in lives for stage in life.stages for ask in stage if ask.accepted)
        assert len(events) == accepted
        check_ends(documents, ends)
        await check_handles(nodes, {**states, created["id"]: "settled"})
        await check_outcomes(nodes, events, model)
        for served in nodes:
            active = {item_id for item_id, end in ends.items() if end.state == "active"}
            assert await found(served, "CMIP6") == active
            assert await found(served, "CMIP6", True) == {one for one in active if ends[one].latest}


async def publish(nodes: Nodes, items: Sequence[Item]) -> None:
    """In FeatureCollections, to the nodes in turn; all must come to be settled."""
    parts = [items[start : start + AT_A_TIME] for start in range(0, len(items), AT_A_TIME)]
    path = f"/collections/{items[0]['collection']}/items"
    handles = await asyncio.gather(
        *(nodes[n % 2].settled("POST", path, json=features(part)) for n, part in enumerate(parts))
    )
    counts = [(handle["children"]["of"], handle["children"]["settled"]) for handle in handles]
    assert counts == [(len(part), len(part)) for part in parts]


async def found(served: Served, name: str, latest: bool | None = None) -> set[str]:
    """The ids in a collection that a search finds, as many as it says."""
    wanted = {} if latest is None else {"op": "=", "args": [{"property": "latest"}, latest]}
    page = await served.search(collections=[name], filter=wanted, limit=SEARCH_MAX)
    ids = of(page["features"])
    assert page["numberMatched"] == len(ids) == len(set(ids))
    return set(ids)


def of(items: Sequence[Item]) -> list[str]:
    return [one["id"] for one in items]


def load(shared: Path, name: str) -> Json:
    value: Json = orjson.loads((shared / "items" / f"{name}.json").read_bytes())
    return value
