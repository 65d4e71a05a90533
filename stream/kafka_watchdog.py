"""Whether a consumer is alive and dead: somebody waits, there is something to fetch, and nothing comes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stream.log import TopicPartition

LOOKS_PER_LIMIT = 5


@dataclass
class Watchdog:
    """Told the time, what was fetched and where partitions end; says which is stuck."""

    limit_s: float
    _waiting: set[TopicPartition] = field(default_factory=set)  # the last fetch has brought nothing yet
    _behind: dict[TopicPartition, tuple[int, float]] = field(default_factory=dict)
    _looked: float = float("-inf")

    def waits(self, place: TopicPartition) -> None:
        """A fetch has begun."""
        self._waiting.add(place)

    def fed(self, place: TopicPartition) -> None:
        """A fetch has brought something."""
        self._waiting.discard(place)

    def due(self, now: float) -> bool:
        """Whether to look again: to ask where partitions end costs a request."""
        return now - self._looked >= self.limit_s / LOOKS_PER_LIMIT

    def stuck(
        self, now: float, next_offsets: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> TopicPartition | None:
        """A partition whose end has been beyond its next offset for longer than the limit, waited for all along."""
        self._looked = now
        behind = {
            place: offset
            for place, offset in next_offsets.items()
            if place in self._waiting and offset < ends.get(place, 0)
        }
        known = self._behind
        self._behind = {
            place: known[place] if known.get(place, (None,))[0] == offset else (offset, now)
            for place, offset in behind.items()
        }
        return next((place for place, (_, since) in self._behind.items() if now - since > self.limit_s), None)
