"""The port `Log`, and the one text that says what its words mean.

A **topic** is cut into partitions, each a sequence of messages with offsets 0, 1, 2 ... A message is **appended**
when the log has acknowledged it: from then on it survives a crash of every process of ours. An append that fails
or is cut off may have happened or not; it is never half there.

The **end** of a partition is the offset that the next message will get. The **committed** offset of a group is
the first that it has not finished: everything below it is done and will not be delivered again. Between the two
lies what is not yet done. Delivery is **at least once** and in the order of offsets: after a crash, a lost
session or a rebalance, everything from the committed offset on is delivered again, so a handler must stand
repetition. Nothing is promised about the order between partitions.

The members of a **group** share the partitions of its topics: each partition belongs to at most one live member.
A member that was silent for longer than its session loses its partitions; its later commits for them are refused
(`Fenced`), and what it still writes must not matter. Before a partition is taken from a live member, the member
is told (`revoking`) and may finish and commit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, Protocol


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


class Message(NamedTuple):
    """What is appended: its key chooses the partition."""

    topic: str
    key: str
    value: bytes


class Record(NamedTuple):
    """What is delivered."""

    place: TopicPartition
    offset: int
    key: str
    value: bytes


class Receipt(NamedTuple):
    """Where an appended message is."""

    place: TopicPartition
    offset: int


class Fenced(Exception):
    """The partition is not this member's any more; start again from the committed offset."""


class OutOfRange(Exception):
    """The log does not hold the message that comes next. To go on would leave something out: a person must act."""


Revoking = Callable[[set[TopicPartition]], Awaitable[None]]


class Consumer(Protocol):
    """One member of a group. Its methods may be called for several partitions at the same time.

    From the first `rebalance` on, `revoking` may be called at any time and from any task, but never again before it
    has returned. Until then the partitions may be committed, and `fetch` gives nothing more of them.
    """

    async def rebalance(self) -> set[TopicPartition]:
        """Stay a member, give and take partitions; the ones that are now this member's.

        To be called every second or so. `revoking` is awaited before any partition is given away. Fenced when
        another process has taken this member's place. Unavailable when the group cannot be reached, or this
        consumer is stuck: close it and make another.
        """

    async def fetch(self, place: TopicPartition, records_max: int, wait_s: float) -> list[Record]:
        """The next messages of a partition of ours, at most `records_max`; empty when none came in `wait_s`.

        Empty, too, where the partition is not ours. May be cancelled: then it has taken nothing. OutOfRange when
        the log does not hold the next one, as after a restore of an older log.
        """

    async def commit(self, place: TopicPartition, offset: int) -> None:
        """Everything below `offset` is done. Fenced when the partition is not ours any more.

        Unavailable when there was no answer in time; it may have been committed all the same.
        """

    async def seek(self, place: TopicPartition, offset: int) -> None:
        """The next fetch begins at `offset`."""

    async def close(self) -> None:
        """Let go of all partitions; nothing is committed by it.

        The other members get them at once, or, where a log keeps a named member's place for its restart (Kafka),
        at the latest when the session has ended. A restarted process of that name has them at once.
        """


class Log(Protocol):
    """An append-only log of topics. Every method raises Unavailable when the log cannot be reached."""

    async def create_topic(self, topic: str, partitions: int) -> None:
        """Make a topic unless it exists. ValueError when it exists with another number of partitions."""

    async def partitions(self, topic: str) -> int:
        """How many partitions a topic has. KeyError when there is no such topic."""

    async def append(self, messages: Sequence[Message]) -> list[Receipt]:
        """Append all, in order per partition. When it returns, each is acknowledged.

        Unavailable when that cannot be said of every one; some may be there all the same.
        """

    async def end(self, topic: str) -> list[int]:
        """The end of each partition."""

    async def committed(self, group: str, topic: str) -> list[int]:
        """The committed offset of each partition, 0 where the group never committed."""

    async def consumer(self, group: str, member: str, topics: Sequence[str], revoking: Revoking) -> Consumer:
        """Join a group, with the first `rebalance`.

        `member` is a fixed name, so that a restarted process takes its own place again. An earlier consumer of
        that name, should it still live, is fenced by then.
        """

    async def read(self, place: TopicPartition, offset: int, records_max: int) -> list[Record]:
        """Messages from `offset` on, outside any group; [] at the end. OutOfRange when the log begins later."""

    async def close(self) -> None:
        """Finish what was begun and let go."""


Positions = Mapping[TopicPartition, int]
