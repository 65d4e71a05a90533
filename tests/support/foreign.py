"""A topic as ESGF's own API writes it: keyed by item id, naive local times, explicit nulls, unknown members.

`Foreign` numbers its messages: event id and time follow from the number. Each is told with what has to become of it.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from stream.log import Log, Message, Receipt
from tests.support import cmip6
from tests.support.cmip6 import Item, data_keys

TOPIC = "esgf.transactions"
PARTITIONS = 3
Patch = list[dict[str, Any]] | dict[str, Any]
ACCEPTED = "accepted"


class Sent(NamedTuple):
    """A message, what has to become of it, and its event id where it tells one."""

    message: Message
    fate: str
    event_id: str | None


@dataclass
class Foreign:
    """Messages in their order; the fate of each is ACCEPTED or the kind of its dead letter."""

    sent: list[Sent] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def post(self, item: Item, fate: str = ACCEPTED, **told: Any) -> None:
        payload = {
            "method": "POST",
            "collection_id": item.get("collection"),
            "item_id": None,
            "item": with_nulls(item),
        }
        self.add(item["id"], payload, fate, **told)

    def put(self, item: Item, fate: str = ACCEPTED, **told: Any) -> None:
        payload = {"method": "PUT", "collection_id": "CMIP6", "item_id": item["id"], "item": with_nulls(item)}
        self.add(item["id"], payload, fate, **told)

    def patch(self, item_id: str, patch: Patch, fate: str = ACCEPTED, **told: Any) -> None:
        """ESGF's producer leaves `publisher` empty here."""
        payload = {"method": "PATCH", "collection_id": "CMIP6", "item_id": item_id, "patch": patch}
        self.add(item_id, payload, fate, **{"publisher": {}, **told})

    def retract(self, item_id: str, **told: Any) -> None:
        self.patch(item_id, RETRACTION, **told)

    def replicate(self, item: Item, node: str, fate: str = ACCEPTED, **told: Any) -> None:
        """Without sizes and checksums, as the real client announces."""
        self.patch(item["id"], announcement(item, node), fate, **told)

    def add(self, key: str, payload: dict[str, Any], fate: str = ACCEPTED, **told: Any) -> None:
        """One message; `told` are members of the metadata."""
        n = next(self._numbers)
        self.raw(key, orjson.dumps(document(n, payload, **told)), fate, n)

    def raw(self, key: str, value: bytes, fate: str, n: int | None = None) -> None:
        self.sent.append(Sent(Message(TOPIC, key, value), fate, None if n is None else event_id(n)))

    def spoilt(self, item: Item, spoil: Callable[[bytes], bytes], fate: str) -> None:
        """A publication whose bytes were changed."""
        self.post(item, fate)
        last = self.sent[-1]
        self.sent[-1] = last._replace(message=last.message._replace(value=spoil(last.message.value)))

    def count(self, fate: str) -> int:
        return sum(one.fate == fate for one in self.sent)

    @property
    def messages(self) -> list[Message]:
        return [one.message for one in self.sent]

    async def append(self, log: Log, partitions: int = PARTITIONS) -> list[Receipt]:
        """Make the topic and fill it."""
        await log.create_topic(TOPIC, partitions)
        receipts = []
        for start in range(0, len(self.sent), 100):
            receipts += await log.append(self.messages[start : start + 100])
        return receipts


RETRACTION: list[dict[str, Any]] = [
    {"op": "replace", "path": "/properties/latest", "value": False},
    {"op": "replace", "path": "/properties/retracted", "value": True},
    {"op": "replace", "path": "/assets", "value": {}},
]
NOT_LATEST: list[dict[str, Any]] = [{"op": "replace", "path": "/properties/latest", "value": False}]


def announcement(item: Item, node: str) -> list[dict[str, Any]]:
    """One location for each data file."""
    return [
        {
            "op": "add", "path": f"/assets/{key}/alternate/{node}",
            "value": {"href": f"https://{node}.example.org/{key}", "alternate:name": node, "protocol": "https"},
        }
        for key in data_keys(item)
    ]  # fmt: skip


def event_id(n: int) -> str:
    return f"e5{n:030x}"


