"""The files of a schema, a folder or a zip that an operator names."""

from __future__ import annotations

import zipfile
from pathlib import Path

from cv.errors import BadVocabulary
from cv.source import read_source
from schemas.errors import BadSchemas, Fault
from schemas.naming import BYTES_MAX, Named, named


def collect(path: Path) -> Named:
    """The schemas at a path. BadSchemas: there is nothing that can be read, or it is beyond a limit."""
    try:
        if path.is_file() and not zipfile.is_zipfile(path):
            return named({path.name: _one(path)}, alone=True, above=path.absolute().parent.as_posix())
        top = _top(path)
        files = {top + where: data for where, data in read_source(path).items()}
    except BadVocabulary as error:
        shown = f"{path}: {error.path}" if error.path else str(path)
        raise BadSchemas(Fault(shown, "", error.message)) from error
    except OSError as error:
        raise BadSchemas(
            Fault(str(error.filename or path), "", error.strerror or "cannot be read")
        ) from error
    return named(files, above=path.absolute().as_posix() if path.is_dir() else "")


def _one(path: Path) -> bytes:
    if path.stat().st_size > BYTES_MAX:
        raise BadSchemas(Fault(str(path), "", f"is over {BYTES_MAX} bytes"))
    return path.read_bytes()


def _top(path: Path) -> str:
    """A sole top folder, which `read_source` leaves out; here it may be the host of a URI."""
    if path.is_dir():
        names = [f"{each.name}/" if each.is_dir() else each.name for each in path.iterdir()]
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    else:
        return ""
    visible = {name for name in names if not name.startswith((".", "__MACOSX"))}
    tops = {name.partition("/")[0] for name in visible}
    return f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in visible) else ""
