"""The ceiling of the framework: a bare FastAPI app that parses a body and appends it to the same kind of log."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from federation.runtime import tune
from stream.log import Message
from stream.sqlite import SqliteLog

TOPIC = "bare"


async def main(folder: Path, port: int) -> None:
    """Serve until stopped."""
    log, app = SqliteLog(folder / "log.db"), FastAPI()
    await log.create_topic(TOPIC, 4)

    @app.get("/ready")
    async def ready() -> Response:
        return Response(b"{}")

    @app.post("/collections/{collection}/items")
    async def post(request: Request, collection: str) -> Response:
        body = await request.body()
        item = orjson.loads(body)
        await log.append([Message(TOPIC, item["id"], body)])
        return Response(orjson.dumps({"id": item["id"]}), 202)

    tune()
    config = uvicorn.Config(
        app, port=port, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False
    )
    await uvicorn.Server(config).serve()
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
