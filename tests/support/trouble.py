"""What goes wrong in a simulation, and when: at the calls of processes, and inside the store.

Everything random comes from one generator, in the order in which the loop runs.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from catalogue.store import ITEMS, Document, Ref, Verdict, Write
from stream.errors import Unavailable
from tests.support.faults import Call, Fault, Kind, Process
from tests.support.memory_store import MemoryStore

T = TypeVar("T")
CALLS_TO_NEXT_FAULT = (1, 2, 5, 30, 60, 120)  # they come together, and then there is peace for a while
DELAYS_S = (0.0, 0.0, 0.0, 0.001, 0.02)  # before each call
LATE, LATE_S = 0.03, 2.0  # how often a call of the store is done without an answer, and how much later
SLOW, SLOW_S = 0.02, 1.0  # how often a call of the store takes long between two documents, and how long
STOPPED_S = 6.0  # at most; three sessions


@dataclass
class Trouble:
    """Decides at which call of which process what goes wrong; `left` faults are still to come."""

    rng: random.Random
    left: int
    met: Counter[Kind] = field(default_factory=Counter)
    late: int = 0
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
            asyncio.get_running_loop().call_later(self.rng.uniform(0, STOPPED_S), process.resume)
        return Fault(kind, self.rng.randint(0, call.size))

    def is_late(self) -> bool:
        """Whether a call of the store is done later than anybody waits for it."""
        late = self.left > 0 and self.rng.random() < LATE
        self.late += late
        return late

    def shuffled(self, several: Sequence[T]) -> list[T]:
        return self.rng.sample(several, len(several))

    async def moment(self) -> None:
        """Time in which something else may happen; now and then, a lot of it."""
        draw = self.rng.random()
        if draw < SLOW:
            await asyncio.sleep(self.rng.uniform(0, SLOW_S))
        elif draw < 0.3:
            await asyncio.sleep(self.rng.choice(DELAYS_S))


@dataclass
class WatchedStore(MemoryStore):
    """No call is a snapshot, some writes come late; after each one it is seen whether two records are `latest`."""

    trouble: Trouble = field(kw_only=True)
    late: list[asyncio.Task[None]] = field(default_factory=list)
    latest: dict[str, set[str]] = field(default_factory=dict)
    two: list[str] = field(default_factory=list)

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        found: dict[Ref, Document] = {}
        for ref in self.trouble.shuffled(refs):
            await self.trouble.moment()
            found |= await super().get_many([ref])
        return found

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        if self.trouble.is_late():
            self.late.append(asyncio.create_task(self._apply_later(writes)))
            raise Unavailable("no answer came in time")
        return await self._apply_each(writes)

    def documents(self) -> dict[Ref, Document]:
        """All that there is."""
        return {write.ref: Document(write.version, write.body) for write in self.writes.values()}

    async def _apply_later(self, writes: Sequence[Write]) -> None:
        await asyncio.sleep(self.trouble.rng.uniform(0, LATE_S))
        await self._apply_each(writes)

    async def _apply_each(self, writes: Sequence[Write]) -> list[Verdict]:
        verdicts = {}
        for write in self.trouble.shuffled(writes):
            await self.trouble.moment()
            verdicts[write.ref] = self._apply(write)
        return [verdicts[write.ref] for write in writes]

    def _apply(self, write: Write) -> Verdict:
        verdict = super()._apply(write)
        if write.ref.kind == ITEMS and verdict is Verdict.ACCEPTED:
            there = self.latest.setdefault(write.ref.routing, set())
            (there.add if write.source["latest"] else there.discard)(write.ref.id)
            if len(there) > 1:
                self.two.append(f"{write.ref.routing} at {write.version}")
        return verdict
