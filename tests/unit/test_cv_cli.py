"""`stacfed cv`: what it prints, how it ends, and that what failed has left no trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from cv.shelf import Shelf
from federation.cli_cv import app
from federation.failed import Failed
from tests.support.vocabularies import FLAT, PROJECT, UNIVERSE, Content, folder_of, term, zip_of
from tests.unit.test_cv_shelf import tree

FAILURE = 2


@dataclass
class Told:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


class Command:
    """`stacfed cv` with one folder of vocabularies."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "vocabularies"
        self._sources = folder / "sources"
        self._sources.mkdir()
        self._count = 0

    def __call__(self, *arguments: str) -> Told:
        result = CliRunner().invoke(app, [*arguments, "--dir", str(self.folder)])
        if isinstance(result.exception, Failed):
            return Told(result.exception.code, result.stdout, str(result.exception))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Told(result.exit_code, result.stdout, result.stderr)

    def load(self, content: Content, *options: str, write: Callable[[Path, Content], Path] = zip_of) -> Told:
        """`import` of this source."""
        self._count += 1
        return self("import", str(write(self._sources / f"source{self._count}.zip", content)), *options)


@pytest.fixture
def cv(tmp_path: Path) -> Command:
    return Command(tmp_path)


def test_a_project_needs_its_universe_first(cv: Command) -> None:
    told = cv.load(PROJECT)
    assert told.code == FAILURE
    assert "none is known here; import it first: stacfed cv import" in told.err
    assert not cv.folder.exists()
    told = cv.load(UNIVERSE)
    assert told.code == 0
    assert told.out.startswith("universe 1.10 is known now (")
    assert told.err == "warning: activity/dcpp.json: says that its id is damip; the name of the file counts\n"
    told = cv.load(PROJECT)
    assert told.out.startswith("cmip9 2.10 is known now (")
    assert told.out.endswith("use it: stacfed cv use cmip9 2.10\n")


def test_import_makes_known_and_use_makes_current(cv: Command) -> None:
    cv.load(FLAT)
    assert [entry["current"] for entry in cv("list", "--json").json] == [False]
    [sha256] = [entry["sha256"] for entry in cv("list", "--json").json]
    told = cv("use", "cmip6", "6.2.1.0")
    assert told.out == f"cmip6 6.2.1.0 is in use ({sha256})\n"
    assert cv("list").out == f"* cmip6        6.2.1.0                {sha256[:12]}  flat files\n"


def test_the_same_again_is_known_already(cv: Command) -> None:
    cv.load(FLAT)
    before = tree(cv.folder)
    told = cv.load(FLAT, "--version", "other", write=folder_of)
    assert told.code == 0
    assert told.out.startswith("cmip6 6.2.1.0 is known already (")
    assert tree(cv.folder) == before


def test_the_same_label_for_something_else_is_refused(cv: Command) -> None:
    cv.load(FLAT)
    before = tree(cv.folder)
    newer = {**FLAT, "CMIP6_table_id.json": {"table_id": ["Amon", "fx"]}}
    told = cv.load(newer)
    assert told.code == FAILURE
    assert "cmip6 6.2.1.0 is known with another content" in told.err
    assert tree(cv.folder) == before
    assert cv.load(newer, "--version", "6.2.1.0-ours").code == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"a.txt": "x"}, "is no vocabulary"),
        ({"../CMIP6_a.json": {"a": ["b"]}}, "leads out of its folder"),
        (
            {**FLAT, "CMIP6_table_id.json": '{"table_id": [\n"A'},
            "CMIP6_table_id.json:2: cannot be read as JSON",
        ),
        (
            {**FLAT, "CMIP6_table_id.json": {"table_id": ["A", "A"]}},
            "CMIP6_table_id.json:4: table_id holds A twice",
        ),
        (
            {**PROJECT, "variable/x.json": term("variable", "x", regex=r"(a+)+\1")},
            "variable/x.json:5: the regular expression cannot be used",
        ),
    ],
)
def test_what_cannot_be_imported_leaves_no_trace(cv: Command, content: Content, said: str) -> None:
    cv.load(UNIVERSE)
    before = tree(cv.folder)
    told = cv.load(content)
    assert told.code == FAILURE
    assert "source2.zip: " in told.err
    assert said in told.err
    assert tree(cv.folder) == before


def test_a_path_that_is_not_there_is_said(cv: Command, tmp_path: Path) -> None:
    told = cv("import", str(tmp_path / "none"))
    assert (told.code, told.err) == (FAILURE, f"{tmp_path / 'none'}: there is no such folder or zip")
    told = cv("import", str(tmp_path / "none.json"))
    assert (told.code, told.err) == (FAILURE, f"{tmp_path / 'none.json'}: No such file or directory")


