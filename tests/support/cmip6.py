"""Realistic CMIP6 Items, made from a dataset id alone: the same id gives the same item, byte for byte."""

from __future__ import annotations

import copy
import hashlib
import itertools
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

Item = dict[str, Any]

_EXTENSIONS = [
    "https://stac-extensions.github.io/cmip6/v3.0.2/schema.json",
    "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
]
_GLOBUS = "https://app.globus.org/file-manager"
_NODES = (
    "esgf-data.nersc.gov",
    "esgf.ceda.ac.uk",
    "esgf-data.dkrz.de",
    "vesg.ipsl.upmc.fr",
    "esgf.nci.org.au",
)
_RESOLUTIONS = ("50 km", "100 km", "250 km", "500 km")
_YEARS = ((1850, 1899), (1900, 1949), (1950, 2014))
# How the tables of one realm begin; the first that fits counts.
_REALMS = (
    ("AER", "aerosol"), ("O", "ocean"), ("SI", "seaIce"), ("LI", "landIce"), ("Imon", "landIce"),
    ("Ifx", "landIce"), ("Iyr", "landIce"), ("L", "land"),
)  # fmt: skip
# Frequencies, by what a table's name says about them; the first that fits counts.
_FREQUENCIES = (
    ("subhr", "subhrPt"), ("3hr", "3hr"), ("6hr", "6hr"), ("1hr", "1hr"), ("hr", "1hr"), ("day", "day"),
    ("clim", "monC"), ("mon", "mon"), ("yr", "yr"), ("dec", "dec"), ("fx", "fx"),
)  # fmt: skip
_VARIABLES = {
    "tas": ("air_temperature", "Near-Surface Air Temperature", "K"),
    "ta": ("air_temperature", "Air Temperature", "K"),
    "pr": ("precipitation_flux", "Precipitation", "kg m-2 s-1"),
    "ps": ("surface_air_pressure", "Surface Air Pressure", "Pa"),
    "psl": ("air_pressure_at_mean_sea_level", "Sea Level Pressure", "Pa"),
    "tos": ("sea_surface_temperature", "Sea Surface Temperature", "degC"),
    "zg": ("geopotential_height", "Geopotential Height", "m"),
}
_MADE_UP = itertools.product(
    ("MOHC.UKESM1-0-LL", "IPSL.IPSL-CM6A-LR", "MIROC.MIROC6"),
    ("Amon.tas", "Amon.pr", "Omon.tos", "fx.areacella"),
)
_MADE_UP_KINDS = tuple(_MADE_UP)


class Facts(NamedTuple):
    """The parts of a dataset id, `version` without its v."""

    activity: str
    institution: str
    source: str
    experiment: str
    member: str
    table: str
    variable: str
    grid: str
    version: str

    @property
    def dataset(self) -> str:
        return "CMIP6." + ".".join(self[:-1])

    @property
    def folder(self) -> str:
        return "/".join(("CMIP6", *self[:-1], f"v{self.version}"))


def facts(item_id: str) -> Facts:
    """The facts in a CMIP6 dataset id with its version. ValueError where it is not one."""
    parts = item_id.split(".")
    if len(parts) != 10 or parts[0] != "CMIP6" or not re.fullmatch(r"v\d{8}", parts[9]):
        raise ValueError(f"{item_id} is not a CMIP6 dataset id with its version")
    return Facts._make([*parts[1:9], parts[9][1:]])


def real_ids(shared: Path) -> list[str]:
    """The 2,000 real ids beside the repository, in their order there."""
    return (shared / "ids" / "cmip6-dataset-ids.txt").read_text().split()


def sample_ids(count: int) -> list[str]:
    """Made-up ids of as many datasets, one version each."""
    kinds = itertools.cycle(_MADE_UP_KINDS)
    return [
        f"CMIP6.CMIP.{source}.historical.r{number // len(_MADE_UP_KINDS) + 1}i1p1f1.{kind}.gn.v20190406"
        for number, (source, kind) in zip(range(count), kinds, strict=False)
    ]


def item(item_id: str) -> Item:
    """The Item as a publisher posts it, along with links and properties that the catalogue sets itself."""
    known = facts(item_id)
    node = _NODES[_number(known.dataset, "node") % len(_NODES)]
    files = dict(_file(item_id, known, node, index) for index in range(_file_count(known)))
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(_EXTENSIONS),
        "id": item_id,
        "collection": "CMIP6",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[0, -90], [360, -90], [360, 90], [0, 90], [0, -90]]],
        },
        "bbox": [0, -90, 360, 90],
        "properties": _properties(item_id, known, sum(asset["file:size"] for asset in files.values())),
        "links": _links(item_id),
        "assets": {"globus": _globus(known, node), **files},
    }


def second_version(first: Item, days: int = 400) -> Item:
    """The same dataset published again, so many days later, with other bytes."""
    known = facts(first["id"])
    digits = known.version
    later = date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) + timedelta(days=days)
    return item(f"{known.dataset}.v{later:%Y%m%d}")


def other_bytes(first: Item) -> Item:
    """The same Item with one data file changed, as a replace would bring it."""
    changed = copy.deepcopy(first)
    key = data_keys(first)[0]
    asset = changed["assets"][key]
    asset["file:size"] += 1
    asset["file:checksum"] = "1220" + _hex(asset["file:checksum"], "changed")
    return changed


