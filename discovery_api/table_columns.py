"""The columns of a table of items: what each property is, learned from the items that are going to be in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import orjson

COLUMNS_MAX = 2000  # properties with a column of their own
NAME_CHARACTERS_MAX = 256
WHOLE_MAX = 2**63 - 1
# What is a column for every table; a property of such a name cannot have one.
FIXED = (
    "id",
    "collection",
    "geometry",
    "bbox",
    "stac_version",
    "stac_extensions",
    "links",
    "assets",
    "other",
)
RESERVED = frozenset({*FIXED, "type", "properties"})
TIMES = (
    "datetime",
    "start_datetime",
    "end_datetime",
    "created",
    "updated",
    "published",
    "expires",
    "unpublished",
)
_NONE = type(None)


class Form(Enum):
    """What a column holds, or the elements of its lists; `types` are those of JSON that may be of this form."""

    TRUTH = "truth", (bool,)
    WHOLE = "whole", (int,)  # 64 bits
    NUMBER = "number", (int, float)
    TEXT = "text", (str,)
    TIME = "time", (str,)
    JSON = "json", ()  # objects, lists of lists, and what is not the same everywhere

    def __init__(self, label: str, types: tuple[type, ...]) -> None:
        self.types = types


class Column(NamedTuple):
    """A property, and what it holds; `many`: lists of it."""

    name: str
    form: Form
    many: bool = False


class Sketch:
    """What has been seen of the properties, and whether a box had heights."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[Any]] = {}
        self.deep = False

    def see_all(self, bodies: Iterable[bytes]) -> None:
        """Learn from Items that are JSON."""
        for body in bodies:
            self.see(orjson.loads(body))

    def see(self, item: Mapping[str, Any]) -> None:
        """Learn from one more item. Names beyond COLUMNS_MAX are passed over."""
        box = item.get("bbox")
        self.deep = self.deep or (isinstance(box, list) and len(box) == 6)
        for name, value in (item.get("properties") or {}).items():
            kinds = self._kinds.get(name)
            if kinds is None:
                if len(self._kinds) >= COLUMNS_MAX or not _may_be_column(name):
                    continue
                kinds = self._kinds[name] = set()
            if type(value) is not list:
                kinds.add(_kind(value))
            elif value:
                kinds.update((_kind(element),) for element in value)
            else:
                kinds.add((_NONE,))

    def columns(self) -> tuple[Column, ...]:
        """One for each property that some item has; the times first, the others by name."""
        found = [_column(name, kinds - {_NONE}) for name, kinds in self._kinds.items() if name not in TIMES]
        times = [Column(name, Form.TIME) for name in TIMES if name in self._kinds or name == "datetime"]
        return (*times, *sorted(column for column in found if column is not None))


def _may_be_column(name: str) -> bool:
    return 0 < len(name) <= NAME_CHARACTERS_MAX and "\0" not in name and name not in RESERVED


def _kind(value: Any) -> Any:
    """Its type; an integer of more than 64 bits is of a kind of its own, that no column but JSON can hold."""
    return object if type(value) is int and not -WHOLE_MAX <= value <= WHOLE_MAX else type(value)


def _column(name: str, kinds: set[Any]) -> Column | None:
    if not kinds:
        return None
    if not any(isinstance(kind, tuple) for kind in kinds):
        return Column(name, _form(kinds))
    if not all(isinstance(kind, tuple) for kind in kinds):
        return Column(name, Form.JSON)
    form = _form({kind for (kind,) in kinds} - {_NONE} or {str})
    return Column(name, form, many=form is not Form.JSON)


def _form(kinds: set[Any]) -> Form:
    plain = (Form.TRUTH, Form.WHOLE, Form.NUMBER, Form.TEXT)
    return next((form for form in plain if kinds <= set(form.types)), Form.JSON)
