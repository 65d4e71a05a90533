"""Serving: uvicorn under our own signal handling, so that several nodes can share a process and a stop is clean."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Sequence

import uvicorn

from federation.node import Node
from federation.runtime import tune

DRAIN_S = 4
BACKLOG = 2048


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own; `up` is set once it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(node: Node) -> Server:
    """A server for the node's application."""
    return Server(
        uvicorn.Config(
            node.app,
            host=node.settings.host,
            port=node.settings.port,
            loop="uvloop",
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=DRAIN_S,
            backlog=BACKLOG,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen(BACKLOG)
    return bound


async def serve(
    nodes: Sequence[Node],
    sockets: Sequence[socket.socket],
    stopping: asyncio.Event,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve each node on its socket until `stopping` is set; then answer what was asked, and let followers finish.

    `ready` is called once, when every server answers.
    """
    tune()
    servers = [make_server(node) for node in nodes]
    for node in nodes:
        node.start()
    running = [asyncio.create_task(s.serve(sockets=[b])) for s, b in zip(servers, sockets, strict=True)]
    waiting = asyncio.create_task(stopping.wait())
    announcing = asyncio.create_task(_announce(servers, ready))
    await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    announcing.cancel()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)
    await asyncio.gather(*(node.stop() for node in nodes))


async def _announce(servers: Sequence[Server], ready: Callable[[], None]) -> None:
    for server in servers:
        await server.up.wait()
    ready()


def stop_on_signals(stopping: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for a clean stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
