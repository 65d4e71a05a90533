"""Messages on our topics that no door of ours wrote: what each is, and what a follower says of it.

Each is a good event with one fault, so that it is this fault and no other for which it is buried.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from stream.events import Event, encode
from stream.keys import partition_of
from stream.log import Message
from tests.support import cmip6, events
from tests.support.nodes import PARTITIONS, TOPICS


class Poison(NamedTuple):
    """`event_id` is what can still be read of it: the handle that hears of it."""

    message: Message
    kind: str
    event_id: str | None


ITEM = cmip6.item(cmip6.sample_ids(1)[0])
COLLECTION = {"type": "Collection", "id": "CMIP6", "description": "", "links": []}
GONE = object()
DEEP = "nested too deep"  # which is JSON all the same: its id can be read
RULES = events.rules(ITEM["id"]).to_json()

# Faults of the bytes.
BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda good: b"",
    "not UTF-8": lambda good: good.replace(b"tests", b"\xff\xfe"),
    "a byte order mark": lambda good: b"\xef\xbb\xbf" + good,
    "cut short": lambda good: good[:-5],
    "two documents": lambda good: good + good,
    "NaN": lambda good: good.replace(b'"a":1', b'"a":NaN'),
    "a number beyond all bounds": lambda good: good.replace(b'"a":1', b'"a":1e999'),
    "half a character": lambda good: good.replace(b'"a":1', b'"a":"\\ud800"'),
    DEEP: lambda good: good.replace(b'"a":1', b'"a":' + b"[" * 300 + b"]" * 300),
    "a text": lambda good: b'"an event"',
    "a list": lambda good: b"[" + good + b"]",
    "null": lambda good: b"null",
    "a number of 5,000 digits": lambda good: b"7" * 5000,
}
# Faults of a patch event: where, and what is there.
PATCHED: dict[str, tuple[str, Any]] = {
    "no data": ("data", GONE),
    "no metadata": ("metadata", GONE),
    "metadata that is a list": ("metadata", []),
    "no event id": ("metadata.event_id", GONE),
    "an event id that is a number": ("metadata.event_id", 5),
    "an event id without end": ("metadata.event_id", "f" * 201),
    "another type": ("data.type", "GRIB"),
    "no payload": ("data.payload", GONE),
    "no method": ("data.payload.method", GONE),
    "a method that there is not": ("data.payload.method", "DELETE"),
    "a method that is a list": ("data.payload.method", ["PATCH"]),
    "no collection": ("data.payload.collection_id", GONE),
    "a collection that is empty": ("data.payload.collection_id", ""),
    "an item id with a slash": ("data.payload.item_id", "a/b"),
    "an item id that is too long": ("data.payload.item_id", "é" * 101),
    "an item id that is a number": ("data.payload.item_id", 5),
    "no item id": ("data.payload.item_id", GONE),
    "a patch that is a text": ("data.payload.patch", "add"),
    "a patch of texts": ("data.payload.patch", ["add"]),
    "no time": ("metadata.time", GONE),
    "a time that is a number": ("metadata.time", 1767225600),
    "a time that is none": ("metadata.time", "yesterday"),
    "a day that there is not": ("metadata.time", "2026-02-30T00:00:00Z"),
    "a time before all times": ("metadata.time", "0001-01-01T00:00:00+14:00"),
    "a time after all times": ("metadata.time", "9999-12-31T23:59:59-10:00"),
    "a year of five digits": ("metadata.time", "20260-01-01T00:00:00Z"),
    "an unknown action": ("metadata.action", "vanish"),
    "an action that is a number": ("metadata.action", 5),
    "a publication without an item": ("metadata.action", "publish"),
    "a replacement without an item": ("metadata.action", "replace"),
    "a fold that is a text": ("metadata.fold", "1"),
    "a fold that is true": ("metadata.fold", True),
    "rules that are a list": ("metadata.rules", []),
    "rules without a dataset": ("metadata.rules.dataset", GONE),
    "a dataset with a slash": ("metadata.rules.dataset", "a/b"),
    "a sort key that is a list": ("metadata.rules.sort", [1]),
    "a sort key that is a fraction": ("metadata.rules.sort", 1.5),
    "mutable paths that are numbers": ("metadata.rules.mutable", [1]),
    "a parent that is none": ("metadata.parent", {"id": "x", "index": 5, "of": 2}),
    "a requester that is a text": ("metadata.auth.requester_data", "me"),
    "a revision that is a text": ("metadata.revision", "1"),
    "expected nodes that are numbers": ("metadata.expected", [1]),
}
# Faults of an event with a whole item.
POSTED: dict[str, tuple[str, Any]] = {
    "no item": ("data.payload.item", GONE),
    "an item that is a list": ("data.payload.item", []),
    "an item without an id": ("data.payload.item.id", GONE),
    "properties that are a list": ("data.payload.item.properties", []),
    "no assets": ("data.payload.item.assets", GONE),
    "assets that are texts": ("data.payload.item.assets", {"a": "x"}),
    "links that are a number": ("data.payload.item.links", 5),
}
# Faults of an event about a Collection.
OF_COLLECTION: dict[str, tuple[str, Any]] = {
    "a Collection that is withdrawn": ("metadata.action", "withdraw"),
    "a Collection that is patched": ("data.payload.method", "PATCH"),
    "a Collection with another id": ("data.payload.collection_id", "CMIP7"),
    "a Collection that is a text": ("data.payload.collection", "CMIP6"),
}
UNSTAMPED = ("action", "fold", "rules")
UNREADABLE = ("no data", "no metadata", "metadata that is a list", "no event id", "an event id that is a number",
              "an event id without end")  # fmt: skip


def poisons(first: int) -> dict[str, Poison]:
    """One of each kind; their event ids count from `first`."""
    numbers, found = itertools.count(first), dict[str, Poison]()
    for name, spoil in BYTES.items():
        event = _patch(next(numbers))
        message, told = _message(event), event.id if name == DEEP else None
        found[name] = Poison(message._replace(value=spoil(message.value)), "undecodable", told)
    for make, table in ((_patch, PATCHED), (_publish, POSTED), (_collection, OF_COLLECTION)):
        for name, (path, value) in table.items():
            found[name] = _faulty(make(next(numbers)), path, value, readable=name not in UNREADABLE)
    for name in UNSTAMPED:
        found[f"no {name}"] = _faulty(_patch(next(numbers)), f"metadata.{name}", GONE, kind="unstamped")
    for name, (event, topic, key) in _elsewhere(numbers).items():
        found[name] = Poison(Message(topic, key, encode(event)), "misrouted", event.id)
    return found


def _elsewhere(numbers: itertools.count[int]) -> dict[str, tuple[Event, str, str]]:
    patch, of_collection = _patch(next(numbers)), _collection(next(numbers))
    own = partition_of(patch.key, PARTITIONS)
    foreign = next(key for key in map(str, range(100)) if partition_of(key, PARTITIONS) != own)
    return {
        "in another partition": (patch, TOPICS.transactions, foreign),
        "an item among the Collections": (_in_first_partition(next(numbers)), TOPICS.collections, "CMIP6"),
        "a Collection among the items": (of_collection, TOPICS.transactions, of_collection.key),
    }


def _in_first_partition(n: int) -> Event:
    """Where its partition's number alone would not tell that it is in the wrong topic."""
    made = (events.correct(item_id, n, patch={"properties": {"a": 1}}) for item_id in cmip6.sample_ids(50))
    return next(event for event in made if partition_of(event.key, PARTITIONS) == 0)


def _faulty(
    event: Event, path: str, value: Any, *, readable: bool = True, kind: str = "undecodable"
) -> Poison:
    message = _message(event)
    document = orjson.loads(message.value)
    *parents, name = path.split(".")
    at = document
    for parent in parents:
        at = at[parent]
    at.pop(name, None)
    if value is not GONE:
        at[name] = value
    return Poison(message._replace(value=orjson.dumps(document)), kind, event.id if readable else None)


def _message(event: Event) -> Message:
    topic = TOPICS.collections if event.about_collection else TOPICS.transactions
    return Message(topic, event.key, encode(event))


def _patch(n: int) -> Event:
    return events.correct(ITEM["id"], n, patch={"properties": {"a": 1}})


def _publish(n: int) -> Event:
    return events.publish(ITEM, n)


def _collection(n: int) -> Event:
    return events.collection_event(COLLECTION, n)
