"""What every store finds by each kind of filter: the sentences of `catalogue.filters`, one after the other."""

from __future__ import annotations

from typing import Any

import pytest

from catalogue.filters import (
    END,
    EVERYTHING,
    NODES,
    NOTHING,
    START,
    TEXT_BYTES_MAX,
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
    equal,
    needed,
)
from catalogue.folds import Fold
from catalogue.instants import Instant, instant_of
from catalogue.shapes import box, normal
from catalogue.store import COLLECTIONS, Query, Store
from tests.support.searched import copies, listed, matching, record, shown

Case = tuple[Filter, str]
LONG = "x" * (TEXT_BYTES_MAX + 1)
LONGEST = "é" * (TEXT_BYTES_MAX // 2)  # just short enough
BIG = 2**53


def at(text: str) -> Instant:
    found = instant_of(text)
    assert found is not None
    return found


async def check(store: Store, cases: list[Case], **query: Any) -> None:
    """Each filter finds the records whose ids are these letters; what a store cannot do it refuses."""
    for wanted, letters in cases:
        if needed(wanted) <= store.abilities:
            assert "".join(await matching(store, wanted, **query)) == letters, wanted
        else:
            with pytest.raises(ValueError, match=r"."):
                await store.search(Query(filter=wanted, **query))


class FilterContract:
    """Filters."""

    async def test_sets_are_joined(self, store: Store) -> None:
        await shown(
            store, [record(letter, {"n": n, "even": n % 2 == 0}) for n, letter in enumerate("abcdef")]
        )
        even, small, big = equal("even", True), Between("n", None, 2), Between("n", 4, None)
        deep: Filter = even
        for _ in range(12):
            deep = Not(All((Some((Not(deep), NOTHING)), EVERYTHING)))
        await check(
            store,
            [
                (EVERYTHING, "abcdef"), (NOTHING, ""), (Not(EVERYTHING), ""), (Not(NOTHING), "abcdef"),
                (All((even, small)), "ac"), (Some((even, small)), "abce"), (Not(even), "bdf"),
                (Not(Not(even)), "ace"), (All((Not(small), Not(big))), "d"), (Not(Some((small, big))), "d"),
                (Some((All((even, big)), All((Not(even), small)))), "be"), (All((even, NOTHING)), ""),
                (Some((even, EVERYTHING)), "abcdef"), (All((EVERYTHING, even)), "ace"), (deep, "ace"),
                (Not(equal("unknown", 1)), "abcdef"),
            ],
        )  # fmt: skip

    async def test_presence(self, store: Store) -> None:
        values: dict[str, Any] = {
            "a": 1, "b": None, "c": [], "d": {}, "e": "", "f": False, "g": [None], "h": LONG, "i": [{}, []],
        }  # fmt: skip
        await shown(store, [*(record(letter, {"x": value}) for letter, value in values.items()), record("j")])
        await check(
            store,
            [
                (Present("x"), "acdefghi"), (Not(Present("x")), "bj"), (Present("unknown"), ""),
                (Present("id"), "abcdefghij"), (Present("collection"), "abcdefghij"),
                (All((Present("x"), Not(equal("x", 1)))), "cdefghi"),
            ],
        )  # fmt: skip

    async def test_one_of(self, store: Store) -> None:
        values: dict[str, Any] = {
            "a": 7, "b": 7.0, "c": "7", "d": True, "e": 1, "f": [1, "x", True], "g": ["X", "y"], "h": 7.5,
            "i": "2000-01-01T00:00:00Z", "j": "2000-01-01T01:00:00+01:00", "k": "2000-01-01", "l": LONG,
            "m": "Straße", "n": "STRASSE", "o": "Élan", "p": "elan", "q": "E\u0301lan", "r": 0, "s": False,
            "t": "null", "u": "a\0b", "v": "",
        }  # fmt: skip
        await shown(store, [record(letter, {"x": value}) for letter, value in values.items()])
        none, case, both = Fold.NONE, Fold.CASE, Fold.BOTH
        wanted: list[tuple[tuple[Any, ...], Fold, str]] = [
            ((7,), none, "ab"), ((7.0, "7"), none, "abc"), ((True,), none, "df"), ((1,), none, "ef"),
            (("x",), none, "f"), (("x",), case, "fg"), (("X",), case, ""), ((0,), none, "r"),
            ((False,), none, "s"), ((-0.0,), none, "r"), ((), none, ""), ((7.25,), none, ""),
            (("y", "z", 7.5), none, "gh"), ((at("2000-01-01T00:00:00Z"),), none, "ijk"),
            (("2000-01-01",), none, "k"), ((LONG,), none, "l"), ((LONG,), case, ""), ((LONG[:-1],), none, ""),
            (("strasse",), case, "mn"), (("élan",), case, "o"), (("elan",), both, "opq"),
            (("Elan",), Fold.ACCENTS, "oq"), (("e\u0301lan",), case, "q"), (("a\0b",), none, "u"),
            (("",), none, "v"), (tuple(range(2, 1000)), none, "ab"), (("null", True, 0, "y"), none, "dfgrt"),
        ]  # fmt: skip
        await check(store, [(OneOf("x", values, fold), letters) for values, fold, letters in wanted])

    async def test_between(self, store: Store) -> None:
        values: dict[str, Any] = {
            "a": -1.5, "b": 0, "c": 3, "d": 3.5, "e": [1, 10], "f": "3", "g": True, "h": "apple", "i": "Äpfel",
            "j": "zoo", "k": "\U0001f30d", "l": "\uffee", "m": LONG, "n": ["b", 5], "o": -2e300, "p": 2**64 - 1,
            "q": "Zoo", "r": None, "s": "",
        }  # fmt: skip
        await shown(store, [record(letter, {"x": value}) for letter, value in values.items()])
        await check(
            store,
            [
                (Between("x", 0, 3), "bce"), (Between("x", 0, 3, low_in=False), "ce"),
                (Between("x", 0, 3, high_in=False), "be"), (Between("x", 3, None), "cdenp"),
                (Between("x", None, 0), "abo"), (Between("x", None, -1.5, high_in=False), "o"),
                (Between("x", 2**64 - 1, None), "p"), (Between("x", 2**64 - 1, None, low_in=False), ""),
                (Between("x", 4, 9), "n"), (Between("x", 5, 4), ""), (Between("x", 10, 10), "e"),
                (Between("x", 10, 10, low_in=False), ""), (Between("x", float("-inf"), None), "abcdenop"),
                (Between("x", "a", "b"), "hn"), (Between("x", "a", "b", high_in=False), "h"),
                (Between("x", "zoo", None), "ijkl"), (Between("x", "\uffee", None, low_in=False), "k"),
                (Between("x", None, "3"), "fs"), (Between("x", None, "3", high_in=False), "s"),
                (Between("x", "z", "zz", fold=Fold.CASE), "jq"),
                (Between("x", "ap", "aq", fold=Fold.BOTH), "hi"), (Between("x", "", None), "fhijklnqs"),
                (Not(Between("x", "", None)), "abcdegmopr"), (Between("unknown", 0, None), ""),
            ],
        )  # fmt: skip

    async def test_like(self, store: Store) -> None:
        values: dict[str, Any] = {
            "a": "tas", "b": "tasmax", "c": "TAS", "d": ["pr", "tasmin"], "e": "a%b", "f": "a_b", "g": "axb",
            "h": "a\\b", "i": "a.*b", "j": "", "k": LONG, "l": "Tás", "m": 7, "n": "line\nbreak", "o": "a🌍b",
            "p": "[x-z]", "q": "tas?", "r": "tas\0x", "s": LONGEST, "t": True,
        }  # fmt: skip
        await shown(store, [record(letter, {"x": value}) for letter, value in values.items()])
        none, case, both = Fold.NONE, Fold.CASE, Fold.BOTH
        wanted = [
            ("tas", none, "a"), ("tas%", none, "abdqr"), ("%tas%", none, "abdqr"), ("tas%", case, "abcdqr"),
            ("tas", both, "acl"), ("TAS%", case, ""), ("%max", none, "b"), ("t_s", none, "a"),
            ("T_s", none, "l"), ("a_b", none, "efgho"), ("a\\_b", none, "f"), ("a\\%b", none, "e"),
            ("a%b", none, "efghio"), ("a\\\\b", none, "h"), ("", none, "j"), ("a.*b", none, "i"),
            ("line_break", none, "n"), ("line%", none, "n"), ("[x-z]", none, "p"), ("tas?", none, "q"),
            ("t%s%x", none, "br"), ("____", none, "iq"), ("_", none, ""), ("p_", none, "d"), ("é%é", none, "s"),
            ("%" * 50 + "max", none, "b"), ("x%", none, ""), ("7", none, ""), ("true", none, ""),
            ("%a_b%", none, "efgho"), ("_%_%_%_", none, "bdinpqrs"), ("tas\0_", none, "r"),
            ("*", none, ""), ("ta?", none, ""), ("%a%a%", none, "b"), ("%\\", none, ""),
        ]  # fmt: skip
        await check(store, [(Like("x", pattern, fold), letters) for pattern, fold, letters in wanted])
        everything = "abcdefghijlnopqrs"
        await check(store, [(Like("x", "%"), everything), (Not(Like("x", "%")), "kmt")])

    async def test_only(self, store: Store) -> None:
        values: dict[str, Any] = {
            "a": ["x"], "b": ["x", "y"], "c": ["x", "y", "z"], "d": "x", "e": [], "f": None, "g": {},
            "h": [1, 1.0], "i": [True], "j": [1, "x"], "k": ["x", None], "l": [LONG], "m": ["2000-01-01"],
        }  # fmt: skip
        await shown(store, [*(record(letter, {"v": value}) for letter, value in values.items()), record("n")])
        wanted: list[tuple[tuple[Any, ...], str]] = [
            (("x",), "adegk"), (("x", "y"), "abdegk"), ((), "eg"), ((1,), "egh"), ((True,), "egi"),
            ((1, "x"), "adeghjk"), ((LONG,), "egl"), ((at("2000-01-01T00:00:00Z"),), "egm"), (("n",), "eg"),
        ]  # fmt: skip
        await check(store, [(Only("v", values), letters) for values, letters in wanted])
        await check(store, [(Not(Only("v", ("x",))), "bcfhijlmn"), (Only("unknown", ("x",)), "")])

    async def test_times(self, store: Store) -> None:
        def span(start: str, end: str) -> dict[str, Any]:
            return {"datetime": None, "start_datetime": start, "end_datetime": end}

        await shown(
            store,
            [
                record("a", {"datetime": "2000-01-01T00:00:00Z"}),
                record("b", {"datetime": "2000-01-01T00:00:00.000001Z"}),
                record("c", span("0001-01-01T00:00:00Z", "0001-12-31T23:59:59Z")),
                record("d", span("1850-01-01T00:00:00Z", "2014-12-31T00:00:00Z")),
                record("e", span("2100-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")),
                record("f", {"datetime": None}),
                record(
                    "g", {"datetime": "2000-01-01T01:00:00+01:00", "end_datetime": "2000-06-01T00:00:00Z"}
                ),
                record("h", {"datetime": "yesterday"}),
                record("i", {"other": "1999-12-31T23:59:60Z"}),
            ],
        )
        new_year = at("2000-01-01T00:00:00Z")
        await check(
            store,
            [
                (equal(START, new_year), "ag"), (OneOf("datetime", (new_year,)), "ag"), (equal(END, new_year), "a"),
                (Between(START, new_year, None), "abeg"), (Between(START, new_year, None, low_in=False), "be"),
                (Between(START, None, new_year, high_in=False), "cd"), (Between(END, None, new_year), "ac"),
                (Between(START, Instant(new_year.us + 1), Instant(new_year.us + 1)), "b"),
                (Between(END, at("9999-12-31T23:59:59.999999Z"), None), "e"),
                (Between(START, None, at("0001-01-01T00:00:00Z")), "c"),
                (All((Between(START, None, new_year), Between(END, new_year, None))), "adg"),
                (Present(START), "abcdeg"), (Not(Present(END)), "fhi"), (Present("datetime"), "abgh"),
                (Between("end_datetime", at("2000-01-01T00:00:00Z"), at("2020-01-01T00:00:00Z")), "dg"),
                (Between("other", at("1999-12-31T23:59:59Z"), new_year, high_in=False), "i"),
                (Between("datetime", "2000", "2001"), "abg"), (Between(START, "0", None), ""),
                (Between("datetime", None, at("9999-01-01T00:00:00Z")), "abg"),
            ],
        )  # fmt: skip

    async def test_geometries(self, store: Store) -> None:
        def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
            return {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}

        def rectangle(west: float, south: float, east: float, north: float) -> dict[str, Any]:
            return polygon((west, south), (east, south), (east, north), (west, north), (west, south))

        geometries: dict[str, Any] = {
            "a": rectangle(-180, -90, 180, 90), "b": rectangle(0, -90, 360, 90), "c": rectangle(10, 10, 20, 20),
            "d": {"type": "Point", "coordinates": [15, 15]}, "e": {"type": "Point", "coordinates": [350, -40]},
            "f": rectangle(170, -10, 190, 10), "g": rectangle(170, -10, -170, 10),
            "h": {"type": "LineString", "coordinates": [[175, 40], [-175, 41]]}, "i": None,
            "j": polygon((0, 70), (120, 70), (-120, 70), (0, 70)),
            "k": {"type": "GeometryCollection", "geometries": [
                {"type": "Point", "coordinates": [100, -50]}, rectangle(110, -60, 115, -55)]},
            "l": {"type": "Point", "coordinates": []}, "m": {"type": "Nonsense"}, "n": rectangle(0, 30, 0, 30),
            "o": polygon((40, -40), (50, -30), (50, -40), (40, -30), (40, -40)),
            "p": {"type": "MultiPoint", "coordinates": [[60.5, 1, 9], [61.5, 1, 9]]},
        }  # fmt: skip
        await shown(store, [record(letter, geometry=found) for letter, found in geometries.items()])
        inside = normal(rectangle(12, 12, 13, 13))
        assert inside is not None
        i, d = Relation.INTERSECTS, Relation.DISJOINT
        await check(
            store,
            [
                (Located(), "abcdefghjknop"), (Not(Located()), "ilm"),
                (Spatial(i, box(14, 14, 16, 16)), "abcd"), (Spatial(i, inside), "abc"),
                (Spatial(i, box(-11, -41, -9, -39)), "abe"), (Spatial(i, box(349, -41, 351, -39)), "abe"),
                (Spatial(i, box(175, -5, -175, 5)), "abfg"), (Spatial(i, box(-176, -5, -175, 5)), "abfg"),
                (Spatial(i, box(-1, -1, 1, 1)), "ab"), (Spatial(i, box(-179, 40.5, -176, 41)), "abh"),
                (Spatial(i, box(-100, 80, -90, 85)), "abj"), (Spatial(i, box(99, -51, 101, -49)), "abk"),
                (Spatial(i, box(111, -59, 112, -58)), "abk"), (Spatial(i, box(-0.5, 29, 0.5, 31)), "abn"),
                (Spatial(i, box(42, -31.5, 43, -30.5)), "ab"), (Spatial(i, box(41, -39.5, 43, -38)), "abo"),
                (Spatial(i, box(60.9, 0, 61.1, 2)), "ab"), (Spatial(i, box(61.1, 0, 62, 2)), "abp"),
                (Spatial(d, box(14, 14, 16, 16)), "efghjknop"), (Spatial(d, box(-180, -90, 180, 90)), ""),
                (Not(Spatial(i, box(14, 14, 16, 16))), "efghijklmnop"),
                (Spatial(i, box(-180, -90, 180, 90)), "abcdefghjknop"),
                (Spatial(Relation.WITHIN, box(5, 5, 25, 25)), "cd"),
                (Spatial(Relation.CONTAINS, box(12, 12, 13, 13)), "abc"),
                (Spatial(Relation.EQUALS, box(10, 10, 20, 20)), "c"),
                (Spatial(Relation.OVERLAPS, box(15, 5, 25, 25)), "c"),
                (Spatial(Relation.TOUCHES, box(20, 10, 30, 20)), "c"),
                (Spatial(Relation.CROSSES, box(-178, 39, -170, 43)), "h"),
            ],
        )  # fmt: skip

    async def test_words(self, store: Store) -> None:
        await shown(
            store,
            [
                record("a", {"title": "Near-surface Air Temperature", "n": 5}),
                record("b", {"title": "Air pressure", "keywords": ["surface", "temperature"]}),
                record("c", {"title": "Température de l'air"}),
                record("d", {"note": {"title": "air temperature"}, "datetime": "2000-01-01T00:00:00Z"}),
                record("e.air_temperature"),
            ],
        )
        wanted: list[tuple[tuple[str, ...], list[str]]] = [
            (("air",), ["a", "b", "c", "e.air_temperature"]), (("air", "temperature"), ["a", "e.air_temperature"]),
            (("temperature",), ["a", "b", "c", "e.air_temperature"]), (("temperature", "air"), ["b"]),
            (("surface", "air", "temperature"), ["a"]), (("2000",), []), (("temp",), []), (("l", "air"), ["c"]),
            (("near", "surface"), ["a"]), (("near", "air"), []), (("a",), ["a"]), (("5",), []),
        ]  # fmt: skip
        for words, ids in wanted:
            assert await matching(store, Words(words)) == ids, words
        both = All((Words(("air",)), Not(Words(("temperature",)))))
        assert await matching(store, both) == []

    async def test_formulas(self, store: Store) -> None:
        pairs: dict[str, tuple[Any, Any]] = {
            "a": (1, 2), "b": (2, 2.0), "c": (3, 2), "d": ("x", "x"), "e": ("x", "y"), "f": (1, "1"),
            "g": ([1, 5], 3), "h": (True, True), "i": (None, 2), "j": ([], 2), "k": ([2], 2), "l": (1, True),
            "m": (0, 0), "n": (-7, 2), "o": (1e308, 10), "p": (2**62, 2**62 + 1),
        }  # fmt: skip
        await shown(store, [record(letter, {"x": x, "y": y}) for letter, (x, y) in pairs.items()])
        x, y, two = Property("x"), Property("y"), Number(2)

        def sum_is(sign: str, result: float) -> Filter:
            return Formula("=", Arithmetic(sign, x, y), Number(result))

        await check(
            store,
            [
                (Formula("=", x, y), "bdhkm"), (Formula("<", x, y), "aegnp"), (Formula("<=", x, y), "abdegkmnp"),
                (Formula(">", x, y), "cgo"), (Formula(">=", x, y), "bcdgkmo"), (Formula("=", x, x), "abcdefghklmnop"),
                (Formula("=", x, Property("unknown")), ""), (sum_is("+", 4), "bk"), (sum_is("-", 1), "c"),
                (sum_is("*", 2), "a"), (sum_is("/", 0.5), "a"), (sum_is("/", 1), "bkp"), (sum_is("%", -1), "n"),
                (sum_is("%", 1), "ac"), (sum_is("div", -3), "n"), (sum_is("^", 8), ""), (sum_is("^", 9), "c"),
                (Formula(">", Arithmetic("*", x, y), Number(1e37)), "p"),
                (Formula("<", Arithmetic("-", Arithmetic("*", two, x), two), y), "amn"),
                (Not(sum_is("+", 4)), "acdefghijlmnop"),
            ],
        )  # fmt: skip

    @pytest.mark.parametrize(
        "name", ["a.b", "", " ", "é", "\0x", "x\0", 'q"', "a:b", "*", "_id", "ab" * 300, "-", "%", "🌍"]
    )
    async def test_odd_names(self, store: Store, name: str) -> None:
        await shown(
            store, [record("a", {name: "v"}), record("b", {name + "x": "v", "a": {"b": "v"}}), record("c")]
        )
        await check(
            store,
            [
                (equal(name, "v"), "a"), (Present(name), "a"), (Like(name, "v%"), "a"), (Not(Present(name)), "bc"),
                (Between(name, "u", "w"), "a"), (Only(name, ("v",)), "a"), (OneOf(name, ("v",), Fold.BOTH), "a"),
            ],
        )  # fmt: skip

    async def test_numbers_are_exact(self, store: Store) -> None:
        values = {
            "a": BIG, "b": BIG + 1, "c": 2**64 - 1, "d": -(2**63), "e": 0.1, "f": 5e-324, "g": 1.7e308, "h": -1e-300,
            "i": 1e30, "j": 0, "k": 0.30000000000000004, "l": 0.3, "m": BIG + 2,
        }  # fmt: skip
        await shown(store, [record(letter, {"x": value}) for letter, value in values.items()])
        await check(store, [(equal("x", value), letter) for letter, value in values.items()])
        await check(
            store,
            [
                (Between("x", BIG, BIG + 1), "ab"), (Between("x", BIG, None, low_in=False), "bcgim"),
                (Between("x", float(BIG), float(BIG)), "a"), (Between("x", 0, 0.1, low_in=False), "ef"),
                (Between("x", None, 0, high_in=False), "dh"), (Between("x", 0.3, 0.3), "l"),
                (Between("x", 10**30, None), "gi"), (Between("x", None, -(2**63)), "d"),
                (Between("x", float("inf"), None), ""), (equal("x", float("inf")), ""),
            ],
        )  # fmt: skip

    async def test_nodes(self, store: Store) -> None:
        await shown(
            store,
            [
                record("a", assets=copies("north")),
                record("b", assets=copies("north", "south")),
                record("c", assets=copies("west")),
                record("d"),
            ],
        )
        await check(
            store,
            [
                (equal(NODES, "north"), "ab"), (OneOf(NODES, ("south", "west")), "bc"), (equal(NODES, "f"), ""),
                (Not(equal(NODES, "north")), "cd"), (All((equal(NODES, "north"), equal(NODES, "south"))), "b"),
            ],
        )  # fmt: skip

    async def test_ids_and_collections_are_names_too(self, store: Store) -> None:
        await shown(store, [record("Ab", {"id": "x"}), record("ac", collection="d"), record("b")])
        assert await matching(store, Like("id", "a%", Fold.CASE)) == ["Ab", "ac"]
        assert await matching(store, OneOf("collection", ("c",))) == ["Ab", "b"]
        assert await matching(store, Not(equal("collection", "c"))) == ["ac"]
        assert await matching(store, equal("id", "x")) == []
        assert await matching(store, All((Between("id", "a", None), Like("collection", "_")))) == ["b", "ac"]

    async def test_collections_are_filtered_by_their_members(self, store: Store) -> None:
        await shown(
            store,
            [
                listed("one", title="First", keywords=["x", "y"], links=[{"rel": "self"}]),
                listed("two", title="Second air", extent={"spatial": {}}, license="MIT"),
            ],
        )
        for wanted, ids in (
            (equal("keywords", "y"), ["one"]), (Present("extent"), ["two"]), (Words(("air",)), ["two"]),
            (Present("links"), []), (Like("title", "%s%", Fold.CASE), ["one", "two"]), (equal("id", "two"), ["two"]),
            (Not(equal("license", "MIT")), ["one"]),
        ):  # fmt: skip
            assert await matching(store, wanted, kind=COLLECTIONS) == ids, wanted
