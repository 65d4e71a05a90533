"""Bookmarks: the place where a list of requests goes on, as one word that a client hands back."""

from __future__ import annotations

import base64
import binascii

import orjson

from catalogue.store import Place
from stream.errors import Finding, Refused

CHARACTERS_MAX = 2_000
VALUES_MAX = 8
_SCALARS = (str, int, float, bool, type(None))


def written(place: Place) -> str:
    """The bookmark of a place."""
    return base64.urlsafe_b64encode(orjson.dumps(place)).rstrip(b"=").decode()


def read(bookmark: str) -> Place:
    """The place of a bookmark. Refused (400) for what is none."""
    if len(bookmark) > CHARACTERS_MAX or not bookmark.isascii():
        raise bad_bookmark(bookmark)
    padded = bookmark.encode() + b"=" * (-len(bookmark) % 4)
    try:
        found = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):  # orjson's own error is a ValueError
        raise bad_bookmark(bookmark) from None
    if not isinstance(found, list) or not 0 < len(found) <= VALUES_MAX:
        raise bad_bookmark(bookmark)
    if not all(isinstance(value, _SCALARS) for value in found):
        raise bad_bookmark(bookmark)
    return tuple(found)


def bad_bookmark(bookmark: str) -> Refused:
    """What is said of a bookmark that no list has given."""
    sentence = "`after` must be the `next` of a page before, as it was given."
    return Refused("malformed-query", sentence, Finding("bookmark", "/query/after", sentence, bookmark[:100]))
