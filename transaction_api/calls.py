"""What a write carries beside its path: who calls, and what an action is told."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from catalogue.lifecycle import ACTIONS
from stream.errors import Finding, Problem, Refused
from transaction_api.policy import Identity

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """What every write has beside its body. `key` is the Idempotency-Key, `body_digest` what it goes with."""

    identity: Identity
    request_id: str
    publisher: tuple[str, str]
    method: str
    path: str
    key: str | None = None
    body_digest: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """The body of an action: a reason, and what the action takes (see the table)."""

    reason: str | None = None
    wish: str | None = None
    fields: tuple[str, ...] = ()
    node: str | None = None
    locations: dict[str, Any] = field(default_factory=dict)
    assets: tuple[str, ...] = ()
    revision: int | None = None
    drop: bool = False
    item: Item | None = None
    patch: Any = None


class Accepted(NamedTuple):
    """The handle of an acknowledged request, and what the checks warn of or could not check."""

    handle: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a publication would come to: `new`, `new version`, `exists`, or `refused` with its problem."""

    item_id: str
    verdict: str
    versions: tuple[str, ...] = ()
    problem: Problem | None = None


def check_order(action: str, order: Order) -> None:
    """Refused when the order lacks what the action needs, or brings what it does not take."""
    takes = {*ACTIONS[action].takes, "reason"}
    given = {
        member.name
        for member in fields(Order)
        if getattr(order, member.name) != getattr(Order(), member.name)
    }
    foreign = sorted(given - takes)
    if foreign:
        findings = [Finding("order", f"/{name}", f"{action} does not take {name}") for name in foreign]
        raise Refused("malformed-body", f"{action} does not take {', '.join(foreign)}", *findings)
    needs = {"publish": ("item",), "replace": ("item",), "replica-add": ("node", "locations"),
             "replica-remove": ("node",), "transfer": ("node",)}.get(action, ())  # fmt: skip
    missing = sorted(set(needs) - given)
    if action == "correct" and not given & {"item", "patch"}:
        missing = ["patch"]
    if {"item", "patch"} <= given:
        raise Refused(
            "malformed-body",
            "send an item or a patch, not both",
            Finding("order", "/item", "is one too many"),
        )
    if missing:
        findings = [Finding("order", "", f"{name} is missing", expected=name) for name in missing]
        raise Refused("malformed-body", f"{action} needs {', '.join(missing)}", *findings)
