"""Made-up vocabularies in the published layouts, small enough to read: a flat one, a universe, a project of terms."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from cv.importing import Imported, import_files
from cv.pinned import from_bytes, to_bytes
from cv.universe import Universe
from cv.vocabulary import Vocabulary

Content = Mapping[str, Any]  # path -> text, or what becomes JSON

META = {"CV_collection_version": "6.2.1.0"}
FLAT: dict[str, Any] = {
    "CMIP6_activity_id.json": {
        "activity_id": {"CMIP": "the common ones", "DCPP": "decades"},
        "version_metadata": META,
    },
    "CMIP6_experiment_id.json": {
        "experiment_id": {
            "dcppA": {
                "experiment_id": "dcppA",
                "activity_id": ["DCPP"],
                "tier": 1,
                "end_year": "",
                "components": {},
            },
            "historical": {"experiment_id": "historical", "activity_id": ["CMIP"], "description": "the past"},
        },
        "version_metadata": META,
    },
    "CMIP6_table_id.json": {"table_id": ["Amon", "day"], "version_metadata": META},
    "CMIP6_license.json": {
        "license": {"license": "a <template>", "license_options": {"CC BY 4.0": {"license_url": "u"}}},
        "version_metadata": META,
    },
    "CMIP6_required_global_attributes.json": {"required_global_attributes": ["a"], "version_metadata": META},
    "CMIP6_DRS.json": {
        "DRS": {"directory_path_template": "<mip_era><activity_id><table_id><version>"},
        "version_metadata": META,
    },
    "mip_era.json": {"mip_era": ["CMIP6"], "version_metadata": META},
    "CITATION.cff": "not of the vocabulary",
}


def context(base: str, **targets: str) -> dict[str, Any]:
    """A context file: `base` is the folder of the universe, `targets` that of members which name terms."""
    inner = {
        name: {"@type": "@id", "@context": {"@base": f"https://x.example/{to}/"}}
        for name, to in targets.items()
    }
    return {"@context": {"@base": f"https://x.example/{base}/", **inner}}


def term(kind: str, name: str, **members: Any) -> dict[str, Any]:
    """A term file."""
    return {"@context": "000_context.jsonld", "id": name, "type": kind, **members}


MANIFEST = "project:\n  id: {}\ncv_version: {}\nuniverse_version: 1.10\n"
UNIVERSE: dict[str, Any] = {
    "esgvoc_manifest.yaml": MANIFEST.format("universe", "1.10"),
    "README.md": "not of the vocabulary",
    "activity/000_context.jsonld": context("activity"),
    "activity/cmip.json": term("activity", "cmip", drs_name="CMIP", description="common", url=None),
    "activity/dcpp.json": term("activity", "damip", drs_name="DCPP"),
    "experiment/000_context.jsonld": context("experiment", needs="source_type"),
    "experiment/dcppa.json": term(
        "experiment", "dcppa", drs_name="dcppA", activity_id=["dcpp"], tier=1, weight=1.5, main=True, start=None,
        parent_experiment_id=["historical", "no parent"], needs=["aogcm"], nested={"a": 1}, empty="",
    ),
    "experiment/historical.json": term("experiment", "historical", drs_name="historical", activity_id=["cmip"]),
    "source_type/000_context.jsonld": context("source_type"),
    "source_type/aogcm.json": term("source_type", "aogcm", drs_name="AOGCM"),
    "sub_experiment/000_context.jsonld": context("sub_experiment"),
    "sub_experiment/s1960.json": term("sub_experiment", "s1960", drs_name="s1960"),
    "variable/000_context.jsonld": context("variable"),
    "variable/sfcwind.json": term("variable", "sfcwind", drs_name="sfcWind", units="m s-1"),
    "variable/tas.json": term("variable", "tas", drs_name="tas"),
    "variant_label/000_context.jsonld": context("variant_label"),
    "variant_label/ripf.json": term("variant_label", "ripf", regex="^r\\d+i\\d+$"),
    "variant_label/be.json": term("variant_label", "be", regex="^BE$"),
    "member_id/000_context.jsonld": context("member_id"),
    "member_id/both.json": term(
        "member_id", "both", separator="-",
        parts=[
            {"type": "sub_experiment", "is_required": False},
            {"type": "variant_label", "id": "ripf", "is_required": True},
        ],
    ),
    "realization_index/000_context.jsonld": context("realization_index"),
    "realization_index/digits.json": term("realization_index", "digits", regex="\\d+"),
    "directory_date/000_context.jsonld": context("directory_date"),
    "directory_date/date.json": term("directory_date", "date", regex="^\\d{8}$"),
    "directory_date/vdate.json": term("directory_date", "vdate", regex="^v\\d{8}$"),
}  # fmt: skip

CATALOG = """
version: v1
dataset_properties:
  - source_collection: activity
    catalog_field_name: activity_id
    catalog_field_value_type: string_array
    is_required: true
  - source_collection: variable
    source_collection_key: units
    catalog_field_name: variable_units
    is_required: false
  - source_collection: null
    catalog_field_name: note
    is_required: false
  - source_collection: version
    source_collection_term: date
    is_required: true
