"""Versions of vocabularies through the doors of two nodes: imported by the command, used, changed, missing, renamed."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.events import encode
from stream.log import Message
from tests.api.conftest import create_collections
from tests.support import cmip6
from tests.support.command import STACFED, environment
from tests.support.http import Json, Served, operation, problem, two_running, until
from tests.support.refusals import location
from tests.support.vocabularies import FLAT, folder_of

ITEMS = "/collections/CMIP6/items"
ITEM = cmip6.item(cmip6.sample_ids(1)[0])
LIE = "f" * 32
PATH = f"{ITEMS}/{ITEM['id']}"


def flat(version: str, experiment: str) -> dict[str, Any]:
    """A flat vocabulary whose only experiment has this name."""
    content = copy.deepcopy(
        {name: said for name, said in FLAT.items() if "activity" in name or "experiment" in name}
    )
    known = content["CMIP6_experiment_id.json"]["experiment_id"]
    known[experiment] = {**known.pop("historical"), "experiment_id": experiment}
    for said in content.values():
        said["version_metadata"] = {"CV_collection_version": version}
    return content


def stacfed(*arguments: str) -> str:
    """What the command says; it must succeed."""
    done = subprocess.run(
        [str(STACFED), *arguments], env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Site:
    """A node and its folder of vocabularies."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served, self.folder = served, folder

    async def ready(self) -> Json:
        found: Json = (await self.served.http.get("/ready")).json()["rules"]
        return found

    async def imports(self, path: Path) -> None:
        await self._change("import", str(path))

    async def uses(self, version: str) -> None:
        await self._change("use", "cmip6", version)

    async def _change(self, *arguments: str) -> None:
        """The running node notices by itself."""
        before = (await self.ready())["revision"]
        stacfed("cv", *arguments, "--dir", str(self.folder))

        async def noticed() -> bool:
            return bool((await self.ready())["revision"] > before)

        await until(noticed)


@pytest.fixture
async def sites(tmp_path: Path) -> AsyncIterator[tuple[Site, Site]]:
    folders = {node: tmp_path / f"vocabularies-{node}" for node in ("n1", "n2")}
    told = {"rules_look_s": 0.05}
    async with two_running(tmp_path, lambda node: {"vocabularies": folders[node]}, **told) as (north, south):
        await create_collections(north)
        yield Site(north, folders["n1"]), Site(south, folders["n2"])


@pytest.fixture
def older(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "older", flat("6.1", "historical"))


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    return folder_of(tmp_path / "newer", flat("6.2", "hist-renamed"))


def outcomes(handle: Json) -> set[tuple[str, str]]:
    return {(outcome["node"], outcome["outcome"]) for outcome in handle.get("outcomes", ())}


async def test_a_stamped_version_holds_for_ever(sites: tuple[Site, Site], older: Path, newer: Path) -> None:
    north, south = sites
    for site in sites:
        await site.imports(older)
        await site.imports(newer)
        await site.uses("6.1")
    handle = await north.served.settled("POST", ITEMS, json=ITEM)
    [event] = [event for event in await north.served.events() if event.item_id == ITEM["id"]]
    assert [stamp["version"] for stamp in event.vocabularies] == ["6.1"]

    for site in sites:  # the older one is history now
        await site.uses("6.2")
    second = cmip6.second_version(ITEM)
    refused = problem(await south.served.http.post(ITEMS, json=second), "stac-validation")
    [finding] = [one for one in refused["findings"] if one["level"] == "error"]
    assert (finding["pointer"], finding["vocabulary"]) == ("/properties/cmip6:experiment_id", "cmip6 6.2")
    again = (await north.served.http.get(f"/requests/{handle['id']}")).json()
    assert outcomes(again) == {("n1", "indexed"), ("n2", "indexed")}

    # A record whose term was renamed since is retracted, restored, deprecated and replicated as ever.
    announce = [location("n2", key) for key in cmip6.data_keys(ITEM)]
    await south.served.settled("PATCH", PATH, json=announce)
    for action in ("retract", "restore", "deprecate"):
        found = await north.served.settled("POST", f"{PATH}/actions/{action}", json={})
        assert outcomes(found) == {("n1", "indexed"), ("n2", "indexed")}
    # A correction of something else is accepted: what was wrong before is only warned of.
    patch = [operation("replace", "/properties/cmip6:variable_long_name", "another name")]
    answer = await north.served.http.patch(PATH, json=patch)
    assert answer.status_code == 202
    warned = {finding["pointer"] for finding in answer.json()["findings"] if finding["level"] == "warning"}
    assert "/properties/cmip6:experiment_id" in warned
    assert outcomes(await north.served.ended(answer.json()["id"])) == {("n1", "indexed"), ("n2", "indexed")}


async def test_a_node_that_lacks_the_version(sites: tuple[Site, Site], older: Path) -> None:
    north, south = sites
    await north.imports(older)
    await north.uses("6.1")
    handle = await north.served.settled("POST", ITEMS, json=ITEM)
    [said] = [outcome for outcome in handle["outcomes"] if outcome["node"] == "n2"]
    assert said["outcome"] == "indexed"
    assert "cmip6 6.1" in said["unchecked"][0]
    rules = await south.ready()
    assert (rules["unchecked"], rules["without_vocabulary"].count("cmip6")) == (1, 1)
    assert await north.served.digest() == await south.served.digest()

    await south.imports(older)

    async def checked() -> bool:
        return bool((await south.ready())["unchecked"] == 0)

    await until(checked)
    again = (await north.served.http.get(f"/requests/{handle['id']}")).json()
    assert outcomes(again) == {("n1", "indexed"), ("n2", "indexed")}


async def test_what_was_wrong_is_found_once_the_version_is_there(
    sites: tuple[Site, Site], older: Path, newer: Path
) -> None:
    """The door of the north is made to lie: it stamps the newer version on what it checked by the older one."""
    north, south = sites
    await north.imports(older)
    await north.uses("6.1")
    await north.served.settled("POST", ITEMS, json=ITEM)
    [event] = [event for event in await north.served.events() if event.item_id == ITEM["id"]]
    await south.imports(newer)
    shown = stacfed("cv", "list", "--json", "--dir", str(south.folder))
    [other] = [one for one in orjson.loads(shown) if one["version"] == "6.2"]
    second = cmip6.second_version(ITEM)
    profile = north.served.node.book.profile_of("CMIP6")
    stamp = {"project": "cmip6", "version": "6.2", "sha256": other["sha256"]}
    lie = replace(
        event, id=LIE, item=second, item_id=second["id"], digest=None, rules=profile.rules(second["id"]),
        vocabularies=(stamp,),
    )  # fmt: skip
    await north.served.node.log.append([Message(north.served.topics.transactions, lie.key, encode(lie))])

    async def found() -> bool:
        handle = (await north.served.http.get(f"/requests/{LIE}")).json()
        return {("n1", "indexed"), ("n2", "indexed"), ("n2", "anomaly")} <= outcomes(handle)

    await until(found)
    handle = (await north.served.http.get(f"/requests/{LIE}")).json()
    assert handle["state"] == "settled"  # an anomaly changes no state
