"""Looking documents up: calls that come while requests are under way travel together in the next one.

A call is never answered by a request that was sent before it came, so it reads what was accepted before it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from catalogue.store import Document, Ref
from stream.errors import Unavailable

REFS_MAX = 1000
ANSWER_BYTES = 32 << 20  # what one answer should hold at most, going by the size of the last documents

Found = dict[Ref, Document]


@dataclass
class _Call:
    """Somebody who waits; the refs may be spread over several requests."""

    future: asyncio.Future[Found]
    open: int
    found: Found = field(default_factory=dict)


@dataclass
class Lookups:
    """`fetch` is one request; what it raises, each call that has a part in it raises."""

    fetch: Callable[[list[Ref]], Awaitable[Found]]
    in_flight_max: int = 2
    refs_max: int = REFS_MAX
    _queue: deque[tuple[_Call, list[Ref]]] = field(default_factory=deque)
    _running: dict[asyncio.Task[Found], list[tuple[_Call, list[Ref]]]] = field(default_factory=dict)
    _limit: int = 0
    _closed: bool = False

    def __post_init__(self) -> None:
        self._limit = self.refs_max

    async def get(self, refs: Sequence[Ref]) -> Found:
        """The documents that exist."""
        if self._closed:
            raise Unavailable("the store is closed")
        wanted = list(dict.fromkeys(refs))
        if not wanted:
            return {}
        loop = asyncio.get_running_loop()
        pieces = [wanted[start : start + self._limit] for start in range(0, len(wanted), self._limit)]
        call = _Call(loop.create_future(), len(pieces))
        self._queue.extend((call, piece) for piece in pieces)
        loop.call_soon(self._start)  # not at once: others may be about to call, too
        return await call.future

    async def close(self) -> None:
        """Whoever still waits is told."""
        self._closed = True
        for call, _ in self._queue:
            _fail(call, Unavailable("the store is closed"))
        self._queue.clear()
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _start(self) -> None:
        while len(self._running) < self.in_flight_max:
            parts = self._next()
            if not parts:
                return
            refs = list(dict.fromkeys(ref for _, piece in parts for ref in piece))
            task = asyncio.ensure_future(self.fetch(refs))
            self._running[task] = parts
            task.add_done_callback(self._done)

    def _next(self) -> list[tuple[_Call, list[Ref]]]:
        """The parts of the next request. Calls that were cancelled meanwhile have none."""
        parts: list[tuple[_Call, list[Ref]]] = []
        count = 0
        while self._queue:
            call, piece = self._queue[0]
            if not call.future.done():
                if parts and count + len(piece) > self._limit:
                    break
                parts.append((call, piece))
                count += len(piece)
            self._queue.popleft()
        return parts

    def _done(self, task: asyncio.Task[Found]) -> None:
        parts = self._running.pop(task)
        error = Unavailable("the store is closed") if task.cancelled() else task.exception()
        if error is not None:
            self._limit = max(1, self._limit // 2)  # perhaps it was too much for the server
            for call, _ in parts:
                _fail(call, error)
        else:
            found = task.result()
            self._adapt(found)
            for call, piece in parts:
                _give(call, piece, found)
        self._start()

    def _adapt(self, found: Found) -> None:
        size = sum(len(document.body) for document in found.values())
        mean = max(1, size // max(1, len(found)))
        self._limit = max(1, min(self.refs_max, ANSWER_BYTES // mean))


def _give(call: _Call, piece: list[Ref], found: Found) -> None:
    call.found.update((ref, found[ref]) for ref in piece if ref in found)
    call.open -= 1
    if call.open == 0 and not call.future.done():
        call.future.set_result(call.found)


def _fail(call: _Call, error: BaseException) -> None:
    """Each call gets an Unavailable of its own, because a traceback grows with every `raise`."""
    if not call.future.done():
        call.future.set_exception(Unavailable(str(error)) if isinstance(error, Unavailable) else error)
