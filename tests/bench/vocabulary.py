"""What a pinned vocabulary costs: to load, to keep in memory, and to ask."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from cv.shelf import Shelf
from cv.vocabulary import Kind, Vocabulary

ROUNDS = 20_000
MIB = 1024 * 1024


def measure_load(folder: Path) -> dict[str, dict[str, float]]:
    """For each vocabulary of the shelf: milliseconds to load it, and MiB that it then holds."""
    shelf = Shelf(folder)
    found = {}
    for entry in shelf.known():
        start = time.perf_counter()
        vocabulary = shelf.load(entry.project, entry.sha256)
        load_ms = (time.perf_counter() - start) * 1e3
        if vocabulary is None:
            continue
        del vocabulary
        found[entry.label] = {"load_ms": load_ms, "mib": _held(shelf, entry.project, entry.sha256)}
    return found


def _held(shelf: Shelf, project: str, sha256: str) -> float:
    gc.collect()
    tracemalloc.start()
    vocabulary = shelf.load(project, sha256)
    if vocabulary is not None:
        _warm(vocabulary)
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / MIB


def _warm(vocabulary: Vocabulary) -> None:
    for name in vocabulary.facets:
        vocabulary.term(name, "no such term")


def measure_terms(vocabulary: Vocabulary) -> dict[str, float]:
    """Microseconds a question: a plain term, a pattern, a composite term, no term at all, and the nearest ones."""
    facets = vocabulary.facets.values()
    largest = max(facets, key=lambda facet: len(facet.plain))
    value = largest.terms[len(largest.terms) // 2].name
    asked: dict[str, Callable[[], object]] = {
        "plain": lambda: vocabulary.term(largest.name, value),
        "absent": lambda: vocabulary.term(largest.name, value + "x"),
        "nearest": lambda: vocabulary.nearest(largest.name, value + "x"),
    }
    for facet in facets:
        if facet.terms[0].kind is not Kind.PLAIN:
            asked[facet.name] = lambda name=facet.name: vocabulary.term(name, "r1i1p1f1")  # type: ignore[misc]
    return {name: _each(question, 200 if name == "nearest" else ROUNDS) for name, question in asked.items()}


def _each(question: Callable[[], object], rounds: int) -> float:
    question()
    start = time.perf_counter()
    for _ in range(rounds):
        question()
    return (time.perf_counter() - start) / rounds * 1e6
