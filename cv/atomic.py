"""Writing a file so that readers see it whole or not at all, and so that it survives a power cut."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` at `path`. OSError: nothing has changed."""
    made = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write(path, data)
    except OSError:
        if made:
            with contextlib.suppress(OSError):  # somebody else has put something there meanwhile
                path.parent.rmdir()
        raise


def _write(path: Path, data: bytes) -> None:
    number, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)  # a temporary file is for its owner alone; a node may run as another user
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
