"""Seeded random searches over `tests.support.corpus`: filters, orders, aggregations."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from catalogue.aggregations import Aggregation, Extremes, Files, Histogram, Names, Step, Terms
from catalogue.facts import words_of
from catalogue.filters import (
    END,
    NODES,
    START,
    All,
    Arithmetic,
    Between,
    Filter,
    Formula,
    Like,
    Located,
    Not,
    Number,
    OneOf,
    Only,
    Present,
    Property,
    Relation,
    Some,
    Spatial,
    Term,
    Words,
)
from catalogue.folds import Fold, folded
from catalogue.instants import Instant, instant_of
from catalogue.lifecycle import State
from catalogue.shapes import box, normal
from catalogue.store import Query, Sort
from tests.support import corpus
from tests.support.corpus import COLLECTIONS_KNOWN, NAMES, NODES_KNOWN, NUMBERS, TEXTS, TIMES, WORDS

OFF_GRID_DEG = 0.123  # so that no edge of a search lies on one of the corpus
INSTANTS = tuple(instant for text in TIMES if (instant := instant_of(text)) is not None)


def asked_filter(rng: Random, depth: int = 3) -> Filter:
    """A filter, at most so deep."""
    if depth and rng.random() < 0.5:
        parts = tuple(
            asked_filter(rng, depth - 1) for _ in range(rng.choices((0, 1, 2, 3), (1, 2, 10, 5))[0])
        )
        joined: list[Filter] = [All(parts), Some(parts), Not(asked_filter(rng, depth - 1))]
        return rng.choice(joined)
    return rng.choice(_LEAVES)(rng)


def asked_query(rng: Random, **told: Any) -> Query:
    """A search for items."""
    some_states = frozenset({State.ACTIVE, State(rng.choice(("retracted", "withdrawn")))})
    query: dict[str, Any] = {
        "filter": asked_filter(rng),
        "sort": asked_sort(rng),
        "limit": rng.choice([1, 10, 500]),
        "states": rng.choice([frozenset({State.ACTIVE}), some_states]),
        "collections": rng.choice([(), (), ("c",), ("é", "D"), ("c", "unknown")]),
        "backwards": rng.random() < 0.3,
    }
    return Query(**query | told)


def asked_sort(rng: Random) -> tuple[Sort, ...]:
    """Up to three properties."""
    names = rng.sample([*NAMES, "id", "collection", START, END, "unknown"], rng.choice([0, 1, 1, 2, 3]))
    return tuple(Sort(name, rng.random() < 0.5) for name in names)


def asked_counts(rng: Random) -> list[Aggregation]:
    """Some aggregations."""
    made: list[Callable[[], Aggregation]] = [
        lambda: Terms(_name(rng), rng.choice([1, 3, 10_000])),
        lambda: Histogram(rng.choice(list(Step)), rng.choice([START, END])),
        lambda: Extremes(rng.choice(["n", "mixed", "x", "y", START, END, "unknown"])),
        Files,
        Names,
    ]
    return [rng.choice(made)() for _ in range(rng.randint(1, 4))]


def _name(rng: Random) -> str:
    return rng.choice([*NAMES, "text", "mixed", "mixed", "time", "id", "collection", NODES, "unknown"])


def _values(rng: Random) -> tuple[Any, ...]:
    makers: list[Callable[[], Any]] = [
        lambda: corpus.value(rng), lambda: rng.choice(INSTANTS), lambda: rng.choice("xyzab"), lambda: rng.randint(0, 7),
        lambda: rng.choice(NODES_KNOWN), lambda: rng.choice(COLLECTIONS_KNOWN),
    ]  # fmt: skip
    return tuple(rng.choice(makers)() for _ in range(rng.choice([0, 1, 1, 2, 5])))


def _fold(rng: Random) -> Fold:
    return rng.choice([Fold.NONE, Fold.NONE, Fold.CASE, Fold.ACCENTS, Fold.BOTH])


def _one_of(rng: Random) -> Filter:
    fold, values = _fold(rng), _values(rng)
    if rng.random() < 0.8:
        values = tuple(folded(one, fold) if isinstance(one, str) else one for one in values)
    return OneOf(_name(rng), values, fold)


def _only(rng: Random) -> Filter:
    """Never with instants beside texts that name some: ElasticStore refuses that."""
    values = _values(rng)
    if any(isinstance(one, str) and instant_of(one) for one in values):
        values = tuple(one for one in values if not isinstance(one, Instant))
    return Only(_name(rng), values)


def _between(rng: Random) -> Filter:
    kind, fold, ends = rng.randrange(4), Fold.NONE, (None, None)
    found: list[Any]
    if kind == 0:
        found, name = sorted(rng.choices(NUMBERS, k=2)), rng.choice(["n", "mixed", "x", "y", "odd.name"])
    elif kind == 1:
        fold = _fold(rng)
        found = sorted(
            folded(one, fold) for one in rng.choices([text for text in TEXTS if len(text) < 99], k=2)
        )
        name = rng.choice(["text", "mixed", "facet", "title", "id", "time", "collection", NODES])
    else:
        found = [
            Instant(one.us + rng.choice([-1, 0, 0, 1])) for one in sorted(rng.choices(INSTANTS[1:-1], k=2))
        ]
        name = rng.choice([START, END, START, END, "time", "datetime", "mixed"])
    if rng.random() < 0.1:
        found.reverse()
    ends = rng.choice([(found[0], found[1]), (found[0], found[1]), (None, found[1]), (found[0], None)])
    return Between(name, *ends, rng.random() < 0.7, rng.random() < 0.7, fold)


def _like(rng: Random) -> Filter:
    fold, name = (
        _fold(rng),
        rng.choice(["text", "text", "mixed", "facet", "title", "id", "collection", "time", "n"]),
    )
    text = rng.choice([rng.choice(TEXTS), rng.choice(WORDS), rng.choice(TIMES)])[:20]
    place = rng.randint(0, len(text))
    pattern = rng.choice(
        [text, text[:place] + "%", "%" + text[place:], f"%{text[place : place + 2]}%", text[:place] + "_%", "%",
         text[:place] + "_" + text[place + 1 :], text[:place] + "%" + text[place + 1 :],
         text[:place] + "\\" + text[place:]]
    )  # fmt: skip
    return Like(name, folded(pattern, fold), fold)


def _spatial(rng: Random) -> Filter:
    relation = rng.choice([Relation.INTERSECTS, Relation.INTERSECTS, Relation.DISJOINT, *Relation])
    kind = rng.random()
    if kind < 0.6:
        west, south = rng.randint(-180, 340), rng.randint(-90, 88)
        width, height = rng.choice([1, 5, 40, 170]), rng.choice([1, 20, 90])
        south_north = south + OFF_GRID_DEG, min(90, south + height + OFF_GRID_DEG)
        return Spatial(
            relation, box(west + OFF_GRID_DEG, south_north[0], min(360, west + width), south_north[1])
        )
    if kind < 0.7:
        return Spatial(relation, box(-180, -90, 180, 90))
    shape = None
    while shape is None:
        found = corpus.geometry(rng)
        shape = normal(_nudged(found)) if found else None
    return Spatial(relation, shape)


def _nudged(found: Any) -> Any:
    """The geometry off the grid; what goes round the globe stays so."""
    if isinstance(found, dict):
        return {name: _nudged(member) for name, member in found.items()}
    if isinstance(found, list) and found and isinstance(found[0], int | float):
        nudge = 0 if abs(found[0]) in (0, 180, 360) else OFF_GRID_DEG
        return [found[0] + nudge, max(-90, min(90, found[1] + OFF_GRID_DEG))]
    return [_nudged(member) for member in found] if isinstance(found, list) else found


def _words(rng: Random) -> Filter:
    found = words_of(" ".join(rng.sample(WORDS, 3)))
    place = rng.randrange(len(found))
    return Words(tuple(found[place : place + rng.choice([1, 1, 2])]))


def _formula(rng: Random) -> Filter:
    names = ["n", "x", "y", "mixed", "odd.name", "text", "time", "unknown"]
    order = rng.choice(["=", "<", "<=", ">", ">="])
    if rng.random() < 0.5:
        return Formula(order, Property(rng.choice(names)), Property(rng.choice(names)))
    return Formula(order, _term(rng, 2), _term(rng, 1))


def _term(rng: Random, depth: int) -> Term:
    if depth == 0 or rng.random() < 0.2:
        number = Number(rng.choice([0, 1, 2, 3.5, 7]))
        return number if rng.random() < 0.5 else Property(rng.choice(["x", "y", "odd.name", "n"]))
    sign = rng.choice(["+", "-", "*", "/", "%", "^", "div"])
    return Arithmetic(sign, _term(rng, depth - 1), _term(rng, depth - 1))


_LEAVES: tuple[Callable[[Random], Filter], ...] = (
    _one_of, _one_of, _between, _between, _between, _like, _like, _spatial, _words, _formula,
    lambda rng: Present(rng.choice([*NAMES, START, END, "id"])), _only,
    lambda rng: Located(),
)  # fmt: skip
