"""Ids of requests and events, minted before anything is appended.

32 hex digits: 1 for the kind, 23 that differ, 8 check digits keyed by the federation's secret, so that an id
that no door of the federation has given is known as such. The kinds: 0 one event, minted by time; 1 one event, a
hash of an idempotency key; 2 and 3 the same for a FeatureCollection, whose last four free digits are the child.

    kind 0   0 tttttttttttt rrrrrrrrrrr cccccccc     t: milliseconds since 1970, r: random
    kind 1   1 hhhhhhhhhhhhhhhhhhhhhhh cccccccc      h: hash, never expires
    kind 2   2 tttttttttttt rrrrrrr nnnn cccccccc    n: 0000 for the parent, index + 1 for a child
    kind 3   3 hhhhhhhhhhhhhhhhhhh nnnn cccccccc
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2s, sha256

_TIME, _FREE, _CHILD = 12, 24, 4


@dataclass(frozen=True, slots=True)
class Minter:
    """Makes and reads ids with the federation's key."""

    key: bytes

    def by_time(self, now_ms: int, *, family: bool = False) -> str:
        """A new id; `family` when it will have children."""
        kind, child = ("2", "0000") if family else ("0", "")
        digits = _FREE - 1 - _TIME - len(child)
        return self._checked(f"{kind}{now_ms:012x}{secrets.token_hex(digits)[:digits]}{child}")

    def by_key(self, parts: tuple[str, ...], *, family: bool = False) -> str:
        """The id of a request with an idempotency key: equal parts, equal id."""
        kind, child = ("3", "0000") if family else ("1", "")
        digest = sha256("\0".join(parts).encode()).hexdigest()
        return self._checked(kind + digest[: _FREE - 1 - len(child)] + child)

    def child(self, parent: str, index: int) -> str:
        """The id of a FeatureCollection's feature (0-based)."""
        return self._checked(f"{parent[: _FREE - _CHILD]}{index + 1:04x}")

    def family(self, handle: str) -> tuple[str, int | None]:
        """(the request's own handle, the index of the feature that the id names or None)."""
        if not self.genuine(handle) or handle[0] not in "23":
            return handle, None
        index = int(handle[_FREE - _CHILD : _FREE], 16)
        return self._checked(handle[: _FREE - _CHILD] + "0000"), index - 1 if index else None

    def genuine(self, handle: str) -> bool:
        """Whether a door of this federation made it."""
        return (
            len(handle) == 32
            and handle.isascii()
            and hmac.compare_digest(handle, self._checked(handle[:_FREE]))
        )

    def minted_ms(self, handle: str) -> int | None:
        """When it was made, in milliseconds since 1970; None for ids made from a key."""
        return int(handle[1 : 1 + _TIME], 16) if handle[0] in "02" else None

    def _checked(self, free: str) -> str:
        check = blake2s(free.encode("ascii", "replace"), key=_hashed(self.key), digest_size=4)
        return free + check.hexdigest()


@lru_cache(maxsize=8)
def _hashed(key: bytes) -> bytes:
    return sha256(key).digest()
