"""The shelf: versions side by side, one of them current, files that never change, and faults that leave no trace."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cv.errors import BadVocabulary
from cv.shelf import Entry, Shelf
from tests.support.vocabularies import FLAT, PROJECT, UNIVERSE, imported, vocabulary_of

OLD = vocabulary_of(FLAT)
NEW = vocabulary_of({**FLAT, "CMIP6_table_id.json": {"table_id": ["Amon"]}}, version="6.2.2.0")
WIDE = imported(UNIVERSE).found


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder."""
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    found = Shelf(tmp_path / "not" / "there")
    for each in (OLD, NEW, WIDE):
        found.put(each)
    return found


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "none")
    assert (shelf.known(), shelf.damaged(), shelf.fingerprint()) == ([], [], ())
    assert shelf.load("cmip6", OLD.sha256) is None
    assert shelf.current("cmip6") is None
    with pytest.raises(BadVocabulary, match="there is no vocabulary of cmip6; import one"):
        shelf.find("cmip6", "1")
    assert not (tmp_path / "none").exists()


def test_versions_live_side_by_side(shelf: Shelf) -> None:
    assert {(entry.label, entry.current) for entry in shelf.known()} == {
        ("cmip6 6.2.1.0", False),
        ("cmip6 6.2.2.0", False),
        ("universe 1.10", False),
    }
    assert shelf.load("cmip6", OLD.sha256) == OLD
    assert shelf.load("cmip6", NEW.sha256) == NEW
    assert shelf.load("universe", WIDE.sha256) is None  # no vocabulary of a project
    assert shelf.load("cmip7", OLD.sha256) is None


def test_nothing_is_current_before_it_is_said(shelf: Shelf) -> None:
    assert shelf.current("cmip6") is None
    assert shelf.use("cmip6", "6.2.2.0") == Entry("cmip6", "6.2.2.0", NEW.sha256, False, "flat files")
    assert shelf.current("cmip6") == NEW
    shelf.use("cmip6", OLD.sha256[:8])
    assert shelf.current("cmip6") == OLD
    assert [entry.version for entry in shelf.known() if entry.current] == ["6.2.1.0"]


@pytest.mark.parametrize("name", ["6.2", "", OLD.sha256[:5], "../x"])
def test_a_version_that_is_not_there_is_said(shelf: Shelf, name: str) -> None:
    before = tree(shelf.folder)
    with pytest.raises(BadVocabulary, match=r"there is no version .* of cmip6; there is 6\.2"):
        shelf.use("cmip6", name)
    assert tree(shelf.folder) == before


def test_the_beginning_of_two_digests_is_not_enough(shelf: Shelf) -> None:
    for ending in ("0", "1"):
        source = shelf.folder / "cmip6" / f"{OLD.sha256}.json"
        copy = f"{'ab' * 31}0{ending}"
        text = source.read_bytes().replace(OLD.sha256.encode(), copy.encode())
        (shelf.folder / "cmip6" / f"{copy}.json").write_bytes(text)
    with pytest.raises(BadVocabulary, match="2 versions of cmip6 begin with abab"):
        shelf.find("cmip6", "ababab")


def test_the_same_again_changes_nothing(shelf: Shelf) -> None:
    before = tree(shelf.folder)
    assert shelf.put(replace(OLD, version="other")).version == "6.2.1.0"
    assert tree(shelf.folder) == before


def test_a_label_belongs_to_one_content(shelf: Shelf) -> None:
    before = tree(shelf.folder)
    with pytest.raises(BadVocabulary, match=r"cmip6 6.2.1.0 is known with another content .* with --version"):
        shelf.put(replace(vocabulary_of({**FLAT, "CMIP6_x.json": {"x": ["a"]}}), version="6.2.1.0"))
    assert tree(shelf.folder) == before


