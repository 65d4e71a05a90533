"""MemoryStore: the port `Store` on a dictionary, without threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.digest import fingerprint
from catalogue.store import BESIDE, Document, Equals, Page, Query, Ref, Verdict, Write


@dataclass
class MemoryStore:
    """Every document with the last write that was accepted for it."""

    writes: dict[tuple[str, str], Write] = field(default_factory=dict)

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        await asyncio.sleep(0)
        found = {ref: self.writes.get((ref.kind, ref.id)) for ref in refs}
        return {ref: Document(write.version, write.body) for ref, write in found.items() if write}

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        if len({(write.ref.kind, write.ref.id) for write in writes}) != len(writes):
            raise ValueError("two writes of one call name the same document")
        await asyncio.sleep(0)
        verdicts = [self._apply(write) for write in writes]
        await asyncio.sleep(0)
        return verdicts

    async def search(self, query: Query) -> Page:
        found = dict(sorted(self._found(query)))
        ids = [id_ for id_ in found if query.after is None or id_ > query.after]
        page = ids[: query.limit]
        return Page(len(found), [found[id_] for id_ in page], page[-1] if len(ids) > len(page) else None)

    async def fingerprints(self, kind: str, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        for write in list(self.writes.values()):
            if write.ref.kind == kind and write.source["collection"] == collection:
                yield write.source["id"], fingerprint(write.body)

    async def close(self) -> None:
        """Nothing to let go."""

    def _apply(self, write: Write) -> Verdict:
        key = (write.ref.kind, write.ref.id)
        old = self.writes.get(key)
        if old is not None and old.version >= write.version:
            return Verdict.STALE
        self.writes[key] = write
        return Verdict.ACCEPTED

    def _found(self, query: Query) -> Iterator[tuple[str, bytes]]:
        for (kind, id_), write in self.writes.items():
            if kind == query.kind and _matches(write.source, query):
                yield id_, write.body


def _matches(source: Any, query: Query) -> bool:
    if query.kind in BESIDE:
        wanted = all(source.get(equals.name) == equals.value for equals in query.filters)
        return source.get("state") is not None and wanted
    return (
        source["state"] in query.states
        and (not query.collections or source["collection"] in query.collections)
        and (not query.ids or source["id"] in query.ids)
        and all(_equal(source, equals) for equals in query.filters)
    )


def _equal(source: Any, equals: Equals) -> bool:
    item = source["item"]
    named = source if equals.name in ("id", "collection") else item.get("properties", item)
    found = named.get(equals.name)
    return any(_same(value, equals.value) for value in (found if isinstance(found, list) else [found]))


def _same(value: Any, wanted: Any) -> bool:
    return isinstance(value, bool) == isinstance(wanted, bool) and bool(value == wanted)
