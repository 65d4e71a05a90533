"""The published vocabularies of CMIP6 (both layouts), CMIP7 and the universe, as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cv.importing import Imported, import_files
from cv.source import read_source
from cv.universe import Universe
from cv.vocabulary import Field, Vocabulary

SOURCES = {"flat": "cmip6", "cmip6": "CMIP6_CVs-esgvoc.zip", "cmip7": "CMIP7-CVs-1.2.16.zip"}
WARNINGS = {
    "universe": (
        "says that its id is damip",
        "has an empty drs_name",
        "has the drs_name CC-BY-4.0",
        "has the drs_name ata",
        "has the drs_name glb",
    ),
    "flat": (),
    "cmip6": (
        "(1): cmip6dr_version",
        "(1): cc0_1.0 (nearest: cc0-1-0",
        "in different case, and counted once (206)",
        "experiment_id: their activity_id names terms that the project does not have (4): hist-noLu (lesfmip)",
        "experiment_id: their sub_experiment_id names terms that the project does not have (4)",
        "experiment_id: their activity names terms that the project does not have (1): land-hist (lmip)",
        "source_id: their activity_participation names terms that the project does not have (12)",
    ),
    "cmip7": (
        "was made with the universe 1.0.28; 1.0.30 is used",
        "institution: their members names terms that the project does not have (4)",
    ),
}


@pytest.fixture(scope="module")
def real(shared: Path) -> Mapping[str, Imported]:
    folder = shared / "vocabularies"
    universe = import_files(read_source(folder / "WCRP-universe.zip"), None, _none)
    assert isinstance(universe.found, Universe)
    wide = universe.found
    found = {
        name: import_files(read_source(folder / path), None, lambda _: wide) for name, path in SOURCES.items()
    }
    return {"universe": universe, **found}


def _none(_: str | None) -> Universe:
    raise AssertionError("nobody asks for a universe")


@pytest.fixture(scope="module")
def vocabularies(real: Mapping[str, Imported]) -> Mapping[str, Vocabulary]:
    return {name: each.found for name, each in real.items() if isinstance(each.found, Vocabulary)}


@pytest.mark.parametrize("name", WARNINGS)
def test_every_warning_is_known(name: str, real: Mapping[str, Imported]) -> None:
    warnings = real[name].warnings
    for known in WARNINGS[name]:
        assert any(known in warning for warning in warnings), known
    assert all(any(known in warning for known in WARNINGS[name]) for warning in warnings)


def test_versions(vocabularies: Mapping[str, Vocabulary]) -> None:
    flat, cmip6, cmip7 = (vocabularies[name] for name in SOURCES)
    assert (flat.label, cmip7.label) == ("cmip6 6.2.60.0", "cmip7 1.2.16")
    assert cmip6.label == f"cmip6 unversioned-{cmip6.sha256[:8]}"


def test_counts(vocabularies: Mapping[str, Vocabulary]) -> None:
    def counts(vocabulary: str, *facets: str) -> list[int]:
        return [len(vocabularies[vocabulary].facets[facet].terms) for facet in facets]

    both = ("activity_id", "experiment_id", "source_id", "institution_id", "table_id", "grid_label")
    assert counts("flat", *both) == [24, 322, 132, 49, 43, 45]
    assert counts("cmip6", *both, "variable_id") == [24, 322, 132, 49, 43, 45, 1315]
    assert counts("cmip7", "activity", "experiment", "branded_variable", "variable") == [11, 75, 1432, 987]


SAME = ("experiment_id", "source_id", "grid_label", "table_id", "sub_experiment_id", "source_type", "realm")


@pytest.mark.parametrize("facet", SAME)
def test_both_layouts_of_cmip6_publish_the_same_names(
    facet: str, vocabularies: Mapping[str, Vocabulary]
) -> None:
    flat, newer = (vocabularies[name].facets[facet].plain for name in ("flat", "cmip6"))
    assert flat.keys() == newer.keys()


# The universe has moved on: of these it says what holds for the phase after CMIP6.
MOVED_ON = {
    "hist-noLu", "hist-sol", "hist-totalO3", "hist-volc",
    "land-hist", "piClim-4xCO2", "piClim-aer", "piClim-anthro", "piClim-control",
}  # fmt: skip


def test_both_layouts_say_the_same_of_nearly_all_experiments(vocabularies: Mapping[str, Vocabulary]) -> None:
    flat, newer = (vocabularies[name].facets["experiment_id"].plain for name in ("flat", "cmip6"))
    differing = {
        name
        for name, term in flat.items()
        if term.facts["activity_id"]
        != newer[name].facts.get("activity_id", newer[name].facts.get("activity"))
    }
    assert differing == MOVED_ON
    assert newer["dcppA-hindcast"].facts["activity_id"] == ("DCPP",)


def test_names_are_as_published(vocabularies: Mapping[str, Vocabulary]) -> None:
    cmip6, cmip7 = vocabularies["cmip6"], vocabularies["cmip7"]
    for facet, value, other in (
        ("variable_id", "sfcWind", "sfcwind"),
        ("frequency", "1hrCM", "1hrcm"),
        ("experiment_id", "dcppA-hindcast", "dcppa-hindcast"),
        ("institution_id", "NOAA-GFDL", "noaa-gfdl"),
        ("mip_era", "CMIP6", "cmip6"),
    ):
        assert cmip6.term(facet, value) is not None, value
        assert cmip6.term(facet, other) is None, other
        assert value in cmip6.nearest(facet, other)
    assert cmip7.term("branded_variable", "sfcWind_tavg-h10m-hxy-u") is not None
    assert cmip7.term("activity", "DCPP") is not None
    assert cmip7.term("institution", "dlr") is not None  # the project's own drs_name
    assert cmip7.term("drs_specs", "MIP-DRS7") is not None


def test_patterns_are_those_of_the_project(vocabularies: Mapping[str, Vocabulary]) -> None:
    tail = "/d94de180-11dc-3af7-893c-53427a9b7385"
    for name, prefix, other in (
        ("cmip6", "hdl:21.14100", "hdl:21.14107"),
        ("cmip7", "hdl:21.14107", "hdl:21.14100"),
    ):
        assert vocabularies[name].term("tracking_id", prefix + tail) is not None
        assert vocabularies[name].term("tracking_id", other + tail) is None
    assert vocabularies["cmip6"].term("variant_label", "r1i196001p1f2") is not None
    assert vocabularies["cmip6"].term("realization_index", "12") is not None
    assert vocabularies["cmip7"].term("realization_index", "r12") is not None
    assert vocabularies["cmip7"].term("realization_index", "12") is None


def test_members_and_suffixes_are_taken_apart(vocabularies: Mapping[str, Vocabulary]) -> None:
    cmip6, cmip7 = vocabularies["cmip6"], vocabularies["cmip7"]
    member = cmip6.term("member_id", "s1960-r1i1p1f2")
    assert member is not None
    assert cmip6.split(member, "s1960-r1i1p1f2") == {
        "sub_experiment_id": "s1960",
        "variant_label": "r1i1p1f2",
    }
    assert cmip6.split(member, "r1i1p1f2") == {"variant_label": "r1i1p1f2"}
    assert cmip6.split(member, "s1860-r1i1p1f2") is None
    suffix = cmip7.term("branding_suffix", "tavg-h10m-hxy-u")
    assert suffix is not None
    assert cmip7.split(suffix, "tavg-h10m-hxy-u") == {
        "temporal_label": "tavg", "vertical_label": "h10m", "horizontal_label": "hxy", "area_label": "u",
    }  # fmt: skip
    assert cmip7.term("branding_suffix", "tavg-h10m-hxy") is None


def test_facts_name_what_is_published(vocabularies: Mapping[str, Vocabulary]) -> None:
    historical = vocabularies["cmip7"].facets["experiment"].plain["historical"].facts
    assert historical["activity"] == ("CMIP",)
    assert historical["parent_experiment"] == ("piControl",)
    assert historical["parent_mip_era"] == ("CMIP7",)
    assert historical["additional_allowed_model_components"] == ("AER", "CHEM", "BGC")
    assert historical["end_timestamp"] == ("2021-12-31",)  # of the project, over the universe
    source = vocabularies["cmip6"].facets["source_id"].plain["ACCESS-CM2"].facts
    assert source["organisation_id"] == ("CSIRO-ARCCSS",)
    assert "ScenarioMIP" in source["activity_participation"]


def test_every_activity_of_an_experiment_is_a_term(vocabularies: Mapping[str, Vocabulary]) -> None:
    for name, facet, fact, terms in (
        ("flat", "experiment_id", "activity_id", "activity_id"),
        ("cmip6", "experiment_id", "activity_id", "activity_id"),
        ("cmip7", "activity", "experiments", "experiment"),
    ):
        found = vocabularies[name]
        moved_on = MOVED_ON if name == "cmip6" else ()
        for term in found.facets[facet].terms:
            for value in term.facts.get(fact, ()) if term.name not in moved_on else ():
                assert value in found.facets[terms].plain, (name, term.name, value)


def test_fields_and_ids(vocabularies: Mapping[str, Vocabulary]) -> None:
    flat, cmip6, cmip7 = (vocabularies[name] for name in SOURCES)
    assert flat.fields == ()
    assert flat.id_parts == cmip6.id_parts
    assert flat.id_parts[0] == "mip_era"
    assert flat.id_parts[-1] == "grid_label"
    assert len(cmip7.id_parts) == 12
    assert cmip7.id_parts[0] == "drs_specs"
    by_property = {field.property: field for field in (*cmip6.fields, *cmip7.fields)}
    assert by_property["cmip6:pid"] == Field("cmip6:pid", "tracking_id", required=True)
    assert by_property["cmip6:realm"].many
    assert by_property["cmip7:variable_id"].fact == "variable_root_name"
    assert by_property["cmip7:variable_long_name"].facet is None
    assert all(field.facet is None or field.facet in cmip7.facets for field in cmip7.fields)
