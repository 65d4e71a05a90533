"""What all tests share: the data beside the repository, servers, and no silent skips where a server was promised.

Tests may be distributed over processes (`make test`, pytest-xdist): they share the servers then too, see
tests.servers.lending.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.servers import session
from tests.servers.elastic import ElasticServer
from tests.servers.kafka import KafkaServer
from tests.servers.lending import Lender, borrowed
from tests.servers.session import NamedElastic, NamedKafka
from tests.servers.tools import Missing

Server = TypeVar("Server")

pytest.register_assert_rewrite("tests.support", "tests.model.compare")  # their asserts tell what differs

ROOT = Path(__file__).resolve().parent.parent
LENDER = pytest.StashKey[Lender]()
# Where tests are distributed, each file is one piece; the longest begin first, so that none is left over at the end.
LONGEST = (
    "test_outages.py", "test_crash_boundaries.py", "test_simulation.py", "test_differential.py",
)  # fmt: skip
SHARED_SERVERS = {"kafka": session.shared_kafka, "elastic": session.shared_elastic}
LENT_SERVERS = {"kafka": session.lent_kafka, "elastic": session.lent_elastic}


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


@contextmanager
def _shared_server(config: pytest.Config, name: str) -> Iterator[Any]:
    lender = getattr(config, "workerinput", {}).get("lender")
    if lender is None:
        with SHARED_SERVERS[name]() as server:
            yield server
    else:
        yield borrowed(lender, name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a worker; who runs all tests one after the other sees the quick ones first."""
    if hasattr(config, "workerinput"):
        places = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_configure_node(node: Any) -> None:
    """Before a worker is started: it is told where to borrow the shared servers."""
    if LENDER not in node.config.stash:
        node.config.stash[LENDER] = Lender(LENT_SERVERS)
        node.config.add_cleanup(node.config.stash[LENDER].close)
    node.workerinput["lender"] = node.config.stash[LENDER].address


@pytest.fixture(scope="session")
def kafka(pytestconfig: pytest.Config) -> Iterator[KafkaServer | NamedKafka]:
    """One broker that all tests share; each uses topics and groups of its own names."""
    with _or_skip(_shared_server(pytestconfig, "kafka")) as server:
        yield server


@pytest.fixture(scope="session")
def secure_kafka(kafka: KafkaServer | NamedKafka) -> Iterator[KafkaServer | NamedKafka]:
    """A broker that also listens for SASL_SSL: the shared one, unless somebody else runs that."""
    if kafka.ports.secure if isinstance(kafka, KafkaServer) else kafka.secure_bootstrap:
        yield kafka
    else:
        with _or_skip(session.kafka_server(secure=True)) as server:
            yield server


@pytest.fixture(scope="session")
def elastic(pytestconfig: pytest.Config) -> Iterator[ElasticServer | NamedElastic]:
    """One node that all tests share; each uses indices of its own names."""
    with _or_skip(_shared_server(pytestconfig, "elastic")) as server:
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
