"""Handles: from accepted to a final state that never changes, whatever is said later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from federation import clock
from stream.errors import Problem
from stream.events import Parent
from stream.outcomes import Outcome, encode_outcome
from tests.support.gates import GatedStore
from tests.support.http import (
    KEY,
    Json,
    Served,
    collection,
    features,
    problem,
    running,
    scene,
    settings,
    turns,
)
from tests.support.refusals import ITEMS
from transaction_api.ids import Minter

MINTER = Minter(KEY.encode())
DAY_MS = 86_400_000
REFUSAL = Problem("wrong-state", "the record was retracted before").to_json("label:event")


@dataclass
class Case:
    """A request whose outcomes the test says itself, at a node that expects two to report."""

    served: Served
    id: str
    parent: Parent | None = None
    said: list[str] = field(default_factory=list)

    async def says(self, node: str, outcome: str, role: str = "index", **told: Any) -> None:
        """A follower's word, and wait until the node has read it."""
        made = Outcome(
            self.id, node, role, outcome, 0, len(self.said), f"2026-01-01T00:00:{len(self.said):02}.000000Z",
            "scenes", "a", "PATCH", "correct", "label", ("n1", "n2"), self.parent,
            REFUSAL if outcome in ("rejected", "dead-letter") else None,
        )  # fmt: skip
        self.said.append(outcome)
        message = encode_outcome(self.served.topics.prefix, replace(made, **told), None)
        await self.served.node.log.append([message])
        await self.served.caught_up()

    async def get(self, **parameters: Any) -> Json:
        answer = await self.served.http.get(f"/requests/{self.id}", params=parameters)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def state(self) -> str:
        return str((await self.get())["state"])


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Served]:
    """A node that expects a second one, which is not there."""
    async with running(settings(tmp_path, expected_nodes=("n1", "n2"))) as served:
        yield served


@pytest.fixture
def case(pair: Served) -> Case:
    return Case(pair, MINTER.by_time(clock.now_ms()))


async def test_accepted_until_every_expected_node_has_reported(case: Case) -> None:
    assert await case.state() == "accepted"
    await case.says("n1", "indexed")
    found = await case.get()
    assert (found["state"], found["expected"]) == ("accepted", ["n1", "n2"])
    assert [told["node"] for told in found["outcomes"]] == ["n1"]
    await case.says("n2", "unchanged")
    found = await case.get()
    assert (found["state"], [told["outcome"] for told in found["outcomes"]]) == (
        "settled",
        ["indexed", "unchanged"],
    )


async def test_an_outcome_tells_where_and_when_and_why(case: Case) -> None:
    await case.says("n1", "rejected")
    [told] = (await case.get())["outcomes"]
    assert told == {
        "node": "n1", "role": "index", "outcome": "rejected", "position": {"partition": 0, "offset": 0},
        "time": "2026-01-01T00:00:00.000000Z", "problem": REFUSAL,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "state"),
    [
        ("indexed", "indexed", "settled"),
        ("unchanged", "unchanged", "settled"),
        ("rejected", "rejected", "rejected"),
        ("indexed", "rejected", "attention"),
        ("rejected", "unchanged", "attention"),
        ("dead-letter", "indexed", "attention"),
        ("dead-letter", "dead-letter", "attention"),
    ],
)
async def test_what_two_nodes_say_comes_to_a_state_for_good(
    case: Case, first: str, second: str, state: str
) -> None:
    await case.says("n1", first)
    await case.says("n2", second)
    assert await case.state() == state
    for node, later in (
        ("n1", "indexed"),
        ("n2", "rejected"),
        ("n1", "dead-letter"),
        ("n3", "indexed"),
        ("n3", "rejected"),
    ):
        await case.says(node, later)
        assert await case.state() == state, f"after {node} said {later}"
    await case.says("n2", "indexed", expected=("n1", "n2", "n4"))
    assert await case.state() == state
    assert {told["node"] for told in (await case.get())["outcomes"]} == {"n1", "n2", "n3"}


async def test_the_final_state_of_a_child_never_changes(case: Case) -> None:
    parent = MINTER.by_time(clock.now_ms(), family=True)
    children = [Case(case.served, MINTER.child(parent, n), Parent(parent, n, 2)) for n in (0, 1)]
    for node in ("n1", "n2"):
        await children[0].says(node, "indexed")
    assert await children[0].state() == "settled"
    whole = Case(case.served, parent)
    assert await whole.state() == "accepted"
    await children[0].says("n2", "rejected", time="2026-01-01T00:00:30.000000Z")
    assert await children[0].state() == "settled"
    for node in ("n1", "n2"):
        await children[1].says(node, "indexed")
    assert await whole.state() == "settled"
    await children[1].says("n1", "dead-letter")
    found = await whole.get()
    assert (found["state"], found["children"]["settled"], found["failures"]) == ("settled", 2, [])


async def test_an_anomaly_is_listed_and_changes_no_state(case: Case) -> None:
    await case.says("n1", "anomaly")
    assert await case.state() == "accepted"
    for node in ("n1", "n2"):
        await case.says(node, "indexed")
    found = await case.get()
    assert found["state"] == "settled"
    assert sorted(told["outcome"] for told in found["outcomes"]) == ["anomaly", "indexed", "indexed"]


