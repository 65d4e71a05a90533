"""The cells of a table of items: what of an item goes into which column.

What a column cannot hold goes into the column `other`, as JSON of an object that is laid over the item again by who
reads the table: its `properties` and `assets` are laid over member by member, everything else as a whole. So a table
loses nothing but how a time was written, and the difference between a null geometry, box or `datetime` and none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from catalogue.instants import instant_of
from discovery_api.table_columns import FIXED, WHOLE_MAX, Column, Form
from discovery_api.wkb import NoGeometry, wkb

EXACT_MAX = 2**53  # the integers that a double holds
BOX = {4: ("xmin", "ymin", "xmax", "ymax"), 6: ("xmin", "ymin", "zmin", "xmax", "ymax", "zmax")}
LINK = {name: Column(name, Form.TEXT) for name in ("rel", "href", "type", "title")}
ASSET = {
    **{name: Column(name, Form.TEXT) for name in ("href", "title", "description", "type")},
    "roles": Column("roles", Form.TEXT, many=True),
    "file:size": Column("file:size", Form.WHOLE),
    "file:checksum": Column("file:checksum", Form.TEXT),
    "alternate:name": Column("alternate:name", Form.TEXT),
    "alternate": Column("alternate", Form.JSON),
}
_NONE = type(None)
_KNOWN = frozenset(FIXED) - {"other"} | {"type", "properties"}
_TIME_DIGITS_MAX = 6  # of a second
Json = dict[str, Any]


class Cells:
    """The cells of some items, by column. `others` are what did not fit, per item."""

    def __init__(self, items: Sequence[Json], columns: Iterable[Column], *, deep: bool) -> None:
        self.others: list[Json] = [{} for _ in items]
        self.columns: dict[str, list[Any]] = {}
        self._deep = deep
        for name in ("id", "collection", "stac_version"):
            self.columns[name] = self._members(items, Column(name, Form.TEXT))
        self.columns["stac_extensions"] = self._members(
            items, Column("stac_extensions", Form.TEXT, many=True)
        )
        self.columns["geometry"] = [self._geometry(row, item) for row, item in enumerate(items)]
        self.columns["bbox"] = [self._box(row, item) for row, item in enumerate(items)]
        self.columns["links"] = [self._links(row, item) for row, item in enumerate(items)]
        self.columns["assets"] = [self._assets(row, item) for row, item in enumerate(items)]
        self._properties([item.get("properties") or {} for item in items], tuple(columns))
        for row, item in enumerate(items):
            if not item.keys() <= _KNOWN:
                self.others[row] |= {name: item[name] for name in item.keys() - _KNOWN}
        self.columns["other"] = [_json(other) if other else None for other in self.others]

    def _members(self, items: Sequence[Json], column: Column) -> list[Any]:
        values = [item.get(column.name) for item in items]
        for row, value in enumerate(values):
            if not fits(value, column):
                self.others[row][column.name], values[row] = value, None
        return values

    def _properties(self, rows: Sequence[Json], columns: tuple[Column, ...]) -> None:
        for column in columns:
            values = [row.get(column.name) for row in rows]
            written = _written(values, column)
            if written is None:
                for at, value in enumerate(values):
                    if not fits(value, column):
                        self._property(at, column.name, value)
                        values[at] = None
                written = _written(values, column)
            assert written is not None  # all that is left fits
            self.columns[column.name] = written
        names = {column.name for column in columns}
        for at, row in enumerate(rows):
            if not row.keys() <= names or None in row.values():
                for name, value in row.items():
                    if name not in names or (value is None and name != "datetime"):
                        self._property(at, name, value)

    def _property(self, row: int, name: str, value: Any) -> None:
        self.others[row].setdefault("properties", {})[name] = value

    def _geometry(self, row: int, item: Json) -> bytes | None:
        geometry = item.get("geometry")
        if geometry is None:
            return None
        try:
            if geometry.keys() != {"type", "coordinates"} and geometry.keys() != {"type", "geometries"}:
                raise NoGeometry("has members that WKB has no place for")
            return wkb(geometry)
        except (NoGeometry, AttributeError):
            self.others[row]["geometry"] = geometry
            return None

    def _box(self, row: int, item: Json) -> Json | None:
        box = item.get("bbox")
        if box is None:
            return None
        names = BOX.get(len(box)) if isinstance(box, list) else None
        if names is None or (len(names) == 6 and not self._deep) or not set(map(type, box)) <= {int, float}:
            self.others[row]["bbox"] = box
            return None
        return dict(zip(names, box, strict=True))

    def _links(self, row: int, item: Json) -> list[Json]:
        links = item.get("links") or []
        if not isinstance(links, list) or not all(isinstance(link, dict) for link in links):
            self.others[row]["links"] = links
            return []
        return [_structured(link, LINK) for link in links]

    def _assets(self, row: int, item: Json) -> list[tuple[str, Json]]:
        assets = item.get("assets") or {}
        for key, asset in assets.items():
            if not isinstance(asset, dict):
                self.others[row].setdefault("assets", {})[key] = asset
        return [(key, _structured(asset, ASSET)) for key, asset in assets.items() if isinstance(asset, dict)]


def fits(value: Any, column: Column) -> bool:
    """Whether a column holds this value as it is; null is no value, and every column has room for that."""
    form = column.form
    if value is None or form is Form.JSON:
        return True
    if not column.many:
        return _fits(value, form)
    return type(value) is list and all(element is None or _fits(element, form) for element in value)


def _fits(value: Any, form: Form) -> bool:
    if type(value) not in form.types:
        return False
    if form is Form.WHOLE:
        return -WHOLE_MAX <= int(value) <= WHOLE_MAX
    if form is Form.NUMBER:
        return type(value) is float or -EXACT_MAX <= int(value) <= EXACT_MAX
    return form is not Form.TIME or _microseconds(value) is not None


def _written(values: list[Any], column: Column) -> list[Any] | None:
    """The values as the column holds them: times as microseconds, JSON as text. None: some of them do not fit."""
    if column.form is Form.JSON:
        return [None if value is None else _json(value) for value in values]
    if column.form is Form.TIME:
        written = [_microseconds(value) if type(value) is str else None for value in values]
        return written if written.count(None) == values.count(None) else None
    if column.form in (Form.TRUTH, Form.TEXT) and not column.many:  # plain from the types alone
        return values if set(map(type, values)) <= {*column.form.types, _NONE} else None
    return values if all(fits(value, column) for value in values) else None


def _microseconds(text: str) -> int | None:
    """The instant of a date-time in microseconds; None where a column of times would lose some of it."""
    instant = instant_of(text)
    if instant is None or len(text) == len("2000-01-01") or text[17:19] == "60":
        return None
    fraction = text[20:].rstrip("Zz")[: _TIME_DIGITS_MAX + 1] if text[19] == "." else ""
    return instant.us if not fraction[_TIME_DIGITS_MAX:].isdigit() else None


def _structured(members: Mapping[str, Any], columns: Mapping[str, Column]) -> Json:
    """The members that have a column and fit, and the others as JSON."""
    found, other = {}, {}
    for name, value in members.items():
        column = columns.get(name)
        if column is not None and type(value) is str and column.form is Form.TEXT and not column.many:
            found[name] = value  # which nearly all of them are
        elif column is None or value is None or not fits(value, column):
            other[name] = value
        else:
            found[name] = _json(value) if column.form is Form.JSON else value
    if other:
        found["other"] = _json(other)
    return found


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
