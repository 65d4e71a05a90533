"""The publishers' door: from a request that was read to an event that the log has acknowledged.

The dry run of `decide` on what the site knows is a courtesy that turns most refusals into answers; where the site
cannot be sure in time the event is appended and the index node decides.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from catalogue.decide import REJECTED, UNCHANGED
from catalogue.latest import ordered as in_order
from catalogue.lifecycle import ACTIONS, Right
from checks.book import Checker
from checks.verdict import errors_first, told_once
from stream.errors import Finding, Refused, Unavailable
from stream.events import Event, Parent, Requester, Rules
from transaction_api.append import Appender
from transaction_api.body import under
from transaction_api.calls import Accepted, Call, Item, Order, Preview, check_order
from transaction_api.mint import Mint
from transaction_api.policy import Identity, Policy, require
from transaction_api.site import Known, Site
from transaction_api.stamp import (
    UNCHECKED,
    Stamper,
    attempt,
    checked,
    checked_change,
    checked_collection,
    named_rules,
    ordered,
    recognised,
)

LOOK_UP_S = 1.0  # how long a courtesy may take beside its waiting time
FEATURES_COMPLETED_MAX = 100  # that are looked at although the body is refused already
FINDINGS_MAX = 1000  # of a FeatureCollection
FEATURES_AT_A_TIME = 50  # of a FeatureCollection, before other requests are let through


@dataclass
class Door:
    """All writes of one Transaction API. Each method answers the handle of an acknowledged request."""

    node: str
    expected: tuple[str, ...]
    site: Site
    policy: Policy
    mint: Mint
    appender: Appender
    now: Callable[[], str]
    fold: int = 1
    stamper: Stamper = field(init=False)

    def __post_init__(self) -> None:
        self.stamper = Stamper(self.node, self.expected, self.fold)

    async def publish(self, call: Call, collection: str, item: Item) -> Accepted:
        """POST of one Item."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        checker = await self.site.rules(collection)
        sound, findings = checked(item, checker)
        event = self.stamper.publication(call, checker, collection, sound, **self._new(call))
        await self._refuse_early(event)
        return await self._append(call, event, findings)

    async def publish_all(self, call: Call, collection: str, items: Sequence[Item]) -> Accepted:
        """POST of a FeatureCollection: one request; every feature is checked before any is appended."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        checker = await self.site.rules(collection)
        findings: list[Finding] = []
        faulty, messages, seen = 0, [], set[tuple[str, str, str]]()
        handle, now = self.mint.id_of(call, family=True), self.now()
        for index, item in enumerate(items):
            # One item is checked, digested and encoded before the next is touched: that is twice as fast.
            told = {"time": now, "parent": Parent(handle, index, len(items))}
            try:
                child, (sound, own) = self.mint.minter.child(handle, index), checked(item, checker)
                event = self.stamper.publication(call, checker, collection, sound, id=child, **told)
                messages.append(self.appender.message(event))
            except Refused as refusal:
                faulty += 1
                own = refusal.problem.findings or (Finding("item", "", refusal.problem.detail),)
            if own and len(findings) < FINDINGS_MAX:
                findings += [replace(finding, index=index) for finding in own if told_once(finding, seen)]
            if index % FEATURES_AT_A_TIME == FEATURES_AT_A_TIME - 1:
                await asyncio.sleep(0)
        if faulty:
            detail = f"{faulty} of {len(items)} features are not valid"
            raise Refused("stac-validation", detail, *errors_first(findings)[:FINDINGS_MAX])
        self.mint.remember(call)
        return Accepted(await self.appender.append_all(handle, messages), tuple(findings[:FINDINGS_MAX]))

    async def completed(self, refusal: Refused, collection: str, posted: Any) -> Refused:
        """A refusal of a body for its form, with what the checks find in it besides: all findings at once."""
        try:
            checker = await self.site.rules(collection)
        except (Refused, Unavailable):
            return refusal
        many = isinstance(posted, dict) and isinstance(posted.get("features"), list)
        features = list(enumerate(posted["features"][:FEATURES_COMPLETED_MAX])) if many else [(None, posted)]
        problem = refusal.problem
        findings = list(problem.findings)
        known = {(finding.index, finding.pointer) for finding in findings}
        for index, feature in features:
            more = checker.check(feature) if isinstance(feature, dict) else ()
            findings += [
                replace(finding, index=index) for finding in more if (index, finding.pointer) not in known
            ]
        return Refused(problem.kind, problem.detail, *errors_first(findings)[:FINDINGS_MAX])

    async def preview(self, collection: str, items: Sequence[Item]) -> list[Preview]:
        """What publishing these items would come to; nothing is appended."""
        checker = await self.site.rules(collection)
        return [await self._preview(checker, collection, item) for item in items]

    async def put(self, call: Call, collection: str, item_id: str, item: Item) -> Accepted:
        """PUT: a correction where only mutable paths differ, else a replacement, which needs its own right."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        checker = await self.site.rules(collection)
        known = await self.site.item(collection, item_id, named_rules(checker.profile, item_id))
        event, findings = self.stamper.put(
            call, checker, collection, item, known,
            lambda: self.policy.allows(call.identity, Right.EXEMPT, collection, None), **self._new(call),
        )  # fmt: skip
        await self._refuse_early(event)
        return await self._append(call, event, findings)

    async def patch(self, call: Call, collection: str, item_id: str, patch: Any) -> Accepted:
        """PATCH: the action is recognised from the paths that the patch touches."""
        checker = await self.site.rules(collection)
        profile = checker.profile
        rules = named_rules(profile, item_id)
        known = await self.site.item(collection, item_id, rules)
        found = recognised(patch, rules, known)
        require(self.policy, call.identity, ACTIONS[found.action].right, collection, found.node)
        event = self.stamper.patch(call, profile, collection, item_id, patch, found, known, **self._new(call))
        known = await self._refuse_early(event, known) or known
        event, findings = checked_change(event, known, checker)
        return await self._append(call, event, findings)

    async def act(self, call: Call, collection: str, item_id: str, action: str, order: Order) -> Accepted:
        """An action by its name, with its reason and what it takes."""
        if action not in ACTIONS:
            raise Refused("operation-not-permitted", f"{action} is none of {', '.join(ACTIONS)}")
        check_order(action, order)
        require(self.policy, call.identity, ACTIONS[action].right, collection, order.node)
        checker = await self.site.rules(collection)
        profile = checker.profile
        rules = named_rules(profile, item_id)
        known = await self.site.item(collection, item_id, rules)
        stamps, findings = UNCHECKED, tuple[Finding, ...]()
        if order.item is not None:
            before = known.record.item if known.record and action == "correct" else None
            with under("/item"):
                sound, findings = checked(order.item, checker, before)
            order, stamps = replace(order, item=sound), checker.stamps(sound)
        event = self.stamper.event(
            call, profile, collection, item_id, action, rules, stamps, **self._new(call)
        )
        event = ordered(event, order, known, self.appender.limits.message_bytes_max)
        known = await self._refuse_early(event, known) or known
        if order.item is None:
            event, findings = checked_change(event, known, checker)
        return await self._append(call, event, findings)

    async def put_collection(self, call: Call, body: Item, *, create: bool) -> Accepted:
        """POST (create) or PUT (replace) of a Collection."""
        collection = body["id"]
        require(self.policy, call.identity, Right.ADMINISTER, collection)
        profile = self.site.book.profile_of(collection)
        sound, action = checked_collection(body), "publish" if create else "replace"
        event = self.stamper.collection(call, profile, sound, action, **self._new(call))
        await self._refuse_early(event)
        return await self._append(call, event)

    def _new(self, call: Call) -> dict[str, str]:
        """What is new with every call: the id of its event, and the time."""
        return {"id": self.mint.id_of(call), "time": self.now()}

    async def _append(self, call: Call, event: Event, findings: tuple[Finding, ...] = ()) -> Accepted:
        self.mint.remember(call)
        return Accepted(await self.appender.append(event), findings)

    async def _preview(self, checker: Checker, collection: str, item: Item) -> Preview:
        nobody = Call(Identity(Requester()), "", ("", ""), "POST", "")
        try:
            sound, _ = checked(item, checker)
            event = self.stamper.publication(nobody, checker, collection, sound, **self._new(nobody))
            known = await self._known(event)
            decision = attempt(event, known)
        except Refused as refusal:
            return Preview(item["id"], "refused", problem=refusal.problem)
        versions = tuple(in_order(known.head.versions)) if known.head else ()
        if decision.outcome == REJECTED:
            return Preview(item["id"], "refused", versions, decision.problem)
        if decision.outcome == UNCHANGED:
            return Preview(item["id"], "exists", versions)
        return Preview(item["id"], "new version" if set(versions) - {item["id"]} else "new", versions)

    async def _known(self, event: Event) -> Known:
        if event.about_collection:
            return await self.site.collection(event.collection)
        return await self.site.item(event.collection, event.item_id, _rules(event))

    async def _refuse_early(self, event: Event, known: Known | None = None) -> Known | None:
        """Refused where the site is sure that the index node would reject the event; else what it has read last.

        A site whose store does not answer is sure of nothing: the event is appended, and the index node decides.
        """
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(self.site.wait_s + LOOK_UP_S):
                return await self._courtesy(event, known)
        return None

    async def _courtesy(self, event: Event, known: Known | None) -> Known | None:
        if event.action == "publish" and not event.about_collection and await self.site.new(event):
            return None  # nothing is in its way; that is so of most, and costs one small document
        known = known or await self._known(event)
        if known.head and known.head.entry(event.id):
            return known  # the same request once more: its handle tells what became of it
        if known.sound and attempt(event, known).problem is None:
            return known
        topic = self.site.topics.collections if event.about_collection else self.site.topics.transactions
        if not await self.site.applied(topic, event.key):
            return known
        known = await self._known(event)
        problem = attempt(event, known).problem if known.sound else None
        if problem is not None:
            raise Refused(problem.kind, problem.detail, *problem.findings)
        return known


def _rules(event: Event) -> Rules:
    if event.rules is None:
        raise ValueError("the event has no rules yet")
    return event.rules
