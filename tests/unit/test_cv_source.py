"""Reading a source: a folder and a zip hold the same, and nothing that leads elsewhere is touched."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cv import source
from cv.errors import BadVocabulary
from cv.source import read_source
from tests.support.vocabularies import FLAT, PROJECT, UNIVERSE, Content, files_of, folder_of, zip_of


@pytest.mark.parametrize("content", [FLAT, PROJECT, UNIVERSE])
@pytest.mark.parametrize("top", ["", "top"])
def test_a_folder_and_a_zip_hold_the_same(content: Content, top: str, tmp_path: Path) -> None:
    folder_of(tmp_path / "folder" / top, content)
    packed = zip_of(tmp_path / "some.zip", content, top)
    assert read_source(tmp_path / "folder") == read_source(packed) == files_of(content)


def test_what_is_hidden_is_not_read(tmp_path: Path) -> None:
    hidden = {".git/config.json": "{", ".github/x.yaml": "a", "__MACOSX/a.json": "{", ".DS_Store.json": "{"}
    folder = folder_of(tmp_path / "folder", {**FLAT, **hidden})
    packed = zip_of(tmp_path / "some.zip", {**FLAT, **hidden})
    assert read_source(folder) == read_source(packed) == files_of(FLAT)


NAMES = {
    "../up.json": "leads out",
    "a/../../up.json": "leads out",
    "a/..": "leads out",
    "/etc/passwd.json": "absolute",
    "C:/x.json": "absolute",
    "c:x.json": "absolute",
    "a\\b.json": "backslash",
    "..\\up.json": "backslash",
    "a/b\nc.json": "control character",
    "a//b.json": "no plain path",
    "./a.json": "no plain path",
    "": "no plain path",
    "/".join("abcdefghijklmnopqrstu") + ".json": "too deep",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("CMIP6_a.json", b"{}")
        archive.writestr(zipfile.ZipInfo(name), b"{}")
    with pytest.raises(BadVocabulary, match=NAMES[name]):
        read_source(path)
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_zero_byte_hides_no_name(tmp_path: Path) -> None:
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("axjson..", b"{}")
    path.write_bytes(path.read_bytes().replace(b"axjson..", b"a\0json.."))
    with pytest.raises(BadVocabulary, match="control character"):
        read_source(path)


def _link(archive: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("CMIP6_a.json")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive.writestr(entry, b"/etc/passwd")


def _twice(archive: zipfile.ZipFile) -> None:
    for _ in range(2):
        archive.writestr("CMIP6_a.json", b"{}")


def _bomb(archive: zipfile.ZipFile) -> None:
    archive.writestr("CMIP6_a.json", b" " * (8 << 20), zipfile.ZIP_DEFLATED)


def _large(archive: zipfile.ZipFile) -> None:
    archive.writestr("CMIP6_a.json", os.urandom(source.FILE_BYTES_MAX + 1))


def _encrypted(archive: zipfile.ZipFile) -> None:
    archive.writestr("CMIP6_a.json", b"{}")
    archive.filelist[0].flag_bits |= 1


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (_link, "symbolic link"),
        (_twice, "CMIP6_a.json: is in the zip twice"),
        (_bomb, "CMIP6_a.json: unpacks to more than 200 times"),
        (_large, "CMIP6_a.json: is over 16777216 bytes"),
        (_encrypted, "CMIP6_a.json: is encrypted"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_entries_are_refused(
    write: Callable[[zipfile.ZipFile], None], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "some.zip"
    with zipfile.ZipFile(path, "w") as archive:
        write(archive)
    with pytest.raises(BadVocabulary, match=said):
        read_source(path)


@pytest.mark.parametrize("limit", ["FILES_MAX", "TOTAL_BYTES_MAX"])
def test_limits_hold_for_both(limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, packed = folder_of(tmp_path / "folder", FLAT), zip_of(tmp_path / "some.zip", FLAT)
    monkeypatch.setattr(source, limit, 3)
    for path in (folder, packed):
        with pytest.raises(BadVocabulary, match=r"more than 3 files|over 3 bytes"):
            read_source(path)


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    whole = zip_of(tmp_path / "whole.zip", FLAT).read_bytes()
    for name, data in (("none", b"no zip"), ("empty", b""), ("cut", whole[: len(whole) // 2])):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadVocabulary, match="not a zip that can be read"):
            read_source(tmp_path / name)
    flipped = bytearray(whole)
    flipped[60] ^= 0xFF  # in the packed bytes of the first entry
    (tmp_path / "flipped").write_bytes(flipped)
    with pytest.raises(BadVocabulary, match="not a zip that can be read"):
        read_source(tmp_path / "flipped")


def test_links_of_a_folder_are_refused(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "folder", FLAT)
    (folder / "CMIP6_x.json").symlink_to("/etc/passwd")
    with pytest.raises(BadVocabulary, match=r"CMIP6_x.json: is a symbolic link"):
        read_source(folder)
    (folder / "CMIP6_x.json").unlink()
    (folder / "terms").symlink_to(tmp_path)
    with pytest.raises(BadVocabulary, match="terms: is a symbolic link"):
        read_source(folder)
    (folder / "terms").unlink()
    os.mkfifo(folder / "pipe.json")
    with pytest.raises(BadVocabulary, match=r"pipe.json: is neither"):
        read_source(folder)


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadVocabulary, match="no such folder or zip"):
        read_source(tmp_path / "none")
