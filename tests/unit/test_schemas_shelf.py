"""The folder of others' schemas: whole or not at all, and nothing is ever lost from it."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from pathlib import Path

import pytest

from schemas.errors import BadSchemas
from schemas.extensions import Extensions
from schemas.shelf import SchemaShelf

A, B = "https://a.org/a/v1.0.0/schema.json", "https://a.org/b/v1.0.0/schema.json"
NUMBER, TEXT = (json.dumps({"properties": {"x": {"type": name}}}).encode() for name in ("integer", "string"))


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "node" / "schemas"


def test_a_folder_that_is_not_there_is_empty(folder: Path) -> None:
    shelf = SchemaShelf(folder)
    assert (shelf.known(), shelf.load().uris, shelf.fingerprint()) == ([], (), ())
    shelf.put({})
    assert not folder.exists()


def test_what_was_put_is_there(folder: Path) -> None:
    SchemaShelf(folder).put({B: TEXT, A: NUMBER})
    shelf = SchemaShelf(folder)
    assert shelf.known() == [(A, sha256(NUMBER)), (B, sha256(TEXT))]
    known = shelf.load()
    assert known.uris == (A, B)
    assert known.check(A, {"x": 5}) == () != known.check(B, {"x": 5})


def test_earlier_contents_stay(folder: Path) -> None:
    shelf = SchemaShelf(folder)
    shelf.put({A: NUMBER})
    stamps = shelf.load().stamps([A])
    shelf.put({A: TEXT})
    now = shelf.load()
    assert now.sha256(A) == sha256(TEXT)
    pinned = now.pinned(stamps)
    assert isinstance(pinned, Extensions)
    assert pinned.check(A, {"x": 5}) == () != now.check(A, {"x": 5})
    shelf.put({A: NUMBER})  # and back again
    assert shelf.load().sha256(A) == sha256(NUMBER)
    assert len(tree(folder)) == 3


def test_a_change_is_seen_and_a_look_is_not_one(folder: Path) -> None:
    shelf = SchemaShelf(folder)
    seen = [shelf.fingerprint()]
    for documents in ({A: NUMBER}, {A: TEXT}, {B: TEXT}):
        shelf.put(documents)
        shelf.load()
        seen += [shelf.fingerprint()]
        assert shelf.fingerprint() == seen[-1]
    assert len(set(seen)) == 4


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_failed_write_changes_nothing(folder: Path, fails: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = SchemaShelf(folder)
    shelf.put({A: NUMBER})
    before, seen = tree(folder), shelf.fingerprint()
    calls = 0
    real = os.replace

    def replace(*paths: Path) -> None:
        nonlocal calls
        calls += 1
        if calls == fails:
            raise OSError("the disk is full")
        real(*paths)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="the disk is full"):
        shelf.put({A: TEXT, B: b"{}"})
    assert tree(folder) == before
    assert shelf.fingerprint() == seen


def test_writers_wait_for_each_other(folder: Path) -> None:
    uris = [f"https://a.org/{number}/v1.0.0/schema.json" for number in range(20)]
    threads = [threading.Thread(target=SchemaShelf(folder).put, args=({uri: NUMBER},)) for uri in uris]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(uri for uri, _ in SchemaShelf(folder).known()) == sorted(uris)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("index.json", b"{", "index.json: is damaged"),
        ("index.json", b"[]", "is of a version that is not known here"),
        ("index.json", b'{"version": 2}', "is of a version that is not known here"),
        ("index.json", b'{"version": 1}', "is damaged"),
        ("index.json", b'{"version": 1, "uris": []}', "is damaged"),
        ("index.json", b'{"version": 1, "uris": {"a": []}}', "is damaged"),
        ("index.json", b'{"version": 1, "uris": {"a": [5]}}', "is damaged"),
        ("index.json", b'{"version": 1, "uris": {"a": ["../../x"]}}', "is damaged"),
        (f"contents/{sha256(NUMBER)}", b"{}", "is not what was imported"),
        (f"contents/{sha256(NUMBER)}", None, "is missing; import it again"),
    ],
)
def test_damage_is_named(folder: Path, name: str, data: bytes | None, said: str) -> None:
    SchemaShelf(folder).put({A: NUMBER})
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
    with pytest.raises(BadSchemas, match=said):
        SchemaShelf(folder).load()
