"""Foreign events: messages of a topic that another API wrote, read as the requests that they tell of. Pure.

Two rules. What their doors have stamped is a claim, never a fact: rules, fold, digest, profile and expected nodes are
always our own. And a request is checked as if it came over HTTP, so that the log holds nothing else by another way.

Of the actions that another federation of ours has stamped, those that a patch cannot tell are taken at their word
where a publisher may ask for them (TAKEN). What only people with special rights may do (LEFT) is refused: it is their
decision there, and somebody's here. So is a Collection: whether it exists is decided here.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from catalogue.profile import Profile
from checks.book import Checker
from stream.errors import Problem, Refused
from stream.events import Event, Origin, Undecodable, decode
from stream.keys import dataset_key
from stream.log import Record
from transaction_api.body import parse_json, read_item, read_patch
from transaction_api.calls import Call, Item, Order, check_order
from transaction_api.policy import Identity
from transaction_api.site import Known
from transaction_api.stamp import Stamper, checked, checked_change, named_rules, ordered, recognised

TAKEN = ("deprecate", "retract", "restore")
LEFT = ("withdraw", "purge", "transfer")
PATCHES = "application/json"  # lists of operations, wrapped ones, and merge patches
IDS_REMEMBERED_MAX = 100_000
REASON_FINDINGS_MAX, REASON_CHARACTERS_MAX = 20, 4_000
_ID = re.compile(r"[0-9a-f]{32}")


def read_foreign(value: bytes) -> Event:
    """Undecodable for what is no event, and for JSON that two readers could understand differently."""
    event = decode(value)
    try:
        parse_json(value)
    except Refused as refusal:
        raise Undecodable(refusal.problem.detail, event.id, refusal.problem.kind) from refusal
    return event


def key_of(event: Event, profile: Profile) -> str:
    """The key of the event's dataset; where the id names none, one of its own."""
    try:
        dataset = profile.rules(event.item_id).dataset
    except Refused:
        dataset = event.item_id
    return dataset_key(event.collection, dataset)


def needs_knowledge(event: Event) -> bool:
    """Whether its stamp depends on what the dataset was before it: all but a plain publication.

    A patch is recognised by the assets there are, and an announcement names the revision that was copied. An event
    of another federation may be one of our own that has come round, which only the dataset's head can tell.
    """
    return event.method != "POST" or event.action is not None or event.origin is not None


def stamped(
    foreign: Event,
    event_id: str,
    origin: Origin,
    checker: Checker,
    known: Known,
    stamper: Stamper,
    bytes_max: int,
) -> Event:
    """Our event. Refused where the Transaction API would refuse the same request for what it is.

    It keeps the foreign time, requester, publisher and request id. Whether the record's state allows it is for the
    index node to say. `known` is looked at only where `needs_knowledge`; `bytes_max` is of a message.
    """
    if foreign.about_collection:
        raise Refused("operation-not-permitted", "a Collection is created here, not through a bridge")
    call = Call(
        Identity(foreign.requester, foreign.policy_id), foreign.request_id or event_id, foreign.publisher,
        foreign.method, "",
    )  # fmt: skip
    collection, item_id = foreign.collection, foreign.item_id
    told: dict[str, Any] = {"id": event_id, "time": foreign.time, "origin": origin}
    if foreign.item is not None:
        item = read_item(without_nulls(foreign.item), collection, item_id)
        if foreign.method == "POST":
            return stamper.publication(call, checker, collection, checked(item, checker).item, **told)
        return stamper.put(call, checker, collection, item, known, lambda: True, **told)[0]
    if foreign.action in LEFT:
        why = f"{foreign.action} is decided by the people of this federation; act on the record here"
        raise Refused("operation-not-permitted", why)
    profile = checker.profile
    rules = named_rules(profile, item_id)
    if foreign.action in TAKEN:
        order = Order(reason=foreign.reason, wish=foreign.wish)
        check_order(foreign.action, order)
        event = stamper.event(call, profile, collection, item_id, foreign.action, rules, **told)
        return ordered(event, order, known, bytes_max)
    patch = read_patch(foreign.patch, PATCHES)
    found = recognised(patch, rules, known)
    event = stamper.patch(call, profile, collection, item_id, patch, found, known, **told)
    event, _ = checked_change(event, known, checker)
    return replace(event, reason=foreign.reason)


def without_nulls(item: Item) -> Item:
    """The item without members that are null where STAC knows no null: a producer that writes out every optional
    member of its model leaves them. `geometry` and `properties.datetime` may be null.
    """
    found = _present(item, "geometry")
    if isinstance(found.get("properties"), dict):
        found["properties"] = _present(found["properties"], "datetime")
    if isinstance(found.get("links"), list):
        found["links"] = [_present(link) if isinstance(link, dict) else link for link in found["links"]]
    if isinstance(found.get("assets"), dict):
        assets = found["assets"].items()
        found["assets"] = {
            key: _present(asset) if isinstance(asset, dict) else asset for key, asset in assets
        }
    return found


def reason_of(problem: Problem) -> str:
    """Why it was refused, with the places that are wrong, for a dead letter."""
    places = [f"{finding.pointer or '/'}: {finding.message}" for finding in problem.findings]
    more = f" ({len(places) - REASON_FINDINGS_MAX} more)" if len(places) > REASON_FINDINGS_MAX else ""
    detail = problem.detail
    if problem.kind == "collection-does-not-exist":
        detail += ", then replay this"
    elif places:
        detail += " | " + "; ".join(places[:REASON_FINDINGS_MAX]) + more
    return detail[:REASON_CHARACTERS_MAX]


@dataclass
class Ids:
    """The event ids of a bridge: theirs, where it is one of 32 hex digits that names nothing else.

    The same message sent twice is one event, and stays one. Another message under a known id is another event: it
    gets an id that follows from its origin, so the same one whenever it is read. Of late ids only are remembered; an
    older one that comes again changes nothing in its dataset, as if it were a repetition.
    """

    _known: OrderedDict[str, bytes] = field(default_factory=OrderedDict)

    def of(self, event: Event, record: Record) -> str:
        """The id of a foreign event."""
        if _ID.fullmatch(event.id) is None:
            return derived_id(record)
        digest = hashlib.sha256(record.value).digest()
        if self._known.setdefault(event.id, digest) != digest:
            return derived_id(record)
        self._known.move_to_end(event.id)
        if len(self._known) > IDS_REMEMBERED_MAX:
            self._known.popitem(last=False)
        return event.id


def derived_id(record: Record) -> str:
    """An event id from where a message was and what it says; a topic that was made anew has other messages."""
    place = f"{record.place.topic}\0{record.place.partition}\0{record.offset}\0"
    return hashlib.sha256(place.encode() + record.value).hexdigest()[:32]


def origin_of(record: Record) -> Origin:
    """Where the message is."""
    return Origin(record.place.topic, record.place.partition, record.offset)


def _present(members: Item, *but: str) -> Item:
    return {name: value for name, value in members.items() if value is not None or name in but}
