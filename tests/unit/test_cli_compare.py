"""Comparing catalogues: what differs is named, in few questions."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from catalogue.digest import BUCKETS, Digest, bucket_of, digest_of, fingerprint
from federation.client import Client
from federation.compare import BUCKETS_ASKED_MAX, NAMES_SHOWN_MAX, compare, difference_lines

Records = dict[str, dict[str, bytes]]


class Node:
    """The digests of some records, as a node answers them."""

    def __init__(self, url: str, records: Records, title: str = "same") -> None:
        self.records, self.title = records, title
        self.asked: list[str] = []
        self.client = Client(url, transport=httpx.MockTransport(self))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        return httpx.Response(200, content=orjson.dumps(self._answer(request.url.path.split("/")[1:])))

    def _answer(self, path: list[str]) -> Any:
        match path:
            case ["digest"]:
                found = {name: self._digest(name) for name in self.records}
                shown = {name: {"count": each.count, "digest": each.total} for name, each in found.items()}
                bodies = ((name, fingerprint(self.title.encode())) for name in self.records)
                return {"node": "n", "collections": shown, "records": digest_of(bodies).total}
            case ["digest", name]:
                return {"buckets": self._digest(name).buckets()}
            case ["digest", name, bucket]:
                wanted = {
                    each: fingerprint(body).hex()
                    for each, body in self.records[name].items() if bucket_of(each) == int(bucket)
                }  # fmt: skip
                return {"records": wanted}
            case ["collections"]:
                links = [{"rel": "self", "href": str(self.client.url)}, {"rel": "license", "href": "x"}]
                return {"collections": [{"id": n, "title": self.title, "links": links} for n in self.records]}
        raise AssertionError(path)

    def _digest(self, name: str) -> Digest:
        return digest_of((each, fingerprint(body)) for each, body in self.records[name].items())


def pair(mine: Records, other: Records, title: str = "same") -> tuple[Node, Node]:
    return Node("http://a.example", mine), Node("http://b.example", other, title)


def many(count: int, **changed: bytes) -> Records:
    return {"c": {f"r{number}": b"same" for number in range(count)} | changed}


def test_equal_nodes_are_asked_once() -> None:
    a, b = pair(many(1000), many(1000))
    assert not compare(a.client, b.client)
    assert (a.asked, b.asked) == (["/digest"], ["/digest"])


def test_records_that_differ_or_are_missing_are_named() -> None:
    a, b = pair(many(1000, r7=b"mine", only_a=b"x"), many(1000, r7=b"other", only_b=b"x"))
    found = compare(a.client, b.client)
    assert sorted(found.records) == ["c/only_a", "c/only_b", "c/r7"]
    assert found.whole
    buckets = {bucket_of(name) for name in ("r7", "only_a", "only_b")}
    assert len(a.asked) == len(b.asked) == 2 + len(buckets)


def test_a_collection_that_one_node_lacks_is_named() -> None:
    a, b = pair({"c": {}, "d": {"x": b"1"}}, {"c": {}})
    found = compare(a.client, b.client)
    assert (found.collections, found.records) == (["d"], [])


def test_a_collection_that_reads_differently_is_named_whatever_the_address() -> None:
    a, b = pair({"c": {}}, {"c": {}}, title="other")
    assert compare(a.client, b.client).collections == ["c"]


def test_wholly_different_collections_are_not_asked_for_every_bucket() -> None:
    a, b = pair(many(1500), {"c": {f"s{number}": b"same" for number in range(1500)}})
    found = compare(a.client, b.client)
    assert not found.whole
    assert len(a.asked) == 2 + BUCKETS_ASKED_MAX < BUCKETS
    lines = difference_lines(found, ("A", "B"))
    assert lines[:2] == ["B differs from A", f"  at least {len(found.records)} records:"]
    assert lines[-1] == f"    and {len(found.records) - NAMES_SHOWN_MAX} more"
    assert len(lines) == 3 + NAMES_SHOWN_MAX


@pytest.mark.parametrize("count", [1, NAMES_SHOWN_MAX])
def test_a_few_are_all_shown(count: int) -> None:
    a, b = pair(many(count), {"c": {}})
    lines = difference_lines(compare(a.client, b.client), ("A", "B"))
    assert lines[1] == f"  {count} records:"
    assert len(lines) == 2 + count
