"""GeoParquet 1.1 after the stac-geoparquet specification 1.1, written group by group of rows.

One row is one item; its properties are columns. `geometry` is WKB, `bbox` a struct that covers it, times are
timestamps in UTC, objects and what is not the same everywhere is JSON. Different from the specification, `assets` is
one map from key to asset, whose columns are the same whatever the keys: a struct of keys, as the specification draws
it, would be as wide as there are file names. What no column holds is in `other` (see `discovery_api.table_cells`).

Loads pyarrow: import it where it is needed, and not before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from discovery_api.table_cells import ASSET, BOX, LINK, Cells
from discovery_api.table_columns import Column, Form
from discovery_api.wkb import geometry_type

GROUP_BYTES, GROUP_ROWS = 32 << 20, 50_000
GEO_VERSION = STAC_VERSION = "1.1.0"
_JSON = pa.json_()
_TYPES = {
    Form.TRUTH: pa.bool_(),
    Form.WHOLE: pa.int64(),
    Form.NUMBER: pa.float64(),
    Form.TEXT: pa.string(),
    Form.TIME: pa.timestamp("us", tz="UTC"),
    Form.JSON: _JSON,
}


def schema_of(columns: Iterable[Column], *, deep: bool) -> pa.Schema:
    """The table's schema; `deep`: boxes may have heights."""
    box = pa.struct([pa.field(name, pa.float64()) for name in BOX[6 if deep else 4]])
    fields = {
        "id": pa.string(),
        "collection": pa.string(),
        "geometry": pa.binary(),
        "bbox": box,
        "stac_version": pa.string(),
        "stac_extensions": pa.list_(pa.string()),
        "links": pa.list_(_struct(LINK.values())),
        "assets": pa.map_(pa.string(), _struct(ASSET.values())),
        **{column.name: _type(column) for column in columns},
        "other": _JSON,
    }
    return pa.schema([pa.field(name, kind) for name, kind in fields.items()])


def _struct(columns: Iterable[Column]) -> pa.DataType:
    """JSON is plain text in here: pyarrow makes no arrays of its JSON type inside of others."""
    types = [(column.name, pa.string() if column.form is Form.JSON else _type(column)) for column in columns]
    return pa.struct([*types, ("other", pa.string())])


def _type(column: Column) -> pa.DataType:
    return pa.list_(_TYPES[column.form]) if column.many else _TYPES[column.form]


class Sink:
    """The file that pyarrow writes to: what is written is taken away in between."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """It goes when nobody holds it."""

    def taken(self) -> bytes:
        """What has been written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Rows:
    """Writes items as rows. Not for two threads at once."""

    def __init__(self, columns: Sequence[Column], *, deep: bool) -> None:
        self.collections: set[str] = set()
        self._columns, self._deep, self._sink = columns, deep, Sink()
        self._schema = schema_of(columns, deep=deep)
        self._writer = pq.ParquetWriter(
            self._sink, self._schema, compression="zstd", compression_level=3, version="2.6"
        )
        self._geometries: set[str] = set()
        self._waiting: list[pa.RecordBatch] = []

    def add(self, bodies: Iterable[bytes]) -> bytes:
        """Take Items, as JSON; the bytes of the file that are ready."""
        items = [orjson.loads(body) for body in bodies]
        cells = Cells(items, self._columns, deep=self._deep).columns
        self.collections.update(name for name in cells["collection"] if name)
        self._geometries.update({geometry_type(each[:5]) for each in cells["geometry"] if each})
        arrays = [pa.array(cells[field.name], field.type) for field in self._schema]
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        if (
            sum(batch.nbytes for batch in self._waiting) >= GROUP_BYTES
            or sum(batch.num_rows for batch in self._waiting) >= GROUP_ROWS
        ):
            self._write()
        return self._sink.taken()

    def finish(self, collections: Mapping[str, Any]) -> bytes:
        """The end of the file, which tells of the Collections, by id."""
        self._write()
        self._writer.add_key_value_metadata({
            "geo": orjson.dumps(_geo(self._geometries, self._deep)).decode(),
            "stac-geoparquet": orjson.dumps({"version": STAC_VERSION, "collections": collections}).decode(),
        })  # fmt: skip
        self._writer.close()
        return self._sink.taken()

    def _write(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._waiting = []
        if table.num_rows:
            self._writer.write_table(table, row_group_size=table.num_rows)


def _geo(types: Iterable[str], deep: bool) -> dict[str, Any]:
    """The metadata of GeoParquet; without `crs`, coordinates are longitude and latitude of OGC:CRS84."""
    covering = {name: ["bbox", name] for name in BOX[6 if deep else 4]}
    column = {"encoding": "WKB", "geometry_types": sorted(types), "covering": {"bbox": covering}}
    return {"version": GEO_VERSION, "primary_column": "geometry", "columns": {"geometry": column}}
