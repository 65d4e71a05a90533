"""Notices: what of an outcome somebody may want to know, and what a person can do about it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import orjson

from stream.errors import Problem
from stream.events import Requester
from stream.outcomes import Outcome

ANOMALY, DEAD_LETTER, FAILED, REJECTED = "anomaly", "dead-letter", "failed", "rejected"
REFUSED = "refused"  # at a door: nothing of it is on the log
PARKED, STOPPED = "parked", "stopped"  # alarms about a process, not outcomes
URGENT = frozenset({ANOMALY, DEAD_LETTER, FAILED, PARKED, STOPPED})
COUNTED = frozenset({"indexed", "unchanged"})  # good ends: numbers in a digest, nothing more
ENDS = COUNTED | {REJECTED, DEAD_LETTER}  # every event has one of these from each index node
TOLD = URGENT | COUNTED | {REJECTED}
FINDINGS_MAX = 3
TEXT_CHARACTERS_MAX, ID_CHARACTERS_MAX = 300, 400

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. `sub` and `client_id` are of who sent the event; all texts are short and printable."""

    kind: str
    collection: str
    item_id: str
    handle: str
    event_id: str
    node: str
    sub: str
    client_id: str
    time: str
    check: str
    detail: str
    findings: tuple[Json, ...] = ()
    findings_more: int = 0
    vocabularies: tuple[str, ...] = ()
    command: str = ""
    begins: bool = False  # the end of a request's first event: each request has one

    @property
    def urgent(self) -> bool:
        return self.kind in URGENT

    def to_json(self) -> Json:
        """What a message keeps of it."""
        return {
            "kind": self.kind, "collection": self.collection, "item_id": self.item_id, "handle": self.handle,
            "event_id": self.event_id, "node": self.node, "identity": self.sub, "client_id": self.client_id,
            "time": self.time, "check": self.check, "detail": self.detail, "findings": list(self.findings),
            "findings_more": self.findings_more, "vocabularies": list(self.vocabularies),
            "command": self.command,
        }  # fmt: skip


def notice_of(outcome: Outcome) -> Notice | None:
    """The notice of an outcome, None for one that nobody is told about."""
    if outcome.outcome not in TOLD:
        return None
    problem = outcome.problem if isinstance(outcome.problem, dict) else {}
    listed = problem.get("findings")
    findings = [found for found in listed if isinstance(found, dict)] if isinstance(listed, list) else []
    versions = dict.fromkeys(printable(f["vocabulary"], 100) for f in findings if f.get("vocabulary"))
    return Notice(
        kind=outcome.outcome,
        collection=printable(outcome.collection, ID_CHARACTERS_MAX),
        item_id=printable(outcome.item_id, ID_CHARACTERS_MAX),
        handle=printable(outcome.handle, 200),
        event_id=printable(outcome.event_id, 200),
        node=printable(outcome.node, 100),
        sub=printable(outcome.requester.sub, 200),
        client_id=printable(outcome.requester.client_id, 200),
        time=printable(outcome.time, 40),
        check=_check(problem, findings),
        detail=printable(problem.get("detail") or "", TEXT_CHARACTERS_MAX),
        findings=tuple(_finding(found) for found in findings[:FINDINGS_MAX]),
        findings_more=max(len(findings) - FINDINGS_MAX, 0),
        vocabularies=tuple(versions)[:FINDINGS_MAX],
        command=_command(outcome),
        begins=outcome.outcome in ENDS and (outcome.parent is None or outcome.parent.index == 0),
    )


def refusal_of(
    problem: Problem,
    requester: Requester,
    collection: str,
    item_id: str,
    node: str,
    request_id: str,
    time: str,
) -> Notice:
    """The notice of a request that a door refused."""
    findings = [finding.to_json() for finding in problem.findings[: FINDINGS_MAX * 10]]
    return Notice(
        kind=REFUSED,
        collection=printable(collection, ID_CHARACTERS_MAX),
        item_id=printable(item_id, ID_CHARACTERS_MAX),
        handle="",
        event_id="",
        node=node,
        sub=printable(requester.sub, 200),
        client_id=printable(requester.client_id, 200),
        time=time,
        check=_check({"type": problem.type}, findings),
        detail=printable(f"{problem.detail} (request {request_id})", TEXT_CHARACTERS_MAX),
        findings=tuple(_finding(found) for found in findings[:FINDINGS_MAX]),
        findings_more=max(len(problem.findings) - FINDINGS_MAX, 0),
        command="stacfed check FILE",
        begins=True,
    )


def printable(value: object, characters_max: int) -> str:
    """One line of text that can do nothing to a terminal, a log or a mail's header."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    if len(text) <= characters_max and text.isprintable():
        return text
    shown = "".join(character if character.isprintable() else "?" for character in text[: characters_max + 1])
    return shown if len(shown) <= characters_max else shown[: characters_max - 3] + "..."


def _check(problem: Json, findings: list[Json]) -> str:
    """What failed: the check of the first error, or the kind of the problem."""
    errors = [found for found in findings if found.get("level", "error") == "error"]
    for found in errors or findings:
        if isinstance(found.get("check"), str):
            return printable(found["check"], 100)
    kind = problem.get("type")
    return printable(kind.rpartition("/")[2], 100) if isinstance(kind, str) else ""


def _finding(found: Json) -> Json:
    members = ("check", "pointer", "message", "value", "expected", "level", "vocabulary", "nearest")
    return {name: printable(found[name], TEXT_CHARACTERS_MAX) for name in members if name in found}


def _command(outcome: Outcome) -> str:
    """What a person types next. Ids are anybody's words, so they are quoted for the shell, or not repeated."""
    record = f"{outcome.collection}/{outcome.item_id}"
    if outcome.outcome == DEAD_LETTER:
        return "stacfed deadletter list"
    if outcome.outcome != ANOMALY or not outcome.item_id:
        return f"stacfed request {shlex.quote(printable(outcome.handle, 200))}"
    if not record.isprintable() or len(record) > 2 * ID_CHARACTERS_MAX:
        return "stacfed act retract COLLECTION/ITEM --reason '...'"
    return f"stacfed act retract {shlex.quote(record)} --reason '...'"
