"""A promised server that is missing fails the run on CI, and only there; missing shared data never does."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT

pytest_plugins = ["pytester"]

TESTS = """
import pytest

def test_reason():
    pytest.skip("server: no Kafka")

@pytest.mark.needs_server
def test_marker():
    pytest.skip("no Kafka")

@pytest.mark.skipif(True, reason="server: no Kafka")
def test_skipif():
    pass

def test_other_reason():
    pytest.skip("not on this system")

def test_shared_data(shared):
    pass
"""

MODULE = """
import pytest

pytest.skip("server: no Kafka", allow_module_level=True)
"""


@pytest.mark.parametrize("workers", [[], ["-n1", "--dist=loadfile"]], ids=["alone", "distributed"])
@pytest.mark.parametrize(
    ("ci", "expected"),
    [("", {"skipped": 6}), ("true", {"failed": 2, "errors": 2, "skipped": 2})],
)
def test_missing_server(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    ci: str,
    expected: dict[str, int],
    workers: list[str],
) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("STACFED_SHARED", "nowhere")
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text())
    pytester.makeini("[pytest]\nmarkers = needs_server: needs a server")
    pytester.makepyfile(test_each=TESTS, test_module=MODULE)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    result = pytester.runpytest("--continue-on-collection-errors", "-p", "no:asyncio", *workers)
    result.assert_outcomes(**expected)
    assert result.ret == (pytest.ExitCode.TESTS_FAILED if ci else pytest.ExitCode.OK)
