"""The profiles that are shipped: what the fold reads of them stays, and real items have what they ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import re2

from catalogue.profile import Composition, Pairing, Participation, Profile
from catalogue.profile_shelf import profile_of, shipped
from tests.support.cmip6 import item, real_ids, sample_ids

Item = dict[str, Any]
FAMILY = re.compile(r"/(?P<family>[a-z0-9-]+)/v(?P<version>[0-9]+\.[0-9]+\.[0-9]+)/schema\.json$")
CMIP6_ID = "CMIP6.ScenarioMIP.IPSL.IPSL-CM6A-LR.ssp119.r4i1p1f1.CFmon.clcalipso.gr.v20191122"
DESCRIPTION = (
    "/properties", "/links", "/geometry", "/bbox", "/stac_extensions", "/stac_version", "/assets/*/href",
    "/assets/*/title", "/assets/*/description", "/assets/*/type", "/assets/*/roles",
)  # fmt: skip


@pytest.fixture(params=["cmip6-ipsl-clcalipso", "cmip6-ukesm-zg500"])
def real(request: pytest.FixtureRequest, shared: Path) -> Item:
    found: Item = json.loads((shared / "items" / f"{request.param}.json").read_text())
    return found


@pytest.fixture
def scenes(shared: Path) -> list[Item]:
    found: Item = json.loads((shared / "items" / "sentinel-2-l2a-cogs.json").read_text())
    return list(found["features"])


# What Collections' records and events hold


def test_the_rule_of_ids_stays_as_records_hold_it() -> None:
    """A change here would disagree with the record of every Collection that exists."""
    part = r"(?:\.[A-Za-z0-9_-]+)"
    date = r"\.v(?P<version>[0-9]{8})"
    expected = {
        "CMIP6": {"pattern": rf"(?P<dataset>CMIP6{part}{{8}}){date}", "order": "number"},
        "CMIP7": {"pattern": rf"(?P<dataset>MIP-DRS7\.CMIP7{part}{{10}}){date}", "order": "number"},
        "sentinel-2": {"pattern": None, "order": "text"},
        "any": {"pattern": None, "order": "text"},
    }
    assert {name: profile_of(name).collection_rules(name).ids for name in expected} == expected


def test_what_the_fold_reads_stays() -> None:
    rules = profile_of("CMIP6").rules(CMIP6_ID)
    assert (rules.dataset, rules.version, rules.sort) == (CMIP6_ID[:-10], "20191122", 20191122)
    cmip = (*DESCRIPTION, "!/properties/title", "!/properties/base_id")
    for name in ("CMIP6", "CMIP7"):
        found = profile_of(name)
        assert (found.mutable, found.access_keys, found.access_protocols, found.delete) == (
            cmip, ("globus", "reference_file"), ("kerchunk",), "retract",
        )  # fmt: skip
    for name in ("sentinel-2", "any"):
        found = profile_of(name)
        assert (found.mutable, found.access_keys, found.access_protocols, found.delete) == (
            DESCRIPTION, (), (), "retract",
        )  # fmt: skip


def test_ids_of_cmip7() -> None:
    dataset = "MIP-DRS7.CMIP7.CMIP.MOHC.UKESM1-3-LL.historical.r1i1p1f1.glb.mon.tas.tavg-h2m-hxy-u.g100"
    found = profile_of("CMIP7")
    assert found.parse(f"{dataset}.v20260101") == (dataset, "20260101")
    assert len(found.parts) == len(dataset.split("."))
    assert found.parse(f"{dataset}.x.v20260101") is None


# Real items


def missing(found: Item, profile: Profile) -> Iterator[str]:
    """What the profile asks for and the item lacks."""
    properties, assets = found["properties"], found["assets"]
    yield from (rule.property for rule in profile.facets if rule.required and rule.property not in properties)
    yield from (rel for rel in profile.links if rel not in {link["rel"] for link in found["links"]})
    data = [
        asset for key, asset in assets.items()
        if "data" in asset.get("roles", ()) and key not in profile.access_keys
        and asset.get("protocol") not in profile.access_protocols
    ]  # fmt: skip
    yield from (name for asset in data for name in profile.assets.needed if name not in asset)
    declared = dict(filter(None, map(family, found["stac_extensions"])))
    for name, least in profile.extensions.required.items():
        if name not in declared or numbers(declared[name]) < numbers(least):
            yield f"extension {name}"
    protocols = {asset["protocol"] for asset in assets.values() if "protocol" in asset}
    if profile.assets.protocols:
        yield from protocols - {*profile.assets.protocols}
    if not profile.null_geometry and found["geometry"] is None:
        yield "geometry"


def family(uri: str) -> tuple[str, str] | None:
    match = FAMILY.search(uri)
    return (match["family"], match["version"]) if match else None


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def misfits(found: Item, profile: Profile) -> Iterator[str]:
    """The properties that do not fit their pattern."""
    for rule in profile.facets:
        value = found["properties"].get(rule.property)
        if rule.pattern and value is not None and not re2.compile(rule.pattern).fullmatch(str(value)):
            yield rule.property
        if value is not None and isinstance(value, list) != rule.many:
            yield rule.property


def test_real_items_have_what_is_asked_for(real: Item) -> None:
    profile = profile_of("CMIP6")
    assert [*missing(real, profile), *misfits(real, profile)] == []
    dataset, version = profile.parse(real["id"]) or ("", "")
    said = {"dataset": dataset, "version": version}
    assert {name: real["properties"][name] for name in profile.same} == {
        name: said[what] for name, what in profile.same.items()
    }
    west, _, east, _ = real["bbox"]
    assert profile.longitudes[0] <= west < east <= profile.longitudes[1]


@pytest.mark.parametrize(
    ("broken", "lacks"),
    [
        ({"properties": {}}, "cmip6:activity_id"),
        ({"stac_extensions": []}, "extension file"),
        (
            {"stac_extensions": ["https://stac-extensions.github.io/cmip6/v0.9.0/schema.json"]},
            "extension cmip6",
        ),
        ({"assets": {"a": {"roles": ["data"]}}}, "file:checksum"),
        ({"assets": {"a": {"protocol": "ftp"}}}, "ftp"),
        ({"geometry": None}, "geometry"),
    ],
)
def test_what_is_missing_is_noticed(broken: Item, lacks: str) -> None:
    assert lacks in list(missing({**item(sample_ids(1)[0]), **broken}, profile_of("CMIP6")))


def test_made_up_items_have_what_is_asked_for() -> None:
    profile = profile_of("CMIP6")
    for item_id in sample_ids(50):
        assert [*missing(item(item_id), profile), *misfits(item(item_id), profile)] == []


def test_all_scenes_have_what_is_asked_for(scenes: list[Item]) -> None:
    assert len(scenes) == 100
    for scene in scenes:
        profile = profile_of(scene["collection"])
        assert profile.id == "earth-observation"
        assert list(missing(scene, profile)) == []


# Tables


def vocabulary(shared: Path, facet: str) -> set[str]:
    """The terms of a flat file."""
    found = json.loads((shared / "vocabularies" / "cmip6" / f"CMIP6_{facet}.json").read_text())
    return set(found[facet])


def pairing(check: str) -> Mapping[str, tuple[str, ...]]:
    [found] = [each for each in profile_of("CMIP6").cross_checks if each.check == check]
    assert isinstance(found, Pairing)
    return found.allowed


def test_tables_are_those_of_the_vocabulary(shared: Path) -> None:
    tables = vocabulary(shared, "table_id")
    frequencies, realms = pairing("table-frequency"), pairing("table-realm")
    assert frequencies.keys() == tables
    assert realms.keys() < tables
    assert {each for found in frequencies.values() for each in found} <= vocabulary(shared, "frequency")
    assert {each for found in realms.values() for each in found} <= vocabulary(shared, "realm")


def test_tables_allow_what_real_ids_are_made_into(shared: Path) -> None:
    frequencies, realms = pairing("table-frequency"), pairing("table-realm")
    for item_id in real_ids(shared):
        properties = item(item_id)["properties"]
        table = properties["cmip6:table_id"]
        assert properties["cmip6:frequency"] in frequencies[table], table
        assert set(properties["cmip6:realm"]) <= set(realms.get(table, properties["cmip6:realm"])), table


def test_facts_of_cross_checks_are_in_the_flat_vocabulary(shared: Path) -> None:
    """A misspelt fact would silently check nothing."""
    profile = profile_of("CMIP6")
    facets = {rule.property: rule.facet for rule in profile.facets}
    asked = [check for check in profile.cross_checks if isinstance(check, Participation)]
    assert len(asked) == 4
    for check in asked:
        name = facets[check.term]
        terms = json.loads((shared / "vocabularies" / "cmip6" / f"CMIP6_{name}.json").read_text())[name]
        assert any(fact in term for fact in check.facts for term in terms.values()), check.check


def test_every_check_has_its_own_place() -> None:
    for profile in shipped().all:
        names = [check.check for check in profile.cross_checks]
        assert len(set(names)) == len(names)
    kinds = {type(check) for name in ("CMIP6", "CMIP7") for check in profile_of(name).cross_checks}
    assert kinds == {Participation, Composition, Pairing}
