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
from catalogue.profile import Profile
from stream.errors import Finding, Refused, Unavailable
from stream.events import Event, Parent, Requester, Rules
from transaction_api.append import Appender
from transaction_api.body import under
from transaction_api.calls import Call, Item, Order, Preview, check_order
from transaction_api.mint import Mint
from transaction_api.policy import Identity, Policy, require
from transaction_api.site import Known, Site
from transaction_api.stamp import (
    Stamper,
    attempt,
    checked,
    checked_collection,
    named_rules,
    ordered,
    recognised,
)

LOOK_UP_S = 1.0  # how long a courtesy may take beside its waiting time
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

    async def publish(self, call: Call, collection: str, item: Item) -> str:
        """POST of one Item."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        profile = await self.site.profile(collection)
        sound = checked(item, profile)
        event = self.stamper.publication(call, profile, collection, sound, **self._new(call))
        await self._refuse_early(event)
        return await self._append(call, event)

    async def publish_all(self, call: Call, collection: str, items: Sequence[Item]) -> str:
        """POST of a FeatureCollection: one request; every feature is checked before any is appended."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        profile = await self.site.profile(collection)
        findings: list[Finding] = []
        messages = []
        handle, now = self.mint.id_of(call, family=True), self.now()
        for index, item in enumerate(items):
            # One item is checked, digested and encoded before the next is touched: that is twice as fast.
            told = {"time": now, "parent": Parent(handle, index, len(items))}
            try:
                child, sound = self.mint.minter.child(handle, index), checked(item, profile)
                event = self.stamper.publication(call, profile, collection, sound, id=child, **told)
                messages.append(self.appender.message(event))
            except Refused as refusal:
                own = refusal.problem.findings or (Finding("item", "", refusal.problem.detail),)
                findings += [replace(finding, index=index) for finding in own]
            if index % FEATURES_AT_A_TIME == FEATURES_AT_A_TIME - 1:
                await asyncio.sleep(0)
        if findings:
            faulty = len({finding.index for finding in findings})
            raise Refused(
                "stac-validation", f"{faulty} of {len(items)} features are not valid", *findings[:1000]
            )
        self.mint.remember(call)
        return await self.appender.append_all(handle, messages)

    async def preview(self, collection: str, items: Sequence[Item]) -> list[Preview]:
        """What publishing these items would come to; nothing is appended."""
        profile = await self.site.profile(collection)
        return [await self._preview(profile, collection, item) for item in items]

    async def put(self, call: Call, collection: str, item_id: str, item: Item) -> str:
        """PUT: a correction where only mutable paths differ, else a replacement, which needs its own right."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        profile = await self.site.profile(collection)
        sound = checked(item, profile)
        known = await self.site.item(collection, item_id, profile.rules(item_id))
        event = self.stamper.put(
            call, profile, collection, sound, known,
            lambda: self.policy.allows(call.identity, Right.EXEMPT, collection, None), **self._new(call),
        )  # fmt: skip
        await self._refuse_early(event)
        return await self._append(call, event)

    async def patch(self, call: Call, collection: str, item_id: str, patch: Any) -> str:
        """PATCH: the action is recognised from the paths that the patch touches."""
        profile = await self.site.profile(collection)
        rules = named_rules(profile, item_id)
        known = await self.site.item(collection, item_id, rules)
        found = recognised(patch, rules, known)
        require(self.policy, call.identity, ACTIONS[found.action].right, collection, found.node)
        event = self.stamper.patch(call, profile, collection, item_id, patch, found, known, **self._new(call))
        await self._refuse_early(event, known)
        return await self._append(call, event)

    async def act(self, call: Call, collection: str, item_id: str, action: str, order: Order) -> str:
        """An action by its name, with its reason and what it takes."""
        if action not in ACTIONS:
            raise Refused("operation-not-permitted", f"{action} is none of {', '.join(ACTIONS)}")
        check_order(action, order)
        require(self.policy, call.identity, ACTIONS[action].right, collection, order.node)
        profile = await self.site.profile(collection)
        if order.item is not None:
            with under("/item"):
                order = replace(order, item=checked(order.item, profile))
        rules = named_rules(profile, item_id)
        known = await self.site.item(collection, item_id, rules)
        event = self.stamper.event(call, profile, collection, item_id, action, rules, **self._new(call))
        event = ordered(event, order, known, self.appender.limits.message_bytes_max)
        await self._refuse_early(event, known)
        return await self._append(call, event)

    async def put_collection(self, call: Call, body: Item, *, create: bool) -> str:
        """POST (create) or PUT (replace) of a Collection."""
        collection = body["id"]
        require(self.policy, call.identity, Right.ADMINISTER, collection)
        profile = self.site.profile_of(collection)
        sound, action = checked_collection(body), "publish" if create else "replace"
        event = self.stamper.collection(call, profile, sound, action, **self._new(call))
        await self._refuse_early(event)
        return await self._append(call, event)

    def _new(self, call: Call) -> dict[str, str]:
        """What is new with every call: the id of its event, and the time."""
        return {"id": self.mint.id_of(call), "time": self.now()}

    async def _append(self, call: Call, event: Event) -> str:
        self.mint.remember(call)
        return await self.appender.append(event)

    async def _preview(self, profile: Profile, collection: str, item: Item) -> Preview:
        nobody = Call(Identity(Requester()), "", ("", ""), "POST", "")
        try:
            sound = checked(item, profile)
            event = self.stamper.publication(nobody, profile, collection, sound, **self._new(nobody))
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

    async def _refuse_early(self, event: Event, known: Known | None = None) -> None:
        """Refused where the site is sure that the index node would reject the event; else nothing.

        A site whose store does not answer is sure of nothing: the event is appended, and the index node decides.
        """
        with contextlib.suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(self.site.wait_s + LOOK_UP_S):
                await self._courtesy(event, known)

    async def _courtesy(self, event: Event, known: Known | None) -> None:
        if event.action == "publish" and not event.about_collection and await self.site.new(event):
            return  # nothing is in its way; that is so of most, and costs one small document
        known = known or await self._known(event)
        if known.head and known.head.entry(event.id):
            return  # the same request once more: its handle tells what became of it
        if known.sound and attempt(event, known).problem is None:
            return
        topic = self.site.topics.collections if event.about_collection else self.site.topics.transactions
        if not await self.site.applied(topic, event.key):
            return
        known = await self._known(event)
        problem = attempt(event, known).problem if known.sound else None
        if problem is not None:
            raise Refused(problem.kind, problem.detail, *problem.findings)


def _rules(event: Event) -> Rules:
    if event.rules is None:
        raise ValueError("the event has no rules yet")
    return event.rules
