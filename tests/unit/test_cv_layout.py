"""The newer layout: references into the universe become terms that are complete; what is wrong is named."""

from __future__ import annotations

from typing import Any

import pytest

from cv.errors import BadVocabulary
from cv.importing import import_files
from cv.universe import Universe
from cv.vocabulary import Field, Kind, Part
from tests.support.vocabularies import PROJECT, UNIVERSE, context, files_of, imported, term, vocabulary_of


def test_references_become_what_is_published() -> None:
    found = vocabulary_of(PROJECT)
    assert (found.project, found.version) == ("cmip9", "2.10")
    assert {name: [each.name for each in facet.terms] for name, facet in found.facets.items()} == {
        "activity": ["CMIP", "dcpp9"],
        "experiment": ["dcppA", "historical"],
        "member_id": ["both"],
        "realisation": ["\\d+"],
        "sub_experiment": ["s1960"],  # only the composite term needs it
        "variable": ["sfcWind", "tas"],
        "variant_label": ["^r\\d+i\\d+$"],
        "version": ["^\\d{8}$", "^v\\d{8}$"],
        "version.date": ["^\\d{8}$"],
    }
    assert found.source.startswith("one file a term, universe 1.10 (")


def test_facts_hold_published_names() -> None:
    terms = {each.id: each for each in vocabulary_of(PROJECT).facets["experiment"].terms}
    assert terms["dcppA"].facts == {
        "activity_id": ("dcpp9",),  # the project's own name
        "main": ("true",),
        "needs": ("AOGCM",),  # by the context of the universe
        "parent_experiment_id": ("historical", "no parent"),
        "tier": ("2",),  # the project overrides the universe
        "weight": ("1.5",),
    }
    activity = vocabulary_of(PROJECT).facets["activity"].plain["CMIP"]
    assert activity.facts == {"description": ("common",), "experiments": ("historical",)}


def test_fields_and_parts_of_the_id() -> None:
    found = vocabulary_of(PROJECT)
    assert found.fields == (
        Field("cmip9:activity_id", "activity", None, many=True, required=True),
        Field("cmip9:variable_units", "variable", "units"),
        Field("cmip9:note", None),
        Field("cmip9:version", "version.date", None, required=True),
    )
    assert found.id_parts == ("activity", "experiment", "member_id")
    assert found.term("version.date", "20200101") is not None
    assert found.term("version.date", "v20200101") is None


def test_a_composite_term_takes_values_apart() -> None:
    found = vocabulary_of(PROJECT)
    [both] = found.facets["member_id"].terms
    assert both.kind is Kind.COMPOSITE
    assert both.parts == (Part("sub_experiment", False), Part("variant_label", True, ("^r\\d+i\\d+$",)))
    assert found.split(both, "s1960-r1i1") == {"sub_experiment": "s1960", "variant_label": "r1i1"}
    assert found.split(both, "r1i1") == {"variant_label": "r1i1"}
    for value in ("s1960", "s1960-", "-r1i1", "s1961-r1i1", "s1960-BE", "r1i1-s1960", "", "s1960-r1i1-r1i1"):
        assert found.split(both, value) is None
        assert found.term("member_id", value) is None


def test_oddities_of_published_vocabularies_are_warnings() -> None:
    odd = {
        **UNIVERSE,
        "variable/tas2.json": term("variable", "tas2", drs_name="tas"),
        "variable/none.json": term("variable", "none", drs_name=""),
        "variable/other.json": term("thing", "other", drs_name="other"),
    }
    assert imported(odd).warnings == (
        "activity/dcpp.json: says that its id is damip; the name of the file counts",
        "variable/none.json: has an empty drs_name; its id counts",
        "variable/other.json: says that its type is thing; the folder counts",
        "variable/tas2.json: has the drs_name tas of variable/tas.json",
    )
    mixed = {
        **PROJECT,
        "variable/sfcwind.json": term("variable", "sfcwind"),
        "variable/taz.json": term("variable", "taz"),
        "docs/a.json": {},
    }
    assert imported(mixed).warnings == (
        "docs: has no 000_context.jsonld and is not read",
        "variable: not in the universe, so that the id is taken for what is published (1): taz (nearest: tas)",
        "variable: there twice, in different case, and counted once (1): sfcWind and sfcwind",
    )
    assert sorted(vocabulary_of(mixed).facets["variable"].plain) == ["sfcWind", "tas", "taz"]


