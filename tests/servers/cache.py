"""A folder outside the work tree for what takes long to make: each part is made once and then only read.

A part is made under another name and renamed when complete: a part that is there is whole. Two test runs at once make
it one after the other, under a lock.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


def cache_folder(environment: Mapping[str, str], home: Path) -> Path:
    """Where the parts are kept."""
    return Path(environment.get("XDG_CACHE_HOME") or home / ".cache") / "stacfed-servers"


def part(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that part; `make` fills an empty one where it is not there yet."""
    folder = cache_folder(os.environ, Path.home())
    wanted = folder / name
    if wanted.is_dir():
        return wanted
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / f"{name}.lock"):
        if not wanted.is_dir():
            _make(wanted, make)
    return wanted


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait until no other process holds it; the system lets go of it when its holder dies."""
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _make(wanted: Path, make: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=wanted.parent, prefix="making-") as making:
        made = Path(making) / wanted.name
        made.mkdir()
        make(made)
        made.rename(wanted)