def data_keys(found: Item) -> list[str]:
    """The keys of the files, in their order."""
    return [key for key in found["assets"] if key.endswith(".nc")]


def _properties(item_id: str, known: Facts, size: int) -> dict[str, Any]:
    standard, long, units = _VARIABLES.get(
        known.variable, ("area_fraction", f"Variable {known.variable}", "1")
    )
    sub_experiment, _, variant = known.member.rpartition("-")
    years = _YEARS[: _file_count(known)]
    return {
        "created": "2026-03-06T01:15:44Z",
        "updated": "2026-03-06T01:15:44Z",
        "latest": True,
        "retracted": False,
        "datetime": None,
        "start_datetime": f"{years[0][0]}-01-01T00:00:00Z",
        "end_datetime": f"{years[-1][1]}-12-31T23:59:59Z",
        "version": known.version,
        "access": ["HTTPServer", "Globus"],
        "project": "CMIP6",
        "title": known.dataset,
        "base_id": known.dataset,
        "size": size,
        "cmip6:activity_id": [known.activity],
        "cmip6:data_specs_version": "01.00.31",
        "cmip6:experiment_id": known.experiment,
        "cmip6:frequency": _frequency(known.table),
        "cmip6:grid_label": known.grid,
        "cmip6:institution_id": known.institution,
        "cmip6:member_id": known.member,
        "cmip6:nominal_resolution": _RESOLUTIONS[_number(known.source, "resolution") % len(_RESOLUTIONS)],
        "cmip6:pid": f"hdl:21.14100/{_uuid(item_id, 'pid')}",
        "cmip6:product": "model-output",
        "cmip6:realm": [_realm(known.table)],
        "cmip6:source_id": known.source,
        "cmip6:source_type": ["AOGCM"],
        "cmip6:sub_experiment_id": sub_experiment or "none",
        "cmip6:table_id": known.table,
        "cmip6:variable_id": known.variable,
        "cmip6:variable_cf_standard_name": standard,
        "cmip6:variable_long_name": long,
        "cmip6:variable_units": units,
        "cmip6:variant_label": variant,
    }


def _file(item_id: str, known: Facts, node: str, index: int) -> tuple[str, dict[str, Any]]:
    stem = "_".join((known.variable, known.table, known.source, known.experiment, known.member, known.grid))
    name = stem + _time_range(known.table, index) + ".nc"
    return name, {
        "href": f"https://{node}/thredds/fileServer/{known.folder}/{name}",
        "description": "HTTPServer Link",
        "type": "application/netcdf",
        "roles": ["data"],
        "alternate:name": node,
        "file:size": 1_000_000 + _number(item_id, name) % 2_000_000_000,
        "file:checksum": "1220" + _hex(item_id, name),
        "cmip6:tracking_id": f"hdl:21.14100/{_uuid(item_id, name)}",
        "created": "2019-11-22T10:15:56Z",
        "updated": "2019-11-22T10:15:56Z",
        "protocol": "https",
        "node": node,
        "file:local_path": f"{known.folder}/{name}",
    }


def _globus(known: Facts, node: str) -> dict[str, Any]:
    return {
        "href": f"{_GLOBUS}?origin_id={_uuid(node, 'globus')}&origin_path=/{known.folder}/",
        "description": "Globus Web App Link",
        "type": "text/html",
        "roles": ["data"],
        "alternate:name": node,
        "created": "2019-11-22T10:15:56Z",
        "updated": "2019-11-22T10:15:56Z",
        "protocol": "globus",
        "node": node,
        "file:local_path": known.folder,
    }


def _links(item_id: str) -> list[dict[str, Any]]:
    root, geojson = "https://stac.example.org", "application/geo+json"
    collection = f"{root}/collections/CMIP6"
    cited = f"https://cera-www.dkrz.de/WDCC/meta/CMIP6/{item_id}.json"
    return [
        {"rel": "self", "type": geojson, "href": f"{collection}/items/{item_id}"},
        {"rel": "parent", "type": "application/json", "href": collection},
        {"rel": "collection", "type": "application/json", "href": collection},
        {"rel": "root", "type": "application/json", "href": f"{root}/"},
        {"rel": "cite-as", "type": "application/json", "href": cited},
    ]


def _file_count(known: Facts) -> int:
    return 1 if known.table.endswith("fx") else 1 + _number(known.dataset, "files") % len(_YEARS)


def _time_range(table: str, index: int) -> str:
    first, last = _YEARS[index]
    frequency = _frequency(table)
    if frequency == "fx":
        return ""
    if frequency in ("yr", "dec"):
        return f"_{first}-{last}"
    return f"_{first}01-{last}12" if frequency.startswith("mon") else f"_{first}0101-{last}1231"


def _frequency(table: str) -> str:
    return next((frequency for part, frequency in _FREQUENCIES if part in table), "fx")


def _realm(table: str) -> str:
    return next((realm for part, realm in _REALMS if table.startswith(part)), "atmos")


def _hex(*texts: str) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _number(*texts: str) -> int:
    return int(_hex(*texts)[:12], 16)


def _uuid(*texts: str) -> str:
    found = _hex(*texts)
    return "-".join((found[:8], found[8:12], found[12:16], found[16:20], found[20:32]))
