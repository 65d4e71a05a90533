"""Items out of a GeoParquet file: the way back, for readers of an export. What the documentation says, in code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import shapely
from shapely.geometry import mapping

from catalogue.instants import Instant, instant_of, instant_text
from discovery_api.table_columns import TIMES

Json = dict[str, Any]
FIXED = (
    "id",
    "collection",
    "stac_version",
    "stac_extensions",
    "geometry",
    "bbox",
    "links",
    "assets",
    "other",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def items_of(table: pa.Table) -> Iterator[Json]:
    """The Items of a table, as the search would have answered them, but for how times are written."""
    json_columns = {field.name for field in table.schema if str(field.type) == "extension<arrow.json>"}
    for row in table.to_pylist():
        decoded = {name: orjson.loads(row[name]) for name in json_columns if row[name] is not None}
        yield _item({name: _value(decoded.get(name, value)) for name, value in row.items()})


def with_plain_times(item: Json) -> Json:
    """The Item with its times written as short as can be, which is how they come out of a table."""
    if "properties" not in item:
        return item
    times = {
        name: text for name, text in item["properties"].items() if name in TIMES and isinstance(text, str)
    }
    plain = {name: instant_text(found) for name, text in times.items() if (found := instant_of(text))}
    return {**item, "properties": {**item["properties"], **plain}}


def _item(row: Json) -> Json:
    other = row["other"] or {}
    item: Json = {"type": "Feature", **{name: row[name] for name in FIXED[:4] if row[name] is not None}}
    item["geometry"] = mapping(shapely.from_wkb(row["geometry"])) if row["geometry"] else None
    if row["bbox"] is not None:
        item["bbox"] = [value for value in row["bbox"].values() if value is not None]
    item["links"] = [_members(link) for link in row["links"]]
    item["assets"] = {key: _members(asset) for key, asset in row["assets"]}
    properties = {name: value for name, value in row.items() if name not in FIXED and value is not None}
    item["properties"] = {"datetime": None, **properties}
    for name, value in other.items():
        item[name] = {**item[name], **value} if name in ("properties", "assets") else value
    return item


def _members(struct: Json) -> Json:
    found = {name: value for name, value in struct.items() if value is not None and name != "other"}
    if "alternate" in found:
        found["alternate"] = orjson.loads(found["alternate"])
    return {**found, **orjson.loads(struct["other"] or "{}")}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(Instant((value - EPOCH) // MICROSECOND))
    return value
