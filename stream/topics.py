"""The topics of a federation, named by its prefix and generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from stream.log import Log
from stream.position import generation_suffix


@dataclass(frozen=True, slots=True)
class Topics:
    """All names begin with the prefix; a new generation has new topics for events, the others stay."""

    prefix: str
    generation: int = 1

    @property
    def transactions(self) -> str:
        return f"{self.prefix}.transactions{generation_suffix(self.generation)}"

    @property
    def collections(self) -> str:
        return f"{self.prefix}.collections{generation_suffix(self.generation)}"

    @property
    def success(self) -> str:
        return f"{self.prefix}.success"

    @property
    def errors(self) -> str:
        return f"{self.prefix}.errors"

    @property
    def dead_letters(self) -> str:
        return f"{self.prefix}.deadletters"

    def partitions(self, count: int) -> dict[str, int]:
        """Every topic with the number of its partitions, in a federation whose log has `count`."""
        wide, single = (self.transactions, self.success, self.errors), (self.collections, self.dead_letters)
        return dict.fromkeys(wide, count) | dict.fromkeys(single, 1)


class TopicFacts(NamedTuple):
    """A topic as it is: `partitions` is None where there is none. `in_sync`: the fewest copies of any partition."""

    topic: str
    partitions: int | None = None
    config: Mapping[str, str] = {}
    replicas: int | None = None
    in_sync: int | None = None


async def create_topics(log: Log, topics: Topics, partitions: int) -> None:
    """Make what is missing. ValueError when a topic exists with another number of partitions."""
    for topic, count in topics.partitions(partitions).items():
        await log.create_topic(topic, count)
