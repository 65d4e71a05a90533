"""Alerts as a part of a node: the book, the follower and the sender, made of a node's settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from alerts.address_book import AddressBook
from alerts.destinations import Destination, Office
from alerts.follower import AlertKeeper, unkeyed
from alerts.grouping import Limits, Wish
from alerts.notices import Notice
from alerts.refusals import Refusals
from alerts.sender import Sender
from catalogue.store import Store
from stream.consume import Follower
from stream.log import Log
from stream.topics import Topics


@dataclass(frozen=True)
class Options:
    """What an operator sets. `nodes`: whose outcomes are told; empty: this node's."""

    node: str
    worker: str = "a"
    alerts: Sequence[str] = ("log:",)
    smtp_url: str | None = None
    mail_from: str | None = None
    webhook_hosts: Sequence[str] = ()
    nodes: Collection[str] = ()
    subscriptions_max: int = 500
    limits: Limits = field(default_factory=Limits)

    @property
    def office(self) -> Office:
        return Office(self.node, self.smtp_url, self.mail_from, self.webhook_hosts)

    def destinations(self) -> dict[str, Destination]:
        """The operator's destinations by their ids. ValueError names one that is wrong by its place in the list."""
        found = {}
        for number, url in enumerate(self.alerts, 1):
            try:
                found[destination_id(url)] = self.office.operators(url)
            except ValueError as error:
                raise ValueError(f"destination {number}: {error}") from error
        return found


@dataclass(frozen=True)
class Alerts:
    """Run the follower as any other, `sender.run()` and `refusals.run()` beside it; routes and commands use the book,
    and the door tells `refusals`."""

    book: AddressBook
    follower: Follower[Notice | None]
    sender: Sender
    refusals: Refusals


def destination_id(url: str) -> str:
    """Names a destination's tray: the same after a restart, and nothing of the URL can be read from it."""
    return "d" + hashlib.sha256(url.encode()).hexdigest()[:20]


def make_alerts(
    options: Options,
    log: Log,
    store: Store,
    topics: Topics,
    group: str,
    key: bytes,
    now: Callable[[], str],
    now_s: Callable[[], int],
    alarms: Callable[[], dict[str, Notice]] = dict,
) -> Alerts:
    """`group` is `<node>.alerts.<store>`, `key` the node's secret. ValueError for a destination that is wrong."""
    operators, limits = options.destinations(), options.limits
    book = AddressBook(store, key, now_s, options.webhook_hosts, options.subscriptions_max, limits=limits)
    nodes = frozenset(options.nodes or (options.node,))
    keeper = AlertKeeper(store, book, nodes, dict.fromkeys(operators, Wish()), now_s, limits)
    process = f"{options.node}.{options.worker}"
    follower = Follower(
        "alerts", log, group, process, (topics.success, topics.errors), keeper, topics.dead_letters, now,
        unkeyed, node=options.node,
    )  # fmt: skip
    sender = Sender(
        process, options.node, store, book, operators, options.office, now_s, limits, alarms=alarms
    )
    return Alerts(book, follower, sender, Refusals(store, book, now_s, limits))
