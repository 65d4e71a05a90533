"""A connection to a Kafka cluster that is opened on first use, bounded in time, and made anew when it seems dead."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiokafka import AIOKafkaClient
from aiokafka import TopicPartition as KafkaPlace
from aiokafka.client import ConnectionGroup, CoordinationType
from aiokafka.conn import create_conn
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    KafkaConnectionError,
    KafkaError,
    LeaderNotAvailableError,
    NotCoordinatorForGroupError,
    StaleMetadata,
    for_code,
)

from stream.errors import Unavailable
from stream.kafka_options import Security
from stream.log import TopicPartition

T = TypeVar("T")
RETRY_S = 0.05
PROBE_S = 3.0
CLOSE_S = 5.0
WRONG_PERSON = (ssl.SSLError, ssl.CertificateError)  # no retry makes a certificate good
MOVING = {14, 15, 16}  # the coordinator of a group is loading, unknown, or another


def ssl_context(security: Security) -> ssl.SSLContext | None:
    """What the connections are encrypted with; certificates and host names are always checked. Reads the files."""
    if not security.encrypted:
        return None
    context = ssl.create_default_context(cafile=security.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if security.cert_file is not None:
        context.load_cert_chain(security.cert_file, security.key_file)
    return context


def check(code: int) -> None:
    """Raise the error that a broker's answer names, if any."""
    if code:
        raise for_code(code)(f"code {code}")


@dataclass(eq=False)
class Held:
    """A connected client and how many questions use it. One that is closed too early opens connections again."""

    client: Any
    users: int = 0
    retired: bool = False
    unused: asyncio.Event = field(default_factory=asyncio.Event)  # set for good when nobody uses it any more


@dataclass
class Client:
    """Requests of any kind. `deadline_s`: how long a question is repeated while the cluster moves or is away."""

    options: dict[str, Any] = field(repr=False)  # the password is in them
    deadline_s: float
    _held: Held | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    _coordinators: dict[str, int] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)
    closed: bool = False

    async def ask(
        self, what: str, question: Callable[[Any], Awaitable[T]], deadline_s: float | None = None
    ) -> T:
        """The answer of `question(client)`, asked again while it may still come. Unavailable, naming the cause."""
        last: Exception | None = None
        limit_s = self.deadline_s if deadline_s is None else deadline_s
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    try:
                        return await self._once(question)
                    except (KafkaError, OSError) as error:
                        if not may_pass(error):
                            raise
                        last = error
                    await asyncio.sleep(RETRY_S)
        except TimeoutError as late:
            self._drop()  # it may be alive and dead: the next question opens another
            raise Unavailable(f"Kafka, {what}: no answer in {limit_s:g} s ({last!r})") from last or late
        except (KafkaError, OSError) as error:
            raise Unavailable(f"Kafka, {what}: {error!r}") from error

    async def _once(self, question: Callable[[Any], Awaitable[T]]) -> T:
        held = await self._opened()
        held.users += 1
        try:
            return await question(held.client)
        except KafkaError as error:
            if getattr(error, "invalid_metadata", False) and not held.retired:
                await held.client.force_metadata_update()
            raise
        finally:
            held.users -= 1
            if held.retired and held.users == 0:
                self._close(held)
                held.unused.set()

    async def _opened(self) -> Held:
        async with self._opening:
            if self.closed:
                raise Unavailable("this log is closed")
            if self._held is None:
                client = AIOKafkaClient(**self.options)
                await begin(client, client.bootstrap, client.close)
                self._held = Held(client)
            return self._held

    async def leader(self, client: Any, place: TopicPartition) -> int:
        """The node that a partition is read from. LeaderNotAvailableError or StaleMetadata while there is none."""
        leader = client.cluster.leader_for_partition(KafkaPlace(*place))
        if leader is None:
            await client.add_topic(place.topic)
            leader = client.cluster.leader_for_partition(KafkaPlace(*place))
        if leader is None:
            raise StaleMetadata(place.topic)
        if leader == -1:
            raise LeaderNotAvailableError(place.topic)
        return int(leader)

    async def to_coordinator(self, client: Any, group: str, request: Any) -> Any:
        """The answer of the node that coordinates the group."""
        node = self._coordinators.get(group)
        if node is None:
            node = await client.coordinator_lookup(CoordinationType.GROUP, group)
            self._coordinators[group] = node
        try:
            return await client.send(node, request, group=ConnectionGroup.COORDINATION)
        except KafkaError:
            self._coordinators.pop(group, None)
            raise

    def check_coordinator(self, group: str, code: int) -> None:
        """Raise what passes by itself, after forgetting the node that is not the coordinator any more."""
        if code in MOVING:
            self._coordinators.pop(group, None)
            check(code)

    async def close(self) -> None:
        """Who still waits for an answer is told that there is none. Bounded in time."""
        async with self._opening:
            self.closed = True
            held = self._held
            self._drop()
        if held is not None and held.users > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await held.unused.wait()
        if self._closing:
            await asyncio.wait(self._closing, timeout=2 * CLOSE_S)

    def _drop(self) -> None:
        held, self._held = self._held, None
        self._coordinators.clear()
        if held is not None:
            held.retired = True
            self._close(held)

    def _close(self, held: Held) -> None:
        closing = asyncio.create_task(_cut(held.client))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


async def _cut(client: Any) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_S):
            await client.close()


def may_pass(error: BaseException) -> bool:
    """Whether the same question may be answered later."""
    if isinstance(error, KafkaError):
        passing = (GroupCoordinatorNotAvailableError, NotCoordinatorForGroupError)
        return bool(error.retriable) or isinstance(error, passing)
    return isinstance(error, OSError) and not isinstance(error, WRONG_PERSON)


async def begin(
    client: Any, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]]
) -> None:
    """Start a client of any kind; one that did not start is closed. Raises what the server says."""
    started = False
    try:
        await start()
        started = True
    except KafkaConnectionError as error:
        raise await why_not(client) or error from None
    finally:
        if not started:
            await stop()


async def why_not(client: Any) -> Exception | None:
    """What a server says to us: aiokafka only logs why it could not begin."""
    names = (
        "ssl_context",
        "security_protocol",
        "sasl_mechanism",
        "sasl_plain_username",
        "sasl_plain_password",
    )
    told = {name: getattr(client, f"_{name}") for name in names} | {
        "request_timeout_ms": round(PROBE_S * 1000)
    }
    for host, port, _ in client.hosts[:1]:
        try:
            connection = await create_conn(host, port, **told)
        except (KafkaError, OSError) as error:
            return error
        await connection.close()
    return None
