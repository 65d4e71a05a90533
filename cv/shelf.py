"""The vocabularies that a node knows, as files: `<project>/<sha256>.json`, and `<project>/current` that names one.

A file never changes: another content has another name. Everything is written beside its place and then moved there,
so that a reader meets the old state or the new one, and a failed import leaves no trace.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cv.atomic import write_whole
from cv.errors import BadVocabulary
from cv.layout import PROJECT, UNIVERSE
from cv.pinned import HEAD_BYTES_MAX, Head, from_bytes, head_of, to_bytes
from cv.universe import Universe
from cv.vocabulary import Vocabulary

CURRENT = "current"
FILES_MAX = 10_000
FILE_BYTES_MAX = 512 << 20
PREFIX_CHARS_MIN = 6  # of a digest that stands for the whole
DIGEST = re.compile(r"[0-9a-f]{64}")

Fingerprint = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One version of one project. `current`: its doors stamp it."""

    project: str
    version: str
    sha256: str
    current: bool
    source: str

    @property
    def label(self) -> str:
        return f"{self.project} {self.version}"


class Shelf:
    """The vocabularies below one folder, which need not exist before something is put there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def known(self) -> list[Entry]:
        """Every version of every project that can be used, universes too; sorted."""
        return [found for found in self._scan() if isinstance(found, Entry)]

    def damaged(self) -> list[BadVocabulary]:
        """What is said of each file that cannot be used."""
        return [found for found in self._scan() if isinstance(found, BadVocabulary)]

    def load(self, project: str, sha256: str) -> Vocabulary | None:
        """None: it is not known here. BadVocabulary: the file is damaged."""
        found = self._load(project, sha256)
        return found if isinstance(found, Vocabulary) else None

    def current(self, project: str) -> Vocabulary | None:
        """The vocabulary in use; None: none is. BadVocabulary: it is gone or damaged."""
        sha256 = self._current(project)
        if sha256 is None:
            return None
        found = self.load(project, sha256)
        if found is None:
            raise BadVocabulary(f"names {sha256[:100]}, which is not there", str(self._at(project, CURRENT)))
        return found

    def put(self, found: Vocabulary | Universe) -> Entry:
        """Make it known. The same content again changes nothing: the answer is what it is known as.

        BadVocabulary: its label belongs to another content.
        """
        for entry in self.known():
            if entry.project == found.project and entry.sha256 == found.sha256:
                return entry
            if entry.project == found.project and entry.version == found.version:
                raise BadVocabulary(
                    f"{entry.label} is known with another content ({entry.sha256[:8]}, this one is "
                    f"{found.sha256[:8]}); import this one under a name of its own with --version"
                )
        write_whole(self._at(found.project, f"{found.sha256}.json"), to_bytes(found))
        return Entry(found.project, found.version, found.sha256, False, found.source)

    def find(self, project: str, name: str) -> Entry:
        """The version called `name`, or whose digest begins so. BadVocabulary says what there is."""
        entries = [entry for entry in self.known() if entry.project == project]
        exact = [entry for entry in entries if name in (entry.version, entry.sha256)]
        like = [each for each in entries if len(name) >= PREFIX_CHARS_MIN and each.sha256.startswith(name)]
        found = exact or like
        if len(found) == 1:
            return found[0]
        if found:
            raise BadVocabulary(
                f"{len(found)} versions of {project} begin with {name}; write more of the digest"
            )
        there = ", ".join(entry.version for entry in entries)
        raise BadVocabulary(
            f"there is no version {name} of {project}; there is {there}" if there
            else f"there is no vocabulary of {project}; import one with stacfed cv import PATH"
        )  # fmt: skip

    def use(self, project: str, name: str) -> Entry:
        """Make a version the current one: by its label, or the beginning of its digest."""
        entry = self.find(project, name)
        self._load(project, entry.sha256)  # never point to what is damaged
        write_whole(self._at(project, CURRENT), f"{entry.sha256}\n".encode())
        return entry

    def universe(self, wanted: str | None, made_with: str | None) -> Universe:
        """The universe to resolve with: the wanted one, else the one that the project was made with, else the
        current one, else the only one. BadVocabulary: that leaves none or several."""
        entries = [entry for entry in self.known() if entry.project == UNIVERSE]
        if not entries:
            raise BadVocabulary(
                "its terms refer to the universe, and none is known here; import it first: "
                "stacfed cv import WCRP-universe.zip"
            )
        chosen = (
            [self.find(UNIVERSE, wanted)] if wanted
            else [entry for entry in entries if entry.version == made_with]
            or [entry for entry in entries if entry.current] or entries
        )  # fmt: skip
        if len(chosen) > 1:
            names = ", ".join(entry.version for entry in chosen)
            raise BadVocabulary(f"several universes are known ({names}); choose one with --universe VERSION")
        found = self._load(UNIVERSE, chosen[0].sha256)
        if not isinstance(found, Universe):
            raise BadVocabulary("is gone", str(self._at(UNIVERSE, f"{chosen[0].sha256}.json")))
        return found

    def fingerprint(self) -> Fingerprint:
        """Differs whenever what is known or current has changed; from the file system's entries alone."""
        found = []
        for path in self._files():
            with contextlib.suppress(FileNotFoundError):  # it has been taken away meanwhile
                told = path.stat()
                found.append((f"{path.parent.name}/{path.name}", told.st_size, told.st_mtime_ns, told.st_ino))
        return tuple(found)

    def _files(self) -> Iterator[Path]:
        count = 0
        for project in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            if not PROJECT.fullmatch(project.name) or not project.is_dir():
                continue
            for path in sorted(project.iterdir()):
                if path.name == CURRENT or (path.suffix == ".json" and DIGEST.fullmatch(path.stem)):
                    count += 1
                    if count > FILES_MAX:
                        raise BadVocabulary(f"holds more than {FILES_MAX} vocabularies", str(self.folder))
                    yield path

    def _scan(self) -> Iterator[Entry | BadVocabulary]:
        current: dict[str, str | None] = {}
        for path in self._files():
            if path.name == CURRENT:
                continue
            project = path.parent.name
            if project not in current:
                current[project] = self._current(project)
            try:
                head = self._head(path)
            except BadVocabulary as error:
                yield error
                continue
            yield Entry(project, head.version, head.sha256, current[project] == head.sha256, head.source)

    def _head(self, path: Path) -> Head:
        with path.open("rb") as file:
            head = head_of(file.read(HEAD_BYTES_MAX), str(path))
        if (head.project, head.sha256) != (path.parent.name, path.stem):
            raise BadVocabulary("is damaged: it is not what its name says", str(path))
        return head

    def _load(self, project: str, sha256: str) -> Vocabulary | Universe | None:
        if not PROJECT.fullmatch(project) or not DIGEST.fullmatch(sha256):
            return None  # what events say never becomes another path
        path = self._at(project, f"{sha256}.json")
        if not path.is_file():
            return None
        if path.stat().st_size > FILE_BYTES_MAX:
            raise BadVocabulary(f"is over {FILE_BYTES_MAX} bytes", str(path))
        found = from_bytes(path.read_bytes(), str(path))
        if (found.project, found.sha256) != (project, sha256):
            raise BadVocabulary("is damaged: it is not what its name says", str(path))
        return found

    def _current(self, project: str) -> str | None:
        path = self._at(project, CURRENT)
        if not PROJECT.fullmatch(project) or not path.is_file():
            return None
        with path.open("rb") as file:
            return file.read(100).decode("ascii", "replace").strip()

    def _at(self, project: str, name: str) -> Path:
        return self.folder / project / name
