"""The properties that collections have, asked of the store and of the rules, and remembered for a few seconds."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from catalogue.aggregations import Names
from catalogue.lifecycle import State
from catalogue.profile import Profile
from catalogue.store import ITEMS, Query, Store
from checks.accepted import Rule, rules_of
from cv.vocabulary import Vocabulary
from discovery_api.property_names import Gathered, Known

KEPT_S = 5.0
REST = 20  # times as long as it took to ask is not asked again
KEPT_MAX = 128
RULES_KEPT_MAX = 32
PROPERTIES_MAX = 5_000
ALLOWED_MAX = 2_000
SEEN = frozenset({State.ACTIVE, State.RETRACTED})  # anybody may ask for both

VocabularyOf = Callable[[str], Vocabulary | None]
Allowed = tuple[str, ...] | None


class Catalogue(Protocol):
    """What an inventory is taken of; a Reader is one."""

    @property
    def store(self) -> Store: ...

    def profile_of(self, collection: str) -> Profile: ...

    async def collection_ids(self) -> list[str]: ...


class _Kept(NamedTuple):
    """`took_s`: how long the store had to count."""

    known: Known
    asked_s: float
    took_s: float
    until_s: float


@dataclass
class Inventory:
    """`vocabulary_of` tells the vocabulary in use for a collection; None: none is."""

    catalogue: Catalogue
    vocabulary_of: VocabularyOf
    clock_s: Callable[[], float] = time.monotonic
    _kept: OrderedDict[tuple[str, ...], _Kept] = field(default_factory=OrderedDict)
    _rules: OrderedDict[tuple[str, str], list[tuple[Rule, Allowed]]] = field(default_factory=OrderedDict)

    async def of(self, collections: Sequence[str] = (), *, fresh: bool = False) -> Known:
        """What the records of these collections have, as it was a few seconds ago; `fresh`: as it is now.

        No collection means all of them.
        """
        key = tuple(sorted(set(collections)))
        now_s = self.clock_s()
        kept = self._kept.get(key)
        if kept is not None:
            too_soon = now_s < kept.asked_s + 2 * kept.took_s  # unknown names may not keep the store busy
            if too_soon if fresh else now_s < kept.until_s:
                return kept.known
            self._kept[key] = kept._replace(until_s=now_s + KEPT_S)  # for whoever asks meanwhile
        known = await self._ask(key)
        took_s = self.clock_s() - now_s
        self._kept[key] = _Kept(known, now_s, took_s, now_s + max(KEPT_S, REST * took_s))
        self._kept.move_to_end(key)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return known

    async def _ask(self, collections: tuple[str, ...]) -> Known:
        named = collections or tuple(await self.catalogue.collection_ids())
        gathered = Gathered(PROPERTIES_MAX)
        for rule, values in self._all_rules(named):
            gathered.add_rule(rule, values)
        query = Query(ITEMS, collections, states=SEEN, limit=1)
        found = await self.catalogue.store.aggregate(query, [Names()])
        gathered.add_seen(found.counted[0].buckets)
        return Known(named, gathered.found, found.matched)

    def _all_rules(self, collections: tuple[str, ...]) -> list[tuple[Rule, Allowed]]:
        """Each set of rules once, whatever the number of collections that have it."""
        found: dict[tuple[str, str], list[tuple[Rule, Allowed]]] = {}
        for collection in collections:
            profile, vocabulary = self.catalogue.profile_of(collection), self.vocabulary_of(collection)
            key = profile.stamp["sha256"], vocabulary.sha256 if vocabulary is not None else ""
            if key not in found:
                found[key] = self._rules_of(key, profile, vocabulary)
        return [each for rules in found.values() for each in rules]

    def _rules_of(
        self, key: tuple[str, str], profile: Profile, vocabulary: Vocabulary | None
    ) -> list[tuple[Rule, Allowed]]:
        rules = self._rules.get(key)
        if rules is None:
            found = rules_of(profile, vocabulary).values()
            rules = self._rules[key] = [(rule, allowed(rule, profile, vocabulary)) for rule in found]
            if len(self._rules) > RULES_KEPT_MAX:
                self._rules.popitem(last=False)
        return rules


def allowed(rule: Rule, profile: Profile, vocabulary: Vocabulary | None) -> Allowed:
    """The values that a property may have, in order; None where they are too many, or not all can be named."""
    if rule.label is None or rule.accepted is None or profile.unknown_terms != "refuse":
        return None
    facet = vocabulary.facets.get(rule.facet) if vocabulary is not None and rule.facet is not None else None
    if facet is not None and len(facet.plain) < len(facet.terms):
        return None
    names = sorted(rule.accepted.names)
    return tuple(names) if 0 < len(names) <= ALLOWED_MAX else None
