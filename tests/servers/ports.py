"""Ports for servers on this machine."""

from __future__ import annotations

import random
import socket

# Below the ports that systems give to clients: nobody takes a stopped server's port by connecting somewhere, and a
# client that retries while the server is down cannot connect to itself.
PORTS = range(20_000, 32_000)
TRIES = 200
CONNECT_S = 1.0


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on, and that no other call of any process gets while this one lives."""
    found: list[int] = []
    for _ in range(TRIES):
        if len(found) == count:
            break
        port = random.choice(PORTS)
        if _reserved(port) and _unused(port):
            found.append(port)
    assert len(found) == count, f"no {count} free ports after {TRIES} tries"
    return found


def _reserved(port: int) -> bool:
    """Until this process ends, not only until a server listens: a server that is down keeps its port.

    The mark is the UDP port of that number, which no server uses: one process has it, and the system takes it back.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mark:
        try:
            mark.bind(("127.0.0.1", port))
        except OSError:
            return False
        mark.detach()
    return True


def _unused(port: int) -> bool:
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def listening(port: int) -> bool:
    """Whether somebody accepts connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=CONNECT_S):
            return True
    except OSError:
        return False
