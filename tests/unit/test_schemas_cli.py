"""`stacfed schemas`: what it imports and lists, and that a refusal leaves the folder as it was."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from federation.cli_schemas import app
from federation.failed import BAD_INPUT, Failed
from schemas.shelf import SchemaShelf

DRAFT = "http://json-schema.org/draft-07/schema#"
A, B = "https://a.org/a/v1.0.0/schema.json", "https://a.org/b/v1.0.0/schema.json"
GOOD: dict[str, Any] = {"$schema": DRAFT, "$id": A + "#", "properties": {"x": {"type": "integer"}}}
BAD: dict[str, Any] = {"$schema": DRAFT, "$id": B, "properties": {"x": {"$ref": "https://b.org/c.json"}}}


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "kept"


def run(*arguments: object) -> None:
    """Failed as the command raises it."""
    with pytest.raises(SystemExit) as end:
        app(args=[str(each) for each in arguments])
    assert end.value.code == 0


def failed(*arguments: object) -> str:
    """What is said where a command fails."""
    with pytest.raises(Failed) as refusal:
        app(args=[str(each) for each in arguments])
    assert refusal.value.code == BAD_INPUT
    return str(refusal.value)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def written(folder: Path, schemas: dict[str, Any]) -> Path:
    for name, schema in schemas.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(schema))
    return folder


def zipped(path: Path, entries: list[tuple[str, Any]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, schema in entries:
            archive.writestr(name, json.dumps(schema))
    return path


def test_a_file_is_imported_and_listed(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, {"x.json": GOOD})
    run("import", tmp_path / "x.json", "--dir", kept)
    assert capsys.readouterr().out == f"imported   {A}\nimported: 1, unchanged: 0, other files: 0\n"
    run("import", tmp_path / "x.json", "--dir", kept)
    assert capsys.readouterr().out == f"unchanged  {A}\nimported: 0, unchanged: 1, other files: 0\n"
    run("list", "--dir", kept)
    [(uri, sha256)] = SchemaShelf(kept).known()
    assert capsys.readouterr().out == f"{sha256[:12]}  {A}\nschemas: 1\n"
    run("list", "--json", "--dir", kept)
    assert json.loads(capsys.readouterr().out) == [{"uri": uri, "sha256": sha256}]


def test_the_folder_of_the_settings_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_DATA_DIR", str(tmp_path / "data"))
    written(tmp_path, {"x.json": GOOD})
    run("import", tmp_path / "x.json")
    assert [uri for uri, _ in SchemaShelf(tmp_path / "data" / "schemas").known()] == [A]


def test_a_folder_with_the_shape_of_uris(
    tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One host alone is the case in which a sole top folder could be taken for a wrapping."""
    written(tmp_path / "all", {"a.org/b/v1.0.0/schema.json": GOOD, "a.org/README.json": [1]})
    run("import", tmp_path / "all", "--dir", kept)
    told = capsys.readouterr()
    assert told.out.startswith(f"imported   {B}\n")
    assert f"/$id: is {A}; the schema is known as {B}, as its path says" in told.err
    zipped(tmp_path / "all.zip", [("a.org/b/v1.0.0/schema.json", GOOD)])
    run("import", tmp_path / "all.zip", "--dir", kept)
    assert capsys.readouterr().out.startswith(f"unchanged  {B}\n")


def test_one_bad_schema_refuses_the_whole(tmp_path: Path, kept: Path) -> None:
    written(tmp_path / "all", {"good.json": GOOD, "bad.json": BAD})
    said = failed("import", tmp_path / "all", "--dir", kept)
    assert said == (
        "nothing was imported\n"
        "bad.json: /properties/x/$ref: refers to https://b.org/c.json, which is not known here"
    )
    assert not kept.exists()


def test_skip_imports_the_rest(tmp_path: Path, kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path / "all", {"good.json": GOOD, "bad.json": BAD})
    run("import", tmp_path / "all", "--dir", kept, "--skip")
    told = capsys.readouterr()
    assert told.out.startswith(f"imported   {A}\n")
    assert told.err.startswith("skipped: bad.json: /properties/x/$ref: refers to https://b.org/c.json")
    assert [uri for uri, _ in SchemaShelf(kept).known()] == [A]


@pytest.mark.parametrize("skip", [(), ("--skip",)])
def test_a_failed_import_leaves_the_folder_as_it_was(
    tmp_path: Path, kept: Path, skip: tuple[str, ...]
) -> None:
    written(tmp_path, {"good.json": GOOD, "bad.json": BAD, "changed.json": {**GOOD, "title": "changed"}})
    run("import", tmp_path / "good.json", "--dir", kept)
    before, seen = tree(kept), SchemaShelf(kept).fingerprint()
    for name in ("bad.json", "changed.json", "absent.json"):
        assert failed("import", tmp_path / name, "--dir", kept, *skip)
    assert tree(kept) == before
    assert SchemaShelf(kept).fingerprint() == seen


def test_replace(tmp_path: Path, kept: Path) -> None:
    written(tmp_path, {"good.json": GOOD, "changed.json": {**GOOD, "title": "changed"}})
    run("import", tmp_path / "good.json", "--dir", kept)
    [(_, first)] = SchemaShelf(kept).known()
    assert "--replace" in failed("import", tmp_path / "changed.json", "--dir", kept)
    run("import", tmp_path / "changed.json", "--dir", kept, "--replace")
    [(_, second)] = SchemaShelf(kept).known()
    assert first != second
    assert {path.name for path in (kept / "contents").iterdir()} == {first, second}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("../x.json", GOOD)], "leads out of its folder"),
        ([("/x.json", GOOD)], "is absolute"),
        ([("a/./x.json", GOOD)], "is no plain path"),
        ([("a\\x.json", GOOD)], "holds a backslash"),
        ([("x.json", "a" * 3_000_000)], "unpacks to more than"),
        ([("readme.txt", "x")], "holds no schema that can be imported"),
        ([("x.json", {"a": 1})], "holds no schema that can be imported"),
    ],
)
def test_zips_that_are_refused(tmp_path: Path, kept: Path, entries: list[tuple[str, Any]], said: str) -> None:
    path = zipped(tmp_path / "x.zip", entries)
    assert said in failed("import", path, "--dir", kept)
    assert not kept.exists()


def test_what_cannot_be_read_is_refused(tmp_path: Path, kept: Path) -> None:
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04 and then nothing")
    (tmp_path / "text.json").write_text("hello")
    (tmp_path / "empty").mkdir()
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "x.json").symlink_to(tmp_path / "text.json")
    for name, said in {
        "half.zip": "half.zip:1: is not JSON",
        "text.json": "text.json:1: is not JSON",
        "absent": "there is no such folder",
        "empty": "holds no schema",
        "linked": "is a symbolic link",
    }.items():
        assert said in failed("import", tmp_path / name, "--dir", kept)
    assert not kept.exists()


def test_a_damaged_folder_is_named(tmp_path: Path, kept: Path) -> None:
    kept.mkdir()
    (kept / "index.json").write_text("{")
    written(tmp_path, {"x.json": GOOD})
    for arguments in (("list",), ("import", tmp_path / "x.json")):
        assert f"{kept / 'index.json'}: is damaged" in failed(*arguments, "--dir", kept)
