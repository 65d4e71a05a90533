"""What every door makes of a request that was read: the checks of its body, and the stamped event.

Nothing here asks a policy, a log or a store: a door does that, before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from catalogue.content import content_digest, without_navigation
from catalogue.decide import Decision, decide
from catalogue.profile import Profile
from catalogue.replicas import is_access, read_announcement
from checks.book import Checker, Stamps
from checks.verdict import CHECKED_ACTIONS, forgiven, refuse
from schemas.core import check_collection
from stream.errors import Finding, Refused
from stream.events import Event, Rules, encode
from transaction_api import patches
from transaction_api.calls import Call, Item, Order
from transaction_api.recognise import Patch, Recognised, recognise
from transaction_api.site import Known

UNCHECKED = Stamps()


@dataclass(frozen=True, slots=True)
class Stamper:
    """Makes the events of one door. `told` are further members of Event: `id` and `time` always."""

    node: str
    expected: tuple[str, ...]
    fold: int

    def event(
        self,
        call: Call,
        profile: Profile,
        collection: str,
        item_id: str,
        action: str,
        rules: Rules,
        stamps: Stamps = UNCHECKED,
        **told: Any,
    ) -> Event:
        """An event as this door stamps it; `stamps` where its content was checked."""
        return Event(
            request_id=call.request_id,
            method=told.pop("method", "PATCH"),
            collection=collection,
            item_id=item_id,
            action=action,
            fold=self.fold,
            rules=rules,
            node=told.pop("node", None) or self.node,
            expected=self.expected,
            profile=profile.stamp,
            vocabularies=stamps.vocabularies,
            schemas=stamps.schemas,
            requester=call.identity.requester,
            policy_id=call.identity.policy_id,
            publisher=call.publisher,
            **told,
        )

    def publication(self, call: Call, checker: Checker, collection: str, item: Item, **told: Any) -> Event:
        """The publication of a checked item."""
        posted = {"method": "POST", "item": item, "digest": content_digest(item)}
        profile, stamps = checker.profile, checker.stamps(item)
        rules = profile.rules(item["id"])
        return self.event(call, profile, collection, item["id"], "publish", rules, stamps, **posted, **told)

    def put(
        self,
        call: Call,
        checker: Checker,
        collection: str,
        item: Item,
        known: Known,
        exempt: Callable[[], bool],
        **told: Any,
    ) -> tuple[Event, tuple[Finding, ...]]:
        """An item put over what is known, and what its checks warn of: a correction where that is allowed, else, for
        the exempt, a replacement. Refused with every finding."""
        sound, findings = checked(item, checker, known.record.item if known.record else None)
        posted = {"method": "PUT", "item": sound, "digest": content_digest(sound)}
        profile, stamps = checker.profile, checker.stamps(sound)
        rules = profile.rules(item["id"])
        event = self.event(call, profile, collection, item["id"], "correct", rules, stamps, **posted, **told)
        if (not known.sound or attempt(event, known).problem is not None) and exempt():
            return replace(event, action="replace"), checked(item, checker).findings
        return event, findings

    def patch(
        self,
        call: Call,
        profile: Profile,
        collection: str,
        item_id: str,
        patch: Patch,
        found: Recognised,
        known: Known,
        **told: Any,
    ) -> Event:
        """A patch that was recognised."""
        return self.event(
            call, profile, collection, item_id, found.action, named_rules(profile, item_id),
            patch=patch, node=found.node, revision=revision_of(known, item_id), **told,
        )  # fmt: skip

    def collection(self, call: Call, profile: Profile, body: Item, action: str, **told: Any) -> Event:
        """A checked Collection published or replaced."""
        name, method = body["id"], "POST" if action == "publish" else "PUT"
        return self.event(
            call, profile, name, name, action, profile.collection_rules(name),
            method=method, about_collection=True, item=body, digest=content_digest(body), **told,
        )  # fmt: skip


class Sound(NamedTuple):
    """A document that passed the checks, without navigation links, and what they warned of or noted."""

    item: Item
    findings: tuple[Finding, ...] = ()


def checked(item: Item, checker: Checker, before: Item | None = None) -> Sound:
    """Refused with every finding; those that the record had `before` a correction are warnings."""
    findings = checker.check(item)
    if findings and before is not None:
        findings = forgiven(checker.check(before), findings)
    if findings:
        refuse(item["id"], findings)
    return Sound(without_navigation(item), findings)


def checked_change(event: Event, known: Known, checker: Checker) -> tuple[Event, tuple[Finding, ...]]:
    """The event with the stamps of the checks that the record passes as the event would leave it, and what they say.

    Refused with every finding. An event whose result is not known here is left to the index nodes. Of an announcement
    its own payload is checked, and of other actions nothing: an old record can always be retracted.
    """
    if event.action == "replica-add" and event.patch is not None:
        told = read_announcement(event.patch).locations.items()
        findings = tuple(finding for node, places in told for finding in checker.announced(node, places))
        refuse(f"the announcement of {event.item_id}", findings)
        return event, findings
    if event.action not in CHECKED_ACTIONS or event.about_collection or known.record is None:
        return event, ()
    after = attempt(event, known).record
    if after is None:
        return event, ()
    found = checked(after.item, checker, known.record.item if event.action == "correct" else None)
    stamps = checker.stamps(after.item)
    return replace(event, vocabularies=stamps.vocabularies, schemas=stamps.schemas), found.findings


def checked_collection(body: Item) -> Item:
    """The Collection without navigation links. Refused with every finding."""
    findings = check_collection(body)
    if findings:
        raise Refused("stac-validation", f"the Collection {body['id']} is not valid STAC", *findings)
    return without_navigation(body)


def named_rules(profile: Profile, item_id: str) -> Rules:
    """The rules of an item that a path names. Refused (404) for an id that no item of the collection can have."""
    try:
        return profile.rules(item_id)
    except Refused as refusal:
        detail = f"there is no item {item_id}: {refusal.problem.detail}"
        raise Refused("item-does-not-exist", detail) from refusal


def recognised(patch: Patch, rules: Rules, known: Known) -> Recognised:
    """What the patch asks for, of what is known of the item's assets. Refused for a mixture of actions."""
    assets = known.record.item["assets"] if known.record else {}
    return recognise(patch, lambda key: is_access(key, assets.get(key, {}), rules))


