"""Whatever goes wrong, in whatever order: two nodes end as the model says, byte for byte alike.

A failing seed is in the test's name, and fails again alone: `STACFED_TEST_SEED=17 pytest -k test_seed`.
STACFED_TEST_SEEDS asks for more seeds.
"""

from __future__ import annotations

import gc
import hashlib
import logging
import multiprocessing
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from tests.conftest import ROOT
from tests.support.faults import Kind
from tests.support.simulation import FAULTS_MIN, Simulation
from tests.support.virtual_time import run_virtual

ONE, ALL = os.environ.get("STACFED_TEST_SEED"), os.environ.get("STACFED_TEST_SEEDS", "200")
SEEDS = range(int(ALL)) if ONE is None else [int(ONE)]
EVENTS = 200
TWICE = """
from tests.integration.test_simulation import played
print(played(3).trace)
"""


class Played(Counter[str]):
    """How often what went wrong, and a digest of all that happened."""

    trace: str = ""


async def play(seed: int) -> Simulation:
    found = Simulation(seed, EVENTS)
    await found.run()
    await found.check()
    return found


def played(seed: int) -> Played:
    found = run_virtual(play(seed)).trouble
    kinds = {kind.name: count for kind, count in found.met.items()}
    result = Played({**kinds, "late": found.late, "parked": found.parked})
    result.trace = hashlib.sha256("\n".join(found.trace).encode()).hexdigest()
    return result


def only_play() -> None:
    """A process that does nothing else needs no messages, and hardly any collection of garbage."""
    logging.disable(logging.CRITICAL)
    gc.set_threshold(100_000)


Futures = dict[int, Future[Played]]


@pytest.fixture(scope="module")
def futures(request: pytest.FixtureRequest) -> Iterator[Futures]:
    """The seeds that were asked for, played by as many processes as there are cores."""
    params = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    seeds = sorted({found["seed"] for found in params if "seed" in found})
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), only_play) as pool:
        yield {seed: pool.submit(played, seed) for seed in seeds}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_seed(seed: int, futures: Futures) -> None:
    if futures[seed].exception() is not None:
        run_virtual(play(seed))  # it fails here in the same way, and with every detail
    met = futures[seed].result()
    assert sum(met[kind.name] for kind in Kind) >= FAULTS_MIN


def test_a_few_seeds_meet_every_kind_of_trouble() -> None:
    met = sum((played(seed) for seed in range(4)), start=Counter[str]())
    assert {name for name, count in met.items() if count} == {*(kind.name for kind in Kind), "late", "parked"}


def test_a_seed_is_the_same_history_in_every_process() -> None:
    traces = {
        subprocess.run(
            [sys.executable, "-c", TWICE],
            cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed}, check=True, capture_output=True, text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }  # fmt: skip
    assert len(traces) == 1
    assert len(traces.pop().strip()) == 64
