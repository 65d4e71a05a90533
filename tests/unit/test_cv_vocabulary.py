"""Vocabularies as values: patterns that cannot run away, splitting, the nearest names, differences, the pinned form."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from cv.diff import changes
from cv.errors import BadVocabulary
from cv.importing import import_files
from cv.nearest import Choices
from cv.patterns import Patterns, compiled
from cv.pinned import from_bytes, sha256_of, to_bytes
from cv.source import read_source
from cv.split import LOOKS_MAX, split
from cv.vocabulary import Facet, Kind, Part, Term, Vocabulary
from tests.support.vocabularies import FLAT, PROJECT, UNIVERSE, folder_of, universe_of, vocabulary_of, zip_of


def pattern(text: str) -> Patterns:
    return Patterns([Term("a", text, Kind.PATTERN)])


@pytest.mark.parametrize("text", ["(a+)+$", "(a|aa)*", "(a*)*b", "([a-z]+)*[0-9]"])
def test_no_pattern_runs_away(text: str) -> None:
    start = time.process_time()
    for count in (30, 499):
        pattern(text).first("a" * count + "!")
    assert time.process_time() - start < 1  # a backtracking engine needs years


def test_a_pattern_with_very_many_states_is_answered() -> None:
    many = pattern("[ab]*a[ab]{400}")
    assert many.first("ab" * 4000 + "a" + "b" * 400) is not None
    assert many.first("b" * 9000) is None


def test_a_pattern_matches_the_whole_value() -> None:
    date = pattern(r"\d{4}")
    assert date.first("2020") is not None
    for value in ("20201", "x2020", "2020\n", "", "\ud800", "٢٠٢٠"):
        assert date.first(value) is None


def test_half_a_surrogate_pair_in_a_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be used"):
        compiled("\ud800")


def test_a_long_value_fits_no_pattern_and_no_composite_term() -> None:
    digits = Term("d", r"\d+", Kind.PATTERN)
    found = Vocabulary("p", "1", "", {"d": Facet("d", (digits,))})
    assert found.term("d", "1" * 500) is digits
    assert found.term("d", "1" * 501) is None


def joined(separator: str, *parts: Part) -> Term:
    return Term("c", "c", Kind.COMPOSITE, separator=separator, parts=parts)


LETTERS = Facet("letters", (Term("a", "a"), Term("a-b", "a-b"), Term("b", "b")))
WORDS = Facet("words", (Term("w", "[a-z-]*", Kind.PATTERN),))
FACETS = {"letters": LETTERS, "words": WORDS}


def test_a_part_may_hold_the_separator() -> None:
    term = joined("-", Part("letters"), Part("words"))
    assert split(FACETS, term, "a-b-c") == {"letters": "a", "words": "b-c"}
    narrowed = joined("-", Part("letters", names=("a-b",)), Part("words"))
    assert split(FACETS, narrowed, "a-b-c") == {"letters": "a-b", "words": "c"}


def test_parts_may_be_joined_without_a_separator() -> None:
    assert split(FACETS, joined("", Part("letters"), Part("words")), "acd") == {"letters": "a", "words": "cd"}


def test_a_part_may_be_composite_and_not_deeper_than_the_limit() -> None:
    pair = joined("-", Part("letters"), Part("words"))
    facets = {**FACETS, "level0": Facet("level0", (pair,))}
    for level in range(5):
        inner = joined("_", Part(f"level{level}"))
        facets[f"level{level + 1}"] = Facet(f"level{level + 1}", (inner,))
    assert split(facets, facets["level2"].terms[0], "a-c") == {"level1": "a-c"}
    assert split(facets, facets["level5"].terms[0], "a-c") is None


def test_splitting_does_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    first = Patterns.first

    def counted(self: Patterns, value: str, names: tuple[str, ...] = ()) -> Term | None:
        nonlocal asked
        asked += 1
        return first(self, value, names)

    monkeypatch.setattr(Patterns, "first", counted)
    term = joined("-", *[Part("words", required=False)] * 15, Part("letters", names=("b",)))
    start = time.process_time()
    assert split(FACETS, term, "-".join("x" * 60)) is None
    assert 0 < asked <= LOOKS_MAX
    assert time.process_time() - start < 1
    assert split(FACETS, term, "-".join("x" * 65)) is None
    assert split(FACETS, term, "x" * 501) is None


def test_the_nearest_names_come_best_first() -> None:
    choices = Choices(["historical", "hist-aer", "piControl", "ssp585", "Historical-cmip5"])
    assert choices.nearest("HISTORICAL")[0] == "historical"
    assert choices.nearest("historcal")[:1] == ("historical",)
    assert choices.nearest("zzzz") == ()
    assert len(choices.nearest("hist")) <= 3
    assert choices.nearest("h" * 100_000) == ()


def test_differences_are_told_by_term() -> None:
    old = vocabulary_of(PROJECT)
    facets = dict(old.facets)
    terms = {term.id: term for term in facets["variable"].terms}
    facets["variable"] = Facet("variable", (replace(terms["tas"], name="tasNew"), Term("pr", "pr")))
    facets["activity"] = Facet(
        "activity",
        tuple(replace(term, facts={"description": ("other",)}) for term in old.facets["activity"].terms),
    )
    facets["extra"] = Facet("extra", ())
    del facets["realisation"]
    new = replace(old, facets=facets, fields=())
    assert [str(change) for change in changes(old, new)] == [
        "changed activity CMIP (description, experiments)",
        "changed activity dcpp9 (description)",
        "added extra",
        "removed realisation",
        "added variable pr",
        "removed variable sfcWind",
        "renamed variable tas -> tasNew",
        "changed (fields)",
    ]
    assert changes(old, old) == []
    assert changes(old, new)[6].to_json() == {
        "facet": "variable",
        "kind": "renamed",
        "term": "tas",
        "new": "tasNew",
    }


def test_ids_differ_in_case_between_layouts() -> None:
    one = Vocabulary("p", "1", "", {"f": Facet("f", (Term("sfcWind", "sfcWind"),))})
    two = Vocabulary("p", "2", "", {"f": Facet("f", (Term("sfcwind", "sfcWind"),))})
    assert changes(one, two) == []
    both = Vocabulary("p", "3", "", {"f": Facet("f", (Term("sfcwind", "sfcWind"), Term("sfcWind", "x")))})
    assert [str(change) for change in changes(one, both)] == ["renamed f sfcWind -> x", "added f sfcWind"]


@pytest.mark.parametrize("content", [FLAT, PROJECT])
def test_the_same_source_has_the_same_digest(content: dict[str, object], tmp_path: Path) -> None:
    folder, packed = folder_of(tmp_path / "folder", content), zip_of(tmp_path / "a.zip", content, "top")
    found = [
        import_files(read_source(path), None, lambda _: universe_of()).found for path in (folder, packed)
    ]
    assert to_bytes(found[0]) == to_bytes(found[1])
    assert found[0].sha256 == found[1].sha256


def test_the_digest_is_of_the_content_alone() -> None:
    found = vocabulary_of(FLAT)
    assert vocabulary_of(FLAT, version="other").sha256 == found.sha256
    newer = {**FLAT, "CMIP6_table_id.json": {"table_id": ["Amon"]}}
    assert vocabulary_of(newer).sha256 != found.sha256
    odd = replace(found, version="a", source='"content":x,"content":')
    assert from_bytes(to_bytes(odd), "x") == odd


@pytest.mark.parametrize("content", [FLAT, PROJECT])
def test_what_was_pinned_is_read_as_it_was(content: dict[str, object]) -> None:
    found = vocabulary_of(content)
    assert from_bytes(to_bytes(found), "x") == found
    universe = universe_of(UNIVERSE)
    assert from_bytes(to_bytes(universe), "x") == universe


def pinned(**members: object) -> bytes:
    """A document whose digest is right, whatever is in it."""
    content = {"project": "cmip6", "facets": {}, "fields": [], "id_parts": [], **members}
    head = {"format": 1, "project": "cmip6", "version": "1", "sha256": sha256_of(content), "source": ""}
    body = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return orjson.dumps(head)[:-1] + b',"content":' + body + b"}\n"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "does not begin as"),
        (b'{"format":1}', "does not begin as"),
        (b'[,"content":', "does not begin as"),
        (b'{"format":2,"content":{}}', "has the format 2, and this software knows 1"),
        (b'{"format":1,"content":{}}', "its labels are missing"),
        (to_bytes(vocabulary_of(FLAT))[:-40], "its content does not have the SHA-256"),
        (to_bytes(vocabulary_of(FLAT)).replace(b"Amon", b"Bmon"), "its content does not have the SHA-256"),
        (pinned(project="cmip7"), "is not what this software writes"),
        (pinned(facets=[]), "is not what this software writes"),
        (pinned(facets={"a": [{"name": "no id"}]}), "is not what this software writes"),
        (
            pinned(facets={"a": [{"id": "a", "kind": "pattern", "name": "("}]}),
            "is not what this software writes",
        ),
        (pinned(facets={"a": [{"id": "a", "kind": "other"}]}), "is not what this software writes"),
        (
            pinned(facets={"a": [{"id": "a", "parts": [{"facet": "b", "required": True, "names": []}]}]}),
            "is not what this software writes",
        ),
        (pinned(fields=[{"x": 1}]), "is not what this software writes"),
    ],
)
def test_damaged_documents_are_named(data: bytes, said: str) -> None:
    with pytest.raises(BadVocabulary, match=said) as caught:
        from_bytes(data, "some/file.json")
    assert str(caught.value).startswith("some/file.json: ")
