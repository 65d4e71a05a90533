"""Each single test of a filter in the server's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from catalogue import elastic_terms as terms
from catalogue.elastic_document import present
from catalogue.elastic_either import Either, any_of
from catalogue.elastic_ranges import TIMES, between, between_instants, microseconds, only
from catalogue.elastic_shapes import asked_shape
from catalogue.elastic_words import asked_words
from catalogue.facts import WORDS_MAX, is_long
from catalogue.filters import Between, Filter, Like, Located, OneOf, Only, Present, Relation, Spatial, Words
from catalogue.instants import Instant
from catalogue.likes import Token, parsed
from catalogue.store import Unanswerable

WILDCARDS_MAX = 200  # of one pattern
_SPECIAL = re.compile(r"([*?\\])")


def leaf(part: Filter) -> Either:
    """A test that has no others in it. ValueError, with a sentence, for one that this store cannot do."""
    return _LEAVES.get(type(part), _unable)(part)


def _unable(part: Filter) -> Either:
    raise ValueError("This store cannot compare properties with each other, nor compute with them.")


def _present(part: Present) -> Either:
    if part.name in TIMES:
        return Either(queries=[{"exists": {"field": TIMES[part.name]}}])
    return Either(queries=any_of("names", present(part.name)))


def _one_of(part: OneOf) -> Either:
    if part.name in TIMES:
        return Either(queries=any_of(TIMES[part.name], microseconds(part.values)))
    instants = [value for value in part.values if isinstance(value, Instant)]
    others = [value for value in part.values if not isinstance(value, Instant)]
    found = [term for value in others for term in terms.equal_terms(part.name, value, part.fold)]
    return Either(found, [between_instants(part.name, instant, instant) for instant in instants])


def _like(part: Like) -> Either:
    if part.name in TIMES or not terms.is_text(part.pattern):
        return Either()
    tokens, open_end = parsed(part.pattern)
    wild = open_end + sum(token.gap + (token.letter is None) for token in tokens)
    if not wild:
        text = "".join(token.letter or "" for token in tokens)
        return Either() if is_long(text) else _one_of(OneOf(part.name, (text,), part.fold))
    if wild > WILDCARDS_MAX:
        raise Unanswerable(
            f"The pattern has more than the {WILDCARDS_MAX} wildcards that this store can answer."
        )
    if len(tokens) > terms.CODE_CHARACTERS_MAX:
        return Either()
    start, pattern = _escaped(terms.start_of(part.name)), _wildcards(tokens, open_end)
    letters = terms.text_letters(part.fold)
    return Either(
        queries=[{"wildcard": {"terms": {"value": start + letter + pattern}}} for letter in letters]
    )


def _wildcards(tokens: Sequence[Token], open_end: bool) -> str:
    found, gap = [], False
    for token in tokens:
        gap = gap or token.gap
        if token.letter is None:  # "any, one" is "one, any", which takes the server fewer steps
            found.append("?")
        else:
            found.append(("*" if gap else "") + _escaped(token.letter))
            gap = False
    return "".join(found) + ("*" if gap or open_end else "")


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _spatial(part: Spatial) -> Either:
    found = {"geo_shape": {"shape": {"shape": asked_shape(part.shape), "relation": "intersects"}}}
    if part.relation is Relation.INTERSECTS:
        return Either(queries=[found])
    if part.relation is Relation.DISJOINT:
        located = _located(Located()).alternatives()
        return Either(queries=[{"bool": {"filter": located, "must_not": [found]}}], levels=1)
    raise ValueError(
        f"This store can tell whether geometries intersect, not what {part.relation.value!r} asks."
    )


def _located(part: Located) -> Either:
    return Either(terms=[terms.LOCATED])


def _words(part: Words) -> Either:
    text = asked_words(part.words)
    if text is None or len(part.words) > WORDS_MAX:
        return Either()
    if not part.words:
        return Either(all=True)
    if len(part.words) == 1:
        return Either(queries=[{"term": {"text": text}}])
    return Either(queries=[{"match_phrase": {"text": text}}])


_LEAVES: dict[type, Callable[[Any], Either]] = {
    Present: _present,
    OneOf: _one_of,
    Between: between,
    Like: _like,
    Only: only,
    Spatial: _spatial,
    Located: _located,
    Words: _words,
}
