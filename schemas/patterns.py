"""Patterns that only a backtracking engine can match: they get values and names of a bounded length alone.

All others are matched in a time that grows with the length of the value. With these each step may look through the
whole value, so that a limit on the steps is not enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.outline import Outline, Schema

CHARS_MAX = 250  # of a value that is matched with such a pattern
BACKTRACKING = re.compile(r"\(\?(?:<?[=!]|>)|\\[1-9]|\\k<")
# `^(?!file:)`, as extensions write it, looks at the beginning only.
PREFIX = re.compile(r"\^\(\?![A-Za-z0-9_:-]+\)")


def is_backtracking(pattern: str) -> bool:
    """Whether a pattern looks around or back, other than for what a text must not begin with."""
    return BACKTRACKING.search(pattern) is not None and not PREFIX.fullmatch(pattern)


def names_matched(own: Outline) -> Iterator[tuple[str, str]]:
    """(pointer, pattern) of each such pattern for the names of members, whose length nothing can bound."""
    for place in own.places.values():
        patterns = place.schema.get("patternProperties")
        for pattern in patterns if isinstance(patterns, dict) else ():
            if is_backtracking(pattern):
                yield place.pointer + "/patternProperties", pattern


def bounded(own: Outline) -> Schema:
    """The document itself, with such patterns put behind a limit on the length of the value."""
    for place in own.places.values():
        pattern, others = place.schema.get("pattern"), place.schema.get("allOf", [])
        if isinstance(pattern, str) and is_backtracking(pattern) and isinstance(others, list):
            del place.schema["pattern"]
            limit = {"maxLength": CHARS_MAX}
            place.schema["allOf"] = [*others, {"if": limit, "then": {"pattern": pattern}, "else": limit}]
    return own.document
