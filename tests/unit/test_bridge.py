"""Foreign events as the requests that they tell of: what is kept, what is ours, what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import orjson
import pytest

from schemas import registry
from stream.errors import Finding, Problem, Refused
from stream.events import Event, Origin, Requester, Undecodable, decode, encode
from stream.log import Record, TopicPartition
from tests.support import cmip6, events, foreign
from tests.support.rules import PlainBook
from transaction_api import foreign as read
from transaction_api.foreign import (
    Ids,
    derived_id,
    key_of,
    needs_knowledge,
    read_foreign,
    reason_of,
    without_nulls,
)
from transaction_api.lookback import Seen
from transaction_api.site import Known
from transaction_api.stamp import Stamper

ITEM = cmip6.item(cmip6.sample_ids(1)[0])
CHECKER = PlainBook().of("CMIP6")
PROFILE = CHECKER.profile
STAMPER = Stamper("here", ("here", "there"), 1)
NOTHING = Known(None, None)
ORIGIN = Origin("esgf", 1, 7)
ID = "ab" * 16
LIMIT = 5 << 20


def event_of(payload: dict[str, Any], **told: Any) -> Event:
    return read_foreign(orjson.dumps(foreign.document(5, payload, **told)))


def posted(item: Any, **told: Any) -> Event:
    return event_of({"method": "POST", "collection_id": "CMIP6", "item": item}, **told)


def patched(patch: Any, **told: Any) -> Event:
    return event_of(
        {"method": "PATCH", "collection_id": "CMIP6", "item_id": ITEM["id"], "patch": patch}, **told
    )


def stamped(event: Event, known: Known = NOTHING) -> Event:
    found = read.stamped(event, ID, ORIGIN, CHECKER, known, STAMPER, LIMIT)
    assert registry.validator("event").is_valid(orjson.loads(encode(found)))
    assert decode(encode(found)) == found
    return found


def record(value: bytes, offset: int = 7) -> Record:
    return Record(TopicPartition("esgf", 1), offset, "k", value)


def test_what_is_theirs_is_kept_and_what_is_ours_is_ours() -> None:
    found = stamped(posted(foreign.with_nulls(ITEM)))
    assert (found.id, found.request_id, found.origin) == (ID, "r5", ORIGIN)
    assert found.time == "2026-02-01T00:00:05.500000Z"
    assert found.requester == Requester("c-1", "https://issuer.example.org", "publisher")
    assert found.publisher == ("esgf_publisher", "5.3.1")
    assert (found.node, found.expected, found.fold, found.action) == ("here", ("here", "there"), 1, "publish")
    assert (found.rules, found.profile) == (PROFILE.rules(ITEM["id"]), PROFILE.stamp)
    assert found.digest == events.publish(ITEM).digest, "nulls are absent"


def test_an_empty_request_id_becomes_the_events() -> None:
    assert stamped(posted(ITEM, request_id=None)).request_id == ID


@pytest.mark.parametrize(
    ("patch", "action", "node"),
    [
        (foreign.RETRACTION, "retract", "here"),
        (foreign.NOT_LATEST, "deprecate", "here"),
        ({"operations": foreign.NOT_LATEST}, "deprecate", "here"),
        ({"properties": {"latest": False, "retracted": True}}, "retract", "here"),
        ({"properties": {"note": None}}, "correct", "here"),
        ([{"op": "add", "path": "/links", "value": []}], "correct", "here"),
        (foreign.announcement(ITEM, "north"), "replica-add", "north"),
        ([{"op": "remove", "path": "/assets/a/alternate/north"}], "replica-remove", "north"),
    ],
)
def test_a_patch_is_recognised(patch: Any, action: str, node: str) -> None:
    found = stamped(patched(patch, publisher={}))
    assert (found.action, found.node, found.method, found.publisher) == (
        action, node, "PATCH", ("unknown", "unknown"),
    )  # fmt: skip


def test_a_put_over_what_is_not_known_is_a_replacement() -> None:
    put = event_of({"method": "PUT", "collection_id": "CMIP6", "item_id": ITEM["id"], "item": ITEM})
    assert (stamped(put).action, stamped(put).method) == ("replace", "PUT")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (posted({**ITEM, "type": "Thing"}), "stac-validation"),
        (posted({**ITEM, "geometry": "everywhere"}), "stac-validation"),
        (posted({**ITEM, "id": "other"}), "stac-validation"),
        (posted({**ITEM, "id": ".."}), "stac-validation"),
        (posted({**ITEM, "collection": "CMIP7"}), "stac-validation"),
        (patched([]), "malformed-body"),
        (patched({}), "malformed-body"),
        (patched([{"op": "add", "path": "/a"}]), "malformed-body"),
        (patched([{"op": "test", "path": "/id", "value": 1}]), "malformed-body"),
        (
            patched([*foreign.NOT_LATEST, {"op": "add", "path": "/links", "value": []}]),
            "operation-not-permitted",
        ),
        (patched([{"op": "replace", "path": "/properties/updated", "value": 1}]), "operation-not-permitted"),
        (replace(patched(foreign.NOT_LATEST), item_id="no-such-form"), "item-does-not-exist"),
    ],
)
def test_it_is_refused_as_the_same_request_would_be(event: Event, kind: str) -> None:
    with pytest.raises(Refused) as refused:
        stamped(event)
    assert refused.value.problem.kind == kind


# What another federation of ours has stamped.


def claimed(event: Event) -> Event:
    """As it would be read from their topic, with lies in its stamp."""
    lie = events.rules("CMIP6.CMIP.a.b.c.d.e.f.g.v20000101")
    lied = replace(event, rules=lie, fold=99, expected=("them",), node=event.node, digest="0" * 64)
    return read_foreign(encode(lied))


@pytest.mark.parametrize(
    "event",
    [
        events.publish(ITEM), events.correct(ITEM["id"], patch={"properties": {"a": 1}}), events.deprecate(ITEM["id"]),
        events.retract(ITEM["id"], reason="wrong", wish="remove"), events.replica_add(ITEM, "b"),
        replace(events.restore(ITEM["id"]), patch=[{"op": "replace", "path": "/assets", "value": ITEM["assets"]}]),
    ],
    ids=lambda event: event.action,
)  # fmt: skip
def test_a_foreign_stamp_is_a_claim(event: Event) -> None:
    found = stamped(claimed(event))
    assert (found.action, found.reason, found.wish) == (event.action, event.reason, event.wish)
    assert (found.fold, found.expected, found.rules) == (1, ("here", "there"), PROFILE.rules(ITEM["id"]))
    assert found.digest in (None, events.publish(ITEM).digest)
    assert found.parent is None
    assert found.origin == ORIGIN


@pytest.mark.parametrize(
    "event",
    [
        events.withdraw(ITEM["id"]), events.purge(ITEM["id"]), events.transfer(ITEM["id"], "b"),
        events.collection_event({"type": "Collection", "id": "CMIP6", "links": []}),
    ],
    ids=lambda event: event.action,
)  # fmt: skip
def test_what_people_decide_is_not_taken_over(event: Event) -> None:
    with pytest.raises(Refused) as refused:
        stamped(claimed(event))
    assert refused.value.problem.kind == "operation-not-permitted"


def test_only_a_plain_publication_needs_no_knowledge() -> None:
    assert not needs_knowledge(posted(ITEM))
    assert needs_knowledge(patched(foreign.NOT_LATEST))
    assert needs_knowledge(claimed(events.publish(ITEM)))
    assert needs_knowledge(replace(posted(ITEM), origin=ORIGIN))


# Origins on the wire.


@pytest.mark.parametrize(
    "origin", [None, 5, "x", [], {}, {"topic": "t", "partition": "0", "offset": 1}, {"topic": "t"}]
)
def test_a_strange_origin_is_passed_over(origin: Any) -> None:
    """Software that knows no origin reads these bytes as an event, so this has to do so too."""
    document = orjson.loads(encode(events.publish(ITEM)))
    document["metadata"]["origin"] = origin
    assert decode(orjson.dumps(document)) == events.publish(ITEM)


def test_an_origin_comes_back_as_it_was() -> None:
    event = events.publish(ITEM, origin=ORIGIN)
    assert decode(encode(event)) == event
    assert orjson.loads(encode(event))["metadata"]["origin"] == {"topic": "esgf", "partition": 1, "offset": 7}


# Keys, ids, texts.


def test_events_of_one_dataset_have_one_key() -> None:
    second = cmip6.second_version(ITEM)
    assert key_of(posted(ITEM), PROFILE) == key_of(posted(second), PROFILE) == events.publish(ITEM).key
    assert key_of(replace(posted(ITEM), item_id="no-such-form"), PROFILE) == "CMIP6/no-such-form"


def test_their_id_is_kept_where_it_names_one_event() -> None:
    ids, value = Ids(), b"first"
    event = posted(ITEM)
    assert ids.of(event, record(value)) == foreign.event_id(5)
    assert ids.of(event, record(value, 8)) == foreign.event_id(5), (
        "the same message sent again is the same event"
    )
    other = ids.of(event, record(b"second", 9))
    assert other == derived_id(record(b"second", 9)) == Ids().of(replace(event, id="X"), record(b"second", 9))
    assert ids.of(event, record(value)) == foreign.event_id(5)


@pytest.mark.parametrize("strange", ["5", "AB" * 16, "550e8400-e29b-41d4-a716-446655440000", "g" * 32])
def test_an_id_of_another_form_follows_from_the_origin(strange: str) -> None:
    event = replace(posted(ITEM), id=strange)
    found = {
        Ids().of(event, record(value, offset)) for value, offset in itertools.product([b"a", b"b"], [1, 2])
    }
    assert len(found) == 4
    assert all(len(one) == 32 and int(one, 16) >= 0 for one in found)


def test_nulls_that_mean_something_stay() -> None:
    item = {
        "geometry": None, "bbox": None, "properties": {"datetime": None, "title": None, "x": {"y": None}},
        "links": [{"rel": "a", "title": None}, "b"], "assets": {"a": {"title": None, "href": "h"}, "b": None},
    }  # fmt: skip
    assert without_nulls(item) == {
        "geometry": None, "properties": {"datetime": None, "x": {"y": None}}, "links": [{"rel": "a"}, "b"],
        "assets": {"a": {"href": "h"}, "b": None},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "kind"),
    [
        (lambda good: good.replace(b'"bbox"', b'"type"', 1), "malformed-body"),
        (
            lambda good: good.replace(b'"created"', b'"n":123456789012345678901234567890,"created"', 1),
            "malformed-body",
        ),
        (lambda good: good[:-1], "undecodable"),
    ],
)
def test_what_two_readers_could_understand_differently_is_no_event(spoil: Any, kind: str) -> None:
    payload = {"method": "POST", "collection_id": "CMIP6", "item": ITEM}
    value = orjson.dumps(foreign.document(1, payload))
    with pytest.raises(Undecodable) as error:
        read_foreign(spoil(value))
    assert error.value.kind == kind


def test_the_reason_of_a_refusal_names_the_places_and_is_bounded() -> None:
    findings = tuple(Finding("x", f"/a/{n}", "is wrong") for n in range(50))
    told = reason_of(Problem("stac-validation", "It is wrong.", findings))
    assert told.startswith("It is wrong. | /a/0: is wrong; ")
    assert told.endswith("(30 more)")
    assert len(reason_of(Problem("stac-validation", "x" * 10_000))) == 4_000
    missing = Problem("collection-does-not-exist", "there is no collection X; create it first")
    assert reason_of(missing).endswith("create it first, then replay this")


def test_before_the_last_batch_there_are_no_gaps() -> None:
    seen = Seen(10)
    for offset in range(0, 1000, 1):
        if offset not in (995, 20):
            seen.add(offset, "x")
    assert seen.holds(994)
    assert not seen.holds(995), "the last batch was cut"
    assert seen.holds(20), "long past: it was refused, or its place is taken"
    assert not seen.holds(1000)
    assert len(seen.last) <= 50
