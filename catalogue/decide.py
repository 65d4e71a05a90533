"""The fold: (event, head, the record it names) -> the new head, the outcome, and which documents change.

Two rules. Nothing here sees anything but its arguments. Everything that is written later follows from the
head that is returned, the event, and each document's own old form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from catalogue.admission import wrong_state
from catalogue.content import canonical, content_digest
from catalogue.effects import apply_effect
from catalogue.head import VERSIONS_MAX, Entry, Head, Version
from catalogue.latest import latest_of, order, order_of_writes
from catalogue.lifecycle import ACTIONS, State
from catalogue.record import Record, encode_record, render
from catalogue.replicas import bytes_changed
from stream.errors import Problem, Refused
from stream.events import Event, Rules

INDEXED, UNCHANGED, REJECTED = "indexed", "unchanged", "rejected"
RECORD_BYTES_MAX = 16 << 20


@dataclass(slots=True)  # not frozen: see stream.events
class Decision:
    """What an event comes to. `record` is the document it names as it will be; None where it does not change."""

    head: Head
    outcome: str
    problem: Problem | None = None
    record: Record | None = None
    body: bytes = b""  # the record, encoded


def decide(event: Event, position: int, head: Head | None, old: Record | None) -> Decision:
    """Decide an event that is newer than the head. `old` is the record it names, None where there is none."""
    before = head or Head(event.key, position, event.id, {}, ())
    if before.entry(event.id) is not None:
        return _repeated(event, position, before)
    try:
        versions, record = _change(event, before, old)
    except Refused as refusal:
        return _unwritten(event, position, before, REJECTED, refusal.problem)
    if record is None:
        return _unwritten(event, position, before, UNCHANGED, None)
    lowers, raises = order_of_writes(event.item_id, before.versions, versions)
    after = before.after(_entry(event, position, INDEXED, None), versions, lowers, raises)
    rendered = render(after, record, event)
    body = encode_record(rendered)
    if len(body) > RECORD_BYTES_MAX:
        problem = Problem("record-too-large", f"the record would be over {RECORD_BYTES_MAX} bytes")
        return _unwritten(event, position, before, REJECTED, problem)
    return Decision(after, INDEXED, None, rendered, body)


def finish(event: Event, head: Head, old: Record | None) -> Record:
    """The document that a decided event leaves of `old`: the one it names, or a sibling that gives or takes latest.

    Only for ids in the head's `lowers` and `raises`, from a document older than the head.
    """
    if old is not None and old.id != event.item_id:
        return render(head, old, event)
    item, holders = apply_effect(event, old, may_fill=True)  # it was decided; the head says so
    return render(head, _shell(event, old, item, holders), event)


def _change(event: Event, head: Head, old: Record | None) -> tuple[dict[str, Version], Record | None]:
    """The new versions and the changed record; None where the result already holds. Refused where it may not."""
    known = head.versions.get(event.item_id)
    state = known.state if known else State.ABSENT
    action = ACTIONS[str(event.action)]
    if state not in action.sources and state != action.to:
        raise wrong_state(event, state)
    if event.action == "publish" and known and state == State.ACTIVE:
        if known.digest == _posted_digest(event):
            return head.versions, None
        raise wrong_state(event, state)
    if event.action == "deprecate" and latest_of(head.versions) != event.item_id:
        return head.versions, None
    if known is None and len(head.versions) >= VERSIONS_MAX:
        raise Refused("record-too-large", f"a dataset has at most {VERSIONS_MAX} versions")
    may_fill = bool(known and event.revision is not None and event.revision >= known.bytes_revision)
    item, holders = apply_effect(event, old, may_fill=may_fill)
    version = _version(event, known, old, item)
    if known and old and _unchanged(event, known, version, old, item, holders):
        return head.versions, None
    if state not in action.sources:
        raise wrong_state(event, state)
    return _with(event, head.versions, version), _shell(event, old, item, holders)


def _version(event: Event, known: Version | None, old: Record | None, item: dict[str, Any]) -> Version:
    """The entry of the record in the head, as the event leaves it."""
    rules = _rules(event)
    digest = _digest(event, known, old, item)
    revision = (known.revision if known else 0) + 1
    if known is None or event.action == "publish":
        owner = event.node or "unknown"
        return Version(rules.version, rules.sort, State.ACTIVE, False, revision, revision, digest, owner)
    if digest == known.digest and event.action != "correct":
        revision = known.revision
    version = replace(
        known, revision=revision, digest=digest, state=ACTIONS[str(event.action)].to or known.state
    )
    reason = known.reason if event.reason is None else event.reason
    match event.action:
        case "replace":
            return replace(version, bytes_revision=revision) if _moved(event, old, item) else version
        case "deprecate":
            return replace(version, deprecated=True)
        case "restore":
            return replace(version, deprecated=False, reason=None, wish=None)
        case "retract":
            wish = event.wish or known.wish or "keep"
            return replace(version, reason=reason, wish=wish)
        case "withdraw":
            return replace(version, reason=reason)
        case "transfer":
            return replace(version, owner=event.node or known.owner)
        case _:
            return version


def _unchanged(
    event: Event,
    known: Version,
    version: Version,
    old: Record,
    item: dict[str, Any],
    holders: tuple[str, ...],
) -> bool:
    if event.action == "publish":
        return False  # from purged
    if event.action == "replace":
        return version.digest == known.digest
    if replace(version, revision=known.revision) != known or holders != old.holders:
        return False
    return item is old.item or canonical(item) == canonical(old.item)


def _with(event: Event, versions: dict[str, Version], version: Version) -> dict[str, Version]:
    """All versions with this one; a publish clears `deprecated` on those below it."""
    found = {**versions, event.item_id: version}
    if event.action == "publish":
        mine = order(event.item_id, version)
        for item_id, other in versions.items():
            if other.deprecated and order(item_id, other) < mine:
                found[item_id] = replace(other, deprecated=False)
    return found


def _repeated(event: Event, position: int, head: Head) -> Decision:
    """An event id that the head lists changes nothing and repeats its outcome."""
    entry = head.entry(event.id)
    assert entry is not None
    after = replace(head, position=position, event_id=event.id, lowers=(), raises=())
    return Decision(after, entry.outcome, entry.problem)


def _unwritten(event: Event, position: int, head: Head, outcome: str, problem: Problem | None) -> Decision:
    return Decision(head.after(_entry(event, position, outcome, problem), head.versions), outcome, problem)


def _entry(event: Event, position: int, outcome: str, problem: Problem | None) -> Entry:
    who = event.requester.sub
    return Entry(position, event.id, str(event.action), event.item_id, outcome, who, event.time, problem)


def _shell(event: Event, old: Record | None, item: dict[str, Any], holders: tuple[str, ...]) -> Record:
    """The record before `render` gives it what the head says."""
    ids = old.ids if old and old.ids else _rules(event).ids
    return Record(
        event.collection, event.item_id, event.key, State.ACTIVE, False, 0, "", item, holders=holders, ids=ids
    )


def _digest(event: Event, known: Version | None, old: Record | None, item: dict[str, Any]) -> str:
    if known and old and item is old.item:
        return known.digest
    return _posted_digest(event) if event.action == "publish" else content_digest(item)


def _posted_digest(event: Event) -> str:
    return event.digest or content_digest(event.item or {})


def _moved(event: Event, old: Record | None, item: dict[str, Any]) -> bool:
    if old is None or event.about_collection:
        return False
    return bytes_changed(old.item["assets"], item["assets"], _rules(event))


def _rules(event: Event) -> Rules:
    if event.rules is None:
        raise ValueError("an unstamped event has no rules")
    return event.rules
