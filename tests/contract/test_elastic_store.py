"""ElasticStore on a real server, held to the whole contract: with one shard, and with four."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from catalogue.store import Store
from tests.contract.whole_contract import StoreContract
from tests.servers.elastic import ElasticServer
from tests.servers.session import NamedElastic
from tests.support.elastic import store_on

pytestmark = pytest.mark.needs_server


class TestElasticStore(StoreContract):
    @pytest.fixture
    async def store(self, elastic: ElasticServer | NamedElastic) -> AsyncIterator[Store]:
        async with store_on(elastic.url) as opened:
            yield opened


class TestElasticStoreOfFourShards(StoreContract):
    @pytest.fixture
    async def store(self, elastic: ElasticServer | NamedElastic) -> AsyncIterator[Store]:
        async with store_on(elastic.url, shards=4) as opened:
            yield opened
