"""Every example of a search that the pages show is answered as they say, by a node with the demonstration's records."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
import pytest_asyncio

from federation.demo_records import collection
from federation.demo_steps import AREA_1, PR_1, SCENE_1, TAS_1, TAS_2, TOS_1
from tests.conftest import ROOT
from tests.docs.test_drift import FENCE
from tests.support.http import Served, features, running, settings

SHOWN = ("README.md", "docs/guide.md", "docs/search.md")
SEARCHES = re.compile(r"curl .*(?:127\.0\.0\.1:8080/(?:search|aggregate|collections/CMIP6/aggregate)\b| -G )")
MISTAKE = "= = "  # in the one example that shows a refusal
NOTHING = "retracted=include"  # finds what no step of the demonstration leaves


@dataclass
class Asked:
    """What a call of curl asks for."""

    path: str
    data: list[tuple[str, str]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    get: bool = False

    async def sent(self, http: httpx.AsyncClient) -> httpx.Response:
        if self.get or not self.data:
            return await http.get(self.path, params=dict(self.data) or None, headers=self.headers)
        [(_, body)] = self.data
        return await http.post(self.path, content=body.encode(), headers=self.headers)


def asked(line: str) -> Asked:
    """The request of a line. ValueError for an option that is not understood here."""
    words = iter(shlex.split(line)[1:])
    found = Asked("")
    for word in words:
        if word == "-G":
            found.get = True
        elif word in ("-d", "--data-urlencode"):
            text = next(words)
            name, _, value = ("", "", text) if text.startswith("{") else text.partition("=")
            found.data.append((name, value))
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            found.headers[name] = value
        elif word == "-o":
            next(words)
        elif word.startswith("http://"):
            found.path = word.removeprefix("http://127.0.0.1:8080")
        elif word not in ("-s", "-f"):
            raise ValueError(f"{word} is not understood")
    return found


def reading() -> list[str]:
    """Each once; calls that publish are no searches."""
    pages = "".join((ROOT / page).read_text() for page in SHOWN)
    lines = [line for block in FENCE.findall(pages) for line in block.replace("\\\n", " ").splitlines()]
    return list(dict.fromkeys(line for line in lines if SEARCHES.match(line)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with running(settings(tmp_path_factory.mktemp("examples"))) as served:
        for name, title in (("CMIP6", "CMIP6"), ("scenes", "Satellite scenes")):
            await served.settled("POST", "/collections", json=collection(name, title, 1850))
        records = features([TAS_1, TAS_2, TOS_1, PR_1, AREA_1])
        await served.settled("POST", "/collections/CMIP6/items", json=records)
        await served.settled("POST", "/collections/scenes/items", json=SCENE_1)
        await served.caught_up()
        yield served


def test_there_are_examples() -> None:
    assert len(reading()) >= 20
    assert sum(MISTAKE in line for line in reading()) == sum(NOTHING in line for line in reading()) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("line", reading())
async def test_an_example_finds_something(node: Served, line: str) -> None:
    answer = await asked(line).sent(node.http)
    if MISTAKE in line:
        assert answer.status_code == 400
        assert "at character 10" in answer.json()["detail"]
        return
    assert answer.status_code == 200, answer.text
    if "json" not in answer.headers["content-type"] or "ndjson" in answer.headers["content-type"]:
        assert int(answer.headers["ogc-numbermatched"]) > 0
        return
    found = answer.json()
    if NOTHING in line:
        assert found["numberMatched"] == 0
    elif "aggregations" in found:
        assert all(each.get("value") or each.get("buckets") for each in found["aggregations"])
    else:
        assert found["numberMatched"] > 0
