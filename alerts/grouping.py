"""Trays: what one recipient has not been told yet, grouped, counted and limited. All of it is told the time.

A **tray** is one stored document. Notices fold into it: the first of a group waits `gather_s` for company, then one
message tells of all groups that are due; more of the same group within `rate_s` are only counted, and told with the
next message. What is not urgent waits for the digest of the period. A message that is due becomes a **parcel** in
the tray's outbox; each try to deliver it is booked before it is made, so a crash or a second process costs a delay
and not a message. Whatever a limit drops is counted, and the next message says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from alerts.notices import COUNTED, Notice

Json = dict[str, Any]
OTHER = "other"  # the group of what is too varied to have one of its own
HOUR_S = 3600


@dataclass(frozen=True, slots=True)
class Limits:
    """Of each recipient."""

    gather_s: int = 30
    rate_s: int = 900
    groups_max: int = 20
    examples_max: int = 3
    messages_per_hour_max: int = 12
    outbox_max: int = 10
    tries_max: int = 50
    retry_first_s: int = 60
    retry_longest_s: int = 3600
    age_max_s: int = 3 * 86400  # of an outcome: after a rebuild nobody wants the history again


@dataclass(frozen=True, slots=True)
class Wish:
    """What a recipient wants: the urgent at once, and a digest every so often, or none."""

    urgent: bool = True
    period_s: int | None = None


@dataclass(slots=True)
class Group:
    """Notices of one kind, collection and check: how many since when, and the first few."""

    kind: str
    collection: str
    check: str
    since_s: int
    count: int = 0
    last_s: int = 0
    examples: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Digest:
    """A period so far: ends by their outcome, how many requests that is, and what was refused."""

    since_s: int
    counts: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    groups: dict[str, Group] = field(default_factory=dict)


@dataclass(slots=True)
class Parcel:
    """One message to deliver. `lost` counts the notices that this recipient should have had before, and had not."""

    number: int
    kind: str  # urgent, digest, or confirm
    made_s: int
    groups: list[Group] = field(default_factory=list)
    digest: Digest | None = None
    lost: int = 0
    confirm: Json | None = None
    tries: int = 0
    next_s: int = 0

    @property
    def notices(self) -> int:
        return self.lost + sum(group.count for group in self.groups) + sum(self.counts.values())

    @property
    def counts(self) -> dict[str, int]:
        return self.digest.counts if self.digest else {}


@dataclass(slots=True)
class Tray:
    """All of one recipient. `read` is the next offset of each place whose outcomes were folded in."""

    read: dict[str, int] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    told_s: dict[str, int] = field(default_factory=dict)
    digest: Digest | None = None
    sent_s: list[int] = field(default_factory=list)
    outbox: list[Parcel] = field(default_factory=list)
    alarms: dict[str, list[str]] = field(default_factory=dict)  # of each process, those that stand
    lost: int = 0
    number: int = 0


def encode_tray(tray: Tray) -> bytes:
    return orjson.dumps(tray)


def decode_tray(body: bytes) -> Tray:
    found = orjson.loads(body)
    found["groups"] = _groups(found["groups"])
    found["digest"] = _digest(found["digest"])
    for parcel in found["outbox"]:
        parcel["groups"] = [Group(**group) for group in parcel["groups"]]
        parcel["digest"] = _digest(parcel["digest"])
    found["outbox"] = [Parcel(**parcel) for parcel in found["outbox"]]
    return Tray(**found)


def fold(
    tray: Tray, place: str, told: Iterable[tuple[int, Notice]], wish: Wish, now_s: int, limits: Limits
) -> bool:
    """Take in what was read at a place, (offset, notice) in order; False when all of it was there already."""
    new = [(offset, notice) for offset, notice in told if offset >= tray.read.get(place, 0)]
    for offset, notice in new:
        take_in(tray, notice, wish, now_s, limits)
        tray.read[place] = offset + 1
    return bool(new)


def take_in(tray: Tray, notice: Notice, wish: Wish, now_s: int, limits: Limits) -> None:
    """Count a notice where it belongs, and keep it if it is among the first."""
    at_once = notice.urgent and wish.urgent
    if at_once:
        _count(tray.groups, notice, now_s, limits)
    if wish.period_s is None:
        return
    tray.digest = tray.digest or Digest(now_s)
    tray.digest.counts[notice.kind] = tray.digest.counts.get(notice.kind, 0) + 1
    tray.digest.requests += notice.begins
    if not at_once and notice.kind not in COUNTED:
        _count(tray.digest.groups, notice, now_s, limits)


def standing(tray: Tray, process: str, alarms: dict[str, Notice], now_s: int, limits: Limits) -> bool:
    """Note which alarms stand in a process; a new one is a notice. Whether anything changed."""
    known = tray.alarms.get(process, [])
    keys = sorted(alarms)[: limits.groups_max]
    for key in keys:
        if key not in known:
            take_in(tray, alarms[key], Wish(), now_s, limits)
    if keys == known:
        return False
    if keys:
        tray.alarms[process] = keys
    else:
        del tray.alarms[process]
    return True


def pack(tray: Tray, wish: Wish, now_s: int, limits: Limits) -> bool:
    """Make parcels of what is due. Whether there are new ones."""
    tray.sent_s = [sent for sent in tray.sent_s if sent > now_s - HOUR_S]
    tray.told_s = {key: told for key, told in tray.told_s.items() if told > now_s - limits.rate_s}
    due = [key for key, group in tray.groups.items() if _due(tray, key, group, now_s, limits)]
    packed = False
    if due and len(tray.sent_s) < limits.messages_per_hour_max:
        _post(tray, "urgent", [tray.groups.pop(key) for key in due], None, now_s, limits)
        tray.told_s.update(dict.fromkeys(due, now_s))
        packed = True
    over = tray.digest and wish.period_s is not None and now_s >= tray.digest.since_s + wish.period_s
    if tray.digest and over and len(tray.sent_s) < limits.messages_per_hour_max:
        digest, tray.digest = tray.digest, None
        _post(tray, "digest", list(digest.groups.values()), digest, now_s, limits)
        digest.groups = {}
        packed = True
    return packed


def post_confirmation(tray: Tray, confirm: Json, now_s: int, limits: Limits) -> None:
    """Put the question whether an address wants this at all into the outbox."""
    _post(tray, "confirm", [], None, now_s, limits, confirm)


def take_out(tray: Tray, now_s: int, jitter: float, limits: Limits) -> list[Parcel]:
    """The parcels to try now, their next try booked; `jitter` in 0..1 spreads that. One tried too often is lost."""
    taken = []
    for parcel in [parcel for parcel in tray.outbox if parcel.next_s <= now_s]:
        if parcel.tries >= limits.tries_max:
            lose(tray, parcel.number)
            continue
        wait_s = min(limits.retry_first_s * 2 ** min(parcel.tries, 20), limits.retry_longest_s)
        parcel.tries += 1
        parcel.next_s = now_s + round(wait_s * (1 + jitter / 2))
        taken.append(parcel)
    return taken


def delivered(tray: Tray, number: int) -> bool:
    """Forget a parcel. False when another process has done so."""
    before = len(tray.outbox)
    tray.outbox = [parcel for parcel in tray.outbox if parcel.number != number]
    return len(tray.outbox) < before


def lose(tray: Tray, number: int) -> bool:
    """Give a parcel up; what it told of is counted."""
    tray.lost += sum(parcel.notices for parcel in tray.outbox if parcel.number == number)
    return delivered(tray, number)


def _due(tray: Tray, key: str, group: Group, now_s: int, limits: Limits) -> bool:
    told_s = tray.told_s.get(key)
    return now_s >= group.since_s + limits.gather_s and (told_s is None or now_s >= told_s + limits.rate_s)


def _post(
    tray: Tray, kind: str, groups: list[Group], digest: Digest | None, now_s: int, limits: Limits,
    confirm: Json | None = None,
) -> None:  # fmt: skip
    while len(tray.outbox) >= limits.outbox_max:
        lose(tray, tray.outbox[0].number)
    tray.number += 1
    lost = 0
    if confirm is None:  # counts against the hour; a question is asked once, and limited by who may ask
        tray.sent_s.append(now_s)
        lost, tray.lost = tray.lost, 0
    tray.outbox.append(Parcel(tray.number, kind, now_s, groups, digest, lost, confirm, next_s=now_s))


def _count(groups: dict[str, Group], notice: Notice, now_s: int, limits: Limits) -> None:
    names = (notice.kind, notice.collection, notice.check)
    key = "\n".join(names)
    if key not in groups and len(groups) >= limits.groups_max - 1:
        names, key = (OTHER, "", ""), OTHER
    group = groups.setdefault(key, Group(*names, since_s=now_s))
    group.count += 1
    group.last_s = now_s
    if len(group.examples) < limits.examples_max:
        group.examples.append(notice.to_json())


def _groups(found: dict[str, Json]) -> dict[str, Group]:
    return {key: Group(**group) for key, group in found.items()}


def _digest(found: Json | None) -> Digest | None:
    return Digest(**{**found, "groups": _groups(found["groups"])}) if found else None
