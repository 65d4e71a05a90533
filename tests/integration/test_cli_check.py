"""`stacfed check`: files, folders, standard input; what it says, how it ends, and that a door says the same."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from cv.shelf import Shelf
from federation.cli import main
from tests.support import cmip6
from tests.support.http import Served, collection, features, running, settings
from tests.support.vocabularies import FLAT, vocabulary_of

Json = dict[str, Any]
FACETS = ("activity", "experiment", "table")
ID = "CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f1.Amon.tas.gn.v20200101"
ITEM = cmip6.item(ID)
EXPERIMENT = "/properties/cmip6:experiment_id"


def changed(item: Json = ITEM, **members: Any) -> Json:
    """A copy with other properties; those without a colon in their name are of CMIP6."""
    made = copy.deepcopy(item)
    made["properties"] |= {f"cmip6:{name}": value for name, value in members.items()}
    return made


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of a node with a small vocabulary of CMIP6 in use."""
    folder = tmp_path / "site"
    shelf = Shelf(folder / "vocabularies")
    shelf.put(
        vocabulary_of({name: said for name, said in FLAT.items() if any(each in name for each in FACETS)})
    )
    shelf.use("cmip6", "6.2.1.0")
    monkeypatch.setenv("STACFED_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def check(site: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    return Check(capsys)


class Check:
    """`stacfed check` in this process; it writes nothing."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["check", *map(str, arguments)])
        self.out, self.err = self.capsys.readouterr()
        return int(ended.value.code or 0)

    def reports(self, *arguments: str | Path) -> tuple[int, list[Json]]:
        """The exit code, and each line of --json."""
        code = self(*arguments, "--json")
        return code, [orjson.loads(line) for line in self.out.splitlines()]


def written(path: Path, *documents: Any) -> Path:
    """A file with this, or with these, one a line."""
    option = None if len(documents) > 1 else orjson.OPT_INDENT_2
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(orjson.dumps(each, option=option) for each in documents))
    return path


def wrong(report: Json) -> dict[str, Json]:
    """Errors by their pointer."""
    return {one["pointer"]: one for one in report["findings"] if one["level"] == "error"}


def test_a_good_item(check: Check, tmp_path: Path, site: Path) -> None:
    assert check(written(tmp_path / "item.json", ITEM)) == 0
    assert "valid: 1, not valid: 0" in check.out
    assert check.err == ""
    assert [path.name for path in site.iterdir()] == ["vocabularies"]  # no log, no store


def test_all_that_is_wrong_with_an_item_is_told(check: Check, tmp_path: Path) -> None:
    item = changed(experiment_id="histroical", activity_id=["DCPP"])
    item["geometry"]["coordinates"][0][1] = [400, 0]
    path = written(tmp_path / "item.json", item)
    assert check(path) == 2
    assert f"{path}: {ID}: not valid" in check.out.splitlines()[0]
    assert "histroical" in check.out
    code, [report] = check.reports(path)
    assert (code, report["verdict"], report["id"], report["collection"]) == (2, "not valid", ID, "CMIP6")
    found = wrong(report)
    assert found[EXPERIMENT]["nearest"][0] == "historical"
    assert found[EXPERIMENT]["vocabulary"] == "cmip6 6.2.1.0"
    assert any(pointer.startswith("/properties/cmip6:activity_id") for pointer in found)
    assert any(pointer.startswith("/geometry") for pointer in found)
    assert [stamp["version"] for stamp in report["vocabularies"]] == ["6.2.1.0"]
    assert report["profile"]["id"] == "CMIP6"


def test_a_folder_is_checked_whole(check: Check, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    written(folder / "a.json", ITEM)
    written(folder / "deep" / "b.json", collection("CMIP6"))
    written(folder / "c.json", {"type": "Catalog"})
    (folder / "d.json").write_text('{"type": "Feature",')
    written(folder / "e.ndjson", ITEM, changed(experiment_id="x"))
    written(folder / "f.geojson", features([ITEM, changed(table_id="Bmon")]))
    written(folder / "g.json", {**collection("CMIP6"), "extent": 1})
    (folder / "notes.txt").write_text("not looked at")
    code, reports = check.reports(folder)
    shown = {each["where"].removeprefix(f"{folder}/"): each["verdict"] for each in reports}
    bad = {where for where, verdict in shown.items() if verdict == "not valid"}
    assert code == 2
    assert shown.keys() - bad == {"a.json", "deep/b.json", "e.ndjson:1", "f.geojson: feature 0"}
    assert bad == {"c.json", "d.json", "e.ndjson:2", "f.geojson: feature 1", "g.json"}
    said = {
        each["where"].rpartition("/")[2]: each["findings"][0]["message"] for each in reports if wrong(each)
    }
    assert "neither an Item nor a Collection" in said["c.json"]
    assert "d.json:1" in said["d.json"]
    assert check(folder) == 2
    assert "valid: 4, not valid: 5" in check.out


def test_standard_input(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b"\n".join(map(orjson.dumps, [ITEM, changed(table_id="Bmon")]))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    code, reports = check.reports("-")
    assert code == 2
    assert [(each["where"], each["verdict"]) for each in reports] == [
        ("standard input:1", "valid"), ("standard input:2", "not valid"),
    ]  # fmt: skip


@pytest.mark.parametrize("verdict", ["no such file", "no items", "no collection"])
def test_what_cannot_be_checked_is_said(check: Check, tmp_path: Path, verdict: str) -> None:
    item = {name: said for name, said in ITEM.items() if name != "collection"}
    path, said = {
        "no such file": (tmp_path / "absent.json", "No such file"),
        "no items": (tmp_path / "empty", "holds no file of .json"),
        "no collection": (written(tmp_path / "item.json", item), "name one with --collection"),
    }[verdict]
    (tmp_path / "empty").mkdir()
    assert check(path) == 2
    assert said in check.out + check.err
    assert str(path) in check.out + check.err


def test_the_collection_may_be_given(check: Check, tmp_path: Path) -> None:
    path = written(tmp_path / "item.json", {**ITEM, "collection": "elsewhere"})
    code, [report] = check.reports(path, "--collection", "CMIP6")
    assert (code, list(wrong(report))) == (2, ["/collection"])


def test_rules_that_cannot_be_read_are_said(check: Check, site: Path, tmp_path: Path) -> None:
    (site / "profiles").mkdir()
    (site / "profiles" / "own.yaml").write_text("profile: x\n")
    assert check(written(tmp_path / "item.json", ITEM)) == 2
    assert "own.yaml" in check.err


def broken(change: Callable[[Json], object]) -> Json:
    item = copy.deepcopy(ITEM)
    change(item)
    return item


BAD = [
    changed(experiment_id="histroical", member_id="r9i1p1f1"),
    broken(lambda item: item.update(collection="elsewhere")),
    broken(lambda item: item.update(stac_extensions=[])),
    broken(lambda item: item["properties"].update(start_datetime="2099-01-01T00:00:00Z", datetime="x")),
    broken(
        lambda item: item["assets"][cmip6.data_keys(item)[0]].update({"file:checksum": "12", "protocol": "x"})
    ),
    broken(lambda item: item.update(id="a b", bbox=[1, 2, 3])),
]


@pytest.mark.parametrize("item", BAD)
async def test_a_door_says_the_same(check: Check, site: Path, tmp_path: Path, item: Json) -> None:
    async with running(settings(site)) as node:
        await node.settled("POST", "/collections", json=collection("CMIP6"))
        answer = await node.http.post("/collections/CMIP6/items", json=item)
        assert answer.status_code == 400, answer.text
        code, [report] = check.reports(written(tmp_path / "item.json", item), "--collection", "CMIP6")
        assert code == 2
        assert in_order(report) == in_order(answer.json())
        await accepted(node, check, tmp_path)


async def accepted(node: Served, check: Check, folder: Path) -> None:
    """Of a good item both say the same notes."""
    answer = await node.http.post("/collections/CMIP6/items", json=ITEM)
    assert answer.status_code == 202, answer.text
    code, [report] = check.reports(written(folder / "good.json", ITEM))
    assert (code, in_order(report)) == (0, in_order(answer.json()))


def in_order(told: Json) -> list[bytes]:
    """The findings in an order of our own; `check` shows errors first."""
    return sorted(orjson.dumps(finding, option=orjson.OPT_SORT_KEYS) for finding in told["findings"])
