"""`stacfed profile ...` and the routes of profiles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import typer
import yaml
from fastapi import FastAPI
from typer.testing import CliRunner

from catalogue.profile_schema import profile_schema
from catalogue.profile_set import Profiles
from catalogue.profile_shelf import SHIPPED, ProfileShelf, shipped
from federation.app import make_app
from federation.cli_profile import app
from federation.failed import Failed
from federation.profile_routes import profile_routes

OWN = "profile: own\nversion: '2'\ntitle: My own\ncollections: ['own-*']\nmutable: [/properties]\n"
runner = CliRunner()


def run(*arguments: str) -> tuple[int, str, str]:
    found = runner.invoke(app, arguments)
    if isinstance(found.exception, Failed):
        return found.exception.code, found.stdout, str(found.exception)
    assert found.exception is None or isinstance(found.exception, SystemExit)
    return found.exit_code, found.stdout, found.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "own.yaml").write_text(OWN)
    return tmp_path


# The command


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.name)
def test_shipped_files_are_right(path: Path) -> None:
    code, out, err = run("check", str(path))
    assert (code, err) == (0, "")
    assert " is right: sha256 " in out


def test_check_tells_every_fault_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(OWN + "delet: retract\nsearch:\n  retracted: no\n")
    code, out, err = run("check", str(path))
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"{path}:6: delet: `delet` is not known here; did you mean `delete`?",
        f"{path}:8: search > retracted: `retracted` must be one of exclude, hide-data, include.",
    ]


def test_check_of_no_file(tmp_path: Path) -> None:
    code, _, err = run("check", str(tmp_path / "p.yaml"))
    assert (code, err) == (2, f"{tmp_path / 'p.yaml'}: cannot be read: No such file or directory.\n")


def test_list_names_what_is_in_force(folder: Path) -> None:
    code, out, _ = run("list", "--dir", str(folder))
    assert code == 0
    assert f"own 2  own-*  {folder / 'own.yaml'}  My own" in out.splitlines()
    assert "CMIP6 1  CMIP6  shipped:cmip6.yaml  CMIP6 datasets" in out.splitlines()


def test_show_writes_a_file_that_can_be_checked(folder: Path) -> None:
    code, out, _ = run("show", "own-1", "--dir", str(folder))
    assert code == 0
    assert yaml.safe_load(out) == yaml.safe_load(OWN)
    _, shown, _ = run("show", "CMIP6", "--dir", str(folder))
    (folder / "copy.yaml").write_text(shown)
    [copy] = [each.profile for each in ProfileShelf(folder).load().shelved if each.file.endswith("copy.yaml")]
    assert copy.stamp == shipped().of("CMIP6").stamp


def test_show_as_json_has_the_stamp(folder: Path) -> None:
    _, out, _ = run("show", "own-1", "--json", "--dir", str(folder))
    told = json.loads(out)
    assert told["collection"] == "own-1"
    assert told["stamp"] == ProfileShelf(folder).load().of("own-1").stamp
    assert told["profile"] == yaml.safe_load(OWN)


@pytest.mark.parametrize("command", [["list"], ["show", "c"]])
def test_a_wrong_folder_is_named(tmp_path: Path, command: list[str]) -> None:
    code, _, err = run(*command, "--dir", str(tmp_path / "missing"))
    assert (code, err) == (2, f"{tmp_path / 'missing'}: there is no such folder")
    (tmp_path / "p.yaml").write_text("x: 1\n")
    code, _, err = run(*command, "--dir", str(tmp_path))
    assert code == 2
    assert err.splitlines()[-1] == f"{tmp_path / 'p.yaml'}:1: x: `x` is not known here."


def test_the_folder_of_the_settings_is_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACFED_PROFILES", str(folder))
    assert "own 2  own-*" in run("list")[1]


def test_show_of_no_id(folder: Path) -> None:
    code, _, err = run("show", "a/b", "--dir", str(folder))
    assert (code, err) == (2, "'a/b' is no id of a collection")


def test_each_command_says_what_it_does() -> None:
    assert isinstance(app, typer.Typer)
    code, out, _ = run("--help")
    assert code == 0
    assert all(name in out for name in ("check", "list", "show"))


# The routes


@dataclass
class Source:
    profiles: Profiles


async def get(served: FastAPI, path: str) -> tuple[int, Any]:
    transport = httpx.ASGITransport(app=served)
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        answer = await client.get(path)
        return answer.status_code, answer.json()


async def test_every_collection_has_a_profile(folder: Path) -> None:
    source = Source(shipped())
    served = make_app("test", [profile_routes(source)])
    for collection, name in (("CMIP6", "CMIP6"), ("own-1", "default"), ("%C3%A9", "default")):
        status, body = await get(served, f"/profiles/{collection}")
        assert (status, body["stamp"]["id"], body["profile"]["profile"]) == (200, name, name)
        jsonschema.Draft202012Validator(profile_schema()).validate(body["profile"])
    assert (await get(served, "/profiles/CMIP6"))[1]["stamp"] == shipped().of("CMIP6").stamp
    source.profiles = ProfileShelf(folder).load()  # taken up while it runs
    assert (await get(served, "/profiles/own-1"))[1]["stamp"]["id"] == "own"


async def test_the_list_of_profiles(folder: Path) -> None:
    (folder / "old.yaml").write_text(OWN.replace("'2'", "'1'"))
    served = make_app("test", [profile_routes(Source(ProfileShelf(folder).load()))])
    status, body = await get(served, "/profiles")
    told = {each["stamp"]["id"]: each for each in body["profiles"]}
    assert status == 200
    assert told.keys() == {"CMIP6", "CMIP7", "default", "earth-observation", "own"}
    assert (told["own"]["stamp"]["version"], told["own"]["collections"]) == ("2", ["own-*"])


@pytest.mark.parametrize("path", ["/profiles/a%0Ab", "/profiles/" + "x" * 300])
async def test_what_is_no_id_is_not_found(path: str) -> None:
    status, body = await get(make_app("test", [profile_routes(Source(shipped()))]), path)
    assert (status, body["type"].rpartition("/")[2]) == (404, "collection-does-not-exist")
