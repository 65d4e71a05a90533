"""MemoryStore, held to the whole contract: what it answers is what the contract means."""

from __future__ import annotations

import pytest

from catalogue.store import Store
from tests.contract.whole_contract import StoreContract
from tests.support.memory_store import MemoryStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()
