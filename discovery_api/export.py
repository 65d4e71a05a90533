"""A streamed answer of any length: so many at once, none to a client that is gone, stuck, or wants no body."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing, contextmanager

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from stream.errors import Unavailable

RUNNING_MAX = 16  # in this process; each holds a page in memory as long as its client takes
STALLED_S = 120  # a client that takes nothing for so long is gone
RETRY_AFTER_S = 10
HEAD_ONLY = "stacfed.head"  # in the scope of a GET whose body nobody will see


class Exports:
    """Counts the streams that are running."""

    def __init__(self, most: int = RUNNING_MAX) -> None:
        self.most, self.running = most, 0

    def check(self) -> None:
        """Unavailable when there are too many already."""
        if self.running >= self.most:
            raise Unavailable(f"{self.most} exports are running already", RETRY_AFTER_S)

    @contextmanager
    def one(self) -> Iterator[None]:
        """One more, as long as this lasts."""
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1


class Export(StreamingResponse):
    """Sends the chunks as they are made. What goes wrong after the first of them breaks the transfer off."""

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        media_type: str,
        headers: Mapping[str, str],
        running: Exports,
        stalled_s: float = STALLED_S,
    ) -> None:
        super().__init__(chunks, headers=headers, media_type=media_type)
        self._chunks, self._running, self._stalled_s = chunks, running, stalled_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get(HEAD_ONLY):
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            await send({"type": "http.response.body"})
        else:
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        async def sent(message: Message) -> None:
            async with asyncio.timeout(self._stalled_s):
                await send(message)

        with self._running.one():
            async with aclosing(
                self._chunks
            ) as chunks:  # closed even when this is cancelled between two of them
                await sent(
                    {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
                )
                async for chunk in chunks:
                    if chunk:
                        await sent({"type": "http.response.body", "body": chunk, "more_body": True})
                await sent({"type": "http.response.body"})
