"""Queryables: what can be filtered by, from every Item, the profile with its vocabulary, and the data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from catalogue.lifecycle import State
from catalogue.profile_shelf import profile_of
from cv.vocabulary import Kind, Term, Vocabulary
from discovery_api.inventory import ALLOWED_MAX, KEPT_S, Inventory
from discovery_api.queryables import VALUES_MAX, Queryables
from tests.support.real_vocabularies import real_vocabularies
from tests.support.small_catalogue import SmallCatalogue, small_item
from tests.support.small_vocabulary import PROFILE, VOCABULARY, facet, good_item

Json = dict[str, Any]
HERE = "https://n1.example.org/collections/woods/queryables"


async def woods(
    vocabulary: Vocabulary | None = VOCABULARY, **changed: Any
) -> tuple[SmallCatalogue, Queryables]:
    catalogue = SmallCatalogue(profiles={"woods": replace(PROFILE, **changed)})
    await catalogue.add_collection("woods")
    await catalogue.add_collection("scenes")
    inventory = Inventory(catalogue, lambda name: vocabulary if name == "woods" else None)
    return catalogue, Queryables(catalogue.store, inventory)


async def properties_of(queryables: Queryables, *collections: str) -> dict[str, Json]:
    found = await queryables.schema(collections, HERE, "Woods")
    jsonschema.Draft201909Validator.check_schema(found)
    properties: dict[str, Json] = found["properties"]
    return properties


async def test_the_schema_is_one_for_a_collection_without_data() -> None:
    _, queryables = await woods()
    found = await queryables.schema(("woods",), HERE, "Woods")
    assert {name: found[name] for name in found if name != "properties"} == {
        "$schema": "https://json-schema.org/draft/2019-09/schema", "$id": HERE, "title": "Woods", "type": "object",
        "additionalProperties": True,
    }  # fmt: skip
    properties = await properties_of(queryables, "woods")
    assert properties["collection"]["enum"] == ["woods"]
    assert properties["geometry"]["format"] == "geometry-any"
    assert properties["datetime"]["format"] == "date-time"
    assert properties["latest"]["type"] == properties["retracted"]["type"] == "boolean"
    assert properties["w:campaign"]["enum"] == ["Autumn", "Spring", "Winter"]
    assert properties["w:campaign"]["description"].startswith("A list")
    assert properties["w:model"] == {"type": "string", "enum": ["ASH-3", "ELM-2", "OAK-1"]}


async def test_only_closed_lists_are_listed() -> None:
    """What a pattern or a composite term accepts, or no vocabulary knows, cannot be named whole."""
    _, queryables = await woods()
    properties = await properties_of(queryables, "woods")
    for name in ("w:run", "w:composed", "w:member", "w:index", "w:absent", "w:free"):
        assert properties[name] == {"type": "string"}, name
    _, queryables = await woods(unknown_terms="warn")
    assert "enum" not in (await properties_of(queryables, "woods"))["w:model"]


async def test_values_come_from_the_data_where_no_vocabulary_is_in_use() -> None:
    catalogue, queryables = await woods(None)
    await catalogue.add(good_item())
    properties = await properties_of(queryables, "woods")
    assert properties["w:model"]["enum"] == ["OAK-1"]
    assert properties["w:realm"]["enum"] == ["air", "sea"]


async def test_a_facet_of_too_many_terms_is_not_listed() -> None:
    for count, listed in ((ALLOWED_MAX, True), (ALLOWED_MAX + 1, False)):
        many = facet("many", *(f"term{number:05}" for number in range(count)))
        vocabulary = replace(VOCABULARY, sha256=str(count), facets={**VOCABULARY.facets, "many": many})
        _, queryables = await woods(vocabulary)
        assert ("enum" in (await properties_of(queryables, "woods"))["w:many"]) == listed


async def test_fields_that_the_vocabulary_derives() -> None:
    _, queryables = await woods(facets=(), derive_facets="w:")
    properties = await properties_of(queryables, "woods")
    assert properties["w:units"]["enum"] == ["K", "m"]
    assert properties["w:colours"]["enum"] == ["air", "land", "sea"]
    assert properties["w:note"] == {"type": "string"}
    assert "x:other" not in properties


async def test_kinds_and_values_of_the_data() -> None:
    catalogue, queryables = await woods()
    seen: Json = {
        "platform": "a", "gsd": 10, "cloudy": True, "acquired": "2020-01-01T00:00:00Z", "tags": ["x", "y"],
        "object": {"a": 1}, "mixed": 1, "empty": [], "null": None, "datetime": "2020-01-01T00:00:00Z",
    }  # fmt: skip
    await catalogue.add(small_item("a", **seen))
    await catalogue.add(
        small_item("b", **{**seen, "platform": "b", "gsd": 2.5, "mixed": "text"}), State.RETRACTED
    )
    properties = await properties_of(queryables, "scenes")
    assert properties["platform"] == {"type": "string", "enum": ["a", "b"]}
    assert properties["gsd"] == {"type": "number", "minimum": 2.5, "maximum": 10}
    assert properties["cloudy"] == {"type": "boolean"}
    assert properties["acquired"] == {"type": "string", "format": "date-time"}
    assert (properties["tags"]["type"], properties["tags"]["enum"]) == ("string", ["x", "y"])
    assert properties["mixed"] == {"type": ["number", "string"]}
    assert not {"object", "empty", "null", "w:model"} & properties.keys()
    assert properties["datetime"]["description"].startswith("Time")


@pytest.mark.parametrize(("count", "listed"), [(VALUES_MAX, True), (VALUES_MAX + 1, False)])
async def test_many_values_are_not_listed(count: int, listed: bool) -> None:
    catalogue, queryables = await woods()
    for number in range(count):
        await catalogue.add(small_item(f"i{number}", label=f"n{number}"))
    assert ("enum" in (await properties_of(queryables, "scenes"))["label"]) == listed


async def test_nodes_that_hold_copies() -> None:
    catalogue, queryables = await woods()
    assets = {"1": {"alternate:name": "here", "alternate": {"there": {}}}}
    await catalogue.add({**small_item("a"), "assets": assets})
    assert (await properties_of(queryables, "scenes"))["alternate:name"]["enum"] == ["here", "there"]


async def test_the_whole_catalogue_has_what_any_collection_has() -> None:
    catalogue, queryables = await woods()
    await catalogue.add(small_item("a", platform="a"))
    properties = await properties_of(queryables)
    assert properties["collection"]["enum"] == ["scenes", "woods"]
    assert properties["w:model"]["enum"] == ["ASH-3", "ELM-2", "OAK-1"]
    assert properties["platform"]["enum"] == ["a"]
    assert len(catalogue.store.asked) == 2  # whatever the number of collections


async def test_two_profiles_that_allow_different_values_of_one_property() -> None:
    other = replace(
        VOCABULARY, sha256="1" * 64, facets={**VOCABULARY.facets, "model": facet("model", "YEW-4", "OAK-1")}
    )
    open_ = replace(
        VOCABULARY, sha256="2" * 64, facets={"model": facet("model", Term("any", "^Y.*$", Kind.PATTERN))}
    )
    for second, expected in ((other, ["ASH-3", "ELM-2", "OAK-1", "YEW-4"]), (open_, None)):
        catalogue = SmallCatalogue(profiles={"woods": PROFILE, "more": PROFILE})
        vocabularies = {"woods": VOCABULARY, "more": second}
        inventory = Inventory(catalogue, vocabularies.get)
        for name in vocabularies:
            await catalogue.add_collection(name)
        properties = await properties_of(Queryables(catalogue.store, inventory))
        assert properties["w:model"].get("enum") == expected


async def test_a_schema_is_kept_for_a_few_seconds_and_tells_each_address() -> None:
    catalogue, _ = await woods()
    now = [0.0]
    inventory = Inventory(catalogue, lambda name: None, lambda: now[0])
    queryables = Queryables(catalogue.store, inventory, lambda: now[0])
    await queryables.schema(("scenes",), HERE, "a")
    await catalogue.add(small_item("a", platform="a"))
    again = await queryables.schema(("scenes",), "https://other.example/", "b")
    assert (again["$id"], "platform" in again["properties"]) == ("https://other.example/", False)
    now[0] = KEPT_S
    assert "platform" in (await queryables.schema(("scenes",), HERE, "a"))["properties"]


async def test_real_vocabularies(shared: Any) -> None:
    real = real_vocabularies(shared)
    catalogue = SmallCatalogue()
    for name in ("CMIP6", "CMIP7"):
        await catalogue.add_collection(name)
    in_use = {"CMIP6": real.flat, "CMIP7": real.cmip7}
    queryables = Queryables(catalogue.store, Inventory(catalogue, in_use.get))
    cmip6, cmip7 = await properties_of(queryables, "CMIP6"), await properties_of(queryables, "CMIP7")
    assert profile_of("CMIP6").facets
    assert "ssp585" in cmip6["cmip6:experiment_id"]["enum"]
    assert "CMIP" in cmip6["cmip6:activity_id"]["enum"]
    assert "enum" not in cmip6["cmip6:member_id"]
    assert "historical" in cmip7["cmip7:experiment_id"]["enum"]
    assert sum("enum" in schema for schema in cmip7.values()) > 10