def test_the_universe_is_chosen(shelf: Shelf) -> None:
    newer = imported(
        {**UNIVERSE, "variable/pr.json": {"id": "pr", "type": "variable", "drs_name": "pr"}}, version="2"
    )
    assert shelf.universe(None, "1.9").version == "1.10"  # the only one
    shelf.put(newer.found)
    assert shelf.universe(None, "1.10").version == "1.10"  # that it was made with
    assert shelf.universe("2", "1.10").version == "2"  # the one that is asked for
    with pytest.raises(
        BadVocabulary, match=r"several universes are known \(.*\); choose one with --universe"
    ):
        shelf.universe(None, "1.9")
    shelf.use("universe", "2")
    assert shelf.universe(None, "1.9").version == "2"  # the current one
    with pytest.raises(BadVocabulary, match="there is no version 3 of universe"):
        shelf.universe("3", None)


def test_without_a_universe_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadVocabulary, match="import it first: stacfed cv import"):
        Shelf(tmp_path).universe(None, "1.10")


def test_the_fingerprint_tells_every_change(shelf: Shelf) -> None:
    seen = {shelf.fingerprint()}
    shelf.put(vocabulary_of(PROJECT))
    seen.add(shelf.fingerprint())
    shelf.use("cmip6", "6.2.1.0")
    seen.add(shelf.fingerprint())
    shelf.use("cmip6", "6.2.2.0")
    seen.add(shelf.fingerprint())
    (shelf.folder / "cmip6" / f"{OLD.sha256}.json").unlink()
    seen.add(shelf.fingerprint())
    assert len(seen) == 5
    (shelf.folder / "cmip6" / ".new-x").write_text("half")
    (shelf.folder / "notes.txt").write_text("x")
    assert shelf.fingerprint() in seen


def test_a_damaged_file_is_named_and_hurts_no_other(shelf: Shelf) -> None:
    path = shelf.folder / "cmip6" / f"{OLD.sha256}.json"
    path.write_bytes(path.read_bytes().replace(b"Amon", b"Bmon"))
    with pytest.raises(BadVocabulary, match=f"{OLD.sha256}.json: is damaged"):
        shelf.load("cmip6", OLD.sha256)
    with pytest.raises(BadVocabulary, match=f"{OLD.sha256}.json: is damaged"):
        shelf.use("cmip6", "6.2.1.0")
    assert shelf.load("cmip6", NEW.sha256) == NEW
    path.write_bytes(b"x")
    assert [str(error).partition(": ")[0] for error in shelf.damaged()] == [str(path)]
    assert [entry.version for entry in shelf.known()] == ["6.2.2.0", "1.10"]


def test_a_file_under_another_name_is_damaged(shelf: Shelf) -> None:
    folder = shelf.folder / "cmip6"
    (folder / f"{NEW.sha256}.json").write_bytes((folder / f"{OLD.sha256}.json").read_bytes())
    with pytest.raises(BadVocabulary, match="is not what its name says"):
        shelf.load("cmip6", NEW.sha256)
    assert [entry.version for entry in shelf.known() if entry.project == "cmip6"] == ["6.2.1.0"]


def test_a_current_one_that_is_gone_is_named(shelf: Shelf) -> None:
    shelf.use("cmip6", "6.2.1.0")
    (shelf.folder / "cmip6" / f"{OLD.sha256}.json").unlink()
    with pytest.raises(BadVocabulary, match=f"current: names {OLD.sha256}, which is not there"):
        shelf.current("cmip6")


@pytest.mark.parametrize(
    ("project", "sha256"),
    [
        ("..", OLD.sha256),
        ("cmip6/../cmip6", OLD.sha256),
        ("cmip6", "../universe/x"),
        ("cmip6", "current"),
        ("", ""),
    ],
)
def test_what_events_say_never_becomes_a_path(shelf: Shelf, project: str, sha256: str) -> None:
    assert shelf.load(project, sha256) is None


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
def test_a_full_disk_leaves_no_trace(call: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    before, other = tree(shelf.folder), vocabulary_of(PROJECT)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        shelf.put(other)
    with pytest.raises(OSError, match="No space left"):
        shelf.use("cmip6", "6.2.1.0")
    assert tree(shelf.folder) == before


def test_files_can_be_read_by_the_user_of_the_node(shelf: Shelf) -> None:
    path = shelf.folder / "cmip6" / f"{OLD.sha256}.json"
    assert os.stat(path).st_mode & 0o444 == 0o444