def test_a_file_of_another_shelf_is_imported_as_it_is(cv: Command, tmp_path: Path) -> None:
    cv.load(UNIVERSE)
    cv.load(PROJECT)
    [path] = (cv.folder / "cmip9").glob("*.json")
    (tmp_path / "other").mkdir()
    other = Command(tmp_path / "other")
    assert other("import", str(path)).out.startswith(f"cmip9 2.10 is known now ({path.stem};")
    assert (other.folder / "cmip9" / path.name).read_bytes() == path.read_bytes()
    path.write_bytes(path.read_bytes()[:-9])
    assert f"{path.name}: is damaged" in other("import", str(path)).err


def test_show_tells_facets_terms_and_one_term(cv: Command) -> None:
    cv.load(UNIVERSE)
    cv.load(PROJECT)
    assert cv("show", "cmip9", "--json").json["experiment"] == 2
    assert "experiment                   2" in cv("show", "cmip9").out
    assert cv("show", "cmip9", "variable").out == "sfcWind\ntas\n"
    assert cv("show", "cmip9", "member_id").out == "both  (composite)\n"
    assert cv("show", "cmip9", "activity", "dcpp", "--json").json == {
        "id": "dcpp", "name": "dcpp9", "kind": "plain",
    }  # fmt: skip
    lines = [line.split(maxsplit=1) for line in cv("show", "cmip9", "experiment", "dcppA").out.splitlines()]
    assert ["activity_id", "dcpp9"] in lines
    told = cv("show", "cmip9", "member_id", "s1960-r1i1", "--json").json
    assert told["split"] == {"sub_experiment": "s1960", "variant_label": "r1i1"}
    lines = [
        line.split(maxsplit=1) for line in cv("show", "cmip9", "member_id", "s1960-r1i1").out.splitlines()
    ]
    assert ["part", "sub_experiment (may be absent)"] in lines
    assert ["its", "sub_experiment                   s1960"] in [
        [line[0], line[1]] for line in lines if line[0] == "its"
    ]


def test_show_says_what_there_is(cv: Command) -> None:
    cv.load(UNIVERSE)
    cv.load(PROJECT)
    assert "there is no vocabulary of cmip8" in cv("show", "cmip8").err
    assert "no facet variables; it has activity, experiment" in cv("show", "cmip9", "variables").err
    assert cv("show", "cmip9", "variable", "sfcwin").err.endswith("has no term sfcwin; nearest: sfcWind")
    assert "universe 1.10 is no project" in cv("show", "universe").err
    cv.load({**PROJECT, "variable/tas.json": term("variable", "tas", units="K")}, "--version", "3")
    assert "no version of cmip9 is in use; name one with --version: " in cv("show", "cmip9").err
    assert cv("show", "cmip9", "--version", "3").code == 0
    assert cv("show", "cmip9", "--version", "4").err.startswith("there is no version 4 of cmip9; there is ")


def test_diff_tells_what_changed(cv: Command) -> None:
    cv.load(UNIVERSE)
    cv.load(PROJECT)
    cv.load({**PROJECT, "activity/dcpp.json": term("activity", "dcpp")}, "--version", "3")
    told = cv("diff", "cmip9@2.10", "3")
    assert told.out.splitlines() == [
        "renamed activity dcpp9 -> DCPP",
        "changed experiment dcppA (activity_id)",
    ]
    assert cv("diff", "cmip9@2.10", "cmip9@3", "--json").json == [
        {"facet": "activity", "kind": "renamed", "term": "dcpp9", "new": "DCPP"},
        {"facet": "experiment", "kind": "changed", "term": "dcppA", "what": ["activity_id"]},
    ]
    assert cv("diff", "cmip9@3", "3").out == "nothing differs\n"
    assert cv("diff", "cmip9", "3").err == "cmip9: write PROJECT@VERSION"
    assert "there is no version 4" in cv("diff", "cmip9@4", "3").err


def test_a_damaged_file_is_listed_as_such(cv: Command) -> None:
    cv.load(FLAT)
    [entry] = Shelf(cv.folder).known()
    (cv.folder / "cmip6" / f"{entry.sha256}.json").write_text("x")
    told = cv("list")
    assert told.code == 1
    assert "does not begin as a pinned vocabulary does" in told.err


def test_the_folder_is_that_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_DATA_DIR", str(tmp_path / "data"))
    result = CliRunner().invoke(app, ["import", str(folder_of(tmp_path / "source", FLAT))])
    assert result.exit_code == 0
    assert [entry.version for entry in Shelf(tmp_path / "data" / "vocabularies").known()] == ["6.2.1.0"]
