"""Collection search (STAC API collection-search extension, v1.0.0-rc.1): Collections by what they say of themselves.

A catalogue has few Collections, so each search looks at all of them with the filters' own meaning, whatever the
store. Their place and time are those of `extent`: any of its boxes, and the first of its intervals, which is the
whole one; an end that is null is open. Their text is the id, title, description, keywords and the providers' names.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from shapely.geometry import mapping

from catalogue.facts import WORDS_MAX, Facts, facts_of, words_of
from catalogue.filters import EVERYTHING
from catalogue.instants import EARLIEST, LATEST, Instant, instant_of
from catalogue.matching import test_of
from catalogue.ordering import place_of, sort_key
from catalogue.shapes import box
from catalogue.store import COLLECTIONS, Hit, Page, Query, Store, collection_ref

COLLECTIONS_MAX = 10_000
BOXES_MAX = 100  # of one Collection
AT_ONCE_MAX = 200  # more are looked at in a thread, so that nobody else waits
TEXTS = ("id", "title", "description", "keywords")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A Collection as it is searched."""

    document_id: str
    collection: str
    facts: Facts


@dataclass
class CollectionSearch:
    """Searches the Collections of a store, and remembers what they say."""

    store: Store
    _entries: dict[bytes, _Entry] = field(default_factory=dict)  # by the bytes of the record

    async def find(self, query: Query) -> Page:
        """One page of the Collections that a query finds; of what `collections` it names is not asked.

        ValueError for a place that no search of this order has named.
        """
        bodies = await self._bodies(query)
        if len(bodies) <= AT_ONCE_MAX:
            return self._page(bodies, query)
        return await asyncio.to_thread(self._page, bodies, query)

    async def _bodies(self, query: Query) -> list[bytes]:
        """All Collections in these states. A store may answer in several pages."""
        found: list[bytes] = []
        page = Query(COLLECTIONS, states=query.states, limit=COLLECTIONS_MAX)
        while True:
            answer = await self.store.search(page)
            found += answer.bodies
            if answer.after is None or len(found) >= COLLECTIONS_MAX:
                return found[:COLLECTIONS_MAX]
            page = replace(page, after=answer.after)

    def _page(self, bodies: Sequence[bytes], query: Query) -> Page:
        known = self._entries
        entries = {body: known.get(body) or _entry(body) for body in bodies}
        self._entries = entries
        return page_of(entries.items(), query)


def page_of(entries: Iterable[tuple[bytes, _Entry]], query: Query) -> Page:
    """One page of (bytes, entry), in the order of the query."""
    test, ids = test_of(query.filter), set(query.ids)
    every = query.filter == EVERYTHING
    found = []
    for body, entry in entries:
        if (not ids or entry.collection in ids) and (every or test(entry.facts)):
            place = place_of(entry.facts, entry.document_id, query.sort)
            found.append((sort_key(place, query.sort), Hit(body, place)))
    found.sort(key=lambda pair: pair[0])
    keys, hits = [key for key, _ in found], [hit for _, hit in found]
    first, last = _span(keys, query)
    more = first > 0 if query.backwards else last < len(hits)
    return Page(len(hits), hits[first:last], more)


def _span(keys: Sequence[Any], query: Query) -> tuple[int, int]:
    """Where the page begins and ends."""
    if query.after is None:
        return (
            (max(0, len(keys) - query.limit), len(keys))
            if query.backwards
            else (0, min(query.limit, len(keys)))
        )
    mark = sort_key(query.after, query.sort)
    if query.backwards:
        last = bisect_left(keys, mark)
        return max(0, last - query.limit), last
    first = bisect_right(keys, mark)
    return first, min(first + query.limit, len(keys))


def _entry(body: bytes) -> _Entry:
    source = orjson.loads(body)
    return _Entry(collection_ref(source["id"]).id, source["id"], collection_facts(source))


def collection_facts(source: Mapping[str, Any]) -> Facts:
    """What of a Collection can be searched for; `source` is that of its Write."""
    item = source["item"]
    extent = _object(item.get("extent"))
    boxes = list(_boxes(_object(extent.get("spatial")).get("bbox")))
    start, end = _whole(_object(extent.get("temporal")).get("interval"))
    words = [word for text in _texts(item) for word in words_of(text)]
    return replace(
        facts_of(source),
        start=start,
        end=end,
        geometry=_geometry([box_ for _, box_ in boxes]),
        bbox=boxes[0][0] if boxes else None,
        words=tuple(words[:WORDS_MAX]),
    )


def _boxes(value: Any) -> Iterator[tuple[tuple[float, ...], Json]]:
    """Each box with its geometry, without those that there cannot be."""
    for edges in value[:BOXES_MAX] if isinstance(value, list) else ():
        if not isinstance(edges, list) or len(edges) not in (4, 6) or not all(map(_is_number, edges)):
            continue
        half = len(edges) // 2
        try:
            shape = box(edges[0], edges[1], edges[half], edges[half + 1])
        except ValueError:
            continue
        yield tuple(edges), mapping(shape)


def _geometry(shapes: Sequence[Json]) -> Json | None:
    if len(shapes) > 1:
        return {"type": "GeometryCollection", "geometries": list(shapes)}
    return shapes[0] if shapes else None


def _whole(intervals: Any) -> tuple[Instant | None, Instant | None]:
    """The first interval; nothing where there is none, or where it cannot be read."""
    first = intervals[0] if isinstance(intervals, list) and intervals else None
    if not isinstance(first, list) or len(first) != 2:
        return None, None
    start, end = (instant_of(text) if isinstance(text, str) else None for text in first)
    return EARLIEST if first[0] is None else start, LATEST if first[1] is None else end


def _texts(item: Mapping[str, Any]) -> Iterator[str]:
    providers = item.get("providers")
    named = [_object(each).get("name") for each in providers] if isinstance(providers, list) else []
    for value in (*(item.get(name) for name in TEXTS), named):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield text


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
