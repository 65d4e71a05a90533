"""Messages: what a parcel says, as a subject, a text for people and a document for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.grouping import OTHER, Group, Parcel
from alerts.notices import printable

VERSION = 1  # of the document
SUBJECT_CHARACTERS_MAX = 150
# kind: one of them, several
WORDS = {
    "anomaly": ("anomaly", "anomalies"),
    "dead-letter": ("dead letter", "dead letters"),
    "failed": ("failed transfer", "failed transfers"),
    "rejected": ("refusal", "refusals"),
    "refused": ("refusal at the door", "refusals at the door"),
    "parked": ("parked dataset", "parked datasets"),
    "stopped": ("stopped follower", "stopped followers"),
    "indexed": ("record indexed", "records indexed"),
    "unchanged": ("record unchanged", "records unchanged"),
    OTHER: ("notice of many kinds", "notices of many kinds"),
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """`key` names it for ever: a second delivery has the same."""

    key: str
    subject: str
    text: str
    data: Json


def message_of(parcel: Parcel, recipient: str, node: str) -> Message:
    """The message of a parcel. `recipient` is a subscription's id, or of an operator's destination."""
    lines = list(_lines(parcel, recipient))
    subject = printable(f"[stacfed {node}] {_subject(parcel)}", SUBJECT_CHARACTERS_MAX)
    key = f"{recipient}-{parcel.number}"
    data: Json = {
        "version": VERSION,
        "id": key,
        "node": node,
        "kind": parcel.kind,
        "time": _time(parcel.made_s),
        "subject": subject,
        "text": "\n".join(lines) + "\n",
        "groups": [_group_json(group) for group in parcel.groups],
        "counts": parcel.counts,
        "lost": parcel.lost,
    }
    if parcel.confirm is not None:
        data["token"] = parcel.confirm["token"]
    return Message(key, subject, data["text"], data)


def trial(node: str, key: str) -> Message:
    """What `stacfed alerts test` sends."""
    subject, text = f"[stacfed {node}] test", f"This is a test: alerts of node {node} arrive here.\n"
    data = {"version": VERSION, "id": key, "node": node, "kind": "test", "subject": subject, "text": text,
            "groups": [], "counts": {}, "lost": 0}  # fmt: skip
    return Message(key, subject, text, data)


def counted(kind: str, count: int) -> str:
    one, several = WORDS.get(kind, (kind, kind))
    return f"{count:,} {one if count == 1 else several}"


def _subject(parcel: Parcel) -> str:
    if parcel.kind == "confirm":
        return "please confirm this address"
    totals = Counter(parcel.counts)
    if parcel.kind == "urgent":
        for group in parcel.groups:
            totals[group.kind] += group.count
    known = [kind for kind in WORDS if totals[kind]]
    collections = {group.collection for group in parcel.groups}
    where = f" in {collections.pop()}" if len(collections) == 1 and all(collections) else ""
    return ", ".join(counted(kind, totals[kind]) for kind in known) + where


def _lines(parcel: Parcel, recipient: str) -> Iterator[str]:
    if parcel.confirm is not None:
        yield from _question(parcel.confirm)
        return
    if parcel.digest is not None:
        yield f"From {_time(parcel.digest.since_s)} to {_time(parcel.made_s)}:"
        yield from (f"  {counted(kind, count)}" for kind, count in sorted(parcel.counts.items()))
        yield f"  in {parcel.digest.requests:,} requests"
        yield ""
    for group in parcel.groups:
        yield from _group_lines(group)
        yield ""
    if parcel.lost:
        yield f"{parcel.lost:,} earlier notices could not be delivered and are not repeated here."
    yield f"Message {parcel.number} to {recipient}."


def _group_lines(group: Group) -> Iterator[str]:
    where = f" in {group.collection}" if group.collection else ""
    check = f", check {group.check}" if group.check else ""
    yield f"{counted(group.kind, group.count)}{where}{check}, {_time(group.since_s)} to {_time(group.last_s)}"
    for example in group.examples:
        record = "/".join(part for part in (example["collection"], example["item_id"]) if part)
        yield f"  {record or example['handle'] or example['node']}"
        if example["detail"]:
            yield f"    {example['detail']}"
        for finding in example["findings"]:
            yield f"    {finding.get('pointer', '')}  {finding.get('message', '')}"
        if example["findings_more"]:
            yield f"    and {example['findings_more']:,} more findings"
        if example["vocabularies"]:
            yield f"    vocabulary: {', '.join(example['vocabularies'])}"
        if example["handle"]:
            yield f"    request {example['handle']}, sent by {example['identity']}, found by {example['node']}"
        if example["command"]:
            yield f"    $ {example['command']}"
    more = group.count - len(group.examples)
    if more:
        yield f"  and {more:,} more of this kind"


def _question(confirm: Json) -> Iterator[str]:
    yield f"Somebody wants notices about {confirm['about']} to be sent to this address."
    yield "If that is you, confirm it with"
    yield ""
    yield f"    $ stacfed alerts confirm {confirm['token']}"
    yield ""
    yield "or by POST /alerts/confirmations with this token. If not, do nothing: no more will come."


def _group_json(group: Group) -> Json:
    return {
        "kind": group.kind,
        "collection": group.collection,
        "check": group.check,
        "count": group.count,
        "since": _time(group.since_s),
        "last": _time(group.last_s),
        "examples": group.examples,
    }


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
