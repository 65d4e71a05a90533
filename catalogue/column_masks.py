"""What the latest searches found, for as long as nothing is written: pages of one search, and the counts beside it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from catalogue.column_arrays import Mask
from catalogue.filters import Filter
from catalogue.store import Query

BYTES_MAX = 16 << 20
KEPT_MAX = 16  # each holds a filter, too

Key = tuple[object, ...]


@dataclass
class Masks:
    """A filter is known by being the same object, which is held: those of True and of 1 are equal to Python."""

    _seq: int = -1
    _kept: OrderedDict[Key, tuple[Filter, Mask]] = field(default_factory=OrderedDict)

    def of(self, query: Query, seq: int, find: Callable[[], Mask]) -> Mask:
        """What `find` gives; `seq` is how far the index is that it looks into."""
        if seq != self._seq:
            self._kept.clear()
            self._seq = seq
        key: Key = (id(query.filter), query.collections, query.ids, query.states)
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found[1]
        mask = find()
        self._kept[key] = query.filter, mask
        while len(self._kept) > KEPT_MAX or len(self._kept) * len(mask) > BYTES_MAX:
            self._kept.popitem(last=False)
        return mask
