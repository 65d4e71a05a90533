"""Every promise names tests, and every test that is named exists."""

from __future__ import annotations

import ast
import re

from tests.conftest import ROOT

ROW = re.compile(r"^\| (?P<name>[A-Z][A-Za-z0-9 ]*) \| (?P<promise>.+?) \| (?P<proofs>.+) \|$", re.MULTILINE)
PROOF = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(\w+)`")
MADE = {*(f"Law {number}" for number in range(1, 8)), "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R10", "R13"}


def promises() -> dict[str, list[tuple[str, str]]]:
    """Each promise's name, and the file and name of its tests."""
    page = (ROOT / "docs" / "promises.md").read_text()
    return {found["name"]: PROOF.findall(found["proofs"]) for found in ROW.finditer(page)}


def known_tests(path: str) -> set[str]:
    """The tests in a file: functions, methods, and names of test cases that are made."""
    tree = ast.parse((ROOT / path).read_text())
    functions = {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    assigned = {
        target.id
        for node in tree.body if isinstance(node, ast.Assign)
        for target in node.targets if isinstance(target, ast.Name)
    }  # fmt: skip
    return {name for name in functions if name.startswith("test_")} | {
        name for name in assigned if name.startswith("Test")
    }


def test_the_promises_of_this_stage_are_made() -> None:
    assert promises().keys() >= MADE


def test_every_promise_names_tests_that_exist() -> None:
    missing = [
        f"{name}: {path}::{test}"
        for name, proofs in promises().items()
        for path, test in proofs
        if not (ROOT / path).is_file() or test not in known_tests(path)
    ]
    assert missing == []
    assert [name for name, proofs in promises().items() if not proofs] == []


def test_every_line_of_the_table_was_read() -> None:
    page = (ROOT / "docs" / "promises.md").read_text()
    assert len(promises()) == len([line for line in page.splitlines() if line.startswith("| ")]) - 1
    assert page.count("::") == sum(map(len, promises().values()))


def test_a_name_that_is_no_test_is_not_found() -> None:
    assert "known_tests" not in known_tests("tests/docs/test_promises.py")
    assert "test_the_promises_of_this_stage_are_made" in known_tests("tests/docs/test_promises.py")
