"""Catalogs below a Collection, so that every Item can be reached by `child` and `item` links alone.

Below a Collection are Catalogs by the first of the properties that its profile builds dataset ids from, below these by
the next one, and so on. A level that does not tell all records apart is passed over, and where there are no more
levels, or few enough records, Items are linked; what does not fit into one Catalog is in its child with a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson

from catalogue.aggregations import Terms
from catalogue.filters import All, Filter, Not, OneOf, equal
from catalogue.store import Query
from discovery_api.links import GEOJSON, collection_url, link, part
from discovery_api.reader import Reader
from discovery_api.refusals import malformed
from discovery_api.tokens import Turn, search_digest

ITEMS_MAX = 1000  # of one Catalog
CHILDREN_MAX = 1000
AT_MAX = 32
Json = dict[str, Any]
Step = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Browse:
    """Where one stands: a Collection, the properties chosen so far, and the page of Items."""

    collection: str
    steps: tuple[Step, ...] = ()
    token: str | None = None

    def url(self, root: str) -> str:
        """Where this Catalog is."""
        asked = [("at", f"{name}={value}") for name, value in self.steps]
        asked += [("token", self.token)] if self.token is not None else []
        here = f"{collection_url(self.collection, root)}/browse"
        return f"{here}?{urlencode(asked)}" if asked else here

    @property
    def id(self) -> str:
        """An id that says what is in it."""
        return "/".join([self.collection, *(value for _, value in self.steps)])

    @property
    def filter(self) -> Filter:
        """The Items below."""
        return All(tuple(equal(name, value) for name, value in self.steps))


def read_steps(asked: Sequence[str]) -> tuple[Step, ...]:
    """`name=value` of each."""
    if len(asked) > AT_MAX or not all("=" in each and "\0" not in each for each in asked):
        raise malformed("at", f"is at most {AT_MAX} times NAME=VALUE, from a link of a Catalog")
    return tuple((name, value) for name, _, value in (each.partition("=") for each in asked))


async def browsed(reader: Reader, here: Browse, root: str) -> Json:
    """The Catalog at a place. Refused (malformed-query) for a token of another one."""
    levels = [name for name in reader.profile_of(here.collection).parts if name not in dict(here.steps)]
    query = Query(collections=(here.collection,), filter=here.filter, limit=ITEMS_MAX)
    matched = (
        await reader.store.search(Query(query.kind, query.collections, filter=query.filter, limit=1))
    ).matched
    links = await _children(reader, here, root, query, levels) if matched > ITEMS_MAX else []
    if not links:
        links = await _items(reader, here, root, query)
    up = (
        Browse(here.collection, here.steps[:-1]).url(root)
        if here.steps
        else collection_url(here.collection, root)
    )
    own = [link("self", here.url(root)), link("root", f"{root}/"), link("parent", up)]
    what = ", ".join(f"{name} {value}" for name, value in here.steps) or "everything"
    return {
        "type": "Catalog",
        "stac_version": "1.1.0",
        "id": here.id,
        "title": here.steps[-1][1] if here.steps else "Items",
        "description": f"Items of {here.collection}: {what}",
        "links": [*own, *links],
    }


async def _children(
    reader: Reader, here: Browse, root: str, query: Query, levels: Sequence[str]
) -> list[Json]:
    """Catalogs by the first property that all of these records have, and not all alike; none where there is none."""
    for name in levels:
        found = await reader.store.aggregate(query, [Terms(name, CHILDREN_MAX)])
        values = [bucket.key for bucket in found.counted[0].buckets if isinstance(bucket.key, str)]
        if len(values) < 2 or len(values) < len(found.counted[0].buckets) or found.counted[0].others:
            continue
        rest = All((query.filter, Not(OneOf(name, tuple(values)))))
        if (await reader.store.search(Query(query.kind, query.collections, filter=rest, limit=1))).matched:
            continue
        below = (Browse(here.collection, (*here.steps, (name, value))) for value in sorted(values))
        return [link("child", each.url(root), title=each.steps[-1][1]) for each in below]
    return []


async def _items(reader: Reader, here: Browse, root: str, query: Query) -> list[Json]:
    digest = search_digest({"at": here.steps}, "browse", here.collection)
    turn = Turn(()) if here.token is None else reader.tokens.read(here.token, digest)
    page = await reader.store.search(
        Query(query.kind, query.collections, filter=query.filter, limit=ITEMS_MAX, after=turn.place or None)
    )
    items = f"{collection_url(here.collection, root)}/items"
    names = [orjson.loads(body)["id"] for body in page.bodies]
    links = [link("item", f"{items}/{part(name)}", GEOJSON) for name in names]
    if page.after is not None:
        more = Browse(here.collection, here.steps, reader.tokens.make(Turn(page.after), digest))
        links.append(link("child", more.url(root), title="More"))
    return links
