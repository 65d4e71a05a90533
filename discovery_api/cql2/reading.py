"""CQL2 as clients write it, turned into a filter of the catalogue."""

from __future__ import annotations

from itertools import islice
from typing import Any

from catalogue.filters import Filter, walk
from discovery_api.cql2.conditions import condition
from discovery_api.cql2.limits import GEOMETRIES_MAX, PARTS_MAX, Wrong
from discovery_api.cql2.text import parsed
from discovery_api.cql2.tree import checked, decoded
from discovery_api.cql2.vocabulary import SPATIAL
from stream.errors import Finding, Refused

TEXT, JSON = "cql2-text", "cql2-json"


def read_filter(given: Any, lang: str | None = None) -> Filter:
    """The filter that CQL2 text (a str) or CQL2 JSON (a dict or bool; as text, too) describes.

    `lang` is `cql2-text` or `cql2-json`; without it, text that begins with `{` is JSON. Refused (malformed-query)
    says in one sentence what is wrong and where: a character of the text, or a JSON pointer.
    """
    if lang not in (None, TEXT, JSON):
        raise _refused("/filter-lang", "filter-lang", f"is {TEXT} or {JSON}", None)
    try:
        if not isinstance(given, str):
            tree, in_json = checked(given), True
        else:
            in_json = lang == JSON or (lang is None and given.lstrip().startswith("{"))
            tree = checked(decoded(given)) if in_json else parsed(given)
        if _geometries(tree) > GEOMETRIES_MAX:
            raise Wrong(
                "", f"a filter has at most {GEOMETRIES_MAX} spatial functions; a geometry may have many parts"
            )
        found = condition(tree, "").yes
        if next(islice(walk(found), PARTS_MAX, None), None) is not None:
            raise Wrong("", f"the filter comes to more than {PARTS_MAX} conditions")
    except Wrong as wrong:
        where = wrong.where if not isinstance(given, str) or in_json else ""
        raise _refused(f"/filter{where}", f"filter{where}", wrong.message, wrong.value) from wrong
    return found


def _geometries(tree: Any) -> int:
    """How many spatial functions are in it."""
    found, waiting = 0, [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and "op" in node:
            found += node["op"].lower() in SPATIAL
            waiting += node.get("args", ())
    return found


def _refused(pointer: str, place: str, message: str, value: Any) -> Refused:
    return Refused("malformed-query", f"{place}: {message}", Finding("filter", pointer, message, value))
