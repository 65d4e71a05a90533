"""Any history at all: three versions of one dataset, another dataset, three nodes, skewed clocks, repeated ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from catalogue.latest import latest_of
from stream.events import Event
from tests.model.alphabet import FIRST_FILE, GLOBUS_AT_B, OTHER, OTHER_V2, V1, V2, V3, changed, patch, unsized
from tests.model.compare import check
from tests.model.model import Model
from tests.support import cmip6, events
from tests.support.cmip6 import Item
from tests.support.fold import MemoryFold, placed

# Mostly the first versions; the other dataset shows that nothing leaks, the last id was never published.
UNKNOWN = cmip6.second_version(V3)
ITEMS = st.sampled_from([V1, V1, V1, V1, V2, V2, V2, V3, OTHER, OTHER_V2])
ANY = st.sampled_from([V1, V1, V1, V1, V2, V2, V2, V3, OTHER, OTHER_V2, UNKNOWN])
NODES = st.sampled_from(["a", "b", "c"])
TIMES = st.integers(0, 40)
REASONS = st.sampled_from([None, "wrong units", "wrong sign"])
ASSET = f"/assets/{FIRST_FILE}"

OPERATIONS = st.sampled_from(
    [
        patch("/properties/note", 1, "add"),
        patch("/properties/note", 2),
        patch("/properties/cmip6:grid", "native", "add"),
        [{"op": "remove", "path": "/properties/note"}],
        patch("/links", []),
        patch("/links", [{"rel": "self", "href": "x"}, {"rel": "cite-as", "href": "y"}]),
        patch("/links/-", {"rel": "related", "href": "z"}, "add"),
        patch("/bbox", [0, -90, 180, 90]),
        patch(f"{ASSET}/description", "mended"),
        patch(f"{ASSET}/title", "a title", "add"),
        [{"op": "copy", "from": f"{ASSET}/href", "path": f"{ASSET}/title"}],
        [{"op": "move", "from": "/properties/note", "path": "/properties/remark"}],
        patch("/assets/globus/description", "a way in"),
        patch("/assets/reference_file", {"href": "k.json", "protocol": "kerchunk", "role": "data"}, "add"),
        [{"op": "remove", "path": "/assets/reference_file"}],
        patch(GLOBUS_AT_B, {"href": "g"}, "add"),
        [{"op": "remove", "path": GLOBUS_AT_B}],
        [{"op": "test", "path": "/type", "value": "Feature"}],
        # What no correction may do, or what does not apply.
        patch("/id", "another"),
        patch("/type", "Collection"),
        patch("/properties/version", "20300101"),
        patch("/properties/title", "another"),
        patch("/properties/latest", False),
        patch("/properties/updated", "2030-01-01T00:00:00.000000Z"),
        patch(f"{ASSET}/file:size", 5),
        [{"op": "remove", "path": f"{ASSET}/file:checksum"}],
        patch(f"{ASSET}/protocol", "kerchunk"),
        patch(f"{ASSET}/alternate/b", {"href": "h"}, "add"),
        patch("/assets/more.nc", {"href": "m", "roles": ["data"]}, "add"),
        [{"op": "remove", "path": ASSET}],
        [{"op": "remove", "path": "/properties/nothing"}],
        [{"op": "test", "path": "/type", "value": "Collection"}],
    ]
)
MERGES = st.sampled_from(
    [
        {"properties": {"note": "merged"}},
        {"properties": {"note": None}},
        {"properties": {"note": {"deep": {"er": 1}}}},
        {"bbox": None},
        {"assets": {FIRST_FILE: {"description": "merged", "title": None}}},
        {"assets": {"globus": {"alternate": {"c": {"href": "g"}}}}},
        {"assets": {"globus": {"alternate": {"c": None}}}},
        {"assets": {"globus": None}},
        {},
        {"properties": {"version": "1"}},
        {"properties": {"latest": None}},
        {"assets": {FIRST_FILE: None}},
        {"assets": {FIRST_FILE: {"alternate": {"c": {"href": "h"}}}}},
    ]
)
PATCHES: st.SearchStrategy[Any] = st.one_of(
    st.lists(OPERATIONS, max_size=3).map(lambda found: [one for some in found for one in some]), MERGES
)


def variants(item: Item) -> st.SearchStrategy[Item]:
    """The item as it is, or with another description, bytes, files or way in."""
    fewer = {key: asset for key, asset in item["assets"].items() if key != "globus"}
    return st.sampled_from(
        [
            item,
            changed(item, "properties", "note", value="posted"),
            changed(item, "properties", "latest", value=False),
            changed(item, "properties", "version", value="20300101"),
            changed(item, "assets", value=fewer),
            changed(item, "assets", cmip6.data_keys(item)[0], "title", value="a title"),
            changed(item, "assets", "globus", "alternate", value={"c": {"href": "posted"}}),
            cmip6.other_bytes(item),
            unsized(item),
        ]
    )


POSTED = ITEMS.flatmap(variants)


class FoldAndModel(RuleBasedStateMachine):
    """Each rule is one action; whether it is valid depends on what came before."""

    def __init__(self) -> None:
        super().__init__()
        self.model, self.fold = Model(), MemoryFold()
        self.log: list[Event] = []

    def send(self, event: Event, time: int) -> None:
        self.log.append(replace(event, time=events.time_of(time)))
        ((position, found),) = placed(self.log[-1:], first=len(self.log))
        check(self.model, self.fold, position, found)

    @property
    def n(self) -> int:
        return len(self.log) + 1

    @initialize(versions=st.integers(0, 3), copies=st.sampled_from(["", "b", "bc", "bc"]), time=TIMES)
    def begin(self, versions: int, copies: str, time: int) -> None:
        """Most histories begin with something to act on."""
        for item in (V1, V2, V3)[:versions]:
            self.send(events.publish(item, self.n), time)
            for node in copies:
                self.send(events.replica_add(item, node, self.n), time)

    def prepare(self, item: Item, ready: bool, time: int, node: str | None = None) -> None:
        """Half of the events find their record active, with a copy at the node; withdrawn ones would pile up."""
        for _ in range(3 if ready else 0):
            dataset = self.model.datasets.get(events.event(item["id"], "publish", 1).key, {})
            state = dataset.get(item["id"], {"state": "absent"})["state"]
            if state in ("absent", "purged"):
                self.send(events.publish(item, self.n), time)
            elif state != "active":
                build = events.restore if state == "retracted" else events.purge
                self.send(build(item["id"], self.n), time)
        if ready and node:
            self.send(events.replica_add(item, node, self.n, revision=99), time)

    @rule(item=POSTED, node=NODES, time=TIMES)
    def publish(self, item: Item, node: str, time: int) -> None:
        self.send(events.publish(item, self.n, node=node), time)

    @rule(ready=st.booleans(), item=ANY, patch=PATCHES, time=TIMES)
    def correct(self, ready: bool, item: Item, patch: Any, time: int) -> None:
        self.prepare(item, ready, time)
        self.send(events.correct(item["id"], self.n, patch=patch), time)

    @rule(ready=st.booleans(), item=POSTED, time=TIMES)
    def correct_by_put(self, ready: bool, item: Item, time: int) -> None:
        self.prepare(item, ready, time)
        self.send(events.correct(item["id"], self.n, item=item), time)

    @rule(ready=st.booleans(), item=ITEMS.map(cmip6.other_bytes), time=TIMES)
    def replace_bytes(self, ready: bool, item: Item, time: int) -> None:
        self.prepare(item, ready, time)
        self.send(events.replace_item(item, self.n), time)

    @rule(ready=st.booleans(), item=POSTED, time=TIMES)
    def replace_item(self, ready: bool, item: Item, time: int) -> None:
        self.prepare(item, ready, time)
        self.send(events.replace_item(item, self.n), time)

    @rule(ready=st.booleans(), item=ANY, time=TIMES)
    def deprecate(self, ready: bool, item: Item, time: int) -> None:
        self.prepare(item, ready, time)
        self.send(events.deprecate(item["id"], self.n), time)

    @rule(
        ready=st.booleans(),
        item=ANY,
        time=TIMES,
        reason=REASONS,
        wish=st.sampled_from([None, "keep", "remove", "burn"]),
    )
    def retract(self, ready: bool, item: Item, time: int, reason: str | None, wish: str | None) -> None:
        self.prepare(item, ready, time)
        self.send(events.retract(item["id"], self.n, reason=reason, wish=wish), time)

    @rule(item=ANY, time=TIMES)
    def restore(self, item: Item, time: int) -> None:
        self.send(events.restore(item["id"], self.n), time)

    @rule(
        ready=st.booleans(),
        item=ANY,
        time=TIMES,
        reason=REASONS,
        fields=st.sampled_from(
            [(), ("/properties/title",), ("/properties/version",), ("/properties/latest",)]
        ),
    )
    def withdraw(
        self, ready: bool, item: Item, time: int, reason: str | None, fields: tuple[str, ...]
    ) -> None:
        self.prepare(item, ready, time)
        self.send(events.withdraw(item["id"], self.n, fields=fields, reason=reason), time)

    @rule(item=ANY, time=TIMES)
    def purge(self, item: Item, time: int) -> None:
        self.send(events.purge(item["id"], self.n), time)

    @rule(
        ready=st.booleans(),
        item=ANY,
        node=NODES,
        time=TIMES,
        sized=st.booleans(),
        revision=st.sampled_from([99, 99, 1, 1, 2, None]),
        with_globus=st.booleans(),
        left_out=st.sampled_from([0, 0, 0, 0, 1]),
    )
    def replica_add(
        self,
        ready: bool,
        item: Item,
        node: str,
        time: int,
        sized: bool,
        revision: int | None,
        with_globus: bool,
        left_out: int,
    ) -> None:
        self.prepare(item, ready, time)
        keys = cmip6.data_keys(item)[left_out:] + ["globus"] * with_globus
        event = events.replica_add(item, node, self.n, sized=sized, keys=keys, revision=revision)
        self.send(event, time)

    @rule(item=ANY, node=NODES, author=NODES, time=TIMES)
    def replica_add_of_other_bytes(self, item: Item, node: str, author: str, time: int) -> None:
        other = cmip6.other_bytes(item)
        self.send(
            events.replica_add(other, node, self.n, sized=True) if node == author else self.foreign(item),
            time,
        )

    def foreign(self, item: Item) -> Event:
        return replace(events.replica_add(item, "b", self.n), node="c")

    @rule(ready=st.booleans(), item=ANY, node=NODES, time=TIMES, some=st.booleans())
    def replica_remove(self, ready: bool, item: Item, node: str, time: int, some: bool) -> None:
        self.prepare(item, ready, time, node)
        keys = cmip6.data_keys(item)[:1] if some else []
        self.send(events.replica_remove(item["id"], node, self.n, keys=keys), time)

    @rule(ready=st.booleans(), item=ANY, node=NODES, time=TIMES, drop=st.booleans())
    def transfer(self, ready: bool, item: Item, node: str, time: int, drop: bool) -> None:
        self.prepare(item, ready, time, node)
        self.send(events.transfer(item["id"], node, self.n, drop=drop), time)

    @rule(back=st.integers(0, 20))
    def again(self, back: int) -> None:
        """An id that was seen before, at a new position."""
        if self.log:
            event = self.log[-1 - back % len(self.log)]
            self.log.append(event)
            ((position, found),) = placed([event], first=len(self.log))
            check(self.model, self.fold, position, found)

    @invariant()
    def one_latest_at_most(self) -> None:
        for key in {event.key for event in self.log}:
            head, records = self.fold.head(key), self.fold.records(key)
            assert head is not None
            latest = latest_of(head.versions)
            assert [item_id for item_id, record in records.items() if record.latest] == (
                [latest] if latest else []
            )

    def teardown(self) -> None:
        """Another reader of the same log, with other batches, holds the same bytes at the same positions."""
        other = MemoryFold()
        other.replay(placed(self.log), sizes=[3, 1, 7])
        assert other.documents == self.fold.documents


FoldAndModel.TestCase.settings = settings(
    max_examples=100,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestFoldAndModel = FoldAndModel.TestCase
