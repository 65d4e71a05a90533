"""The functions t_...: relations of instants and intervals in time (OGC 21-065r2, after OWL-Time).

The property `datetime` here means all of the time that a record is about: from START to END. Any other property is an
instant; so is a timestamp or a date. `INTERVAL(a, b)` holds both its ends, which are properties (each as it stands),
timestamps, dates, or `..`: without end. A text is an instant, or an interval with `/` between its ends.

A relation is a comparison of ends; it is known where those that decide it are known. A date is all of its day, as in
`moments`: an interval that ends on a date is met by what begins on that day.
"""

from __future__ import annotations

from typing import Any

from catalogue.filters import END, START
from discovery_api.cql2 import moments
from discovery_api.cql2.limits import Wrong, shown
from discovery_api.cql2.moments import ALWAYS_AFTER, ALWAYS_BEFORE, FLIPPED, Moment
from discovery_api.cql2.operands import Named, operand
from discovery_api.cql2.truth import Truth, conjunction, constant, disjunction, known

End = str | Moment  # the name of a property, or a literal
_S1, _E1, _S2, _E2 = range(4)  # start and end of the first, start and end of the second
# Alternatives of ends that are all in this order.
RELATIONS: dict[str, tuple[tuple[tuple[int, str, int], ...], ...]] = {
    "t_after": (((_S1, ">", _E2),),),
    "t_before": (((_E1, "<", _S2),),),
    "t_disjoint": (((_E1, "<", _S2),), ((_S1, ">", _E2),)),
    "t_equals": (((_S1, "=", _S2), (_E1, "=", _E2)),),
    "t_intersects": (((_S1, "<=", _E2), (_E1, ">=", _S2)),),
    "t_contains": (((_S1, "<", _S2), (_E1, ">", _E2)),),
    "t_during": (((_S1, ">", _S2), (_E1, "<", _E2)),),
    "t_finishedby": (((_S1, "<", _S2), (_E1, "=", _E2)),),
    "t_finishes": (((_S1, ">", _S2), (_E1, "=", _E2)),),
    "t_meets": (((_E1, "=", _S2),),),
    "t_metby": (((_S1, "=", _E2),),),
    "t_overlappedby": (((_S1, ">", _S2), (_S1, "<", _E2), (_E1, ">", _E2)),),
    "t_overlaps": (((_S1, "<", _S2), (_E1, ">", _S2), (_E1, "<", _E2)),),
    "t_startedby": (((_S1, "=", _S2), (_E1, ">", _E2)),),
    "t_starts": (((_S1, "=", _S2), (_E1, "<", _E2)),),
}
INSTANTS_TOO = ("t_after", "t_before", "t_disjoint", "t_equals", "t_intersects")


def temporal(name: str, args: list[Any], where: str) -> Truth:
    """One relation between two times."""
    if len(args) != 2:
        raise Wrong(where, f"{name} takes two times, not {len(args)}")
    ends: list[End] = []
    for place, arg in enumerate(args):
        start, end, is_interval = _time(arg, f"{where}/args/{place}")
        if not is_interval and name not in INSTANTS_TOO:
            raise Wrong(
                f"{where}/args/{place}",
                f"{name} compares intervals, and this is an instant; {', '.join(INSTANTS_TOO)} compare instants too",
            )
        ends += (start, end)
    return disjunction(
        conjunction(_ordered(ends[left], order, ends[right], where) for left, order, right in together)
        for together in RELATIONS[name]
    )


def _ordered(left: End, order: str, right: End, where: str) -> Truth:
    if isinstance(left, Moment):
        if isinstance(right, Moment):
            return constant(moments.in_order(left, order, right))
        left, order, right = right, FLIPPED[order], left
    if isinstance(right, str):
        raise Wrong(
            where, "the times of two properties are not compared with each other here, only with literals"
        )
    return known((left,), moments.timed(left, order, right))


def _time(node: Any, where: str) -> tuple[End, End, bool]:
    """Start, end, and whether it is an interval."""
    if isinstance(node, str):
        return _text(node, where)
    if isinstance(node, dict) and "interval" in node:
        given = node["interval"]
        if not isinstance(given, list) or len(given) != 2:
            raise Wrong(where, "an interval has two ends")
        start, end = (_end(each, bool(n), f"{where}/interval/{n}") for n, each in enumerate(given))
        return *_forwards(start, end, where), True
    found = operand(node, where)
    if isinstance(found, Named) and not found.fold:
        return (START, END, True) if found.name == "datetime" else (found.name, found.name, False)
    if isinstance(found, Moment):
        return found, found, False
    raise Wrong(where, "this is no time: write a property, a timestamp, a date or an interval")


def _text(text: str, where: str) -> tuple[End, End, bool]:
    if "/" not in text:
        found = _end(text, False, where)
        return found, found, False
    first, _, last = text.partition("/")
    return *_forwards(_end(first or "..", False, where), _end(last or "..", True, where), where), True


def _end(node: Any, is_last: bool, where: str) -> End:
    if node == "..":
        return ALWAYS_AFTER if is_last else ALWAYS_BEFORE
    found = moments.moment_of(node) if isinstance(node, str) else operand(node, where)
    if isinstance(found, Named) and not found.fold:
        return found.name
    if isinstance(found, Moment):
        return found
    raise Wrong(where, f"{shown(node)} is no timestamp or date as RFC 3339 has it, and not `..`", shown(node))


def _forwards(start: End, end: End, where: str) -> tuple[End, End]:
    if isinstance(start, Moment) and isinstance(end, Moment) and start.first > end.last:
        raise Wrong(where, "the interval ends before it starts")
    return start, end
