"""A small keep-alive HTTP/1.1 client: a benchmark must not spend its time in a client library."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass
class Connection:
    """One connection; one request at a time."""

    host: str
    port: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connect."""
        return cls(host, port, *await asyncio.open_connection(host, port, limit=1 << 24))

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: str = ""
    ) -> tuple[int, bytes]:
        """(status, body) of the answer."""
        head = f"{method} {path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-length: {len(body)}\r\n"
        self.writer.write(f"{head}content-type: application/json\r\n{headers}\r\n".encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        lines = answer.lower().split(b"\r\n")
        if b"transfer-encoding: chunked" in lines:
            return int(answer[9:12]), await self._chunks()
        length = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        return int(answer[9:12]), await self.reader.readexactly(length)

    async def _chunks(self) -> bytes:
        found = []
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            found.append((await self.reader.readexactly(size + 2))[:-2])
        await self.reader.readexactly(2)
        return b"".join(found)

    async def json(self, method: str, path: str, body: Any = None, headers: str = "") -> Any:
        """The answer's JSON. RuntimeError for an answer that is not a success."""
        status, answer = await self.request(
            method, path, b"" if body is None else orjson.dumps(body), headers
        )
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {answer[:500].decode()}")
        return orjson.loads(answer)

    def close(self) -> None:
        """Hang up."""
        self.writer.close()
