"""P2: what a full validation costs, step by step; and what vocabularies cost to load and to keep."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from checks.checker import RuleChecker
from tests.bench import rules
from tests.bench.records import items
from tests.bench.vocabulary import measure_load
from transaction_api.body import parse_json

ROUNDS, BATCHES = 400, 15
STEPS = (
    "core schema", "extension schemas", "declarations", "identity", "terms", "cross checks", "geometry", "times",
    "assets", "locations",
)  # fmt: skip


async def measure_checks() -> dict[str, float]:
    """Microseconds: of a whole check of items that no check has seen before, of each step, and of reading the JSON."""
    checker = rules.book().of("CMIP6")
    assert isinstance(checker, RuleChecker)
    fresh = items(ROUNDS * 2)
    wrong = [finding for item in fresh[:20] for finding in checker.check(item) if finding.level == "error"]
    if wrong:
        raise RuntimeError(f"the items are not valid: {wrong[0]}")
    found = {f"check_{name}": _each(step, fresh) for name, step in checker.steps}
    found["check"] = _each(checker.check, items(ROUNDS, 7))
    bodies = [orjson.dumps(item) for item in fresh[:ROUNDS]]
    found["check_json"] = _each(parse_json, bodies)
    found["check_bytes"] = statistics.median(map(len, bodies))
    return found


def _each(step: Callable[[Any], object], inputs: list[Any]) -> float:
    """Microseconds for one of the inputs: the median of batches, since a machine that is shared has bad moments."""
    times = []
    for _ in range(BATCHES):
        start = time.perf_counter()
        for one in inputs:
            step(one)
        times.append((time.perf_counter() - start) / len(inputs) * 1e6)
    return statistics.median(times)


async def measure_vocabulary() -> dict[str, float]:
    """Milliseconds to load the flat CMIP6 vocabulary, and the MiB that it holds."""
    told = rules.folders()
    if not told:
        return {}
    [found] = measure_load(Path(told["vocabularies"])).values()
    return {"vocabulary_load": found["load_ms"], "vocabulary_mib": found["mib"]}
