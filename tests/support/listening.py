"""An application behind a port of this computer, for clients that are not of Python's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from federation.serve import listen
from tests.support.http import until


@asynccontextmanager
async def listening(app: Any, **told: Any) -> AsyncIterator[str]:
    """Its address; stopped at the end. `told` are settings of uvicorn."""
    bound = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", lifespan="off", log_config=None, **told))
    serving = asyncio.create_task(server._serve([bound]))
    await until(lambda: _started(server))
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}{told.get('root_path', '')}"
    finally:
        server.should_exit = True
        await serving
        bound.close()


async def _started(server: uvicorn.Server) -> bool:
    return server.started
