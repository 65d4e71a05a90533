"""What every route of the Discovery API reads from: the store, the rules, and how this node shows itself."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from fastapi import Request

from catalogue.head import Head, decode_head
from catalogue.profile import IdRule, Profile
from catalogue.record import Record, decode_record
from catalogue.store import COLLECTIONS, Query, Sort, Store, collection_ref, head_ref, item_ref
from checks.book import Book
from cv.vocabulary import Vocabulary
from discovery_api.inventory import Inventory
from discovery_api.nearness import nearest
from discovery_api.refusals import shown
from discovery_api.searching import RETRACTED_MODES, Searches
from discovery_api.sorting import check_sorts, is_sure
from discovery_api.tokens import Tokens
from stream.errors import Finding, Refused
from stream.keys import dataset_key, valid_id

COLLECTIONS_MAX = 10_000
RULES_KEPT_MAX = 1024
COLLECTIONS_KNOWN_MAX = 10_000


class Found(NamedTuple):
    """An item's stored record, its bytes, and the head of its dataset."""

    body: bytes
    record: Record
    head: Head | None


@dataclass
class Reader:
    """Everything that the routes need. `root_url` tells the address that clients see, without a slash at its end.

    `token_key` is what page tokens are signed with: the same after a restart, and in every process of a node.
    `vocabulary_of` tells the vocabulary that is in use for a collection, if any is.
    """

    store: Store
    book: Book
    title: str
    node: str
    root_url: Callable[[Request], str]
    token_key: bytes
    vocabulary_of: Callable[[str], Vocabulary | None] = lambda _: None
    _rules: OrderedDict[str, Profile] = field(default_factory=OrderedDict)
    _known: set[str] = field(default_factory=set)  # Collections that there are: none ever goes away

    @cached_property
    def tokens(self) -> Tokens:
        """The page tokens of this node."""
        return Tokens(self.token_key)

    @cached_property
    def searches(self) -> Searches:
        """How searches are read here."""
        return Searches(self.retracted, self.tokens, self.store.abilities)

    @cached_property
    def inventory(self) -> Inventory:
        """The properties that records have."""
        return Inventory(self, self.vocabulary_of)

    def profile_of(self, collection: str) -> Profile:
        """The current profile of a collection."""
        return self.book.profile_of(collection)

    def retracted(self, collections: Iterable[str]) -> str:
        """What a search of these shows of retracted records by default: the least that one of their profiles says."""
        modes = [self.profile_of(name).retracted for name in collections]
        return min(modes, key=RETRACTED_MODES.index, default=RETRACTED_MODES[0])

    async def collection(self, collection: str) -> Record:
        """Refused (404, with the ids that are near) where there is none."""
        ref = collection_ref(collection)
        found = (await self.store.get_many([ref])).get(ref) if valid_id(collection) else None
        if found is None:
            raise await self.no_collection(collection)
        return decode_record(found.body)

    async def collections(self) -> list[Record]:
        """All Collections, in the order of their ids."""
        page = await self.store.search(Query(COLLECTIONS, limit=COLLECTIONS_MAX))
        return [decode_record(body) for body in page.bodies]

    async def collection_ids(self) -> list[str]:
        """The ids of all Collections, in order."""
        return [record.id for record in await self.collections()]

    async def unknown(self, collections: Iterable[str]) -> list[str]:
        """Those of the names that are no Collection."""
        names = [name for name in dict.fromkeys(collections) if name not in self._known]
        if not names:
            return []
        refs = {name: collection_ref(name) for name in names if valid_id(name)}
        found = await self.store.get_many(list(refs.values()))
        there = {name for name, ref in refs.items() if ref in found}
        if len(self._known) < COLLECTIONS_KNOWN_MAX:
            self._known |= there
        return [name for name in names if name not in there]

    async def check_collections(self, collections: Iterable[str]) -> None:
        """Refused (malformed-query, with the ids that are near) where one of them is no Collection."""
        for name in await self.unknown(collections):
            raise await self.no_collection(name, "malformed-query")

    async def check_sorts(self, sorts: Sequence[Sort]) -> None:
        """Refused (malformed-query, with the names that are near) for a property that no record has and no rule names.

        Names are looked up again where one is missing: its first record may have come just now.
        """
        if all(map(is_sure, sorts)):
            return
        known = await self.inventory.of()
        if not all(is_sure(sort) or sort.name in known.properties for sort in sorts):
            known = await self.inventory.of(fresh=True)
        if known.records:  # of an empty catalogue nothing can be said
            check_sorts(sorts, known.properties)

    async def no_collection(self, collection: str, kind: str = "collection-does-not-exist") -> Refused:
        """The refusal of an unknown Collection."""
        near = nearest(collection, await self.collection_ids())
        detail = f"there is no collection {shown(collection)}{near}"
        found = (Finding("query", "/collections", detail),) if kind == "malformed-query" else ()
        return Refused(kind, detail, *found)

    async def item(self, collection: str, item_id: str) -> Found | None:
        """The record and the head of its dataset, as they stand now, in one read; None where there is no such record.

        Refused (404) for an unknown Collection.
        """
        rule = await self._rule(collection)
        parsed = rule.parse(item_id) if valid_id(item_id) else None
        if parsed is None:
            return None
        key = dataset_key(collection, parsed[0])
        head, item = head_ref(key), item_ref(collection, item_id, key)
        found = await self.store.get_many([head, item])
        if item not in found:
            return None
        body = found[item].body
        return Found(body, decode_record(body), decode_head(found[head].body) if head in found else None)

    async def _rule(self, collection: str) -> Profile:
        """How the ids of a Collection are read: as its record says, which never changes once it is there."""
        found = self._rules.get(collection)
        if found is None:
            record = await self.collection(collection)
            rule = IdRule(**record.ids) if record.ids else self.profile_of(collection).ids
            found = self._rules[collection] = Profile(record.id, "", rule, ())
            if len(self._rules) > RULES_KEPT_MAX:
                self._rules.popitem(last=False)
        return found
