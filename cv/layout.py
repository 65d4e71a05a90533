"""Which of the published layouts a source has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cv.errors import BadVocabulary
from cv.text import mapping, read_yaml, text

Files = Mapping[str, bytes]
"""A source: what is in its files, by their path below it."""

CONTEXT = "000_context.jsonld"
MANIFEST = "esgvoc_manifest.yaml"
PROJECT_SPECS = "project_specs.yaml"
CATALOG_SPECS = "catalog_specs.yaml"
DRS_SPECS = "drs_specs.yaml"
UNIVERSE = "universe"
UNIVERSE_FOLDERS = ("organisation", "known_branded_variable")
FLAT_FILE = re.compile(r"(?:(?P<prefix>[A-Z][A-Za-z0-9+-]*)_)?(?P<facet>[A-Za-z][A-Za-z0-9_]*)\.json")
PROJECT = re.compile(r"[a-z0-9][a-z0-9_+-]{0,62}")
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


class Layout(StrEnum):
    """How a source is laid out."""

    FLAT = "flat files"
    PROJECT = "one file a term"
    UNIVERSE = "universe"


def layout_of(files: Files) -> Layout:
    """BadVocabulary: it is none that we know."""
    folders = {
        name.partition("/")[0] for name in files if name.count("/") == 1 and name.endswith(f"/{CONTEXT}")
    }
    if folders:
        manifest = read_manifest(files)
        project = manifest.get("id") if manifest else None
        like_it = DRS_SPECS not in files and all(name in folders for name in UNIVERSE_FOLDERS)
        return Layout.UNIVERSE if project == UNIVERSE or (project is None and like_it) else Layout.PROJECT
    prefixes = {match["prefix"] for name in files if (match := FLAT_FILE.fullmatch(name))}
    if any(prefixes):
        return Layout.FLAT
    raise BadVocabulary(
        "is no vocabulary: there are neither files such as CMIP6_experiment_id.json nor folders of terms with a "
        f"{CONTEXT}"
    )


def read_manifest(files: Files) -> dict[str, str]:
    """`id`, `version` and `universe` (the version that the project was made with), as far as they are there."""
    if MANIFEST not in files:
        return {}
    found = mapping(read_yaml(MANIFEST, files[MANIFEST]), MANIFEST)
    project = found.get("project")
    said = {
        "id": text(project.get("id")) if isinstance(project, dict) else None,
        "version": text(found.get("cv_version")),
        "universe": text(found.get("universe_version")),
    }
    return {name: value for name, value in said.items() if value is not None}


def project_of(files: Files) -> str:
    """The id of the project of a source in the newer layout. BadVocabulary: none is said, or two."""
    said: dict[str, Any] = {}
    if project := read_manifest(files).get("id"):
        said[MANIFEST] = project
    if PROJECT_SPECS in files:
        specs = mapping(read_yaml(PROJECT_SPECS, files[PROJECT_SPECS]), PROJECT_SPECS)
        if project := text(specs.get("project_id")):
            said[PROJECT_SPECS] = project
    if not said:
        raise BadVocabulary(f"neither {MANIFEST} nor {PROJECT_SPECS} says what the project is called")
    if len(set(said.values())) > 1:
        raise BadVocabulary(
            f"the project is {said[MANIFEST]} in {MANIFEST}, but here {said[PROJECT_SPECS]}", PROJECT_SPECS
        )
    return good_project(*reversed(next(iter(said.items()))))


def good_project(name: str, path: str = "") -> str:
    """It, where it can name a folder on every system."""
    if not PROJECT.fullmatch(name):
        raise BadVocabulary(f"{name[:100]!r} cannot be the id of a project: use a-z, 0-9, _, + and -", path)
    return name


def good_version(name: str, path: str = "") -> str:
    """It, where it can be a label."""
    if not VERSION.fullmatch(name):
        raise BadVocabulary(
            f"{name[:100]!r} cannot be a version: use letters, digits, '.', '_', '+' and '-'", path
        )
    return name
