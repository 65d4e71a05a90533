"""What all tests share: the data beside the repository, and no silent skips where a server was promised."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.support", "tests.model.compare")  # their asserts tell what differs

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real items, ids, schemas and vocabularies; too large to live in this repository."""
    folder = Path(os.environ.get("STACFED_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("shared data: there is no ../shared; name its folder in STACFED_SHARED")
    return folder


def _on_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("true", "1")


def _skip_reason(call: pytest.CallInfo[object]) -> str | None:
    error = call.excinfo.value if call.excinfo else None
    return (error.msg or "") if isinstance(error, pytest.skip.Exception) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI a test that needs a server and is skipped has failed: nobody would notice otherwise."""
    report = yield
    reason = _skip_reason(call)
    if reason is None or not _on_ci():
        return report
    if reason.startswith("server:") or item.get_closest_marker("needs_server"):
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself while it is imported."""
    report = yield
    reason = _skip_reason(report.call) if hasattr(report, "call") else None
    if reason is not None and reason.startswith("server:") and _on_ci():
        report.outcome = "failed"
        report.longrepr = f"skipped on CI: {reason}"
    return report
