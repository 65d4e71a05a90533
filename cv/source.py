"""A vocabulary as somebody hands it over, a folder or a zip, as {relative path: bytes}; within limits.

Only what a vocabulary is written in (JSON and YAML) is read, but the name of everything is looked at: a name that
leads elsewhere is no mistake that people make.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from cv.errors import BadVocabulary
from cv.layout import Files

FILES_MAX = 50_000
FILE_BYTES_MAX = 16 << 20
TOTAL_BYTES_MAX = 256 << 20
RATIO_MAX = 200  # unpacked to packed, of files above RATIO_FROM_BYTES
RATIO_FROM_BYTES = 1 << 20
DEPTH_MAX = 16
READ = (".json", ".jsonld", ".yaml", ".yml")
DRIVE = re.compile(r"[A-Za-z]:")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
ENCRYPTED = 0x1  # in the flags of a zip's entry


def read_source(path: Path) -> Files:
    """The files of a folder or a zip by their path below it, without hidden ones and without a sole top folder.

    BadVocabulary: it is neither, leads elsewhere, or is beyond a limit. OSError: it cannot be read.
    """
    if path.is_dir():
        found = dict(_folder(path))
    elif path.is_file():
        found = _zip(path)
    else:
        raise BadVocabulary("there is no such folder or zip")
    return _without_top(found)


def read_pinned(path: Path) -> bytes:
    """A file of another node's shelf. BadVocabulary: it is too large. OSError: it cannot be read."""
    if path.is_file() and path.stat().st_size > TOTAL_BYTES_MAX:
        raise BadVocabulary(f"is over {TOTAL_BYTES_MAX} bytes")
    return path.read_bytes()


def _folder(root: Path) -> Iterator[tuple[str, bytes | None]]:
    total = count = 0
    for parent, folders, names in os.walk(root, onerror=_raised):
        folders[:] = sorted(name for name in folders if not _hidden(name))
        at = Path(parent)
        if len(at.relative_to(root).parts) > DEPTH_MAX:
            raise BadVocabulary(f"is more than {DEPTH_MAX} folders deep", at.relative_to(root).as_posix())
        for name in folders:
            _no_link(at / name, root)
        for name in sorted(name for name in names if not _hidden(name)):
            shown = (at / name).relative_to(root).as_posix()
            count = _counted(count)
            size = _no_link(at / name, root)
            if not name.endswith(READ):
                yield shown, None
                continue
            total = _weighed(shown, size, total)
            yield shown, (at / name).read_bytes()


def _raised(error: OSError) -> None:
    raise error


def _no_link(path: Path, root: Path) -> int:
    """The size in bytes of a file or folder that is just that."""
    found = path.lstat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "neither a file nor a folder"
        raise BadVocabulary(f"is {kind}", path.relative_to(root).as_posix())
    return found.st_size


def _zip(path: Path) -> dict[str, bytes | None]:
    try:
        with zipfile.ZipFile(path) as archive:
            return _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BadVocabulary(f"is not a folder, and not a zip that can be read: {error}") from error


def _unpacked(archive: zipfile.ZipFile) -> dict[str, bytes | None]:
    found: dict[str, bytes | None] = {}
    total = count = 0
    for entry in archive.infolist():
        name = _plain_name(entry)
        count = _counted(count)
        if entry.is_dir() or any(_hidden(part) for part in name.split("/")):
            continue
        if name in found:
            raise BadVocabulary("is in the zip twice", name)
        if not name.endswith(READ):
            found[name] = None
            continue
        if entry.flag_bits & ENCRYPTED:
            raise BadVocabulary("is encrypted", name)
        if entry.file_size > RATIO_FROM_BYTES and entry.file_size > RATIO_MAX * max(entry.compress_size, 1):
            raise BadVocabulary(f"unpacks to more than {RATIO_MAX} times its size", name)
        total = _weighed(name, entry.file_size, total)
        found[name] = archive.read(entry)  # never more than `file_size`, and that much has to be there
    return found


def _plain_name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry. BadVocabulary: it could lead out of the zip, or is no file at all."""
    name = entry.orig_filename  # as written: `filename` ends at a zero byte
    wrong = (
        "holds a control character" if CONTROL.search(name)
        else "holds a backslash" if "\\" in name
        else "is absolute" if name.startswith("/") or DRIVE.match(name)
        else "leads out of its folder" if ".." in name.split("/")
        else "is no plain path" if PurePosixPath(name).as_posix() != name.rstrip("/")
        else "is a symbolic link" if stat.S_ISLNK(entry.external_attr >> 16)
        else "is too deep" if name.count("/") > DEPTH_MAX
        else None
    )  # fmt: skip
    if wrong:
        raise BadVocabulary(f"an entry {wrong}", repr(name)[:200])
    return name


def _hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _counted(count: int) -> int:
    if count >= FILES_MAX:
        raise BadVocabulary(f"holds more than {FILES_MAX} files")
    return count + 1


def _weighed(name: str, size: int, total: int) -> int:
    if size > FILE_BYTES_MAX:
        raise BadVocabulary(f"is over {FILE_BYTES_MAX} bytes", name)
    if total + size > TOTAL_BYTES_MAX:
        raise BadVocabulary(f"all files together are over {TOTAL_BYTES_MAX} bytes", name)
    return total + size


def _without_top(found: Mapping[str, bytes | None]) -> Files:
    tops = _tops(found)
    cut = len(next(iter(tops))) + 1 if len(tops) == 1 and all("/" in name for name in found) else 0
    return {name[cut:]: data for name, data in found.items() if data is not None}


def _tops(names: Iterable[str]) -> set[str]:
    return {name.partition("/")[0] for name in names}
