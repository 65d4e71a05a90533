"""The re-check: a follower repeats the door's checks with the very rules that the event is stamped with.

It never changes what is written. A failure is an outcome `anomaly` beside the others. Where this node lacks some of
the stamped rules, the record as the event leaves it is kept aside, and checked once the rules have come: nothing is
guessed, and nobody waits.

Anomalies are told before the record is written, while what it was before the event can still be read; so whoever
repeats a round finds either the old record, and tells them again, or the new one, and need not.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from catalogue.content import canonical
from catalogue.filters import equal
from catalogue.store import UNCHECKED, Place, Query, Ref, Store, Verdict, Write
from checks.book import Book, Missing
from checks.verdict import CHECKED_ACTIONS, forgiven, problem_of
from schemas.core import check_collection
from stream import metrics
from stream.errors import Finding, Problem, Unavailable
from stream.events import Event, decode
from stream.log import Log, Message
from stream.outcomes import encode_outcome, outcome_of

logger = logging.getLogger(__name__)
Json = dict[str, Any]
ANOMALY = "anomaly"
WAITING, DONE = "waiting", "done"
PAGE = 100
LOOK_EVERY_S = 1.0


class Change(NamedTuple):
    """What an event made of a record. `value` are the event's bytes; `before` is None where there was no record."""

    event: Event
    partition: int
    offset: int
    position: int
    value: bytes
    before: Json | None
    after: Json


@dataclass
class Recheck:
    """The checks of one node's followers. `waiting` is how many records are kept aside, as far as is known here."""

    node: str
    book: Book
    store: Store
    log: Log
    prefix: str
    now: Callable[[], str]
    waiting: int = 0
    missing: tuple[str, ...] = ()
    _looked: int = field(default=-1)

    async def look(self, changes: Sequence[Change]) -> dict[str, tuple[str, ...]]:
        """Check these; event id -> what is missing to check it. Safe to repeat."""
        anomalies, aside, missing = [], [], {}
        for change in changes:
            verdict = self._verdict(change.event, change.before, change.after)
            if isinstance(verdict, Missing):
                missing[change.event.id] = verdict.what
                aside.append(_kept(change, verdict.what))
            elif verdict is not None:
                place = change.partition, change.offset
                anomalies.append(self._anomaly(change.event, *place, verdict))
        if aside:
            await self._keep(aside)
            self._tell_missing(len(aside), missing.values())
        if anomalies:
            await self.log.append(anomalies)
        return missing

    async def known(self, event_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """What was missing for those events that are kept aside."""
        found = await self.store.get_many([_ref(event_id) for event_id in event_ids])
        kept = [orjson.loads(document.body) for document in found.values()]
        return {one["event_id"]: tuple(one["missing"]) for one in kept if one["state"] == WAITING}

    async def run(self) -> None:
        """For ever: check what is kept aside whenever the rules have changed."""
        while True:
            revision = self.book.revision
            if revision != self._looked:
                try:
                    await self.catch_up()
                    self._looked = revision
                except Unavailable as error:
                    logger.warning("records kept aside are not checked yet", extra={"detail": str(error)})
            await asyncio.sleep(LOOK_EVERY_S)

    async def catch_up(self) -> int:
        """Check all that is kept aside and can be checked now; how many are left."""
        left, what = 0, set[str]()
        after: Place | None = None
        while True:
            page = await self.store.search(
                Query(UNCHECKED, filter=equal("state", WAITING), limit=PAGE, after=after)
            )
            for body in page.bodies:
                missing = await self._again(orjson.loads(body))
                left += bool(missing)
                what |= set(missing)
            after = page.after
            if after is None:
                break
        self.waiting, self.missing = left, tuple(sorted(what))
        metrics.UNCHECKED.labels(self.node).set(left)
        return left

    async def _again(self, kept: Json) -> tuple[str, ...]:
        event = decode(canonical(kept["event"]))
        verdict = self._verdict(event, kept["before"], kept["after"])
        if isinstance(verdict, Missing):
            return verdict.what
        if verdict is not None:
            await self.log.append([self._anomaly(event, kept["partition"], kept["offset"], verdict)])
        done = {"event_id": event.id, "state": DONE, "missing": []}
        # Nobody else writes this document, so one above the event's position is free.
        await self._keep([Write(_ref(event.id), kept["position"] + 1, canonical(done), {"state": DONE})])
        return ()

    def _verdict(self, event: Event, before: Json | None, after: Json) -> Problem | Missing | None:
        if event.about_collection:
            return self._problem(event, check_collection(after))
        checker = self.book.stamped(event)
        if isinstance(checker, Missing):
            return checker
        findings = checker.check(after)
        if findings and before is not None and event.action == "correct":
            findings = forgiven(checker.check(before), findings)
        return self._problem(event, findings)

    def _problem(self, event: Event, findings: Sequence[Finding]) -> Problem | None:
        subject = f"{event.collection}/{event.item_id} was accepted, but fails its checks"
        return problem_of(subject, findings) if findings else None

    def _anomaly(self, event: Event, partition: int, offset: int, problem: Problem) -> Message:
        told = {"event_id": event.id, "handle": event.handle, "item": f"{event.collection}/{event.item_id}"}
        logger.error("anomaly", extra={**told, "detail": problem.detail})
        metrics.OUTCOMES.labels("index", event.action, ANOMALY).inc()
        outcome = outcome_of(event, self.node, ANOMALY, problem, partition, offset, self.now())
        return encode_outcome(self.prefix, outcome, event)

    def _tell_missing(self, count: int, missing: Iterable[tuple[str, ...]]) -> None:
        self.waiting += count  # after a crash some were counted before; `catch_up` counts again
        metrics.UNCHECKED.labels(self.node).set(self.waiting)
        what = {name for names in missing for name in names}
        if not what <= set(self.missing):
            self.missing = tuple(sorted({*self.missing, *what}))
            logger.error(
                "records are applied unchecked until this is imported", extra={"missing": self.missing}
            )

    async def _keep(self, writes: Sequence[Write]) -> None:
        verdicts = await self.store.apply(writes)
        if Verdict.UNAVAILABLE in verdicts:
            raise Unavailable("the store did not take a record to be checked later")
        if Verdict.REFUSED in verdicts:
            raise ValueError("the store will never take a record to be checked later")


def is_checked(event: Event) -> bool:
    """Whether the event changes what the checks look at."""
    return event.action in CHECKED_ACTIONS


def _kept(change: Change, missing: tuple[str, ...]) -> Write:
    event = change.event
    body = {
        "event_id": event.id, "state": WAITING, "missing": missing, "partition": change.partition,
        "offset": change.offset, "position": change.position, "event": orjson.loads(change.value),
        "before": change.before if event.action == "correct" else None, "after": change.after,
    }  # fmt: skip
    source = {"state": WAITING, "collection": event.collection, "time": event.time}
    return Write(_ref(event.id), change.position, canonical(body), source)


def _ref(event_id: str) -> Ref:
    return Ref(UNCHECKED, f"u:{event_id}", event_id)
