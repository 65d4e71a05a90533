"""SqliteStore, held to the whole contract."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from catalogue.sqlite import SqliteStore
from catalogue.store import Query, Store
from stream.errors import Unavailable
from tests.contract.store_contract import found, head, item
from tests.contract.whole_contract import StoreContract


class TestSqliteStore(StoreContract):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        opened = SqliteStore(tmp_path / "store.db")
        yield opened
        await opened.close()


async def test_processes_share_the_file(tmp_path: Path) -> None:
    one, other = SqliteStore(tmp_path / "store.db"), SqliteStore(tmp_path / "store.db")
    await one.apply([head(1), item("a")])
    assert (await other.get_many([head(1).ref]))[head(1).ref].body == head(1).body
    await other.apply([head(2)])
    assert (await one.get_many([head(1).ref]))[head(1).ref].version == 2
    await one.close()
    await found(other, [item("a")])
    await other.close()


async def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    await store.close()
    with pytest.raises(Unavailable):
        await store.apply([head(1)])
    with pytest.raises(Unavailable):
        await store.get_many([head(1).ref])
    with pytest.raises(Unavailable):
        await store.search(Query())
