"""The fold of outcomes into requests: what a handle shows.

A request's outcomes are kept in blocks of BLOCK events per outcome topic. A block is a function of the messages of
its topic partition, written with the last one's position as version: the same law as the catalogue's, so
repetition and two workers at once do no harm. The state of a request is a function of all its blocks, and the
first final state is kept in its summary.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stream.outcomes import INDEX_ROLE, Outcome

BLOCK = 256
ACCEPTED, SETTLED, REJECTED, ATTENTION, LOST = "accepted", "settled", "rejected", "attention", "lost"
FINAL = frozenset({SETTLED, REJECTED, ATTENTION})
STATES = (ACCEPTED, SETTLED, REJECTED, ATTENTION, LOST)
FAILURES_SHOWN_MAX = 1000
# Of several outcomes of one node and role the furthest is shown; an anomaly is shown beside it.
RANK = {
    name: rank
    for rank, name in enumerate(
        (
            "not-wanted",
            "transferring",
            "failed",
            "stored",
            "removed",
            "unchanged",
            "indexed",
            "rejected",
            "dead-letter",
        )
    )
}
Json = dict[str, Any]


def block_of(outcome: Outcome) -> int:
    """The block that keeps an outcome."""
    return outcome.parent.index // BLOCK if outcome.parent else 0


def blocks_of(of: int) -> range:
    """The blocks of a request of so many events."""
    return range(-(-of // BLOCK))


def fold_block(block: Json | None, outcomes: Iterable[Outcome]) -> Json:
    """The block with these outcomes. Of the same node, role and outcome of one event the first is kept."""
    found: Json = block or {"events": {}}
    for outcome in outcomes:
        found.setdefault("id", outcome.handle)
        found.setdefault("of", outcome.parent.of if outcome.parent else 1)
        found.setdefault("family", outcome.parent is not None)
        found.setdefault("collection", outcome.collection)
        found.setdefault("request_id", outcome.request_id)
        found.setdefault("since", outcome.time)
        found["expected"] = sorted({*found.get("expected", ()), *outcome.expected})
        index = outcome.parent.index if outcome.parent else 0
        event = found["events"].setdefault(
            str(index),
            {
                "event_id": outcome.event_id,
                "item_id": outcome.item_id,
                "action": outcome.action,
                "reports": [],
            },
        )
        report = _report(outcome)
        same = ("node", "role", "outcome")
        if not any(all(other[name] == report[name] for name in same) for other in event["reports"]):
            event["reports"].append(report)
    return found


@dataclass
class Request:
    """All that is known of a request; see `join`. What follows from the events is worked out once."""

    id: str
    of: int = 1
    family: bool = False
    collection: str = ""
    request_id: str = ""
    since: str = ""
    expected: tuple[str, ...] = ()
    events: dict[int, Json] = field(default_factory=dict)

    @property
    def reports(self) -> int:
        """How many outcomes have come: grows only."""
        return sum(len(event["reports"]) for event in self.events.values())

    @cached_property
    def states(self) -> dict[int, str]:
        """The state of each event that anything is known of: final when every expected index node has reported."""
        return {index: self._state_of(event["reports"]) for index, event in self.events.items()}

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many events are in each state."""
        found = Counter(self.states.values())
        found[ACCEPTED] += self.of - len(self.events)
        return {state: found[state] for state in (ACCEPTED, SETTLED, REJECTED, ATTENTION)}

    @property
    def state(self) -> str:
        """The state that these outcomes come to."""
        if self.counts[ACCEPTED]:
            return ACCEPTED
        return next((whole for whole in (SETTLED, REJECTED) if self.counts[whole] == self.of), ATTENTION)

    def _state_of(self, reports: Iterable[Json]) -> str:
        """From what each index node said first, so that a final state stays; anomalies and other roles change none."""
        said: dict[str, str] = {}
        for report in reports:
            if report["role"] == INDEX_ROLE and report["outcome"] != "anomaly":
                said.setdefault(report["node"], report["outcome"])
        if not said or not set(self.expected) <= said.keys():
            return ACCEPTED
        words = {said[node] for node in self.expected or said}
        if words <= {"indexed", "unchanged"}:
            return SETTLED
        return REJECTED if words == {"rejected"} else ATTENTION


def join(handle: str, blocks: Sequence[Mapping[str, Any]]) -> Request:
    """The request in blocks of both topics."""
    request = Request(handle)
    expected: set[str] = set()
    for block in blocks:
        request.of, request.family = max(request.of, block["of"]), request.family or block["family"]
        request.collection = request.collection or block["collection"]
        request.request_id = request.request_id or block["request_id"]
        request.since = min(filter(None, (request.since, block["since"])))
        expected |= set(block["expected"])
        for index, event in block["events"].items():
            mine = request.events.setdefault(int(index), {**event, "reports": []})
            mine["reports"] = sorted([*mine["reports"], *event["reports"]], key=lambda report: report["time"])
    request.expected = tuple(sorted(expected))
    return request


def view(request: Request, state: str) -> Json:
    """A request as `GET /requests/{id}` shows it, without the address."""
    shown: Json = {
        "id": request.id, "event_id": request.id, "request_id": request.request_id, "state": state,
        "collection": request.collection or None, "since": request.since or None, "expected": request.expected,
    }  # fmt: skip
    if request.family:
        failures = [
            {"index": index, "state": request.states[index], **_event_view(event)}
            for index, event in sorted(request.events.items())
            if request.states[index] in (REJECTED, ATTENTION)
        ]
        shown["children"] = {"of": request.of, **request.counts}
        shown["failures"] = failures[:FAILURES_SHOWN_MAX]
        shown["failures_omitted"] = max(0, len(failures) - FAILURES_SHOWN_MAX)
    else:
        shown.update(_event_view(request.events.get(0)))
    return shown


def view_child(request: Request, index: int, event_id: str) -> Json:
    """One event of a FeatureCollection's request, shown as a request of its own."""
    state = request.states.get(index, ACCEPTED)
    event = request.events.get(index)
    return {
        "id": event_id, "request_id": request.request_id, "state": state, "collection": request.collection or None,
        "since": request.since or None, "expected": request.expected, "parent": request.id, "index": index,
        **_event_view(event), "event_id": event_id,
    }  # fmt: skip


def _event_view(event: Json | None) -> Json:
    if event is None:
        return {"outcomes": []}
    furthest: dict[tuple[str, str], Json] = {}
    beside = []
    for report in event["reports"]:
        place = (report["node"], report["role"])
        if report["outcome"] == "anomaly":
            beside.append(report)
        elif place not in furthest or RANK[report["outcome"]] > RANK[furthest[place]["outcome"]]:
            furthest[place] = report
    shown = [furthest[place] for place in sorted(furthest)]
    named = {name: event[name] for name in ("event_id", "item_id", "action")}
    return {**named, "outcomes": [*shown, *beside]}


def _report(outcome: Outcome) -> Json:
    found: Json = {
        "node": outcome.node,
        "role": outcome.role,
        "outcome": outcome.outcome,
        "position": {"partition": outcome.partition, "offset": outcome.offset},
        "time": outcome.time,
    }
    if outcome.unchecked:
        found["unchecked"] = outcome.unchecked
    return found if outcome.problem is None else {**found, "problem": outcome.problem}
