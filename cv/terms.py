"""The newer layout: a folder a facet, a file a term, and a context that says which terms of the universe are meant."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cv.errors import BadVocabulary
from cv.layout import CONTEXT, Files
from cv.text import line_of, read_json

JSONLD = "@context"
BASE = "@base"
NO_FACTS = (JSONLD, "id", "type", "drs_name", "regex", "parts", "separator")


@dataclass(frozen=True, slots=True)
class TermFile:
    """One term as it is written. `stem` is the file's name, which is what references to it mean."""

    path: str
    data: bytes
    stem: str
    members: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.members["id"])

    @property
    def type(self) -> str:
        return str(self.members["type"])

    def bad(self, message: str, *place: str | int) -> BadVocabulary:
        """The error about a place in this file."""
        return BadVocabulary(message, self.path, line_of(self.data, *place) if place else None)


@dataclass(frozen=True, slots=True)
class Folder:
    """A facet as it is written. `base` is the folder of the universe that its terms are of; `targets` says the same
    of members whose values are terms."""

    name: str
    base: str | None
    targets: dict[str, str]
    terms: tuple[TermFile, ...]


def read_folders(files: Files) -> tuple[dict[str, Folder], list[str]]:
    """Every folder with a context, and what is odd. BadVocabulary: a file is wrong or contradicts another."""
    inside: dict[str, list[str]] = {}
    for path in sorted(files):
        if path.count("/") == 1 and path.endswith((".json", CONTEXT)):
            inside.setdefault(path.partition("/")[0], []).append(path)
    folders, warnings = {}, []
    for name, paths in inside.items():
        context = f"{name}/{CONTEXT}"
        if context not in files:
            warnings.append(f"{name}: has no {CONTEXT} and is not read")
            continue
        base, targets = _context(context, files[context])
        terms = tuple(_term(path, files[path]) for path in paths if path != context)
        folders[name] = Folder(name, base, targets, terms)
    return folders, warnings


def _context(path: str, data: bytes) -> tuple[str | None, dict[str, str]]:
    context = read_json(path, data).get(JSONLD)
    if not isinstance(context, dict):
        raise BadVocabulary(f"must have an object {JSONLD}", path, 1)
    return _segment(context.get(BASE)), dict(_targets(context))


def _targets(context: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, said in sorted(context.items()):
        inner = said.get(JSONLD) if isinstance(said, dict) else None
        target = _segment(inner.get(BASE)) if isinstance(inner, dict) else None
        if target:
            yield name, target


def _segment(url: Any) -> str | None:
    return url.rstrip("/").rpartition("/")[2] or None if isinstance(url, str) else None


def _term(path: str, data: bytes) -> TermFile:
    members = read_json(path, data)
    file = TermFile(path, data, PurePosixPath(path).stem, members)
    for name in ("id", "type"):
        if name not in members:
            raise BadVocabulary(f"`{name}` is missing", path, 1)
        if not isinstance(members[name], str) or not members[name]:
            raise file.bad(f"`{name}` must be text", name)
    for name in ("drs_name", "regex", "separator"):
        if name in members and not isinstance(members[name], str):
            raise file.bad(f"`{name}` must be text", name)
    for name in ("drs_name", "id"):
        if members.get(name, "") != members.get(name, "").strip():
            raise file.bad(f"`{name}` must not begin or end with a blank", name)
    return file
