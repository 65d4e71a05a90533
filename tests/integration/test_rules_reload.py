"""A node that runs, and rules that change below it: what is bad is not used, is told, and costs nothing else."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from catalogue.profile_shelf import SHIPPED
from cv.shelf import Shelf
from schemas.shelf import SchemaShelf
from tests.support import cmip6
from tests.support.http import Json, Served, collection, problem, running, settings, until
from tests.support.vocabularies import FLAT, vocabulary_of

ITEMS = "/collections/CMIP6/items"
URI = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
SCHEMA = (
    b'{"$schema": "http://json-schema.org/draft-07/schema#", "$id": "%s#", "type": "object"}' % URI.encode()
)
ID = "CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f1.Amon.tas.gn.v20200101"
Spoiled = tuple[Path, bytes]  # a file, and what somebody makes of it
PARTS = ("activity_id", "experiment_id")


def vocabularies(folder: Path) -> Shelf:
    return Shelf(folder / "vocabularies")


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    """One that checks by a vocabulary, a schema and a profile of its own."""
    content = {name: said for name, said in FLAT.items() if any(part in name for part in PARTS)}
    vocabularies(tmp_path).put(vocabulary_of(content))
    vocabularies(tmp_path).use("cmip6", "6.2.1.0")
    SchemaShelf(tmp_path / "schemas").put({URI: SCHEMA})
    (tmp_path / "profiles").mkdir()
    text = (SHIPPED / "cmip6.yaml").read_text().replace("version: '1'", "version: '2'", 1)
    (tmp_path / "profiles" / "own.yaml").write_text(text)
    async with running(settings(tmp_path, rules_look_s=0.05)) as served:
        await served.settled("POST", "/collections", json=collection("CMIP6"))
        yield served


async def rules(node: Served) -> Json:
    answer = await node.http.get("/ready")
    assert answer.status_code == 200, answer.text  # rules make nobody unready
    found: Json = answer.json()["rules"]
    return found


def truncated_vocabulary(folder: Path) -> Spoiled:
    [path] = (folder / "vocabularies" / "cmip6").glob("*.json")
    return path, path.read_bytes()[:-10]


def vocabulary_that_is_gone(folder: Path) -> Spoiled:
    return folder / "vocabularies" / "cmip6" / "current", b"0" * 64


def profile_with_an_unknown_key(folder: Path) -> Spoiled:
    path = folder / "profiles" / "own.yaml"
    return path, path.read_bytes() + b"colour: red\n"


def profile_that_contends(folder: Path) -> Spoiled:
    text = (folder / "profiles" / "own.yaml").read_bytes()
    return folder / "profiles" / "second.yaml", text.replace(b"profile: CMIP6", b"profile: other", 1)


def broken_index(folder: Path) -> Spoiled:
    return folder / "schemas" / "index.json", b'{"version": 1, "uris": {'


def changed_schema(folder: Path) -> Spoiled:
    [path] = (folder / "schemas" / "contents").iterdir()
    return path, b"{}"


BAD: list[Callable[[Path], Spoiled]] = [
    truncated_vocabulary, vocabulary_that_is_gone, profile_with_an_unknown_key, profile_that_contends, broken_index,
    changed_schema,
]  # fmt: skip


@pytest.mark.parametrize("spoil", BAD)
async def test_bad_rules_leave_the_running_ones_and_are_told(
    node: Served, tmp_path: Path, spoil: Callable[[Path], Spoiled]
) -> None:
    before = await rules(node)
    assert (before["fault"], before["without_vocabulary"]) == (None, ["cmip7"])
    path, content = spoil(tmp_path)
    good = path.read_bytes() if path.exists() else None
    path.write_bytes(content)
    (tmp_path / "schemas" / "index.json").touch()  # a content never changes, so nobody looks at its time

    async def noticed() -> bool:
        return (await rules(node))["fault"] is not None

    await until(noticed)
    after = await rules(node)
    assert path.name in after["fault"] or content.decode() in after["fault"]
    assert {**after, "fault": None} == before
    await checks_as_before(node)

    if good is None:
        path.unlink()
    else:
        path.write_bytes(good)
    (tmp_path / "schemas" / "index.json").touch()

    async def mended() -> bool:
        return (await rules(node))["fault"] is None

    await until(mended)  # by itself
    await checks_as_before(node)


async def checks_as_before(node: Served) -> None:
    """By its vocabulary, its schema and its profile, all three named on the event."""
    item = cmip6.item(ID)
    item["stac_extensions"] = [URI, *(uri for uri in item["stac_extensions"] if uri != URI)]
    bad = copy.deepcopy(item)
    bad["properties"]["cmip6:experiment_id"] = "histroical"
    refused = problem(await node.http.post(ITEMS, json=bad), "stac-validation")
    wrong = {one["pointer"]: one for one in refused["findings"] if one["level"] == "error"}
    assert wrong["/properties/cmip6:experiment_id"]["vocabulary"] == "cmip6 6.2.1.0"
    await node.settled("POST", ITEMS, json=item)
    event = (await node.events())[-1]
    assert [stamp["version"] for stamp in event.vocabularies] == ["6.2.1.0"]
    assert [stamp["uri"] for stamp in event.schemas] == [URI]
    assert (event.profile or {})["version"] == "2"


async def test_a_process_does_not_start_with_bad_rules(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "own.yaml").write_text("profile: x\n")
    with pytest.raises(ValueError, match=r"own\.yaml"):
        async with running(settings(tmp_path)):
            raise AssertionError("it started")
