"""The real test servers: what they take and refuse, and that they can be broken on request and come back."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from tests.servers.elastic import ElasticServer
from tests.servers.kafka import KafkaServer

pytestmark = pytest.mark.needs_server

TIGHT_S = 0.3
PROMPT_S = 30.0
MIB = 1024 * 1024
SHAPE = {"type": "Polygon", "coordinates": [[[170, 0], [190, 0], [190, 10], [170, 10], [170, 0]]]}
WITHIN = {
    "geo_shape": {"shape": {"shape": {"type": "Point", "coordinates": [-175, 5]}, "relation": "intersects"}}
}


@asynccontextmanager
async def producing(bootstrap: str, **settings: object) -> AsyncIterator[AIOKafkaProducer]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, max_request_size=16 * MIB, **settings)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


async def new_topic(server: KafkaServer) -> str:
    name = uuid4().hex
    admin = AIOKafkaAdminClient(bootstrap_servers=server.bootstrap)
    try:
        await admin.start()
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs={"min.insync.replicas": "1"})])
    finally:
        await admin.close()
    return name


async def test_messages_of_five_mebibytes_pass_and_larger_ones_do_not(kafka: KafkaServer) -> None:
    topic = await new_topic(kafka)
    async with producing(kafka.bootstrap) as producer:
        assert (await producer.send_and_wait(topic, bytes(5 * MIB))).offset == 0
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(topic, bytes(7 * MIB))


async def test_no_topic_comes_by_itself(kafka: KafkaServer) -> None:
    async with producing(kafka.bootstrap, request_timeout_ms=1000) as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.partitions_for(uuid4().hex)


def login(server: KafkaServer, ca_file: Path | None, password: str) -> dict[str, object]:
    return {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": server.user,
        "sasl_plain_password": password,
        "ssl_context": ssl.create_default_context(cafile=ca_file),
    }


async def test_the_secure_listener_knows_its_user(secure_kafka: KafkaServer) -> None:
    server, topic = secure_kafka, await new_topic(secure_kafka)
    async with producing(
        server.secure_bootstrap, **login(server, server.ca_file, server.password)
    ) as producer:
        assert (await producer.send_and_wait(topic, b"x")).offset == 0
    with pytest.raises(KafkaConnectionError):
        async with producing(server.secure_bootstrap, **login(server, server.ca_file, "wrong")):
            pass


async def test_the_authorities_of_this_system_do_not_vouch_for_it(secure_kafka: KafkaServer) -> None:
    with pytest.raises(KafkaConnectionError):
        async with producing(
            secure_kafka.secure_bootstrap, **login(secure_kafka, None, secure_kafka.password)
        ):
            pass


async def test_a_paused_broker_answers_later(own_kafka: Callable[[int], KafkaServer]) -> None:
    server = own_kafka(1)
    topic = await new_topic(server)
    async with producing(server.bootstrap) as producer:
        await producer.send_and_wait(topic, b"before")
        server.pause()
        sending = asyncio.create_task(producer.send_and_wait(topic, b"late"))
        await asyncio.wait([sending], timeout=TIGHT_S)
        assert not sending.done()
        server.resume()
        assert (await asyncio.wait_for(sending, PROMPT_S)).offset == 1


async def new_index(client: httpx.AsyncClient) -> str:
    name = uuid4().hex
    mapping = {"mappings": {"properties": {"shape": {"type": "geo_shape"}}}}
    (await client.put(f"/{name}", json=mapping)).raise_for_status()
    return name


async def test_shapes_over_the_antimeridian_are_found(elastic: ElasticServer) -> None:
    async with httpx.AsyncClient(base_url=elastic.url) as client:
        index = await new_index(client)
        (await client.put(f"/{index}/_doc/1?refresh=true", json={"shape": SHAPE})).raise_for_status()
        found = (await client.post(f"/{index}/_search", json={"query": WITHIN})).json()
        assert [hit["_id"] for hit in found["hits"]["hits"]] == ["1"]
        (await client.delete(f"/{index}")).raise_for_status()


async def test_no_index_comes_by_itself(elastic: ElasticServer) -> None:
    async with httpx.AsyncClient(base_url=elastic.url) as client:
        refused = await client.put(f"/{uuid4().hex}/_doc/1", json={})
    assert refused.status_code == httpx.codes.NOT_FOUND


async def test_a_node_keeps_its_documents(own_elastic: Callable[[], ElasticServer]) -> None:
    server = own_elastic()
    async with httpx.AsyncClient(base_url=server.url) as client:
        index = await new_index(client)
        (await client.put(f"/{index}/_doc/1", json={"a": 1})).raise_for_status()
        server.pause()
        with pytest.raises(httpx.ReadTimeout):
            await client.get(f"/{index}/_doc/1", timeout=TIGHT_S)
        server.resume()
        assert (await client.get(f"/{index}/_doc/1", timeout=PROMPT_S)).json()["_source"] == {"a": 1}
        server.kill()
        with pytest.raises(httpx.TransportError):
            await client.get(f"/{index}/_doc/1", timeout=TIGHT_S)
    server.restart()
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get(f"/{index}/_doc/1")).json()["_source"] == {"a": 1}
