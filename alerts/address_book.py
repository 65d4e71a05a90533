"""The book of subscriptions: register, confirm, list, remove; and who is confirmed, for the follower."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from alerts.grouping import Limits, Tray, post_confirmation
from alerts.keeping import change_subscriptions, change_trays, read_subscriptions
from alerts.subscriptions import Subscription, confirms, overdue, read_wish, token_of
from catalogue.store import Store
from stream.errors import Refused

KNOWN_FOR_S = 5.0  # a new subscription is heard of this much later at most
ASK_AGAIN_S = 600
PER_ADDRESS_MAX = 20

Json = dict[str, Any]


@dataclass
class AddressBook:
    """`key` proves confirmations; every process of a node has the same. `unconfirmed_max` limits the mail that
    strangers can make this node send."""

    store: Store
    key: bytes
    now_s: Callable[[], int]
    webhook_hosts: Sequence[str] = ()
    subscriptions_max: int = 500
    unconfirmed_max: int = 20
    limits: Limits = field(default_factory=Limits)
    _known: tuple[Subscription, ...] = ()
    _known_at: float = float("-inf")

    async def put(self, body: bytes, owner: str) -> tuple[Subscription, bool]:
        """Register, or change the period of one that is there; whether it is new. Refused for a faulty wish."""
        now_s = self.now_s()
        wanted = read_wish(body, owner, now_s, self.key, self.webhook_hosts)

        def change(found: dict[str, Subscription]) -> tuple[Subscription, bool, bool]:
            for each in [each for each in found.values() if overdue(each, now_s)]:
                del found[each.id]
            old = found.get(wanted.id)
            if old is None:
                self._room(found, wanted)
            ask = old is None or (not old.confirmed and now_s >= old.asked_s + ASK_AGAIN_S)
            asked_s = now_s if ask or old is None else old.asked_s
            new = replace(wanted, asked_s=asked_s, confirmed=old is not None and old.confirmed)
            found[new.id] = new
            return new, old is None, ask

        subscription, new, ask = await change_subscriptions(self.store, change)
        if ask:
            confirm = {"token": token_of(subscription, self.key), "about": subscription.about}
            await change_trays(self.store, [subscription.id], lambda _, tray: self._ask(tray, confirm, now_s))
        return subscription, new

    async def confirm(self, token: str) -> Subscription:
        """The owner of the address agrees. Refused for a token that is not of a subscription here."""
        refused = Refused("malformed-body", "this token confirms nothing here; it may be too old")

        def change(found: dict[str, Subscription]) -> Subscription:
            old = found.get(token.partition(".")[0])
            if old is None or overdue(old, self.now_s()) or not confirms(old, token, self.key):
                raise refused
            found[old.id] = replace(old, confirmed=True)
            return found[old.id]

        confirmed = await change_subscriptions(self.store, change)
        self._known_at = float("-inf")
        return confirmed

    async def remove(self, id_: str, owner: str | None) -> None:
        """End a subscription; `owner` None may end anybody's. Refused where there is none."""

        def change(found: dict[str, Subscription]) -> None:
            if id_ not in found or owner not in (None, found[id_].owner):
                raise Refused("route-does-not-exist", "there is no such subscription")
            del found[id_]

        await change_subscriptions(self.store, change)
        self._known_at = float("-inf")
        await change_trays(self.store, [id_], lambda _, tray: _empty(tray))

    async def list(self, owner: str | None) -> list[Json]:
        """As others may see them; `owner` None lists all."""
        found = await read_subscriptions(self.store)
        return [each.shown() for each in found.values() if owner in (None, each.owner)]

    async def all(self) -> tuple[Subscription, ...]:
        """Every subscription, as of a moment ago."""
        now = asyncio.get_running_loop().time()
        if now - self._known_at > KNOWN_FOR_S:
            self._known = tuple((await read_subscriptions(self.store)).values())
            self._known_at = now
        return self._known

    def _room(self, found: dict[str, Subscription], wanted: Subscription) -> None:
        full = (
            len(found) >= self.subscriptions_max
            or sum(not each.confirmed for each in found.values()) >= self.unconfirmed_max
            or sum(each.address == wanted.address for each in found.values()) >= PER_ADDRESS_MAX
        )
        if full:
            raise Refused(
                "too-many-requests", "there are too many subscriptions, or too many unconfirmed ones"
            )

    def _ask(self, tray: Tray, confirm: Json, now_s: int) -> bool:
        post_confirmation(tray, confirm, now_s, self.limits)
        return True


def _empty(tray: Tray) -> bool:
    """Nothing is deleted from a store; what was read and the numbers of messages stay."""
    tray.groups, tray.digest, tray.outbox, tray.lost = {}, None, [], 0
    return True
