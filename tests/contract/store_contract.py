"""What `catalogue.store` promises, as tests for any adapter: inherit, and give a fixture `store`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from catalogue.content import canonical
from catalogue.filters import All, equal
from catalogue.lifecycle import State
from catalogue.store import (
    BESIDE,
    COLLECTIONS,
    ITEMS,
    Document,
    Page,
    Query,
    Ref,
    Store,
    Verdict,
    Write,
    collection_ref,
    head_ref,
    item_ref,
)

ACCEPTED, STALE = Verdict.ACCEPTED, Verdict.STALE
DEADLINE_S = 30.0
STORED = frozenset(State) - {State.ABSENT}


def head(version: int, key: str = "c/d", text: str = "") -> Write:
    return Write(head_ref(key), version, b'{"head": "%s"}' % (text or str(version)).encode(), {})


def item(
    item_id: str, version: int = 1, *, collection: str = "c", state: str = "active", **properties: Any
) -> Write:
    """A write of a record with these properties."""
    stac = {"id": item_id, "collection": collection, "properties": properties}
    source = {"collection": collection, "id": item_id, "state": state, "item": stac}
    return Write(item_ref(collection, item_id, f"{collection}/{item_id}"), version, canonical(source), source)


def collection(name: str, version: int = 1, **members: Any) -> Write:
    source = {"collection": name, "id": name, "state": "active", "item": {"id": name, **members}}
    return Write(collection_ref(name), version, canonical(source), source)


def kept(kind: str, name: str, version: int = 1, **members: Any) -> Write:
    """A write of what is kept beside the catalogue; no two kinds of it share an id."""
    return Write(Ref(kind, f"{kind}:{name}", name), version, canonical({"name": name, **members}), members)


async def found(store: Store, wanted: Sequence[Write], **query: Any) -> Page:
    """The page of a search, once it shows what was written (a search may lag)."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            page = await store.search(Query(**query))
            if page.bodies == [write.body for write in wanted]:
                return page
            assert len(page.bodies) <= len(wanted), "it shows what it should not"
            await asyncio.sleep(0.01)


