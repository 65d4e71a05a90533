"""One Kafka and one Elasticsearch for all processes of a test run.

The process that distributes the tests lends them, and its workers ask at a socket. A server starts when the first
worker asks for it, and ends with the lender: it outlives every worker, and is gone when the run is interrupted too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from multiprocessing.connection import Client, Connection, Listener
from threading import Lock
from typing import Any

from tests.servers.folders import server_folder
from tests.servers.process import NotReady
from tests.servers.tools import Missing

PROBLEMS = {problem.__name__: problem for problem in (Missing, NotReady)}


class Lender:
    """Answers in threads of its own until it is closed; each server is started once, or has failed once."""

    def __init__(self, kinds: Mapping[str, Callable[[], AbstractContextManager[Any]]]) -> None:
        """What the context managers give is sent to the workers: addresses."""
        self._kinds = {name: (start, Lock()) for name, start in kinds.items()}
        self._answers: dict[str, tuple[str, Any]] = {}
        self._held = ExitStack()
        self.address = str(self._held.enter_context(server_folder()) / "lender")
        self._listener = self._held.enter_context(Listener(self.address, "AF_UNIX"))
        self._threads = ThreadPoolExecutor()
        self._closing = False
        self._threads.submit(self._accept)

    def close(self) -> None:
        """Stop every server; one that is just starting is waited for."""
        self._closing = True
        Client(self.address, "AF_UNIX").close()  # otherwise nothing wakes up who accepts
        self._threads.shutdown()
        self._held.close()

    def _accept(self) -> None:
        while True:
            asking = self._listener.accept()
            if self._closing:
                asking.close()
                return
            self._threads.submit(self._answer, asking)

    def _answer(self, asking: Connection) -> None:
        with asking, suppress(OSError, EOFError):  # a worker may end while it waits
            name = asking.recv()
            start, starting = self._kinds[name]
            with starting:
                if name not in self._answers:
                    self._answers[name] = self._started(start)
            asking.send(self._answers[name])

    def _started(self, start: Callable[[], AbstractContextManager[Any]]) -> tuple[str, Any]:
        try:
            return "", self._held.enter_context(start())
        except (Missing, NotReady) as problem:
            return type(problem).__name__, str(problem)


def borrowed(address: str, name: str) -> Any:
    """The address of a server that runs as long as the lender. Raises Missing, NotReady as starting it would."""
    with Client(address, "AF_UNIX") as asking:
        asking.send(name)
        problem, answer = asking.recv()
    if problem:
        raise PROBLEMS[problem](answer)
    return answer
