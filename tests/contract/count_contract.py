"""What every store counts: each aggregation, under filters, states and collections."""

from __future__ import annotations

from typing import Any

from catalogue.aggregations import (
    Aggregation,
    Bucket,
    Counted,
    Extremes,
    Files,
    Histogram,
    Kind,
    Named,
    Names,
    Step,
    Terms,
)
from catalogue.filters import END, NODES, NOTHING, START, TEXT_BYTES_MAX, Value, equal
from catalogue.instants import Instant, instant_of
from catalogue.lifecycle import State
from catalogue.store import COLLECTIONS, Query, Sort, Store
from tests.support.searched import copies, counted, listed, record, shown

LONG = "a" * (TEXT_BYTES_MAX + 1)


def at(text: str) -> Instant:
    found = instant_of(text)
    assert found is not None
    return found


def buckets(*pairs: tuple[Value | Named, int], others: int = 0) -> tuple[Counted, ...]:
    return (Counted(tuple(Bucket(*pair) for pair in pairs), others),)


class CountContract:
    """Aggregations."""

    async def test_terms(self, store: Store) -> None:
        values = [
            "b", "b", ["b", "a", "a"], 7, 7.0, [7, "7", True], True, False, None, [], {}, LONG, "c", 1, 1.5, "é",
            "\U0001f30d", "\uffee", "", "7",
        ]  # fmt: skip
        await shown(store, [record(f"{n:02}", {"x": value}) for n, value in enumerate(values)])
        wanted: list[tuple[Value, int]] = [
            (7, 3), ("b", 3), (True, 2), ("7", 2), (False, 1), (1, 1), (1.5, 1), ("", 1), ("a", 1), ("c", 1), ("é", 1),
            ("\uffee", 1), ("\U0001f30d", 1),
        ]  # fmt: skip
        found = await counted(store, Terms("x"))
        assert found.matched == len(values)
        assert found.counted == buckets(*wanted)
        assert [type(bucket.key) is bool for bucket in found.counted[0].buckets] == [
            type(key) is bool for key, _ in wanted
        ]
        assert (await counted(store, Terms("x", 3))).counted == buckets(*wanted[:3], others=11)
        assert (await counted(store, Terms("unknown"))).counted == buckets()
        assert (await counted(store, Terms("x"), filter=NOTHING)) == (0, buckets())

    async def test_terms_of_what_every_record_has(self, store: Store) -> None:
        await shown(store, [record("a"), record("b", collection="d"), record("c", collection="d")])
        assert (await counted(store, Terms("collection"))).counted == buckets(("d", 2), ("c", 1))
        assert (await counted(store, Terms("id", 2))).counted == buckets(("a", 1), ("b", 1), others=1)

    async def test_histograms(self, store: Store) -> None:
        def span(start: str, end: str) -> dict[str, Any]:
            return {"datetime": None, "start_datetime": start, "end_datetime": end}

        await shown(
            store,
            [
                record("a", {"datetime": "2000-01-31T23:59:59.999999Z"}),
                record("b", {"datetime": "2000-02-01T00:30:00+01:00"}),
                record("c", span("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")),
                record("d", span("1850-02-03T00:00:00Z", "2000-02-29T12:00:00Z")),
                record("e", {"datetime": None}),
                record("f", span("1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00Z")),
            ],
        )
        for step, name, wanted in (
            (Step.YEAR, START, [("0001-01-01", 1), ("1850-01-01", 1), ("1969-01-01", 1), ("2000-01-01", 2)]),
            (Step.MONTH, START, [("0001-01-01", 1), ("1850-02-01", 1), ("1969-12-01", 1), ("2000-01-01", 2)]),
            (Step.DAY, START, [("0001-01-01", 1), ("1850-02-03", 1), ("1969-12-31", 1), ("2000-01-31", 2)]),
            (Step.YEAR, END, [("1970-01-01", 1), ("2000-01-01", 3), ("9999-01-01", 1)]),
            (Step.MONTH, END, [("1970-01-01", 1), ("2000-01-01", 2), ("2000-02-01", 1), ("9999-12-01", 1)]),
            (Step.DAY, END, [("1970-01-01", 1), ("2000-01-31", 2), ("2000-02-29", 1), ("9999-12-31", 1)]),
        ):
            found = await counted(store, Histogram(step, name))
            assert found.counted == buckets(*((at(day), number) for day, number in wanted)), (step, name)

    async def test_extremes(self, store: Store) -> None:
        values = [3, "a", [-1.5, 200], True, None, 2**53 + 1, "9", {}]
        await shown(
            store,
            [
                *(record(f"{n}", {"x": value, "y": "a"}) for n, value in enumerate(values)),
                record(
                    "t", {"datetime": "1850-01-01T00:00:00Z", "end_datetime": "9999-12-31T23:59:59.999999Z"}
                ),
                record("u", {"datetime": "0001-01-01T00:00:00Z"}),
            ],
        )
        assert (await counted(store, Extremes("x"))).counted == buckets((-1.5, 0), (2**53 + 1, 0))
        assert (await counted(store, Extremes("y"))).counted == buckets()
        assert (await counted(store, Extremes("x"), filter=equal("x", "a"))).counted == buckets()
        starts = buckets((at("0001-01-01T00:00:00Z"), 0), (at("1850-01-01T00:00:00Z"), 0))
        assert (await counted(store, Extremes(START))).counted == starts
        ends = buckets((at("0001-01-01T00:00:00Z"), 0), (at("9999-12-31T23:59:59.999999Z"), 0))
        assert (await counted(store, Extremes(END))).counted == ends

    async def test_files(self, store: Store) -> None:
        two = copies("north", "south")["f"]
        await shown(
            store,
            [
                record("a", assets={"f": two, "g": two, "h": {"href": "x", "alternate:name": "east"}}),
                record("b", assets=copies("south")),
                record("c", assets={"f": {"href": "x"}}),
                record("d"),
            ],
        )
        assert (await counted(store, Files())).counted == buckets(("south", 3), ("north", 2), ("east", 1))
        assert (await counted(store, Terms(NODES))).counted == buckets(
            ("south", 2), ("east", 1), ("north", 1)
        )
        assert (await counted(store, Files(), ids=("b", "c"))).counted == buckets(("south", 1))

    async def test_names(self, store: Store) -> None:
        await shown(
            store,
            [
                record("a", {"n": 1, "t": "2000-01-01", "l": ["x"], "odd.name": True}),
                record("b", {"n": 2.5, "t": "text", "l": [], "o": {}, "nothing": None}),
                record("c", {"n": 3, "l": ["y", 1]}),
            ],
        )
        found = (await counted(store, Names())).counted
        own = {"id": 3, "collection": 3}
        text, other = Kind.TEXT, Kind.OTHER
        names = {
            Named("n", Kind.NUMBER, False): 3, Named("t", Kind.TIME, False): 1, Named("t", text, False): 1,
            Named("l", text, True): 2, Named("l", other, True): 1, Named("odd.name", Kind.TRUTH, False): 1,
            Named("o", other, False): 1,
        }  # fmt: skip
        names |= {Named(name, text, False): number for name, number in own.items()}
        listed_names = [bucket.key for bucket in found[0].buckets if isinstance(bucket.key, Named)]
        assert {key: number for key, number in found[0].buckets if key[0] != NODES} == names  # type: ignore[index]
        assert [named.name for named in listed_names] == sorted(named.name for named in listed_names)

    async def test_many_at_once_under_a_query(self, store: Store) -> None:
        states = {"a": "active", "b": "retracted", "c": "active", "d": "active"}
        await shown(
            store, [record(one, {"x": one, "y": one in "ab"}, state=state) for one, state in states.items()]
        )
        wanted: list[Aggregation] = [Terms("x"), Terms("y"), Files(), Histogram(Step.DAY), Extremes("x")]
        empty = Counted(())
        found = await store.aggregate(Query(collections=("c",), ids=tuple("abc"), limit=1), wanted)
        assert found.matched == 2
        terms = (buckets(("a", 1), ("c", 1))[0], buckets((False, 1), (True, 1))[0])
        assert found.counted == (*terms, empty, empty, empty)
        both = Query(
            states=frozenset({State.ACTIVE, State.RETRACTED}), filter=equal("y", True), sort=(Sort("x"),)
        )
        assert (await store.aggregate(both, [Terms("x")])) == (2, buckets(("a", 1), ("b", 1)))
        assert (await store.aggregate(Query(collections=("other",)), [Terms("x")])) == (0, (empty,))
        assert (await store.aggregate(Query(), [])) == (3, ())

    async def test_collections_are_counted_too(self, store: Store) -> None:
        await shown(store, [listed("one", keywords=["x"]), listed("two", keywords=["x", "y"])])
        found = await counted(store, Terms("keywords"), kind=COLLECTIONS)
        assert found == (2, buckets(("x", 2), ("y", 1)))
