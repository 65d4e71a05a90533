"""The life of a record as data: states, actions and what each action needs.

Every other place reads this table: `decide`, the API's routes and words, the command line, the
diagram and tables of the documentation, the tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a record stands. `absent` is never stored."""

    ABSENT = "absent"
    ACTIVE = "active"
    RETRACTED = "retracted"
    WITHDRAWN = "withdrawn"
    PURGED = "purged"


class Right(StrEnum):
    """What a policy has to grant before a door accepts the action."""

    PUBLISH = "publish"
    EXEMPT = "exempt"
    REPLICATE = "replicate"
    ADMINISTER = "administer"


ABSENT, ACTIVE, RETRACTED, WITHDRAWN, PURGED = State


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the table. `to` is None where the state stays as it was."""

    name: str
    sources: frozenset[State]
    to: State | None
    may_change: str
    right: Right
    summary: str
    takes: tuple[str, ...] = ()  # what its request may carry beside a reason


def _row(
    name: str,
    sources: set[State],
    to: State | None,
    may_change: str,
    right: Right,
    summary: str,
    takes: tuple[str, ...] = (),
) -> tuple[str, Action]:
    return name, Action(name, frozenset(sources), to, may_change, right, summary, takes)


ACTIONS: dict[str, Action] = dict(
    [
        _row(
            "publish", {ABSENT, PURGED}, ACTIVE, "the whole record", Right.PUBLISH,
            "Put a record into the catalogue; clears `deprecated` on lower versions.", ("item",),
        ),
        _row(
            "correct", {ACTIVE}, ACTIVE, "the profile's mutable paths; never id, version, sizes or checksums",
            Right.PUBLISH, "Mend a mistake in the description; the data did not change.", ("item", "patch"),
        ),
        _row(
            "replace", {ACTIVE}, ACTIVE, "everything but id and version", Right.EXEMPT,
            "Put another content under the same id; locations are dropped if any bytes changed.", ("item",),
        ),
        _row(
            "deprecate", {ACTIVE}, ACTIVE, "the flag", Right.PUBLISH,
            "Take `latest` away by hand; nothing changes on a record that is not latest.",
        ),
        _row(
            "retract", {ACTIVE}, RETRACTED, "state, reason, wish for the data", Right.PUBLISH,
            "Take a record out of the search; nothing is lost.", ("wish",),
        ),
        _row(
            "restore", {RETRACTED, ACTIVE}, ACTIVE, "state and flag", Right.PUBLISH,
            "Bring a retracted or deprecated record back with its content and locations.",
        ),
        _row(
            "withdraw", {ACTIVE, RETRACTED}, WITHDRAWN, "assets and listed fields are stripped", Right.EXEMPT,
            "Take a record down for good; a tombstone names the nodes that still hold copies.", ("fields",),
        ),
        _row(
            "purge", {ACTIVE, RETRACTED, WITHDRAWN, PURGED}, PURGED, "the state only", Right.ADMINISTER,
            "Hide a record from everybody but administrators; its id may be published again.",
        ),
        _row(
            "replica-add", {ACTIVE}, None, "own node's locations only", Right.REPLICATE,
            "Announce a whole copy at a node.", ("node", "locations", "revision"),
        ),
        _row(
            "replica-remove", {ACTIVE, RETRACTED, WITHDRAWN, PURGED}, None, "own node's locations only",
            Right.REPLICATE, "Announce that a node's copy is gone.", ("node", "assets"),
        ),
        _row(
            "transfer", {ACTIVE}, ACTIVE, "owner, primary locations", Right.ADMINISTER,
            "Make a node's locations the primary ones, for when an origin leaves.", ("node", "drop"),
        ),
    ]
)  # fmt: skip

WISHES = ("keep", "restrict", "remove")
COLLECTION_ACTIONS = ("publish", "replace")


def in_order(states: frozenset[State]) -> list[State]:
    """The states in the order of the table."""
    return [state for state in State if state in states]


def mermaid() -> str:
    """The state diagram of the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> absent"]
    for action in ACTIONS.values():
        for source in in_order(action.sources):
            lines.append(f"    {source} --> {action.to or source}: {action.name}")
    return "\n".join(lines)


def markdown() -> str:
    """The action table of the documentation."""
    rows = ["| action | from | to | may change | right | what it does |", "|---|---|---|---|---|---|"]
    for action in ACTIONS.values():
        sources = ", ".join(in_order(action.sources))
        rows.append(
            f"| {action.name} | {sources} | {action.to or 'same'} | {action.may_change} "
            f"| {action.right} | {action.summary} |"
        )
    return "\n".join(rows)
