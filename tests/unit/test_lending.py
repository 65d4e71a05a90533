"""Servers that all processes of a test run share: started once, when first asked for, and stopped whatever happens."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.servers.lending import Lender, borrowed
from tests.servers.process import NotReady
from tests.servers.tools import Missing

pytest_plugins = ["pytester"]

WAIT_S = 60.0


class Told(list[str]):
    """What has happened to a server that does not exist."""

    def starts(self, problem: Exception | None = None) -> Callable[[], AbstractContextManager[str]]:
        @contextmanager
        def server() -> Iterator[str]:
            self.append("started")
            if problem:
                raise problem
            yield "host:1"
            self.append("stopped")

        return server


def test_one_server_for_all_who_ask_until_the_lender_ends() -> None:
    told = Told()
    with closing(Lender({"kafka": told.starts(), "elastic": Told().starts()})) as lender:
        assert told == []
        with ThreadPoolExecutor() as workers:
            answers = workers.map(lambda _: borrowed(lender.address, "kafka"), range(8))
        assert list(answers) == ["host:1"] * 8
        assert told == ["started"]
    assert told == ["started", "stopped"]
    assert not Path(lender.address).parent.exists()


@pytest.mark.parametrize("problem", [Missing("server: install it"), NotReady("it ended")])
def test_what_does_not_start_is_not_tried_again(problem: Exception) -> None:
    told = Told()
    with closing(Lender({"kafka": told.starts(problem)})) as lender:
        for _ in range(2):
            with pytest.raises(type(problem), match=str(problem)):
                borrowed(lender.address, "kafka")
    assert told == ["started"]


def test_who_goes_away_while_a_server_starts_disturbs_nobody() -> None:
    told, go = Told(), threading.Event()

    @contextmanager
    def slow() -> Iterator[str]:
        with told.starts()() as server:
            go.wait(WAIT_S)
            yield server

    with closing(Lender({"kafka": slow})) as lender:
        with Client(lender.address, "AF_UNIX") as silent, Client(lender.address, "AF_UNIX") as gone:
            gone.send("kafka")
            while not told:
                time.sleep(0.01)
            silent.close()
        go.set()
        assert borrowed(lender.address, "kafka") == "host:1"
    assert told == ["started", "stopped"]


CONFTEST = """
from contextlib import contextmanager

@contextmanager
def fake_kafka():
    with open("told.txt", "a") as told:
        told.write("started\\n")
    try:
        yield session.NamedKafka("host:1")
    finally:
        with open("told.txt", "a") as told:
            told.write("stopped\\n")

LENT_SERVERS["kafka"] = fake_kafka
"""
WITH_KAFKA = """
from pathlib import Path

def test_kafka(kafka):
    assert kafka.bootstrap == "host:1"
    with Path("told.txt").open("a") as told:
        told.write("used\\n")
"""
WITHOUT = "def test_nothing(): pass"
ENDLESS = """
import time

def test_endless(kafka):
    print(kafka.bootstrap)
    open("endless.txt", "w").close()
    time.sleep(100)
"""

# What a shell starts in the background would ignore SIGINT.
INTERRUPTIBLE = """
import pytest, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(pytest.main(sys.argv[1:]))
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Test runs with this repository's conftest.py, and a Kafka that tells when it starts and stops."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("STACFED_TEST_KAFKA", raising=False)
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text() + CONFTEST)
    pytester.makeini("[pytest]\nmarkers = needs_server: needs a server")
    return pytester


def told_in(run: pytest.Pytester) -> list[str]:
    file = run.path / "told.txt"
    return file.read_text().split() if file.exists() else []


def test_two_workers_share_one_server(run: pytest.Pytester) -> None:
    run.makepyfile(test_a=WITH_KAFKA, test_b=WITH_KAFKA, test_c=WITHOUT)
    run.runpytest_subprocess("-n2", "--dist=loadfile", "-p", "no:asyncio").assert_outcomes(passed=3)
    assert told_in(run) == ["started", "used", "used", "stopped"]


def test_no_server_starts_for_tests_that_need_none(run: pytest.Pytester) -> None:
    run.makepyfile(test_a=WITH_KAFKA, test_c=WITHOUT)
    result = run.runpytest_subprocess("-n2", "--dist=loadfile", "-p", "no:asyncio", "-k", "nothing")
    result.assert_outcomes(passed=1)
    assert told_in(run) == []


def test_an_interrupted_run_stops_its_server(run: pytest.Pytester) -> None:
    run.makepyfile(test_a=ENDLESS)
    command = [sys.executable, "-c", INTERRUPTIBLE, "-n1", "-p", "no:asyncio"]
    with subprocess.Popen(command, cwd=run.path, stdout=subprocess.DEVNULL) as running:
        end = time.monotonic() + WAIT_S
        while not (run.path / "endless.txt").exists():
            assert time.monotonic() < end, "it never began"
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert running.wait(WAIT_S) == pytest.ExitCode.INTERRUPTED
    assert told_in(run) == ["started", "stopped"]
