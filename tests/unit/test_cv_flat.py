"""The flat layout: what is read of it, and what is a contradiction."""

from __future__ import annotations

from typing import Any

import pytest

from cv.errors import BadVocabulary
from tests.support.vocabularies import FLAT, META, imported, vocabulary_of


def test_every_file_of_terms_is_a_facet() -> None:
    found = vocabulary_of(FLAT)
    assert (found.project, found.version, found.label) == ("cmip6", "6.2.1.0", "cmip6 6.2.1.0")
    assert {name: sorted(facet.plain) for name, facet in found.facets.items()} == {
        "activity_id": ["CMIP", "DCPP"],
        "experiment_id": ["dcppA", "historical"],
        "license": ["CC BY 4.0"],
        "mip_era": ["CMIP6"],
        "table_id": ["Amon", "day"],
    }
    assert found.id_parts == ("mip_era", "activity_id", "table_id")
    assert found.source == "flat files"


def test_objects_say_facts() -> None:
    facet = vocabulary_of(FLAT).facets["experiment_id"].plain
    assert facet["dcppA"].facts == {"activity_id": ("DCPP",), "tier": ("1",)}
    assert facet["historical"].facts == {"activity_id": ("CMIP",), "description": ("the past",)}


def test_names_are_exact() -> None:
    found = vocabulary_of(FLAT)
    assert found.term("experiment_id", "dcppA") is not None
    assert found.term("experiment_id", "dcppa") is None
    assert found.nearest("experiment_id", "DCPPA") == ("dcppA",)
    with pytest.raises(KeyError):
        found.term("nothing", "x")


def test_the_label_is_what_was_asked_for() -> None:
    assert vocabulary_of(FLAT, version="mine").version == "mine"
    bare = {path: said for path, said in FLAT.items() if path == "CMIP6_table_id.json"}
    bare["CMIP6_table_id.json"] = {"table_id": ["Amon"]}
    found = vocabulary_of(bare)
    assert found.version == f"unversioned-{found.sha256[:8]}"
    with pytest.raises(BadVocabulary, match="cannot be a version"):
        imported(FLAT, version="../mine")


def wrong(**files: Any) -> str:
    """What is said of the vocabulary with these files instead of its own."""
    with pytest.raises(BadVocabulary) as caught:
        imported({**FLAT, **{f"CMIP6_{name}.json": said for name, said in files.items()}})
    return str(caught.value)


def test_a_truncated_file_is_named_with_its_line() -> None:
    said = wrong(table_id='{"table_id": [\n"Amon",\n"day"')
    assert said.startswith("CMIP6_table_id.json:3: cannot be read as JSON: EOF")


def test_a_term_twice_is_named_with_its_line() -> None:
    said = wrong(activity_id='{"activity_id": {\n"CMIP": "a",\n"DCPP": "b",\n"CMIP": "c"}}')
    assert said.startswith("CMIP6_activity_id.json:4: cannot be read as JSON: Detected duplicate key")
    said = wrong(table_id='{"table_id": [\n"Amon", "fx",\n"Amon"]}')
    assert said == "CMIP6_table_id.json:3: table_id holds Amon twice"


def test_a_term_with_two_names_is_named_with_its_line() -> None:
    said = wrong(
        experiment_id='{"experiment_id": {\n"a": {"experiment_id": "a"},\n"b": {\n"experiment_id": "c"}}}'
    )
    assert said == "CMIP6_experiment_id.json:4: experiment_id calls the term b also c"


def test_files_of_two_versions_are_refused() -> None:
    other = '{"table_id": ["Amon"], "version_metadata": {\n"CV_collection_version": "6.2.2.0"}}'
    assert wrong(table_id=other) == (
        "CMIP6_table_id.json:2: has the CV_collection_version 6.2.2.0, but the other files say 6.2.1.0"
    )


def test_files_of_two_projects_are_refused() -> None:
    with pytest.raises(BadVocabulary, match=r"CMIP5_x.json: belongs to CMIP5, but the other files say CMIP6"):
        imported({**FLAT, "CMIP5_x.json": {"x": ["a"]}})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"other": []}, "1: must have the member table_id beside version_metadata, but has: other"),
        ({"table_id": [], "more": 1}, "1: must have the member table_id"),
        ({"version_metadata": META}, "but has: none"),
        ([], "1: must hold a JSON object"),
        ({"table_id": "Amon"}, "2: table_id must be a list or an object"),
        ({"table_id": ["a", 1]}, "4: table_id must hold texts"),
        ({"table_id": [""]}, "3: table_id must hold texts"),
        ({"table_id": {"a": 1}}, "3: table_id says of a neither a text nor an object"),
        ({"table_id": {"": "x"}}, "a term without a name"),
        (
            {"table_id": ["a"], "version_metadata": {"CV_collection_version": 6}},
            "6: CV_collection_version must be",
        ),
        ('{"table_id": [NaN]}', "cannot be read as JSON"),
        ('{"table_id": ' + "[" * 5000 + "]" * 5000 + "}", "cannot be read as JSON"),
        (b"\xff{}", "cannot be read as JSON"),
    ],
)
def test_wrong_files_are_named(content: Any, said: str) -> None:
    told = wrong(table_id=content)
    assert told.startswith("CMIP6_table_id.json")
    assert said in told


@pytest.mark.parametrize(
    "content", [{}, {"a.json": {}}, {"x/y.json": {}}, {"mip_era.json": {"mip_era": ["a"]}}]
)
def test_what_is_no_vocabulary_is_refused(content: dict[str, Any]) -> None:
    with pytest.raises(BadVocabulary, match="is no vocabulary: there are neither files such as"):
        imported(content)


def test_a_vocabulary_without_terms_is_none() -> None:
    with pytest.raises(BadVocabulary, match="no facet with terms"):
        imported({"CMIP6_DRS.json": FLAT["CMIP6_DRS.json"]})
