"""Handles: a follower of the outcome topics keeps them, and readers ask for them or wait."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from catalogue.content import canonical
from catalogue.store import REQUESTS, Equals, Query, Ref, Store, Verdict, Write
from stream.consume import Delivery
from stream.errors import Refused, Unavailable
from stream.events import Undecodable
from stream.log import Record
from stream.outcomes import Outcome, decode_outcome
from stream.position import position
from transaction_api import requests
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
        """Fold the messages into their blocks, then look whether a request has come to its end."""
        blocks: dict[Ref, list[Delivery[Outcome]]] = defaultdict(list)
        for delivery in part:
            topic = delivery.record.place.topic.rpartition(".")[2]
            blocks[_block_ref(delivery.key, topic, requests.block_of(delivery.message))].append(delivery)
        await self._write_blocks(blocks)
        handles = {delivery.key: _size(delivery.message) for delivery in part}
        await _write_summaries(self.store, await _read(self.store, handles))
        for handle in handles:
            for waiter in self.waiters.get(handle, ()):
                waiter.set()

    async def undecodable(self, record: Record, error: Undecodable) -> None:
        """ESGF's own outcomes may be on the topic; the dead letter is all that they need."""

    async def _write_blocks(self, blocks: dict[Ref, list[Delivery[Outcome]]]) -> None:
        left = dict(blocks)
        for _ in range(AGAIN_MAX):
            known = await self.store.get_many(list(left))
            writes = []
            for ref, deliveries in left.items():
                document = known.get(ref)
                version = document.version if document else -1
                new = [d for d in deliveries if position(OUTCOME_GENERATION, d.record.offset) > version]
                if new:
                    block = requests.fold_block(
                        orjson.loads(document.body) if document else None, (d.message for d in new)
                    )
                    last = position(OUTCOME_GENERATION, new[-1].record.offset)
                    writes.append(Write(ref, last, canonical(block), {}))
            left = await _refused_writes(self.store, writes, blocks)
            if not left:
                return
        raise Unavailable("other workers keep writing these requests")


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
        request, stored = (await _read(self.keeper.store, {own: 1}))[own]
        if not request.events:
            return {**requests.view(request, await self._unseen(own)), "id": handle, "event_id": handle}
        if index is not None:
            return requests.view_child(request, index, handle)
        state = stored["state"] if stored and stored["state"] in FINAL else request.state()
        return requests.view(request, state)

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
        wanted = (("state", state), ("collection", collection))
        filters = tuple(Equals(name, value) for name, value in wanted if value is not None)
        page = await self.keeper.store.search(Query(REQUESTS, filters=filters, limit=limit, after=after))
        found = [orjson.loads(body) for body in page.bodies]
        return {
            "requests": found,
            "numberMatched": page.matched,
            "numberReturned": len(found),
            "next": page.after,
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
            request, _ = (await _read(self.keeper.store, {handle: 1}))[handle]
            return ACCEPTED if request.events else LOST
        return ACCEPTED


def _block_ref(handle: str, topic: str, block: int) -> Ref:
    return Ref(REQUESTS, f"r:{handle}:{topic}:{block}", handle)


def _summary_ref(handle: str) -> Ref:
    return Ref(REQUESTS, f"q:{handle}", handle)


def _size(outcome: Outcome) -> int:
    return outcome.parent.of if outcome.parent else 1


async def _read(store: Store, handles: Mapping[str, int]) -> dict[str, tuple[Request, Json | None]]:
    """Each handle's request and stored summary, given the least number of events that it is known to have.

    The summary and the first blocks may tell that there are more.
    """
    first = {handle: [_block_ref(handle, topic, 0) for topic in TOPICS] for handle in handles}
    known = await store.get_many(
        [ref for refs in first.values() for ref in refs] + [*map(_summary_ref, first)]
    )
    summaries = {h: orjson.loads(known[ref].body) for h in first if (ref := _summary_ref(h)) in known}
    blocks = {h: [orjson.loads(known[ref].body) for ref in refs if ref in known] for h, refs in first.items()}
    return {
        h: (await _joined(store, h, least, blocks[h], summaries.get(h)), summaries.get(h))
        for h, least in handles.items()
    }


async def _joined(store: Store, handle: str, least: int, first: list[Json], summary: Json | None) -> Request:
    of = max([least, *(block["of"] for block in first), summary["of"] if summary else 1])
    more = [
        _block_ref(handle, topic, block) for topic in TOPICS for block in requests.blocks_of(of) if block > 0
    ]
    found = await store.get_many(more)
    return requests.join(handle, [*first, *(orjson.loads(document.body) for document in found.values())])


async def _write_summaries(store: Store, known: dict[str, tuple[Request, Json | None]]) -> None:
    """One document per request that lists can search; a final state in it stays. Stale means: another knew more."""
    writes = []
    for handle, (request, stored) in known.items():
        state = stored["state"] if stored and stored["state"] in FINAL else request.state()
        summary = {
            "id": handle, "state": state, "collection": request.collection, "time": request.since, "of": request.of,
            "request_id": request.request_id, "counts": request.counts(),
        }  # fmt: skip
        writes.append(Write(_summary_ref(handle), request.reports, canonical(summary), summary))
    if Verdict.UNAVAILABLE in await store.apply(writes):
        raise Unavailable("the store did not take the state of a request")


async def _refused_writes(
    store: Store, writes: list[Write], blocks: dict[Ref, list[Delivery[Outcome]]]
) -> dict[Ref, list[Delivery[Outcome]]]:
    """The blocks to read and fold again, because another worker has written them meanwhile."""
    verdicts = await store.apply(writes)
    if Verdict.UNAVAILABLE in verdicts:
        raise Unavailable("the store did not take an outcome")
    if Verdict.REFUSED in verdicts:
        raise ValueError("the store will never take an outcome")
    return {
        w.ref: blocks[w.ref] for w, verdict in zip(writes, verdicts, strict=True) if verdict is Verdict.STALE
    }
