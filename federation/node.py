"""Composition: one process of a node, with the roles that it has."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import secrets
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import IO, Any

from fastapi import FastAPI

from catalogue.store import STORE_NAME, Store, store_identity
from federation.alerting import alarms_of, tell_refusal
from federation.app import make_app
from federation.engines import open_log, open_store
from federation.health import Check, Health, health_routes
from federation.role import Role
from federation.roles import Groups, Job, Parts, make_role
from federation.rulebook import Rulebook
from federation.settings import Settings, SettingsError
from federation.urls import SqliteUrl
from index_node.recheck import Recheck
from stream.consume import Follower, Stopped
from stream.events import FOLDS
from stream.log import Fenced, Log
from stream.topics import Topics, create_topics

logger = logging.getLogger(__name__)
RESTART_FIRST_S, RESTART_LONGEST_S = 0.5, 30.0
# A door goes on without its site's store: what it looks up there is a courtesy.
NEEDED = {Role.TRANSACTION_API: ("log",), Role.INDEX_NODE: ("log", "store"), Role.DISCOVERY_API: ("store",)}
STOP_DEADLINE_S, CLOSE_DEADLINE_S = 4.0, 1.0


class InUse(Exception):
    """Another process already has this place of the node."""


@dataclass
class Node:
    """One process of a node: its log, store, followers and application. Start it, serve `app`, stop it."""

    settings: Settings
    log: Log
    store: Store
    app: FastAPI
    followers: list[Follower[Any]]
    jobs: list[Job]
    groups: Groups
    book: Rulebook
    owns_log: bool
    locks: list[IO[str]]
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _beside: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Start the followers and what runs beside them; each is restarted when it fails."""
        self._tasks = [asyncio.create_task(_supervise(follower)) for follower in self.followers]
        self._beside = [asyncio.create_task(_supervise_job(job)) for job in self.jobs]

    async def stop(self) -> None:
        """Let every follower finish and commit, within a deadline, then close log and store."""
        for follower in self.followers:
            follower.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_DEADLINE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        closing = [asyncio.create_task(self.store.close())]
        if self.owns_log:
            closing.append(asyncio.create_task(self.log.close()))
        _, late = await asyncio.wait(closing, timeout=CLOSE_DEADLINE_S)
        for task in late:  # an engine that is away; the process ends anyway
            task.cancel()
        await asyncio.gather(*closing, return_exceptions=True)
        for lock in self.locks:
            lock.close()


async def make_node(
    settings: Settings, log: Log | None = None, store: Store | None = None, roles: Iterable[Role] = Role
) -> Node:
    """A process by its settings. A log or store that is given stays the caller's to describe; the log, to close, too.

    SettingsError, InUse, ValueError (the log or store holds something else) or Unavailable when it cannot begin.
    """
    if settings.fold not in FOLDS:
        raise SettingsError(
            f"STACFED_FOLD: this software knows the folds {sorted(FOLDS)}, not {settings.fold}"
        )
    roles = set(roles)
    if roles != set(Role) and store is None and isinstance(settings.store, SqliteUrl):
        raise SettingsError(
            "a process with a part of the roles needs a store that others reach: STACFED_STORE_URL"
        )
    try:
        book = Rulebook(settings)
    except ValueError as error:
        raise SettingsError(f"the rules cannot be used: {error}") from error
    locks = _locks(settings, roles)
    own_log, own_store = log or open_log(settings), store or open_store(settings)
    try:
        topics = Topics(settings.topic_prefix, settings.generation)
        await create_topics(own_log, topics, settings.partitions)
        groups = Groups(settings.node, await store_identity(own_store, secrets.token_hex(4)))
        parts = Parts(settings, own_log, own_store, topics, groups, book)
        made = [make_role(role, parts) for role in Role if role in roles]
    except BaseException:
        await own_store.close()
        if log is None:
            await own_log.close()
        for lock in locks:
            lock.close()
        raise
    followers = [follower for role in made for follower in role.followers]
    alerts = next((each for role in made for each in role.alerts), None)
    if alerts is not None:
        alerts.sender.alarms = lambda: alarms_of(settings.node, followers)
    jobs = [book.run, *(job for role in made for job in role.jobs)]
    rechecks = [recheck for role in made for recheck in role.rechecks]
    needed = {engine for role in roles for engine in NEEDED[role]}
    health = Health(followers, _checks(parts), needed, lambda: _rules(book, rechecks))
    routers = [router for role in made for router in role.routers]
    refused = tell_refusal(alerts.refusals, settings.node) if alerts is not None else None
    app = make_app(settings.catalog_title, [*routers, health_routes(health)], refused)
    return Node(settings, own_log, own_store, app, followers, jobs, groups, book, log is None, locks)


def _rules(book: Rulebook, rechecks: Sequence[Recheck]) -> dict[str, Any]:
    """What an operator should know of the rules of this process."""
    return {
        "revision": book.revision,
        "fault": book.fault,
        "without_vocabulary": book.lacking(),
        "unchecked": sum(recheck.waiting for recheck in rechecks),
        "missing": sorted({name for recheck in rechecks for name in recheck.missing}),
    }


def _checks(parts: Parts) -> dict[str, Check]:
    """Whether the engines answer."""
    return {
        "log": lambda: parts.log.end(parts.topics.transactions),
        "store": lambda: parts.store.get_many([STORE_NAME]),
    }


async def _supervise(follower: Follower[Any]) -> None:
    """Run a follower again whenever it fails, later each time; not after it has stopped for a person to act."""
    delay_s = RESTART_FIRST_S
    while True:
        [fault] = await asyncio.gather(follower.run(), return_exceptions=True)
        if fault is None or isinstance(fault, Stopped):
            return
        if isinstance(fault, Fenced):  # to join again would throw the other one out, and it us, for ever
            follower.stopped = f"{fault}; every process needs a STACFED_WORKER of its own"
            logger.critical("follower stopped", extra={"follower": follower.name, "detail": follower.stopped})
            return
        if not isinstance(fault, Exception):
            raise fault
        logger.error("follower failed", extra={"follower": follower.name, "again_s": delay_s}, exc_info=fault)
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, RESTART_LONGEST_S)


async def _supervise_job(job: Job) -> None:
    """Run a job again whenever it fails, later each time."""
    delay_s = RESTART_FIRST_S
    while True:
        [fault] = await asyncio.gather(job(), return_exceptions=True)
        if fault is None:
            return
        if not isinstance(fault, (Exception, asyncio.CancelledError)):  # cancelled: something below it was
            raise fault
        logger.error("job failed", extra={"again_s": delay_s}, exc_info=fault)
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, RESTART_LONGEST_S)


def _locks(settings: Settings, roles: Set[Role]) -> list[IO[str]]:
    """Hold the place of this worker: two processes under one name would take each other's partitions."""
    locks: list[IO[str]] = []
    for role in sorted(roles - {Role.DISCOVERY_API}):
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        lock = (settings.data_dir / f"{settings.node}.{settings.worker}.{role}.lock").open("w")
        locks.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            for held in locks:
                held.close()
            raise InUse(
                f"another process serves node {settings.node} as worker {settings.worker} from "
                f"{settings.data_dir}; set STACFED_WORKER to another name"
            ) from None
    return locks
