"""Page tokens: where a search goes on, in a form that only this node makes and only for that very search.

A token is base64url of version, MAC and JSON of [backwards, *place]. The MAC covers the digest of the search too, so a
token of another search, another key or another version is no token. It holds nothing that expires: it survives
writes and restarts.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from catalogue.store import Place
from discovery_api.refusals import malformed

VERSION = b"\x01"
MAC_BYTES = 16
TOKEN_CHARACTERS_MAX = 64 << 10
BESIDE = frozenset({"limit", "fields", "token", "f"})  # may change from page to page
_PURPOSE = b"stacfed page"


class Turn(NamedTuple):
    """Where a page begins, and in which direction it is read."""

    place: Place
    backwards: bool = False


class Tokens:
    """Makes and reads tokens; `key` is any secret that outlives the process."""

    def __init__(self, key: bytes) -> None:
        self._key = hashlib.blake2b(key, digest_size=32, person=_PURPOSE).digest()

    def of(self, search: bytes) -> Callable[[Turn], str]:
        """What makes the tokens of one search."""
        return lambda turn: self.make(turn, search)

    def make(self, turn: Turn, search: bytes) -> str:
        """`search` is the digest of what the token belongs to."""
        told = orjson.dumps([turn.backwards, *turn.place])
        return base64.urlsafe_b64encode(VERSION + self._mac(told, search) + told).decode().rstrip("=")

    def read(self, token: Any, search: bytes) -> Turn:
        """Refused (malformed-query) for anything that `make` did not make for this search."""
        if not isinstance(token, str) or len(token) > TOKEN_CHARACTERS_MAX:
            raise malformed("token", "is not one of this service; take it from a link of a page")
        found = _decoded(token)
        mac, told = found[1 : 1 + MAC_BYTES], found[1 + MAC_BYTES :]
        if found[:1] != VERSION or not hmac.compare_digest(mac, self._mac(told, search)):
            raise malformed(
                "token", "is not one of this service for this search, of which only limit may change"
            )
        backwards, *place = orjson.loads(told)
        return Turn(tuple(place), backwards)

    def _mac(self, told: bytes, search: bytes) -> bytes:
        signed = VERSION + len(search).to_bytes(2, "big") + search + told
        return hmac.digest(self._key, signed, "sha256")[:MAC_BYTES]


def search_digest(parameters: Mapping[str, Any], *where: str) -> bytes:
    """16 bytes that stand for a search: its parameters, and the route or Collection that it was asked of.

    Refused (malformed-query) where one of them is too deep: much deeper JSON can be read than can be written.
    """
    kept = {name: value for name, value in parameters.items() if name not in BESIDE}
    try:
        told = orjson.dumps([where, kept], option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise malformed(_unwritable(kept), "is nested too deeply to be read") from error
    return hashlib.blake2b(told, digest_size=16).digest()


def _unwritable(parameters: Mapping[str, Any]) -> str:
    """Which one it is."""
    for name, value in parameters.items():
        try:
            orjson.dumps([[value]])
        except orjson.JSONEncodeError:
            return name
    return "the search"


def _decoded(token: str) -> bytes:
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return b""
