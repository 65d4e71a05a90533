"""A serving process: from settings to a clean stop, with every foreseeable mistake as one line."""

from __future__ import annotations

import asyncio
import errno
import socket
import sqlite3
from collections.abc import Coroutine
from typing import TypeVar

import uvloop

from federation import logs
from federation.failed import BAD_INPUT, Failed
from federation.node import InUse, Node, make_node
from federation.serve import listen, serve, stop_on_signals
from federation.settings import Settings, SettingsError
from stream.errors import Unavailable
from stream.log import Log

T = TypeVar("T")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def run(settings: Settings) -> None:
    """Serve one node until SIGTERM or SIGINT. Failed when it cannot begin."""
    logs.configure(settings.log_level, settings.node)
    in_loop(_run(settings))


def in_loop(work: Coroutine[None, None, T]) -> T:
    """The result of `work` in an event loop as serving needs it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Failed when the address is taken or not ours."""
    try:
        return listen(host, port)
    except OSError as error:
        hint = "; name another port with --port" if error.errno == errno.EADDRINUSE else ""
        raise Failed(f"cannot listen on {host}:{port}: {error.strerror}{hint}", BAD_INPUT) from error


async def opened(settings: Settings, log: Log | None = None) -> Node:
    """The node. Failed when its folder is in use or cannot be used, or holds something else."""
    try:
        return await make_node(settings, log)
    except (InUse, SettingsError) as error:
        raise Failed(str(error), BAD_INPUT) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise Failed(f"cannot use {settings.data_dir}: it is not a folder", BAD_INPUT) from error
    except (OSError, sqlite3.Error, Unavailable, ValueError) as error:
        raise Failed(f"cannot use {settings.data_dir}: {error}", BAD_INPUT) from error


def url_of(settings: Settings, listening: socket.socket) -> str:
    """The address that a person can open."""
    if settings.root_url is not None:
        return settings.root_url
    host, port = listening.getsockname()[:2]
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _run(settings: Settings) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    listening = bound(settings.host, settings.port)
    node = await opened(settings)
    line = f"node {settings.node} is ready at {url_of(settings, listening)}, its data in {settings.data_dir}"
    await serve([node], [listening], stopping, lambda: print(line, flush=True))
