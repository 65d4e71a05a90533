"""Alternatives in the server's words, kept flat: terms of the one field of terms, and queries of any kind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

TERMS_MAX = 65_536  # in one list

Json = dict[str, Any]
MATCH_ALL: Json = {"match_all": {}}
MATCH_NONE: Json = {"match_none": {}}


@dataclass(slots=True)
class Either:
    """What is found by one of these terms or one of these queries; of none: nothing. `levels` nest in the queries."""

    terms: list[str] = field(default_factory=list)
    queries: list[Json] = field(default_factory=list)
    all: bool = False
    levels: int = 0

    def add(self, other: Either) -> None:
        self.terms += other.terms
        self.queries += other.queries
        self.all = self.all or other.all
        self.levels = max(self.levels, other.levels)

    def alternatives(self) -> list[Json]:
        """One query for each."""
        if self.all:
            return [MATCH_ALL]
        return [*any_of("terms", self.terms), *self.queries]

    def query(self) -> tuple[Json, int]:
        """One query for all, and its levels."""
        found = self.alternatives()
        if not found:
            return MATCH_NONE, 0
        if len(found) == 1:
            return found[0], self.levels
        return {"bool": {"should": found, "minimum_should_match": 1}}, self.levels + 1


def any_of(name: str, values: Iterable[Any]) -> list[Json]:
    """Queries of which one finds what has one of the values: as many as the server's limit makes necessary."""
    wanted = list(dict.fromkeys(values))
    if len(wanted) == 1:
        return [{"term": {name: wanted[0]}}]
    return [
        {"terms": {name: wanted[start : start + TERMS_MAX]}} for start in range(0, len(wanted), TERMS_MAX)
    ]


def one_of(name: str, values: Iterable[Any]) -> Json:
    """The same as one query."""
    return Either(queries=any_of(name, values)).query()[0]
