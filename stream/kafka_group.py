"""A seat in a Kafka consumer group: join, stay, commit. One static member, the classic eager protocol (KIP-345).

aiokafka has a coordinator of its own. It is not used, because its heartbeats and commits do not name the static
member: of two processes under one name each would throw the other out, for ever. It also joins and gives away behind
the back of whoever uses it, and commits for whatever generation it happens to be in.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.coordinator.protocol import ConsumerProtocol
from aiokafka.errors import KafkaError
from aiokafka.protocol.commit import OffsetFetchRequest
from aiokafka.protocol.group import JoinGroupRequest, SyncGroupRequest

from stream.kafka_client import Client, check
from stream.kafka_wire import Commit, Heartbeat, Seat
from stream.log import Fenced, TopicPartition

ILLEGAL_GENERATION, UNKNOWN_MEMBER, REBALANCING, FENCED_INSTANCE = 22, 25, 27, 82
STRATEGY = "roundrobin"
NO_GENERATION = -1


class Lost(Exception):
    """The group does not know us: what was ours may be another's by now."""


class Again(KafkaError):  # type: ignore[misc]
    """The group has moved on meanwhile; the same question again."""

    retriable = True


def share(
    members: Mapping[str, Sequence[str]], partitions: Mapping[str, int]
) -> dict[str, list[TopicPartition]]:
    """Who gets what: partitions in order, dealt in turn to the members (in order of name) that follow their topic."""
    dealt: dict[str, list[TopicPartition]] = {name: [] for name in members}
    places = [TopicPartition(topic, n) for topic in sorted(partitions) for n in range(partitions[topic])]
    for place in places:
        able = [name for name in sorted(members) if place.topic in members[name]]
        if able:
            dealt[min(able, key=lambda name: len(dealt[name]))].append(place)
    return dealt


async def committed(
    client: Client, group: str, places: Sequence[TopicPartition]
) -> dict[TopicPartition, int]:
    """The committed offset of each partition; those that the group never committed are missing."""
    topics: dict[str, list[int]] = {}
    for place in places:
        topics.setdefault(place.topic, []).append(place.partition)

    async def question(asked: Any) -> dict[TopicPartition, int]:
        answer = await client.to_coordinator(asked, group, OffsetFetchRequest(group, list(topics.items())))
        client.check_coordinator(group, answer.error_code)
        check(answer.error_code)
        found = {}
        for topic, partitions in answer.topics:
            for partition, offset, _, code in partitions:
                check(code)
                if offset >= 0:
                    found[TopicPartition(topic, partition)] = int(offset)
        return found

    return await client.ask(f"offsets of group {group}", question)


@dataclass
class Group:
    """Our seat. `client` is for short requests; `joining` waits until all members have come."""

    client: Client
    joining: Client
    name: str
    member: str
    topics: Sequence[str]
    session_s: float
    rebalance_s: float
    partitions: Callable[[str], Awaitable[int]]
    generation: int = NO_GENERATION
    member_id: str = ""

    @property
    def seat(self) -> Seat:
        return Seat(self.name, self.generation, self.member_id, self.member)

    async def join(self) -> set[TopicPartition]:
        """Come in, wait for the others, learn what is ours. Fenced when our name is another's now."""
        return await self.joining.ask(f"joining group {self.name}", self._join)

    async def beat(self) -> bool:
        """Show that we live. False: come in again. Lost, Fenced."""
        seat = self.seat

        async def question(asked: Any) -> int:
            answer = await self.client.to_coordinator(asked, self.name, Heartbeat(seat))
            self.client.check_coordinator(self.name, answer.error_code)
            return int(answer.error_code)

        code = await self.client.ask(f"heartbeat in group {self.name}", question)
        self._check(code, REBALANCING)
        return code != REBALANCING

    async def commit(self, place: TopicPartition, offset: int, deadline_s: float) -> None:
        """Everything below `offset` is done. Lost, Fenced; Unavailable after `deadline_s`."""
        request = Commit(self.seat, place.topic, place.partition, offset)

        async def question(asked: Any) -> int:
            answer = await self.client.to_coordinator(asked, self.name, request)
            [(_, [(_, code)])] = answer.topics
            self.client.check_coordinator(self.name, code)
            return int(code)

        code = await self.client.ask(f"commit of group {self.name}", question, deadline_s)
        if code == REBALANCING:  # the others have not waited for us
            raise Lost(f"group {self.name} is past generation {self.generation}")
        self._check(code)

    def _check(self, code: int, *fine: int) -> None:
        if code in (UNKNOWN_MEMBER, ILLEGAL_GENERATION):
            raise Lost(f"{self.member} was silent for too long in group {self.name}")
        if code == FENCED_INSTANCE:
            raise Fenced(f"another process is {self.member} of group {self.name} now")
        if code not in fine:
            check(code)

    async def _join(self, asked: Any) -> set[TopicPartition]:
        wanted = ConsumerProtocol.METADATA(0, list(self.topics), b"").encode()
        request = JoinGroupRequest(
            self.name, round(self.session_s * 1000), round(self.rebalance_s * 1000), self.member_id, self.member,
            ConsumerProtocol.PROTOCOL_TYPE, [(STRATEGY, wanted)],
        )  # fmt: skip
        answer = await self.joining.to_coordinator(asked, self.name, request)
        self.joining.check_coordinator(self.name, answer.error_code)
        if answer.error_code == UNKNOWN_MEMBER:
            # Only now: with our old id the broker can tell us that our name has been taken (Fenced).
            self.member_id = ""
            raise Again("our old seat is gone")
        self._check(answer.error_code)
        self.member_id, self.generation = answer.member_id, answer.generation_id
        dealt = await self._deal(answer) if answer.leader_id == answer.member_id else []
        return await self._sync(asked, dealt)

    async def _deal(self, answer: Any) -> list[tuple[str, bytes]]:
        """We lead: give every member its share."""
        names = {instance or member_id: member_id for member_id, instance, _ in answer.members}
        followed = {
            instance or member_id: ConsumerProtocol.METADATA.decode(told).subscription
            for member_id, instance, told in answer.members
        }
        partitions = {}
        for topic in sorted({topic for topics in followed.values() for topic in topics}):
            with contextlib.suppress(KeyError):  # a member may follow a topic that is gone
                partitions[topic] = await self.partitions(topic)
        shares = share(followed, partitions)
        return [(names[name], _encode(places)) for name, places in shares.items()]

    async def _sync(self, asked: Any, dealt: list[tuple[str, bytes]]) -> set[TopicPartition]:
        request = SyncGroupRequest(self.name, self.generation, self.member_id, self.member, dealt)
        answer = await self.joining.to_coordinator(asked, self.name, request)
        self.joining.check_coordinator(self.name, answer.error_code)
        if answer.error_code in (REBALANCING, UNKNOWN_MEMBER, ILLEGAL_GENERATION):
            raise Again("the group has moved on")
        self._check(answer.error_code)
        assigned = ConsumerProtocol.ASSIGNMENT.decode(answer.member_assignment).partitions()
        return {TopicPartition(*place) for place in assigned}


def _encode(places: Sequence[TopicPartition]) -> bytes:
    topics: dict[str, list[int]] = {}
    for place in places:
        topics.setdefault(place.topic, []).append(place.partition)
    return bytes(ConsumerProtocol.ASSIGNMENT(0, list(topics.items()), b"").encode())
