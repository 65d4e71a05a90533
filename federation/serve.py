"""Serving: uvicorn under our own signal handling, so that several nodes can share a process and a stop is clean."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator, Sequence

import uvicorn

from federation.node import Node

DRAIN_S = 5
# Threads hand results to the event loop all the time; Python's 5 ms turn would be most of an answer's time.
SWITCH_INTERVAL_S = 0.0005


class Server(uvicorn.Server):
    """uvicorn without signal handlers of its own."""

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
            backlog=2048,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    return bound


async def serve(nodes: Sequence[Node], sockets: Sequence[socket.socket], stopping: asyncio.Event) -> None:
    """Serve each node on its socket until `stopping` is set; then answer what was asked, and let followers finish."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    servers = [make_server(node) for node in nodes]
    for node in nodes:
        node.start()
    running = [asyncio.create_task(s.serve(sockets=[b])) for s, b in zip(servers, sockets, strict=True)]
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*running)
    await asyncio.gather(*(node.stop() for node in nodes))


def stop_on_signals(stopping: asyncio.Event) -> None:
    """SIGTERM and SIGINT ask for a clean stop."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
