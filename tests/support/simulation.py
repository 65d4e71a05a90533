"""A federation of two nodes under random trouble, in a loop whose clock jumps: one seed is one history, always.

Doors append, strangers put poison between, workers follow, die, stop, come back; log and store fail in every way
that `faults` knows, and now and then a store takes nothing of one dataset. Some time all is well again. Everything
random comes from the one generator, in the order in which the loop runs.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from catalogue.store import ITEMS, Document, Ref, Verdict, Write
from stream.consume import Limits
from stream.errors import Unavailable
from stream.events import decode
from stream.log import Message
from stream.topics import create_topics
from tests.support.faults import Call, Fault, FaultyLog, Kind, Process, never
from tests.support.histories import history
from tests.support.memory_log import MemoryLog
from tests.support.memory_store import MemoryStore
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

NODES = ("a", "b")
SESSION_S = 2.0
DEADLINE_S = 600.0
FAULTS_MIN, FAULTS_MAX = 15, 40
CALLS_TO_NEXT_FAULT = (1, 2, 5, 30, 60, 120)  # they come together, and then there is peace for a while
DELAYS_S = (0.0, 0.0, 0.0, 0.001, 0.02)  # before each call
TWIN = 0.3  # how often a stopped process is replaced by another of its name, and wakes up beside it
REFUSING = 0.1  # how often in a second a store begins to refuse a dataset
POISON = list(poisons(10**6).values())
LIMITS = Limits(
    records_per_batch_max=20, fetch_wait_s=0.3, rebalance_every_s=0.2, retries_max=6, retry_first_s=0.05,
    retry_longest_s=0.5, commit_deadline_s=3.0,
)  # fmt: skip


@dataclass
class WatchedStore(MemoryStore):
    """Looks after every single write whether a dataset has two records with `latest`."""

    latest: dict[str, set[str]] = field(default_factory=dict)
    two: list[str] = field(default_factory=list)

    def documents(self) -> dict[Ref, Document]:
        """All that there is."""
        return {write.ref: Document(write.version, write.body) for write in self.writes.values()}

    def _apply(self, write: Write) -> Verdict:
        verdict = super()._apply(write)
        if write.ref.kind == ITEMS and verdict is Verdict.ACCEPTED:
            there = self.latest.setdefault(write.ref.routing, set())
            (there.add if write.source["latest"] else there.discard)(write.ref.id)
            if len(there) > 1:
                self.two.append(f"{write.ref.routing} at {write.version}")
        return verdict


@dataclass
class Trouble:
    """Decides at which call of which process what goes wrong; `left` faults are still to come."""

    rng: random.Random
    left: int
    met: Counter[Kind] = field(default_factory=Counter)
    parked: int = 0
    trace: list[str] = field(default_factory=list)
    wait: int = 10

    def strike(self, process: Process, call: Call, kinds: Sequence[Kind]) -> Fault | None:
        self.trace.append(f"{call.what} {call.size}")
        self.wait -= 1
        if self.left == 0 or self.wait > 0:
            return None
        self.wait = self.rng.choice(CALLS_TO_NEXT_FAULT)
        kind = self.rng.choice(kinds)
        if call.size == 0 and kind in (Kind.PARTIAL, Kind.RACE):
            kind = Kind.DOWN
        self.left -= 1
        self.met[kind] += 1
        self.trace.append(f"{kind.name}")
        if kind is Kind.STOP:
            asyncio.get_running_loop().call_later(self.rng.uniform(0, 3 * SESSION_S), process.resume)
        return Fault(kind, self.rng.randint(0, call.size))


@dataclass(repr=False)
class Simulation:
    """Everything there is; `run` ends when all is well and all has been read."""

    seed: int
    count: int
    rng: random.Random = field(init=False)
    trouble: Trouble = field(init=False)
    log: MemoryLog = field(default_factory=lambda: MemoryLog(session_s=SESSION_S))
    stores: dict[str, WatchedStore] = field(default_factory=lambda: {node: WatchedStore() for node in NODES})
    workers: list[Worker] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    over: bool = False

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        random.seed(self.seed)  # the jitter of the consume loop
        self.trouble = Trouble(self.rng, self.rng.randint(FAULTS_MIN, FAULTS_MAX))

    async def run(self) -> None:
        await create_topics(self.log, TOPICS, PARTITIONS)
        keepers = [
            asyncio.create_task(self._keep(node, f"w{n}"))
            for node in NODES
            for n in range(self.rng.randint(1, 2))
        ]
        told = messages(history(self.rng, self.count, datasets=self.rng.randint(2, 10)))
        self.keys = sorted({message.key for message in told})
        await self._doors(self._poisoned(told))
        async with asyncio.timeout(DEADLINE_S):
            while not await self._well():
                await asyncio.sleep(0.1)
        self.over = True
        for worker in self.workers:
            worker.process.resume()
            worker.follower.stop()
        await asyncio.gather(*keepers)
        await asyncio.gather(*(worker.task for worker in self.workers), return_exceptions=True)

    async def check(self) -> None:
        """The log's own order is what counts: model, nodes, outcomes and a quiet replay agree on it."""
        there = [*await records(self.log, TOPICS.collections), *await records(self.log, TOPICS.transactions)]
        bad = {one.message.value: one for one in POISON}
        events = [decode(record.value) for record in there if record.value not in bad]
        documents = [store.documents() for store in self.stores.values()]
        assert documents[0] == documents[1] == await self._replayed()
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
            await asyncio.sleep(self.rng.uniform(0, 0.3))

    async def _keep(self, node: str, member: str) -> None:
        """Start a worker again whenever it has ended; or, sometimes, while it only stands still."""
        while not self.over:
            worker = start_worker(
                self.log, self.stores[node], node=node, member=member, process=self._process(list(Kind)),
                limits=LIMITS,
            )  # fmt: skip
            self.workers.append(worker)
            while not worker.task.done():
                await asyncio.wait({worker.task}, timeout=0.5)
                self._refuse_or_relent(worker)
                if worker.process.stopped and self.rng.random() < TWIN:
                    break
            await asyncio.sleep(self.rng.uniform(0, SESSION_S))

    def _refuse_or_relent(self, worker: Worker) -> None:
        """A person sees what is parked, mends the store and says so."""
        if worker.store.refuses is not never:
            self.trouble.parked += len(worker.follower.parked)
            worker.store.refuses = never
            worker.follower.unpark()
        elif self.trouble.left and self.rng.random() < REFUSING / 2:
            key = self.rng.choice(self.keys)
            self.trouble.trace.append(f"refuses {key}")
            worker.store.refuses = lambda write: write.ref.routing == key

    async def _replayed(self) -> dict[Ref, Document]:
        store = WatchedStore()
        limits = Limits(records_per_batch_max=self.rng.randint(1, 40), rebalance_every_s=0.2)
        await follow_to_end(
            self.log, "replay", lambda: start_worker(self.log, store, node="replay", limits=limits)
        )
        return store.documents()
