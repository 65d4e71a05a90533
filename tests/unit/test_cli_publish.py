"""Publishing in batches: their sizes, what is sent again after a refusal, and what the counts come to."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.client import Client, Refusal
from federation.failed import DONE, NOT_DONE
from federation.files import Read
from federation.publish import (
    BYTES_MAX,
    HELD_BYTES_MAX,
    ITEMS_MAX,
    OUTSTANDING_MAX,
    Batch,
    Publisher,
    batches,
)

Json = dict[str, Any]
SIZES = st.sampled_from([0, 15, 33, 50, 101])


def one(name: str, collection: str = "c", size: int = 0) -> Read:
    return Read("file", collection, name, json.dumps({"id": name}).encode().ljust(size))


def batch(*names: str) -> Batch:
    [made] = batches([one(name) for name in names])
    return made


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from("abc"), SIZES), max_size=60))
def test_batches_hold_every_item_once_within_their_limits(told: list[tuple[int, str, int]]) -> None:
    items = [one(str(name), collection, size) for name, collection, size in told]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("federation.publish.ITEMS_MAX", 5)
        patch.setattr("federation.publish.BYTES_MAX", 150)
        made = list(batches(items))
    for each in made:
        assert len(each.items) <= 5
        assert len(each.items) == 1 or len(each.body()) <= 150
        assert len({item.item_id for item in each.items}) == len(each.items)
        assert {item.collection for item in each.items} == {each.collection}
        assert json.loads(each.body())["features"] == [json.loads(item.body) for item in each.items]
    for collection in "abc":
        sent = [item for each in made if each.collection == collection for item in each.items]
        assert sent == [item for item in items if item.collection == collection]


def test_a_batch_stays_within_8_mib() -> None:
    made = list(batches(one(str(number), size=BYTES_MAX // 3) for number in range(4)))
    assert [len(each.items) for each in made] == [2, 2]
    assert all(len(each.body()) <= BYTES_MAX for each in made)


def test_a_full_batch_is_sent_before_more_is_read() -> None:
    read = 0

    def items() -> Iterator[Read]:
        nonlocal read
        for read in range(1, 100_000):
            yield one(str(read))

    made = batches(items())
    assert len(next(made).items) == ITEMS_MAX
    assert read == ITEMS_MAX + 1


def test_what_is_held_back_is_bounded() -> None:
    """Items of many collections in turn: no batch is ever full by itself."""
    held = most = 0

    def items() -> Iterator[Read]:
        nonlocal held, most
        for number in range(200):
            held += 1 << 20
            most = max(most, held)
            yield one(str(number), f"c{number}", 1 << 20)

    for made in batches(items()):
        held -= sum(len(item.body) for item in made.items)
    assert HELD_BYTES_MAX <= most <= HELD_BYTES_MAX + (2 << 20)


class Node:
    """A node that refuses what it is told to, and settles the rest."""

    def __init__(self, *, bad: str = "", nameless: str = "", end: str = "settled") -> None:
        self.bad, self.nameless, self.end = bad, nameless, end
        self.sent: list[list[str]] = []
        self.settled: list[str] = []
        self.outstanding = self.most_outstanding = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self._handle(int(request.url.path.rpartition("/")[2]))
        ids = [feature["id"] for feature in json.loads(request.content)["features"]]
        self.sent.append(ids)
        findings = [
            {"index": index, "pointer": "/id", "message": f"{name} is bad"}
            for index, name in enumerate(ids) if name in self.bad
        ]  # fmt: skip
        if findings:
            return _problem(400, findings)
        if set(self.nameless) & set(ids):
            return _problem(413, [])
        if request.url.params.get("preview"):
            return httpx.Response(200, json={"items": [{"id": name, "verdict": "new"} for name in ids]})
        self.settled += ids
        self.outstanding += 1
        self.most_outstanding = max(self.most_outstanding, self.outstanding)
        return httpx.Response(202, json={"id": str(len(self.sent) - 1)})

    def _handle(self, number: int) -> httpx.Response:
        self.outstanding -= 1
        ids = self.sent[number]
        problem = {"title": "Exists", "detail": "with other content"}
        outcomes = [{"node": "n", "outcome": self.end, "problem": problem}]
        failures = [{"state": self.end, "item_id": name, "outcomes": outcomes} for name in ids]
        return httpx.Response(200, json={
            "id": str(number), "state": self.end, "children": {"of": len(ids), self.end: len(ids)},
            "failures": [] if self.end == "settled" else failures, "failures_omitted": 0,
        })  # fmt: skip


def _problem(status: int, findings: list[Json]) -> httpx.Response:
    return httpx.Response(status, json={"title": "No", "detail": "not so", "findings": findings})


def publisher(node: Node, *, check: bool = False, wait: bool = True) -> tuple[Publisher, list[str]]:
    said: list[str] = []
    client = Client("http://node.example", sleep=lambda _: None, transport=httpx.MockTransport(node))
    return Publisher(client, said.append, check=check, wait=wait), said


def test_all_settled_is_done() -> None:
    work, said = publisher(Node())
    work.publish(batch("a", "b"))
    work.finish()
    assert (work.code, work.summary, said) == (DONE, "2 items: 2 settled", [])


def test_a_bad_item_does_not_hold_up_the_others() -> None:
    node = Node(bad="bd")
    work, said = publisher(node)
    work.publish(batch("a", "b", "c", "d"))
    work.finish()
    assert node.sent == [["a", "b", "c", "d"], ["a", "c"]]
    assert (work.code, work.tally) == (NOT_DONE, Counter(settled=2, refused=2))
    assert said == ["refused  b  (file)  No: b is bad", "refused  d  (file)  No: d is bad"]


def test_only_bad_items_are_not_sent_again() -> None:
    node = Node(bad="ab")
    work, _ = publisher(node)
    work.publish(batch("a", "b"))
    assert (len(node.sent), work.tally) == (1, Counter(refused=2))


def test_a_refusal_without_names_is_cut_down_to_its_item() -> None:
    node = Node(nameless="c")
    work, said = publisher(node)
    work.publish(batch(*"abcdefgh"))
    work.finish()
    assert sorted(node.settled) == list("abdefgh")
    assert (work.tally, said) == (Counter(settled=7, refused=1), ["refused  c  No: not so"])


def test_a_missing_collection_is_told_once() -> None:
    work, said = publisher(Node())
    missing = Client("http://node.example", transport=httpx.MockTransport(lambda request: _problem(404, [])))
    work.client = missing
    work.publish(batch("a", "b", "c"))
    assert (work.tally, said) == (Counter(refused=3), ["refused  a and 2 more  No: not so"])


def test_rejections_are_named() -> None:
    work, said = publisher(Node(end="rejected"))
    work.publish(batch("a", "b"))
    work.finish()
    assert (work.code, work.summary) == (NOT_DONE, "2 items: 2 rejected")
    assert said == [f"rejected  {name}  Exists: with other content" for name in "ab"]


def test_few_requests_are_on_their_way_at_a_time() -> None:
    node = Node()
    work, _ = publisher(node)
    for number in range(20):
        work.publish(batch(str(number)))
    work.finish()
    assert node.most_outstanding == OUTSTANDING_MAX + 1
    assert work.tally == Counter(settled=20)


def test_without_waiting_the_handles_are_told() -> None:
    node = Node()
    work, said = publisher(node, wait=False)
    work.publish(batch("a", "b"))
    work.finish()
    assert (work.code, said, node.outstanding) == (DONE, ["accepted  2 items  0"], 1)


def test_a_check_publishes_nothing() -> None:
    node = Node(bad="b")
    work, said = publisher(node, check=True)
    work.publish(batch("a", "b"))
    work.finish()
    assert node.settled == []
    assert (work.code, work.tally) == (NOT_DONE, Counter(new=1, refused=1))
    assert said == ["refused  b  (file)  No: b is bad", "new          a"]


def test_a_check_without_refusals_is_done() -> None:
    work, _ = publisher(Node(), check=True)
    work.publish(batch("a"))
    assert (work.code, work.summary) == (DONE, "1 item: 1 new")


def test_requests_that_nobody_waits_for_are_named() -> None:
    work, said = publisher(Node())
    work.publish(batch("a", "b"))
    work.abandon()
    assert (work.code, said) == (NOT_DONE, ["unknown  2 items; ask later: stacfed request 0"])


def test_a_fault_of_the_node_ends_the_work() -> None:
    work, _ = publisher(Node())
    work.client = Client(
        "http://node.example", transport=httpx.MockTransport(lambda request: _problem(500, []))
    )
    with pytest.raises(Refusal):
        work.publish(batch("a", "b"))