def test_facts_that_name_terms_outside_the_project_are_a_warning() -> None:
    small = {path: said for path, said in PROJECT.items() if path != "activity/dcpp.json"}
    found = imported(small)
    assert found.warnings == (
        "experiment: their activity_id names terms that the project does not have (1): dcppA (dcpp)",
    )
    assert vocabulary_of(small).facets["experiment"].plain["dcppA"].facts["activity_id"] == ("DCPP",)


def test_another_universe_than_it_was_made_with_is_a_warning() -> None:
    newer = {**UNIVERSE, "esgvoc_manifest.yaml": UNIVERSE["esgvoc_manifest.yaml"].replace("1.10", "1.11")}
    assert imported(PROJECT, newer).warnings == ("was made with the universe 1.10; 1.11 is used",)
    assert imported(PROJECT).warnings == ()


def test_a_universe_is_recognised_without_a_manifest() -> None:
    bare = {path: said for path, said in UNIVERSE.items() if "manifest" not in path}
    for folder in ("organisation", "known_branded_variable"):
        bare[f"{folder}/000_context.jsonld"] = context(folder)
        bare[f"{folder}/a.json"] = term(folder, "a", drs_name="a")
    found = imported(bare).found
    assert isinstance(found, Universe)
    assert found.version == f"unversioned-{found.sha256[:8]}"


def test_a_version_is_text_whatever_it_looks_like() -> None:
    assert vocabulary_of(PROJECT).version == "2.10"  # and not 2.1


def wrong(path: str, content: Any, universe: bool = False) -> str:
    """What is said of the project, or the universe, with this file."""
    source = UNIVERSE if universe else PROJECT
    with pytest.raises(BadVocabulary) as caught:
        imported({**source, path: content})
    return str(caught.value)


@pytest.mark.parametrize("universe", [True, False])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"id": "x",\n"type": "variable"', "variable/x.json:2: cannot be read as JSON: EOF"),
        ('{"id": "x",\n"type": "v",\n"id": "y"}', "variable/x.json:3: cannot be read as JSON: Detected dup"),
        ("[]", "variable/x.json:1: must hold a JSON object"),
        ("", "variable/x.json:1: cannot be read"),
        ({"type": "variable"}, "variable/x.json:1: `id` is missing"),
        ({"id": "x"}, "variable/x.json:1: `type` is missing"),
        ({"id": 1, "type": "v"}, "variable/x.json:2: `id` must be text"),
        ({"id": "x", "type": None}, "variable/x.json:3: `type` must be text"),
        ({"id": "x", "type": "v", "drs_name": ["a"]}, "variable/x.json:4: `drs_name` must be text"),
        ({"id": "x", "type": "v", "drs_name": "a "}, "variable/x.json:4: `drs_name` must not begin or end"),
        ({"id": "x", "type": "v", "regex": r"(a)\1"}, "variable/x.json:4: the regular expression cannot"),
        ({"id": "x", "type": "v", "regex": "(?=a)"}, "variable/x.json:4: the regular expression cannot"),
        ({"id": "x", "type": "v", "regex": "a{9999}"}, "variable/x.json:4: the regular expression cannot"),
        ({"id": "x", "type": "v", "regex": "a" * 5000}, "variable/x.json:4: the regular expression is over"),
    ],
)
def test_wrong_term_files_are_named(universe: bool, content: Any, said: str) -> None:
    assert wrong("variable/x.json", content, universe).startswith(said)


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        ("variable/x.json", term("variable", "tas"), "x.json:3: the term tas is also in variable/tas.json"),
        ("variable/x.json", term("variable", "TAS", units="K"), "x.json:3: the term TAS is also in variable/tas"),
        ("variable/x.json", term("variable", "x", drs_name="tas"), "x.json:3: tas is also published by variable/tas"),
        ("variable/000_context.jsonld", {"@context": []}, "must have an object @context"),
        (
            "drs_specs.yaml",
            "dataset_id:\n  parts:\n    - source_collection: activities",
            "there is no facet activities; nearest: activity",
        ),
        ("drs_specs.yaml", "dataset_id:\n  parts: x", "dataset_id.parts must be a list"),
        ("drs_specs.yaml", "dataset_id:\n  parts:\n    - x", "must be a list of mappings"),
        ("drs_specs.yaml", "dataset_id:\n  parts:\n    - source_collection: null", "has no source_collection"),
        ("catalog_specs.yaml", "a: 1\nb: [", "catalog_specs.yaml:2: cannot be read as YAML"),
        ("catalog_specs.yaml", "a: 1\nb: 2\na: 3", ":3: cannot be read as YAML: the key a is there twice"),
        ("catalog_specs.yaml", "a: &x [1]\nb: *x", "catalog_specs.yaml:2: cannot be read as YAML: an alias"),
        ("catalog_specs.yaml", "[" * 30 + "]" * 30, "catalog_specs.yaml:1: cannot be read as YAML: is nested"),
        ("catalog_specs.yaml", "? [a]\n: b", "catalog_specs.yaml:1: cannot be read as YAML: a key must be text"),
        ("catalog_specs.yaml", "- a", "catalog_specs.yaml:1: must hold a mapping"),
        ("catalog_specs.yaml", "#" * 300_000, "catalog_specs.yaml: is over"),
        ("catalog_specs.yaml", b"a: \xff", "catalog_specs.yaml: cannot be read as YAML"),
        ("catalog_specs.yaml", "dataset_properties:\n  - is_required: true", "neither catalog_field_name nor"),
        (
            "catalog_specs.yaml",
            "dataset_properties:\n  - source_collection: version\n    source_collection_term: nothing",
            "version has no term nothing",
        ),
        (
            "catalog_specs.yaml",
            "dataset_properties: [{source_collection: version}, {source_collection: version, is_required: true}]",
            "cmip9:version is described twice",
        ),
        ("project_specs.yaml", "project_id: cmip8", "the project is cmip9 in esgvoc_manifest.yaml, but here cmip8"),
    ],
)  # fmt: skip
def test_contradictions_of_a_project_are_named(path: str, content: Any, said: str) -> None:
    told = wrong(path, content)
    assert told.startswith(path)
    assert said in told


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"parts": "x"}, "`parts` must be a list of 1 to 16 parts"),
        ({"parts": [{"type": "variable"}] * 17}, "`parts` must be a list of 1 to 16 parts"),
        ({"parts": ["x"]}, "a part must be an object with a `type`"),
        ({"parts": [{"type": "nothing"}]}, "neither the project nor the universe has terms of nothing"),
        ({"parts": [{"type": "variable", "is_required": "yes"}]}, "`is_required` must be true or false"),
        ({"parts": [{"type": "variable", "id": 1}]}, "must be text or a list of texts"),
        ({"parts": [{"type": "variable", "id": "pr"}]}, "variable has none of the terms pr"),
        (
            {"parts": [{"type": "member_id"}]},
            "composite terms are parts of themselves: member_id in member_id",
        ),
    ],
)
def test_wrong_composite_terms_are_named(members: dict[str, Any], said: str) -> None:
    told = wrong("member_id/any.json", term("member_id", "both", **members))
    assert told.startswith("member_id")
    assert said in told


