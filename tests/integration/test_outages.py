"""A federation of two nodes on three brokers and Elasticsearch, every role a process, while all of it breaks."""

from __future__ import annotations

import asyncio
import itertools
import signal
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.servers.elastic import ElasticServer
from tests.servers.kafka import KafkaServer
from tests.support.cmip6 import Item, item, sample_ids
from tests.support.http import collection, features, until
from tests.support.site import Processes, digest, processes

PUBLISHES, SINGLES, FEATURES, CLIENTS = 20_000, 1_000, 250, 8
PATH = "/collections/CMIP6/items"
SESSION_S, ELASTIC_AWAY_S = 3, 30
AGAIN_S, TRIES_MAX = 0.5, 400
WAITS_MAX = 5
PAGE = 5000


@dataclass
class Publishers:
    """Clients that post everything through both doors, and again whatever was not acknowledged."""

    doors: list[httpx.AsyncClient]
    work: list[list[Item]]
    acknowledged: dict[str, list[str]] = field(default_factory=dict)  # handle: item ids
    again: int = 0

    @property
    def done(self) -> int:
        """How many publishes are acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    async def run(self) -> None:
        waiting = iter(self.work)
        turns = [itertools.islice(itertools.cycle(self.doors), n, None) for n in range(CLIENTS)]
        await asyncio.gather(*(self._client(waiting, doors) for doors in turns))

    async def _client(self, waiting: Iterator[list[Item]], doors: Iterator[httpx.AsyncClient]) -> None:
        for items in waiting:
            await self._post(items, doors)

    async def _post(self, items: list[Item], doors: Iterator[httpx.AsyncClient]) -> None:
        body = features(items) if len(items) > 1 else items[0]
        key = {"idempotency-key": uuid.uuid4().hex}
        door = next(doors)  # the same one again: a key is known at its door
        for _ in range(TRIES_MAX):
            answer = await door.post(PATH, json=body, headers=key)
            if answer.status_code == 202:
                self.acknowledged[answer.json()["id"]] = [one["id"] for one in items]
                return
            assert answer.status_code == 503, answer.text
            self.again += 1
            await asyncio.sleep(AGAIN_S)
        raise AssertionError(f"{items[0]['id']} was never acknowledged")


@pytest.mark.long
@pytest.mark.timeout(1200)
async def test_nothing_acknowledged_is_lost_while_everything_breaks(
    tmp_path: Path, own_kafka: Callable[[int], KafkaServer], own_elastic: Callable[[], ElasticServer]
) -> None:
    brokers, elastic = own_kafka(3), own_elastic()
    settings = {"log_session_s": str(SESSION_S), "partitions": "6"}
    async with processes(tmp_path, brokers.bootstrap, elastic.url, **settings) as site:
        for node in site.nodes:
            site.start(node, "transaction-api")
            site.start(node, "index-node")
            site.start(node, "discovery-api")
        site.start("north", "index-node", "b")
        doors = [await site.client(f"{node}.transaction-api.a") for node in site.nodes]
        readers = [await site.client(f"{node}.discovery-api.a") for node in site.nodes]
        made = await doors[0].post("/collections", json=collection("CMIP6"), headers={"prefer": "wait=60"})
        assert made.json()["state"] == "settled", made.text
        publishers = Publishers(doors, pieces())
        async with asyncio.TaskGroup() as both:  # a publisher that fails is told at once
            both.create_task(publishers.run())
            both.create_task(trouble(site, brokers, elastic, publishers))
        assert publishers.done == PUBLISHES
        await ended(doors, publishers)
        await same_everywhere(site, readers, publishers)
        for http in (*doors, *readers):
            await http.aclose()


def pieces() -> list[list[Item]]:
    """All the work: FeatureCollections with single items in between."""
    items = [item(item_id) for item_id in sample_ids(PUBLISHES)]
    singles = [[one] for one in items[:SINGLES]]
    rest = items[SINGLES:]
    several = [rest[start : start + FEATURES] for start in range(0, len(rest), FEATURES)]
    each = len(singles) // len(several)
    return [
        piece
        for number, many in enumerate(several)
        for piece in (many, *singles[number * each : (number + 1) * each])
    ] + singles[len(several) * each :]


async def trouble(
    site: Processes, brokers: KafkaServer, elastic: ElasticServer, publishers: Publishers
) -> None:
    """A broker dies and comes back; one worker is killed, another stopped past its session; Elasticsearch goes away."""
    await reached(publishers, 0.05)
    await asyncio.to_thread(brokers.kill, 2)
    await reached(publishers, 0.15)
    site.kill("north.index-node.a")
    await reached(publishers, 0.25)
    await asyncio.to_thread(brokers.restart, 2)
    site.start("north", "index-node")
    await reached(publishers, 0.35)
    site.signal("north.index-node.b", signal.SIGSTOP)
    await asyncio.sleep(2 * SESSION_S)
    site.signal("north.index-node.b", signal.SIGCONT)
    await reached(publishers, 0.5)
    await asyncio.to_thread(elastic.stop)
    await asyncio.sleep(ELASTIC_AWAY_S)
    await asyncio.to_thread(elastic.start)


async def reached(publishers: Publishers, share: float) -> None:
    """Wait until this share is acknowledged."""

    async def check() -> bool:
        return publishers.done >= share * PUBLISHES

    await until(check, 240)
    assert publishers.done < PUBLISHES, "the load was over before the trouble"


async def ended(doors: list[httpx.AsyncClient], publishers: Publishers) -> None:
    """Every handle is settled, whichever door is asked."""
    for handle, door in zip(publishers.acknowledged, itertools.cycle(doors), strict=False):
        for _ in range(WAITS_MAX):  # the first is asked for while there is still a lot to be indexed
            found = (await door.get(f"/requests/{handle}", params={"wait": 60})).json()
            if found["state"] == "settled":
                break
        assert found["state"] == "settled", found


async def same_everywhere(site: Processes, readers: list[httpx.AsyncClient], publishers: Publishers) -> None:
    """Both nodes, and an embedded node that reads the same log afterwards, hold every item and the same bytes."""
    site.start("third", "all", store=f"sqlite:{site.folder / 'third.db'}")
    third = await site.client("third.all.a")
    wanted = await digest(readers[0])
    assert wanted["collections"]["CMIP6"]["count"] == PUBLISHES
    assert await digest(readers[1]) == wanted

    async def caught_up() -> bool:
        return await digest(third) == wanted

    await until(caught_up, 120)
    acknowledged = {item_id for ids in publishers.acknowledged.values() for item_id in ids}
    assert len(acknowledged) == PUBLISHES
    assert await shown_ids(readers[1]) == acknowledged
    await third.aclose()


async def shown_ids(http: httpx.AsyncClient) -> set[str]:
    """The ids of all items that a search shows, page by page."""
    found: set[str] = set()
    body: dict[str, object] | None = {"collections": ["CMIP6"], "limit": PAGE}
    while body is not None:
        page = (await http.post("/search", json=body)).json()
        found |= {feature["id"] for feature in page["features"]}
        body = next((link["body"] for link in page["links"] if link["rel"] == "next"), None)
    return found
