"""Kafka requests that name a static member, which aiokafka does not have: Heartbeat 3 and OffsetCommit 7 (KIP-345).

Without the member's name in it a broker cannot tell a process whose place was taken (FENCED_INSTANCE_ID: stay away)
from one that was silent (UNKNOWN_MEMBER_ID: join again), and two processes under one name throw each other out for
ever.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Int64, Schema, String

TEXT = String("utf-8")


class Seat(NamedTuple):
    """Who we are in a group: the group, its generation, our id of the moment, our lasting name."""

    group: str
    generation: int
    member_id: str
    member: str


class HeartbeatAnswer(Response):  # type: ignore[misc]
    API_KEY = 12
    API_VERSION = 3
    SCHEMA = Schema(("throttle_time_ms", Int32), ("error_code", Int16))


class HeartbeatRequest(RequestStruct):  # type: ignore[misc]
    API_KEY = 12
    API_VERSION = 3
    RESPONSE_TYPE = HeartbeatAnswer
    SCHEMA = Schema(
        ("group_id", TEXT), ("generation_id", Int32), ("member_id", TEXT), ("group_instance_id", TEXT)
    )


class Heartbeat(Request[HeartbeatRequest]):  # type: ignore[misc]
    """We are still here."""

    API_KEY = 12

    def __init__(self, seat: Seat) -> None:
        self.seat = seat

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class(*self.seat)


class CommitAnswer(Response):  # type: ignore[misc]
    API_KEY = 8
    API_VERSION = 7
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("topics", Array(("name", TEXT), ("partitions", Array(("partition", Int32), ("error_code", Int16))))),
    )


class CommitRequest(RequestStruct):  # type: ignore[misc]
    API_KEY = 8
    API_VERSION = 7
    RESPONSE_TYPE = CommitAnswer
    SCHEMA = Schema(
        ("group_id", TEXT),
        ("generation_id", Int32),
        ("member_id", TEXT),
        ("group_instance_id", TEXT),
        (
            "topics",
            Array(
                ("name", TEXT),
                (
                    "partitions",
                    Array(
                        ("partition", Int32), ("offset", Int64), ("leader_epoch", Int32), ("metadata", TEXT)
                    ),
                ),
            ),
        ),
    )


class Commit(Request[CommitRequest]):  # type: ignore[misc]
    """Everything below `offset` of one partition is done."""

    API_KEY = 8

    def __init__(self, seat: Seat, topic: str, partition: int, offset: int) -> None:
        self.seat = seat
        self.topics = [(topic, [(partition, offset, -1, "")])]

    def build(self, request_struct_class: Any) -> Any:
        return request_struct_class(*self.seat, self.topics)
