"""What a filter asks of a store, and which properties it mentions."""

from __future__ import annotations

from collections.abc import Set

from catalogue.filters import (
    END,
    START,
    Ability,
    Arithmetic,
    Between,
    Filter,
    Formula,
    Like,
    OneOf,
    Only,
    Present,
    Property,
    Spatial,
    Term,
    needed,
    walk,
)
from stream.errors import Finding, Refused


def check_abilities(whole: Filter, abilities: Set[Ability]) -> None:
    """Refused (malformed-query) where the filter needs what the store cannot do: says what, and what it can."""
    if needed(whole) <= abilities:
        return
    for part in walk(whole):
        if needed(part) - abilities and isinstance(part, Spatial | Formula):
            message = _sentence(part, abilities)
            raise Refused("malformed-query", f"filter: {message}", Finding("filter", "/filter", message))


def named(whole: Filter) -> set[str]:
    """The names of the properties that a filter mentions, without `properties.`; not those of the ends of time."""
    found: set[str] = set()
    for part in walk(whole):
        if isinstance(part, Present | OneOf | Between | Like | Only):
            found.add(part.name)
        elif isinstance(part, Formula):
            found |= _in_term(part.left) | _in_term(part.right)
    return found - {START, END}


def _sentence(part: Spatial | Formula, abilities: Set[Ability]) -> str:
    if isinstance(part, Spatial):
        return f"s_{part.relation.value} is not available at this node; s_intersects and s_disjoint are"
    if Ability.ARITHMETIC in needed(part):
        return "arithmetic (+ - * / % ^ div) with properties is not available at this node" + (
            "; comparing two properties is" if Ability.PROPERTIES in abilities else "; compare with literals"
        )
    return "two properties cannot be compared with each other at this node; compare each with a literal"


def _in_term(term: Term) -> set[str]:
    if isinstance(term, Arithmetic):
        return _in_term(term.left) | _in_term(term.right)
    return {term.name} if isinstance(term, Property) else set()
