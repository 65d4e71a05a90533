"""Events to bytes and back; what others wrote; what is not an event at all."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from stream.events import (
    Event,
    Parent,
    Requester,
    Rules,
    Undecodable,
    UnknownFold,
    check_stamped,
    decode,
    encode,
    format_time,
)
from tests.support import cmip6, events

ITEM = cmip6.item(cmip6.sample_ids(1)[0])
ALL = [
    events.publish(ITEM, 1),
    events.correct(ITEM["id"], 2, patch=[{"op": "add", "path": "/links", "value": []}]),
    events.correct(ITEM["id"], 3, patch={"bbox": None}),
    events.correct(ITEM["id"], 4, item=ITEM),
    events.replace_item(ITEM, 5),
    events.deprecate(ITEM["id"], 6),
    events.retract(ITEM["id"], 7, reason="wrong", wish="remove"),
    events.restore(ITEM["id"], 8),
    events.withdraw(ITEM["id"], 9, fields=["/properties/title"]),
    events.purge(ITEM["id"], 10),
    events.replica_add(ITEM, "b", 11),
    events.replica_remove(ITEM["id"], "b", 12),
    events.transfer(ITEM["id"], "b", 13, drop=True),
]


@pytest.mark.parametrize("event", ALL, ids=lambda event: f"{event.action}-{event.method}")
def test_every_action_comes_back_as_it_was(event: Event) -> None:
    found = decode(encode(event))
    assert found == event
    assert encode(found) == encode(event)
    check_stamped(found)


def test_a_collection_comes_back_as_it_was() -> None:
    event = events.collection_event({"id": "CMIP6", "type": "Collection", "links": []}, 1)
    found = decode(encode(event))
    assert found == event
    assert found.key == "CMIP6"


IDS = st.text(string.ascii_letters + string.digits + "._- ~é", min_size=1, max_size=20)
TEXTS = st.sampled_from(["", "a", "é", "日本", '"\\', "x y", "\n", "\0", "😀", "null", "/a~1b"])
SOME = st.one_of(st.none(), TEXTS)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 53), 1 << 53), st.floats(allow_nan=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
).filter(lambda value: value not in (float("inf"), float("-inf")))
FINITE = st.dictionaries(TEXTS, st.one_of(st.booleans(), st.integers(-9, 9), TEXTS), max_size=3)
RULES = st.builds(
    Rules,
    dataset=IDS,
    version=SOME,
    sort=st.one_of(st.integers(-(1 << 62), 1 << 62), TEXTS),
    mutable=st.lists(TEXTS, max_size=3).map(tuple),
    access_keys=st.lists(TEXTS, max_size=3).map(tuple),
    access_protocols=st.lists(TEXTS, max_size=3).map(tuple),
    ids=st.one_of(st.none(), FINITE),
)
MOMENTS = st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30)).map(format_time)
NAMED = TEXTS.filter(bool)


def stamps(*names: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(dict.fromkeys(names, TEXTS))


@st.composite
def stamped(draw: st.DrawFn) -> Event:
    item_id, method = draw(IDS), draw(st.sampled_from(["POST", "PUT", "PATCH"]))
    body = {"id": item_id, "properties": draw(FINITE), "assets": {"f": draw(FINITE)}, "links": []}
    patch = draw(st.one_of(st.lists(FINITE, max_size=3), FINITE))
    index = draw(st.integers(0, 9))
    return Event(
        id=draw(st.text("0123456789abcdef", min_size=1, max_size=32)),
        request_id=draw(TEXTS),
        time=draw(MOMENTS),
        method=method,
        collection=draw(IDS),
        item_id=item_id,
        item=None if method == "PATCH" else body,
        patch=patch if method == "PATCH" else None,
        action=draw(NAMED),
        fold=draw(st.integers(0, 9)),
        rules=draw(RULES),
        reason=draw(SOME),
        node=draw(SOME),
        wish=draw(SOME),
        fields=tuple(draw(st.lists(TEXTS, max_size=3))),
        drop=draw(st.booleans()),
        expected=tuple(draw(st.lists(TEXTS, max_size=3))),
        profile=draw(st.one_of(st.none(), FINITE)),
        vocabularies=tuple(draw(st.lists(stamps("project", "version", "sha256"), max_size=2))),
        schemas=tuple(draw(st.lists(stamps("uri", "sha256"), max_size=2))),
        digest=draw(SOME),
        revision=draw(st.one_of(st.none(), st.integers(0, 1 << 40))),
        parent=draw(st.one_of(st.none(), st.builds(Parent, TEXTS, st.just(index), st.just(index + 1)))),
        requester=Requester(draw(NAMED), draw(NAMED), draw(NAMED)),
        policy_id=draw(SOME),
        publisher=(draw(NAMED), draw(NAMED)),
    )


@given(stamped())
def test_any_stamped_event_comes_back_as_it_was(event: Event) -> None:
    assert decode(encode(event)) == event


def wire(**changes: Any) -> dict[str, Any]:
    """A minimal foreign event; keys are `payload__x` or `metadata__x`, and ... leaves one out."""
    found: dict[str, Any] = {
        "payload": {"method": "POST", "collection_id": "CMIP6", "item": ITEM},
        "metadata": {"event_id": "e", "time": "2026-01-02T03:04:05"},
    }
    for name, value in changes.items():
        part, _, member = name.partition("__")
        found[part][member] = value
        if value is ...:
            del found[part][member]
    return {"data": {"type": "STAC", "payload": found["payload"]}, "metadata": found["metadata"]}


def read(**changes: Any) -> Event:
    return decode(orjson.dumps(wire(**changes)))


def test_a_foreign_event_is_read_and_is_not_stamped() -> None:
    event = read()
    assert (event.item_id, event.time, event.stamped) == (ITEM["id"], "2026-01-02T03:04:05.000000Z", False)
    assert event.requester == Requester("anonymous", "unknown", "anonymous")
    with pytest.raises(Undecodable) as caught:
        check_stamped(event)
    assert (caught.value.kind, caught.value.event_id) == ("unstamped", "e")
    with pytest.raises(ValueError, match="unstamped"):
        _ = event.key


def test_nulls_and_an_empty_publisher_are_read() -> None:
    event = read(
        metadata__auth={
            "auth_policy_id": None,
            "requester_data": {"client_id": None, "iss": None, "sub": ""},
        },
        metadata__publisher={},
        metadata__request_id=None,
        metadata__action=None,
        metadata__rules=None,
        metadata__expected=None,
        metadata__parent=None,
        metadata__schema_version="1.0.0",
    )
    assert event == read()


def test_unknown_members_are_ignored() -> None:
    known = wire()
    known["later"] = known["metadata"]["later"] = known["data"]["payload"]["later"] = {"x": [1]}
    assert decode(orjson.dumps(known)) == read()


def test_our_own_event_of_today_with_members_of_tomorrow() -> None:
    document = orjson.loads(encode(ALL[0]))
    document["metadata"]["rules"]["later"] = document["metadata"]["later"] = 1
    assert decode(orjson.dumps(document)) == ALL[0]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05.678901", "2026-01-02T03:04:05.678901Z"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000000Z"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05.000000Z"),
        ("2026-01-02", "2026-01-02T00:00:00.000000Z"),
    ],
)
def test_times(told: str, expected: str) -> None:
    assert read(metadata__time=told).time == expected


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29)), st.integers(-23, 23))
def test_times_have_one_width_so_their_text_sorts(moment: datetime, hours: int) -> None:
    found = format_time(moment.replace(tzinfo=timezone(timedelta(hours=hours))))
    assert len(found) == 27
    assert format_time(moment.replace(tzinfo=UTC)) == format_time(moment)
    later = format_time(moment.replace(tzinfo=timezone(timedelta(hours=hours))) + timedelta(microseconds=1))
    assert found < later


PATCHED: dict[str, Any] = {"payload__method": "PATCH", "payload__item": ..., "payload__item_id": ITEM["id"]}
UNDECODABLE: dict[str, bytes | dict[str, Any]] = {
    "nothing": b"",
    "not json": b"{",
    "not utf-8": b'{"data": "\xff"}',
    "NaN": b'{"data": NaN}',
    "a lone surrogate": b'{"data": "\\ud800"}',
    "too deep": b"[" * 100_000,
    "too deep, but closed": b"[" * 5_000 + b"]" * 5_000,
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "no data": b'{"metadata": {}}',
    "no metadata": b'{"data": {}}',
    "no event id": {"metadata__event_id": ...},
    "an empty event id": {"metadata__event_id": ""},
    "a long event id": {"metadata__event_id": "x" * 201},
    "an event id that is no text": {"metadata__event_id": 5},
    "no time": {"metadata__time": ...},
    "a time that is a number": {"metadata__time": 5},
    "an impossible time": {"metadata__time": "2026-13-01T00:00:00"},
    "a time before all times": {"metadata__time": "0001-01-01T00:00:00+05:00"},
    "no method": {"payload__method": ...},
    "another method": {"payload__method": "DELETE"},
    "a method that is a list": {"payload__method": ["POST"]},
    "no collection": {"payload__collection_id": ...},
    "a slash in the collection": {"payload__collection_id": "a/b"},
    "a collection that is a number": {"payload__collection_id": 5},
    "no item": {"payload__item": ...},
    "an item that is a list": {"payload__item": []},
    "an item without id": {"payload__item": {"properties": {}, "assets": {}, "links": []}},
    "an item of another id": {"payload__method": "PUT", "payload__item_id": "x"},
    "a slash in the id": {"payload__item": {"id": "a/b", "properties": {}, "assets": {}, "links": []}},
    "properties that are a list": {"payload__item": {**ITEM, "properties": []}},
    "no assets": {"payload__item": {**ITEM, "assets": None}},
    "an asset that is a text": {"payload__item": {**ITEM, "assets": {"f": "x"}}},
    "links that are an object": {"payload__item": {**ITEM, "links": {}}},
    "no patch": PATCHED,
    "a patch that is a text": {**PATCHED, "payload__patch": "x"},
    "a patch of texts": {**PATCHED, "payload__patch": ["x"]},
    "an action that is a number": {"metadata__action": 5},
    "a fold that is a boolean": {"metadata__fold": True},
    "rules that are a list": {"metadata__rules": []},
    "rules without dataset": {"metadata__rules": {"sort": 1}},
    "rules with a slash": {"metadata__rules": {"dataset": "a/b", "sort": 1}},
    "rules without sort": {"metadata__rules": {"dataset": "d"}},
    "rules with a boolean sort": {"metadata__rules": {"dataset": "d", "sort": True}},
    "rules with a fraction as sort": {"metadata__rules": {"dataset": "d", "sort": 1.5}},
    "mutable paths that are numbers": {"metadata__rules": {"dataset": "d", "sort": 1, "mutable": [1]}},
    "expected that is a text": {"metadata__expected": "a"},
    "a parent without index": {"metadata__parent": {"id": "p"}},
    "a parent's index past its end": {"metadata__parent": {"id": "p", "index": 2, "of": 2}},
    "a publisher that is a text": {"metadata__publisher": "x"},
    "a revision that is a text": {"metadata__revision": "1"},
    "a collection that is a list": {"payload__collection": []},
    "a collection of another id": {"payload__collection": {"id": "other"}},
    "a collection with null links": {"payload__collection": {"id": "CMIP6", "links": None}},
    "a collection with a list of assets": {"payload__collection": {"id": "CMIP6", "assets": []}},
    "a collection with numbers as assets": {"payload__collection": {"id": "CMIP6", "assets": {"a": 1}}},
    "a collection with a number as properties": {"payload__collection": {"id": "CMIP6", "properties": 3}},
    "a patch of a collection": {"payload__collection": {"id": "CMIP6"}, "payload__method": "PATCH"},
}


@pytest.mark.parametrize("name", UNDECODABLE)
def test_undecodable(name: str) -> None:
    found = UNDECODABLE[name]
    value = found if isinstance(found, bytes) else orjson.dumps(wire(**found))
    told = []
    for _ in range(2):
        with pytest.raises(Undecodable) as caught:
            decode(value)
        told.append((str(caught.value), caught.value.event_id, caught.value.kind))
    assert told[0] == told[1]
    assert told[0][2] == "undecodable"
    readable = isinstance(found, dict) and "metadata__event_id" not in found
    assert told[0][1] == ("e" if readable else None)


def test_another_kind_of_data_is_undecodable() -> None:
    with pytest.raises(Undecodable, match=r"data\.type"):
        decode(orjson.dumps({**wire(), "data": {"type": "DCAT", "payload": {}}}))


@given(st.binary(max_size=60))
def test_any_bytes_are_an_event_or_undecodable(value: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(value)


@given(st.sampled_from(["data", "metadata"]), st.text(max_size=5), JSON, st.data())
def test_any_member_of_any_kind_is_read_or_undecodable(
    part: str, name: str, value: Any, data: st.DataObject
) -> None:
    document = orjson.loads(encode(ALL[10]))
    target = document[part] if part == "metadata" else document["data"]["payload"]
    target[data.draw(st.sampled_from([name, *sorted(target)]))] = value
    try:
        event = decode(orjson.dumps(document))
    except Undecodable:
        return
    assert decode(orjson.dumps(document)) == event


def test_an_unknown_fold_stops_and_is_no_dead_letter() -> None:
    with pytest.raises(UnknownFold):
        check_stamped(replace(ALL[0], fold=2))
    with pytest.raises(UnknownFold):
        check_stamped(replace(ALL[0], fold=2, action=None))


@pytest.mark.parametrize("missing", ["action", "fold", "rules"])
def test_unstamped(missing: str) -> None:
    told: dict[str, Any] = {missing: None}
    with pytest.raises(Undecodable) as caught:
        check_stamped(replace(ALL[0], **told))
    assert caught.value.kind == "unstamped"


def test_only_a_stamped_event_is_written() -> None:
    with pytest.raises(ValueError, match="stamped"):
        encode(replace(ALL[0], rules=None))


def test_the_handle_is_the_parent_s_where_there_is_one() -> None:
    assert ALL[0].handle == ALL[0].id
    assert replace(ALL[0], parent=Parent("p", 0, 1)).handle == "p"


def test_key_is_collection_and_dataset() -> None:
    assert ALL[0].key == "CMIP6/" + ITEM["id"].rpartition(".v")[0]


# A strict reader in the shape of ESGF's models: it dies of whatever it cannot parse.


class RequesterData(BaseModel):
    model_config = ConfigDict(strict=True)
    client_id: str
    iss: str
    sub: str


class Auth(BaseModel):
    auth_policy_id: str | None
    requester_data: RequesterData


class Publisher(BaseModel):
    model_config = ConfigDict(strict=True)
    package: str
    version: str


class Metadata(BaseModel):
    auth: Auth
    event_id: str
    publisher: Publisher
    request_id: str
    time: datetime
    schema_version: Literal["1.0.0"]


class Create(BaseModel):
    method: Literal["POST"]
    collection_id: str
    item: dict[str, Any]


class Update(BaseModel):
    method: Literal["PUT"]
    collection_id: str
    item_id: str
    item: dict[str, Any]


class Operation(BaseModel):
    op: Literal["add", "remove", "replace", "move", "copy", "test"]
    path: str


class Partial(BaseModel):
    method: Literal["PATCH"]
    collection_id: str
    item_id: str
    patch: list[Operation] | dict[str, Any]


class Data(BaseModel):
    type: Literal["STAC"]
    payload: Annotated[Create | Update | Partial, Field(discriminator="method")]


class KafkaEvent(BaseModel):
    data: Data
    metadata: Metadata


@pytest.mark.parametrize("event", ALL, ids=lambda event: f"{event.action}-{event.method}")
def test_a_strict_foreign_reader_parses_ours(event: Event) -> None:
    for one in (
        event,
        replace(event, requester=Requester(), publisher=("unknown", "unknown"), request_id=""),
    ):
        found = TypeAdapter(KafkaEvent).validate_json(encode(one))
        assert found.metadata.event_id == event.id
        assert found.metadata.time == datetime.fromisoformat(event.time)
        assert found.data.payload.method == event.method
