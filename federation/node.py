"""Composition: one node of the federation from its settings, all roles in one process."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from fastapi import FastAPI, Request

from catalogue.profile import profile_of
from catalogue.sqlite import SqliteStore
from catalogue.store import Store, store_identity
from discovery_api.routes import Reader
from discovery_api.routes import router as discovery_router
from federation import clock
from federation.app import make_app
from federation.handle_key import load_handle_key
from federation.settings import Settings, SettingsError
from index_node.indexer import Indexer
from stream.consume import Follower, Stopped, whole
from stream.events import FOLDS
from stream.log import Log
from stream.sqlite import SqliteLog
from stream.topics import Topics, create_topics
from transaction_api import append
from transaction_api.append import Appender
from transaction_api.door import Door
from transaction_api.handles import DAY_MS, HandleKeeper, Handles
from transaction_api.ids import Minter
from transaction_api.mint import Mint
from transaction_api.policy import OpenDoor
from transaction_api.routes import Api, Limits
from transaction_api.routes import router as transaction_router
from transaction_api.site import Site

logger = logging.getLogger(__name__)
RESTART_FIRST_S, RESTART_LONGEST_S = 0.5, 30.0
STOP_DEADLINE_S = 5.0


class InUse(Exception):
    """Another process already serves this node from this folder."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The consumer groups of a node: one for its index workers, one for its handles; both belong to its store."""

    node: str
    store: str

    @property
    def index(self) -> str:
        return f"{self.node}.index.{self.store}"

    @property
    def handles(self) -> str:
        return f"{self.node}.handles.{self.store}"


@dataclass
class Node:
    """One node: its log, store, followers and application. Start it, serve `app`, stop it."""

    settings: Settings
    log: Log
    store: Store
    app: FastAPI
    followers: list[Follower[Any]]
    groups: Groups
    owns_log: bool
    lock: IO[str]
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Start the followers; each is restarted when it fails."""
        self._tasks = [asyncio.create_task(_supervise(follower)) for follower in self.followers]

    async def stop(self) -> None:
        """Let every follower finish and commit, within a deadline, then close log and store."""
        for follower in self.followers:
            follower.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_DEADLINE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self.store.close()
        if self.owns_log:
            await self.log.close()
        self.lock.close()


def open_log(settings: Settings) -> SqliteLog:
    """The log that the settings name."""
    return SqliteLog(_sqlite_path(settings.effective_log_url))


async def make_node(settings: Settings, log: Log | None = None, store: Store | None = None) -> Node:
    """A node by its settings; tests and the demonstration pass a log of their own."""
    if settings.fold not in FOLDS:
        raise SettingsError(
            f"STACFED_FOLD: this software knows the folds {sorted(FOLDS)}, not {settings.fold}"
        )
    lock = _lock(settings)
    own_log = log or open_log(settings)
    own_store = store or SqliteStore(_sqlite_path(settings.effective_store_url))
    topics = Topics(settings.topic_prefix, settings.generation)
    await create_topics(own_log, topics, settings.partitions)
    groups = Groups(settings.node, await store_identity(own_store, secrets.token_hex(4)))
    keeper = HandleKeeper(own_store)
    followers: list[Follower[Any]] = []
    for worker in range(settings.index_workers):
        followers.append(_index_follower(settings, own_log, own_store, topics, groups, worker))
    followers.append(_handle_follower(settings, own_log, topics, groups, keeper))
    root_url = _root_url(settings)
    api = _transaction_api(settings, own_log, own_store, topics, groups, keeper, root_url)
    reader = Reader(own_store, profile_of, settings.catalog_title, settings.node, root_url)
    routers = (transaction_router(api), discovery_router(reader))
    app = make_app(settings.catalog_title, routers, lambda: followers)
    return Node(settings, own_log, own_store, app, followers, groups, log is None, lock)


def _index_follower(
    settings: Settings, log: Log, store: Store, topics: Topics, groups: Groups, worker: int
) -> Follower[Any]:
    indexer = Indexer(
        settings.node, store, log, topics.prefix, settings.generation, settings.partitions, clock.now
    )
    return Follower(
        "index", log, groups.index, f"{settings.node}.{settings.worker}.{worker}",
        (topics.collections, topics.transactions), indexer, topics.dead_letters, clock.now,
    )  # fmt: skip


def _handle_follower(
    settings: Settings, log: Log, topics: Topics, groups: Groups, keeper: HandleKeeper
) -> Follower[Any]:
    return Follower(
        "handles", log, groups.handles, f"{settings.node}.{settings.worker}",
        (topics.success, topics.errors), keeper, topics.dead_letters, clock.now, whole,
    )  # fmt: skip


def _transaction_api(
    settings: Settings,
    log: Log,
    store: Store,
    topics: Topics,
    groups: Groups,
    keeper: HandleKeeper,
    root_url: Callable[[Request], str],
) -> Api:
    wait_s = settings.courtesy_wait_ms / 1000
    site = Site(log, store, topics, groups.index, wait_s, profile_of)
    minter = Minter(load_handle_key(settings).encode())
    open_door = OpenDoor()
    limits = append.Limits(
        settings.item_bytes_max, settings.message_bytes_max, settings.appends_in_flight_max
    )
    own_door = Door(
        settings.node, settings.expected_nodes, site, open_door, Mint(minter, clock.now_ms),
        Appender(log, topics, limits), clock.now, settings.fold,
    )  # fmt: skip
    handles = Handles(
        keeper, minter, site.all_applied, clock.now_ms, settings.delivery_deadline_s * 1000,
        settings.request_retention_days * DAY_MS,
    )  # fmt: skip
    api_limits = Limits(settings.body_bytes_max, settings.features_max, settings.wait_s_max)
    return Api(own_door, handles, open_door, api_limits, settings.scope, root_url)


async def _supervise(follower: Follower[Any]) -> None:
    """Run a follower again whenever it fails, later each time; not after it has stopped for a person to act."""
    delay_s = RESTART_FIRST_S
    while True:
        [fault] = await asyncio.gather(follower.run(), return_exceptions=True)
        if fault is None or isinstance(fault, Stopped):
            return
        if not isinstance(fault, Exception):
            raise fault
        logger.error("follower failed", extra={"follower": follower.name, "again_s": delay_s}, exc_info=fault)
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, RESTART_LONGEST_S)


def _root_url(settings: Settings) -> Callable[[Request], str]:
    if settings.root_url is not None:
        fixed = settings.root_url
        return lambda request: fixed
    return lambda request: str(request.base_url).rstrip("/")


def _sqlite_path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:"))


def _lock(settings: Settings) -> IO[str]:
    """Hold the place of this worker: two processes under one name would take each other's partitions."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / f"{settings.node}.{settings.worker}.lock"
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise InUse(
            f"another process serves node {settings.node} as worker {settings.worker} from {settings.data_dir}; "
            "set STACFED_WORKER to another name"
        ) from None
    return lock
