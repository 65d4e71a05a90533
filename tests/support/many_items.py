"""Any number of items like those of CMIP6, made from real dataset ids: the same ones every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from catalogue.content import canonical
from catalogue.store import Write, item_ref
from stream.keys import dataset_key

REALMS = {"A": "atmos", "O": "ocean", "S": "seaIce", "L": "land", "E": "atmos", "C": "atmos", "I": "landIce"}
NODES = ("esgf-data.nersc.gov", "esgf.ceda.ac.uk", "esgf-data1.llnl.gov", "esgf.dkrz.de", "esgf-node.ipsl.fr")
RESOLUTIONS = ("100 km", "250 km", "50 km", "500 km", "25 km")
GRIDS = tuple((0.0, -90.0, 360.0 - step, 90.0) for step in (0.9375, 1.25, 1.875, 2.5, 2.8125))
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
VERSION_DAY = datetime(2018, 1, 1, tzinfo=UTC)


def cmip_items(count: int, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Items of 4 to 5 KB with some 35 properties each; members and versions are varied, so ids are unique."""
    for number in range(count):
        turn, place = divmod(number, len(ids))
        yield _item(number, turn, ids[place].split("."))


def writes_of(items: Iterable[dict[str, Any]], version: int = 1) -> Iterator[Write]:
    """The writes of their active records."""
    for item in items:
        collection = item["collection"]
        key = dataset_key(collection, item["properties"]["base_id"])
        source = {
            "collection": collection,
            "id": item["id"],
            "key": key,
            "state": "active",
            "latest": True,
            "revision": 1,
            "owner": "north",
            "item": item,
        }
        yield Write(item_ref(collection, item["id"], key), version, canonical(source), source)


def batches_of(writes: Iterable[Write], size: int = 500) -> Iterator[list[Write]]:
    """Lists of so many."""
    waiting = iter(writes)
    while batch := list(islice(waiting, size)):
        yield batch


def _item(number: int, turn: int, parts: list[str]) -> dict[str, Any]:
    print_ = hashlib.sha256(str(number).encode()).hexdigest()
    pick = int(print_[:8], 16)
    member = f"r{turn // 3 + 1}i1p1f{1 + pick % 2}"
    day = VERSION_DAY + timedelta(days=(number // 7 + 400 * (turn % 3)) % 3000)
    parts = [*parts[:5], member, *parts[6:9], f"v{day:%Y%m%d}"]
    if turn % 3:
        parts[7] += f"{turn % 3}"
    item_id, title = ".".join(parts), ".".join(parts[:9])
    west, south, east, north = GRIDS[pick % len(GRIDS)]
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": [
            "https://stac-extensions.github.io/cmip6/v3.0.2/schema.json",
            "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json",
            "https://stac-extensions.github.io/file/v2.1.0/schema.json",
        ],
        "id": item_id,
        "collection": parts[0],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [west, south, east, north],
        "properties": _properties(number, pick, print_, parts, title),
        "links": [
            {"rel": "cite-as", "type": "application/json", "href": f"https://citation.example/{item_id}.json"}
        ],
        "assets": _assets(pick, print_, parts),
    }


def _properties(number: int, pick: int, print_: str, parts: list[str], title: str) -> dict[str, Any]:
    _, activity, institution, source, experiment, member, table, variable, grid, version = parts
    start = 1850 + pick % 16 * 10
    seen = FIRST + timedelta(seconds=37 * number)
    return {
        "size": 1_000_000 + pick % 3_000_000_000,
        "created": f"{seen:%Y-%m-%dT%H:%M:%SZ}",
        "updated": f"{seen + timedelta(minutes=pick % 1000):%Y-%m-%dT%H:%M:%SZ}",
        "retracted": False,
        "datetime": None,
        "start_datetime": f"{start:04}-01-16T12:00:00Z",
        "end_datetime": f"{start + 10 + pick % 90:04}-12-16T12:00:00Z",
        "version": version[1:],
        "access": ["HTTPServer", "Globus"] if pick % 3 else ["HTTPServer"],
        "latest": number % 5 != 0,
        "project": "CMIP6",
        "title": title,
        "base_id": title,
        "cmip6:grid": f"{source} native grid",
        "cmip6:experiment": f"the experiment that is known as {experiment}",
        "cmip6:activity_id": [activity] if pick % 10 else [activity, "CMIP"],
        "cmip6:data_specs_version": f"01.00.{pick % 30}",
        "cmip6:experiment_id": experiment,
        "cmip6:frequency": "mon" if table.endswith("mon") else "day" if "day" in table else "fx",
        "cmip6:grid_label": grid,
        "cmip6:institution_id": institution,
        "cmip6:member_id": member,
        "cmip6:nominal_resolution": RESOLUTIONS[pick % len(RESOLUTIONS)],
        "cmip6:product": "model-output",
        "cmip6:realm": [REALMS.get(table[:1], "atmos")],
        "cmip6:pid": f"hdl:21.14100/{print_[:8]}-{print_[8:12]}-{print_[12:16]}-{print_[16:20]}-{print_[20:32]}",
        "cmip6:source_id": source,
        "cmip6:source_type": ["AOGCM", "BGC"] if pick % 2 else ["AGCM"],
        "cmip6:sub_experiment_id": "none",
        "cmip6:table_id": table,
        "cmip6:variable_id": variable,
        "cmip6:variable_cf_standard_name": f"standard_name_of_{variable}",
        "cmip6:variable_long_name": f"Long Name of {variable}",
        "cmip6:variable_units": ("%", "K", "m", "kg m-2 s-1", "W m-2")[len(variable) % 5],
        "cmip6:variant_label": member,
    }


def _assets(pick: int, print_: str, parts: list[str]) -> dict[str, Any]:
    folder, home, other = "/".join(parts), NODES[pick % 5], NODES[(pick + 1) % 5]
    name = f"{parts[7]}_{parts[6]}_{parts[3]}_{parts[4]}_{parts[5]}_{parts[8]}_201501-210012.nc"
    size, checksum = 1_000_000 + pick % 3_000_000_000, "1220" + print_
    copy = {"href": f"https://{other}/thredds/{folder}/{name}", "alternate:name": other, "protocol": "https",
            "file:size": size, "file:checksum": checksum}  # fmt: skip
    return {
        "globus": {
            "href": f"https://globus.example/file-manager?origin_id={print_[:32]}&origin_path=/css03_data/{folder}/",
            "description": "Globus Web App Link",
            "type": "text/html",
            "roles": ["data"],
            "alternate:name": home,
            "protocol": "globus",
            "file:local_path": folder,
        },
        name: {
            "href": f"https://{home}/thredds/fileServer/css03_data/{folder}/{name}",
            "description": "HTTPServer Link",
            "type": "application/netcdf",
            "roles": ["data"],
            "alternate:name": home,
            "file:size": size,
            "file:checksum": checksum,
            "cmip6:tracking_id": f"hdl:21.14100/{print_[32:]}",
            "protocol": "https",
            "file:local_path": f"{folder}/{name}",
            **({"alternate": {other: copy}} if pick % 2 else {}),
        },
    }
