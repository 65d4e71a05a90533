"""Searches: parameters (in the form of a POST) into the store's query, and who sees what of the result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from catalogue.filters import NOTHING, Ability
from catalogue.lifecycle import State
from catalogue.store import COLLECTIONS, ITEMS, Query
from discovery_api.fields import COLLECTION, ITEM, Fields, read_fields
from discovery_api.refusals import malformed
from discovery_api.selecting import read_selection
from discovery_api.sorting import read_sorts
from discovery_api.tokens import Tokens, search_digest

LIMIT_MAX = 10_000
LIMIT_DEFAULT = {ITEMS: 10, COLLECTIONS: 1000}  # clients of old look at the first page of Collections alone
TEXTS_MAX = 10_000
RETRACTED_MODES = ("exclude", "hide-data", "include")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """A search. `show_data`: retracted records show their data. `asked`: how many records,
    where a number was asked for; a page holds fewer than a high one.

    `digest` stands for what page tokens belong to.
    """

    query: Query
    fields: Fields | None
    show_data: bool
    asked: int | None
    digest: bytes


@dataclass(frozen=True, slots=True)
class Searches:
    """Reads searches. `retracted` tells what some collections show of retracted records by default."""

    retracted: Callable[[Sequence[str]], str]
    tokens: Tokens
    abilities: Set[Ability]

    def read(self, parameters: Mapping[str, Any], collection: str | None = None, kind: str = ITEMS) -> Search:
        """The search; `collection` where it is asked of one. Refused (malformed-query) says what is not understood."""
        digest = search_digest(parameters, kind, collection or "")
        token = parameters.get("token")
        turn = None if token is None else self.tokens.read(token, digest)
        named = texts(parameters, "collections")
        collections = named if collection is None else (collection,)
        mode, purged = modes(parameters, self.retracted(collections))
        ids = texts(parameters, "ids")
        asked = read_limit(parameters)
        filter_, about_retracted = read_selection(parameters, self.abilities)
        if collection is not None and named and collection not in named:
            filter_ = NOTHING
        query = Query(
            kind,
            collections,
            ids,
            filter_,
            seen_states(mode, purged=purged, named=bool(ids) or about_retracted),
            read_sorts(parameters.get("sortby")),
            LIMIT_DEFAULT[kind] if asked is None else min(asked, LIMIT_MAX),
            turn.place if turn else None,
            turn.backwards if turn else False,
        )
        fields = read_fields(parameters, ITEM if kind == ITEMS else COLLECTION)
        return Search(query, fields, mode == "include", asked, digest)


def read_limit(parameters: Mapping[str, Any]) -> int | None:
    """How many records are asked for. More than LIMIT_MAX is no error (OGC 17-069r4); a page holds no more."""
    value = parameters.get("limit")
    if value is None:
        return None
    whole = (
        isinstance(value, int | float) and not isinstance(value, bool) and value % 1 == 0
    )  # 10.0 is a 10, too
    if not whole or value < 1:
        raise malformed("limit", f"is a whole number from 1; a page holds at most {LIMIT_MAX}")
    return int(value)


def texts(parameters: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts, or a single one; each once."""
    found = parameters.get(name) or []
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise malformed(name, "is a list of texts")
    if len(found) > TEXTS_MAX:
        raise malformed(name, f"holds more than {TEXTS_MAX} texts")
    return tuple(dict.fromkeys(found))


def modes(parameters: Mapping[str, Any], retracted: str) -> tuple[str, bool]:
    """What is shown of retracted records, by default what `retracted` says, and whether purged ones are shown."""
    mode, purged = parameters.get("retracted"), parameters.get("purged", "exclude")
    if mode is not None and mode not in RETRACTED_MODES:
        raise malformed("retracted", f"is one of {', '.join(RETRACTED_MODES)}")
    if purged not in ("exclude", "include"):
        raise malformed("purged", "is exclude or include")
    return mode or retracted, purged == "include"


def seen_states(mode: str, *, purged: bool, named: bool) -> frozenset[State]:
    """The states that are looked at. `named`: ids are given, or the filter is about being retracted."""
    states = {State.ACTIVE}
    if named or mode != RETRACTED_MODES[0]:
        states.add(State.RETRACTED)
    if purged:
        states.add(State.PURGED)
    return frozenset(states)
