"""What of a record can be searched for, taken from its source once, in one way for every store."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from catalogue.filters import NODES, TEXT_BYTES_MAX, Scalar
from catalogue.folds import Fold, folded
from catalogue.instants import Instant, instant_of

WORDS_MAX = 4096  # of one record
NOT_SEARCHED = ("assets", "links")  # of a Collection's members
_WORD = re.compile(r"[^\W_]+")
KNOWN_CHARACTERS_MAX = 80
_FIRST = {"id", "collection", NODES}
_SCALARS = (str, int, float)  # a bool is an int


@dataclass(frozen=True, slots=True)
class Facts:
    """`elements`: the present properties by name, `id` and `collection` among them (see `catalogue.filters`).

    `lists` names those that are lists. `files`: data files per node. `geometry` and `bbox` are as the source has
    them. `words` are folded, in order.
    """

    elements: dict[str, tuple[Scalar, ...]]
    lists: frozenset[str] = frozenset()
    start: Instant | None = None
    end: Instant | None = None
    geometry: Mapping[str, Any] | None = None
    bbox: tuple[float, ...] | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    words: tuple[str, ...] = ()


def facts_of(source: Mapping[str, Any], *, words: bool = True) -> Facts:
    """`source` is that of a Write of an item or a Collection. Without `words` there are none in it."""
    item = source["item"]
    properties = item.get("properties") if "properties" in item else item
    members = properties if isinstance(properties, Mapping) else {}
    elements: dict[str, tuple[Scalar, ...]] = {}
    lists = []
    for name, value in members.items():
        if isinstance(value, _SCALARS):
            elements[name] = (value,)
        elif isinstance(value, list):
            lists.append(name)
            elements[name] = tuple(element for element in value if isinstance(element, _SCALARS))
        elif value is not None:
            elements[name] = ()
    if members is item:
        for name in NOT_SEARCHED:
            elements.pop(name, None)
        lists = [name for name in lists if name not in NOT_SEARCHED]
    files = files_of(item.get("assets"))
    elements[NODES] = tuple(files)
    elements["id"], elements["collection"] = (source["id"],), (source["collection"],)
    start, end = extent_of(members)
    text = tuple(_words(elements)) if words else ()
    return Facts(elements, frozenset(lists), start, end, _geometry(item), _bbox(item), files, text)


def extent_of(properties: Mapping[str, Any]) -> tuple[Instant | None, Instant | None]:
    """The time that an item is about: `start_datetime` to `end_datetime`, each `datetime` where it is not there."""
    at, start, end = (
        _instant(properties.get(name)) for name in ("datetime", "start_datetime", "end_datetime")
    )
    return start or at, end or at


def files_of(assets: Any) -> dict[str, int]:
    """Data files per node: each copy at its node, the first one at its own `alternate:name`."""
    found: Counter[str] = Counter()
    for asset in assets.values() if isinstance(assets, Mapping) else ():
        if not isinstance(asset, Mapping):
            continue
        own, copies = asset.get("alternate:name"), asset.get("alternate")
        nodes = dict.fromkeys(copies) if isinstance(copies, Mapping) else {}
        if isinstance(own, str):
            nodes[own] = None
        found.update(nodes.keys())
    return dict(sorted(found.items()))


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits between anything else, without case and accents."""
    return _WORD.findall(text.lower() if text.isascii() else folded(text, Fold.BOTH))


def in_order(names: Collection[str]) -> list[str]:
    """The names of a record's properties in the order of its words, which the names of nodes are not among."""
    found = sorted(names)
    for name in _FIRST:
        found.remove(name)
    return ["id", "collection", *found]


def is_long(text: str) -> bool:
    """Whether a text is too long for ranges, patterns, folded comparisons, sorting and facets."""
    return len(text) > TEXT_BYTES_MAX // 4 and len(text.encode("utf-8", "surrogatepass")) > TEXT_BYTES_MAX


def _words(elements: Mapping[str, tuple[Scalar, ...]]) -> list[str]:
    found: list[str] = []
    for name in in_order(elements):
        for value in elements[name]:
            if isinstance(value, str):
                found += words_in(value)
                if len(found) >= WORDS_MAX:
                    return found[:WORDS_MAX]
    return found


def words_in(text: str) -> Sequence[str]:
    """The words that a record has from one text of it: a time is not read as words."""
    return _known_words(text) if len(text) <= KNOWN_CHARACTERS_MAX else _words_in(text)


def _words_in(text: str) -> Sequence[str]:
    return () if instant_of(text) is not None else words_of(text)


_known_words = lru_cache(maxsize=8192)(_words_in)  # most texts of a record are those of many others


def _instant(value: Any) -> Instant | None:
    return _known_instant(value) if isinstance(value, str) else None


_known_instant = lru_cache(maxsize=4096)(instant_of)


def _geometry(item: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = item.get("geometry")
    return found if isinstance(found, Mapping) else None


def _bbox(item: Mapping[str, Any]) -> tuple[float, ...] | None:
    found = item.get("bbox")
    return tuple(found) if isinstance(found, list) and len(found) in (4, 6) else None
