"""What a broker is told: pure text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MESSAGE_BYTES_MAX = 6 * 1024 * 1024  # the product refuses events over 5 MiB itself
USER = "stacfed"
PASSWORD = "only for tests"


@dataclass(frozen=True)
class Ports:
    """The ports of a cluster, one of each kind per broker; no secure ones where nobody asked for them."""

    plain: list[int]
    controller: list[int]
    secure: list[int]


def addresses(ports: list[int]) -> str:
    """As clients want to be told: host:port,host:port."""
    return ",".join(f"127.0.0.1:{port}" for port in ports)


def broker_settings(node: int, ports: Ports, data: str) -> dict[str, str]:
    """The properties of broker `node`, counted from 1."""
    count = len(ports.plain)
    replicas, in_sync = str(min(3, count)), "1" if count == 1 else "2"
    return _listeners(node, ports) | {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": _voters(ports.controller),
        "log.dirs": data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "offsets.topic.replication.factor": replicas,
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        # Fewer than the 50 of a large cluster: they are made when the first group comes.
        "offsets.topic.num.partitions": "6",
        "transaction.state.log.num.partitions": "6",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "100",
        # A killed broker may come back, and its partitions have new leaders, when this time is over.
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000",
        "message.max.bytes": str(MESSAGE_BYTES_MAX),
        "replica.fetch.max.bytes": str(MESSAGE_BYTES_MAX),
        "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
    }


def _voters(controllers: list[int]) -> str:
    return ",".join(f"{node}@127.0.0.1:{port}" for node, port in enumerate(controllers, start=1))


def _listeners(node: int, ports: Ports) -> dict[str, str]:
    open_to_clients = {"PLAINTEXT": ports.plain[node - 1]}
    if ports.secure:
        open_to_clients["SECURE"] = ports.secure[node - 1]
    every = open_to_clients | {"CONTROLLER": ports.controller[node - 1]}
    return {
        "listeners": _named(every),
        "advertised.listeners": _named(open_to_clients),
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
    }


def _named(ports: Mapping[str, int]) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())


def secure_settings(store: str, store_password: str) -> dict[str, str]:
    """More properties for the listener SECURE; `store` is the path of its key store."""
    login = "org.apache.kafka.common.security.plain.PlainLoginModule"
    return {
        "listener.name.secure.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.secure.plain.sasl.jaas.config": f'{login} required user_{USER}="{PASSWORD}";',
        "listener.name.secure.ssl.keystore.type": "PKCS12",
        "listener.name.secure.ssl.keystore.location": store,
        "listener.name.secure.ssl.keystore.password": store_password,
        "listener.name.secure.ssl.key.password": store_password,
    }


def with_node(meta_properties: str, node: int, directory_id: str) -> str:
    """The identity of broker `node`'s data folder, made from that of another's."""
    own = {"node.id": str(node), "directory.id": directory_id}
    lines = [line for line in meta_properties.splitlines() if line.partition("=")[0] not in own]
    return "".join(f"{line}\n" for line in [*lines, *(f"{name}={value}" for name, value in own.items())])
