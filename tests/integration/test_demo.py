"""The demonstration: what a newcomer sees, what is promised to be there, and that it notices what goes wrong."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.demo_steps import STEPS
from tests.conftest import ROOT
from tests.support.command import DEADLINE_S, environment, finished, running


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """The tour from a file, with settings in the environment that must not matter."""
    folder = tmp_path_factory.mktemp("demo")
    told = {
        "data_dir": str(folder / "data"),
        "log_url": "sqlite:nowhere/log.db",
        "partitions": "64",
        "node": "mine",
    }
    done = finished(folder, "demo", "--exit", "--port", "0", **told)
    assert list(folder.iterdir()) == []
    return done


def plain(text: str) -> list[str]:
    """Its lines without what differs from one run to the next."""
    text = re.sub(r"127\.0\.0\.1:\d+", "NODE", re.sub(r"\b[0-9a-f]{32}\b", "HANDLE", text))
    return [line.rstrip() for line in text.splitlines()]


def test_everything_is_as_expected(tour: subprocess.CompletedProcess[str]) -> None:
    assert (tour.returncode, tour.stderr) == (0, "")
    assert tour.stdout.splitlines()[-1].endswith(f" requests in {len(STEPS)} steps, all as expected")


def test_every_step_is_told(tour: subprocess.CompletedProcess[str]) -> None:
    numbered = re.findall(r"^(\d+)\. (.*)$", tour.stdout, re.MULTILINE)
    assert numbered == [(str(number), step.__doc__) for number, step in enumerate(STEPS, start=1)]


def test_every_action_and_every_end_is_shown(tour: subprocess.CompletedProcess[str]) -> None:
    for text in ("settled", "unchanged", "retracted", "withdrawn", "not found", "409 ", "404 ", "400 "):
        assert text in tour.stdout
    for action in ("deprecate", "retract", "restore", "replica-remove", "withdraw", "purge", "transfer"):
        assert f"/actions/{action}\n" in tour.stdout


def test_the_nodes_have_equal_digests(tour: subprocess.CompletedProcess[str]) -> None:
    found = re.findall(r"^(north|south)  (\S+) +(\d+) records  ([0-9a-f]{32})$", tour.stdout, re.MULTILINE)
    north, south = ([entry[1:] for entry in found if entry[0] == name] for name in ("north", "south"))
    assert [entry[:2] for entry in north] == [("CMIP6", "5"), ("scenes", "1")]
    assert north == south


def test_lines_are_plain_where_nobody_watches(tour: subprocess.CompletedProcess[str]) -> None:
    assert "\x1b" not in tour.stdout
    tables = [line for line in tour.stdout.splitlines() if line.endswith("north, south")]
    assert len(tables) > 50
    assert max(map(len, tables)) <= 80


def test_the_readme_shows_what_happens(tour: subprocess.CompletedProcess[str]) -> None:
    readme = (ROOT / "README.md").read_text()
    excerpt = readme.partition("<!-- excerpt: demo -->\n```\n")[2].partition("```\n<!-- end excerpt -->")[0]
    assert len(plain(excerpt)) > 5
    assert "\n".join(plain(excerpt)) in "\n".join(plain(tour.stdout))


def test_it_serves_on_and_what_it_says_to_try_works(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with running(tmp_path, "demo", "--port", "0", temporary=tmp_path) as demo:
        text = demo.said("The catalogue in a browser")
        tries = list(_tries(text))
        assert len(tries) == 5
        for line in tries:
            done = subprocess.run(
                line, shell=True, capture_output=True, text=True, timeout=DEADLINE_S, check=True
            )
            assert done.stdout.strip()
            assert '"status_code"' not in done.stdout, done.stdout
        assert done.stdout.endswith("equals " + tries[-1].split()[-2] + "\n")
        assert demo.stop(signal.SIGINT) == 0
    assert list(tmp_path.glob("stacfed-demo-*")) == []


def test_it_stops_when_it_is_told_to(tmp_path: Path) -> None:
    with running(tmp_path, "demo", "--port", "0", temporary=tmp_path) as demo:
        demo.said("2. ")
        assert demo.stop(signal.SIGINT) == 130
    assert demo.err.read_text() == ""
    assert list(tmp_path.glob("stacfed-demo-*")) == []


def test_an_address_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "node", "serve", "--port", "0", data_dir=str(tmp_path / "data")) as node:
        port = node.url.rpartition(":")[2]
        done = finished(tmp_path, "demo", "--exit", "--port", port)
    [line] = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (2, "")
    assert line.startswith(f"stacfed: cannot listen on 127.0.0.1:{port}: ")


def test_what_is_not_as_expected_is_told_and_kept(tmp_path: Path) -> None:
    """A step that expects what will not be: a record that nobody has published."""
    code = (
        "import sys\n"
        "from federation import demo\n"
        "from federation.demo_tour import Row\n"
        "def wrong(tour):\n"
        "    'Expect what is not there.'\n"
        "    tour.expected['/collections/CMIP6/items/nothing'] = Row('active', True)\n"
        "    tour.write('north', 'POST', '/collections', {'type': 'Collection'})\n"
        "demo.STEPS = (*demo.STEPS[:1], wrong)\n"
        "sys.exit(demo.run(0, stay=True))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment() | {"TMPDIR": str(tmp_path)}, cwd=tmp_path,
        capture_output=True, text=True, timeout=DEADLINE_S, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout.count("NOT AS EXPECTED: ") == 3  # the write, and the view at each node
    assert done.stdout.splitlines()[-1].endswith("NOT as expected: 3")
    [kept] = tmp_path.glob("stacfed-demo-*")
    assert done.stderr == f"the nodes' logs and data are kept in {kept}\n"
    assert (kept / "nodes.log").stat().st_size > 0


def _tries(text: str) -> Iterator[str]:
    for line in text.partition("The federation goes on")[2].splitlines():
        if line.startswith("  "):
            yield line.strip()
