"""P2: what a full validation costs, step by step; and what vocabularies cost to load and to keep."""

from __future__ import annotations

import statistics
import time
from typing import Any

import orjson

from checks.checker import RuleChecker
from tests.bench import rules
from tests.bench.records import items
from tests.bench.vocabulary import measure_load
from transaction_api.body import parse_json

ITEMS, AGAIN = 4_000, 1_000
VOCABULARIES = {"cmip7": "cmip7", "newer": "cmip6 unversioned", "flat": "cmip6"}
STEPS = (
    "core schema", "extension schemas", "declarations", "identity", "terms", "cross checks", "geometry", "times",
    "assets", "locations",
)  # fmt: skip


async def measure_checks() -> dict[str, float]:
    """Microseconds, each the median over items that were read a moment before, as at a door: of a whole check, of
    each of its steps, and of reading the JSON."""
    checker = rules.book().of("CMIP6")
    assert isinstance(checker, RuleChecker)
    bodies = [orjson.dumps(item) for item in items(ITEMS)]
    wrong = [one for body in bodies[:20] for one in checker.check(orjson.loads(body)) if one.level == "error"]
    if wrong:
        raise RuntimeError(f"the items are not valid: {wrong[0]}")
    whole, reading, steps = list[float](), list[float](), {name: list[float]() for name, _ in checker.steps}
    for number, body in enumerate(bodies):
        start = time.perf_counter()
        item = parse_json(body)
        middle = time.perf_counter()
        if number % 2:
            checker.check(item)
            whole.append(time.perf_counter() - middle)
            reading.append(middle - start)
        else:
            for name, step in checker.steps:
                start = time.perf_counter()
                step(item)
                steps[name].append(time.perf_counter() - start)
    found = {f"check_{name}": statistics.median(times) * 1e6 for name, times in steps.items()}
    found |= {"check": statistics.median(whole) * 1e6, "check_json": statistics.median(reading) * 1e6}
    found["check_again"] = min(_again(checker, item) for _ in range(5))
    return found | {"check_bytes": statistics.median(map(len, bodies))}


def _again(checker: RuleChecker, item: dict[str, Any]) -> float:
    """Microseconds for an item that was checked a moment before, so that all is in the processor's caches."""
    start = time.perf_counter()
    for _ in range(AGAIN):
        checker.check(item)
    return (time.perf_counter() - start) / AGAIN * 1e6


async def measure_vocabulary() -> dict[str, float]:
    """Of each real vocabulary the milliseconds to load it, and the MiB of Python objects that it holds."""
    folder = rules.vocabularies()
    if folder is None:
        return {}
    found: dict[str, float] = {}
    for label, cost in measure_load(folder).items():
        name = next(name for name, begins in VOCABULARIES.items() if label.startswith(begins))
        found |= {f"{name}_load": cost["load_ms"], f"{name}_mib": cost["mib"]}
    return found
