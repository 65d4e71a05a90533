"""CQL2 JSON: within its limits, in the grammar, and where it is not.

`{}` is true here: that is what a client sends that filters by nothing. The parser turns every number into a double, so
it only says whether it knows the grammar, and what it was given is visited.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cql2
import orjson

from discovery_api.cql2.limits import DEPTH_MAX, INTEGER_MAX, JSON_BYTES_MAX, NODES_MAX, OPERATORS_MAX, Wrong

_JSON_DEPTH_MAX = 2 * DEPTH_MAX - 8  # an operator and its arguments; beyond that the parser gives up
_FORMS = (
    'an object with "op" and "args", "property", "timestamp", "date", "interval", "bbox" or a GeoJSON geometry, '
    "a text, a number, true, false or a list"
)


def decoded(text: str) -> Any:
    """CQL2 JSON that came as text."""
    if len(text.encode("utf-8", "surrogatepass")) > JSON_BYTES_MAX:
        raise Wrong("", f"a filter has at most {JSON_BYTES_MAX} bytes")
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise Wrong("", f"this is no JSON: {str(error)[:200]}") from error


def checked(given: Any) -> Any:
    """The same tree, if it is CQL2 JSON of a size that can be read."""
    if not isinstance(given, dict | bool):
        raise Wrong("", "a filter in CQL2 JSON is an object, true or false")
    if _measure(given):
        given = _completed(given)
    _judge(given, "")
    return given


def _measure(given: Any) -> bool:
    """Refuses what is too large, level by level: a client decides how deep it is. Whether some `{}` is in it."""
    nodes = operators = depth = 0
    empty, level = False, [given]
    while level:
        nodes += len(level)
        if nodes > NODES_MAX:
            raise Wrong("", f"a filter holds at most {NODES_MAX} values")
        if depth > _JSON_DEPTH_MAX:
            raise Wrong("", f"a filter is at most {DEPTH_MAX} operators deep")
        inner: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                empty = empty or not node
                operators += _is_operation(node)
                inner.extend(node.values())
            elif isinstance(node, list):
                inner.extend(node)
        if operators > OPERATORS_MAX:
            raise Wrong("", f"a filter holds at most {OPERATORS_MAX} operators; `in` takes lists of values")
        level, depth = inner, depth + 1
    return empty


def _is_operation(node: dict[str, Any]) -> bool:
    if "op" not in node:
        return False
    if not isinstance(node["op"], str) or not isinstance(node.get("args"), list):
        raise Wrong("", '"op" is a text, and beside it "args" is a list')
    return True


def _judge(node: Any, where: str) -> None:
    """Wrong at the innermost place that the parser does not know."""
    found = _fault(node)
    while found is not None:
        message = found
        for place, child in _children(node):
            found = _fault(child)
            if found is not None:
                node, where = child, f"{where}{place}"
                break
        else:
            raise Wrong(where, f"this is none of CQL2 JSON: {message}")


def _fault(node: Any) -> str | None:
    if isinstance(node, str):
        return None if node.isascii() or _is_unicode(node) else "half of a surrogate pair is no text"
    if node is None or isinstance(node, bool | float):
        return None
    if isinstance(node, int):
        return (
            None
            if -INTEGER_MAX // 2 <= node < INTEGER_MAX
            else f"an integer is from -2**63 to {INTEGER_MAX - 1}"
        )
    try:
        cql2.parse_json(orjson.dumps({"op": "in", "args": [node]}).decode())
    except orjson.JSONEncodeError as error:
        return str(error)[:200]
    except cql2.ParseError:
        return f"known are {_FORMS}"
    return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _completed(node: Any) -> Any:
    """The same, with true for every `{}`."""
    if isinstance(node, dict):
        return {name: _completed(each) for name, each in node.items()} if node else True
    return [_completed(each) for each in node] if isinstance(node, list) else node


def _children(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        args = node.get("args")
        if isinstance(args, list):
            yield from ((f"/args/{place}", each) for place, each in enumerate(args))
    elif isinstance(node, list):
        yield from ((f"/{place}", each) for place, each in enumerate(node))
