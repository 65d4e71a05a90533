"""The documentation speaks of what there is: generated parts, commands, routes, settings, links, decisions."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from federation.settings import CLIENT_VARIABLES, TEST_VARIABLES, Settings
from stream.errors import PROBLEMS
from tests.conftest import ROOT
from tests.docs.generate import PART, commands, metric_table, pages, parameters, parts, rewritten, routes

PAGES = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()]
FENCE = re.compile(r"^```[a-z]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(#[^)\s]*)?\)")
ROUTE = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) (/\S*)$")
SERVER_VARIABLES = {
    "STACFED_TEST_KAFKA",
    "STACFED_TEST_ELASTIC",
    "STACFED_CHROMIUM",
}  # see tests/servers, tests/browser
CALL = re.compile(r"(?:^|[|] )(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?stacfed (?P<rest>.*)$")


def code(text: str) -> Iterator[str]:
    """Every line of code and every code span of a page, its generated parts left out."""
    own = PART.sub("", text)
    for block in FENCE.findall(own):
        yield from block.replace("\\\n", " ").splitlines()
    yield from SPAN.findall(FENCE.sub("", own))


def wrong_calls(line: str) -> list[str]:
    """What is wrong with a call of `stacfed`: an unknown command, or an option that it does not have."""
    found = CALL.search(line)
    if found is None:
        return []
    words = shlex.split(found["rest"])
    groups = {name.partition(" ")[0] for name in commands() if " " in name}
    for number, word in enumerate(words[:-1]):
        if word in groups:
            words[number : number + 2] = [f"{word} {words[number + 1]}"]
            break
    name, options = None, {"--help", *(option for each in parameters(None) for option in each.opts)}
    wrong = []
    for before, word in zip(["", *words], words, strict=False):
        if word.startswith("--") and word not in options:
            wrong.append(f"{name} has no {word}")
        elif name is None and not word.startswith("-") and before != "--url":
            if word not in commands():
                return [f"no command {word}"]
            name, options = word, {"--help", *(option for each in parameters(word) for option in each.opts)}
    return wrong


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings."""
    titles = re.findall(r"^#+ (.*)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {"#" + re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_generated_parts_are_current(page: Path) -> None:
    assert page.read_text() == rewritten(page.read_text()), "run: make docs"


def test_every_generated_part_is_shown_somewhere() -> None:
    shown = {found["name"] for page in pages() for found in PART.finditer(page.read_text())}
    assert shown == parts().keys()


def test_a_part_that_has_drifted_is_noticed() -> None:
    page = "before\n<!-- generated: problems -->\nold\n<!-- end generated -->\nafter"
    assert "| `key-reused` | 409 |" in rewritten(page)
    assert rewritten(rewritten(page)) == rewritten(page) != page
    with pytest.raises(KeyError):
        rewritten(page.replace("problems", "nothing"))


def test_the_command_reference_has_a_section_for_each_command() -> None:
    page = ROOT / "docs" / "cli.md"
    assert {f"#{name.replace(' ', '-')}" for name in commands()} <= anchors(page)
    assert len(re.findall(r"^## ", page.read_text(), re.MULTILINE)) == len(commands())


@pytest.mark.parametrize("page", PAGES)
def test_calls_of_the_command_exist(page: Path) -> None:
    assert [wrong for line in code(page.read_text()) for wrong in wrong_calls(line)] == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("stacfed publsh x.json", ["no command publsh"]),
        ("stacfed --url http://x act retract c/i --why 'x'", ["act has no --why"]),
        ("make-items | stacfed publish --slow -", ["publish has no --slow"]),
        ("STACFED_NODE=a .venv/bin/stacfed serve --verbose", ["serve has no --verbose"]),
        ("stacfed --url http://x digest http://y --help", []),
    ],
)
def test_wrong_calls_are_noticed(line: str, wrong: list[str]) -> None:
    assert wrong_calls(line) == wrong


@pytest.mark.parametrize("page", PAGES)
def test_routes_exist(page: Path) -> None:
    known = [
        (method, re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))))
        for method, path, _ in routes()
    ]
    for span in code(page.read_text()):
        if found := ROUTE.match(span):
            method, path = found[1], found[2].partition("?")[0]
            assert any(method == each and pattern.fullmatch(path) for each, pattern in known), span


@pytest.mark.parametrize("page", PAGES)
def test_names_exist(page: Path) -> None:
    text = page.read_text()
    variables = {f"STACFED_{name.upper()}" for name in Settings.model_fields} | SERVER_VARIABLES
    assert set(re.findall(r"STACFED_[A-Z_]*[A-Z]", text)) <= variables | TEST_VARIABLES | CLIENT_VARIABLES
    assert set(re.findall(r"\bstacfed_[a-z_]+", text)) <= set(
        re.findall(r"\bstacfed_[a-z_]+", metric_table())
    )
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {line.split()[1] for line in code(text) if re.match(r"make [a-z]", line)} <= targets


def test_problems_of_the_guide_have_their_status() -> None:
    told = re.findall(r"^\| (\d{3}) `([a-z-]+)`", (ROOT / "docs" / "guide.md").read_text(), re.MULTILINE)
    assert len(told) > 4
    assert [(int(status), kind) for status, kind in told] == [(PROBLEMS[kind][0], kind) for _, kind in told]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(FENCE.sub("", page.read_text())):
        if target.startswith(("http://", "https://")):
            continue
        found = (page.parent / target).resolve() if target else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), f"{target}{anchor}"


def test_folders_of_the_readme_exist() -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([a-z_]+/)`", row.split("|")[1])]
    packages = {f"{path.parent.name}/" for path in ROOT.glob("*/__init__.py")}
    assert packages | {"docs/", "deploy/"} == set(named)


def test_decisions_are_numbered_listed_and_whole() -> None:
    folder = ROOT / "docs" / "adr"
    files = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    listed = re.findall(
        r"^\| \[\d{4}\]\(([^)]+)\) \| (.*) \|$", (folder / "README.md").read_text(), re.MULTILINE
    )
    titles = [path.read_text().partition("\n")[0] for path in files]
    assert [(path.name, title.split(". ", 1)[1]) for path, title in zip(files, titles, strict=True)] == listed
    for path in files:
        assert re.findall(r"^## (.*)$", path.read_text(), re.MULTILINE) == [
            "Context", "Decision", "Consequences", "Status",
        ]  # fmt: skip
