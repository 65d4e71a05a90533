"""The sort extension: `+name,-name` of a GET, a list of {field, direction} of a POST, in either place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from catalogue.filters import END, START
from catalogue.store import Sort
from discovery_api.nearness import nearest
from discovery_api.refusals import malformed, shown
from discovery_api.times import TIMES

SORTS_MAX = 16
OWN = ("id", "collection", *TIMES)
SURE = frozenset({"id", "collection", START, END, "created", "updated", "latest", "retracted", "deprecated"})
NOT_SORTED = frozenset({"geometry", "bbox", "assets", "links", "properties", "type"})
DIRECTIONS = {"asc": False, "desc": True}


def read_sorts(value: Any) -> tuple[Sort, ...]:
    """The orders that are asked for, the first one foremost. Refused (malformed-query) says which is not understood.

    Records are about a time and not always at one: `datetime` and `start_datetime` are where that begins,
    `end_datetime` is where it ends, in the order of time however they are written.
    """
    if value is None:
        return ()
    wanted = [name for name in value.split(",") if name.strip()] if isinstance(value, str) else value
    if isinstance(wanted, dict):
        wanted = [wanted]
    if not isinstance(wanted, list):
        raise malformed("sortby", 'is a list of {"field": name, "direction": "asc" or "desc"}')
    if len(wanted) > SORTS_MAX:
        raise malformed("sortby", f"names more than {SORTS_MAX} fields")
    found: dict[str, Sort] = {}
    for number, each in enumerate(wanted):
        sort = _from_text(each) if isinstance(each, str) else _from_object(each, f"sortby/{number}")
        found.setdefault(sort.name, sort)
    return tuple(found.values())


def is_sure(sort: Sort) -> bool:
    """Whether every record has what it sorts by."""
    return sort.name in SURE


def check_sorts(sorts: Iterable[Sort], known: Iterable[str]) -> None:
    """Refused (malformed-query) where a field is none that any record has, naming the near ones."""
    names = {*known, *OWN}
    for sort in sorts:
        if not is_sure(sort) and sort.name not in names:
            raise malformed(
                "sortby", f"names {shown(sort.name)}, which no record has{nearest(sort.name, names)}"
            )


def _from_text(text: str) -> Sort:
    """A plus of an address arrives as a space."""
    name = text.strip()
    return _sort(name.lstrip("+-") if name[:1] in "+-" else name, name.startswith("-"), "sortby")


def _from_object(value: Any, place: str) -> Sort:
    if not isinstance(value, dict) or not isinstance(value.get("field"), str):
        raise malformed(place, 'is an object: {"field": name, "direction": "asc" or "desc"}')
    direction = value.get("direction", "asc")
    if not isinstance(direction, str) or direction.lower() not in DIRECTIONS:
        raise malformed(f"{place}/direction", "is asc or desc")
    return _sort(value["field"], DIRECTIONS[direction.lower()], f"{place}/field")


def _sort(name: str, descending: bool, place: str) -> Sort:
    plain = name.removeprefix("properties.")
    if not plain or name in NOT_SORTED or "\0" in name:
        raise malformed(place, f"{shown(name)} is nothing to sort by; any property, id or collection is")
    return Sort(TIMES.get(plain, plain), descending)
