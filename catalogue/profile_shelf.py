"""The folder that profiles come from: those that are shipped with the software, and an operator's own beside them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from catalogue.profile import Profile
from catalogue.profile_file import BadProfile, read_profile
from catalogue.profile_set import Profiles, Shelved
from catalogue.yaml_text import TEXT_BYTES_MAX

__all__ = ["BadProfile", "ProfileShelf", "Profiles", "profile_of", "read_file", "shipped"]

SHIPPED = Path(__file__).parent / "profiles"
FILES_MAX = 1000

Fingerprint = tuple[tuple[str, int, int, int], ...]


class ProfileShelf:
    """The shipped profiles and the `*.yaml` of a folder; without one, or where it is not there, only the shipped."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    def load(self) -> Profiles:
        """Everything, freshly read. BadProfile with every fault of every file."""
        shelved: list[Shelved] = list(_shipped())
        faults: list[str] = []
        for path in self._files():
            try:
                shelved.append(Shelved(read_file(path), str(path), own=True))
            except BadProfile as bad:
                faults += bad.faults
        if faults:
            raise BadProfile(tuple(faults))
        return Profiles(shelved)

    def fingerprint(self) -> Fingerprint:
        """Another value once a file was added, changed or removed; reads no file."""
        found = []
        for path in self._files():
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue  # removed since the folder was listed
            found.append((path.name, stat.st_mtime_ns, stat.st_size, stat.st_ino))
        return tuple(found)

    def _files(self) -> list[Path]:
        if self.folder is None or not self.folder.is_dir():
            return []
        found = sorted(self.folder.glob("*.yaml"))
        if len(found) > FILES_MAX:
            raise BadProfile((f"{self.folder}: there are more than {FILES_MAX} profiles.",))
        return found


def read_file(path: Path) -> Profile:
    """The profile in a file. BadProfile with every fault, or why it cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(TEXT_BYTES_MAX + 1)
        return read_profile(content.decode(), str(path))
    except OSError as error:
        raise BadProfile((f"{path}: cannot be read: {error.strerror}.",)) from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadProfile((f"{path}:{line}: this is not UTF-8.",)) from error


@cache
def _shipped() -> tuple[Shelved, ...]:
    """Their names tell that they are no files of the operator's."""
    return tuple(
        Shelved(read_file(path), f"shipped:{path.name}", own=False) for path in sorted(SHIPPED.glob("*.yaml"))
    )


@cache
def shipped() -> Profiles:
    """The shipped profiles alone."""
    return ProfileShelf().load()


def profile_of(collection: str) -> Profile:
    """The shipped profile of a collection."""
    return shipped().of(collection)
