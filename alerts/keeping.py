"""The stored documents of alerts: one tray per recipient, and one document of all subscriptions.

They are kept beside the catalogue: a rebuild leaves them alone. All are found by their ids, none by a search.
Several processes change them, so each change is read, made and written again until nobody was faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from alerts.grouping import Tray, decode_tray, encode_tray
from alerts.subscriptions import Subscription, decode_all, encode_all
from catalogue.store import NOTICES, Document, Ref, Store, Verdict, Write
from stream.errors import Unavailable

AGAIN_MAX = 20
SUBSCRIPTIONS = Ref(NOTICES, "s:subscriptions", "alerts")

R = TypeVar("R")


def tray_ref(recipient: str) -> Ref:
    return Ref(NOTICES, f"t:{recipient}", recipient)


async def trays_of(store: Store, recipients: Iterable[str]) -> dict[str, Tray]:
    """The trays that exist."""
    refs = {tray_ref(recipient): recipient for recipient in recipients}
    found = await store.get_many(list(refs))
    return {refs[ref]: decode_tray(document.body) for ref, document in found.items()}


async def change_trays(
    store: Store, recipients: Iterable[str], change: Callable[[str, Tray], R | None]
) -> dict[str, R]:
    """Change trays, new ones included. `change` may be called several times; None leaves its tray as it is."""
    results: dict[str, R] = {}
    left = {tray_ref(recipient): recipient for recipient in recipients}
    for _ in range(AGAIN_MAX):
        if not left:
            return results
        found = await store.get_many(list(left))
        writes = []
        for ref, recipient in left.items():
            document = found.get(ref)
            tray = decode_tray(document.body) if document else Tray()
            result = change(recipient, tray)
            results.pop(recipient, None)
            if result is not None:
                results[recipient] = result
                writes.append(_next(ref, document, encode_tray(tray)))
        stale = await _apply(store, writes)
        left = {ref: recipient for ref, recipient in left.items() if ref in stale}
    raise Unavailable("other workers keep writing these alerts")


async def read_subscriptions(store: Store) -> dict[str, Subscription]:
    document = (await store.get_many([SUBSCRIPTIONS])).get(SUBSCRIPTIONS)
    return decode_all(document.body) if document else {}


async def change_subscriptions(store: Store, change: Callable[[dict[str, Subscription]], R]) -> R:
    """Change all subscriptions at once; `change` may be called several times, and may refuse."""
    for _ in range(AGAIN_MAX):
        document = (await store.get_many([SUBSCRIPTIONS])).get(SUBSCRIPTIONS)
        found = decode_all(document.body) if document else {}
        result = change(found)
        if not await _apply(store, [_next(SUBSCRIPTIONS, document, encode_all(found))]):
            return result
    raise Unavailable("others keep changing the subscriptions")


def _next(ref: Ref, document: Document | None, body: bytes) -> Write:
    return Write(ref, document.version + 1 if document else 1, body, {})


async def _apply(store: Store, writes: list[Write]) -> set[Ref]:
    """Those that somebody else was faster with."""
    verdicts = await store.apply(writes)
    if Verdict.UNAVAILABLE in verdicts:
        raise Unavailable("the store did not take an alert")
    if Verdict.REFUSED in verdicts:
        raise ValueError("the store will never take an alert")
    return {write.ref for write, v in zip(writes, verdicts, strict=True) if v is Verdict.STALE}
