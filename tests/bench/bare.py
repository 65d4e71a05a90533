"""The ceiling of the framework: a bare FastAPI app that parses a body and appends it to the same kind of log."""

from __future__ import annotations

import asyncio
import sys

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response

from federation.engines import open_log
from federation.runtime import tune
from federation.settings import load_settings
from stream.log import Message

TOPIC = "bare"


async def main(port: int) -> None:
    """Serve until stopped; the log is the one that the settings name."""
    settings = load_settings()
    log, app, topic = open_log(settings), FastAPI(), f"{settings.topic_prefix}.{TOPIC}"
    await log.create_topic(topic, settings.partitions)

    @app.get("/ready")
    async def ready() -> Response:
        return Response(b"{}")

    @app.post("/collections/{collection}/items")
    async def post(request: Request, collection: str) -> Response:
        body = await request.body()
        item = orjson.loads(body)
        await log.append([Message(topic, item["id"], body)])
        return Response(orjson.dumps({"id": item["id"]}), 202)

    tune()
    config = uvicorn.Config(
        app, port=port, loop="uvloop", http="httptools", lifespan="off", log_config=None, access_log=False
    )
    await uvicorn.Server(config).serve()
    await log.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
