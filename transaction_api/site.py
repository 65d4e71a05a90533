"""What a door knows of its own site: the records as its index has them, and how far that index has read."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from catalogue.head import Head, decode_head
from catalogue.record import Record, decode_record
from catalogue.store import Ref, Store, collection_ref, head_ref, item_ref
from checks.book import Book, Checker
from stream.errors import Refused, Unavailable
from stream.events import Event, Rules
from stream.keys import dataset_key, partition_of
from stream.log import Log
from stream.topics import Topics

LOOK_EVERY_S = 0.01


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset's head and one of its records, as the site's index has them now."""

    head: Head | None
    record: Record | None
    sound: bool = True  # False: the index is between two writes of an event, so nothing can be told from them


@dataclass
class Site:
    """Look-ups are a courtesy: the index node decides. `group` is the site's own index group."""

    log: Log
    store: Store
    topics: Topics
    group: str
    wait_s: float
    book: Book
    _id_rules: dict[str, Any] = field(default_factory=dict)  # of Collections' records: they never change

    async def rules(self, collection: str) -> Checker:
        """The rules of a Collection that exists; their id rule is the one of the Collection's record.

        Refused (404) where there is no such Collection, Unavailable where this site disagrees or cannot know yet.
        """
        if collection not in self._id_rules:
            self._id_rules[collection] = await self._id_rule(collection)
        checker = self.book.of(collection)
        if self._id_rules[collection] != checker.profile.ids.to_json():
            raise Unavailable(
                f"this site's profile {checker.profile.id} has another id rule than the collection {collection}"
            )
        return checker

    async def _id_rule(self, collection: str) -> Any:
        ref = collection_ref(collection)
        documents = await self.store.get_many([ref])
        if ref not in documents:
            applied = await self.applied(self.topics.collections, collection)
            documents = await self.store.get_many([ref])
            if ref not in documents:
                if not applied:
                    raise Unavailable(
                        f"this site has not read yet whether there is a collection {collection}"
                    )
                raise Refused(
                    "collection-does-not-exist", f"there is no collection {collection}; create it first"
                )
        return decode_record(documents[ref].body).ids

    async def item(self, collection: str, item_id: str, rules: Rules) -> Known:
        """What is known of an item and its dataset."""
        key = dataset_key(collection, rules.dataset)
        return await self._known(head_ref(key), item_ref(collection, item_id, key), item_id)

    async def new(self, event: Event) -> bool:
        """Whether the head of the item's dataset, if there is one, knows nothing of the item."""
        ref = head_ref(event.key)
        found = await self.store.get_many([ref])
        return ref not in found or event.item_id not in decode_head(found[ref].body).versions

    async def collection(self, collection: str) -> Known:
        """What is known of a Collection."""
        return await self._known(head_ref(collection), collection_ref(collection), collection)

    async def applied(self, topic: str, key: str) -> bool:
        """Whether the site's index has done, within the waiting time, all that the key's partition holds now."""
        return await self._applied(topic, partition_of(key, await self.log.partitions(topic)))

    async def all_applied(self) -> bool:
        """`applied` for every partition of both topics."""
        topics = (self.topics.transactions, self.topics.collections)
        return all(
            [
                await self._applied(topic, n)
                for topic in topics
                for n in range(await self.log.partitions(topic))
            ]
        )

    async def _applied(self, topic: str, partition: int) -> bool:
        deadline = asyncio.get_running_loop().time() + self.wait_s
        end = (await self.log.end(topic))[partition]
        while (await self.log.committed(self.group, topic))[partition] < end:
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(LOOK_EVERY_S)
        return True

    async def _known(self, head: Ref, record: Ref, item_id: str) -> Known:
        found = await self.store.get_many([head, record])
        known = decode_head(found[head].body) if head in found else None
        version = found[record].version if record in found else None
        return Known(
            known,
            decode_record(found[record].body) if record in found else None,
            _sound(known, version, item_id),
        )


def _sound(head: Head | None, version: int | None, item_id: str) -> bool:
    """Whether head and document are of one moment: neither read while an event was half written."""
    if head is None or item_id not in head.versions:
        return version is None
    changed = item_id in (*head.lowers, *head.raises)
    return version is not None and (version == head.position if changed else version <= head.position)
