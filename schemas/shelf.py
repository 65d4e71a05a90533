"""Others' schemas on the disk of one node.

    FOLDER/index.json          {"version": 1, "uris": {URI: [sha256 that it means, earlier ones ...]}}
    FOLDER/contents/SHA256     what was imported, byte for byte

Contents are never changed and never removed, and the index is replaced as a whole: readers need no lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from schemas.errors import BadSchemas, Fault
from schemas.extensions import Extensions
from schemas.library import Library

VERSION = 1
SHA256 = re.compile(r"[0-9a-f]{64}")

Uris = dict[str, list[str]]


class SchemaShelf:
    """The folder of one node; it need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "index.json"

    def known(self) -> list[tuple[str, str]]:
        """(URI, sha256 that it means now), in order. BadSchemas: the index is damaged."""
        return [(uri, contents[0]) for uri, contents in sorted(self._read_index().items())]

    def load(self) -> Extensions:
        """All schemas, earlier contents too. BadSchemas: a file is missing or is not what was put there."""
        uris = self._read_index()
        hashes = {sha256 for contents in uris.values() for sha256 in contents}
        contents = {sha256: self._read(sha256) for sha256 in sorted(hashes)}
        return Extensions({uri: known[0] for uri, known in uris.items()}, Library(contents))

    def put(self, documents: Mapping[str, bytes]) -> None:
        """Make each URI mean this content from now on. OSError: nothing was changed."""
        if not documents:
            return
        with self._locked():
            uris = self._read_index()
            made: list[Path] = []
            try:
                for uri, data in documents.items():
                    sha256 = hashlib.sha256(data).hexdigest()
                    path = self._path(sha256)
                    if not path.exists():
                        made.append(path)
                        _write(path, data)
                    uris[uri] = [sha256, *(each for each in uris.get(uri, []) if each != sha256)]
                _write(
                    self._index, orjson.dumps({"version": VERSION, "uris": uris}, option=orjson.OPT_INDENT_2)
                )
            except OSError:
                for path in made:
                    path.unlink(missing_ok=True)
                raise

    def fingerprint(self) -> tuple[int, ...]:
        """Changes whenever the schemas do; costs one look at the disk. Empty: nothing was imported yet."""
        try:
            found = self._index.stat()
        except FileNotFoundError:
            return ()
        return (found.st_ino, found.st_mtime_ns, found.st_size)

    def _path(self, sha256: str) -> Path:
        return self._folder / "contents" / sha256

    def _read_index(self) -> Uris:
        try:
            document = orjson.loads(self._index.read_bytes())
        except FileNotFoundError:
            return {}
        except orjson.JSONDecodeError as error:
            raise BadSchemas(Fault(str(self._index), "", f"is damaged: {error}")) from error
        if not (isinstance(document, dict) and document.get("version") == VERSION):
            raise BadSchemas(Fault(str(self._index), "/version", "is of a version that is not known here"))
        uris = document.get("uris")
        if not isinstance(uris, dict) or not all(map(_is_history, uris.values())):
            raise BadSchemas(Fault(str(self._index), "/uris", "is damaged"))
        return uris

    def _read(self, sha256: str) -> bytes:
        path = self._path(sha256)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise BadSchemas(Fault(str(path), "", "is missing; import it again")) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BadSchemas(Fault(str(path), "", "is not what was imported; remove it and import it again"))
        return data

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, also of several processes."""
        (self._folder / "contents").mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _is_history(contents: object) -> bool:
    return (
        isinstance(contents, list)
        and bool(contents)
        and all(isinstance(each, str) and SHA256.fullmatch(each) for each in contents)
    )


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the power fails."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with open(draft, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
