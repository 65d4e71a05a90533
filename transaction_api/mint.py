"""Ids for the calls of one door, which remembers the idempotency keys that it has seen of late."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from stream.errors import Refused
from transaction_api.calls import Call
from transaction_api.ids import Minter

KEYS_REMEMBERED_MAX = 10_000


@dataclass
class Mint:
    """Ids by the time, or by a call's Idempotency-Key and body."""

    minter: Minter
    now_ms: Callable[[], int]
    _keys: OrderedDict[tuple[str, ...], str] = field(default_factory=OrderedDict)

    def id_of(self, call: Call, *, family: bool = False) -> str:
        """The id of a call; `family` when it will have children. Refused for a known key with another body."""
        if call.key is None:
            return self.minter.by_time(self.now_ms(), family=family)
        parts = _parts(call)
        if self._keys.get(parts, call.body_digest) != call.body_digest:
            raise Refused("key-reused", f"the Idempotency-Key {call.key} was used with another body")
        return self.minter.by_key((*parts, call.body_digest), family=family)

    def remember(self, call: Call) -> None:
        """To be called when the request is about to be appended: one that was refused leaves its key free."""
        if call.key is None:
            return
        self._keys[_parts(call)] = call.body_digest
        self._keys.move_to_end(_parts(call))
        if len(self._keys) > KEYS_REMEMBERED_MAX:
            self._keys.popitem(last=False)


def _parts(call: Call) -> tuple[str, ...]:
    return call.identity.requester.sub, call.method, call.path, call.key or ""
