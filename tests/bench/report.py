"""How figures are named, taken several times and printed."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

RUNS = 5


@dataclass(frozen=True)
class Figure:
    """One number that is measured: its goal in words, and whether more or less of it is better."""

    name: str
    unit: str
    goal: str
    values: Sequence[float]

    def row(self) -> str:
        """A row of the table: median and spread."""
        low, high = min(self.values), max(self.values)
        median = statistics.median(self.values)
        return f"| {self.name} | {self.goal} | {median:,.2f} {self.unit} | {low:,.2f} - {high:,.2f} |"


async def repeated(
    measure: Callable[[], Awaitable[dict[str, float]]], runs: int = RUNS
) -> dict[str, list[float]]:
    """The figures of several runs, by name."""
    found: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, value in (await measure()).items():
            found.setdefault(name, []).append(value)
    return found


def table(figures: Sequence[Figure]) -> str:
    """The table of all figures."""
    head = "| figure | goal | median | least - most |\n|---|---|---|---|"
    return "\n".join([head, *(figure.row() for figure in figures)])


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
