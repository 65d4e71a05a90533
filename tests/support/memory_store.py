"""MemoryStore: the port `Store` on a dictionary, without threads. Its searches are `catalogue.matching` and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.counting import aggregated
from catalogue.digest import fingerprint
from catalogue.facts import Facts, facts_of
from catalogue.filters import Ability, All, Filter, OneOf
from catalogue.matching import test_of
from catalogue.ordering import place_of, sort_key
from catalogue.store import BESIDE, Document, Hit, Page, Place, Query, Ref, Verdict, Write


@dataclass
class MemoryStore:
    """Every document with the last write that was accepted for it."""

    writes: dict[tuple[str, str], Write] = field(default_factory=dict)
    facts: dict[tuple[str, str], tuple[Write, Facts]] = field(
        default_factory=dict
    )  # of writes searched before

    @property
    def abilities(self) -> frozenset[Ability]:
        return frozenset(Ability)

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
        sort = () if query.kind in BESIDE else query.sort
        places: dict[Place, bytes]
        if query.kind in BESIDE:
            places = {(write.ref.id,): write.body for write in self._beside(query)}
        else:
            places = {place_of(facts, write.ref.id, sort): write.body for write, facts in self._found(query)}
        ordered = sorted(places, key=lambda place: sort_key(place, sort))
        if query.after is not None:
            after = sort_key(query.after, sort)
            ordered = [
                place for place in ordered
                if (sort_key(place, sort) < after if query.backwards else sort_key(place, sort) > after)
            ]  # fmt: skip
        chosen = (
            ordered[len(ordered) - min(query.limit, len(ordered)) :]
            if query.backwards
            else ordered[: query.limit]
        )
        return Page(len(places), [Hit(places[place], place) for place in chosen], len(chosen) < len(ordered))

    async def aggregate(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        return aggregated([facts for _, facts in self._found(query)], wanted)

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

    def _found(self, query: Query) -> Iterator[tuple[Write, Facts]]:
        test = test_of(query.filter)
        for key, write in self.writes.items():
            source = write.source
            if (
                key[0] == query.kind
                and source["state"] in query.states
                and (not query.collections or source["collection"] in query.collections)
                and (not query.ids or source["id"] in query.ids)
                and test(facts := self._facts(key, write))
            ):
                yield write, facts

    def _facts(self, key: tuple[str, str], write: Write) -> Facts:
        known = self.facts.get(key)
        if known is None or known[0] is not write:
            known = self.facts[key] = (write, facts_of(write.source))
        return known[1]

    def _beside(self, query: Query) -> Iterator[Write]:
        wanted = {leaf.name: leaf.values for leaf in _leaves(query.filter)}
        for (kind, _), write in self.writes.items():
            shown = kind == query.kind and write.source.get("state") is not None
            if shown and all(write.source.get(name) in values for name, values in wanted.items()):
                yield write


def _leaves(wanted: Filter) -> Iterator[OneOf]:
    """What is asked of what is kept beside the catalogue (see Query)."""
    if isinstance(wanted, OneOf):
        yield wanted
    elif isinstance(wanted, All):
        for part in wanted.parts:
            yield from _leaves(part)
    else:
        raise ValueError("what is kept beside the catalogue is found by equality alone")
