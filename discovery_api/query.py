"""Searches as they arrive: ids, collections, limits and equality, in GET and POST forms, into the store's query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.lifecycle import State
from catalogue.store import Equals, Query
from stream.errors import Finding, Refused

LIMIT_MAX = 10_000
TERMS_MAX = 1000
DEPTH_MAX = 20
KNOWN = {"ids", "collections", "limit", "filter", "filter-lang", "query", "token", "retracted", "purged"}
RETRACTED_MODES = ("exclude", "hide-data", "include")


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the store's query, and whether retracted records show their data."""

    query: Query
    show_data: bool


def read_search(body: Mapping[str, Any], retracted: str = "exclude") -> Search:
    """The search in a POST body or in GET parameters; `retracted` is what it shows of these unless it says so itself.

    Refused (malformed-query) says which part is not understood.
    """
    body = {"retracted": retracted, **body}
    unknown = sorted(body.keys() - KNOWN)
    if unknown:
        raise _refused(f"/{unknown[0]}", f"not supported here; this search knows {', '.join(sorted(KNOWN))}")
    filters = [*_filter(body.get("filter"), 0), *_query(body.get("query"))]
    if len(filters) > TERMS_MAX:
        raise _refused("/filter", f"more than {TERMS_MAX} terms")
    ids = _texts(body, "ids")
    states = _states(body, bool(ids) or any(equals.name == "retracted" for equals in filters))
    query = Query(
        collections=_texts(body, "collections"),
        ids=ids,
        filters=tuple(filters),
        states=states,
        limit=_limit(body.get("limit", 10)),
        after=_text(body, "token"),
    )
    return Search(query, body["retracted"] == "include")


def _states(body: Mapping[str, Any], named: bool) -> frozenset[State]:
    mode = body["retracted"]
    if mode not in RETRACTED_MODES:
        raise _refused("/retracted", f"is one of {', '.join(RETRACTED_MODES)}")
    if body.get("purged", "exclude") not in ("exclude", "include"):
        raise _refused("/purged", "is exclude or include")
    states = {State.ACTIVE}
    if named or mode != "exclude":
        states.add(State.RETRACTED)
    if body.get("purged") == "include":
        states.add(State.PURGED)
    return frozenset(states)


def _filter(node: Any, depth: int) -> list[Equals]:
    """CQL2 JSON with `and` and `=`."""
    if node is None or node == {}:
        return []
    if depth > DEPTH_MAX:
        raise _refused("/filter", f"is nested deeper than {DEPTH_MAX}")
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        raise _refused("/filter", 'is CQL2 JSON: {"op": ..., "args": [...]}')
    if node.get("op") == "and":
        return [equals for argument in node["args"] for equals in _filter(argument, depth + 1)]
    if node.get("op") != "=" or len(node["args"]) != 2:
        raise _refused("/filter", f"{str(node.get('op'))[:40]!r} is not supported yet; use `=` and `and`")
    name, value = node["args"]
    if isinstance(value, dict):
        name, value = value, name
    if not isinstance(name, dict) or not isinstance(name.get("property"), str):
        raise _refused("/filter", "`=` compares a property with a value")
    return [_equals(name["property"], value, "/filter")]


def _query(query: Any) -> list[Equals]:
    """The query extension with `eq`."""
    if query is None:
        return []
    if not isinstance(query, dict):
        raise _refused("/query", 'is an object: {"name": {"eq": value}}')
    found = []
    for name, condition in query.items():
        if not isinstance(condition, dict) or condition.keys() != {"eq"}:
            raise _refused(f"/query/{name}", "only `eq` is supported yet")
        found.append(_equals(name, condition["eq"], f"/query/{name}"))
    return found


def _equals(name: str, value: Any, where: str) -> Equals:
    if not isinstance(value, str | int | float | bool):
        raise _refused(where, f"{name} is compared with a text, a number or a boolean")
    return Equals(name.removeprefix("properties."), value)


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = body.get(name) or []
    found = [found] if isinstance(found, str) else found
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise _refused(f"/{name}", "is a list of texts")
    if len(found) > LIMIT_MAX:
        raise _refused(f"/{name}", f"holds more than {LIMIT_MAX} texts")
    return tuple(found)


def _text(body: Mapping[str, Any], name: str) -> str | None:
    found = body.get(name)
    if found is not None and not isinstance(found, str):
        raise _refused(f"/{name}", "is a text")
    return found


def _limit(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LIMIT_MAX:
        raise _refused("/limit", f"is a whole number from 1 to {LIMIT_MAX}")
    return value


def _refused(pointer: str, message: str) -> Refused:
    return Refused("malformed-query", f"{pointer.strip('/')} {message}", Finding("query", pointer, message))
