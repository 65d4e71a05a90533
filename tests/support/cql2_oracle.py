"""CQL2 on plain STAC Items, slowly: three values, one record after the other, straight from the JSON of an expression.

True, False, and None for unknown. It shares nothing with the visitors under test but the normal form of geometries.
What they refuse is not for here. A property has elements: those of its list, or the scalar that it is.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import shapely

from catalogue.shapes import box, normal

Json = Any
Value = Any
TIMES = {
    "datetime", "start_datetime", "end_datetime", "created", "updated", "published", "expires", "unpublished",
}  # fmt: skip
LONG_BYTES = 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _US
_LATEST = (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC) - _EPOCH) // _US
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class Span(NamedTuple):
    """A time, from its first to its last microsecond."""

    first: float
    last: float


def evaluate(node: Json, item: dict[str, Any]) -> bool | None:
    """Whether a condition is true of an Item."""
    if isinstance(node, bool):
        return node
    if not node:
        return True
    if "property" in node:
        found = _elements(node["property"], item)
        return None if found is None else any(element is True for element in found)
    op, args = node["op"].lower(), node["args"]
    if op == "and":
        return _all(evaluate(arg, item) for arg in args)
    if op == "or":
        return _not(_all(_not(evaluate(arg, item)) for arg in args))
    if op == "not":
        return _not(evaluate(args[0], item))
    if op == "isnull":
        return _is_null(args[0], item)
    for prefix, relate in (("t_", _temporal), ("s_", _spatial), ("a_", _array)):
        if op.startswith(prefix):
            return relate(op, args, item)
    return _predicate(op, args, item)


def _predicate(op: str, args: list[Json], item: dict[str, Any]) -> bool | None:
    if op in ("<>", "!="):
        return _not(_predicate("=", args, item))
    if op == "in":
        value, listed = args
        return _not(_all(_not(_predicate("=", [value, each], item)) for each in listed))
    if op == "like":
        elements = _values(args[0], item)
        pattern = _values(args[1], item)[0]  # type: ignore[index]
        if elements is None:
            return None
        return any(isinstance(e, str) and not _is_long(e) and _like(pattern, e) for e in elements)
    if op == "between":
        if any(_depends(arg) for arg in args[1:]) or not _depends(args[0]):
            ends = (_predicate(">=", args[:2], item), _predicate("<=", [args[0], args[2]], item))
            return _all(ends)
        value, low, high = (_values(arg, item) for arg in _as_times(args))
        if value is None:
            return None
        return any(
            _compare(">=", e, low[0]) and _compare("<=", e, high[0])  # type: ignore[index]
            for e in value
        )
    for place, arg in enumerate(args):
        if isinstance(arg, dict) and "op" in arg and isinstance(args[1 - place], bool):
            inner = evaluate(arg, item)
            return None if inner is None else inner == args[1 - place]
    left, right = (_values(arg, item) for arg in _as_times(args))
    if left is None or right is None:
        return None
    if any(_is_computed(arg) and _depends(arg) for arg in args) and len(left) + len(right) != 2:
        return False  # arithmetic is with one number
    return any(_compare(op, a, b) for a in left for b in right)


def _is_null(node: Json, item: dict[str, Any]) -> bool:
    if isinstance(node, dict) and node.get("property") == "geometry":
        return _shape(node, item) is None
    if isinstance(node, dict) and node.get("op", "").lower() not in ("", "casei", "accenti", *_SIGNS):
        return evaluate(node, item) is None
    if isinstance(node, dict) and ("op" in node or "property" in node):
        return _values(node, item) is None
    return node is None


def _values(node: Json, item: dict[str, Any]) -> list[Value] | None:
    """What an operand may be, None: unknown."""
    if isinstance(node, Span):
        return [node]
    if not isinstance(node, dict):
        return [node]
    if "property" in node:
        return _elements(node["property"], item)
    if "timestamp" in node or "date" in node:
        return [_span(next(iter(node.values())))]
    op, args = node["op"].lower(), node["args"]
    inner = [_values(arg, item) for arg in args]
    if any(each is None for each in inner):
        return None
    if op in ("casei", "accenti"):
        texts = [each for each in inner[0] if isinstance(each, str)]  # type: ignore[union-attr]
        short = [each for each in texts if not _is_long(each)] if _depends(args[0]) else texts
        return [_folded(op, each) for each in short]
    return _computed(op, *inner)  # type: ignore[arg-type]


def _computed(op: str, left: list[Value], right: list[Value]) -> list[Value]:
    if len(left) != 1 or len(right) != 1 or not (_is_number(left[0]) and _is_number(right[0])):
        return []
    try:
        found = _SIGNS[op](float(left[0]), float(right[0]))
    except (ArithmeticError, ValueError):
        return []
    return [found] if math.isfinite(found) else []


_SIGNS: dict[str, Callable[[float, float], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": math.pow,
    "%": math.fmod,
    "div": lambda a, b: float(math.trunc(a / b)) if math.isfinite(a / b) else math.inf,
}


def _compare(op: str, a: Value, b: Value) -> bool:
    if isinstance(a, Span) or isinstance(b, Span):
        a, b = (_point(each) if isinstance(each, str) else each for each in (a, b))
        if not (isinstance(a, Span) and isinstance(b, Span)):
            return False
        less, same = a.last < b.first, a.first <= b.last and b.first <= a.last
        return {"=": same, "<": less, "<=": less or same, ">": not less and not same, ">=": not less}[op]
    if _kind(a) != _kind(b) or (op != "=" and (isinstance(a, bool) or _is_long(a) or _is_long(b))):
        return False
    return bool({"=": a == b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[op])


def _as_times(args: list[Json]) -> list[Json]:
    """Texts beside a property that is known to be a time are times, where they are written as such."""
    names = {_bare(arg["property"]) for arg in args if isinstance(arg, dict) and "property" in arg}
    if not names & TIMES:
        return args
    return [(_span(arg) or arg) if isinstance(arg, str) else arg for arg in args]


# Time.


def _temporal(op: str, args: list[Json], item: dict[str, Any]) -> bool | None:
    (a, b), (c, d) = (_ends(arg, item) for arg in args)

    def is_(left: list[Value] | None, order: str, right: list[Value] | None) -> bool | None:
        if left is None or right is None:
            return None
        return any(_compare(order, x, y) for x in left for y in right)

    rules: dict[str, Callable[[], bool | None]] = {
        "t_after": lambda: is_(a, ">", d),
        "t_before": lambda: is_(b, "<", c),
        "t_disjoint": lambda: _not(_all((_not(is_(a, ">", d)), _not(is_(b, "<", c))))),
        "t_intersects": lambda: _all((is_(a, "<=", d), is_(b, ">=", c))),
        "t_equals": lambda: _all((is_(a, "=", c), is_(b, "=", d))),
        "t_contains": lambda: _all((is_(a, "<", c), is_(b, ">", d))),
        "t_during": lambda: _all((is_(a, ">", c), is_(b, "<", d))),
        "t_finishes": lambda: _all((is_(a, ">", c), is_(b, "=", d))),
        "t_finishedby": lambda: _all((is_(a, "<", c), is_(b, "=", d))),
        "t_starts": lambda: _all((is_(a, "=", c), is_(b, "<", d))),
        "t_startedby": lambda: _all((is_(a, "=", c), is_(b, ">", d))),
        "t_meets": lambda: is_(b, "=", c),
        "t_metby": lambda: is_(a, "=", d),
        "t_overlaps": lambda: _all((is_(a, "<", c), is_(b, ">", c), is_(b, "<", d))),
        "t_overlappedby": lambda: _all((is_(a, ">", c), is_(a, "<", d), is_(b, ">", d))),
    }
    return rules[op]()


def _ends(node: Json, item: dict[str, Any]) -> tuple[list[Value] | None, list[Value] | None]:
    if isinstance(node, str):
        first, _, last = node.partition("/")
        return _end(first, item, -math.inf), _end(last if "/" in node else first, item, math.inf)
    if "interval" in node:
        return _end(node["interval"][0], item, -math.inf), _end(node["interval"][1], item, math.inf)
    if _bare(node.get("property", "")) == "datetime":
        properties = item["properties"]
        times = [_span(properties.get(name)) for name in ("datetime", "start_datetime", "end_datetime")]
        start, end = times[1] or times[0], times[2] or times[0]
        # A record's date is its midnight, as is every element that is one.
        return tuple([Span(each.first, each.first)] if each else None for each in (start, end))  # type: ignore[return-value]
    found = _values(node, item)
    return found, found


def _end(node: Json, item: dict[str, Any], without: float) -> list[Value] | None:
    if node in ("..", ""):
        return [Span(without, without)]
    return [_span(node)] if isinstance(node, str) else _values(node, item)


def _span(text: Value) -> Span | None:
    """All of a day, or a point."""
    if not isinstance(text, str) or not text.isascii():
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            midnight = (date.fromisoformat(text) - _EPOCH.date()).days * 86_400_000_000
            return Span(midnight, midnight + 86_400_000_000 - 1)
        found = _TIME.fullmatch(text)
        if found is None:
            return None
        second, fraction = found[3], (found[4] or ".0")[:7].ljust(7, "0")
        if second == "60":
            second, fraction = "59", ".999999"
        zone = "+00:00" if found[5] in "Zz" else found[5]
        moment = datetime.fromisoformat(f"{found[1]}T{found[2]}:{second}{fraction}{zone}")
        at = (moment - _EPOCH) // _US
    except (ValueError, OverflowError):
        return None
    return Span(at, at) if _EARLIEST <= at <= _LATEST else None


def _point(text: str) -> Span | None:
    """The time that an element is: of a date, its midnight."""
    found = _span(text)
    return Span(found.first, found.first) if found else None


# Space and lists.


def _spatial(op: str, args: list[Json], item: dict[str, Any]) -> bool | None:
    left, right = (_shape(arg, item) for arg in args)
    if left is None or right is None:
        return None
    return bool(getattr(shapely, op.removeprefix("s_"))(left, right))


def _shape(node: Json, item: dict[str, Any]) -> Any:
    if "property" in node:
        return _normal(json.dumps([item.get("geometry"), item.get("bbox")]))
    if "bbox" in node:
        edges, middle = node["bbox"], len(node["bbox"]) // 2
        return box(edges[0], edges[1], edges[middle], edges[middle + 1])
    return _normal(json.dumps([node, None]))


@lru_cache(maxsize=4096)
def _normal(geometry_and_box: str) -> Any:
    return normal(*json.loads(geometry_and_box))


def _array(op: str, args: list[Json], item: dict[str, Any]) -> bool | None:
    left, right = (_members(arg, item) for arg in args)
    if left is None or right is None:
        return None

    def has(those: list[Value], this: Value) -> bool:
        return any(_compare("=", this, each) for each in those)

    within = all(has(right, each) for each in left)
    holds = all(has(left, each) for each in right)
    return {
        "a_contains": holds,
        "a_containedby": within,
        "a_equals": holds and within,
        "a_overlaps": any(has(right, each) for each in left),
    }[op]


def _members(node: Json, item: dict[str, Any]) -> list[Value] | None:
    if isinstance(node, dict) and "property" in node:
        return _elements(node["property"], item)
    found = [
        each
        for member in (node if isinstance(node, list) else [node])
        for each in _values(member, item) or ()
    ]
    return [Span(each.first, each.first) if isinstance(each, Span) else each for each in found]


# Elements.


def _elements(name: str, item: dict[str, Any]) -> list[Value] | None:
    name = _bare(name)
    value = item[name] if name in ("id", "collection") else item["properties"].get(name)
    if value is None:
        return None
    return [
        each
        for each in (value if isinstance(value, list) else [value])
        if isinstance(each, str | int | float)
    ]


def _bare(name: str) -> str:
    return name.removeprefix("properties.")


def _depends(node: Json) -> bool:
    """Whether it mentions a property."""
    if isinstance(node, dict):
        return "property" in node or any(_depends(arg) for arg in node.get("args", ()))
    return False


def _is_computed(node: Json) -> bool:
    return isinstance(node, dict) and node.get("op", "").lower() in _SIGNS


def _kind(value: Value) -> type:
    return bool if isinstance(value, bool) else float if isinstance(value, int | float) else type(value)


def _is_number(value: Value) -> bool:
    return _kind(value) is float


def _is_long(value: Value) -> bool:
    return isinstance(value, str) and len(value.encode()) > LONG_BYTES


def _folded(op: str, text: str) -> str:
    if op == "casei":
        return text.casefold()
    letters = unicodedata.normalize("NFD", text)
    return unicodedata.normalize(
        "NFC", "".join(each for each in letters if unicodedata.category(each) != "Mn")
    )


def _like(pattern: str, text: str) -> bool:
    found, place = "", 0
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\" and place + 1 < len(pattern):
            place += 1
            found += re.escape(pattern[place])
        else:
            found += {"%": ".*", "_": "."}.get(letter, re.escape(letter))
        place += 1
    return re.fullmatch(found, text, re.DOTALL) is not None


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _all(values: Iterable[bool | None]) -> bool | None:
    found = list(values)
    if False in found:
        return False
    return None if None in found else True
