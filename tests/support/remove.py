"""Taking away what a test has made on servers that all tests share: many topics and indices make them slow."""

from __future__ import annotations

import httpx
from aiokafka.admin import AIOKafkaAdminClient


async def remove_topics(servers: str, prefix: str) -> None:
    """Delete every topic whose name begins with `prefix`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        names = [name for name in await admin.list_topics() if name.startswith(prefix)]
        if names:
            await admin.delete_topics(names)
    finally:
        await admin.close()


async def remove_indices(url: str, prefix: str) -> None:
    """Delete every index and template of an ElasticStore whose prefix begins with `prefix`."""
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        names = list((await http.get(f"/{prefix}*/_settings", params={"flat_settings": True})).json())
        if names:
            (await http.delete(f"/{','.join(names)}")).raise_for_status()
        for kind in ("_index_template", "_component_template"):
            await http.delete(f"/{kind}/{prefix}*")
