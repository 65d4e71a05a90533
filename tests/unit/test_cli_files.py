"""Reading items from files: every form, and every mistake with its file and line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from federation.failed import BAD_INPUT, Failed
from federation.files import Read, read_files, total_bytes


def item(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": name, "collection": "c", **more}


def read(path: Path, text: str, collection: str | None = None) -> list[Read]:
    path.write_text(text)
    return list(read_files([str(path)], collection))


ITEMS = [item("one"), item("two"), item("three")]
FEATURES = {"type": "FeatureCollection", "features": ITEMS}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (json.dumps(ITEMS[0]), [":1"]),
        (json.dumps(ITEMS[0], indent=2), [""]),
        (json.dumps(FEATURES), [f":1: feature {n}" for n in range(3)]),
        (json.dumps(FEATURES, indent=2), [f": feature {n}" for n in range(3)]),
        ("\n".join(map(json.dumps, ITEMS)), [":1", ":2", ":3"]),
        ("\n\n" + "\n \n".join(map(json.dumps, ITEMS)) + "\n\n", [":3", ":5", ":7"]),
        (json.dumps(ITEMS[0]) + "\r\n" + json.dumps(ITEMS[1]), [":1", ":2"]),
        (json.dumps(ITEMS[0]) + "\n" + json.dumps(FEATURES), [":1", *(f":2: feature {n}" for n in range(3))]),
    ],
)
def test_every_form_is_read(tmp_path: Path, text: str, places: list[str]) -> None:
    path = tmp_path / "items.json"
    found = read(path, text)
    assert [each.where for each in found] == [f"{path}{place}" for place in places]
    assert [json.loads(each.body) for each in found] == [item(each.item_id) for each in found]


def test_files_are_read_in_order_and_counted(tmp_path: Path) -> None:
    names = []
    for number in range(3):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(item(str(number)), indent=number or None))
        names.append(str(path))
    sizes: list[int] = []
    assert [each.item_id for each in read_files(names, None, sizes.append)] == ["0", "1", "2"]
    assert sum(sizes) == total_bytes(names) == sum(Path(name).stat().st_size for name in names)
    assert total_bytes([*names, "-"]) is None


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(ITEMS[0]).encode())))
    [found] = read_files(["-"], None)
    assert (found.where, found.item_id) == ("standard input:1", "one")


def test_a_collection_that_is_named_wins(tmp_path: Path) -> None:
    [found] = read(tmp_path / "x.json", json.dumps(item("one")), "other")
    assert (found.collection, json.loads(found.body)["collection"]) == ("other", "c")


def test_lines_are_read_only_as_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "items.ndjson"
    path.write_text("\n".join([*map(json.dumps, ITEMS), "broken"]))
    found = read_files([str(path)], None)
    assert [next(found).item_id for _ in range(3)] == ["one", "two", "three"]
    with pytest.raises(Failed):
        next(found)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.json", "", "x.json: holds nothing"),
        ("x.json", " \n\n", "x.json: holds nothing"),
        ("x.ndjson", '{"type": "Feature"', "x.ndjson:1: EOF while parsing an object at column"),
        ("x.ndjson", json.dumps(ITEMS[0]) + "\n{]", "x.ndjson:2: "),
        ("x.json", json.dumps(ITEMS[0]) + "\n{]", "x.json:2: "),
        ("x.json", '{\n "type": "Feature",\n "id": oops\n}', "x.json:3: expected value at column"),
        (
            "x.json",
            '{\n "id": "a",\n "id": "b"\n}',
            "x.json: The key 'id' is used twice in one object. (/id)",
        ),
        ("x.ndjson", '{"id": NaN}', "x.ndjson:1: "),
        ("x.json", "[1]", "x.json:1: is neither an Item nor a FeatureCollection"),
        ("x.json", '"text"', "x.json:1: is neither an Item nor a FeatureCollection"),
        ("x.json", '{"type": "FeatureCollection"}', "x.json:1: is neither an Item nor a FeatureCollection"),
        ("x.json", '{"type": "Collection", "id": "c"}', "x.json:1: is a Collection, not an Item"),
        ("x.json", '{"type": "FeatureCollection", "features": [1]}', "x.json:1: feature 0: is not an Item"),
        (
            "x.json",
            '{"type": "Feature", "id": "a"}',
            "x.json:1: names no collection; name one with --collection",
        ),
        ("x.json", json.dumps(item("a") | {"collection": 7}), "x.json:1: names no collection"),
    ],
)
def test_mistakes_name_file_and_line(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(Failed) as failed:
        read(tmp_path / name, text)
    assert str(failed.value).startswith(f"{tmp_path}/{said}")
    assert failed.value.code == BAD_INPUT


@pytest.mark.parametrize(("name", "said"), [("nothing.json", "No such file"), (".", "Is a directory")])
def test_files_that_cannot_be_opened(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        list(read_files([str(tmp_path / name)], None))


def test_a_document_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("federation.files.DOCUMENT_BYTES_MAX", 100)
    with pytest.raises(Failed, match=r"x\.ndjson:2: is over 100 bytes"):
        read(tmp_path / "x.ndjson", json.dumps(ITEMS[0]) + "\n" + " " * 200)
    with pytest.raises(Failed, match=r"x\.json: is over 100 bytes"):
        read(tmp_path / "x.json", "{\n" + " \n" * 100)
