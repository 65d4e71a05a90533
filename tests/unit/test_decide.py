"""The fold event by event: who may do what from where, what a refusal says, what the head remembers."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest

from catalogue import decide as decide_module
from catalogue.admission import check_action
from catalogue.content import content_digest
from catalogue.decide import INDEXED, REJECTED, UNCHANGED, Decision, decide, finish
from catalogue.head import DETAIL_CHARACTERS_MAX, RECENT_MAX, decode_head, encode_head
from catalogue.latest import latest_of, ordered
from catalogue.lifecycle import ACTIONS, State, markdown, mermaid
from catalogue.record import Record, decode_record, encode_record
from stream.errors import PROBLEMS
from stream.events import Event, Rules, Undecodable
from tests.support import cmip6, events
from tests.support.cmip6 import Item
from tests.support.fold import MemoryFold, placed

V1 = cmip6.item("CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f2.Amon.tas.gn.v20190406")
V2 = cmip6.second_version(V1)
V3 = cmip6.second_version(V2)
ONE, TWO = V1["id"], V2["id"]
FILE = cmip6.data_keys(V1)[0]


class Told:
    """A catalogue that is told one event after the other."""

    def __init__(self, *begun: Event) -> None:
        self.fold, self.position = MemoryFold(), 0
        for event in begun:
            assert self.tell(event) == INDEXED

    def tell(self, event: Event) -> str:
        self.position += 1
        return self.fold.apply(*placed([event], self.position)[0])

    def decided(self, event: Event) -> Decision:
        old = self.fold.records(event.key).get(event.item_id)
        return decide(event, self.position + 1, self.fold.head(event.key), old)

    def problem(self, event: Event) -> tuple[str, str]:
        found = self.decided(event)
        assert found.outcome == REJECTED
        assert found.problem is not None
        return found.problem.kind, found.problem.detail

    def record(self, item_id: str = ONE) -> Record:
        return next(found for found in self.fold.records(events.event(ONE, "publish", 1).key).values()
                    if found.id == item_id)  # fmt: skip

    def latest(self) -> str | None:
        head = self.fold.head(events.event(ONE, "publish", 1).key)
        return latest_of(head.versions) if head else None


PUBLISHED = events.publish(V1, 1)
INTO: dict[State, list[Event]] = {
    State.ABSENT: [],
    State.ACTIVE: [PUBLISHED],
    State.RETRACTED: [PUBLISHED, events.retract(ONE, 2)],
    State.WITHDRAWN: [PUBLISHED, events.withdraw(ONE, 2)],
    State.PURGED: [PUBLISHED, events.purge(ONE, 2)],
}
# One event an action that changes an active record with a copy at b.
EACH: dict[str, Event] = {
    "publish": events.publish(V1, 9),
    "correct": events.correct(ONE, 9, patch={"properties": {"note": 1}}),
    "replace": events.replace_item(cmip6.other_bytes(V1), 9),
    "deprecate": events.deprecate(ONE, 9),
    "retract": events.retract(ONE, 9, reason="why"),
    "restore": events.restore(ONE, 9),
    "withdraw": events.withdraw(ONE, 9, reason="why"),
    "purge": events.purge(ONE, 9),
    "replica-add": events.replica_add(V1, "c", 9),
    "replica-remove": events.replica_remove(ONE, "b", 9),
    "transfer": events.transfer(ONE, "b", 9),
}
# Where the result already holds, or where an action inside `from` has nothing to do.
NOTHING_TO_DO = {
    ("publish", State.ACTIVE), ("restore", State.ACTIVE), ("purge", State.PURGED),
    *(("replica-remove", state) for state in (State.ACTIVE, State.RETRACTED, State.PURGED)),
}  # fmt: skip


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_from_every_state(action: str, state: State) -> None:
    told = Told(*INTO[state])
    event = EACH[action] if action != "replica-remove" else events.replica_remove(ONE, "c", 9)
    allowed = state in ACTIONS[action].sources
    outcome = told.tell(event)
    if (action, state) in NOTHING_TO_DO:
        assert outcome == UNCHANGED
    elif action == "transfer":
        assert outcome == REJECTED  # there is no copy yet
    elif action == "replica-remove" and state == State.WITHDRAWN:
        assert outcome == UNCHANGED  # c holds nothing
    else:
        assert outcome == (INDEXED if allowed else REJECTED)
    expected = (ACTIONS[action].to or state) if outcome == INDEXED else state
    head = told.fold.head(event.key)
    assert head is not None
    assert (head.versions[ONE].state if head.versions else State.ABSENT) == expected


def test_the_tables_of_the_documentation_name_every_action() -> None:
    for name, action in ACTIONS.items():
        assert f"| {name} |" in markdown()
        assert mermaid().count(f": {name}\n") + mermaid().endswith(f": {name}") == len(action.sources)


@pytest.mark.parametrize("action", ACTIONS)
def test_the_same_event_id_repeats_its_outcome(action: str) -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2))
    first = told.tell(EACH[action])
    before = told.fold.bodies()
    told.tell(events.restore(ONE, 11))
    told.tell(events.purge(ONE, 12))
    purged = {name: body for name, body in told.fold.bodies().items() if name.startswith("i:")}
    assert told.tell(EACH[action]) == first
    assert {name: body for name, body in told.fold.bodies().items() if name.startswith("i:")} == purged
    assert before.keys() == told.fold.bodies().keys()


def test_a_repeated_refusal_repeats_its_problem() -> None:
    told = Told(PUBLISHED)
    event = events.correct(ONE, 2, patch={"id": "x"})
    first = told.problem(event)
    told.tell(event)
    again = told.decided(event)
    assert again.problem is not None
    assert (again.problem.kind, again.problem.detail) == first
    assert again.record is None
    assert again.head.position == told.position + 1


def test_the_head_remembers_256_events() -> None:
    told = Told(PUBLISHED)
    for n in range(2, RECENT_MAX + 1):
        told.tell(events.restore(ONE, n))
    assert told.decided(PUBLISHED).outcome == INDEXED  # what is remembered, not `unchanged`
    told.tell(events.restore(ONE, RECENT_MAX + 1))
    assert told.decided(PUBLISHED).outcome == UNCHANGED
    head = told.fold.head(PUBLISHED.key)
    assert head is not None
    assert [entry.position for entry in head.recent] == list(range(2, RECENT_MAX + 2))


def test_an_entry_says_who_did_what_and_when() -> None:
    told = Told(PUBLISHED)
    told.tell(events.correct(ONE, 2, patch={"properties": {"title": "x" * 2000}, "x" * 2000: 1}))
    head = told.fold.head(PUBLISHED.key)
    assert head is not None
    first, second = head.recent
    assert (first.event_id, first.action, first.item_id, first.outcome, first.who, first.time, first.problem) == (
        PUBLISHED.id, "publish", ONE, INDEXED, "publisher", PUBLISHED.time, None,
    )  # fmt: skip
    assert second.problem is not None
    assert len(second.problem.detail) <= DETAIL_CHARACTERS_MAX


def test_heads_and_records_come_back_from_their_bytes() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2), events.withdraw(ONE, 3, reason="a court"))
    told.tell(EACH["transfer"])
    for name, body in told.fold.bodies().items():
        again = (
            encode_head(decode_head(body)) if name.startswith("h:") else encode_record(decode_record(body))
        )
        assert again == body


@pytest.mark.parametrize(
    ("begun", "event", "kind", "part"),
    [
        (State.ACTIVE, events.publish({**V1, "bbox": [0, 0, 1, 1]}, 9), "item-already-exists", "other content"),
        (State.RETRACTED, events.publish(V1, 9), "item-already-exists", "retracted"),
        (State.ABSENT, EACH["correct"], "item-does-not-exist", ONE),
        (State.PURGED, EACH["retract"], "item-does-not-exist", ONE),
        (State.WITHDRAWN, EACH["restore"], "withdrawn", "active or retracted"),
        (State.RETRACTED, EACH["replace"], "wrong-state", "needs active"),
        (State.RETRACTED, events.retract(ONE, 9, reason="another"), "wrong-state", "retracted"),
        (State.ACTIVE, events.correct(ONE, 9, patch={"properties": {"version": "1"}}), "operation-not-permitted",
         "/properties/version"),
        (State.ACTIVE, events.correct(ONE, 9, patch=[{"op": "remove", "path": "/x"}]), "operation-not-permitted", ""),
        (State.ACTIVE, events.correct(ONE, 9, patch=[{"op": "remove", "path": "/links"}, {}]),
         "operation-not-permitted", ""),
        (State.ACTIVE, events.correct(ONE, 9, patch={"assets": None}), "operation-not-permitted", "assets"),
        (State.ACTIVE, events.retract(ONE, 9, wish="burn"), "operation-not-permitted", "burn"),
        (State.ACTIVE, events.withdraw(ONE, 9, fields=["/properties/version"]), "operation-not-permitted", "version"),
        (State.ACTIVE, events.withdraw(ONE, 9, fields=["/assets/x"]), "operation-not-permitted", "/assets/x"),
        (State.ACTIVE, events.replica_add(V1, "c", 9, keys=()), "incomplete-replica", FILE),
        (State.ACTIVE, replace(EACH["replica-add"], node="b"), "operation-not-permitted", "b may not write"),
        (State.ACTIVE, replace(EACH["replica-add"], node=None), "operation-not-permitted", "needs a node"),
        (State.ACTIVE, replace(EACH["replica-add"], revision=None), "contradicting-replica", "file:size"),
        (State.ACTIVE, replace(events.replica_remove(ONE, "b", 9, keys=[FILE]), node="c"), "operation-not-permitted",
         "c may not write"),
        (State.ACTIVE, events.transfer(ONE, "b", 9), "incomplete-replica", "b holds no copy"),
    ],
)  # fmt: skip
def test_a_refusal_says_why(begun: State, event: Event, kind: str, part: str) -> None:
    told = Told(*INTO[begun])
    found, detail = told.problem(event)
    assert found == kind
    assert part in detail
    assert kind in PROBLEMS
    before = {name: body for name, body in told.fold.bodies().items() if name.startswith("i:")}
    told.tell(event)
    assert {name: body for name, body in told.fold.bodies().items() if name.startswith("i:")} == before


def test_refused_events_write_the_head() -> None:
    told = Told()
    assert told.tell(EACH["correct"]) == REJECTED
    assert list(told.fold.documents) == [f"h:{PUBLISHED.key}"]


# What each action leaves behind.


def test_publish_ignores_what_the_fold_sets() -> None:
    posted = copy.deepcopy(V1)
    posted["properties"] |= {
        "latest": False,
        "retracted": True,
        "created": "x",
        "updated": "y",
        "deprecated": True,
    }
    posted["assets"][FILE]["alternate"] = {"b": {"href": "h"}}
    told = Told(events.publish(posted, 1))
    found = told.record().item
    assert {name: found["properties"][name] for name in ("latest", "retracted", "deprecated")} == {
        "latest": True, "retracted": False, "deprecated": False,
    }  # fmt: skip
    assert found["properties"]["created"] == found["properties"]["updated"] == PUBLISHED.time
    assert "alternate" not in found["assets"][FILE]
    assert [link["rel"] for link in found["links"]] == ["cite-as"]
    assert content_digest(found) == content_digest(V1) == content_digest(posted)
    assert told.tell(events.publish(V1, 2)) == UNCHANGED


def test_a_new_version_takes_latest_and_the_older_one_is_written_first() -> None:
    told = Told(PUBLISHED)
    found = told.decided(events.publish(V2, 2)).head
    assert (found.lowers, found.raises) == ((ONE,), (TWO,))
    told.tell(events.publish(V2, 2))
    assert (told.record(ONE).latest, told.record(TWO).latest) == (False, True)
    assert told.record(ONE).item["properties"]["updated"] == events.time_of(2)
    assert told.record(ONE).item["properties"]["deprecated"] is True


def test_an_older_version_that_arrives_late_is_not_latest() -> None:
    told = Told(events.publish(V2, 1), events.publish(V1, 2))
    assert (told.record(ONE).latest, told.record(TWO).latest) == (False, True)
    assert told.record(TWO).item["properties"]["updated"] == events.time_of(1)


def test_the_newest_retracted_leaves_none_and_purged_promotes_the_one_below() -> None:
    told = Told(PUBLISHED, events.publish(V2, 2), events.retract(TWO, 3))
    assert told.latest() is None
    told.tell(events.restore(TWO, 4))
    assert told.latest() == TWO
    found = told.decided(events.purge(TWO, 5)).head
    assert (found.lowers, found.raises) == ((TWO,), (ONE,))
    told.tell(events.purge(TWO, 5))
    assert told.latest() == ONE
    assert told.record(ONE).latest


def test_deprecate_and_what_brings_latest_back() -> None:
    told = Told(PUBLISHED, events.deprecate(ONE, 2))
    assert told.latest() is None
    assert told.tell(events.deprecate(ONE, 3)) == UNCHANGED
    assert told.tell(events.restore(ONE, 4)) == INDEXED
    assert told.latest() == ONE
    told.tell(events.deprecate(ONE, 5))
    told.tell(events.publish(V2, 6))
    assert told.tell(events.deprecate(ONE, 7)) == UNCHANGED
    told.tell(events.purge(TWO, 8))
    assert told.latest() == ONE  # the publish has cleared the flag


def test_a_late_older_version_does_not_clear_the_flag_of_a_newer_one() -> None:
    told = Told(events.publish(V2, 1), events.deprecate(TWO, 2), events.publish(V1, 3))
    assert told.latest() is None
    head = told.fold.head(PUBLISHED.key)
    assert head is not None
    assert head.versions[TWO].deprecated


def test_versions_are_ordered_as_numbers_before_text() -> None:
    def version(item_id: str, sort: int | str) -> Any:
        head = Told(events.publish(V1, 1)).fold.head(PUBLISHED.key)
        assert head is not None
        return item_id, replace(head.versions[ONE], sort=sort)

    versions = dict(
        [version("d", "10"), version("a", 10), version("b", 9), version("c", 10), version("e", "9")]
    )
    assert ordered(versions) == ["b", "a", "c", "d", "e"]
    assert latest_of(versions) == "e"


def test_correct_counts_a_revision_and_leaves_locations() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2), EACH["correct"])
    assert told.record().revision == 2
    assert set(told.record().item["assets"][FILE]["alternate"]) == {"b"}
    assert told.tell(events.correct(ONE, 10, patch={"properties": {"note": 1}})) == UNCHANGED


def test_a_correction_by_put_takes_the_content_and_nothing_else() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2))
    posted = copy.deepcopy(V1)
    posted["properties"] |= {"note": 1, "latest": False, "updated": "x"}
    assert told.tell(events.correct(ONE, 3, item=posted)) == INDEXED
    found = told.record()
    assert found.latest
    assert found.item["properties"]["updated"] == events.time_of(3)
    assert set(found.item["assets"][FILE]["alternate"]) == {"b"}
    assert told.tell(events.correct(ONE, 4, item=posted)) == UNCHANGED


@pytest.mark.parametrize("value", [1.0, True])
def test_a_correction_may_not_even_write_a_size_in_another_way(value: Any) -> None:
    one = copy.deepcopy(V1)
    one["assets"][FILE]["file:size"] = 1
    told = Told(events.publish(one, 1))
    patch = [{"op": "replace", "path": f"/assets/{FILE}/file:size", "value": value}]
    assert told.problem(events.correct(ONE, 2, patch=patch))[0] == "operation-not-permitted"


def test_alternate_is_dropped_when_a_correction_empties_it() -> None:
    place = "/assets/globus/alternate/b"
    told = Told(
        PUBLISHED, events.correct(ONE, 2, patch=[{"op": "add", "path": place, "value": {"href": "h"}}])
    )
    assert told.record().item["assets"]["globus"]["alternate"] == {"b": {"href": "h"}}
    assert told.tell(events.correct(ONE, 3, patch=[{"op": "remove", "path": place}])) == INDEXED
    assert "alternate" not in told.record().item["assets"]["globus"]


def test_replace_with_other_bytes_drops_every_location() -> None:
    told = Told(
        PUBLISHED, events.replica_add(V1, "b", 2, keys=[*cmip6.data_keys(V1), "globus"]), EACH["replace"]
    )
    assert all("alternate" not in asset for asset in told.record().item["assets"].values())
    assert told.record().item["properties"]["created"] == PUBLISHED.time
    stale = events.replica_add(V1, "c", 10, revision=1)
    assert told.problem(stale)[0] == "contradicting-replica"
    assert told.tell(replace(stale, revision=2)) == INDEXED


def test_replace_with_the_same_bytes_keeps_them() -> None:
    posted = copy.deepcopy(V1)
    posted["properties"]["title"] = "another"
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2), events.replace_item(posted, 3))
    assert set(told.record().item["assets"][FILE]["alternate"]) == {"b"}
    assert told.tell(events.replica_add(V1, "c", 4, revision=1)) == INDEXED
    assert told.record().revision == 2


def test_replace_changes_neither_id_nor_version() -> None:
    posted = copy.deepcopy(V1)
    posted["properties"]["version"] = "20300101"
    assert Told(PUBLISHED).problem(events.replace_item(posted, 2))[0] == "operation-not-permitted"


def test_retract_keeps_everything_and_restore_brings_it_back() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2))
    before = told.record()
    told.tell(events.retract(ONE, 3, reason="why", wish="restrict"))
    found = told.record()
    assert (found.state, found.reason, found.wish, found.latest) == (
        State.RETRACTED,
        "why",
        "restrict",
        False,
    )
    assert found.item["assets"] == before.item["assets"]
    assert found.item["properties"]["retracted"] is True
    assert told.tell(events.retract(ONE, 4)) == UNCHANGED
    assert told.tell(events.retract(ONE, 5, wish="remove")) == REJECTED
    told.tell(events.replica_remove(ONE, "b", 6))
    told.tell(events.restore(ONE, 7))
    found = told.record()
    assert (found.state, found.reason, found.wish, found.latest) == (State.ACTIVE, None, None, True)
    assert content_digest(found.item) == content_digest(before.item)
    assert "alternate" not in found.item["assets"][FILE]


def test_the_tombstone_names_holders_until_each_has_reported() -> None:
    primary = V1["assets"][FILE]["alternate:name"]
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2), events.replica_add(V1, "c", 3))
    told.tell(events.withdraw(ONE, 4, fields=["/properties/title"]))
    found = told.record()
    assert found.holders == tuple(sorted(["b", "c", primary]))
    assert found.item["assets"] == {}
    assert "title" not in found.item["properties"]
    assert told.tell(events.replica_remove(ONE, "b", 5)) == INDEXED
    assert told.tell(events.replica_remove(ONE, "b", 6)) == UNCHANGED
    assert told.tell(events.replica_remove(ONE, primary, 7, keys=[FILE])) == INDEXED
    assert told.record().holders == ("c",)
    assert told.tell(events.withdraw(ONE, 8, fields=["/properties/title"])) == UNCHANGED
    assert told.tell(events.withdraw(ONE, 9, fields=["/properties/base_id"])) == REJECTED


def test_a_purged_record_is_published_whole_without_locations_and_counts_on() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2), events.purge(ONE, 3))
    assert "alternate" in told.record().item["assets"][FILE]
    assert told.tell(events.publish(V1, 4, node="z")) == INDEXED
    found = told.record()
    assert (found.revision, found.owner, found.item["properties"]["created"]) == (2, "z", events.time_of(4))
    assert "alternate" not in found.item["assets"][FILE]
    assert told.problem(events.replica_add(V1, "b", 5, revision=1))[0] == "contradicting-replica"


def test_updated_is_the_greatest_time_that_changed_the_record() -> None:
    told = Told(replace(PUBLISHED, time=events.time_of(50)), EACH["correct"])
    assert told.record().item["properties"]["updated"] == events.time_of(50)
    told.tell(events.purge(ONE, 60))
    told.tell(events.publish(V1, 55))
    assert told.record().item["properties"]["updated"] == events.time_of(60)


def test_an_announcement_again_is_unchanged() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2))
    assert told.tell(events.replica_add(V1, "b", 3)) == UNCHANGED
    assert told.tell(events.replica_add(V1, "b", 4, sized=True, revision=None)) == UNCHANGED


# An aggregate beside the locations.

AGGREGATE = {
    "op": "add",
    "path": "/assets/reference_file",
    "value": {"href": "https://b/k.json", "protocol": "kerchunk", "role": "data"},
}


def announced(node: str, n: int, *more: dict[str, Any]) -> Event:
    event = events.replica_add(V1, node, n)
    assert isinstance(event.patch, list)
    return replace(event, patch=[*event.patch, *more])


def test_an_aggregate_comes_with_an_announcement() -> None:
    told = Told(PUBLISHED, announced("b", 2, AGGREGATE))
    assert told.record().item["assets"]["reference_file"] == AGGREGATE["value"]
    assert told.record().revision == 2
    again = events.replica_add(V1, "c", 3)
    assert told.tell(again) == INDEXED
    assert told.record().revision == 2


def test_a_merge_patch_changes_members_of_an_access_asset() -> None:
    told = Told(PUBLISHED)
    places = {key: {"alternate": {"b": events.location(V1, key, "b")}} for key in cmip6.data_keys(V1)}
    patch = {"assets": {**places, "globus": {"description": "a way", "alternate": {"b": {"href": "g"}}}}}
    assert told.tell(events.event(ONE, "replica-add", 2, node="b", patch=patch, revision=1)) == INDEXED
    found = told.record().item["assets"]["globus"]
    assert found == {
        **V1["assets"]["globus"],
        "description": "a way",
        "alternate": {"b": {"href": "g", "alternate:name": "b"}},
    }


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "/assets/globus/alternate/b/href", "value": "stolen"},
        {"op": "remove", "path": "/assets/globus/alternate"},
        {"op": "remove", "path": "/assets/globus"},
        {
            "op": "replace",
            "path": "/assets/globus",
            "value": {"href": "x", "alternate": {"b": {"href": "y"}}},
        },
        {"op": "replace", "path": "/assets/globus/alternate", "value": {"b": {"href": "stolen"}}},
        {"op": "add", "path": "/assets/reference_file", "value": {"alternate": {"b": {"href": "told"}}}},
        {"op": "add", "path": f"/assets/{FILE}/description", "value": "x"},
        {"op": "remove", "path": f"/assets/{FILE}"},
        {"op": "add", "path": "/assets/more.nc", "value": {"href": "x", "roles": ["data"]}},
        {"op": "move", "from": f"/assets/{FILE}", "path": "/assets/reference_file"},
        {"op": "move", "from": "/properties/title", "path": "/assets/globus/title"},
        {"op": "move", "from": "/assets/globus", "path": "/assets/more.nc"},
        {"op": "add", "path": "/properties/x", "value": 1},
    ],
)
def test_a_node_writes_its_own_locations_and_access_assets_only(operation: dict[str, Any]) -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2, keys=[*cmip6.data_keys(V1), "globus"]))
    before = told.record()
    assert told.tell(announced("c", 3, operation)) == REJECTED
    assert told.record() == before


def test_a_data_asset_cannot_be_moved_out_of_an_announcement() -> None:
    told = Told(PUBLISHED)
    others = [key for key in cmip6.data_keys(V1) if key != FILE]
    event = events.replica_add(V1, "c", 2, keys=others)
    assert isinstance(event.patch, list)
    move = {"op": "move", "from": f"/assets/{FILE}", "path": "/assets/reference_file"}
    assert told.tell(replace(event, patch=[*event.patch, move])) == REJECTED
    assert FILE in told.record().item["assets"]


# Limits and what is not for the fold.


def test_a_record_has_a_greatest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(PUBLISHED)
    monkeypatch.setattr(decide_module, "RECORD_BYTES_MAX", len(encode_record(told.record())) + 20)
    assert told.tell(events.correct(ONE, 2, patch={"properties": {"n": 1}})) == INDEXED
    assert (
        told.problem(events.correct(ONE, 3, patch={"properties": {"n": "x" * 30}}))[0] == "record-too-large"
    )
    assert told.problem(events.replica_add(V1, "b", 4))[0] == "record-too-large"


@pytest.mark.parametrize("depth", range(90, 115))
def test_no_depth_of_nesting_stops_the_fold(depth: int) -> None:
    def nested(levels: int) -> dict[str, Any]:
        return {} if levels == 0 else {"a": nested(levels - 1)}

    patch: list[dict[str, Any]] = [
        {"op": "add", "path": "/properties/x", "value": nested(145)},
        {"op": "add", "path": "/properties/x" + "/a" * 145, "value": nested(depth)},
    ]
    assert Told(PUBLISHED).tell(events.correct(ONE, 2, patch=patch)) in (INDEXED, REJECTED)


def test_a_dataset_has_a_greatest_number_of_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide_module, "VERSIONS_MAX", 2)
    told = Told(PUBLISHED, events.publish(V2, 2))
    assert told.problem(events.publish(V3, 3))[0] == "record-too-large"


@pytest.mark.parametrize(
    "event",
    [
        replace(PUBLISHED, action="publicise"),
        replace(PUBLISHED, action="publish", item=None),
        replace(PUBLISHED, action="replace", item=None),
        events.collection_event({"id": "C"}, 1, action="retract"),
    ],
)
def test_what_no_table_knows_is_undecodable(event: Event) -> None:
    with pytest.raises(Undecodable) as caught:
        check_action(event)
    assert caught.value.event_id == event.id


@pytest.mark.parametrize("event", EACH.values(), ids=EACH)
def test_every_action_is_known(event: Event) -> None:
    check_action(event)


def test_nothing_is_changed_in_place() -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2), events.publish(V2, 3))
    for event in EACH.values():
        head, old = told.fold.head(event.key), told.record()
        before = (copy.deepcopy(event), head and encode_head(head), encode_record(old))
        one, two = decide(event, 9, head, old), decide(event, 9, head, old)
        assert one == two
        assert (event, head and encode_head(head), encode_record(old)) == before


@pytest.mark.parametrize("action", ACTIONS)
def test_finish_writes_what_decide_would_have_written(action: str) -> None:
    told = Told(PUBLISHED, events.replica_add(V1, "b", 2))
    found, old = told.decided(EACH[action]), told.record()
    if found.record is not None:
        assert encode_record(finish(EACH[action], found.head, old)) == encode_record(found.record)


# Collections.


def collection(**more: Any) -> Item:
    return {
        "id": "CMIP6",
        "type": "Collection",
        "description": "d",
        "links": [{"rel": "self", "href": "x"}],
        **more,
    }


def test_a_collection_is_a_record_too() -> None:
    told = Told(events.collection_event(collection(), 1))
    found = told.fold.records("CMIP6")["CMIP6"]
    assert (found.item, found.revision, found.latest) == (collection(links=[]), 1, True)
    assert told.tell(events.collection_event(collection(), 2)) == UNCHANGED
    assert told.problem(events.collection_event(collection(title="t"), 3))[0] == "collection-already-exists"
    assert told.tell(events.collection_event(collection(title="t"), 4, action="replace")) == INDEXED
    assert told.fold.records("CMIP6")["CMIP6"].item["title"] == "t"
    absent = events.collection_event({"id": "C", "links": []}, 5, action="replace")
    assert told.problem(absent)[0] == "collection-does-not-exist"


def test_the_dataset_rule_of_a_collection_never_changes() -> None:
    first = events.collection_event(collection(), 1)
    assert first.rules is not None
    told = Told(first)
    other = Rules("CMIP6", ids={"dataset": "another"})
    told.tell(events.collection_event(collection(title="t"), 2, action="replace", rules=other))
    assert told.fold.records("CMIP6")["CMIP6"].ids == first.rules.ids
