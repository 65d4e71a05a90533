"""What an asset and a location of it both say of a file: protocol, size, checksum, path.

The good path builds nothing: `sound` says whether all is well, and only then are findings made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from catalogue.profile import Profile
from checks.listing import shown
from checks.multihash import EXPECTED, fault
from schemas.pointer import pointer
from stream.errors import Finding
from stream.events import Rules

SIZE, CHECKSUM, LOCAL_PATH, PROTOCOL = "file:size", "file:checksum", "file:local_path", "protocol"
SIZE_END = 2**63  # a long of the stores
PATH_CHARS_MAX = 1_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BARRED = bytes(range(32)) + b"\x7f\\"
DRIVE = re.compile(r"[A-Za-z]:")

ABSENT: Any = object()

Place = tuple[str, ...]
"""The path of an asset or location within the item."""


def access_rules(profile: Profile) -> Rules:
    """What catalogue/replicas.py has to know to tell ways to the data from data."""
    return Rules("", access_keys=profile.access_keys, access_protocols=profile.access_protocols)


class Files:
    """`protocols`: the allowed ones, empty: any."""

    def __init__(self, protocols: Iterable[str] = ()) -> None:
        self._protocols = tuple(protocols)
        self._known = frozenset(self._protocols)

    def sound(self, place: dict[str, Any]) -> bool:
        """Whether protocol, size, checksum and path are well formed, where they are there at all."""
        get, known = place.get, self._known
        protocol = get("protocol", ABSENT)
        if protocol is not ABSENT and (type(protocol) is not str or (protocol not in known and known)):
            return False
        size = get("file:size", ABSENT)
        if size is not ABSENT and (type(size) is not int or not 0 <= size < SIZE_END):
            return False
        checksum = get("file:checksum", ABSENT)
        if checksum is not ABSENT and (type(checksum) is not str or fault(checksum) is not None):
            return False
        path = get("file:local_path", ABSENT)
        return path is ABSENT or path_fault(path) is None

    def findings(self, check: str, place: dict[str, Any], at: Place) -> Iterator[Finding]:
        """What is not sound."""
        if PROTOCOL in place:
            yield from self._protocol(check, place[PROTOCOL], at)
        if SIZE in place:
            size = place[SIZE]
            if type(size) is not int or not 0 <= size < SIZE_END:
                message = f"`{SIZE}` must be an integer from 0 to {SIZE_END - 1}, in bytes."
                yield Finding(check, pointer((*at, SIZE)), message, shown(size), "integer")
        if CHECKSUM in place:
            checksum = place[CHECKSUM]
            why = fault(checksum) if type(checksum) is str else "must be a string"
            if why is not None:
                message, place_of = f"`{CHECKSUM}` {why}.", pointer((*at, CHECKSUM))
                yield Finding(check, place_of, message, shown(checksum), EXPECTED)
        if LOCAL_PATH in place:
            why = path_fault(place[LOCAL_PATH])
            if why is not None:
                message, place_of = f"`{LOCAL_PATH}` {why}.", pointer((*at, LOCAL_PATH))
                yield Finding(check, place_of, message, shown(place[LOCAL_PATH]), "a relative path")

    def _protocol(self, check: str, value: Any, at: Place) -> Iterator[Finding]:
        place_of = pointer((*at, PROTOCOL))
        if type(value) is not str:
            yield Finding(check, place_of, f"`{PROTOCOL}` must be a string.", shown(value), "string")
        elif self._known and value not in self._known:
            message = f"`{PROTOCOL}` must be one of {', '.join(self._protocols)}."
            near = nearest(value, self._protocols)
            yield Finding(check, place_of, message, shown(value), list(self._protocols), nearest=near)


def path_fault(path: Any) -> str | None:
    """What is wrong with a local path, as the end of a sentence; None where it stays within its folder anywhere."""
    if type(path) is not str:
        return "must be a string"
    if path.isascii() and 1 < len(path) <= PATH_CHARS_MAX and path[0] not in "/~." and path[1] != ":":
        octets = path.encode()
        if len(octets.translate(None, _BARRED)) == len(octets) and "//" not in path and "/." not in path:
            return None if path[-1] != "/" else "must not have an empty part"
    return _path_fault(path)


def _path_fault(path: str) -> str | None:
    if not path:
        return "must not be empty"
    if len(path) > PATH_CHARS_MAX:
        return f"must not be longer than {PATH_CHARS_MAX} characters"
    if path[0] == "/" or path[0] == "~":
        return f"must be relative and not begin with {path[0]}"
    if "\\" in path:
        return "must have / between its parts and no backslash"
    if path[1:2] == ":" and DRIVE.match(path):
        return "must not begin with the letter of a drive"
    if CONTROL.search(path):
        return "must not have control characters"
    if "//" in path or path[-1] == "/":
        return "must not have an empty part"
    if not {".", ".."}.isdisjoint(path.split("/")):
        return "must not have the parts `.` or `..`"
    return None


def nearest(value: str, known: Iterable[str]) -> tuple[str, ...] | None:
    """The known words that are most like `value`, whatever their case; None where there is none."""
    words = {word.lower(): word for word in known}
    found = get_close_matches(value[:PATH_CHARS_MAX].lower(), words, n=3, cutoff=0.5)
    return tuple(words[word] for word in found) or None
