"""Items cut out of the bytes of their records are the Items that decoding them gives."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.lifecycle import State
from catalogue.record import Record, encode_record
from discovery_api.fields import Fields
from discovery_api.splice import Splicer
from discovery_api.view import shown_item
from tests.support import cmip6

ROOT = "https://stac.example.org/north"
LINK = {"rel": "license", "href": 'https://example.org/a,"links":[/b'}
TRICKS = [
    '"item":{',
    ',"key":',
    '"state":"active"',
    '"links":[',
    '","',
    "\\",
    "é",
    "\u2028",
    "id",
    'x","links":[]',
]


def scene(name: str, collection: str = "scenes") -> dict[str, Any]:
    return {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "collection": collection, "geometry": None,
        "properties": {"datetime": "2026-01-01T00:00:00Z", "title": name}, "links": [],
        "assets": {"data": {"href": "https://data.example.org/a.tif", "roles": ["data"]}},
    }  # fmt: skip


def record(item: dict[str, Any], state: State = State.ACTIVE, **members: Any) -> Record:
    told = {"latest": True, "revision": 1, "owner": "north", **members}
    return Record(
        item["collection"], item["id"], f"{item['collection']}/{item['id']}", state, item=item, **told
    )


def both(one: Record, *, show_data: bool = False, fields: Fields | None = None) -> tuple[Any, Any]:
    """As it is served, and as it would be in the slow way."""
    served = orjson.loads(Splicer(ROOT, show_data=show_data, fields=fields).item(encode_record(one)))
    slow = shown_item(one, ROOT, None, show_data=show_data)
    return served, slow if fields is None else fields.of(slow)


ids = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=20)
texts = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), st.sampled_from(TRICKS))
keys = st.one_of(texts, st.sampled_from(["links", "item", "key", "state", "id", "collection"]))
values = st.recursive(
    st.one_of(texts, st.integers(-9, 9), st.booleans(), st.none()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=4)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Items with links, and with anything else anywhere."""
    item: dict[str, Any] = draw(objects)
    item |= {
        "id": draw(ids), "collection": draw(ids), "type": "Feature",
        "links": draw(st.lists(st.one_of(st.just(LINK), objects), max_size=3)),
        "properties": draw(objects), "assets": draw(st.dictionaries(keys, objects, max_size=3)),
    }  # fmt: skip
    reason, holders = draw(st.none() | texts), tuple(draw(st.lists(texts, max_size=2)))
    state = draw(st.sampled_from([State.ACTIVE, State.ACTIVE, State.RETRACTED]))
    return record(
        item, state, reason=reason, wish=draw(st.none() | texts), owner=draw(texts), holders=holders
    )


@given(records(), st.booleans())
def test_a_spliced_item_is_the_decoded_one(one: Record, show_data: bool) -> None:
    served, slow = both(one, show_data=show_data)
    assert served == slow


@pytest.mark.parametrize(
    "name", ["plain-1.2_3~x", "späth (1) 100%?#&", 'quo"te', "back\\slash", "ünï", "%00"]
)
def test_ids_are_quoted_in_links(name: str) -> None:
    served, slow = both(record(scene(name, collection=f"c {name}")))
    assert served == slow
    assert "/items/" in served["links"][0]["href"]


def test_links_stand_in_front_of_those_of_the_item() -> None:
    item = scene("a") | {"links": [LINK]}
    served, slow = both(record(item))
    assert [link["rel"] for link in served["links"]] == ["self", "root", "parent", "collection", "license"]
    assert served == slow


def test_real_items_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise nobody would notice that it is never taken."""
    monkeypatch.setattr(Splicer, "_decoded", lambda *_: pytest.fail("decoded"))
    for item in [*map(cmip6.item, cmip6.sample_ids(20)), scene("a")]:
        Splicer(ROOT).item(encode_record(record(item)))


def test_a_retracted_item_says_why_and_hides_its_data() -> None:
    one = record(scene("a"), State.RETRACTED, reason="wrong")
    served, slow = both(one)
    assert served == slow
    assert (served["assets"], served["properties"]["retraction_reason"]) == ({}, "wrong")
    assert both(one, show_data=True)[0]["assets"] == one.item["assets"]


def test_fields_are_taken_of_what_is_shown() -> None:
    served, slow = both(record(scene("a")), fields=Fields(include=("properties.title", "links")))
    assert served == slow
    assert len(served["links"]) == 4


def test_a_list_of_items() -> None:
    bodies = [encode_record(record(scene(name))) for name in "abc"]
    assert [item["id"] for item in orjson.loads(Splicer(ROOT).items(bodies))] == ["a", "b", "c"]
    assert Splicer(ROOT).items([]) == b"[]"
