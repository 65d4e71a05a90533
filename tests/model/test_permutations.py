"""Every history of three events over the whole alphabet, after each of a few beginnings: fold and model agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from catalogue.lifecycle import ACTIONS
from tests.model.alphabet import KINDS, skewed
from tests.model.compare import check
from tests.model.model import Model
from tests.support.fold import MemoryFold, placed

LENGTH = 3
BEGINNINGS = {
    "v1": ["publish v1"],
    "v1 and v2": ["publish v1", "publish v2"],
    "v1 with a copy": ["publish v1", "replica-add v1 at b", "correct v1, access asset"],
}
# The longest histories are tried after the first beginning only; the others get every pair.
CASES = [("v1", LENGTH), ("v1 and v2", LENGTH - 1), ("v1 with a copy", LENGTH - 1)]


def step(model: Model, fold: MemoryFold, name: str, n: int) -> None:
    ((position, event),) = placed([replace(KINDS[name](n), time=skewed(n))], first=n)
    check(model, fold, position, event)


def branch(model: Model, fold: MemoryFold) -> tuple[Model, MemoryFold]:
    """Copies to go on with; nobody changes a stored document in place, so the documents are shared."""
    other = Model()
    other.datasets, other.outcomes = dict(model.datasets), dict(model.outcomes)
    return other, MemoryFold(dict(fold.documents))


def explore(model: Model, fold: MemoryFold, history: list[str], length: int) -> int:
    """Tries every continuation; the number of histories that were complete."""
    if length == 0:
        return 1
    complete = 0
    for name in KINDS:
        there, then = branch(model, fold)
        try:
            step(there, then, name, len(history) + 1)
        except AssertionError as error:
            raise AssertionError(f"after {history}, {name}: {error}") from error
        complete += explore(there, then, [*history, name], length - 1)
    return complete


def test_the_alphabet_holds_every_action() -> None:
    assert {kind(1).action for kind in KINDS.values()} == set(ACTIONS)


@pytest.mark.parametrize(("beginning", "length"), CASES)
def test_every_history(beginning: str, length: int) -> None:
    model, fold, history = Model(), MemoryFold(), BEGINNINGS[beginning]
    for n, name in enumerate(history, start=1):
        step(model, fold, name, n)
    assert explore(model, fold, history, length) == len(KINDS) ** length