def attempt(event: Event, known: Known) -> Decision:
    """What the index node would decide if nothing else came before this event."""
    position = known.head.position + 1 if known.head else 1
    return decide(event, position, known.head, known.record)


def revision_of(known: Known, item_id: str) -> int | None:
    """The revision that the door reads."""
    version = known.head.versions.get(item_id) if known.head else None
    return version.revision if version else None


def ordered(event: Event, order: Order, known: Known, message_bytes_max: int) -> Event:
    """The event with what the order says, and the operations that it travels as.

    The assets that the action leaves go with it where the message stays within the limit.
    """
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
            revision = order.revision or revision_of(known, event.item_id)
            return replace(told, patch=patches.announce(node, order.locations), revision=revision)
        case "replica-remove":
            return replace(told, patch=patches.renounce(node, order.assets or _held(known, node)))
        case action:
            decision = attempt(told, known) if known.sound else None
            shown = decision.record.item["assets"] if decision and decision.record else None
            whole = replace(told, patch=patches.of_action(str(action), order.fields, shown))
            if len(encode(whole)) <= message_bytes_max:
                return whole
            return replace(told, patch=patches.of_action(str(action), order.fields, None))


def _held(known: Known, node: str) -> tuple[str, ...]:
    assets = known.record.item["assets"] if known.record else {}
    return tuple(key for key, asset in assets.items() if node in asset.get("alternate", {}))
