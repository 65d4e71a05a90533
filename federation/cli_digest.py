"""`stacfed digest`: what a node's catalogue comes to, and how two nodes differ."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from federation.client import Client
from federation.compare import compare, difference_lines, report
from federation.failed import DONE, NOT_DONE


def show(client: Client) -> None:
    """The digests of one node."""
    found = client.get("/digest").good()
    print(f"node {found['node']} at {client.url}")
    for line in report(found):
        print(line)


def compare_all(urls: Sequence[str]) -> int:
    """Compare every node with the first; the exit code."""
    code = DONE
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(url)) for url in urls]
        for other in clients[1:]:
            found = compare(clients[0], other)
            if found:
                code = NOT_DONE
                print("\n".join(difference_lines(found, (clients[0].url, other.url))))
            else:
                print(f"{other.url} equals {clients[0].url}")
    return code
