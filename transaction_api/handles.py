"""Handles: a follower of the outcome topics keeps them, and readers ask for them or wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from catalogue.content import canonical
from catalogue.filters import All, equal
from catalogue.store import REQUESTS, Query, Ref, Store, Verdict, Write
from stream.consume import Delivery
from stream.errors import Refused, Unavailable
from stream.events import Undecodable
from stream.log import Record
from stream.outcomes import Outcome, decode_outcome
from stream.position import position
from transaction_api import bookmarks, requests
from transaction_api.ids import Minter
from transaction_api.requests import ACCEPTED, FINAL, LOST, Json, Request

AGAIN_MAX = 10
POLL_S = 0.25  # how often a waiter looks for what a follower in another process has written
OUTCOME_GENERATION = 1  # the outcome topics have no generations
TOPICS = ("success", "errors")
DAY_MS = 86_400_000


@dataclass
class HandleKeeper:
    """The handler of the handles' follower. `changed` wakes those who wait in this process."""

    store: Store
    waiters: dict[str, set[asyncio.Event]] = field(default_factory=dict)

    def decode(self, record: Record) -> tuple[str, Outcome]:
        outcome = decode_outcome(record.value)
        return outcome.handle, outcome

    async def round(self, part: Sequence[Delivery[Outcome]]) -> None:
        """Fold the messages into their requests, and wake who waits for one of them."""
        left: dict[str, list[Delivery[Outcome]]] = defaultdict(list)
        for delivery in part:
            left[delivery.key].append(delivery)
        handles = list(left)
        for _ in range(AGAIN_MAX):
            if not left:
                break
            left = await self._fold(left)
        else:
            raise Unavailable("other workers keep writing these requests")
        for handle in handles:
            for waiter in self.waiters.get(handle, ()):
                waiter.set()

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        """ESGF's own outcomes may be on the topic; the dead letter is all that they need."""

    async def _fold(self, told: dict[str, list[Delivery[Outcome]]]) -> dict[str, list[Delivery[Outcome]]]:
        """Write the blocks; those to fold again, because another worker has written one of theirs meanwhile.

        A state that is final by what is known here is written beside the blocks. Any other is looked at again after
        them: of two workers that each know half of the outcomes, the later one then sees all.
        """
        loaded = await _load(self.store, {handle: _size(found[-1].message) for handle, found in told.items()})
        writes: list[Write] = []
        for handle, deliveries in told.items():
            writes += _folded(loaded[handle], deliveries)
        writes += [_summary(known) for known in loaded.values() if known.state in FINAL]
        verdicts = await _apply(self.store, writes)
        stale = {write.ref.routing for write, verdict in zip(writes, verdicts, strict=True)
                 if verdict is Verdict.STALE and write.ref.id.startswith("r:")}  # fmt: skip
        open_ = {handle: known.request.of for handle, known in loaded.items() if known.state not in FINAL}
        if open_:
            await _apply(self.store, [_summary(known) for known in (await _load(self.store, open_)).values()])
        return {handle: told[handle] for handle in stale}


@dataclass
class Handles:
    """The readers' side. `settled_end` waits, a limited time, until the site has read all that the log has now."""

    keeper: HandleKeeper
    minter: Minter
    settled_end: Callable[[], Awaitable[bool]]
    now_ms: Callable[[], int]
    deadline_ms: int
    retention_ms: int

    async def get(self, handle: str) -> Json:
        """A request as it stands. Refused (404) for an id that no door has given and no outcome names."""
        own, index = self.minter.family(handle)
        known = (await _load(self.keeper.store, {own: 1}))[own]
        request = known.request
        if not request.events:
            return {**requests.view(request, await self._unseen(own)), "id": handle, "event_id": handle}
        if index is not None:
            return requests.view_child(request, index, handle)
        return requests.view(request, known.state)

    async def wait(self, handle: str, wait_s: float) -> Json:
        """The request once its state is final, or as it stands after `wait_s`."""
        deadline = asyncio.get_running_loop().time() + wait_s
        own, _ = self.minter.family(handle)
        changed = asyncio.Event()
        waiters = self.keeper.waiters.setdefault(own, set())
        waiters.add(changed)
        try:
            while True:
                found = await self.get(handle)
                left = deadline - asyncio.get_running_loop().time()
                if found["state"] in FINAL or left <= 0:
                    return found
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left, POLL_S))
                changed.clear()
        finally:
            waiters.discard(changed)
            if not waiters:
                self.keeper.waiters.pop(own, None)

    async def list(self, state: str | None, collection: str | None, limit: int, after: str | None) -> Json:
        """Requests with at least one outcome, by state and collection, in the order of their ids."""
        asked = (("state", state), ("collection", collection))
        wanted = All(tuple(equal(name, value) for name, value in asked if value is not None))
        place = None if after is None else bookmarks.read(after)
        query = Query(REQUESTS, filter=wanted, limit=limit, after=place)
        try:
            page = await self.keeper.store.search(query)
        except ValueError:
            if after is None:
                raise
            raise bookmarks.bad_bookmark(after) from None
        found = [orjson.loads(body) for body in page.bodies]
        return {
            "requests": found,
            "numberMatched": page.matched,
            "numberReturned": len(found),
            "next": None if page.after is None else bookmarks.written(page.after),
        }

    async def _unseen(self, handle: str) -> str:
        """The state of an id of ours without any outcome."""
        if not self.minter.genuine(handle):
            raise Refused(
                "request-does-not-exist", f"{handle} is not a handle that this federation has given"
            )
        minted = self.minter.minted_ms(handle)
        age = 0 if minted is None else self.now_ms() - minted
        if age > self.retention_ms:
            raise Refused(
                "request-does-not-exist", f"{handle} is older than {self.retention_ms // DAY_MS} days"
            )
        if age > self.deadline_ms and await self.settled_end():
            known = (await _load(self.keeper.store, {handle: 1}))[handle]
            return known.state if known.request.events else LOST
        return ACCEPTED


