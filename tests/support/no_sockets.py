"""A guard against sockets: while it is held, whatever would reach out of this process is counted and refused.

It listens to the interpreter's own audit events, so it sees every socket of every Python library, however it was
imported. Libraries that open sockets in native code do not report them: a test of those has somebody listen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

REFUSED = frozenset(
    f"socket.{name}"
    for name in (
        "connect",
        "getaddrinfo",
        "gethostbyaddr",
        "gethostbyname",
        "getnameinfo",
        "sendmsg",
        "sendto",
    )
)


class SocketOpened(Exception):
    """Something tried to reach out of this process while that was not allowed."""


@dataclass
class SocketGuard:
    """`attempts` are the refused calls: their name and what they were about."""

    attempts: list[tuple[str, str]] = field(default_factory=list)


_held: list[SocketGuard] = []
_installed: list[bool] = []


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _held and event in REFUSED:
        attempt = (event, repr(arguments[-1]) if event == "socket.connect" else repr(arguments[:1]))
        _held[-1].attempts.append(attempt)
        raise SocketOpened(f"{attempt[0]} {attempt[1]}")


@contextmanager
def sockets_refused() -> Iterator[SocketGuard]:
    """Counts and refuses until left; the caller asserts on the attempts. Not for code in other processes."""
    if not _installed:
        sys.addaudithook(_listen)  # cannot be taken out again, so there is one for all tests
        _installed.append(True)
    guard = SocketGuard()
    _held.append(guard)
    try:
        yield guard
    finally:
        _held.remove(guard)


@pytest.fixture(name="no_sockets")
def no_sockets_fixture() -> Iterator[SocketGuard]:
    """The whole test runs under the guard; an attempt fails it even where the code swallowed the refusal."""
    with sockets_refused() as guard:
        yield guard
        attempts = list(guard.attempts)
    assert attempts == []
