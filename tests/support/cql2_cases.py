"""A few records, and for every production and function of CQL2 an expression with the records that it finds."""

from __future__ import annotations

from typing import Any

from catalogue.store import Write
from tests.support.searched import record


def _square(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


_DECADE = {"datetime": None, "start_datetime": "2000-01-01T00:00:00Z", "end_datetime": "2009-12-31T23:59:59Z"}
_YEAR = {"datetime": None, "start_datetime": "2005-01-01T00:00:00Z", "end_datetime": "2005-12-31T23:59:59Z"}
_LATER = {"datetime": None, "start_datetime": "2009-12-31T23:59:59Z", "end_datetime": "2015-01-01T00:00:00Z"}
RECORDS: list[Write] = [
    record("a", {
        **_DECADE, "name": "tas", "n": 1, "big": 10, "flag": True, "tags": ["x", "y"], "day": "2022-04-16",
        "created": "2020-01-01T00:00:00Z",
    }, geometry={"type": "Point", "coordinates": [1, 1]}),
    record("b", {
        **_YEAR, "name": "Tas", "n": 2, "big": 2, "flag": False, "tags": ["x"], "day": "2022-04-17",
        "created": "2021-06-01T12:00:00Z",
    }, geometry=_square(0, 0, 10, 10)),
    record("c", {
        "datetime": "2005-06-01T00:00:00Z", "name": "tás", "n": 2.5, "tags": [], "day": "2022-04-15",
        "created": "2021-06-01T14:00:00+02:00",
    }, geometry={"type": "LineString", "coordinates": [[0, 0], [20, 20]]}),
    record("d", {
        "datetime": "2010-12-31T12:00:00Z", "name": "a%b_c", "n": -3, "big": "10", "tags": "x", "created": "never",
    }),
    record("e", {"datetime": None, "name": None, "n": None}, geometry=_square(170, -5, 190, 5)),
    record("f", {
        **_LATER, "name": ["tas", "pr"], "n": [1, 5], "big": 5, "flag": [True, False], "tags": ["x", "y", "z"],
        "created": ["2020-01-01T00:00:00Z", "2022-01-01T00:00:00Z"],
    }, collection="D", geometry={"type": "MultiPoint", "coordinates": [[5, 5], [30, 30]]}),
]  # fmt: skip

TABLE = r"""
-- literals and logic
TRUE --> abcdef
false -->
NOT false --> abcdef
true AND false -->
true or false --> abcdef
n = 1 AND flag = true --> af
n = 1 OR n = 2 --> abf
NOT (n = 1 OR n = 2) --> cd
NOT n = 1 --> bcd
NOT NOT n = 1 --> af
n = 1 OR n = 2 AND name = 'x' --> af
(n = 1 OR n = 2) AND name = 'tas' --> af
n = 1 AND NOT name = 'tas' -->
NOT (n = 1 AND big = 10) --> bcdf
-- a truth value alone
flag --> af
NOT flag --> b
flag AND n = 1 --> af
flag = false --> bf
nowhere -->
NOT nowhere -->
-- comparisons
name = 'tas' --> af
name <> 'tas' --> bcd
name < 'b' --> bd
name <= 'a%b_c' --> bd
name > 'tas' --> c
name >= 'tas' --> acf
n = 2.5 --> c
n < 2 --> adf
n <= 2 --> abdf
n > 2 --> cf
n >= 2 --> bcf
n = -3 --> d
big = '10' --> d
big = 10 --> a
big <> 10 --> bdf
n = 'tas' -->
NOT n = 'tas' --> abcdf
2 < n --> cf
'tas' = name --> af
1 = 1 --> abcdef
'a' > 'b' -->
1 = '1' -->
id = 'a' --> a
id > 'c' --> def
collection = 'D' --> f
collection <> 'D' --> abcde
properties.n = 1 --> af
"properties.name" = 'tas' --> af
flag <> true --> b
n = +1 --> af
n = 1e0 --> af
(n = 1) = true --> af
(n = 1) = false --> bcd
(n = 1) <> true --> bcd
-- is null
n IS NULL --> e
n IS NOT NULL --> abcdf
nowhere IS NULL --> abcdef
tags IS NULL --> e
tags IS NOT NULL --> abcdf
geometry IS NULL --> d
geometry IS NOT NULL --> abcef
datetime IS NULL --> abef
(n = 1) IS NULL --> e
(n = 1 OR big = 2) IS NULL --> ce
casei(name) IS NULL --> e
n + big IS NULL --> ce
'a' IS NULL -->
-- between, in, like
n BETWEEN 1 AND 2 --> abf
n NOT BETWEEN 1 AND 2 --> cd
n BETWEEN 3 AND 4 -->
n BETWEEN 2 AND 1 -->
name BETWEEN 'a' AND 'b' --> d
2 BETWEEN 1 AND 3 --> abcdef
n BETWEEN 1 AND 'x' -->
n NOT BETWEEN 1 AND 'x' --> abcdf
n IN (1, 2) --> abf
n NOT IN (1, 2) --> cd
name IN ('pr', 'tás', 7) --> cf
flag IN (true, false) --> abf
n IN (1, 'tas', true) --> af
1 IN (1, 2) --> abcdef
3 IN (1, 2) -->
name LIKE 'ta%' --> af
name NOT LIKE 'ta%' --> bcd
name LIKE 't_s' --> acf
name LIKE 'a\%b\_c' --> d
name LIKE 'a\%' -->
name LIKE '%' --> abcdf
name LIKE '^t.*s$' -->
name LIKE '' -->
'tas' LIKE 't%' --> abcdef
n LIKE '1' -->
-- without case, without accents
CASEI(name) = CASEI('TAS') --> abf
casei(name) = 'TAS' -->
ACCENTI(name) = ACCENTI('tàs') --> acf
CASEI(ACCENTI(name)) = CASEI(ACCENTI('TÄS')) --> abcf
ACCENTI(CASEI(name)) IN (ACCENTI(CASEI('TÄS')), 'x') --> abcf
CASEI(name) <> CASEI('TAS') --> cd
CASEI(name) LIKE CASEI('TA%') --> abf
CASEI(name) > CASEI('Pr') --> abcf
CASEI(name) BETWEEN 'p' AND 'q' --> f
CASEI('A') = CASEI('a') --> abcdef
CASEI(n) = 'x' -->
-- times
created = TIMESTAMP('2021-06-01T12:00:00Z') --> bc
created < TIMESTAMP('2021-06-01T12:00:00Z') --> af
created >= TIMESTAMP('2021-06-01T12:00:00.5Z') --> f
created <> TIMESTAMP('2020-01-01T00:00:00Z') --> bcd
created = '2021-06-01T14:00:00+02:00' --> bc
created = 'never' --> d
created = DATE('2021-06-01') --> bc
created > DATE('2021-06-01') --> f
created <= DATE('2021-06-01') --> abcf
created < '2021-06-01' --> af
day = DATE('2022-04-16') --> a
day >= DATE('2022-04-16') --> ab
day <> DATE('2022-04-16') --> bc
DATE('2022-04-16') < day --> b
created BETWEEN DATE('2021-01-01') AND DATE('2021-06-01') --> bc
created IN (DATE('2020-01-01'), TIMESTAMP('2022-01-01T00:00:00Z')) --> af
datetime > DATE('2005-06-01') --> d
datetime >= DATE('2005-06-01') --> cd
NOT datetime >= DATE('2006-01-01') --> c
DATE('2020-01-01') < TIMESTAMP('2020-01-02T00:00:00Z') --> abcdef
start_datetime <= '2005-01-01' --> ab
end_datetime > TIMESTAMP('2009-12-31T23:59:59Z') --> f
-- relations in time: of the time that a record is about
T_AFTER(datetime, DATE('2009-12-31')) --> d
T_AFTER(datetime, TIMESTAMP('2009-12-31T23:59:58Z')) --> df
T_AFTER(datetime, INTERVAL('..', '2005-01-01')) --> cdf
T_BEFORE(datetime, DATE('2009-12-31')) --> bc
T_BEFORE(datetime, INTERVAL('2010-01-01', '..')) --> abc
NOT T_BEFORE(datetime, DATE('2009-12-31')) --> adf
T_DISJOINT(datetime, INTERVAL('2005-01-01', '2005-12-31')) --> df
T_INTERSECTS(datetime, INTERVAL('2005-01-01', '2005-12-31')) --> abc
T_INTERSECTS(datetime, '2009-12-31/..') --> adf
T_INTERSECTS(datetime, '2009-12-31T23:59:59Z/2010-01-01T00:00:00Z') --> af
T_INTERSECTS(datetime, '/2004-12-31') --> a
NOT T_INTERSECTS(datetime, '2005-01-01/2005-12-31') --> df
T_INTERSECTS('2005-06-01', datetime) --> abc
T_EQUALS(datetime, INTERVAL('2005-01-01', '2005-12-31')) --> b
T_EQUALS(datetime, TIMESTAMP('2005-06-01T00:00:00Z')) --> c
T_CONTAINS(datetime, INTERVAL('2005-01-01', '2005-12-31')) --> a
T_DURING(datetime, INTERVAL('2004-12-31', '2006-01-01')) --> bc
T_DURING(datetime, INTERVAL('2005-01-01', '2006-01-01')) --> c
T_STARTS(datetime, INTERVAL('2000-01-01', '2020-01-01')) --> a
T_STARTEDBY(datetime, INTERVAL('2000-01-01', '2001-01-01')) --> a
T_FINISHES(datetime, INTERVAL('1990-01-01', '2009-12-31')) --> a
T_FINISHEDBY(datetime, INTERVAL('2001-01-01', '2009-12-31')) --> a
T_MEETS(datetime, INTERVAL('2009-12-31T23:59:59Z', '..')) --> a
T_METBY(datetime, INTERVAL('..', '2009-12-31T23:59:59Z')) --> f
T_OVERLAPS(datetime, INTERVAL('2005-06-01', '2012-01-01')) --> ab
T_OVERLAPPEDBY(datetime, INTERVAL('1990-01-01', '2005-06-01')) --> ab
T_DURING(INTERVAL(start_datetime, end_datetime), INTERVAL('1999-01-01', '2010-01-01')) --> ab
T_EQUALS(INTERVAL(start_datetime, end_datetime), INTERVAL('2005-01-01', '2005-12-31')) --> b
T_AFTER(INTERVAL(start_datetime, end_datetime), DATE('1999-01-01')) --> abf
T_AFTER(created, DATE('2020-01-01')) --> bcf
T_EQUALS(day, INTERVAL('2022-04-16', '2022-04-16')) --> a
T_BEFORE(day, DATE('2022-04-16')) --> c
T_DISJOINT(day, DATE('2022-04-16')) --> bc
T_INTERSECTS(day, INTERVAL('2022-01-01', '2022-04-16')) --> ac
T_CONTAINS(INTERVAL('2000-01-01', '2010-01-01'), datetime) --> bc
T_STARTS(INTERVAL('2005-01-01', '2005-02-01'), datetime) --> b
T_DURING(INTERVAL('2002-01-01', '2003-01-01'), INTERVAL('2001-01-01', '2004-01-01')) --> abcdef
T_AFTER(DATE('2020-01-02'), DATE('2020-01-01')) --> abcdef
-- relations in space
S_INTERSECTS(geometry, POINT(2 3)) --> b
S_INTERSECTS(geometry, POINT(30 30)) --> f
S_INTERSECTS(geometry, BBOX(4, 4, 6, 6)) --> bcf
S_INTERSECTS(geometry, BBOX(175, -1, -175, 1)) --> e
NOT S_INTERSECTS(geometry, BBOX(4, 4, 6, 6)) --> ae
S_DISJOINT(geometry, BBOX(4, 4, 6, 6)) --> ae
S_WITHIN(geometry, POLYGON((-1 -1, 15 -1, 15 15, -1 15, -1 -1))) --> ab
S_WITHIN(POINT(5 6), geometry) --> b
S_CONTAINS(geometry, POINT(5 5)) --> bcf
S_CONTAINS(BBOX(-1, -1, 2, 2), geometry) --> a
S_TOUCHES(geometry, LINESTRING(-5 0, 5 0)) --> bc
S_CROSSES(geometry, LINESTRING(0 10, 10 0)) --> cf
S_OVERLAPS(geometry, POLYGON((5 5, 15 5, 15 15, 5 15, 5 5))) --> b
S_EQUALS(geometry, MULTIPOINT((30 30), (5 5))) --> f
S_INTERSECTS(geometry, MULTILINESTRING((0 1, 2 1), (29 30, 31 30))) --> abcf
S_INTERSECTS(geometry, MULTIPOLYGON(((0 0, 2 0, 2 2, 0 2, 0 0)), ((29 29, 31 29, 31 31, 29 31, 29 29)))) --> abcf
S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(2 3), LINESTRING(29 30, 31 30))) --> bf
S_INTERSECTS(geometry, POINT Z(30 30 100)) --> f
S_WITHIN(POINT(1 1), BBOX(0, 0, 2, 2)) --> abcdef
-- lists
A_CONTAINS(tags, ('x', 'y')) --> af
A_CONTAINEDBY(tags, ('x', 'y')) --> abcd
A_EQUALS(tags, ('y', 'x')) --> a
A_EQUALS(tags, ('x')) --> bd
A_OVERLAPS(tags, ('y', 'q')) --> af
NOT A_OVERLAPS(tags, ('y', 'q')) --> bcd
A_CONTAINS(('x', 'y', 'q'), tags) --> abcd
A_OVERLAPS(n, (5, true, 'x')) --> f
A_CONTAINS(('a', 'b'), ('a')) --> abcdef
A_OVERLAPS(created, (TIMESTAMP('2022-01-01T00:00:00Z'), DATE('2020-01-01'))) --> af
NOT A_CONTAINS(tags, ('x')) --> c
-- properties with each other, and arithmetic
n = big --> bf
n < big --> af
n <> big --> ad
big > n + 8 --> a
n + 1 = 2 --> a
n - 1 >= 1 --> bc
n * 2 = 5 --> c
n / 2 = 1 --> b
n % 2 = 1 --> a
n ^ 2 = 9 --> d
n div 2 = 1 --> bc
-n > 2 --> d
n = 3 - 2 --> af
2 * (1 + 1) > n --> abcdf
n / 0 = 1 -->
NOT n / 0 = 1 --> abcdf
big IN (n, 10) --> abf
big BETWEEN n AND 100 --> abf
name = big -->
n + 1 = 'x' -->
"""
CASES = [
    (expression.strip(), letters.strip())
    for line in TABLE.splitlines()
    if not line.startswith("--")
    for expression, arrow, letters in [line.partition("-->")]
    if arrow
]
