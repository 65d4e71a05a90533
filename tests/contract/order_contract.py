"""In which order every store answers, and how its pages go on: forwards, backwards, and while it is written to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalogue.filters import END, START, TEXT_BYTES_MAX, equal
from catalogue.store import COLLECTIONS, Place, Query, Sort, Store
from tests.support.searched import ids_of, listed, paged, record, shown, until_matched

LONG = "a" * (TEXT_BYTES_MAX + 1)
MIXED: dict[str, Any] = {
    "a": 2, "b": "2", "c": True, "d": None, "e": [], "f": {}, "g": -1.5, "h": "", "i": False, "j": [3, "z", True],
    "k": 2.0, "l": "Zoo", "m": "zoo", "n": "äpfel", "o": LONG, "p": ["b", "a"], "q": [None], "r": 2**53 + 1, "s": 2**53,
    "t": "\U0001f30d", "u": "\uffee", "v": [5, -7], "w": 1e300, "x": -5e-324, "y": "zoo\0", "z": [LONG, "k"],
}  # fmt: skip
UP = [*"icjvgx", *"ak", *"srwhblpzmynut", *"defoq"]
DOWN = [*"tunymjzplbhwrsv", *"ak", *"xg", *"ci", *"defoq"]


class OrderContract:
    """Sorting and paging."""

    async def test_values_of_all_types_are_in_order(self, store: Store) -> None:
        await shown(store, [record(letter, {"x": value}) for letter, value in reversed(MIXED.items())])
        up = await store.search(Query(sort=(Sort("x"),), limit=100))
        assert ids_of(up.bodies) == [*UP]
        down = await store.search(Query(sort=(Sort("x", True),), limit=100))
        assert ids_of(down.bodies) == [*DOWN]

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("limit", [1, 4, 26])
    async def test_pages_over_values_of_all_types(self, store: Store, limit: int, descending: bool) -> None:
        await shown(store, [record(letter, {"x": value}) for letter, value in MIXED.items()])
        query: dict[str, Any] = {"sort": (Sort("x", descending),), "limit": limit}
        wanted = DOWN if descending else UP
        assert await paged(store, query) == wanted
        last = (await store.search(Query(**query | {"limit": 100}))).hits[-1].place
        back = await paged(store, query | {"limit": limit}, backwards=True)
        assert back == wanted
        before = await store.search(Query(**query, after=last, backwards=True))
        assert ids_of(before.bodies) == wanted[:-1][-limit:]
        assert before.more is (limit < len(wanted) - 1)

    async def test_several_sorts(self, store: Store) -> None:
        writes = [record(f"{n:02}", {"a": n % 3, "b": -n % 4 or None}) for n in range(24)]
        await shown(store, writes)

        def key(n: int) -> tuple[int, bool, int, int]:
            return -(n % 3), -n % 4 == 0, -n % 4, n

        wanted = [f"{n:02}" for n in sorted(range(24), key=key)]
        query: dict[str, Any] = {"sort": (Sort("a", True), Sort("b")), "limit": 5}
        assert await paged(store, query) == wanted
        assert await paged(store, query, backwards=True) == wanted

    async def test_by_times_ids_and_collections(self, store: Store) -> None:
        def span(start: str, end: str) -> dict[str, Any]:
            return {"datetime": None, "start_datetime": start, "end_datetime": end}

        await shown(
            store,
            [
                record("a", {"datetime": "2000-01-01T00:00:00.000001Z"}),
                record("b", {"datetime": "2000-01-01T01:00:00+01:00"}, collection="d"),
                record("c", span("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"), collection="d"),
                record("d", span("1850-01-01T00:00:00Z", "2014-12-31T00:00:00Z"), collection="b"),
                record("e"),
            ],
        )
        for sort, wanted in (
            ((Sort(START),), "cdbae"), ((Sort(START, True),), "abdce"), ((Sort(END),), "badce"),
            ((Sort(END, True),), "cdabe"), ((Sort("id", True),), "edcba"), ((Sort("collection"),), "daebc"),
            ((Sort("collection", True), Sort("id", True)), "cbead"), ((Sort("unknown"),), "daebc"), ((), "daebc"),
        ):  # fmt: skip
            for limit in (2, 100):
                assert "".join(await paged(store, {"sort": sort, "limit": limit})) == wanted, sort
                found = await paged(store, {"sort": sort, "limit": limit}, backwards=True)
                assert "".join(found) == wanted, sort

    async def test_a_place_survives_json(self, store: Store) -> None:
        await shown(store, [record(letter, {"x": value}) for letter, value in MIXED.items()])
        for descending, wanted in ((False, UP), (True, DOWN)):
            query: dict[str, Any] = {"sort": (Sort("x", descending),)}
            whole = await store.search(Query(**query, limit=100))
            for n, hit in enumerate(whole.hits):
                place: Place = tuple(json.loads(json.dumps(hit.place)))
                page = await store.search(Query(**query, limit=3, after=place))
                assert ids_of(page.bodies) == wanted[n + 1 : n + 4]
                assert page.matched == len(wanted)

    async def test_a_place_need_not_exist_any_more(self, store: Store) -> None:
        names = "abcdefgh"
        await shown(store, [record(letter, {"x": n, "y": 1}) for n, letter in enumerate(names)])
        query: dict[str, Any] = {"sort": (Sort("x"),), "limit": 3, "filter": equal("y", 1)}
        first = await store.search(Query(**query))
        assert (ids_of(first.bodies), first.more) == (list("abc"), True)
        away = [record("c", {"x": 100, "y": 2}, version=2), record("a", state="purged", version=2)]
        await store.apply([*away, record("z", {"x": 2.5, "y": 1}), record("y", {"x": 0.5, "y": 1})])
        await until_matched(store, 1, Query(filter=equal("y", 2)))
        await until_matched(store, 8, Query(filter=equal("y", 1)))
        second = await store.search(Query(**query, after=first.after))
        assert (ids_of(second.bodies), second.more) == (list("zde"), True)
        third = await store.search(Query(**query, after=second.after))
        assert (ids_of(third.bodies), third.more, third.after) == (list("fgh"), False, None)
        back = await store.search(Query(**query, after=third.hits[0].place, backwards=True))
        assert (ids_of(back.bodies), back.more) == (list("zde"), True)
        rest = await store.search(Query(**query, after=back.hits[0].place, backwards=True))
        assert (ids_of(rest.bodies), rest.more) == (list("yb"), False)

    async def test_records_with_the_same_value_are_in_the_order_of_their_ids(self, store: Store) -> None:
        ids = [f"{n * 7 % 50:02}" for n in range(50)]
        await shown(store, [record(one, {"x": "same"}, collection="ab"[int(one) % 2]) for one in ids])
        wanted = [one for parity in (0, 1) for one in sorted(ids) if int(one) % 2 == parity]
        for descending in (False, True):
            for limit in (7, 50):
                query: dict[str, Any] = {"sort": (Sort("x", descending),), "limit": limit}
                assert await paged(store, query) == wanted
                assert await paged(store, query, backwards=True) == wanted

    async def test_the_whole_list_backwards_begins_at_its_end(self, store: Store) -> None:
        await shown(store, [record(letter) for letter in "abcde"])
        page = await store.search(Query(limit=2, backwards=True))
        assert (ids_of(page.bodies), page.more, page.matched) == (["d", "e"], True, 5)
        page = await store.search(Query(limit=5, backwards=True))
        assert (ids_of(page.bodies), page.more) == (list("abcde"), False)

    async def test_collections_are_sorted_and_paged(self, store: Store) -> None:
        titles = {"a": "C", "b": "A", "c": None, "d": "B"}
        await shown(store, [listed(name, title=title) for name, title in titles.items()])
        for limit in (1, 3, 10):
            query: dict[str, Any] = {"kind": COLLECTIONS, "sort": (Sort("title"),), "limit": limit}
            assert await paged(store, query) == list("bdac")
            assert await paged(store, query, backwards=True) == list("bdac")

    @pytest.mark.parametrize("place", [(), ("a",), (1, 2, 3, 4, 5, 6), (None, None)])
    async def test_a_place_of_another_order_is_a_mistake_of_the_caller(
        self, store: Store, place: Place
    ) -> None:
        await shown(store, [record(letter, {"x": 1}) for letter in "abc"])
        with pytest.raises(ValueError, match=r"."):
            await store.search(Query(sort=(Sort("x"),), after=place))
