"""What SqliteStore promises beside the contract: it starts from a snapshot, whatever that is worth."""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import catalogue.sqlite_search
import catalogue.sqlite_words
from catalogue.aggregations import Bucket, Terms
from catalogue.content import canonical
from catalogue.digest import fingerprint
from catalogue.facts import facts_of
from catalogue.filters import EVERYTHING, Filter, Words, equal
from catalogue.sqlite import SqliteStore
from catalogue.sqlite_search import Searcher
from catalogue.store import COLLECTIONS, ITEMS, Query, Sort, Verdict, Write, collection_ref, item_ref
from stream.errors import Unavailable

FORMER = """
CREATE TABLE heads (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE items (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, print BLOB NOT NULL,
    collection TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, title TEXT);
CREATE INDEX items_collection ON items (collection, item);
CREATE INDEX items_title ON items (title);
CREATE TABLE collections (id TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, print BLOB NOT NULL,
    collection TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, title TEXT);
"""


def record(number: int, version: int = 1, **properties: Any) -> Write:
    item_id = f"i{number:04}"
    item = {"id": item_id, "properties": {"n": number, "even": number % 2 == 0, **properties}}
    source = {"collection": "c", "id": item_id, "state": "active", "item": item}
    return Write(item_ref("c", item_id, item_id), version, canonical(source), source)


async def ids(store: SqliteStore, wanted: Filter = EVERYTHING, **query: Any) -> list[str]:
    page = await store.search(Query(filter=wanted, limit=10_000, **query))
    assert page.matched == len(page.hits)
    return [str(hit.place[-1]).rpartition("/")[2] for hit in page.hits]


