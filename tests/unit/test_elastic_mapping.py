"""Names of indices and aliases, the template, and what a check finds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.elastic_check import alias_findings, health_findings, index_findings, template_findings
from catalogue.elastic_mapping import FORMAT, MAPPING, NAMED_MAX, Names, Shape, slug, template
from catalogue.store import ITEMS, REQUESTS, Query, Ref, collection_ref, head_ref, item_ref

NAMES = Names("p")
FORBIDDEN = set('\\/*?"<>| ,#:.') | {chr(n) for n in range(32)}


@given(st.text(min_size=1, max_size=200))
def test_a_slug_can_be_part_of_an_index_name(collection: str) -> None:
    found = slug(collection)
    assert found == found.lower()
    assert found.isascii()
    assert not FORBIDDEN & set(found)
    assert len(found) <= 69


def test_slugs_differ_where_collections_do() -> None:
    collections = [
        "CMIP6",
        "cmip6",
        "Cmip6",
        "cmip.6",
        "cmip-6",
        "é",
        "è",
        "x" * 200,
        "x" * 199,
        "collections",
    ]
    assert len({slug(collection) for collection in collections}) == len(collections)
    assert slug("CMIP6.ScenarioMIP").startswith("cmip6-scenariomip-")


def test_head_and_items_of_a_dataset_share_an_index() -> None:
    alias = NAMES.items("c")
    assert NAMES.alias(head_ref("c/d")) == NAMES.alias(item_ref("c", "i", "c/d")) == alias
    assert NAMES.alias(head_ref("c")) == NAMES.alias(collection_ref("c")) == "p.collections"
    assert NAMES.alias(head_ref("store")) == "p.collections"
    assert NAMES.alias(Ref(REQUESTS, "q:h", "h")) == NAMES.alias(Ref(REQUESTS, "q:h", "a/b")) == "p.requests"
    assert NAMES.alias(Ref(ITEMS, "i:c/i", "c")) == alias
    assert NAMES.first_index(alias) == f"p.index.{slug('c')}.1"
    assert NAMES.first_index(NAMES.requests) == "p.index.requests.1"


def test_a_search_names_its_collections_unless_they_are_too_many() -> None:
    assert NAMES.targets(Query()) == "p.items.*"
    assert NAMES.targets(Query(collections=("a", "b"))) == f"{NAMES.items('a')},{NAMES.items('b')}"
    assert NAMES.targets(Query(collections=tuple(map(str, range(500))))) == "p.items.*"
    most = Names("x" * 60).targets(Query(collections=tuple(f"{n:/>99}" for n in range(NAMED_MAX))))
    assert "*" not in most
    assert len(most.replace(",", "%2C")) < 4096 - 500  # with room for parameters
    assert NAMES.targets(Query(kind="collections", collections=("a",))) == "p.collections"
    assert NAMES.targets(Query(kind=REQUESTS)) == "p.requests"


@pytest.mark.parametrize("prefix", ["", "A", "a.b", "-a", "_a", "a*", "a b", "x" * 61, "a\n"])
def test_a_prefix_that_no_index_can_have(prefix: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Names(prefix)


def test_replicas_are_a_number_or_what_there_is_room_for() -> None:
    assert Shape().settings()["auto_expand_replicas"] == "0-1"
    assert Shape(replicas=2).settings()["number_of_replicas"] == "2"
    assert "auto_expand_replicas" not in Shape(replicas=2).settings()


def as_answered(**settings: str) -> dict[str, Any]:
    """An index as the server describes it."""
    return {"settings": {"index": {**Shape().settings(), "uuid": "x", **settings}}, "mappings": MAPPING}


def test_all_is_well() -> None:
    ours = template(NAMES, Shape())
    assert template_findings({**ours, "composed_of": []}, ours) == []
    assert index_findings("p.index.a.1", as_answered(), Shape().settings()) == []
    aliases: dict[str, Any] = {
        f"p.index.{name}.1": {"aliases": {f"p.{name}": {}}} for name in ("collections", "requests")
    }
    assert alias_findings(NAMES, aliases) == []
    assert health_findings({"indices": {"p.index.a.1": {"status": "green", "unassigned_shards": 0}}}) == []


def test_templates() -> None:
    ours = template(NAMES, Shape())
    [missing] = template_findings(None, ours)
    assert "missing" in missing
    [newer] = template_findings({**ours, "version": FORMAT + 1}, ours)
    assert "upgrade" in newer
    [older] = template_findings({**ours, "version": FORMAT - 1}, ours)
    assert "version" in older
    [tuned] = template_findings(template(NAMES, Shape(refresh_ms=1000)), ours)
    assert "template.settings.index.refresh_interval" in tuned


def test_aliases() -> None:
    found = alias_findings(
        NAMES,
        {
            "p.index.a.1": {"aliases": {"p.items.a": {}}},
            "p.index.a.2": {"aliases": {"p.items.a": {}, "p.requests": {}}},
            "p.index.b.1": {"aliases": {}},
        },
    )
    assert len(found) == 3
    assert "p.index.b.1 has no alias" in found[0]
    assert "p.collections is missing" in found[1]
    assert "p.items.a stands for 2 indices (p.index.a.1, p.index.a.2)" in found[2]


def test_indices() -> None:
    wanted = Shape().settings()
    [shards] = index_findings("i", as_answered(number_of_shards="4"), wanted)
    assert "number_of_shards of i is 4, not 1" in shards
    [copies] = index_findings("i", as_answered(auto_expand_replicas="false"), wanted)
    assert "auto_expand_replicas" in copies
    blocked = as_answered()
    blocked["settings"]["index"]["blocks"] = {"read_only_allow_delete": "true"}
    [block] = index_findings("i", blocked, wanted)
    assert "disk" in block
    more = {**MAPPING, "dynamic": "true", "properties": {**MAPPING["properties"], "extra": {"type": "text"}}}
    [mapping] = index_findings("i", {**as_answered(), "mappings": more}, wanted)
    assert "dynamic, properties.extra" in mapping


def test_health() -> None:
    indices = {
        "b": {"status": "red", "unassigned_shards": 2},
        "a": {"status": "yellow", "unassigned_shards": 1},
    }
    yellow, red = health_findings({"indices": indices})
    assert yellow.startswith("a is yellow, 1 copies")
    assert red.startswith("b is red")
