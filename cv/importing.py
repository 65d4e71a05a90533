"""From the files of a source to what the shelf keeps: a vocabulary, or a universe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cv.errors import BadVocabulary
from cv.flat import read_flat
from cv.layout import Files, Layout, good_version, layout_of, project_of, read_manifest
from cv.patterns import compiled
from cv.pinned import Json, content_of, from_bytes, sha256_of, vocabulary_of
from cv.resolve import Resolver
from cv.specs import Specs
from cv.terms import read_folders
from cv.text import line_of
from cv.universe import Universe, read_universe
from cv.vocabulary import Vocabulary

LABEL_CHARS = 8  # of the digest, in the label of what has no version

FindUniverse = Callable[[str | None], Universe]
"""The universe to use, given the version that the project was made with. BadVocabulary: there is none."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What was read, and what is odd about it."""

    found: Vocabulary | Universe
    warnings: tuple[str, ...]


def import_files(files: Files, version: str | None, universe: FindUniverse) -> Imported:
    """`version` None: the one that the source says. BadVocabulary names path and line of what is wrong."""
    if version is not None:
        good_version(version)
    match layout_of(files):
        case Layout.FLAT:
            return _flat(files, version)
        case Layout.UNIVERSE:
            return _universe(files, version)
        case Layout.PROJECT:
            return _project(files, version, universe)


def import_pinned(data: bytes, version: str | None, path: str) -> Imported:
    """A file of another node's shelf, as it is. BadVocabulary: it is not one, or is damaged."""
    found = from_bytes(data, path)
    return Imported(found if version is None else replace(found, version=good_version(version)), ())


def _flat(files: Files, version: str | None) -> Imported:
    read = read_flat(files)
    content = content_of(read.project, read.facets, (), read.id_parts)
    return Imported(_pinned(content, version or read.version, Layout.FLAT.value), ())


def _universe(files: Files, version: str | None) -> Imported:
    content, said, warnings = read_universe(files)
    for name, folder in content["folders"].items():
        for key, members in folder.items():
            if members.get("regex"):
                try:
                    compiled(members["regex"])
                except ValueError as error:
                    raise _of_pattern(files, name, key, error) from error
    sha256 = sha256_of(content)
    label = version or said or _label(sha256)
    found = Universe(
        good_version(label), sha256, content["folders"], content["targets"], Layout.PROJECT.value
    )
    return Imported(found, tuple(warnings))


def _of_pattern(files: Files, folder: str, key: str, error: ValueError) -> BadVocabulary:
    path = next(p for p in files if p.casefold() == f"{folder}/{key}.json".casefold())
    return BadVocabulary(str(error), path, line_of(files[path], "regex"))


def _project(files: Files, version: str | None, find: FindUniverse) -> Imported:
    project, manifest = project_of(files), read_manifest(files)
    folders, warnings = read_folders(files)
    universe = find(manifest.get("universe"))
    made_with = manifest.get("universe")
    if made_with and made_with != universe.version:
        warnings.append(f"was made with the universe {made_with}; {universe.version} is used")
    resolver = Resolver(folders, universe)
    specs = Specs(files, project, folders, resolver.facets())
    fields, id_parts = specs.fields(), specs.id_parts()
    content = content_of(project, dict(sorted(specs.facets.items())), fields, id_parts)
    source = f"{Layout.PROJECT.value}, universe {universe.version} ({universe.sha256[:LABEL_CHARS]})"
    pinned = _pinned(content, version or manifest.get("version"), source)
    return Imported(pinned, (*warnings, *resolver.warnings, *specs.warnings))


def _pinned(content: Json, version: str | None, source: str) -> Vocabulary:
    sha256 = sha256_of(content)
    return vocabulary_of(content, good_version(version or _label(sha256)), sha256, source)


def _label(sha256: str) -> str:
    return f"unversioned-{sha256[:LABEL_CHARS]}"
