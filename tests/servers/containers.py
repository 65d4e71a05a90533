"""The same servers as containers, where an engine answers; the packages for that are imported only then."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.tools import Missing

if TYPE_CHECKING:
    from testcontainers.core.container import DockerContainer

KAFKA_IMAGE = "apache/kafka:4.1.0"
ELASTIC_IMAGE = "docker.elastic.co/elasticsearch/elasticsearch:8.15.5"
ENGINE = "unix:///var/run/docker.sock"
ANSWER_S = 2.0
ANSWER_BYTES = 64


def engine_socket(environment: Mapping[str, str], platform: str) -> str | None:
    """The socket of an engine on this machine. Elsewhere, or in its own virtual machine, 127.0.0.1 is not ours."""
    engine = environment.get("DOCKER_HOST") or ENGINE
    return engine.removeprefix("unix://") if platform == "linux" and engine.startswith("unix://") else None


def engine_answers() -> bool:
    """Whether containers can be had; takes two short waits at most."""
    path = engine_socket(os.environ, sys.platform)
    if path is None or not Path(path).exists():
        return False
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(ANSWER_S)
        try:
            asking.connect(path)
            asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b" 200 " in asking.recv(ANSWER_BYTES)
        except OSError:
            return False


def kafka_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Kafka's properties as its image wants them."""
    return {"KAFKA_" + name.replace(".", "_").upper(): value for name, value in settings.items()}


class Container:
    """One server in the network of this machine; its data lives as long as the container."""

    def __init__(
        self, image: str, environment: Mapping[str, str], mounts: Mapping[Path, str] | None = None
    ) -> None:
        self.image = image
        self.environment = dict(environment)
        self.mounts = dict(mounts or {})
        self._container: DockerContainer | None = None

    def start(self) -> None:
        if self._container is None:
            self._container = self._create()
        else:
            self._engine.start()

    def _create(self) -> DockerContainer:
        from docker.errors import DockerException  # type: ignore[import-untyped]  # no types are published
        from testcontainers.core.container import DockerContainer

        try:
            container = DockerContainer(self.image).with_envs(**self.environment).with_kwargs(network="host")
            for folder, inside in self.mounts.items():
                container.with_volume_mapping(folder, inside)
            return container.start()
        except DockerException as refused:
            raise Missing(f"server: the container engine cannot run {self.image}: {refused}") from refused

    @property
    def _engine(self) -> Any:
        assert self._container is not None, "not started"
        return self._container.get_wrapped_container()

    def running(self) -> bool:
        if self._container is None:
            return False
        self._engine.reload()
        return self._engine.status in ("running", "paused")

    def output(self) -> str:
        return str(self._engine.logs().decode(errors="replace")) if self._container else ""

    def ask_to_stop(self) -> None:
        if self.running():
            self._engine.kill(signal="SIGTERM")

    def stop(self, wait_s: float) -> None:
        if self._container is not None:
            self._engine.stop(timeout=int(wait_s))

    def kill(self) -> None:
        from docker.errors import APIError

        if self._container is not None:
            with suppress(APIError):  # it has ended by itself
                self._engine.kill()
            self._engine.wait()

    def pause(self) -> None:
        self._engine.pause()

    def resume(self) -> None:
        self._engine.unpause()

    def close(self) -> None:
        if self._container is not None:
            self._container.stop()
            self._container = None
