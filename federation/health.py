"""Whether a process can do its work now: its followers, and the log and the store that it needs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import orjson
import prometheus_client
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from stream.consume import Follower
from stream.errors import Unavailable

CHECK_DEADLINE_S = 2.0
KNOWN_FOR_S = 1.0  # however often it is asked, the engines are asked once in this time
JSON = "application/json"

Check = Callable[[], Awaitable[object]]


@dataclass
class Health:
    """`checks` ask an engine something cheap; they raise Unavailable, or take too long, when it cannot be used.

    `needed` are the engines without which the process is of no use; a fault of another is told all the same.
    `rules` tells what is known of profiles, vocabularies and schemas; none of it makes a process unready.
    """

    followers: Sequence[Follower[Any]]
    checks: Mapping[str, Check]
    needed: Set[str]
    rules: Callable[[], dict[str, Any]] = dict
    _asking: asyncio.Task[dict[str, str | None]] | None = None
    _asked_at: float = field(default=float("-inf"))

    async def state(self) -> tuple[bool, dict[str, Any]]:
        """Whether all is well, and each part by itself."""
        engines = await self._engines()
        followers = [_state(follower) for follower in self.followers]
        ready = all(state["ready"] for state in followers) and not any(engines[name] for name in self.needed)
        shown = {
            name: {"ready": fault is None, "needed": name in self.needed, "fault": fault}
            for name, fault in engines.items()
        }
        return ready, {"ready": ready, "engines": shown, "followers": followers, "rules": self.rules()}

    def parked(self) -> list[dict[str, Any]]:
        """Every dataset that was set aside in this process."""
        return [entry for follower in self.followers for entry in _state(follower)["parked"]]

    def retry(self) -> list[str]:
        """Try what is parked again; its keys."""
        keys = [key for follower in self.followers for key in follower.parked]
        for follower in self.followers:
            follower.unpark()
        return keys

    async def _engines(self) -> dict[str, str | None]:
        now = asyncio.get_running_loop().time()
        if self._asking is None or (self._asking.done() and now - self._asked_at > KNOWN_FOR_S):
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(
            self._asking
        )  # one who asks and gives up does not spoil it for the others

    async def _ask(self) -> dict[str, str | None]:
        faults = await asyncio.gather(*(_fault(check) for check in self.checks.values()))
        return dict(zip(self.checks, faults, strict=True))


def health_routes(health: Health) -> APIRouter:
    """What operators, probes and dashboards ask any process."""
    routes = APIRouter(tags=["Operation"])

    @routes.get("/healthcheck", summary="Whether the process answers")
    async def healthcheck() -> Response:
        return _json({"status": "ok"})

    @routes.get(
        "/ready",
        summary="Whether this process can do its work: its followers, the log, the store",
        responses={503: {"description": "It cannot now; the body says which part"}},
    )
    async def ready() -> Response:
        well, state = await health.state()
        return _json(state, 200 if well else 503)

    @routes.get("/parked", summary="Datasets set aside after a fault")
    async def parked() -> Response:
        return _json({"parked": health.parked()})

    @routes.post("/parked/retry", summary="Try what is parked again", status_code=202)
    async def retry() -> Response:
        return _json({"retried": health.retry()}, 202)

    @routes.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=PlainTextResponse,
    )
    async def metrics() -> Response:
        return Response(prometheus_client.generate_latest(), media_type=prometheus_client.CONTENT_TYPE_LATEST)

    return routes


async def _fault(check: Check) -> str | None:
    try:
        async with asyncio.timeout(CHECK_DEADLINE_S):
            await check()
    except Unavailable as error:
        return str(error)
    except TimeoutError:
        return f"no answer within {CHECK_DEADLINE_S:.0f} s"
    return None


def _state(follower: Follower[Any]) -> dict[str, Any]:
    parked = [
        {"follower": follower.name, "key": key, "topic": found.place.topic, "partition": found.place.partition,
         "offset": found.offset, "reason": found.reason}
        for key, found in follower.parked.items()
    ]  # fmt: skip
    return {
        "follower": follower.name, "member": follower.member, "ready": follower.ready,
        "paused": follower.paused, "stopped": follower.stopped, "parked": parked,
    }  # fmt: skip


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type=JSON)
