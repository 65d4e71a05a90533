"""FeatureCollections: one request with a child per feature."""

from __future__ import annotations

import pytest

from federation import clock
from tests.support.http import KEY, Json, Served, features, problem, scene, unchanged
from tests.support.refusals import ITEMS
from transaction_api.ids import Minter

MINTER = Minter(KEY.encode())


async def publish(served: Served, items: list[Json], state: str = "settled") -> Json:
    return await served.settled("POST", ITEMS, state, json=features(items))


def counts(handle: Json) -> Json:
    """The states of the children that occur."""
    return {name: count for name, count in handle["children"].items() if count}


async def test_all_are_published_under_one_handle(node: Served) -> None:
    answer = await node.http.post(ITEMS, json=features([scene(f"s{n}") for n in range(30)]))
    accepted = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == accepted["status_url"]
    assert (accepted["id"], accepted["state"]) == (accepted["event_id"], "accepted")
    handle = await node.ended(accepted["id"])
    assert counts(handle) == {"of": 30, "settled": 30}
    assert (handle["failures"], handle["failures_omitted"]) == ([], 0)
    assert (await node.search(collections=["scenes"]))["numberMatched"] == 30


async def test_the_ids_of_children_derive_from_the_parents(node: Served) -> None:
    handle = await publish(node, [scene(f"s{n}") for n in range(3)])
    events = {event.item_id: event for event in await node.events()}
    for n in range(3):
        event = events[f"s{n}"]
        assert event.id == MINTER.child(handle["id"], n)
        assert event.parent is not None
        assert (event.parent.id, event.parent.index, event.parent.of) == (handle["id"], n, 3)
        assert event.handle == handle["id"]
    assert len({event.id for event in events.values()} | {handle["id"]}) == 4


async def test_a_child_is_a_handle_too(node: Served) -> None:
    handle = await publish(node, [scene("a"), scene("b")])
    child = (await node.http.get(f"/requests/{MINTER.child(handle['id'], 1)}")).json()
    assert (child["id"], child["parent"], child["index"]) == (MINTER.child(handle["id"], 1), handle["id"], 1)
    assert (child["state"], child["item_id"], child["action"]) == ("settled", "b", "publish")
    assert child["outcomes"][0]["outcome"] == "indexed"


async def test_a_mixture_needs_attention_and_lists_the_failures(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("old"))
    posted = [scene("new"), scene("old", other=1), scene("old2")]
    handle = await publish(node, posted, "attention")
    assert counts(handle) == {"of": 3, "settled": 2, "rejected": 1}
    [failure] = handle["failures"]
    assert (failure["index"], failure["item_id"], failure["state"]) == (1, "old", "rejected")
    assert failure["outcomes"][0]["problem"]["type"].endswith("/item-already-exists")
    assert failure["event_id"] == MINTER.child(handle["id"], 1)
    assert (await node.item("scenes", "new"))["id"] == "new"


async def test_all_rejected_is_rejected(node: Served) -> None:
    await publish(node, [scene("a"), scene("b")])
    handle = await publish(node, [scene("a", other=1), scene("b", other=1)], "rejected")
    assert counts(handle) == {"of": 2, "rejected": 2}
    assert [failure["index"] for failure in handle["failures"]] == [0, 1]


async def test_existing_ones_are_no_refusal_at_the_door(node: Served) -> None:
    await publish(node, [scene("a"), scene("b")])
    handle = await publish(node, [scene("a"), scene("b")])
    assert counts(handle) == {"of": 2, "settled": 2}


async def test_one_that_is_not_valid_refuses_the_whole(node: Served) -> None:
    posted = [scene("a"), {**scene("b"), "bbox": 1}, scene("c")]
    async with unchanged(node):
        found = problem(
            await node.http.post(ITEMS, json=features(posted)), "stac-validation", says=["1 of 3"]
        )
    assert [(finding["index"], finding["pointer"]) for finding in found["findings"]] == [(1, "/bbox")]


async def test_many_children_and_their_paging(node: Served) -> None:
    """More children than one block of outcomes holds."""
    handle = await publish(node, [scene(f"s{n:04}") for n in range(600)])
    assert counts(handle) == {"of": 600, "settled": 600}
    last = (await node.http.get(f"/requests/{MINTER.child(handle['id'], 599)}")).json()
    assert (last["state"], last["item_id"]) == ("settled", "s0599")


async def test_with_a_wait_the_end_is_the_answer(node: Served) -> None:
    answer = await node.http.post(
        ITEMS, json=features([scene("a"), scene("b")]), headers={"prefer": "wait=20"}
    )
    assert (answer.status_code, answer.json()["state"]) == (201, "settled")
    assert answer.headers["preference-applied"] == "wait=20"
    posted = features([scene("a", other=1), scene("c")])
    answer = await node.http.post(ITEMS, json=posted, headers={"prefer": "wait=20"})
    assert (answer.status_code, answer.json()["state"]) == (200, "attention")
    assert answer.json()["failures"][0]["item_id"] == "a"


async def test_two_nodes_report_for_each_child(two_nodes: tuple[Served, Served]) -> None:
    first, second = two_nodes
    handle = await publish(first, [scene("a"), scene("b")])
    child = await second.ended(MINTER.child(handle["id"], 0))
    assert [told["node"] for told in child["outcomes"]] == ["n1", "n2"]
    assert await second.ended(handle["id"]) == {
        **handle,
        "status_url": f"http://n2.example.org/requests/{handle['id']}",
    }


@pytest.mark.parametrize("family", [True, False])
async def test_a_handle_without_any_outcome_is_accepted(node: Served, family: bool) -> None:
    handle = MINTER.by_time(clock.now_ms(), family=family)
    assert (await node.http.get(f"/requests/{handle}")).json()["state"] == "accepted"
