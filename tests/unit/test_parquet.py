"""GeoParquet of a search: every item comes back as the search would have answered it, whatever it holds."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import mapping, shape

from discovery_api.parquet import Rows
from discovery_api.table_columns import COLUMNS_MAX, Sketch
from discovery_api.wkb import NoGeometry, geometry_type, wkb
from tests.support.shelf import thing as item
from tests.support.tables import items_of, with_plain_times

Json = dict[str, Any]
TIMES = (
    "0001-01-01T00:00:00Z",
    "1850-01-01T12:00:00Z",
    "2026-01-01T00:00:00.25Z",
    "9999-12-31T23:59:59.999999Z",
)
OBJECTS: list[Any] = [[{"name": "B1", "gsd": 10}], {"a": [1, {"b": None}]}, [[1, 2], [3]], {}]


def written(items: Sequence[Json], seen: Iterable[Json] | None = None) -> bytes:
    """The file; `seen` is what the columns were learned from, by default all the items."""
    sketch = Sketch()
    sketch.see_all(map(orjson.dumps, items if seen is None else seen))
    rows = Rows(sketch.columns(), deep=sketch.deep)
    begun = rows.add(orjson.dumps(each) for each in items)
    return begun + rows.finish({"scenes": {"id": "scenes"}})


def read(file: bytes) -> list[Json]:
    return [json.loads(orjson.dumps(each)) for each in items_of(pq.read_table(io.BytesIO(file)))]


def columns(file: bytes) -> list[str]:
    return [str(name) for name in pq.read_schema(io.BytesIO(file)).names]


def kinds(file: bytes) -> dict[str, str]:
    return {field.name: str(field.type) for field in pq.read_schema(io.BytesIO(file))}


def nulls_in(file: bytes, column: str) -> int:
    return int(pq.read_table(io.BytesIO(file))[column].null_count)


def test_an_item_comes_back_with_typed_columns() -> None:
    given = item(
        flag=True, count=7, share=0.5, text="é", names=["a", None, "b"], numbers=[1, 2.5], none=[],
        start_datetime=TIMES[0], end_datetime=TIMES[3], bands=OBJECTS[0],
    )  # fmt: skip
    file = written([given])
    assert read(file) == [given]
    found = kinds(file)
    assert {name: found[name] for name in ("flag", "count", "share", "text")} == {
        "flag": "bool", "count": "int64", "share": "double", "text": "string",
    }  # fmt: skip
    assert found["names"] == "list<element: string>"
    assert found["numbers"] == "list<element: double>"
    assert {found[name] for name in ("datetime", "start_datetime", "end_datetime")} == {
        "timestamp[us, tz=UTC]"
    }
    assert found["bands"] == "extension<arrow.json>"
    assert nulls_in(file, "other") == 1


@pytest.mark.parametrize("time", TIMES)
def test_times_are_instants_of_every_year(time: str) -> None:
    file = written([item(datetime=time, updated=time)])
    assert [each["properties"]["updated"] for each in read(file)] == [time]
    assert nulls_in(file, "datetime") == 0


@pytest.mark.parametrize(
    "time", ["2026-01-01", "about 1850", "2016-12-31T23:59:60Z", "2026-01-01T00:00:00.1234567Z"]
)
def test_a_time_that_no_timestamp_holds_is_kept_as_it_is(time: str) -> None:
    given = item(created=time)
    file = written([given, item("b")])
    assert read(file) == [given, item("b")]
    assert nulls_in(file, "other") == 1


@pytest.mark.parametrize(
    "values",
    [
        (1, "1"), (1, True), ("a", ["a"]), (0.5, None), (2**63, 1), (2**53 + 1, 0.5), ([1], ["a"]), ([], [1]),
        (None, None), ([None], [True]), *((value, 1) for value in OBJECTS), (OBJECTS[0], OBJECTS[1]),
    ],
)  # fmt: skip
def test_a_property_of_several_types_loses_nothing(values: tuple[Any, Any]) -> None:
    given = [item("a", thing=values[0]), item("b", thing=values[1]), item("c")]
    assert read(written(given)) == given


def test_what_came_between_the_passes_is_kept_beside() -> None:
    seen = [item("a", count=1, words=["x"], flag=True, text="t", datetime=TIMES[0])]
    late = [
        item("b", count="many", words=[1], flag=1, text=["t"], new={"a": 1}, datetime=None),
        {**item("c"), "bbox": [0, 0, 0, 1, 1, 1], "assets": {"x": 7}, "foreign": [1], "links": [7]},
        item("d", count=2**64 - 1, words="x", text=1.5),
    ]
    file = written([*seen, *late], seen)
    assert read(file) == [*seen, *late]
    assert columns(file) == columns(written(seen))
    assert nulls_in(file, "other") == 1


def test_names_that_cannot_be_columns_are_kept_beside() -> None:
    names = ("geometry", "other", "id", "type", "links", "", "a\0b", "x" * 300, "a.b")
    given = item("a", **{name: name for name in names})
    file = written([given])
    assert read(file) == [given]
    assert "a.b" in columns(file)
    assert "x" * 300 not in columns(file)


def test_there_is_an_end_to_columns() -> None:
    given = [item(f"i{row}", **{f"p{row}-{n}": n for n in range(700)}) for row in range(4)]
    file = written(given)
    assert len(columns(file)) < COLUMNS_MAX + 20
    assert read(file) == given


def test_asset_keys_make_no_columns() -> None:
    few = item("a")
    many = item("b")
    many["assets"] = {
        f"file-{number}.nc": {"href": f"https://x.example.org/{number}"} for number in range(5000)
    }
    assert columns(written([few, many])) == columns(written([few]))
    schema = pq.ParquetFile(io.BytesIO(written([few, many]))).schema
    assert len(schema) == len(pq.ParquetFile(io.BytesIO(written([few]))).schema)
    assert read(written([many])) == [many]


def test_members_of_assets_and_links_come_back() -> None:
    given = item("a")
    given["assets"]["data"] |= {
        "type": "application/netcdf", "title": None, "roles": "data", "file:size": "large", "cmip6:tracking_id": "x",
        "key": "k", "other": {"o": 1}, "alternate": {"n2": {"href": "https://n2.example.org/a", "file:size": 2**40}},
    }  # fmt: skip
    given["assets"]["whole"] = {"href": "h", "roles": ["data"], "file:size": 2**40, "alternate:name": "n1"}
    given["links"].append({"rel": "x", "href": "h", "title": "T", "method": "POST", "body": {"a": 1}})
    assert read(written([given])) == [given]


def test_the_metadata_says_what_it_is() -> None:
    flat = item("a")
    deep = {**item("b"), "bbox": [0, 1, 2, 3, 4, 5], "geometry": {"type": "Point", "coordinates": [0, 1, 2]}}
    metadata = pq.ParquetFile(io.BytesIO(written([flat, deep]))).metadata.metadata
    geo, stac = orjson.loads(metadata[b"geo"]), orjson.loads(metadata[b"stac-geoparquet"])
    assert stac == {"version": "1.1.0", "collections": {"scenes": {"id": "scenes"}}}
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    column = geo["columns"]["geometry"]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["Point", "Point Z"]
    assert column["covering"]["bbox"]["zmin"] == ["bbox", "zmin"]
    assert "zmin" not in kinds(written([flat]))["bbox"]
    assert read(written([flat, deep])) == [flat, deep]


def test_an_empty_result_is_a_valid_file() -> None:
    file = written([])
    assert read(file) == []
    assert {"id", "geometry", "bbox", "links", "assets", "stac_extensions", "datetime"} <= set(columns(file))
    assert b"geo" in pq.ParquetFile(io.BytesIO(file)).metadata.metadata


def test_real_items_come_back(shared: Path) -> None:
    names = ("cmip6-ipsl-clcalipso.json", "cmip6-ukesm-zg500.json")
    given = [orjson.loads((shared / "items" / name).read_bytes()) for name in names]
    scenes = orjson.loads((shared / "items" / "sentinel-2-l2a-cogs.json").read_bytes())["features"]
    for some in (given, scenes, [*given, *scenes]):
        file = written(some)
        assert read(file) == [with_plain_times(each) for each in some]
        assert nulls_in(file, "other") == len(some), "a real item has something that no column holds"


RING = [[0, 0], [4, 0], [4, 4], [0, 0]]
GEOMETRIES = [
    {"type": "Point", "coordinates": [190.5, -90]},
    {"type": "LineString", "coordinates": [[170, 0], [190, 0.125]]},
    {"type": "Polygon", "coordinates": [RING, [[1, 1], [2, 1], [2, 2], [1, 1]]]},
    {"type": "MultiPoint", "coordinates": [[0, 0, 1], [1, 1, 2]]},
    {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]},
    {"type": "MultiPolygon", "coordinates": [[RING], [[[170, 0], [190, 0], [190, 5], [170, 0]]]]},
    {"type": "GeometryCollection", "geometries": [
        {"type": "Point", "coordinates": [1, 2]}, {"type": "GeometryCollection", "geometries": []},
    ]},
]  # fmt: skip


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=lambda geometry: geometry["type"])
def test_wkb_is_what_a_library_reads(geometry: Json) -> None:
    found = shapely.from_wkb(wkb(geometry))
    assert json.loads(json.dumps(mapping(found))) == geometry
    assert found.equals(shape(geometry))
    assert geometry_type(wkb(geometry)).split()[0] == geometry["type"]
    assert geometry_type(wkb(geometry)).endswith(" Z") == found.has_z


ODD: list[Any] = [
    {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": [1]}, {"type": "Point"}, {}, 7, "Point",
    {"type": "Point", "coordinates": [1, 2, 3, 4]}, {"type": "LineString", "coordinates": [[0, 0], [1, 1, 1]]},
    {"type": "Circle", "coordinates": [0, 0]}, {"type": "Point", "coordinates": ["a", "b"]},
    {"type": "Point", "coordinates": [0, 0], "crs": "x"}, {"type": [], "coordinates": [0, 0]},
    {"type": "Polygon", "coordinates": [[0, 0], [1, 1]]}, {"type": "GeometryCollection", "geometries": [7]},
]  # fmt: skip


@pytest.mark.parametrize("geometry", ODD, ids=str)
def test_a_geometry_that_wkb_cannot_hold_is_kept_beside(geometry: Any) -> None:
    given = {**item("a"), "geometry": geometry}
    assert read(written([given])) == [given]


def test_a_geometry_nested_without_end_is_refused() -> None:
    deep: Json = {"type": "Point", "coordinates": [0, 0]}
    for _ in range(200):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    with pytest.raises(NoGeometry):
        wkb(deep)


def test_an_open_ring_stays_open() -> None:
    file = written([{**item("a"), "geometry": {"type": "Polygon", "coordinates": [RING[:-1]]}}])
    [encoded] = pq.read_table(io.BytesIO(file))["geometry"].to_pylist()
    assert len(encoded) == 5 + 4 + 4 + 3 * 16


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text(max_size=5), st.sampled_from(TIMES),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
NAMES = st.sampled_from(["a", "b", "count", "start_datetime", "other", "eo:bands", "a.b"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=5), max_size=5), st.integers(0, 5))
def test_whatever_properties_are_they_come_back(rows: list[Json], known: int) -> None:
    given = [orjson.loads(orjson.dumps(item(f"i{row}", **values))) for row, values in enumerate(rows)]
    assert read(written(given, given[:known])) == given


def test_a_process_that_exports_nothing_loads_no_pyarrow() -> None:
    told = "import sys, federation.node; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
