"""The best known peer, stac-fastapi-elasticsearch from PyPI, in an environment of its own and on the same server."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from tests.bench.client import Connection
from tests.bench.records import COLLECTION
from tests.bench.server import Served
from tests.servers.cache import part

PACKAGES = ("stac-fastapi-elasticsearch==8.0.0", "elasticsearch[async]>=8.19,<9", "uvicorn[standard]")
BATCH = 500
READY_DEADLINE_S = 60.0
FRESH_S = 3.0
YEARS_LATER = 130


def environment() -> Path:
    """The Python of the peer; installed once."""
    return part("peer-8.0.0", _install) / "bin" / "python"


def _install(folder: Path) -> None:
    # It is renamed afterwards, which its interpreter does not mind; the scripts beside it are not used.
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-q", *PACKAGES], check=True)


@asynccontextmanager
async def peer(elastic: str) -> AsyncIterator[Served]:
    """The peer, one worker, on this Elasticsearch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    found = urlsplit(elastic)
    told = {
        "ES_HOST": str(found.hostname), "ES_PORT": str(found.port), "ES_USE_SSL": "false", "ES_VERIFY_CERTS": "false",
        "ES_TIMEOUT": "60",  "STAC_ITEM_LIMIT": "10000", "ENABLE_DIRECT_RESPONSE": "true", "DATABASE_REFRESH": "false",
        "STAC_COLLECTIONS_INDEX": "peer-collections", "STAC_ITEMS_INDEX_PREFIX": "peer-items_",
    }  # fmt: skip
    app = ("stac_fastapi.elasticsearch.app:create_app", "--factory")
    command = [str(environment()), "-m", "uvicorn", *app, "--port", str(port)]
    process = subprocess.Popen(
        [*command, "--log-level", "error"], env={**os.environ, **told},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await _ready(port)
        yield Served(port, process.pid, 0.0)
    finally:
        process.terminate()
        process.wait(30)


async def load(server: Served, items: list[dict[str, Any]]) -> None:
    """Write the Collection and the items by its bulk route.

    It refuses times before 1970, so all are moved by YEARS_LATER.
    """
    connection = await server.connect()
    await connection.json("POST", "/collections", COLLECTION)
    for start in range(0, len(items), BATCH):
        body = {
            "items": {item["id"]: _later(item) for item in items[start : start + BATCH]},
            "method": "upsert",
        }
        told = await connection.json("POST", "/collections/CMIP6/bulk_items", body)
        if told["errors"]:
            raise RuntimeError(f"the peer refuses items: {told['errors'][0]}")
    connection.close()
    await asyncio.sleep(FRESH_S)


def _later(item: dict[str, Any]) -> dict[str, Any]:
    properties = dict(item["properties"])
    for name in ("start_datetime", "end_datetime"):
        text = properties[name]
        properties[name] = f"{int(text[:4]) + YEARS_LATER}{text[4:]}"
    return {**item, "properties": properties}


async def _ready(port: int) -> None:
    async with asyncio.timeout(READY_DEADLINE_S):
        while True:
            try:
                connection = await Connection.open("127.0.0.1", port)
                status, answer = await connection.request("GET", "/_mgmt/ping")
                connection.close()
                if status == 200 and orjson.loads(answer):
                    return
            except OSError:
                pass
            await asyncio.sleep(0.2)
