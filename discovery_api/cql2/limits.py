"""How much a filter may hold, and how it is said that one is wrong.

The parser of the grammar is recursive and runs on the native stack: a text of some thousand brackets would end the
process, so depth is measured before. It also tries what stands in brackets as an expression and then as a list, so a
mistake within n of them costs 2**n times as much to find: that is measured too.
"""

from __future__ import annotations

from typing import Any

TEXT_BYTES_MAX = 65_536  # of CQL2 text
JSON_BYTES_MAX = 262_144  # of CQL2 JSON given as text; as part of a body, that has its own limit
DEPTH_MAX = 64  # of operators and functions within each other
NODES_MAX = 100_000  # values, lists and objects of JSON; a position of a geometry is three of them
CONDITIONS_MAX = 2_000  # that `and` and `or` join in text
OPERATORS_MAX = 4_000  # in JSON
GEOMETRIES_MAX = 32  # each is made normal, which takes as long as a search
VALUES_MAX = 20_000  # of one list
PARTS_MAX = 20_000  # of the filter that is made
INTEGER_MAX = 2**64
PATTERN_CHARACTERS_MAX = 1_024
NAME_CHARACTERS_MAX = 256
WORK_MAX = 250_000  # characters that the parser may have to look at; it manages a million in about a second
SHOWN_CHARACTERS_MAX = 80


class Wrong(Exception):
    """A filter that cannot be read: where (a JSON pointer below the filter), and a sentence that says why."""

    def __init__(self, where: str, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.where, self.message, self.value = where, message, value


def shown(value: Any) -> str:
    """A value of a client as part of a sentence: short, and printable."""
    text = value if isinstance(value, str) else repr(value)
    cut = text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + "..."
    return cut if cut.isprintable() else ascii(cut)[1:-1]
