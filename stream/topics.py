"""The topics of a federation, named by its prefix and generation."""

from __future__ import annotations

from dataclasses import dataclass

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


async def create_topics(log: Log, topics: Topics, partitions: int) -> None:
    """Make what is missing. ValueError when a topic exists with another number of partitions."""
    for topic in (topics.transactions, topics.success, topics.errors):
        await log.create_topic(topic, partitions)
    for topic in (topics.collections, topics.dead_letters):
        await log.create_topic(topic, 1)
