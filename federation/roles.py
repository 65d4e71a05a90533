"""The roles of a node, each made of its parts; which process has which is the operator's choice."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request

from alerts.make import Alerts, make_alerts
from catalogue.store import Store
from discovery_api.reader import Reader
from discovery_api.routes import router as discovery_router
from federation import clock
from federation.alert_routes import alert_routes
from federation.alerting import alert_options
from federation.handle_key import load_handle_key
from federation.profile_routes import profile_routes
from federation.role import Role
from federation.rulebook import Rulebook
from federation.settings import Settings
from federation.urls import ElasticUrl
from index_node.indexer import Indexer
from index_node.recheck import Recheck
from stream import consume
from stream.consume import Follower, whole
from stream.log import Log
from stream.topics import Topics
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

ELASTIC_GATHER_S = 0.05


@dataclass(frozen=True, slots=True)
class Groups:
    """The consumer groups of a node: for its index workers, its handles and its alerts; they belong to its store."""

    node: str
    store: str

    @property
    def index(self) -> str:
        return f"{self.node}.index.{self.store}"

    @property
    def handles(self) -> str:
        return f"{self.node}.handles.{self.store}"

    @property
    def alerts(self) -> str:
        return f"{self.node}.alerts.{self.store}"


@dataclass(frozen=True, slots=True)
class Parts:
    """What the roles of one process share."""

    settings: Settings
    log: Log
    store: Store
    topics: Topics
    groups: Groups
    book: Rulebook

    @property
    def member(self) -> str:
        """This process in every group."""
        return f"{self.settings.node}.{self.settings.worker}"


Job = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Made:
    """A role: its followers, its routes, and what else runs beside them for ever."""

    followers: list[Follower[Any]] = field(default_factory=list)
    routers: list[APIRouter] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    rechecks: list[Recheck] = field(default_factory=list)
    alerts: list[Alerts] = field(default_factory=list)


def make_role(role: Role, parts: Parts) -> Made:
    """A role by its name."""
    makers = {
        Role.TRANSACTION_API: _transaction_api,
        Role.INDEX_NODE: _index_node,
        Role.DISCOVERY_API: _discovery_api,
    }
    return makers[role](parts)


def _index_node(parts: Parts) -> Made:
    recheck = Recheck(parts.settings.node, parts.book, parts.store, parts.log, parts.topics.prefix, clock.now)
    workers = [_index_worker(parts, recheck, number) for number in range(parts.settings.index_workers)]
    return Made(workers, jobs=[recheck.run], rechecks=[recheck])


def _index_worker(parts: Parts, recheck: Recheck, number: int) -> Follower[Any]:
    settings, topics = parts.settings, parts.topics
    indexer = Indexer(
        settings.node,
        parts.store,
        parts.log,
        topics.prefix,
        settings.generation,
        settings.partitions,
        clock.now,
        recheck,
    )
    return Follower(
        "index", parts.log, parts.groups.index, f"{parts.member}.{number}",
        (topics.collections, topics.transactions), indexer, topics.dead_letters, clock.now,
        limits=_limits(settings), node=settings.node,
    )  # fmt: skip


def _limits(settings: Settings) -> consume.Limits:
    """A round of small requests to a server costs far more than one to a file, so more events share it."""
    remote = isinstance(settings.store, ElasticUrl)
    return consume.Limits(gather_s=ELASTIC_GATHER_S) if remote else consume.Limits()


def _transaction_api(parts: Parts) -> Made:
    settings, topics = parts.settings, parts.topics
    keeper = HandleKeeper(parts.store)
    follower = Follower(
        "handles", parts.log, parts.groups.handles, parts.member,
        (topics.success, topics.errors), keeper, topics.dead_letters, clock.now, whole,
        _limits(settings), settings.node,
    )  # fmt: skip
    site = Site(
        parts.log, parts.store, topics, parts.groups.index, settings.courtesy_wait_ms / 1000, parts.book
    )
    minter = Minter(load_handle_key(settings).encode())
    open_door = OpenDoor()
    limits = append.Limits(
        settings.item_bytes_max, settings.message_bytes_max, settings.appends_in_flight_max
    )
    door = Door(
        settings.node, settings.expected_nodes, site, open_door, Mint(minter, clock.now_ms),
        Appender(parts.log, topics, limits), clock.now, settings.fold,
    )  # fmt: skip
    handles = Handles(
        keeper, minter, site.all_applied, clock.now_ms, settings.delivery_deadline_s * 1000,
        settings.request_retention_days * DAY_MS,
    )  # fmt: skip
    api_limits = Limits(settings.body_bytes_max, settings.features_max, settings.wait_s_max)
    api = Api(door, handles, open_door, api_limits, settings.scope, _root_url(settings))
    alerts = make_alerts(
        alert_options(settings), parts.log, parts.store, topics, parts.groups.alerts,
        load_handle_key(settings).encode(), clock.now, lambda: clock.now_ms() // 1000,
    )  # fmt: skip
    routers = [transaction_router(api), profile_routes(parts.book), alert_routes(alerts.book, open_door)]
    return Made(
        [follower, alerts.follower], routers, jobs=[alerts.sender.run, alerts.refusals.run], alerts=[alerts]
    )


def _discovery_api(parts: Parts) -> Made:
    settings = parts.settings
    reader = Reader(
        parts.store, parts.book, settings.catalog_title, settings.node, _root_url(settings),
        load_handle_key(settings).encode(), parts.book.vocabulary_of,
    )  # fmt: skip
    return Made(routers=[discovery_router(reader)])


def _root_url(settings: Settings) -> Callable[[Request], str]:
    if settings.root_url is not None:
        fixed = settings.root_url
        return lambda request: fixed
    return _asked_url


def _asked_url(request: Request) -> str:
    """The root as the client has named it. Taking a URL apart costs more than answering, so each is done once."""
    scope = request.scope
    return _root_of(
        scope["scheme"], request.headers.get("host", ""), scope.get("root_path", ""), scope.get("server")
    )


@lru_cache(maxsize=256)
def _root_of(scheme: str, host: str, root_path: str, server: tuple[str, int] | None) -> str:
    scope = {"type": "http", "scheme": scheme, "root_path": root_path, "server": server, "path": "/"}
    headers = [(b"host", host.encode("latin-1"))] if host else []
    return str(Request({**scope, "headers": headers}).base_url).rstrip("/")
