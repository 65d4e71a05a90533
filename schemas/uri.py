"""What the URI of a schema says: the family and the version of a STAC extension, and which version is newer."""

from __future__ import annotations

import re

CHARS_MAX = 500  # of a URI
URI = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[A-Za-z0-9._~/+-]+")
NUMBER = r"(?:0|[1-9][0-9]{0,8})"
VERSION = rf"{NUMBER}\.{NUMBER}\.{NUMBER}(?:-[0-9A-Za-z.-]{{1,50}})?(?:\+[0-9A-Za-z.-]{{1,50}})?"
VERSIONED = re.compile(r"/v?[0-9]+\.[0-9]+[^/]*(?=/)")

Order = tuple[tuple[int, ...], tuple[tuple[int, int, str], ...]]


def family_of(uri: str) -> tuple[str, str] | None:
    """(family, version) of `.../FAMILY/vX.Y.Z/schema.json`, such as ('file', '2.1.0'); None for any other URI."""
    if len(uri) > CHARS_MAX:
        return None
    _, family, version, name = ["", "", "", *uri.rsplit("/", 3)][-4:]
    if name not in ("schema.json", "schema.json#") or not family or not re.fullmatch(f"v{VERSION}", version):
        return None
    return family, version[1:]


def is_versioned(uri: str) -> bool:
    """Whether a folder of the path names a version: what is published there never changes."""
    return VERSIONED.search(uri.partition("://")[2]) is not None


def at_least(version: str, minimum: str) -> bool:
    """Whether `version` is `minimum` or newer, as semantic versioning orders them. ValueError: one is no version."""
    return order_of(version) >= order_of(minimum)


def order_of(version: str) -> Order:
    """A value that orders versions: pre-releases before their release. ValueError: it is no version."""
    if not re.fullmatch(VERSION, version):
        raise ValueError(f"{version[:100]!r} is no version such as 1.2.0 or 2.0.0-beta.1")
    numbers, _, early = version.partition("+")[0].partition("-")
    parts = tuple(_part(part) for part in early.split(".")) if early else ((2, 0, ""),)
    return tuple(map(int, numbers.split("."))), parts


def _part(part: str) -> tuple[int, int, str]:
    """A number comes before a word."""
    return (0, int(part), "") if part.isdecimal() else (1, 0, part)
