"""A server to measure: `stacfed serve` in a process of its own, as a user starts it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.bench import rules
from tests.bench.client import Connection

READY_DEADLINE_S = 30.0


@dataclass
class Served:
    """A running server. `ready_s` is the time from its start to its first answer to /ready."""

    port: int
    pid: int
    ready_s: float

    async def connect(self) -> Connection:
        """A new connection."""
        return await Connection.open("127.0.0.1", self.port)

    def rss_mib(self) -> float:
        """Resident memory."""
        fields = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in fields if line.startswith("VmRSS")) / 1024

    def cpu_s(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def served(
    settings: Mapping[str, str] = MappingProxyType({}), *, bare: bool = False, role: str | None = None
) -> AsyncIterator[Served]:
    """Start `stacfed serve`, or one role of it, or the bare app; wait until it is ready; stop it by SIGTERM.

    The settings may name another folder of data than a new one, `data_dir`.
    """
    with tempfile.TemporaryDirectory(prefix="stacfed-bench-") as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        told = {f"STACFED_{name.upper()}": value for name, value in rules.folders().items()}
        told |= {f"STACFED_{name.upper()}": value for name, value in settings.items()}
        environment = {**os.environ, "STACFED_DATA_DIR": folder, "STACFED_LOG_LEVEL": "WARNING", **told}
        start = time.perf_counter()
        stacfed = [str(Path(sys.executable).with_name("stacfed")), "serve", "--port", str(port)]
        stacfed += ["--role", role] if role else []
        command = [sys.executable, "-m", "tests.bench.bare", str(port)] if bare else stacfed
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            await _ready(port)
            yield Served(port, process.pid, time.perf_counter() - start)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


async def _ready(port: int) -> None:
    deadline = time.monotonic() + READY_DEADLINE_S
    while True:
        try:
            connection = await Connection.open("127.0.0.1", port)
            status, _ = await connection.request("GET", "/ready")
            connection.close()
        except OSError:
            status = 0
        if status == 200:
            return
        if time.monotonic() > deadline:
            raise TimeoutError("the server is not ready")
        await asyncio.sleep(0.01)
