"""The port `Store`: versioned documents, read by id in real time, searched with a delay.

A **write** is accepted when its version is higher than the stored one (external versions: equal is stale too).
Writes of one call are independent of each other: any of them may fail, none waits for another, and nobody may
count on several of them being seen together. So no two of them name the same document. Every write gets a
**verdict**.

A **search** shows what was accepted some time ago; nothing is decided on it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol

from catalogue.aggregations import Aggregates, Aggregation
from catalogue.filters import EVERYTHING, Ability, Filter
from catalogue.lifecycle import State
from stream.errors import Unavailable

HEADS, ITEMS, COLLECTIONS = "heads", "items", "collections"
REQUESTS, UNCHECKED, NOTICES = "requests", "unchecked", "notices"
BESIDE = (REQUESTS, UNCHECKED, NOTICES)  # what is kept beside the catalogue: a rebuild leaves it alone


class Ref(NamedTuple):
    """Names a document: what kind it is of, its id there, and the key that it shares a shard with."""

    kind: str
    id: str
    routing: str


class Document(NamedTuple):
    """A stored document: the version it was written with, and its bytes."""

    version: int
    body: bytes


class Write(NamedTuple):
    """`source` is what `body` encodes, for adapters that index parts of it; `body` is UTF-8. Versions have 63 bits.

    The source of an item or a Collection has `collection`, `id`, `state` and `item`; that of what is kept beside the
    catalogue may have `state`, `collection` and `time`, and without a state no search shows it; that of a head is not
    looked at.
    """

    ref: Ref
    version: int
    body: bytes
    source: Mapping[str, Any]


class Verdict(Enum):
    """What became of one write."""

    ACCEPTED = "accepted"
    STALE = "stale"  # the stored version is as high or higher (409)
    REFUSED = "refused"  # the store will never take it (400, 413)
    UNAVAILABLE = "unavailable"  # not taken now, or not known (429, 503, time-out)


@dataclass(frozen=True, slots=True)
class Sort:
    """Order by a property (or `id`, `collection`, START, END): truth values, then numbers, then texts.

    Of several elements the least counts, or going down the greatest. Records without one come last, either way.
    """

    name: str
    descending: bool = False


Place = tuple[str | int | float | bool | None, ...]
"""Where a record stands in an order: JSON scalars that mean something to the store that gave them alone."""


@dataclass(frozen=True, slots=True)
class Query:
    """A search. `states` says which records may be seen; what `sort` leaves open is ordered by document id.

    `after` is the place of a record, which need not exist any more: the page holds what follows it or, `backwards`,
    what comes before it; in either case in the order of the search.

    What is kept beside the catalogue is not sorted, and its filter is `All` of `OneOf` its `state` and `collection`.
    """

    kind: str = ITEMS
    collections: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    filter: Filter = EVERYTHING
    states: frozenset[State] = frozenset({State.ACTIVE})
    sort: tuple[Sort, ...] = ()
    limit: int = 10
    after: Place | None = None
    backwards: bool = False


class Hit(NamedTuple):
    """A record that was found, and its place."""

    body: bytes
    place: Place


class Page(NamedTuple):
    """`matched` counts all matches exactly; `more`: in the direction of the search there are others behind these.

    A page may hold fewer than the query's `limit` allows, where a store cannot answer so many at once.
    """

    matched: int
    hits: list[Hit]
    more: bool

    @property
    def bodies(self) -> list[bytes]:
        """The records alone."""
        return [hit.body for hit in self.hits]

    @property
    def after(self) -> Place | None:
        """Where a search forwards goes on; None where nothing follows."""
        return self.hits[-1].place if self.more and self.hits else None


class Unanswerable(ValueError):
    """The filter or order asks more than this store can answer; the message is a sentence that says what."""


class WrongPlace(ValueError):
    """This place was named by no search of this store and order."""


class Store(Protocol):
    """Every method raises Unavailable when the store cannot be reached at all.

    A filter that needs an ability which the store does not have is a mistake of the caller: ValueError. One that is
    too much for it is Unanswerable.
    """

    @property
    def abilities(self) -> frozenset[Ability]:
        """What of all that a filter can ask this store can do."""

    async def get_many(self, refs: Sequence[Ref]) -> dict[Ref, Document]:
        """The documents that exist, as last accepted: at least what was accepted before the call."""

    async def apply(self, writes: Sequence[Write]) -> list[Verdict]:
        """One verdict per write, in order. ValueError, and nothing is written, where two name the same document.

        Cut off by a crash or a cancellation, each of them may have been accepted or not.
        """

    async def search(self, query: Query) -> Page:
        """One page of matches. WrongPlace for one that no search of this store and order has named."""

    async def aggregate(self, query: Query, wanted: Sequence[Aggregation]) -> Aggregates:
        """Counts among all that the query finds, whatever its order, limit and place; not for what is kept beside."""

    def fingerprints(self, kind: str, collection: str) -> AsyncIterator[tuple[str, bytes]]:
        """(id, 16-byte digest of the stored bytes) of every document of a collection, in no order.

        For items and Collections. It shows at least what was accepted before the first is asked for.
        """

    async def close(self) -> None:
        """Let go."""


def head_ref(key: str) -> Ref:
    """The head of a dataset, or of a Collection (whose key has no `/`)."""
    return Ref(HEADS, "h:" + key, key)


def item_ref(collection: str, item_id: str, key: str) -> Ref:
    """The record of an item; `key` is its dataset's."""
    return Ref(ITEMS, f"i:{collection}/{item_id}", key)


def collection_ref(collection: str) -> Ref:
    """The record of a Collection."""
    return Ref(COLLECTIONS, "c:" + collection, collection)


STORE_NAME = Ref(HEADS, "store", "store")


async def store_identity(store: Store, fresh: str) -> str:
    """The name that a store got when it was new: `fresh`, if nobody has named it before.

    A follower's progress belongs to a store. One that was lost and made anew has another name, so its followers
    begin again at the beginning of the log instead of where the lost one had come to.
    """
    await store.apply([Write(STORE_NAME, 0, fresh.encode(), {})])
    found = await store_name(store)
    if found is None:
        raise Unavailable("the store did not take its name")
    return found


async def store_name(store: Store) -> str | None:
    """The name of a store, None while it is new."""
    found = (await store.get_many([STORE_NAME])).get(STORE_NAME)
    return found.body.decode() if found else None
