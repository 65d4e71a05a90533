"""CQL2 text: measured, parsed, and its numbers as they were written."""

from __future__ import annotations

import math
import re
from typing import Any

import cql2

from discovery_api.cql2.limits import (
    CONDITIONS_MAX,
    DEPTH_MAX,
    NODES_MAX,
    TEXT_BYTES_MAX,
    WORK_MAX,
    Wrong,
    shown,
)

_TOKEN = re.compile(
    r"(?P<text>'[^']*'|\"[^\"]*\")|(?P<word>[^\W\d][\w.:]*)|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<sign>\S)"
)
_JOINS = frozenset({"and", "or"})
_DEEPER = frozenset({"not", "like", "between", "div", "is", "in", *"+-*/%^=<>"})
_PLACE = re.compile(r"-->\s*(\d+):(\d+)")
_DIGITS_EXACT = 15
_INTEGER_MAX = 2**63


def parsed(text: str) -> Any:
    """CQL2 text as CQL2 JSON. Integers are integers again."""
    if len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX:
        raise Wrong("", f"a filter has at most {TEXT_BYTES_MAX} bytes")
    if "\0" in text or not text.strip():
        raise Wrong("", "a filter in CQL2 text is not empty, and holds no NUL")
    _measure(text)
    try:
        tree = cql2.parse_text(text).to_json()
    except Exception as error:
        # Of geometries that it cannot read the parser says so by a bare Exception.
        if type(error) not in (cql2.ParseError, Exception):
            raise
        raise _unreadable(text, str(error)) from error
    return _numbers(tree)


class _Level:
    """What is within one pair of brackets: operators in a row, and how deep it is at its deepest."""

    __slots__ = ("at", "bare", "deepest", "inner", "row")

    def __init__(self, bare: int, at: int) -> None:
        self.bare, self.at = bare, at
        self.row = self.inner = self.deepest = 0

    def cut(self) -> None:
        self.deepest = max(self.deepest, self.row + self.inner)
        self.row = self.inner = 0


def _measure(text: str) -> None:
    """Refuses what would be too deep or too much work for the parser. Never counts too little: it knows no grammar."""
    levels = [_Level(0, 0)]
    work = joins = end = 0
    after_name = False
    for token in _TOKEN.finditer(text):
        found, level = token.group(), levels[-1]
        word = found.lower()
        work += (token.end() - end) << level.bare
        end = token.end()
        if found == "(":
            levels.append(_Level(level.bare + (not after_name), token.start()))
        elif found == ")":
            if len(levels) == 1:
                raise Wrong("", f"the bracket at character {token.start() + 1} closes none")
            level.cut()
            levels.pop()
            levels[-1].inner = max(levels[-1].inner, level.deepest + 1)
        elif word in _JOINS or found == ",":
            joins += found != ","
            level.cut()
        elif word in _DEEPER:
            level.row += 1
        _limit(text, token.start(), work, joins, len(levels) + level.row + level.inner)
        after_name = token.lastgroup == "word" and word not in _JOINS and word not in _DEEPER
        if token.lastgroup == "number":
            _exact(found, token.start())
    if len(levels) > 1:
        raise Wrong("", f"the bracket at character {levels[-1].at + 1} is not closed")


def _limit(text: str, at: int, work: int, joins: int, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise Wrong("", f"at character {at + 1} the filter is more than {DEPTH_MAX} operators deep")
    if joins > CONDITIONS_MAX:
        raise Wrong("", f"a filter joins at most {CONDITIONS_MAX} conditions; `in` takes lists of values")
    if work > WORK_MAX:
        raise Wrong(
            "", f"at character {at + 1} there is too much within brackets; CQL2 JSON can be longer and deeper"
        )


def _exact(number: str, at: int) -> None:
    if len(number) > _DIGITS_EXACT and number.isdigit():
        value = int(number) if len(number) < 400 else None
        if value is None or value != int(float(number)):
            raise Wrong(
                "", f"at character {at + 1} {shown(number)} has too many digits; CQL2 JSON keeps 19 of them"
            )


def _unreadable(text: str, message: str) -> Wrong:
    place = _PLACE.search(message)
    if place is None:
        return Wrong(
            "", f"the filter cannot be read: {shown(message.splitlines()[0] if message else 'no reason')}"
        )
    line, column = int(place[1]), int(place[2])
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :] if line <= len(lines) else ""
    at = sum(len(each) + 1 for each in lines[: line - 1]) + column
    said = f"`{shown(rest[:20])}` was not expected" if rest.strip() else "something is missing"
    return Wrong("", f"the filter cannot be read at character {at}: {said}", rest[:20] or None)


def _numbers(tree: Any) -> Any:
    """Without recursion beyond what was measured; at most NODES_MAX nodes."""
    budget = [NODES_MAX]

    def visit(node: Any) -> Any:
        budget[0] -= 1
        if budget[0] < 0:
            raise Wrong("", f"a filter holds at most {NODES_MAX} values")
        if isinstance(node, dict):
            return {name: visit(each) for name, each in node.items()}
        if isinstance(node, list):
            return [visit(each) for each in node]
        if isinstance(node, float):
            if not math.isfinite(node):
                raise Wrong("", "a number is too large")
            return int(node) if node.is_integer() and abs(node) < _INTEGER_MAX else node
        return node

    return visit(tree)