@dataclass
class _Known:
    """All stored documents of a request: its blocks with their versions, and its summary."""

    handle: str
    least: int
    blocks: dict[Ref, tuple[int, Json]] = field(default_factory=dict)
    summary: Json | None = None

    @property
    def of(self) -> int:
        """The least number of events that the request is known to have."""
        sizes = [int(block["of"]) for _, block in self.blocks.values()]
        return max([self.least, *sizes, int(self.summary["of"]) if self.summary else 1])

    @cached_property
    def request(self) -> Request:
        """What the blocks say, once they are complete."""
        return requests.join(self.handle, [block for _, block in self.blocks.values()])

    @property
    def state(self) -> str:
        """The stored state where that is final, else what the outcomes come to."""
        stored = self.summary["state"] if self.summary else ACCEPTED
        return str(stored) if stored in FINAL else self.request.state


def _folded(known: _Known, deliveries: Sequence[Delivery[Outcome]]) -> list[Write]:
    """The writes of the blocks that these messages change; `known` is changed with them."""
    by_block: dict[Ref, list[Delivery[Outcome]]] = defaultdict(list)
    for delivery in deliveries:
        topic = delivery.record.place.topic.rpartition(".")[2]
        by_block[_block_ref(known.handle, topic, requests.block_of(delivery.message))].append(delivery)
    writes = []
    for ref, mine in by_block.items():
        version, block = known.blocks.get(ref, (-1, None))
        new = [d for d in mine if position(OUTCOME_GENERATION, d.record.offset) > version]
        if new:
            last = position(OUTCOME_GENERATION, new[-1].record.offset)
            known.blocks[ref] = last, requests.fold_block(block, [d.message for d in new])
            writes.append(Write(ref, last, canonical(known.blocks[ref][1]), {}))
    return writes


def _summary(known: _Known) -> Write:
    """One document per request that lists can search; its version is the number of outcomes, which only grows."""
    request = known.request
    summary = {
        "id": known.handle, "state": known.state, "collection": request.collection, "time": request.since,
        "of": known.of, "request_id": request.request_id, "counts": request.counts,
    }  # fmt: skip
    return Write(_summary_ref(known.handle), request.reports, canonical(summary), summary)


async def _load(store: Store, handles: Mapping[str, int]) -> dict[str, _Known]:
    """Each handle's documents, given the least number of events that it is known to have; they may tell of more."""
    found = {handle: _Known(handle, least) for handle, least in handles.items()}
    asked: set[Ref] = set()
    for _ in range(2):
        refs = {ref for known in found.values() for ref in _refs(known)} - asked
        asked |= refs
        for ref, document in (await store.get_many(list(refs))).items():
            known, content = found[ref.routing], orjson.loads(document.body)
            if ref.id.startswith("q:"):
                known.summary = content
            else:
                known.blocks[ref] = document.version, content
    return found


def _refs(known: _Known) -> list[Ref]:
    blocks = [_block_ref(known.handle, topic, n) for topic in TOPICS for n in requests.blocks_of(known.of)]
    return [_summary_ref(known.handle), *blocks]


async def _apply(store: Store, writes: list[Write]) -> list[Verdict]:
    verdicts = await store.apply(writes)
    if Verdict.UNAVAILABLE in verdicts:
        raise Unavailable("the store did not take an outcome")
    if Verdict.REFUSED in verdicts:
        raise ValueError("the store will never take an outcome")
    return verdicts


def _block_ref(handle: str, topic: str, block: int) -> Ref:
    return Ref(REQUESTS, f"r:{handle}:{topic}:{block}", handle)


def _summary_ref(handle: str) -> Ref:
    return Ref(REQUESTS, f"q:{handle}", handle)


def _size(outcome: Outcome) -> int:
    return outcome.parent.of if outcome.parent else 1
