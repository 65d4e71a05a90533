"""A federation as operators run it: every role of every node in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.command import Running, running
from tests.support.http import KEY, until

STORE_REFRESH_MS = "250"
ANSWER_S = 90  # more than the longest wait that is asked for
READY_S = 90.0
Json = dict[str, Any]


@dataclass
class Processes:
    """The processes of a federation by name, such as `north.index.a`; each can be broken and started again."""

    folder: Path
    kafka: str
    elastic: str
    nodes: Sequence[str] = ("north", "south")
    settings: dict[str, str] = field(default_factory=dict)
    running: dict[str, Running] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)
    _starts: int = 0

    def start(self, node: str, role: str, worker: str = "a", store: str | None = None) -> Running:
        """A process of a node; an earlier one of that name has ended."""
        name = f"{node}.{role}.{worker}"
        self._starts += 1
        told = {
            "node": node, "worker": worker, "data_dir": str(self.folder / node), "handle_key": KEY,
            "expected_nodes": ",".join(self.nodes), "log_url": f"kafka://{self.kafka}/stacfed",
            "store_url": store or f"{self.elastic}/{node}", "log_level": "WARNING", **self.settings,
        }  # fmt: skip
        if told["store_url"].startswith("http"):
            told["store_refresh_ms"] = STORE_REFRESH_MS
        roles = [] if role == "all" else ["--role", role]
        place = self.folder / f"{name}.{self._starts}"
        process = running(place, "serve", "--port", "0", *roles, temporary=None, **told)
        self.running[name] = self._held.enter_context(process)
        return self.running[name]

    async def client(self, name: str) -> httpx.AsyncClient:
        """A client of the process, once it is ready."""
        url = await asyncio.to_thread(lambda: self.running[name].url)
        http = httpx.AsyncClient(base_url=url, timeout=ANSWER_S)

        async def ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return (await http.get("/ready")).status_code == 200
            return False

        await until(ready, READY_S)
        return http

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process."""
        self.running[name].process.send_signal(number)

    def kill(self, name: str) -> None:
        """As kill -9, and wait for its end."""
        self.signal(name, signal.SIGKILL)
        self.running[name].process.wait(30)

    def close(self) -> None:
        """End whatever still runs."""
        self._held.close()


@asynccontextmanager
async def processes(folder: Path, kafka: str, elastic: str, **settings: str) -> AsyncIterator[Processes]:
    """Nothing runs yet; everything is ended afterwards."""
    found = Processes(folder, kafka, elastic, settings=settings)
    try:
        yield found
    finally:
        found.close()


async def digest(http: httpx.AsyncClient) -> Json:
    """The digest of a node, without its name."""
    found: Json = json.loads((await http.get("/digest")).content)
    return {name: found[name] for name in ("collections", "records")}
