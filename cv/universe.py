"""The universe: the terms that the vocabularies of projects refer to, by folder and file name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cv.errors import BadVocabulary
from cv.layout import UNIVERSE, Files, read_manifest
from cv.terms import Folder, TermFile, read_folders

Members = dict[str, Any]


@dataclass(frozen=True)
class Universe:
    """One version: {folder: {file name in lower case: members}}, and which members of a folder's terms name terms."""

    version: str
    sha256: str
    folders: dict[str, dict[str, Members]]
    targets: dict[str, dict[str, str]]
    source: str = ""
    project: str = UNIVERSE

    @property
    def label(self) -> str:
        return f"{self.project} {self.version}"

    def find(self, folder: str | None, term: str) -> Members | None:
        """The members of a term, whatever the case of its name; None: there is no such term or folder."""
        return self.folders.get(folder or "", {}).get(term.casefold())

    @cached_property
    def content(self) -> dict[str, Any]:
        """What its digest is of."""
        return {"project": self.project, "folders": self.folders, "targets": self.targets}


def read_universe(files: Files) -> tuple[dict[str, Any], str | None, list[str]]:
    """(content, version, what is odd). BadVocabulary: a file is wrong."""
    folders, warnings = read_folders(files)
    content: dict[str, Any] = {"project": UNIVERSE, "folders": {}, "targets": {}}
    for name, folder in folders.items():
        content["folders"][name] = _terms(folder)
        if folder.targets:
            content["targets"][name] = folder.targets
        warnings += _odd(folder)
    if not any(content["folders"].values()):
        raise BadVocabulary("is no universe: no folder has terms")
    return content, read_manifest(files).get("version"), warnings


def _terms(folder: Folder) -> dict[str, Members]:
    found: dict[str, tuple[TermFile, Members]] = {}
    for file in folder.terms:
        key = file.stem.casefold()
        if key in found:
            raise BadVocabulary(f"differs from {found[key][0].path} in case alone", file.path)
        found[key] = (file, {name: value for name, value in file.members.items() if name != "@context"})
    return {key: members for key, (_, members) in found.items()}


def _odd(folder: Folder) -> Iterator[str]:
    """What published universes contain, and is therefore no reason to refuse them."""
    named: dict[str, TermFile] = {}
    for file in folder.terms:
        if file.id.casefold() != file.stem.casefold():
            yield f"{file.path}: says that its id is {file.id}; the name of the file counts"
        if file.type != folder.name:
            yield f"{file.path}: says that its type is {file.type}; the folder counts"
        name = file.members.get("drs_name")
        if name == "":
            yield f"{file.path}: has an empty drs_name; its id counts"
        elif name is not None and name in named:
            yield f"{file.path}: has the drs_name {name} of {named[name].path}"
        elif name is not None:
            named[name] = file
