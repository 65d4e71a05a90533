"""A federation of two nodes under random trouble, in a loop whose clock jumps: one seed is one history, always.

Doors append, strangers put poison between, workers follow, die, stop, come back; log and store fail in every way
that `faults` knows, and now and then a store takes nothing of one dataset. Some time all is well again. Everything
random comes from the one generator, in the order in which the loop runs.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalogue.store import Document, Ref
from stream.consume import Limits
from stream.errors import Unavailable
from stream.events import decode
from stream.log import Message
from stream.topics import create_topics
from tests.support.faults import FaultyLog, Kind, Process
from tests.support.histories import history
from tests.support.memory_log import MemoryLog
from tests.support.nodes import (
    PARTITIONS,
    TOPICS,
    Worker,
    caught_up,
    check_model,
    check_words,
    dead_letters_of,
    documents_of,
    follow_to_end,
    messages,
    records,
    start_worker,
    words_of,
)
from tests.support.poison import poisons
from tests.support.trouble import DELAYS_S, Trouble, WatchedStore

NODES = ("a", "b")
SESSION_S = 2.0
CHECKS_MAX = 3000
FAULTS_MIN, FAULTS_MAX = 12, 30
REPLAYED = 5  # every fifth seed's log is read once more in peace; what the model says costs less
TWIN = 0.3  # how often a stopped process is replaced by another of its name, and wakes up beside it
POISON = list(poisons(10**6).values())
LIMITS = Limits(
    records_per_batch_max=20, fetch_wait_s=1.5, rebalance_every_s=0.6, retries_max=6, retry_first_s=0.05,
    retry_longest_s=0.5, commit_deadline_s=3.0,
)  # fmt: skip


@dataclass(repr=False)
class Simulation:
    """Everything there is; `run` ends when all is well and all has been read."""

    seed: int
    count: int
    rng: random.Random = field(init=False)
    trouble: Trouble = field(init=False)
    log: MemoryLog = field(default_factory=lambda: MemoryLog(session_s=SESSION_S))
    stores: dict[str, WatchedStore] = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)  # node: key
    over: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        random.seed(self.seed)  # the jitter of the consume loop
        self.trouble = Trouble(self.rng, self.rng.randint(FAULTS_MIN, FAULTS_MAX))
        self.stores = {node: WatchedStore(trouble=self.trouble) for node in NODES}

    async def run(self) -> None:
        await create_topics(self.log, TOPICS, PARTITIONS)
        keepers = [
            asyncio.create_task(self._keep(node, f"w{n}"))
            for node in NODES
            for n in range(self.rng.randint(1, 2))
        ]
        told = messages(history(self.rng, self.count, datasets=self.rng.randint(2, 10)))
        self.keys = sorted({message.key for message in told})
        menders = [asyncio.create_task(self._refuse(node)) for node in NODES]
        await self._doors(self._poisoned(told))
        for _ in range(CHECKS_MAX):
            if await self._well():
                break
            await asyncio.sleep(0.1)
        assert await self._well(), f"seed {self.seed}: it is not all read"
        self.over = True
        for worker in self.workers:
            worker.process.resume()
            worker.follower.stop()
        await asyncio.gather(*keepers, *menders)
        await asyncio.gather(*(worker.task for worker in self.workers), return_exceptions=True)
        await asyncio.gather(*(task for store in self.stores.values() for task in store.late))

    async def check(self) -> None:
        """The log's own order is what counts: model, nodes, outcomes and a quiet replay agree on it."""
        there = [*await records(self.log, TOPICS.collections), *await records(self.log, TOPICS.transactions)]
        bad = {one.message.value: one for one in POISON}
        events = [decode(record.value) for record in there if record.value not in bad]
        documents = [store.documents() for store in self.stores.values()]
        assert documents[0] == documents[1]
        if self.seed % REPLAYED == 0:
            assert documents[0] == await self._replayed()
        model = check_model(await documents_of(self.stores["a"], events), events)
        buried = {bad[record.value].event_id for record in there if record.value in bad} - {None}
        said = [await words_of(self.log, node) for node in NODES]
        for words, store in zip(said, self.stores.values(), strict=True):
            check_words(words, model, events)
            assert {event_id for event_id, told in words.items() if "dead-letter" in told} == buried
            assert store.two == []
        assert said[0] == said[1]
        assert said[0].keys() == {event.id for event in events} | buried
        assert {
            (one.topic, one.partition, one.offset, one.value) for one in await dead_letters_of(self.log)
        } == {(*record.place, record.offset, record.value) for record in there if record.value in bad}

    async def _well(self) -> bool:
        return self.trouble.left == 0 and all([await caught_up(self.log, node) for node in NODES])

    def _process(self, kinds: Sequence[Kind]) -> Process:
        process = Process(delay=lambda: self.rng.choice(DELAYS_S))
        process.plan = lambda call: self.trouble.strike(process, call, kinds)
        return process

    def _poisoned(self, told: list[Message]) -> list[Message]:
        for one in self.rng.sample(POISON, k=max(1, len(told) // 40)):
            told.insert(self.rng.randint(0, len(told)), one.message)
        return told

    async def _doors(self, told: list[Message]) -> None:
        """Append in small pieces; a piece without an answer is sent again, as a client would."""
        log = FaultyLog(self.log, self._process([Kind.DOWN]))
        while told:
            size = self.rng.randint(1, 12)
            try:
                await log.append(told[:size])
            except Unavailable:
                continue
            del told[:size]
            await asyncio.sleep(self.rng.uniform(0, 0.15))

    async def _keep(self, node: str, member: str) -> None:
        """Start a worker again whenever it has ended; or, sometimes, while it only stands still."""
        while not self.over:
            worker = start_worker(
                self.log, self.stores[node], node=node, member=member, process=self._process(list(Kind)),
                limits=LIMITS,
            )  # fmt: skip
            worker.store.refuses = lambda write: write.ref.routing == self.refused.get(node)
            self.workers.append(worker)
            while not worker.task.done():
                await asyncio.wait({worker.task}, timeout=0.5)
                if worker.process.stopped and self.rng.random() < TWIN:
                    break
            await asyncio.sleep(self.rng.uniform(0, SESSION_S))

    async def _refuse(self, node: str) -> None:
        """Now and then the store takes nothing of one dataset; a person sees what is parked, mends it and says so."""
        while not self.over:
            await asyncio.sleep(self.rng.uniform(0.2, 1.5))
            if node in self.refused:
                del self.refused[node]
            elif self.trouble.left:
                self.refused[node] = self.rng.choice(self.keys)
            for worker in self.workers:
                if not worker.task.done():
                    self.trouble.parked += len(worker.follower.parked)
                    worker.follower.unpark()

    async def _replayed(self) -> dict[Ref, Document]:
        store = WatchedStore(trouble=self.trouble)
        limits = Limits(records_per_batch_max=self.rng.randint(1, 40), rebalance_every_s=0.2)
        await follow_to_end(
            self.log, "replay", lambda: start_worker(self.log, store, node="replay", limits=limits)
        )
        return store.documents()