def test_a_part_may_be_narrowed_to_terms_that_are_partly_unknown() -> None:
    part = {"type": "variable", "id": ["tas", "pr"]}
    found = imported({**PROJECT, "member_id/any.json": term("member_id", "both", parts=[part])})
    assert found.warnings == ("member_id/any.json: variable lacks pr",)


def test_two_files_that_differ_in_case_alone_are_no_universe() -> None:
    told = wrong("variable/TAS.json", term("variable", "TAS"), universe=True)
    assert told == "variable/tas.json: differs from variable/TAS.json in case alone"


@pytest.mark.parametrize("name", ["../up", "A", ".x", "a/b", "a\\b", "x" * 64])
def test_a_project_is_called_what_a_folder_may_be(name: str) -> None:
    bare = {path: said for path, said in PROJECT.items() if "manifest" not in path}
    with pytest.raises(BadVocabulary, match=r"project_specs.yaml: .* cannot be the id of a project"):
        imported({**bare, "project_specs.yaml": f"project_id: '{name}'"})


def test_a_project_without_a_name_is_refused() -> None:
    bare = {
        path: said
        for path, said in PROJECT.items()
        if not path.endswith(("manifest.yaml", "project_specs.yaml"))
    }
    with pytest.raises(BadVocabulary, match="says what the project is called"):
        imported(bare)


def test_a_universe_is_asked_for_with_the_version_that_the_project_was_made_with() -> None:
    asked: list[str | None] = []

    def find(made_with: str | None) -> Universe:
        asked.append(made_with)
        raise BadVocabulary("none is known")

    with pytest.raises(BadVocabulary, match="none is known"):
        import_files(files_of(PROJECT), None, find)
    assert asked == ["1.10"]
