"""The Collections and made-up Items of the demonstration: climate records as publishers send them, and one scene."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Json = dict[str, Any]

TAS = "CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f2.Amon.tas.gn"
TOS = "CMIP6.CMIP.IPSL.IPSL-CM6A-LR.historical.r1i1p1f1.Omon.tos.gn"
PR = "CMIP6.ScenarioMIP.MIROC.MIROC6.ssp585.r1i1p1f1.Amon.pr.gn"
AREA = "CMIP6.CMIP.MIROC.MIROC6.piControl.r1i1p1f1.fx.areacella.gn"
SCENE = "S2A_32UNC_20260714_0_L2A"
EXTENSIONS = (
    "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
CMIP6 = "https://stac-extensions.github.io/cmip6/v3.0.2/schema.json"
YEARS = {"Amon": (("185001", "194912"), ("195001", "201412")), "Omon": (("185001", "201412"),)}
# Long name, standard name, units, realm.
VARIABLES = {
    "tas": ("Near-Surface Air Temperature", "air_temperature", "K", "atmos"),
    "tos": ("Sea Surface Temperature", "sea_surface_temperature", "degC", "ocean"),
    "pr": ("Precipitation", "precipitation_flux", "kg m-2 s-1", "atmos"),
    "areacella": ("Grid-Cell Area for Atmospheric Grid Variables", "cell_area", "m2", "atmos"),
}
WORLD = [-180, -90, 180, 90]


def collection(name: str, title: str, first_year: int) -> Json:
    """A Collection over the whole world."""
    interval = [f"{first_year}-01-01T00:00:00Z", None]
    return {
        "type": "Collection", "stac_version": "1.1.0", "id": name, "title": title, "description": title,
        "license": "CC-BY-4.0", "links": [],
        "extent": {"spatial": {"bbox": [WORLD]}, "temporal": {"interval": [interval]}},
    }  # fmt: skip


def climate_item(dataset: str, version: str, node: str) -> Json:
    """One version of a CMIP6 dataset, its files at `node`. Equal arguments give equal items."""
    _, activity, institution, source, experiment, member, table, variable, grid = dataset.split(".")
    item_id = f"{dataset}.v{version}"
    long_name, standard_name, units, realm = VARIABLES[variable]
    spans = YEARS.get(table, (None,))
    files = dict(_file(item_id, node, "-".join(span) if span else None) for span in spans)
    return {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": [*EXTENSIONS, CMIP6], "id": item_id,
        "collection": "CMIP6", "geometry": _box(WORLD), "bbox": WORLD, "links": [], "assets": files,
        "properties": {
            "datetime": None, "start_datetime": "1850-01-01T00:00:00Z", "end_datetime": "2014-12-31T23:59:59Z",
            "title": dataset, "base_id": dataset, "version": version, "project": "CMIP6",
            # Publishers send these; the federation sets them itself.
            "latest": True, "retracted": False, "created": "2026-07-01T12:00:00Z", "updated": "2026-07-01T12:00:00Z",
            "cmip6:activity_id": [activity], "cmip6:institution_id": institution, "cmip6:source_id": source,
            "cmip6:experiment_id": experiment, "cmip6:member_id": member, "cmip6:variant_label": member,
            "cmip6:table_id": table, "cmip6:variable_id": variable, "cmip6:grid_label": grid,
            "cmip6:frequency": "fx" if table == "fx" else "mon", "cmip6:variable_long_name": long_name,
            "cmip6:variable_cf_standard_name": standard_name, "cmip6:variable_units": units, "cmip6:realm": [realm],
            "cmip6:sub_experiment_id": "none", "cmip6:source_type": ["AOGCM"], "cmip6:product": "model-output",
            "cmip6:nominal_resolution": "250 km", "cmip6:data_specs_version": "01.00.31",
            "cmip6:pid": f"hdl:21.14100/{uuid5(NAMESPACE_URL, item_id)}",
        },
    }  # fmt: skip


def scene_item(node: str) -> Json:
    """One satellite scene: a dataset of a single version."""
    box = [8.9, 47.7, 10.4, 48.7]
    key, asset = _asset(node, f"scenes/{SCENE}/B04.tif", "image/tiff; application=geotiff")
    return {
        "type": "Feature", "stac_version": "1.1.0", "stac_extensions": list(EXTENSIONS), "id": SCENE,
        "collection": "scenes", "geometry": _box(box), "bbox": box, "links": [], "assets": {key: asset},
        "properties": {"datetime": "2026-07-14T10:26:31Z", "title": SCENE, "eo:cloud_cover": 3.5},
    }  # fmt: skip


def announcement(item: Json, node: str) -> list[Json]:
    """The patch by which a node says that it holds a copy of every file."""
    return [
        {
            "op": "add",
            "path": f"/assets/{key}/alternate/{node}",
            "value": {"href": f"https://{node}.example.org/{asset['file:local_path']}"},
        }
        for key, asset in item["assets"].items()
    ]


def _file(item_id: str, node: str, span: str | None) -> tuple[str, Json]:
    parts = item_id.split(".")
    _, _, _, source, experiment, member, table, variable, grid, _ = parts
    name = "_".join(filter(None, (variable, table, source, experiment, member, grid, span)))
    return _asset(node, f"{'/'.join(parts)}/{name}.nc", "application/netcdf")


def _asset(node: str, path: str, kind: str) -> tuple[str, Json]:
    digest = hashlib.sha256(path.encode()).hexdigest()
    return path.rpartition("/")[2], {
        "href": f"https://{node}.example.org/{path}", "type": kind, "roles": ["data"], "alternate:name": node,
        "file:size": 1_000_000 + int(digest[:8], 16) % 900_000_000, "file:checksum": f"1220{digest}",
        "file:local_path": path,
    }  # fmt: skip


def _box(box: list[Any]) -> Json:
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