def document(n: int, payload: dict[str, Any], **told: Any) -> dict[str, Any]:
    """A KafkaEvent as ESGF's producer dumps it."""
    metadata = {
        "auth": {
            "auth_policy_id": None,
            "requester_data": {"client_id": "c-1", "iss": "https://issuer.example.org", "sub": "publisher"},
        },
        "event_id": event_id(n),
        "request_id": f"r{n}",
        "publisher": {"package": "esgf_publisher", "version": "5.3.1"},
        "time": f"2026-02-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.5",
        "schema_version": "1.0.0",
        "trace": {"hops": [None, 1]},
    }
    return {"data": {"type": "STAC", "version": None, "payload": payload}, "metadata": metadata | told}


def with_nulls(item: Item) -> Item:
    """The item as a model dumps it that writes out its optional members."""
    found = copy.deepcopy(item)
    found.setdefault("bbox", None)
    for link in found.get("links", ()):
        link.setdefault("title", None)
    for asset in found.get("assets", {}).values():
        asset.setdefault("title", None)
        asset.setdefault("description", None)
    properties = found.get("properties")
    if isinstance(properties, dict):
        properties.setdefault("license", None)
    return found


def large_topic(datasets: int = 60) -> Foreign:
    """Every kind of message that there is, of as many datasets; each item's in the order of their making."""
    found = Foreign()
    firsts = [cmip6.item(item_id) for item_id in cmip6.sample_ids(datasets)]
    seconds = [cmip6.second_version(item) for item in firsts[::2]]
    for item in firsts:
        found.post(item)
        found.patch(item["id"], [{"op": "add", "path": "/properties/note", "value": "first"}])
    for n, item in enumerate(seconds):
        found.post(item)
        found.patch(firsts[2 * n]["id"], NOT_LATEST)
    for n, item in enumerate(firsts):
        match n % 5:
            case 0:
                found.retract(item["id"])
            case 1:
                found.replicate(item, "north")
            case 2:
                found.patch(
                    item["id"], {"operations": [{"op": "add", "path": "/properties/note", "value": "w"}]}
                )
            case 3:
                found.patch(item["id"], {"properties": {"note": None, "more": {"a": 1}}})
            case _:
                found.put(cmip6.other_bytes(item))
    for item in firsts[:datasets:4]:
        found.put({**item, "properties": {**item["properties"], "note": "put"}}, publisher=None)
    _refused(found, cmip6.sample_ids(datasets + 30)[datasets:])
    return found


def _refused(found: Foreign, fresh: list[str]) -> None:
    """One of each kind of what no door would take."""
    items = [cmip6.item(item_id) for item_id in fresh]
    found.raw(fresh[0], b'{"data": {"type"', "undecodable")
    found.raw(fresh[0], b"\xff\xfe", "undecodable")
    found.spoilt(items[1], lambda good: good[:-1] + b',"metadata":{}}', "undecodable")
    found.spoilt(items[2], lambda good: good.replace(b'"project"', b'"title"', 1), "malformed-body")
    found.post({**items[3], "collection": "CMIP5"}, "collection-does-not-exist")
    found.post({**items[4], "geometry": "everywhere"}, "stac-validation")
    found.post({**items[5], "id": "not-a-cmip6-id"}, "stac-validation")
    found.post({**items[6], "type": "Thing"}, "stac-validation")
    big = {**items[7]["properties"], "note": "x" * (5 << 20)}
    found.post({**items[7], "properties": big}, "record-too-large")
    found.patch(fresh[8], [], "malformed-body")
    found.patch(fresh[8], [{"op": "jump", "path": "/properties/a"}], "malformed-body")
    found.patch(
        fresh[8], [*NOT_LATEST, {"op": "add", "path": "/properties/a", "value": 1}], "operation-not-permitted"
    )
    found.patch(
        fresh[8], [{"op": "replace", "path": "/properties/created", "value": 1}], "operation-not-permitted"
    )
    found.patch("not-a-cmip6-id", NOT_LATEST, "item-does-not-exist")
    found.patch(fresh[8], "a text", "undecodable")  # type: ignore[arg-type]
    found.add(fresh[9], {"method": "DELETE", "collection_id": "CMIP6", "item_id": fresh[9]}, "undecodable")