class WriteContract:
    """Versions, verdicts, multi-get."""

    async def test_a_higher_version_is_accepted_an_equal_or_lower_one_is_stale(self, store: Store) -> None:
        ref = head_ref("c/d")
        told = [(5, ACCEPTED), (5, STALE), (4, STALE), (6, ACCEPTED), (2**62, ACCEPTED), (6, STALE)]
        stored = head(0)
        for version, verdict in told:
            write = head(version, text=f"{version} {verdict}")
            assert await store.apply([write]) == [verdict]
            stored = write if verdict is ACCEPTED else stored
            assert await store.get_many([ref]) == {ref: Document(stored.version, stored.body)}

    async def test_every_write_of_a_call_has_its_own_verdict(self, store: Store) -> None:
        await store.apply([head(3, "c/old"), item("old", 3), collection("old", 3)])
        writes = [
            head(3, "c/old", "again"), head(3, "c/new"), item("old", 2), item("new", 2), item("old2", 1),
            collection("old", 4), kept("requests", "new"), head(9, "c/old2"),
        ]  # fmt: skip
        assert await store.apply(writes) == [
            STALE, ACCEPTED, STALE, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED, ACCEPTED,
        ]  # fmt: skip
        documents = await store.get_many([write.ref for write in writes])
        assert documents[writes[0].ref].body == head(3, "c/old").body
        assert documents[writes[2].ref].version == 3
        assert all(documents[write.ref].body == write.body for write in (writes[1], *writes[3:]))

    async def test_many_writes_in_one_call(self, store: Store) -> None:
        old = [item(f"i{n:04}", 5, n=n) for n in range(0, 1500, 3)]
        assert await store.apply(old) == [ACCEPTED] * len(old)
        new = [item(f"i{n:04}", 5, n=-n) for n in range(1500)]
        expected = [STALE if n % 3 == 0 else ACCEPTED for n in range(1500)]
        assert await store.apply(new) == expected
        documents = await store.get_many([write.ref for write in new])
        for n, write in enumerate(new):
            assert documents[write.ref].body == (old[n // 3].body if n % 3 == 0 else write.body)

    async def test_writers_at_the_same_time_leave_the_highest_version(self, store: Store) -> None:
        versions = [n * 7919 % 200 for n in range(200)]
        verdicts = await asyncio.gather(*(store.apply([head(version)]) for version in versions))
        assert [ACCEPTED] in verdicts
        ref = head_ref("c/d")
        assert await store.get_many([ref]) == {ref: Document(199, head(199).body)}

    async def test_only_one_of_two_equal_writers_is_accepted(self, store: Store) -> None:
        for version in range(1, 30):
            one, other = await asyncio.gather(*(store.apply([head(version)]) for _ in range(2)))
            assert sorted([one[0].name, other[0].name]) == ["ACCEPTED", "STALE"]

    async def test_what_was_accepted_is_read_at_once(self, store: Store) -> None:
        for version in range(1, 50):
            write = item("i", version, n=version)
            await store.apply([write])
            documents = await store.get_many([write.ref])
            assert documents[write.ref] == Document(version, write.body)

    async def test_two_writes_of_one_document_are_a_mistake_of_the_caller(self, store: Store) -> None:
        with pytest.raises(ValueError, match="same document"):
            await store.apply([head(1), item("i"), head(2)])
        assert await store.get_many([head(1).ref, item("i").ref]) == {}

    async def test_versions_are_63_bits(self, store: Store) -> None:
        for version in (0, 2**40, 2**63 - 2, 2**63 - 1):
            assert await store.apply([head(version)]) == [ACCEPTED]
            assert (await store.get_many([head(0).ref]))[head(0).ref].version == version
        assert await store.apply([head(2**63 - 2)]) == [STALE]

    async def test_look_ups_at_the_same_time_are_not_mixed_up(self, store: Store) -> None:
        writes = [item(f"i{n}", n + 1, n=n) for n in range(40)]
        await store.apply(writes)
        wanted = [[writes[n].ref, writes[(n * 7 + 3) % 40].ref, item(f"absent{n}").ref] for n in range(40)]
        answers = await asyncio.gather(*(store.get_many(refs) for refs in wanted))
        by_ref = {write.ref: Document(write.version, write.body) for write in writes}
        assert answers == [{ref: by_ref[ref] for ref in refs if ref in by_ref} for refs in wanted]

    async def test_what_does_not_exist_is_left_out(self, store: Store) -> None:
        there, absent = item("there"), item("absent")
        await store.apply([there])
        assert (await store.get_many([absent.ref, there.ref, there.ref])).keys() == {there.ref}
        assert await store.get_many([]) == {}
        assert await store.apply([]) == []

    async def test_kinds_do_not_mix(self, store: Store) -> None:
        writes = [head(1, "x"), collection("x", 2), item("x", 3, collection="x"), kept("requests", "x", 4)]
        await store.apply(writes)
        documents = await store.get_many([write.ref for write in writes])
        assert [documents[write.ref].version for write in writes] == [1, 2, 3, 4]

    @pytest.mark.parametrize(
        "body",
        [
            b'"\xf0\x9f\x8c\x8d"', b"no JSON", b'{"b": 1e2,\n "a": "\\u00e9", "b": 1.0}', b'"\x00\x1f\x7f"', b"",
            b'"' + b"x" * 3_000_000 + b'"', b'"' + b'\\"' * 8_000_000 + b'"',
        ],
        ids=["a character of four bytes", "no JSON", "odd JSON", "controls", "nothing", "3 MB", "16 MB"],
    )  # fmt: skip
    async def test_bytes_come_back_as_they_were(self, store: Store, body: bytes) -> None:
        write = Write(head_ref("c/d"), 1, body, {})
        await store.apply([write])
        assert (await store.get_many([write.ref]))[write.ref].body == body


class SearchContract:
    """Searching: ids, collections, equality, states, counting, paging."""

    async def test_all_of_a_kind_in_the_order_of_ids(self, store: Store) -> None:
        writes = [
            item("b"),
            item("a"),
            item("c", collection="b"),
            collection("c"),
            head(1),
            kept("requests", "r"),
        ]
        await store.apply(writes)
        page = await found(store, [writes[2], writes[1], writes[0]])
        assert (page.matched, page.after) == (3, None)
        await found(store, [writes[3]], kind=COLLECTIONS)

    async def test_by_ids_and_collections(self, store: Store) -> None:
        one, two, other = item("1"), item("2"), item("1", collection="other")
        await store.apply([one, two, other])
        await found(store, [one, other], ids=("1", "unknown"))
        await found(store, [one, two], collections=("c", "unknown"))
        await found(store, [other], ids=("1", "2"), collections=("other",))
        await found(store, [], ids=("unknown",))
        await found(store, [two], filter=equal("id", "2"))
        await found(store, [other], filter=equal("collection", "other"))

    async def test_states(self, store: Store) -> None:
        writes = {state: item(state, state=state) for state in sorted(STORED)}
        await store.apply(list(writes.values()))
        await found(store, list(writes.values()), states=STORED)
        await found(store, [writes[State.ACTIVE]])
        await found(
            store,
            [writes[State.ACTIVE], writes[State.RETRACTED]],
            states=frozenset({State.ACTIVE, State.RETRACTED}),
        )
        await found(store, [writes[State.PURGED]], states=frozenset({State.PURGED}))
        await found(store, [], states=frozenset())

    async def test_a_search_shows_the_last_accepted_form(self, store: Store) -> None:
        await store.apply([item("a", 1, n=1)])
        newer = item("a", 2, n=2, title="t")
        await store.apply([newer])
        await store.apply([item("a", 2, n=3)])
        await found(store, [newer], filter=equal("title", "t"))
        assert (await store.search(Query(filter=equal("n", 1)))).matched == 0

    @pytest.mark.parametrize(
        ("name", "value", "matching"),
        [
            ("flag", True, "a"), ("flag", False, "b"), ("flag", 1, "c"), ("flag", 0, "d"), ("flag", 1.0, "c"),
            ("number", 7, "ab"), ("number", 7.0, "ab"), ("number", 1.5, "c"), ("number", "7", "d"),
            ("number", 7.5, ""), ("number", True, ""), ("number", -(2**62), "e"),
            ("facet", "x", "abc"), ("facet", "y", "b"), ("facet", "xy", ""), ("facet", True, "d"),
            ("facet", 1, "b"), ("facet", 2, ""), ("cmip6:activity_id", "CMIP", "a"),
            ("a.b", 1, "a"), ("title", "One", "a"), ("title", "one", ""), ("title", 1, "c"),
            ("title", "Öl 🌍'; --", "d"), ("unknown", "x", ""), ('bad"name', "x", ""), ("", "x", ""),
            ("nothing", "null", ""), ("nothing", 0, ""), ("nothing", False, ""), ("inner", 1, ""),
            ("big", 2**64 - 1, "e"), ("number", 2**64 - 1, ""), ("number", 10**30, ""), ("number", float("inf"), ""),
        ],
    )  # fmt: skip
    async def test_equality(self, store: Store, name: str, value: Any, matching: str) -> None:
        odd: dict[str, Any] = {"cmip6:activity_id": ["CMIP"], "a.b": 1}
        writes = {
            "a": item("a", flag=True, number=7, facet=["x"], title="One", **odd),
            "b": item("b", flag=False, number=7.0, facet=["x", "y", 1], title="Two", a={"b": 1}),
            "c": item("c", flag=1, number=1.5, facet="x", title=1, nothing=None),
            "d": item("d", flag=0, number="7", facet=[True, ["y"]], title="Öl 🌍'; --", inner={"x": 1}),
            "e": item("e", number=-(2**62), big=2**64 - 1, facet=[], inner=[{"x": 1}]),
        }
        await store.apply(list(writes.values()))
        await found(store, list(writes.values()))  # a search may lag, and show nothing for that reason alone
        page = await found(store, [writes[one] for one in matching], filter=equal(name, value))
        assert page.matched == len(matching)

    async def test_filters_are_joined_by_and(self, store: Store) -> None:
        both, one = item("both", x=1, y="a", title="t"), item("one", x=1, y="b", title="t")
        await store.apply([both, one, item("none", collection="other", x=1, y="a", title="t")])
        terms = (equal("x", 1), equal("y", "a"), equal("title", "t"))
        await found(store, [both], collections=("c",), filter=All(terms))
        await found(store, [both, one], collections=("c",), filter=All(terms[::2]))

    async def test_collections_by_title(self, store: Store) -> None:
        one, two = collection("one", title="First"), collection("two", title="Second", keywords=["x"])
        await store.apply([one, two])
        await found(store, [two], kind=COLLECTIONS, filter=equal("title", "Second"))
        await found(store, [one], kind=COLLECTIONS, ids=("one",))

    @pytest.mark.parametrize("limit", [1, 7, 24, 25, 26])
    async def test_pages_hold_every_match_once_and_count_them_all(self, store: Store, limit: int) -> None:
        wanted = [item(f"{n:03}", even=True) for n in range(0, 50, 2)]
        await store.apply([*reversed(wanted), *(item(f"{n:03}", even=False) for n in range(1, 50, 2))])
        await found(store, wanted, filter=equal("even", True), limit=100)
        query: dict[str, Any] = {"filter": equal("even", True), "limit": limit}
        start, after = 0, None
        while True:
            page = await found(store, wanted[start : start + limit], **query, after=after)
            assert page.matched == len(wanted)
            start += limit
            if page.after is None:
                break
            after = page.after
        assert start >= len(wanted) > start - limit

    async def test_a_page_goes_on_where_the_one_before_ended_whatever_was_written(self, store: Store) -> None:
        await store.apply([item(name) for name in "bdfh"])
        page = await found(store, [item("b"), item("d")], limit=2)
        await store.apply([item("a"), item("g"), item("d", 2, n=1)])
        await found(store, [item("f"), item("g"), item("h")], limit=5, after=page.after)

    @pytest.mark.parametrize("kind", BESIDE)
    async def test_what_is_kept_beside_by_state_and_collection(self, store: Store, kind: str) -> None:
        other = next(each for each in BESIDE if each != kind)
        writes = [
            kept(kind, "1", state="settled", collection="c", time="2026"),
            kept(kind, "2", state="rejected", collection="c", time="2026"),
            kept(kind, "3", state="settled", collection="d", time="2026"),
            kept(kind, "4", collection="c"),  # a part of one, which no search shows
            kept(other, "1", state="settled", collection="c", time="2026"),
        ]
        await store.apply(writes)
        await found(store, writes[:3], kind=kind)
        await found(store, [writes[0], writes[2]], kind=kind, filter=equal("state", "settled"))
        both = All((equal("state", "settled"), equal("collection", "d")))
        await found(store, [writes[2]], kind=kind, filter=both)

    async def test_fingerprints(self, store: Store) -> None:
        assert [pair async for pair in store.fingerprints(ITEMS, "c")] == []
        writes = [item(f"{n:05}", 1, n=n) for n in range(2100)]
        await store.apply([*writes, item("x", collection="d"), collection("c", 1)])
        newer = item("00001", 2, n=-1, state="purged")
        await store.apply([newer, item("00002", 1, n=-1)])
        writes[1] = newer
        prints = [pair async for pair in store.fingerprints(ITEMS, "c")]
        assert sorted(prints) == [
            (str(write.source["id"]), hashlib.sha256(write.body).digest()[:16]) for write in writes
        ]
        assert [name async for name, _ in store.fingerprints(COLLECTIONS, "c")] == ["c"]