"""
DRS = """
dataset_id:
  separator: .
  parts:
    - source_collection: activity
    - source_collection: experiment
    - source_collection: member_id
    - source_collection: version
"""
PROJECT: dict[str, Any] = {
    "esgvoc_manifest.yaml": MANIFEST.format("cmip9", "2.10"),
    "project_specs.yaml": "project_id: cmip9\n",
    "catalog_specs.yaml": CATALOG,
    "drs_specs.yaml": DRS,
    "activity/000_context.jsonld": context("activity"),
    "activity/cmip.json": term("activity", "cmip", experiments=["historical"]),
    "activity/dcpp.json": term("activity", "dcpp", drs_name="dcpp9"),
    "experiment/000_context.jsonld": context("experiment"),
    "experiment/dcppa.json": term("experiment", "dcppA", tier=2),
    "experiment/historical.json": term("experiment", "historical"),
    "member_id/000_context.jsonld": context("member_id"),
    "member_id/any.json": term("member_id", "both"),
    "realisation/000_context.jsonld": context("realisation_index"),
    "realisation/digits.json": term("realization_index", "digits"),
    "variable/000_context.jsonld": context("variable"),
    "variable/sfcWind.json": term("variable", "sfcWind"),
    "variable/tas.json": term("variable", "tas"),
    "variant_label/000_context.jsonld": context("variant_label"),
    "variant_label/ripf.json": term("variant_label", "ripf"),
    "version/000_context.jsonld": context("directory_date"),
    "version/date.json": term("directory_date", "date"),
    "version/vdate.json": term("directory_date", "vdate"),
}


def files_of(content: Content) -> dict[str, bytes]:
    """As a source is read."""
    return {
        path: _bytes(said) for path, said in content.items() if path.endswith((".json", ".jsonld", ".yaml"))
    }


def _bytes(said: Any) -> bytes:
    if isinstance(said, bytes):
        return said
    return said.encode() if isinstance(said, str) else orjson.dumps(said, option=orjson.OPT_INDENT_2)


def folder_of(path: Path, content: Content) -> Path:
    """Written as a folder."""
    for name, said in content.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(_bytes(said))
    return path


def zip_of(path: Path, content: Content, top: str = "") -> Path:
    """Written as a zip, all below the folder `top`, in another order than a folder has."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content, reverse=True):
            archive.writestr(f"{top}/{name}" if top else name, _bytes(content[name]))
    return path


def imported(content: Content, universe: Content = UNIVERSE, version: str | None = None) -> Imported:
    """A source as it is imported."""
    return import_files(files_of(content), version, lambda _: universe_of(universe))


def universe_of(content: Content = UNIVERSE) -> Universe:
    """A universe as a shelf gives it back."""
    found = from_bytes(to_bytes(imported(content).found), "universe")
    assert isinstance(found, Universe)
    return found


def vocabulary_of(content: Content, universe: Content = UNIVERSE, version: str | None = None) -> Vocabulary:
    """A vocabulary as it is imported."""
    found = imported(content, universe, version).found
    assert isinstance(found, Vocabulary)
    return found
