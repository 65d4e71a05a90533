"""The flat layout: one file a facet, such as `CMIP6_experiment_id.json`, whose names are the published ones.

A file has one member called like its facet, a list or an object of terms, beside `version_metadata`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cv.errors import BadVocabulary
from cv.facts import facts_of
from cv.layout import FLAT_FILE, Files, good_project, good_version
from cv.text import line_of, read_json
from cv.vocabulary import Facet, Term

METADATA = "version_metadata"
COLLECTION_VERSION = "CV_collection_version"
DRS = "DRS"
TEMPLATE = "directory_path_template"
LICENSE = "license"
OPTIONS = "license_options"
NO_FACETS = (DRS, "required_global_attributes")
PLACEHOLDER = re.compile(r"<([A-Za-z0-9_]+)>")
VERSION_PART = "version"


@dataclass(frozen=True, slots=True)
class FlatFile:
    """One file: its facet and what it holds."""

    path: str
    data: bytes
    facet: str
    prefix: str | None
    content: Any
    version: str | None


@dataclass(frozen=True, slots=True)
class Flat:
    """What a flat source holds."""

    project: str
    version: str | None
    facets: dict[str, Facet]
    id_parts: tuple[str, ...]


def read_flat(files: Files) -> Flat:
    """BadVocabulary names the file, and the line where one is at fault."""
    read = [found for path, data in sorted(files.items()) if (found := _read(path, data))]
    project = _agreed([(file, file.prefix) for file in read if file.prefix], "belongs to")
    if project is None:
        raise BadVocabulary("is no vocabulary: no file is called like CMIP6_experiment_id.json")
    version = _agreed(
        [(file, file.version) for file in read if file.version], f"has the {COLLECTION_VERSION}"
    )
    facets = {
        file.facet: Facet(file.facet, tuple(_terms(file))) for file in read if file.facet not in NO_FACETS
    }
    facets = {name: facet for name, facet in sorted(facets.items()) if facet.terms}
    if not facets:
        raise BadVocabulary("is no vocabulary: there is no facet with terms")
    parts = next((_id_parts(file) for file in read if file.facet == DRS), ())
    return Flat(good_project(project.lower()), version and good_version(version), facets, parts)


def _read(path: str, data: bytes) -> FlatFile | None:
    match = FLAT_FILE.fullmatch(path)
    if match is None:
        return None
    found = read_json(path, data)
    facet, prefix = match["facet"], match["prefix"]
    metadata = found.pop(METADATA, {})
    version = metadata.get(COLLECTION_VERSION) if isinstance(metadata, dict) else None
    if version is not None and not isinstance(version, str):
        raise BadVocabulary(
            f"{COLLECTION_VERSION} must be text", path, line_of(data, METADATA, COLLECTION_VERSION)
        )
    if list(found) != [facet]:
        said = ", ".join(found) or "none"
        raise BadVocabulary(f"must have the member {facet} beside {METADATA}, but has: {said[:200]}", path, 1)
    return FlatFile(path, data, facet, prefix, found[facet], version)


def _agreed(said: list[tuple[FlatFile, str]], what: str) -> str | None:
    """The one value of all files. BadVocabulary names the first that says something else than most do."""
    values = [value for _, value in said]
    most = max(values, key=lambda value: (values.count(value), value), default=None)
    for file, value in said:
        if value != most:
            line = line_of(file.data, METADATA, COLLECTION_VERSION) if file.version == value else None
            raise BadVocabulary(f"{what} {value}, but the other files say {most}", file.path, line)
    return most


def _terms(file: FlatFile) -> Iterator[Term]:
    content = file.content
    if file.facet == LICENSE and isinstance(content, dict):
        content = content.get(OPTIONS, {})  # what is beside them is the text of a template
    if isinstance(content, list):
        yield from _listed(file, content)
    elif isinstance(content, dict):
        for name in sorted(content):
            yield _term(file, name, content[name])
    else:
        raise _bad(file, "must be a list or an object of terms")


def _listed(file: FlatFile, names: list[Any]) -> Iterator[Term]:
    seen = set()
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise _bad(file, "must hold texts", index)
        if name in seen:
            raise _bad(file, f"holds {name} twice", index)
        seen.add(name)
    for name in sorted(seen):
        yield Term(name, name)


def _term(file: FlatFile, name: str, value: Any) -> Term:
    if not name:
        raise _bad(file, "has a term without a name", name)
    if isinstance(value, str):
        return Term(name, name, facts=facts_of({"description": value}))
    if not isinstance(value, dict):
        raise _bad(file, f"says of {name} neither a text nor an object", name)
    own = value.get(file.facet)
    if isinstance(own, str) and own != name:
        raise _bad(file, f"calls the term {name} also {own}", name, file.facet)
    return Term(name, name, facts=facts_of(value, without=(file.facet,)))


def _id_parts(file: FlatFile) -> tuple[str, ...]:
    template = file.content.get(TEMPLATE) if isinstance(file.content, dict) else None
    if not isinstance(template, str):
        return ()
    return tuple(part for part in PLACEHOLDER.findall(template) if part != VERSION_PART)


def _bad(file: FlatFile, message: str, *place: str | int) -> BadVocabulary:
    within = (OPTIONS, *place) if file.facet == LICENSE and place else place
    return BadVocabulary(f"{file.facet} {message}", file.path, line_of(file.data, file.facet, *within))
