"""A Kafka cluster of one or three brokers on this machine."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.servers import artefacts, certificates, kafka_settings
from tests.servers.containers import KAFKA_IMAGE, Container, kafka_variables
from tests.servers.kafka_settings import Ports, addresses
from tests.servers.ports import free_ports, listening
from tests.servers.process import Handle, Process, wait_until
from tests.servers.tools import QUICK, jdk_tool

READY_S = 60.0
# A broker that has lost its quorum waits for it for minutes; its log is safe without.
STOP_S = 5.0
ANSWER_MS = 5000
HEAP_MB = {1: 512, 3: 384}
IN_CONTAINER = "/etc/stacfed"


class KafkaServer:
    """A cluster; brokers are numbered from 1, and keep their ports and data when they are started again."""

    user = kafka_settings.USER
    password = kafka_settings.PASSWORD

    def __init__(
        self,
        folder: Path,
        brokers: int = 1,
        *,
        secure: bool = False,
        port: int | None = None,
        quick: bool = False,
        containers: bool = False,
    ) -> None:
        """`port` is the first broker's, the others take those that follow. `quick`: for short lives. Raises Missing."""
        free = free_ports(3 * brokers)
        plain = free[:brokers] if port is None else list(range(port, port + brokers))
        self.ports = Ports(plain, free[brokers : 2 * brokers], free[2 * brokers :] if secure else [])
        self.folder = folder
        heap = HEAP_MB[brokers]
        self._java = [f"-Xms{heap // 4}m", f"-Xmx{heap}m", *([QUICK, "-XX:+UseSerialGC"] if quick else [])]
        make = self._container if containers else self._process
        self._brokers: dict[int, Handle] = {node: make(node) for node in range(1, brokers + 1)}

    @property
    def bootstrap(self) -> str:
        """host:port of every broker, separated by commas; no security."""
        return addresses(self.ports.plain)

    @property
    def secure_bootstrap(self) -> str:
        """The same for SASL_SSL with the mechanism PLAIN, `user`, `password` and `ca_file`."""
        assert self.ports.secure, "started without secure=True"
        return addresses(self.ports.secure)

    @property
    def ca_file(self) -> Path:
        """The certificate (PEM) of the authority that signed the brokers' own."""
        return certificates.certificates() / "ca.pem"

    def start(self) -> None:
        """Returns when every broker answers and knows all others."""
        for broker in self._brokers.values():
            broker.start()
        for node in self._brokers:
            self._wait(node, set(self._brokers))

    def stop(self) -> None:
        """In peace, as far as the brokers manage to."""
        for broker in self._brokers.values():
            broker.ask_to_stop()
        for broker in self._brokers.values():
            broker.stop(STOP_S)

    def kill(self, broker: int = 1) -> None:
        self._brokers[broker].kill()

    def restart(self, broker: int = 1) -> None:
        """Of a broker that runs or was killed; returns when it answers and knows that it belongs to the cluster."""
        self._brokers[broker].stop(STOP_S)
        self._brokers[broker].start()
        self._wait(broker, {broker})

    def pause(self, broker: int = 1) -> None:
        self._brokers[broker].pause()

    def resume(self, broker: int = 1) -> None:
        self._brokers[broker].resume()

    def close(self) -> None:
        """End all at once."""
        for broker in self._brokers.values():
            broker.close()

    def _wait(self, node: int, members: set[int]) -> None:
        port = self.ports.plain[node - 1]
        wait_until(lambda: listening(port) and members <= _members(port), self._brokers[node], READY_S)

    def _settings(self, node: int, data: str, stores: str) -> dict[str, str]:
        settings = kafka_settings.broker_settings(node, self.ports, data)
        if self.ports.secure:
            settings |= kafka_settings.secure_settings(f"{stores}/server.p12", certificates.PASSWORD)
        return settings

    def _process(self, node: int) -> Process:
        home = self.folder / f"broker-{node}"
        _format(home / "data", node)
        stores = certificates.certificates() if self.ports.secure else home
        config = home / "server.properties"
        config.write_text(artefacts.properties_text(self._settings(node, str(home / "data"), str(stores))))
        options = [*self._java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        command = [
            jdk_tool("java"),
            *options,
            "-cp",
            f"{artefacts.kafka_libs()}/*",
            "kafka.Kafka",
            str(config),
        ]
        return Process(command, {"PATH": os.environ["PATH"]}, home / "output.txt")

    def _container(self, node: int) -> Container:
        variables = kafka_variables(self._settings(node, "/var/lib/kafka/data", IN_CONTAINER))
        variables |= {"CLUSTER_ID": artefacts.CLUSTER_ID, "KAFKA_HEAP_OPTS": " ".join(self._java)}
        mounts = {certificates.certificates(): IN_CONTAINER} if self.ports.secure else {}
        return Container(KAFKA_IMAGE, variables, mounts)


def _format(data: Path, node: int) -> None:
    if data.exists():  # kept from last time
        return
    shutil.copytree(artefacts.kafka_formatted(), data)
    meta = data / "meta.properties"
    own_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    meta.write_text(kafka_settings.with_node(meta.read_text(), node, own_id))


def _members(port: int) -> set[int]:
    """The brokers that one of them knows; none while it does not answer. Works inside a running loop too."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, _ask(port)).result()


async def _ask(port: int) -> set[int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=ANSWER_MS)
    try:
        await admin.start()
        await admin.list_topics()
        return {broker["node_id"] for broker in (await admin.describe_cluster())["brokers"]}
    except KafkaError:
        return set()
    finally:
        await admin.close()
