"""Items as they are served, cut out of the bytes of their records without reading them.

A record is canonical JSON (see `catalogue.content`): `{"collection":..,"id":..,"item":{..},"key":..,..,"state":..}`.
Quotes inside of a text are escaped there, so `"item":{` and `,"key":` with their bare quotes stand only between the
record's own members: before `item` and behind `key` there are only texts, flags and numbers. Our links are put in at
the front of the item's `links`, which are found for certain where that word stands once, right behind the item's own
id. Everything else is decoded: records that are not active, other fields than all, an item that is built otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import orjson

from catalogue.record import decode_record
from discovery_api.fields import Fields
from discovery_api.links import item_links
from discovery_api.view import shown_item

_ITEM, _END, _ACTIVE = b',"item":{', b',"key":', b'"state":"active"'
_COLLECTION, _ID, _TEXT_END = b'{"collection":', b',"id":', b'","'
_LINKS = b'"links":['
_MARK = "\0"  # in no id
_SAFE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
Around = tuple[bytes, bytes]


class Splicer:
    """Makes answers of records for one root. `show_data`: retracted ones show their assets nevertheless."""

    def __init__(self, root: str, *, show_data: bool = False, fields: Fields | None = None) -> None:
        self._root, self._show_data, self._fields = root, show_data, fields
        self._around: dict[bytes, Around] = {}

    def item(self, body: bytes) -> bytes:
        """The Item in the bytes of its record, as JSON."""
        found = self._spliced(body) if self._fields is None else None
        return self._decoded(body) if found is None else found

    def items(self, bodies: Iterable[bytes]) -> bytes:
        """A JSON array of them."""
        return b"[" + b",".join(map(self.item, bodies)) + b"]"

    def _spliced(self, body: bytes) -> bytes | None:
        start, end = body.find(_ITEM), body.rfind(_END)
        at = body.rfind(_LINKS, start, end)
        if start < 0 or at < 0 or body.find(_ACTIVE, end) < 0:
            return None
        name = body[body.rfind(_ID, 0, start) : start]  # the record's own id, as it stands in the item too
        if not body.startswith(name + b",", at - len(name) - 1) or body.find(_LINKS, start, at) >= 0:
            return None
        collection = body[len(_COLLECTION) : body.find(_TEXT_END) + 1]
        around = self._around.get(collection)
        if around is None:
            around = self._around[collection] = _around(self._root, collection)
        at += len(_LINKS)
        after = around[1] if body.startswith(b"]", at) else around[1] + b","
        return b"".join(
            (body[start + len(_ITEM) - 1 : at], around[0], _part(name[len(_ID) :]), after, body[at:end])
        )

    def _decoded(self, body: bytes) -> bytes:
        item = shown_item(decode_record(body), self._root, None, show_data=self._show_data)
        return orjson.dumps(item if self._fields is None else self._fields.of(item))


def _around(root: str, collection: bytes) -> Around:
    """Our links as JSON without brackets, cut where the item's id belongs."""
    links = orjson.dumps(item_links(orjson.loads(collection), _MARK, root))[1:-1]
    before, _, after = links.partition(b"%00")
    return before, after


def _part(name: bytes) -> bytes:
    """An id, given as JSON, as part of a path."""
    plain = name[1:-1]
    return quote(orjson.loads(name), safe="").encode() if plain.strip(_SAFE) else plain