class Site:
    """A store that is opened and closed, and how many records its index has read."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.read = path, 0
        self.snapshot = path.with_name(path.name + ".items.index")
        self._opened: list[SqliteStore] = []
        put = Searcher._put

        def counting(searcher: Searcher, found: Any) -> None:
            self.read += len(found)
            put(searcher, found)

        monkeypatch.setattr(Searcher, "_put", counting)

    def open(self) -> SqliteStore:
        self._opened.append(SqliteStore(self.path))
        return self._opened[-1]

    async def close(self) -> None:
        while self._opened:
            await self._opened.pop().close()
        self.read = 0


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(catalogue.sqlite_search, "SAVED_AT_END_CHANGES_MIN", 1)
    monkeypatch.setattr(catalogue.sqlite_search, "BATCH", 20)
    monkeypatch.setattr(catalogue.sqlite_words, "BATCH", 20)
    found = Site(tmp_path / "store.db", monkeypatch)
    yield found
    await found.close()


async def filled(site: Site, count: int = 90) -> None:
    """The file with some records and a snapshot, closed."""
    store = site.open()
    await store.apply([record(number, title=f"The title {number}") for number in range(count)])
    assert len(await ids(store)) == count
    await site.close()


async def test_a_start_reads_what_is_newer_than_the_snapshot_alone(site: Site) -> None:
    await filled(site)
    store = site.open()
    assert len(await ids(store, equal("even", True))) == 45
    assert site.read == 0
    await store.apply([record(3, 2, even=True), record(90)])
    assert len(await ids(store, equal("even", True))) == 47
    assert await ids(store, sort=(Sort("n", True),)) == [f"i{n:04}" for n in range(90, -1, -1)]
    assert site.read == 2


async def test_a_killed_store_reads_the_rest_from_the_records(site: Site, tmp_path: Path) -> None:
    await filled(site)
    kept = site.snapshot.read_bytes()
    store = site.open()
    await store.apply([record(number, 2, even="neither") for number in range(0, 90, 3)])
    await site.close()
    site.snapshot.write_bytes(kept)
    store = site.open()
    assert len(await ids(store, equal("even", "neither"))) == 30
    assert site.read == 30


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        lambda data: b"",
        lambda data: b"something else",
        lambda data: data + b"x",
        lambda data: data.replace(b'"format":1', b'"format":9'),
        lambda data: data.replace(b'"kind":"items"', b'"kind":"other"'),
    ],
    ids=["half", "a byte short", "a bit", "empty", "foreign", "longer", "newer", "another kind"],
)
async def test_a_snapshot_that_cannot_be_used_is_left_aside(
    site: Site, damage: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(site)
    site.snapshot.write_bytes(damage(site.snapshot.read_bytes()))
    with caplog.at_level(logging.WARNING):
        assert len(await ids(site.open(), equal("even", True))) == 45
    assert site.read == 90
    assert "all records are read" in caplog.text
    await site.close()
    assert len(await ids(site.open())) == 90
    assert site.read == 0


async def test_without_a_snapshot_all_records_are_read(site: Site) -> None:
    await filled(site)
    site.snapshot.unlink()
    assert len(await ids(site.open(), equal("even", True))) == 45
    assert site.read == 90


@pytest.mark.parametrize("more", [0, 5, 60])
async def test_a_file_that_was_put_back_does_not_get_the_snapshot_of_its_later_state(
    site: Site, tmp_path: Path, more: int
) -> None:
    store = site.open()
    await store.apply([record(number) for number in range(50)])
    await site.close()
    shutil.copy(site.path, tmp_path / "backup")
    store = site.open()
    await store.apply([record(number, 2, even="later") for number in range(30)])
    await site.close()
    later = site.snapshot.read_bytes()
    shutil.copy(tmp_path / "backup", site.path)
    site.snapshot.unlink()
    store = site.open()
    await store.apply([record(100 + number) for number in range(more)])
    await site.close()
    site.snapshot.write_bytes(later)
    store = site.open()
    assert await ids(store, equal("even", "later")) == []
    assert len(await ids(store)) == 50 + more


async def test_a_snapshot_of_another_store_is_left_aside(site: Site, tmp_path: Path) -> None:
    await filled(site)
    other = SqliteStore(tmp_path / "other.db")
    await other.apply([record(number, 1, other=True) for number in range(95)])
    assert len(await ids(other)) == 95
    await other.close()
    shutil.copy(tmp_path / "other.db.items.index", site.snapshot)
    assert len(await ids(site.open(), equal("even", True))) == 45


async def test_several_stores_of_one_file_see_each_others_writes(site: Site) -> None:
    one, other = site.open(), site.open()
    for number in range(30):
        await (one, other)[number % 2].apply([record(number, title=f"number x{number}")])
        for store in (one, other):
            assert len(await ids(store)) == number + 1
            assert await ids(store, Words((f"x{number}",))) == [f"i{number:04}"]
    assert (await one.aggregate(Query(), [Terms("even")])).counted[0].buckets == (
        Bucket(False, 15),
        Bucket(True, 15),
    )


async def test_words_follow_every_change(site: Site) -> None:
    store = site.open()
    await store.apply([record(number, title="one two") for number in range(50)])
    await store.apply([record(number, 2, title="two one") for number in range(0, 50, 2)])
    assert len(await ids(store, Words(("one", "two")))) == 25
    assert len(await ids(store, Words(("two", "one")))) == 25
    await site.close()
    store = site.open()
    assert len(await ids(store, Words(("one", "two")))) == 25
    await store.apply([record(1, 2, title="three")])
    assert len(await ids(store, Words(("one", "two")))) == 24
    assert await ids(store, Words(("three",))) == ["i0001"]


@pytest.mark.parametrize(
    "text",
    [
        "Größe",
        "GROSSE",
        "ĳ",
        "x" * 40_000 + "y",
        "東京都",
        "ﬁne",
        "İstanbul",
        "naïve café",
        "a1b2",
        "ß" * 600,
    ],
)
async def test_words_are_those_of_the_facts(site: Site, text: str) -> None:
    store = site.open()
    write, other = record(1, title=text), record(2, title=text[:-1] + "z")
    await store.apply([write, other])
    [*_, wanted] = facts_of(write.source).words
    for number, each in ((1, write), (2, other)):
        assert (f"i{number:04}" in await ids(store, Words((wanted,)))) == (
            wanted in facts_of(each.source).words
        )


async def test_a_file_of_the_former_layout_is_brought_over(site: Site) -> None:
    writes = [record(number, 7) for number in range(40)]
    source = {"collection": "c", "id": "c", "state": "active", "item": {"id": "c", "title": "T"}}
    db = sqlite3.connect(site.path)
    db.executescript(FORMER)
    for write in writes:
        row = (write.ref.id, 7, write.body, fingerprint(write.body), "c", write.source["id"], "active", None)
        db.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    other = ("c:c", 3, canonical(source), b"print", "c", "c", "active", "T")
    db.execute("INSERT INTO collections VALUES (?, ?, ?, ?, ?, ?, ?, ?)", other)
    db.commit()
    db.close()
    store = site.open()
    assert len(await ids(store, equal("even", True))) == 20
    assert (await store.search(Query(kind=COLLECTIONS, filter=equal("title", "T")))).matched == 1
    assert await store.apply([record(0, 7), record(1, 8)]) == [Verdict.STALE, Verdict.ACCEPTED]
    assert (await store.get_many([writes[0].ref]))[writes[0].ref].body == writes[0].body
    assert [id_ async for id_, _ in store.fingerprints(ITEMS, "c")] == [f"i{n:04}" for n in range(40)]
    await site.close()
    assert len(await ids(site.open(), equal("even", True))) == 20


async def test_searches_while_writers_write_show_whole_records(site: Site) -> None:
    store, seen = site.open(), 0

    async def write() -> None:
        for version in range(1, 40):
            await store.apply([record(number, version, turn=version) for number in range(25)])

    writing = asyncio.create_task(write())
    while not writing.done():
        page = await store.search(Query(limit=100, sort=(Sort("turn", True), Sort("id"))))
        assert page.matched == len(page.hits)
        for hit in page.hits:
            assert f'"turn":{hit.place[0]}'.encode() in hit.body
        seen += bool(page.hits)
        await asyncio.sleep(0)
    await writing
    assert seen
    assert len(await ids(store, equal("turn", 39))) == 25


async def test_a_file_system_that_refuses_a_snapshot_is_no_error(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(catalogue.sqlite_search, "save", refuse)
    await filled(site)
    assert "no space left" in caplog.text
    assert len(await ids(site.open())) == 90


async def test_a_search_after_close_is_unavailable(site: Site) -> None:
    store = site.open()
    await store.apply([collection_write()])
    await site.close()
    with pytest.raises(Unavailable):
        await store.search(Query(kind=COLLECTIONS))


def collection_write() -> Write:
    source = {"collection": "c", "id": "c", "state": "active", "item": {"id": "c"}}
    return Write(collection_ref("c"), 1, canonical(source), source)
