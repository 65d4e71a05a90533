"""Whatever goes wrong, in whatever order: two nodes end as the model says, byte for byte alike.

A failing seed is the test's name and fails again: `pytest -k "seed and [17]"`. STACFED_TEST_SEEDS asks for more.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.support.faults import Kind
from tests.support.simulation import FAULTS_MIN, Simulation
from tests.support.virtual_time import run_virtual

SEEDS = int(os.environ.get("STACFED_TEST_SEEDS", "200"))
LONG, SHORT = 200, 50
TWICE = """
from tests.integration.test_simulation import played
print(played(3))
"""


async def play(seed: int) -> Simulation:
    found = Simulation(seed, LONG if seed % 20 == 0 else SHORT)
    await found.run()
    await found.check()
    return found


def played(seed: int) -> str:
    """What happened, in short."""
    return hashlib.sha256("\n".join(run_virtual(play(seed)).trouble.trace).encode()).hexdigest()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_seed(seed: int) -> None:
    found = run_virtual(play(seed))
    assert found.trouble.met.total() >= FAULTS_MIN


def test_a_few_seeds_meet_every_kind_of_fault() -> None:
    met = sum(
        (run_virtual(play(seed)).trouble.met for seed in range(3)),
        start=type(Simulation(0, 0).trouble.met)(),
    )
    assert set(met) == set(Kind)


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
