"""A search never shows two latest versions of one dataset, however hard it is asked while versions change."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import httpx

from tests.support.cmip6 import Item, item, sample_ids, second_version
from tests.support.http import collection, features, two_running, until
from tests.support.stacks import Stack

DATASETS, AT_ONCE, READERS = 500, 25, 2
WHOLE_EVERY = 20  # a search for all datasets at once costs as much as many for one
LATEST = {"op": "=", "args": [{"property": "properties.latest"}, True]}


async def test_no_search_sees_two_latest_while_500_second_versions_are_published(
    tmp_path: Path, stack: Stack
) -> None:
    firsts = [item(item_id) for item_id in sample_ids(DATASETS)]
    seconds = [second_version(first) for first in firsts]
    titles = {first["id"]: first["properties"]["title"] for first in firsts}
    shards = {"store_shards": 4} if stack.elastic else {}
    async with two_running(tmp_path, stack.settings, **shards) as (one, two):
        await publish(one.http, "/collections", collection("CMIP6"))
        await publish(one.http, "/collections/CMIP6/items", features(firsts))
        done = asyncio.Event()
        readers = [
            asyncio.create_task(hammer(served.http, titles, seed, done))
            for served in (one, two)
            for seed in range(READERS)
        ]
        for start in range(0, DATASETS, AT_ONCE):
            await publish(two.http, "/collections/CMIP6/items", features(seconds[start : start + AT_ONCE]))
        done.set()
        seen = sum(await asyncio.gather(*readers), Counter())
        assert seen["searches"] >= 100
        assert seen["second"] > 0, "the readers were never there when versions changed"
        last = {second["id"] for second in seconds}
        for served in (
            one,
            two,
        ):  # what is settled on one node is searched a refresh later, on the other later still

            async def shows_last(http: httpx.AsyncClient = served.http) -> bool:
                return {feature["id"] for feature in await latest(http, LATEST, 10 * DATASETS)} == last

            await until(shows_last)


async def hammer(
    http: httpx.AsyncClient, firsts: dict[str, str], seed: int, done: asyncio.Event
) -> Counter[str]:
    """Ask for one dataset and for all in turn until it is over; what was seen. `firsts`: id and title."""
    chance, seen = random.Random(seed), Counter[str]()
    while not done.is_set():
        title = chance.choice(list(firsts.values()))
        one = {"op": "and", "args": [{"op": "=", "args": [{"property": "properties.title"}, title]}, LATEST]}
        everything = seen["searches"] % WHOLE_EVERY == 0
        found = await latest(http, LATEST if everything else one, 2 * DATASETS)
        seen["searches"] += 1
        seen["second"] += sum(feature["id"] not in firsts for feature in found)
    return seen


async def latest(http: httpx.AsyncClient, wanted: object, limit: int) -> list[Item]:
    """The features that fit the filter, which finds latest versions alone: one of each dataset."""
    body = {"collections": ["CMIP6"], "filter": wanted, "filter-lang": "cql2-json", "limit": limit}
    answer = await http.post("/search", json=body)
    assert answer.status_code == 200, answer.text
    found: list[Item] = answer.json()["features"]
    most = Counter(feature["properties"]["title"] for feature in found).most_common(1)
    assert not most or most[0][1] == 1, f"two latest of {most[0][0]}"
    return found


async def publish(http: httpx.AsyncClient, path: str, body: object) -> None:
    """POST, and wait until both nodes have it."""
    answer = await http.post(path, json=body, headers={"prefer": "wait=60"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["state"] == "settled", answer.text
