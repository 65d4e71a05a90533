"""Temporary folders of servers: in memory where there is room, and swept up after owners that were killed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.cache import cache_folder, locked

PREFIX = "stacfed-server-"
OWNER = "owner.lock"
MEMORY = Path("/dev/shm")
MEMINFO = Path("/proc/meminfo")
FREE_BYTES_MIN = 6 << 30  # two dozen servers of a whole run, one after the other, leave far less


def memory(folder: Path = MEMORY, meminfo: Path = MEMINFO, free_min: int = FREE_BYTES_MIN) -> Path | None:
    """A file system in memory that is roomy enough; programs can be started from it.

    Servers forced every write to the disk otherwise: creating a Kafka topic takes twice as long there. Nothing here
    survives a power cut, and no test cuts the power.
    """
    if not (folder.is_dir() and meminfo.is_file() and os.access(folder, os.W_OK | os.X_OK)):
        return None
    system, available = os.statvfs(folder), re.search(r"MemAvailable: +(\d+) kB", meminfo.read_text())
    free = min(system.f_bavail * system.f_frsize, int(available[1]) << 10 if available else 0)
    return folder if free >= free_min and not system.f_flag & os.ST_NOEXEC else None


@contextmanager
def server_folder(parent: Path | None = None) -> Iterator[Path]:
    """A folder in `parent`, or where temporary files go, that a server may enter as another user too."""
    inside = parent or Path(tempfile.gettempdir())
    cache = cache_folder(os.environ, Path.home())
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "folders.lock"):
        _sweep(inside)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=inside))
        owned = (folder / OWNER).open("w")
        fcntl.flock(owned, fcntl.LOCK_EX)
    with owned:
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _sweep(inside: Path) -> None:
    """Remove what is left of owners that had no time to do it: nobody holds their locks any more."""
    for lock in inside.glob(f"{PREFIX}*/{OWNER}"):
        try:
            with lock.open("r+") as left:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # at work, or another user's
            continue
        shutil.rmtree(lock.parent, ignore_errors=True)
