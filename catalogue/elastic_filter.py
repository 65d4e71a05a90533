"""Filters in the server's words: all of them in filter context, none of them a script.

What is joined by "or" is kept as flat as it can be: however many equalities there are, on whichever properties, they
are one list of terms. A filter that the server would not take is refused here, with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catalogue.elastic_either import Either, Json
from catalogue.elastic_leaves import leaf
from catalogue.filters import All, Filter, Not, Some
from catalogue.store import Unanswerable

CLAUSES_MAX = 1000  # of all kinds together; every server takes 1,024
NESTED_MAX = 24  # levels of what is sent; a server takes 30, and some are around these
READ_MAX = 150  # levels of a filter, most of which usually fall away


def compiled(whole: Filter) -> Json:
    """The query for a filter. ValueError, with a sentence, for one that cannot be asked."""
    found, levels = _either(whole, 0).query()
    if levels > NESTED_MAX:
        raise _too_deep()
    if _clauses(found) > CLAUSES_MAX:
        raise Unanswerable(
            f"The filter has more than the {CLAUSES_MAX} conditions that this store can answer."
        )
    return found


def _too_deep() -> ValueError:
    return ValueError(f"The filter is nested deeper than the {NESTED_MAX} levels that this store can answer.")


def _clauses(query: Json) -> int:
    """As the server counts them: a list of terms is one."""
    inner = query.get("bool")
    if inner is None:
        return 1
    return sum(_clauses(one) for part in ("filter", "must_not", "should") for one in inner.get(part, ()))


def _either(part: Filter, depth: int) -> Either:
    if depth > READ_MAX:
        raise _too_deep()
    part = _peeled(part)
    match part:
        case All():
            return _every(_flat(part, All), depth)
        case Not():
            return _every([part], depth)
        case Some():
            found = Either()
            for one in _flat(part, Some):
                found.add(_either(one, depth + 1))
            return Either(all=True) if found.all else found
    return leaf(part)


def _every(parts: Iterable[Filter], depth: int) -> Either:
    within: list[Either] = []
    without = Either()
    for part in parts:
        if isinstance(part, Not):
            without.add(_either(part.part, depth + 1))
            continue
        found = _either(part, depth + 1)
        if not found.all:
            within.append(found)
    if without.all or any(not found.alternatives() for found in within):
        return Either()
    outside = without.alternatives()
    if not outside and len(within) < 2:
        return within[0] if within else Either(all=True)
    inside = [found.query() for found in within]
    joined = {"filter": [query for query, _ in inside], "must_not": outside}
    levels = 1 + max([without.levels, *(levels for _, levels in inside)])
    return Either(
        queries=[{"bool": {name: queries for name, queries in joined.items() if queries}}], levels=levels
    )


def _peeled(part: Filter) -> Filter:
    while isinstance(part, Not) and isinstance(part.part, Not):
        part = part.part.part
    return part


def _flat(whole: All | Some, kind: type[All | Some]) -> Iterator[Filter]:
    """The parts, and those of parts of the same kind, in order."""
    waiting = list(reversed(whole.parts))
    while waiting:
        part = _peeled(waiting.pop())
        if isinstance(part, kind):
            waiting.extend(reversed(part.parts))
        else:
            yield part
