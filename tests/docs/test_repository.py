"""What no file of the repository may hold: it speaks of itself alone, and of no machine it was written on."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.conftest import ROOT

# Written in pieces, so that this file passes its own test.
REGISTRIES = [
    "pypi" + r"\.org",
    "python" + r"hosted\.org",
    "registry" + r"\.npmjs",
    "repo1?" + r"\.maven",
    "anaconda" + r"\.org",
    "proxy" + r"\.golang",
    "index" + r"\.crates\.io",
]
FORBIDDEN = {
    "a package registry": re.compile("|".join(REGISTRIES)),
    "an absolute path of one machine": re.compile(r"(?<![\w.~$})>-])/(?:" + "work|root|home|Users)/"),
    "a note to oneself": re.compile(r"\b(?:TO" + "DO|FIX" + r"ME)\b"),
}


def repository_files() -> list[str]:
    """Committed files, and those that would be."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    found = []
    for name in repository_files():
        for number, line in enumerate((ROOT / name).read_text(errors="replace").splitlines(), start=1):
            if FORBIDDEN[what].search(line):
                found.append(f"{name}:{number}")
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package registry", "--index-url https://" + "pypi" + ".org/simple"),
        ("an absolute path of one machine", "open('/" + "home/ada/data')"),
        ("a note to oneself", "# TO" + "DO: later"),
    ],
)
def test_the_patterns_find_what_they_look_for(what: str, line: str) -> None:
    assert FORBIDDEN[what].search(line)


@pytest.mark.parametrize("line", ["https://example.org/home/page", "network/work/root/x", "../work/"])
def test_ordinary_paths_pass(line: str) -> None:
    assert not FORBIDDEN["an absolute path of one machine"].search(line)


def test_constraints_are_plain_pins() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
