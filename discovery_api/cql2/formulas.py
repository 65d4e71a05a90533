"""Properties compared with each other, and arithmetic: formulas, which not every store can evaluate."""

from __future__ import annotations

from collections.abc import Iterator

from catalogue.filters import NOTHING, Arithmetic, Formula, Number, Property, Term
from discovery_api.cql2.limits import Wrong
from discovery_api.cql2.moments import TIME_NAMES
from discovery_api.cql2.operands import Computed, Named, Operand
from discovery_api.cql2.truth import Truth, known


def formula(order: str, left: Operand, right: Operand, where: str) -> Truth:
    """One side names a property, and the other one too, or one is computed. Known where all properties are present."""
    present = [*names(left), *names(right)]
    if any(isinstance(side, str | bool | tuple) for side in (left, right)):
        return known(present, NOTHING)  # a number that is computed is no text, truth value or time
    sides = [side for side in (left, right) if isinstance(side, Named)]
    if any(side.fold for side in sides):
        raise Wrong(where, "casei and accenti compare a property with texts, not with another property")
    if len(sides) == 2 and any(side.name in TIME_NAMES for side in sides):
        raise Wrong(
            where, "a time is compared with a timestamp, a date or an interval, not with another property"
        )
    return known(present, Formula(order, _term(left), _term(right)))


def names(of: Operand) -> tuple[str, ...]:
    """The properties in an operand."""
    if isinstance(of, Named):
        return (of.name,)
    return tuple(dict.fromkeys(_in_term(of.term))) if isinstance(of, Computed) else ()


def _in_term(term: Term) -> Iterator[str]:
    waiting = [term]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Arithmetic):
            waiting += [part.right, part.left]
        elif isinstance(part, Property):
            yield part.name


def _term(side: Operand) -> Term:
    if isinstance(side, Computed):
        return side.term
    return Property(side.name) if isinstance(side, Named) else Number(side)  # type: ignore[arg-type]
