"""What all tests share: the data beside the repository, and no silent skips where a server was promised."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.servers import session
from tests.servers.elastic import ElasticServer
from tests.servers.kafka import KafkaServer
from tests.servers.session import NamedElastic, NamedKafka
from tests.servers.tools import Missing

Server = TypeVar("Server")

pytest.register_assert_rewrite("tests.support", "tests.model.compare")  # their asserts tell what differs

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real items, ids, schemas and vocabularies; too large to live in this repository."""
    folder = Path(os.environ.get("STACFED_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip("shared data: there is no ../shared; name its folder in STACFED_SHARED")
    return folder


@contextmanager
def _or_skip(server: AbstractContextManager[Server]) -> Iterator[Server]:
    with ExitStack() as held:
        try:
            running = held.enter_context(server)
        except Missing as missing:
            pytest.skip(str(missing))
        yield running


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer | NamedKafka]:
    """One broker that all tests share; each uses topics and groups of its own names."""
    with _or_skip(session.shared_kafka()) as server:
        yield server


@pytest.fixture(scope="session")
def secure_kafka(kafka: KafkaServer | NamedKafka) -> Iterator[KafkaServer]:
    """A broker that also listens for SASL_SSL: the shared one, unless somebody else runs that."""
    if isinstance(kafka, KafkaServer) and kafka.ports.secure:
        yield kafka
    else:
        with _or_skip(session.kafka_server(secure=True)) as server:
            yield server


@pytest.fixture(scope="session")
def elastic() -> Iterator[ElasticServer | NamedElastic]:
    """One node that all tests share; each uses indices of its own names."""
    with _or_skip(session.shared_elastic()) as server:
        yield server


@pytest.fixture
def own_kafka() -> Iterator[Callable[[int], KafkaServer]]:
    """Starts a cluster of so many brokers that this test may kill, pause and restart.

    All of that waits: a test whose own tasks must go on meanwhile calls it in `asyncio.to_thread`.
    """
    with ExitStack() as held:
        yield lambda brokers: held.enter_context(_or_skip(session.kafka_server(brokers)))


@pytest.fixture
def own_elastic() -> Iterator[Callable[[], ElasticServer]]:
    """Starts a node that this test may kill, pause and restart; it waits as `own_kafka` does."""
    with ExitStack() as held:
        yield lambda: held.enter_context(_or_skip(session.elastic_server()))


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
