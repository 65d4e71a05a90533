"""Alerts as a node has them: their options from the settings, and what stands wrong in a process as alarms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Request

from alerts.make import Options
from alerts.notices import PARKED, STOPPED, Notice, printable, refusal_of
from alerts.refusals import Refusals
from federation import clock
from stream.consume import Follower
from stream.errors import Problem
from transaction_api.policy import Identity

if TYPE_CHECKING:
    from federation.settings import Settings


def alert_options(settings: Settings) -> Options:
    """The options of a node."""
    return Options(
        settings.node, settings.worker, settings.alerts, settings.smtp_url, settings.mail_from,
        settings.alert_webhook_hosts, subscriptions_max=settings.alert_subscriptions_max,
    )  # fmt: skip


def tell_refusal(refusals: Refusals, node: str) -> Callable[[Request, Problem], None]:
    """What the application calls for each refused request; of those that wrote nothing, it knows no sender."""

    def told(request: Request, problem: Problem) -> None:
        identity: Identity | None = getattr(request.state, "identity", None)
        if identity is None:
            return
        collection, item_id = (str(request.path_params.get(name, "")) for name in ("collection", "item"))
        place = collection, item_id, node, request.state.request_id, clock.now()
        refusals.put(refusal_of(problem, identity.requester, *place))

    return told


def alarms_of(node: str, followers: Sequence[Follower[Any]]) -> dict[str, Notice]:
    """What of these followers a person has to act on, by a key that stays the same while it stands."""
    found = {}
    for follower in followers:
        if follower.stopped is not None:
            found[f"stopped {follower.name}"] = _alarm(
                STOPPED, node, follower.name, follower.stopped, "stacfed doctor"
            )
        for key, parked in follower.parked.items():
            found[f"parked {follower.name} {key}"] = _alarm(
                PARKED, node, follower.name, f"{key}: {parked.reason}", "stacfed parked --retry"
            )
    return found


def _alarm(kind: str, node: str, follower: str, detail: str, command: str) -> Notice:
    return Notice(
        kind=kind, collection="", item_id="", handle="", event_id="", node=node, sub="", client_id="",
        time=clock.now(), check=follower, detail=printable(detail, 300), command=command,
    )  # fmt: skip
