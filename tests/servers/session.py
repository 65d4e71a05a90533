"""Servers for one test session or one test: which kind, in which folder, and gone at the end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.servers.certificates import certificates
from tests.servers.containers import engine_answers
from tests.servers.elastic import ElasticServer
from tests.servers.folders import memory, server_folder
from tests.servers.kafka import KafkaServer
from tests.servers.tools import Missing

Server = TypeVar("Server", KafkaServer, ElasticServer)


@dataclass(frozen=True)
class NamedKafka:
    """A cluster that somebody else runs; one of another process of ours may listen for SASL_SSL as well."""

    bootstrap: str
    secure_bootstrap: str = ""
    user = KafkaServer.user
    password = KafkaServer.password

    @property
    def ca_file(self) -> Path:
        """As of a KafkaServer."""
        return certificates() / "ca.pem"


@dataclass(frozen=True)
class NamedElastic:
    """A node that somebody else runs."""

    url: str


@contextmanager
def _running(make: Callable[..., Server], quick: bool) -> Iterator[Server]:
    # Where speed is measured a disk is a disk.
    with server_folder(memory() if quick else None) as folder, closing(_started(make, folder)) as server:
        yield server


def _started(make: Callable[..., Server], folder: Path) -> Server:
    if engine_answers():
        with suppress(Missing):  # an engine that cannot fetch the image, say
            return start(make(folder / "container", containers=True))
    return start(make(folder / "process"))


def start(server: Server) -> Server:
    """The same server, running; nothing is left of one that does not start. Raises NotReady, Missing."""
    with ExitStack() as undo:
        undo.callback(server.close)
        server.start()
        undo.pop_all()
    return server


def kafka_server(
    brokers: int = 1, *, secure: bool = False, quick: bool = True
) -> AbstractContextManager[KafkaServer]:
    """A running cluster of our own; not `quick` where speed is measured. Raises Missing."""
    return _running(partial(KafkaServer, brokers=brokers, secure=secure, quick=quick), quick)


def elastic_server(*, quick: bool = True) -> AbstractContextManager[ElasticServer]:
    """A running node of our own; not `quick` where speed is measured. Raises Missing."""
    return _running(partial(ElasticServer, quick=quick), quick)


def shared_kafka() -> AbstractContextManager[KafkaServer | NamedKafka]:
    """The cluster of STACFED_TEST_KAFKA, or one broker, with a secure listener as well where that can be had."""
    named = os.environ.get("STACFED_TEST_KAFKA")
    return nullcontext(NamedKafka(named)) if named else kafka_server(secure=_have_certificates())


def shared_elastic() -> AbstractContextManager[ElasticServer | NamedElastic]:
    """The node of STACFED_TEST_ELASTIC, or one of our own."""
    named = os.environ.get("STACFED_TEST_ELASTIC")
    return nullcontext(NamedElastic(named.rstrip("/"))) if named else elastic_server()


@contextmanager
def lent_kafka() -> Iterator[NamedKafka]:
    """The shared cluster, for other processes."""
    with shared_kafka() as server:
        if isinstance(server, KafkaServer):
            server = NamedKafka(server.bootstrap, server.secure_bootstrap if server.ports.secure else "")
        yield server


@contextmanager
def lent_elastic() -> Iterator[NamedElastic]:
    """The shared node, for other processes."""
    with shared_elastic() as server:
        yield NamedElastic(server.url)


def _have_certificates() -> bool:
    """They need a JDK, which a container does not."""
    try:
        certificates()
    except Missing:
        return False
    return True
