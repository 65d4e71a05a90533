"""The column index gives the same answers as the plain evaluator, whatever form its columns have."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catalogue.column_heap
import catalogue.column_order
import catalogue.column_shapes
import catalogue.column_wide
import catalogue.columns
from catalogue.aggregations import Aggregation, Extremes, Files, Histogram, Names, Step, Terms
from catalogue.column_counts import counted
from catalogue.column_filters import Finder
from catalogue.column_index import Index, Row
from catalogue.column_snapshot import Origin, load, save
from catalogue.column_sort import page_of, values_of
from catalogue.column_wide import Wide
from catalogue.counting import aggregated
from catalogue.facts import Facts, facts_of
from catalogue.filters import (
    END,
    START,
    All,
    Arithmetic,
    Between,
    Filter,
    Formula,
    Like,
    Located,
    Not,
    Number,
    OneOf,
    Only,
    Present,
    Property,
    Relation,
    Some,
    Spatial,
    Words,
)
from catalogue.folds import Fold
from catalogue.instants import instant_of
from catalogue.matching import matches
from catalogue.ordering import place_of, sort_key
from catalogue.shapes import box
from catalogue.store import Place, Sort

NAMES = ("a", "b", "c", "d", "\0state", "datetime", "many")
LONG = "long " * 300
VALUES: tuple[Any, ...] = (
    1, 1.0, 0, True, False, 2.5, -3, 2**63 - 1, 1e300, "", "a", "ab", "abc", "B", "é", "É", "e", "Abc", LONG,
    LONG + "x", "2020-01-01T00:00:00Z", "2020-01-01T01:00:00+01:00", "2020-06-01T00:00:00.5Z", "2021-01-01",
    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "a%b", "a_b", "🌍", "\U0010ffffx",
)  # fmt: skip
GEOMETRIES: tuple[Any, ...] = (
    None, {"type": "Point", "coordinates": [5, 5]}, {"type": "Point", "coordinates": [350, -5]},
    {"type": "LineString", "coordinates": [[0, 0], [20, 20]]},
    *({"type": "Polygon", "coordinates": [[[x, 0], [x + w, 0], [x + w, 9], [x, 9], [x, 0]]]}
      for x in (0, 5, 170, 300) for w in (5, 20, 60)),
)  # fmt: skip


def value(chance: random.Random) -> Any:
    if chance.random() < 0.1:
        return chance.choice(({}, {"x": 1}, None))
    if chance.random() < 0.2:
        return [chance.choice(VALUES) for _ in range(chance.randrange(4))]
    return chance.choice(VALUES)


def source(chance: random.Random, number: int) -> dict[str, Any]:
    names = [name for name in NAMES if chance.random() < 0.7] + [chance.choice("xyz") * 3]
    properties = {name: value(chance) for name in names}
    properties["own"] = f"value of {number * 37 % 101}"
    properties["size"] = number * 7919 % 1000 + (0.5 if number % 2 else 0)
    collection = chance.choice("cde")
    assets = {str(n): {"alternate:name": chance.choice("pq")} for n in range(chance.randrange(3))}
    return {
        "collection": f"{collection}-{number % 3}",
        "id": f"{collection}/{number:03}",
        "state": "active",
        "item": {"properties": properties, "geometry": chance.choice(GEOMETRIES), "assets": assets},
    }


def leaf(chance: random.Random) -> Filter:
    name = chance.choice((*NAMES, "own", "size", "id", "collection", "none", START, END))
    one, other = chance.choice(VALUES), chance.choice(VALUES)
    times = [found for text in (one, other) if isinstance(text, str) and (found := instant_of(text))]
    fold = chance.choice(list(Fold))
    low, high = (one if not isinstance(one, bool) else 1), None
    if chance.random() < 0.5 and type(other) in ((str,) if isinstance(low, str) else (int, float)):
        high = other
    if times and chance.random() < 0.7:
        low, high = times[0], (times[1] if len(times) > 1 else None)
        one = times[0]
    low, high = (low, high) if chance.random() < 0.5 else (high, low)
    return chance.choice(
        (
            Present(name),
            OneOf(name, (one,)),
            OneOf(name, (one, other, "value of 7", 7.5), fold),
            Only(name, (one, other, "a", 1)),
            Between(name, low, high, chance.random() < 0.5, chance.random() < 0.5),
            Between(name, "a", "b", fold=fold),
            Between(name, "value of 3", "value of 6"),
            Like(name, chance.choice(("%", "a%", "%b", "a_c", "a\\_b", "a\\%b", "%e%", "value%7", "")), fold),
            Formula(chance.choice(("=", "<", ">=")), Property(name), Property(chance.choice(NAMES))),
            Formula("<", Arithmetic("+", Property("size"), Number(1)), Number(500)),
            Spatial(chance.choice(list(Relation)), chance.choice((box(0, 0, 5, 9), box(175, -9, 10, 9)))),
            Located(),
            Words((chance.choice(("value", "of", "long", "abc")), chance.choice(("of", "7", "long")))),
        )
    )


def whole(chance: random.Random, depth: int) -> Filter:
    if depth == 0:
        return leaf(chance)
    parts = tuple(whole(chance, depth - 1) for _ in range(chance.randrange(4)))
    return chance.choice((All(parts), Some(parts), Not(whole(chance, depth - 1)), leaf(chance)))


class Records:
    """Records as the index and as plain Facts have them."""

    def __init__(self, chance: random.Random) -> None:
        self.index = Index("items")
        self.facts: list[Facts] = []
        self._chance = chance

    def put(self, fresh: int, changed: int) -> None:
        """Add some, and give others another content."""
        numbers = self._chance.sample(range(len(self.facts)), changed) + [
            len(self.facts) + n for n in range(fresh)
        ]
        self._chance.shuffle(numbers)
        self.facts += [Facts({})] * fresh
        rows = []
        for number in numbers:
            known = self.facts[number].elements
            made = source(self._chance, number)
            if known:
                made["id"], made["collection"] = known["id"][0], known["collection"][0]
            self.facts[number] = facts_of(made)
            rows.append(Row(number, "active", self.facts[number]))
        self.index.put(rows, self.index.seq + len(rows))

    def mask(self, wanted: Filter) -> np.ndarray[Any, Any]:
        def words(part: Words) -> Any:
            return np.array([n for n, facts in enumerate(self.facts) if matches(part, facts)], np.int64)

        return Finder(self.index, words).mask(wanted)

    def place(self, number: int, sort: tuple[Sort, ...]) -> Place:
        facts = self.facts[number]
        return place_of(facts, f"i:{facts.elements['collection'][0]}/{facts.elements['id'][0]}", sort)


@pytest.fixture(params=["dense", "sparse", "wide"])
def records(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Records:
    monkeypatch.setattr(catalogue.columns, "SCANNED_MAX", 5)
    monkeypatch.setattr(catalogue.columns, "SPARSE_MIN", 10_000 if request.param == "sparse" else 0)
    if request.param == "wide":
        monkeypatch.setattr(catalogue.columns, "ENTRIES_MAX", 3)
        monkeypatch.setattr(catalogue.column_heap, "GARBAGE_MIN", 100)
        monkeypatch.setattr(catalogue.column_wide, "SCANNED_MAX", 5)
        monkeypatch.setattr(catalogue.column_order, "REBUILT_MIN", 8)
        monkeypatch.setattr(catalogue.column_order, "PIECE", 7)
        monkeypatch.setattr(catalogue.column_shapes, "KNOWN_MAX", 2)
        monkeypatch.setattr(catalogue.column_shapes, "SHAPES_AT_ONCE", 3)
    return Records(random.Random(request.param))


def check_filters(records: Records, chance: random.Random, times: int) -> None:
    for _ in range(times):
        wanted = whole(chance, chance.randrange(3))
        expected = [matches(wanted, facts) for facts in records.facts]
        assert records.mask(wanted).tolist() == expected, wanted


def check_pages(records: Records, chance: random.Random) -> None:
    sort = tuple(
        Sort(chance.choice((*NAMES, "own", "size", "none", START, "id")), chance.random() < 0.5)
        for _ in range(chance.randrange(4))
    )
    wanted = leaf(chance)
    mask = records.mask(wanted)
    found = [number for number in range(len(mask)) if mask[number]]
    expected = sorted(found, key=lambda number: sort_key(records.place(number, sort), sort))
    for backwards in (False, True):
        seen: list[int] = []
        after: Place | None = None
        while True:
            page = page_of(records.index, mask, sort, 7, after, backwards)
            seen = page.numbers + seen if backwards else seen + page.numbers
            if not page.more:
                break
            number = page.numbers[0 if backwards else -1]
            after = records.place(number, sort)
            assert values_of(records.index, [number], sort) == [after[:-1]]
        assert seen == expected, sort


def check_counts(records: Records, chance: random.Random) -> None:
    wanted: list[Aggregation] = [
        Files(),
        Names(),
        *(Histogram(step, name) for step in Step for name in (START, END)),
    ]
    for name in (*NAMES, "own", "size", "id", START):
        wanted += [Terms(name), Terms(name, 2), Extremes(name)]
    mask = records.mask(leaf(chance))
    facts = [each for each, there in zip(records.facts, mask.tolist(), strict=True) if there]
    answers = tuple(counted(records.index, mask, one) for one in wanted)
    assert answers == aggregated(facts, wanted).counted


def test_it_agrees_with_the_plain_evaluator_while_records_come_and_change(records: Records) -> None:
    chance = random.Random(7)
    for fresh, changed in ((40, 0), (1, 0), (30, 25), (0, 3), (60, 60)):
        records.put(fresh, changed)
        check_filters(records, chance, 150)
        for _ in range(15):
            check_pages(records, chance)
            check_counts(records, chance)


def test_a_place_that_no_record_has_lies_between_its_neighbours(records: Records) -> None:
    records.put(60, 0)
    mask = records.mask(Present("size"))
    for descending in (False, True):
        sort = (Sort("size", descending),)
        for value in (-5, 0, 333.3, 7919, "text", True):
            after: Place = (value, "i:c-0/none")
            expected = [
                number
                for number in range(60)
                if sort_key(records.place(number, sort), sort) > sort_key(after, sort)
            ]
            assert sorted(page_of(records.index, mask, sort, 60, after, False).numbers) == expected
    for after in (("i:d",), ("i:",), ("j",)):
        found = page_of(records.index, mask, (), 60, after, False).numbers
        assert len(found) == sum(records.place(number, ())[0] > after[0] for number in range(60))  # type: ignore[operator]


def test_a_snapshot_is_the_index_again(records: Records, tmp_path: Path) -> None:
    chance = random.Random(3)
    records.put(90, 0)
    records.put(5, 30)
    check_pages(records, chance)
    save(records.index, tmp_path / "snapshot", Origin(9, "sitting"))
    records.index, origin = load(tmp_path / "snapshot", "items")
    assert origin == (9, "sitting")
    check_filters(records, chance, 100)
    records.put(20, 40)
    check_filters(records, chance, 100)
    for _ in range(15):
        check_pages(records, chance)
        check_counts(records, chance)


def test_many_values_make_a_column_wide_and_ids_hold_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue.columns, "ENTRIES_MAX", 10)
    index = Index("items")
    rows = []
    for number in range(500):
        item = {"properties": {"title": f"a title {number:05}", "kind": number % 7}}
        made = {"collection": "c", "id": f"a title {number:05}.v1", "state": "active", "item": item}
        rows.append(Row(number, "active", facts_of(made)))
    index.put(rows, 500)
    assert isinstance(index.columns["title"], Wide)
    assert not isinstance(index.columns["kind"], Wide)
    assert len(index.heap.data) == 500 * len("a title 00000.v1")


def test_a_hundred_thousand_names_take_little_room() -> None:
    index = Index("items")
    for batch in range(10):
        rows = []
        for number in range(batch * 100, batch * 100 + 100):
            properties = {f"name {number} {n}": n for n in range(10)}
            made = {
                "collection": "c",
                "id": str(number),
                "state": "active",
                "item": {"properties": properties},
            }
            rows.append(Row(number, "active", facts_of(made)))
        index.put(rows, batch * 100 + 100)
    dense = [
        name
        for name, column in index.columns.items()
        if not isinstance(column, Wide) and column.sparse is None
    ]
    assert len(index.columns) > 10_000
    assert len(dense) <= 5