async def test_replica_nodes_are_shown_at_their_furthest_and_decide_nothing(case: Case) -> None:
    for outcome in ("transferring", "stored", "transferring"):
        await case.says("n1", outcome, "replica")
    found = await case.get()
    assert (found["state"], [told["outcome"] for told in found["outcomes"]]) == ("accepted", ["stored"])


async def test_the_same_word_again_is_kept_once(case: Case) -> None:
    await case.says("n1", "indexed")
    await case.says("n1", "indexed")
    [told] = (await case.get())["outcomes"]
    assert told["position"]["offset"] == 0


async def test_lost_is_replaced_by_a_later_outcome(tmp_path: Path) -> None:
    async with running(settings(tmp_path, delivery_deadline_s=1, expected_nodes=("n1", "n2"))) as served:
        case = Case(served, MINTER.by_time(clock.now_ms() - 1500))
        assert await case.state() == "lost"
        await case.says("n1", "indexed")
        assert await case.state() == "accepted"
        await case.says("n2", "indexed")
        assert await case.state() == "settled"
        young = Case(served, MINTER.by_time(clock.now_ms()))
        assert await young.state() == "accepted"


async def test_nothing_is_lost_before_the_log_has_been_read(tmp_path: Path) -> None:
    store = GatedStore(tmp_path / "n1.db")
    chosen = settings(tmp_path, delivery_deadline_s=1, courtesy_wait_ms=20)
    async with running(chosen, store=store) as served:
        store.gate.clear()
        await served.http.post("/collections", json=collection("scenes"))
        case = Case(served, MINTER.by_time(clock.now_ms() - 1500))
        assert await case.state() == "accepted"
        store.gate.set()
        await served.caught_up()
        assert await case.state() == "lost"


async def test_an_expired_handle_is_unknown_unless_an_outcome_names_it(pair: Served) -> None:
    for id_ in (MINTER.by_time(clock.now_ms() - 31 * DAY_MS), f"{5:032x}"):
        case = Case(pair, id_)
        problem(await pair.http.get(f"/requests/{id_}"), "request-does-not-exist")
        await case.says("n1", "indexed")
        assert await case.state() == "accepted"


async def test_a_handle_from_a_key_never_expires(pair: Served) -> None:
    assert await Case(pair, MINTER.by_key(("anonymous", "a key"))).state() == "accepted"


async def test_a_wait_ends_with_the_last_word(case: Case) -> None:
    await case.says("n1", "indexed")
    asking = asyncio.create_task(case.get(wait=30))
    await turns()
    assert not asking.done()
    await case.says("n2", "indexed")
    assert (await asking)["state"] == "settled"


async def test_a_wait_is_limited_by_the_setting(tmp_path: Path) -> None:
    async with running(settings(tmp_path, wait_s_max=0)) as served:
        assert (await Case(served, MINTER.by_time(clock.now_ms())).get(wait=3600))["state"] == "accepted"


async def test_requests_are_listed_by_state_and_collection(node: Served) -> None:
    await node.settled("POST", ITEMS, json=features([scene("a"), scene("b")]))
    await node.settled("POST", ITEMS, "attention", json=features([scene("a", other=1), scene("c")]))
    await node.settled("POST", ITEMS, "rejected", json=features([scene("a", other=1)]))
    await node.settled("POST", f"{ITEMS}/a/actions/retract")

    async def listed(**told: Any) -> list[Json]:
        answer = (await node.http.get("/requests", params=told)).json()
        assert answer["numberMatched"] == answer["numberReturned"] == len(answer["requests"])
        return list(answer["requests"])

    assert sorted(one["state"] for one in await listed(collection="scenes")) == [
        "attention", "rejected", "settled", "settled", "settled",
    ]  # fmt: skip
    assert [one["collection"] for one in await listed(collection="CMIP6")] == ["CMIP6"]
    [mixed] = await listed(state="attention")
    assert (mixed["of"], mixed["counts"]) == (2, {"accepted": 0, "settled": 1, "rejected": 1, "attention": 0})
    assert len(await listed(state="settled", collection="scenes")) == 3
    assert await listed(state="lost") == []


async def test_a_long_list_is_read_page_by_page(node: Served) -> None:
    handles = [(await node.settled("POST", ITEMS, json=scene(f"s{n}")))["id"] for n in range(5)]
    found: list[str] = []
    after = None
    while True:
        parameters = {"collection": "scenes", "limit": "2"} | ({"after": after} if after else {})
        page = (await node.http.get("/requests", params=parameters)).json()
        assert page["numberMatched"] == 6  # the Collection's own request is one of them
        found += [one["id"] for one in page["requests"]]
        after = page["next"]
        if after is None:
            break
    assert len(found) == 6
    assert set(handles) < set(found)


@pytest.mark.parametrize(
    "mark",
    ["x", "", "é", "W10", "bnVsbA", "WzEsMl0", "W1tdXQ", "e30", "Wzcx", "/w==", "A" * 3000, "WyJhIiwiYiJd"],
)
async def test_a_bookmark_that_no_list_has_given_is_refused(node: Served, mark: str) -> None:
    answer = await node.http.get("/requests", params={"after": mark})
    problem(answer, "malformed-query", says=["`next`"])
