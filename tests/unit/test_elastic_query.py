"""Searches and counts in the server's words."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.aggregations import Aggregation, Extremes, Files, Histogram, Names, Step, Terms
from catalogue.elastic_counts import Inexact, aggregates_of, counts_body
from catalogue.elastic_mapping import HITS_MAX, NAMED_MAX
from catalogue.elastic_query import SORTS_MAX, TooManyBuckets, page_of, refused, search_body
from catalogue.filters import START, Between, OneOf, equal
from catalogue.store import COLLECTIONS, REQUESTS, Place, Query, Sort


def answer(count: int, matched: int) -> dict[str, Any]:
    hits = [{"_source": {"body": f"b{n}"}, "sort": [n, f"i{n}"]} for n in range(count)]
    return {"hits": {"total": {"value": matched}, "hits": hits}}


def test_backwards_all_orders_are_turned_round_but_not_which_element_counts() -> None:
    sort = (Sort("a"), Sort("b", descending=True), Sort(START))
    there, back = (search_body(Query(sort=sort, backwards=turned))["sort"] for turned in (False, True))
    for one, other in zip(there[:-1], back[:-1], strict=True):
        [(name, forwards)], [(other_name, backwards)] = one.items(), other.items()
        assert name == other_name
        assert {forwards["order"], backwards["order"]} == {"asc", "desc"}
        assert (forwards["missing"], backwards["missing"]) == ("_last", "_first")
        assert forwards["mode"] == backwards["mode"]
    assert (there[-1], back[-1]) == ({"id": "asc"}, {"id": "desc"})


def test_the_first_page_asks_for_no_more_than_it_holds() -> None:
    first, later = Query(limit=5), Query(limit=5, after=("i0",))
    assert (search_body(first)["size"], search_body(later)["size"]) == (5, 6)
    assert page_of(first, answer(5, 5)).more is False
    assert page_of(first, answer(5, 6)).more is True
    assert page_of(later, answer(5, 100)).more is False
    page = page_of(later, answer(6, 100))
    assert (page.more, len(page.hits), page.after) == (True, 5, (4, "i4"))


def test_a_page_backwards_is_in_the_order_of_the_search() -> None:
    page = page_of(Query(limit=3, after=("x",), backwards=True), answer(4, 9))
    assert page.bodies == [b"b2", b"b1", b"b0"]
    assert page.more


@pytest.mark.parametrize("after", [None, ("x",)])
def test_no_request_is_larger_than_the_server_answers(after: Place | None) -> None:
    assert search_body(Query(limit=10**9, after=after))["size"] <= HITS_MAX


@pytest.mark.parametrize(
    ("sort", "place"),
    [
        ((), ()), ((), (1,)), ((), (None,)), ((), ("a", "b")), ((Sort("x"),), ("i",)), ((Sort("x"),), (7, "i")),
        ((Sort("x"),), (True, "i")), ((Sort(START),), ("2020", "i")), ((Sort(START),), (None, "i")),
        ((Sort(START),), (1.5, "i")), ((Sort(START),), (True, "i")), ((Sort(START),), (2**63, "i")),
    ],
)  # fmt: skip
def test_a_place_of_another_order_is_refused(sort: tuple[Sort, ...], place: Place) -> None:
    with pytest.raises(ValueError, match="another order"):
        search_body(Query(sort=sort, after=place))


def test_an_order_by_very_many_properties_is_refused() -> None:
    with pytest.raises(ValueError, match="more than the"):
        search_body(Query(sort=tuple(Sort(str(n)) for n in range(SORTS_MAX + 1))))


def test_what_is_kept_beside_is_found_by_two_names_alone() -> None:
    body = search_body(Query(REQUESTS, filter=OneOf("state", ("a", "b", 1)), sort=(Sort("x"),)))
    assert {"terms": {"state": ["a", "b"]}} in body["query"]["bool"]["filter"]
    assert body["sort"] == [{"id": "asc"}]
    for wanted in (equal("other", "x"), Between("state", "a", None)):
        with pytest.raises(ValueError, match="state and collection"):
            search_body(Query(REQUESTS, filter=wanted))


def test_half_a_character_is_no_id() -> None:
    collections = ("\ud800", *map(str, range(NAMED_MAX)))
    body = search_body(Query(ids=("\ud800",), collections=collections))
    assert {"match_none": {}} in body["query"]["bool"]["filter"]
    assert {"terms": {"collection": list(collections[1:])}} in body["query"]["bool"]["filter"]


def test_what_the_alias_says_is_no_condition() -> None:
    """Conditions that nearly all documents meet are what a search spends its time with."""
    assert conditions(Query(collections=("a", "b"))) == [{"term": {"state": "active"}}]
    many = tuple(map(str, range(NAMED_MAX + 1)))
    assert conditions(Query(collections=many))[1:] == [{"terms": {"collection": list(many)}}]
    of_collections = conditions(Query(kind=COLLECTIONS, collections=("a",)))
    assert of_collections[1:] == [{"term": {"collection": "a"}}]


def conditions(query: Query) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = search_body(query)["query"]["bool"]["filter"]
    return found


def test_counts_ask_for_no_records() -> None:
    wanted: list[Aggregation] = [Terms("a"), Histogram(Step.DAY), Extremes("a"), Files(), Names()]
    body = counts_body(Query(filter=equal("a", 1)), wanted)
    assert (body["size"], body["track_total_hits"]) == (0, True)
    assert body["aggs"].keys() == {"0", "1", "2low", "2high", "3", "4"}
    assert "aggs" not in counts_body(Query(), [])


def test_counts_without_an_index_are_empty() -> None:
    nothing = {"hits": {"total": {"value": 0}}}
    assert aggregates_of([Terms("a"), Extremes("a")], nothing) == (0, (((), 0), ((), 0)))


@pytest.mark.parametrize("wanted", [Terms("a"), Names(), Files()])
def test_counts_that_may_be_wrong_are_not_given(wanted: Any) -> None:
    found = {"doc_count_error_upper_bound": 1, "sum_other_doc_count": 0, "buckets": []}
    with pytest.raises(Inexact):
        aggregates_of([wanted], {"hits": {"total": {"value": 1}}, "aggregations": {"0": found}})


def test_what_a_refusal_means() -> None:
    assert isinstance(refused("… Trying to create too many buckets. …", ""), TooManyBuckets)
    assert "wildcards" in str(refused("Determinizing automaton with 35 states", "otherwise"))
    assert str(refused("because", "otherwise")) == "otherwise"
