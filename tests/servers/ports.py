"""Ports for servers on this machine."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack, suppress

# Below the ports that systems give to clients: nobody takes a stopped server's port by connecting somewhere, and a
# client that retries while the server is down cannot connect to itself.
PORTS = range(20_000, 32_000)
TRIES = 200
CONNECT_S = 1.0


def free_ports(count: int) -> list[int]:
    """Distinct ports of 127.0.0.1 that nobody listens on at the moment."""
    found: list[int] = []
    with ExitStack() as held:
        for _ in range(TRIES):
            if len(found) == count:
                break
            port = random.choice(PORTS)
            taken = held.enter_context(socket.socket())
            with suppress(OSError):
                taken.bind(("127.0.0.1", port))
                found.append(port)
    assert len(found) == count, f"no {count} free ports after {TRIES} tries"
    return found


def listening(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S):
            return True
    except OSError:
        return False
