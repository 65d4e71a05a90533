"""A serving process: from settings to a clean stop, with every foreseeable mistake as one line."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import TypeVar

import uvloop

from federation import logs
from federation.failed import BAD_INPUT, Failed
from federation.node import InUse, Node, make_node
from federation.role import Role
from federation.serve import listen, serve, stop_on_signals
from federation.settings import Settings, SettingsError
from federation.urls import SqliteUrl
from stream.errors import Unavailable
from stream.log import Log

logger = logging.getLogger(__name__)
T = TypeVar("T")
START_AGAIN_S = 1.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def run(settings: Settings, roles: Iterable[Role] = Role) -> None:
    """Serve these roles of a node until SIGTERM or SIGINT. Failed when it cannot begin."""
    logs.configure(settings.log_level, settings.node, _named(roles) or "all")
    in_loop(_run(settings, roles))


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


async def opened(settings: Settings, log: Log | None = None, roles: Iterable[Role] = Role) -> Node:
    """The node. Failed when its folder is in use or cannot be used, or an engine holds something else or is away."""
    try:
        return await waited(settings, lambda: make_node(settings, log, roles=roles))
    except (InUse, SettingsError) as error:
        raise Failed(str(error), BAD_INPUT) from error
    except (FileExistsError, NotADirectoryError) as error:
        raise Failed(f"cannot use {settings.data_dir}: it is not a folder", BAD_INPUT) from error
    except (OSError, sqlite3.Error, Unavailable, ValueError) as error:
        raise Failed(f"cannot use {_where(settings)}: {error}", BAD_INPUT) from error


async def waited(settings: Settings, attempt: Callable[[], Awaitable[T]]) -> T:
    """The result of an attempt: engines that run elsewhere may be started after us; a file is there or is not."""
    now = asyncio.get_running_loop().time
    deadline = now() + (settings.start_wait_s if _remote(settings) else 0)
    while True:
        try:
            return await attempt()
        except Unavailable as error:
            if now() + START_AGAIN_S > deadline:
                raise
            logger.warning("waiting for an engine", extra={"detail": str(error)})
            await asyncio.sleep(START_AGAIN_S)


def _remote(settings: Settings) -> list[str]:
    """The settings that name an engine elsewhere."""
    urls = {"STACFED_LOG_URL": settings.log, "STACFED_STORE_URL": settings.store}
    return [name for name, url in urls.items() if not isinstance(url, SqliteUrl)]


def _where(settings: Settings) -> str:
    return " or ".join([*_remote(settings), str(settings.data_dir)])


def _named(roles: Iterable[Role]) -> str:
    return "" if set(roles) == set(Role) else ",".join(sorted(set(roles)))


def url_of(settings: Settings, listening: socket.socket) -> str:
    """The address that a person can open."""
    if settings.root_url is not None:
        return settings.root_url
    host, port = listening.getsockname()[:2]
    host = EVERYWHERE.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _run(settings: Settings, roles: Iterable[Role]) -> None:
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    listening = bound(settings.host, settings.port)
    opening, stopped = (
        asyncio.create_task(opened(settings, None, roles)),
        asyncio.create_task(stopping.wait()),
    )
    await asyncio.wait({opening, stopped}, return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not opening.done():  # asked to stop while it waited for an engine
        opening.cancel()
        await asyncio.wait({opening})
        return
    node = await opening
    named = f" as {_named(roles)}" if _named(roles) else ""
    where = f"{url_of(settings, listening)}, its data in {settings.data_dir}"
    line = f"node {settings.node} is ready{named} at {where}"
    await serve([node], [listening], stopping, lambda: print(line, flush=True))
