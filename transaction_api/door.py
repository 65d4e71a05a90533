"""The publishers' door: from a request that was read to an event that the log has acknowledged.

The dry run of `decide` on what the site knows is a courtesy that turns most refusals into answers; where the site
cannot be sure in time the event is appended and the index node decides.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalogue.content import content_digest, without_navigation
from catalogue.decide import REJECTED, UNCHANGED, Decision, decide
from catalogue.latest import ordered
from catalogue.lifecycle import ACTIONS, Right
from catalogue.profile import Profile
from catalogue.replicas import is_access
from schemas.core import check_collection, check_item
from stream.errors import Finding, Refused
from stream.events import Event, Parent, Requester, Rules, encode
from transaction_api import patches
from transaction_api.append import Appender
from transaction_api.body import under
from transaction_api.calls import Call, Item, Order, Preview, check_order
from transaction_api.mint import Mint
from transaction_api.policy import Identity, Policy, require
from transaction_api.recognise import recognise
from transaction_api.site import Known, Site

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

    async def publish(self, call: Call, collection: str, item: Item) -> str:
        """POST of one Item."""
        require(self.policy, call.identity, Right.PUBLISH, collection)
        profile = await self.site.profile(collection)
        event = self._publication(call, profile, collection, self._checked(item, profile))
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
                checked = self._checked(item, profile)
                child = self.mint.minter.child(handle, index)
                event = self._publication(call, profile, collection, checked, id=child, **told)
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
        checked = self._checked(item, profile)
        event = replace(
            self._event(call, profile, collection, item_id, "correct", profile.rules(item_id)),
            method="PUT", item=checked, digest=content_digest(checked),
        )  # fmt: skip
        known = await self.site.item(collection, item_id, profile.rules(item_id))
        if not known.sound or self._try(event, known).problem is not None:
            exempt = self.policy.allows(call.identity, Right.EXEMPT, collection, None)
            event = replace(event, action="replace") if exempt else event
        await self._refuse_early(event)
        return await self._append(call, event)

    async def patch(self, call: Call, collection: str, item_id: str, patch: Any) -> str:
        """PATCH: the action is recognised from the paths that the patch touches."""
        profile = await self.site.profile(collection)
        rules = _named(profile, item_id)
        known = await self.site.item(collection, item_id, rules)
        assets = known.record.item["assets"] if known.record else {}
        found = recognise(patch, lambda key: is_access(key, assets.get(key, {}), rules))
        require(self.policy, call.identity, ACTIONS[found.action].right, collection, found.node)
        event = self._event(call, profile, collection, item_id, found.action, rules)
        node = found.node or self.node
        event = replace(event, method="PATCH", patch=patch, node=node, revision=_revision(known, item_id))
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
                order = replace(order, item=self._checked(order.item, profile))
        rules = _named(profile, item_id)
        known = await self.site.item(collection, item_id, rules)
        event = self._ordered(self._event(call, profile, collection, item_id, action, rules), order, known)
        await self._refuse_early(event, known)
        return await self._append(call, event)

    async def put_collection(self, call: Call, body: Item, *, create: bool) -> str:
        """POST (create) or PUT (replace) of a Collection."""
        collection = body["id"]
        require(self.policy, call.identity, Right.ADMINISTER, collection)
        profile = self.site.profile_of(collection)
        findings = check_collection(body)
        if findings:
            raise Refused("stac-validation", f"the Collection {collection} is not valid STAC", *findings)
        rules, action = profile.collection_rules(collection), "publish" if create else "replace"
        stripped = without_navigation(body)
        event = replace(
            self._event(call, profile, collection, collection, action, rules),
            method="POST" if create else "PUT", about_collection=True, item=stripped, digest=content_digest(stripped),
        )  # fmt: skip
        await self._refuse_early(event)
        return await self._append(call, event)

    async def _append(self, call: Call, event: Event) -> str:
        self.mint.remember(call)
        return await self.appender.append(event)

    async def _preview(self, profile: Profile, collection: str, item: Item) -> Preview:
        nobody = Call(Identity(Requester()), "", ("", ""), "POST", "")
        try:
            checked = self._checked(item, profile)
            event = self._publication(nobody, profile, collection, checked)
            known = await self._known(event)
            decision = self._try(event, known)
        except Refused as refusal:
            return Preview(item["id"], "refused", problem=refusal.problem)
        versions = tuple(ordered(known.head.versions)) if known.head else ()
        if decision.outcome == REJECTED:
            return Preview(item["id"], "refused", versions, decision.problem)
        if decision.outcome == UNCHANGED:
            return Preview(item["id"], "exists", versions)
        return Preview(item["id"], "new version" if set(versions) - {item["id"]} else "new", versions)

    def _checked(self, item: Item, profile: Profile) -> Item:
        """The item without navigation links. Refused with every finding."""
        findings = [*check_item(item), *_id_findings(item, profile)]
        if findings:
            raise Refused("stac-validation", f"{item['id']}: {findings[0].message}", *findings)
        return without_navigation(item)

    def _event(
        self,
        call: Call,
        profile: Profile,
        collection: str,
        item_id: str,
        action: str,
        rules: Rules,
        **told: Any,
    ) -> Event:
        """An event as this door stamps it; `told` are members that the action adds."""
        return Event(
            id=told.pop("id", None) or self.mint.id_of(call),
            request_id=call.request_id,
            time=told.pop("time", None) or self.now(),
            method=told.pop("method", "PATCH"),
            collection=collection,
            item_id=item_id,
            action=action,
            fold=self.fold,
            rules=rules,
            node=self.node,
            expected=self.expected,
            profile=profile.stamp,
            requester=call.identity.requester,
            policy_id=call.identity.policy_id,
            publisher=call.publisher,
            **told,
        )

    def _publication(self, call: Call, profile: Profile, collection: str, item: Item, **told: Any) -> Event:
        rules, digest = profile.rules(item["id"]), content_digest(item)
        return self._event(
            call,
            profile,
            collection,
            item["id"],
            "publish",
            rules,
            method="POST",
            item=item,
            digest=digest,
            **told,
        )

    def _ordered(self, event: Event, order: Order, known: Known) -> Event:
        """The event with what the order says, and the operations that it travels as."""
        told = replace(
            event, reason=order.reason, wish=order.wish, fields=order.fields, drop=order.drop,
            node=order.node or event.node, patch=[],
        )  # fmt: skip
        node = str(told.node)
        match event.action:
            case "publish" | "replace" | "correct" if order.item is not None:
                item = without_navigation(order.item)
                method = "POST" if event.action == "publish" else "PUT"
                return replace(told, method=method, item=item, patch=None, digest=content_digest(item))
            case "correct":
                return replace(told, patch=order.patch)
            case "replica-add":
                revision = order.revision or _revision(known, event.item_id)
                return replace(told, patch=patches.announce(node, order.locations), revision=revision)
            case "replica-remove":
                return replace(told, patch=patches.renounce(node, order.assets or _held(known, node)))
            case action:
                decision = self._try(told, known) if known.sound else None
                shown = decision.record.item["assets"] if decision and decision.record else None
                whole = replace(told, patch=patches.of_action(str(action), order.fields, shown))
                if len(encode(whole)) <= self.appender.limits.message_bytes_max:
                    return whole
                return replace(told, patch=patches.of_action(str(action), order.fields, None))

    async def _known(self, event: Event) -> Known:
        if event.about_collection:
            return await self.site.collection(event.collection)
        return await self.site.item(event.collection, event.item_id, _rules(event))

    def _try(self, event: Event, known: Known) -> Decision:
        """What the index node would decide if nothing else came before this event."""
        position = known.head.position + 1 if known.head else 1
        return decide(event, position, known.head, known.record)

    async def _refuse_early(self, event: Event, known: Known | None = None) -> None:
        """Refused where the site is sure that the index node would reject the event; else nothing."""
        known = known or await self._known(event)
        if event.action == "publish" and known.sound and known.record is None:
            return  # nothing is in its way
        if known.head and known.head.entry(event.id):
            return  # the same request once more: its handle tells what became of it
        if known.sound and self._try(event, known).problem is None:
            return
        topic = self.site.topics.collections if event.about_collection else self.site.topics.transactions
        if not await self.site.applied(topic, event.key):
            return
        known = await self._known(event)
        problem = self._try(event, known).problem if known.sound else None
        if problem is not None:
            raise Refused(problem.kind, problem.detail, *problem.findings)


def _id_findings(item: Item, profile: Profile) -> tuple[Finding, ...]:
    try:
        profile.rules(item["id"])
    except Refused as refusal:
        return refusal.problem.findings
    return ()


def _named(profile: Profile, item_id: str) -> Rules:
    """The rules of an item that a path names. Refused (404) for an id that no item of the collection can have."""
    try:
        return profile.rules(item_id)
    except Refused as refusal:
        detail = f"there is no item {item_id}: {refusal.problem.detail}"
        raise Refused("item-does-not-exist", detail) from refusal


def _revision(known: Known, item_id: str) -> int | None:
    version = known.head.versions.get(item_id) if known.head else None
    return version.revision if version else None


def _held(known: Known, node: str) -> tuple[str, ...]:
    assets = known.record.item["assets"] if known.record else {}
    return tuple(key for key, asset in assets.items() if node in asset.get("alternate", {}))


def _rules(event: Event) -> Rules:
    if event.rules is None:
        raise ValueError("the event has no rules yet")
    return event.rules
