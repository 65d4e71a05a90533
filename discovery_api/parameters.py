"""The parameters of a search, from an address or a body, in one form: that of a POST."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from fastapi import Request

from discovery_api.nearness import nearest
from discovery_api.refusals import malformed, shown
from stream.errors import Refused

BODY_BYTES_MAX = 1 << 20
LISTS = frozenset({"ids", "collections"})
SELECTING = frozenset({
    "ids", "collections", "bbox", "intersects", "datetime", "filter", "filter-lang", "filter-crs", "query", "q",
    "retracted", "purged",
})  # fmt: skip
SEARCH = SELECTING | {"limit", "sortby", "fields", "token", "f"}
ITEMS = SEARCH  # with `collections` too: pystac-client repeats there what the path says
ITEM = frozenset({"retracted", "purged", "f"})
NONE = frozenset({"f"})
BROWSE = frozenset({"at", "token"})
COLLECTIONS = SELECTING - {"intersects", "retracted", "purged", "collections"} | {
    "limit",
    "sortby",
    "fields",
    "token",
}
ALIASES = {"filter_lang": "filter-lang", "filter_crs": "filter-crs"}
FORMS = ("json", "geojson", "ndjson", "geoparquet")
DIGITS_MAX = 9
BOX_NUMBERS_MAX = 16
Json = dict[str, Any]


def from_address(request: Request, known: frozenset[str]) -> Json:
    """The parameters of a GET. Refused (malformed-query) for unknown ones and for one given twice.

    `ids` and `collections` are lists, `limit` is a number, `bbox` are numbers, `intersects` is decoded; the rest stays
    text. What is none of these is left as it is, to be refused by who reads it.
    """
    found: Json = {}
    for name, value in request.query_params.multi_items():
        if name in LISTS:
            found.setdefault(name, []).extend(text for text in value.split(",") if text)
        elif name in found:
            raise malformed(shown(name), "is given twice")
        elif (
            value or name == "fields"
        ):  # an empty wish for fields is one; forms send everything else empty, too
            found[name] = value
        else:
            check_names([name], known)
    found = _named(found, known)
    if found.get("f", FORMS[0]) not in FORMS:
        raise malformed("f", f"is one of {', '.join(FORMS)}")
    if "limit" in found:
        found["limit"] = _number(found["limit"])
    if "intersects" in found:
        found["intersects"] = decoded("intersects", found["intersects"])
    if "bbox" in found:
        found["bbox"] = [_decimal(number) for number in found["bbox"].split(",", BOX_NUMBERS_MAX)]
    return found


async def from_body(request: Request, known: frozenset[str]) -> Json:
    """The parameters of a POST. Refused: what is too large, no JSON object, or has unknown members."""
    found = decoded("the body", await read_body(request) or b"{}")
    if not isinstance(found, dict):
        raise Refused("malformed-query", "the body of a search is an object")
    return _named(found, known)


async def read_body(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """The whole body. Refused past the limit, as soon as it is passed."""
    announced = request.headers.get("content-length", "0")
    too_large = Refused("body-too-large", f"a search is at most {bytes_max} bytes")
    if announced.isdecimal() and int(announced[:20]) > bytes_max:
        raise too_large
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > bytes_max:
            raise too_large
        chunks.append(chunk)
    return b"".join(chunks)


def decoded(name: str, text: str | bytes) -> Any:
    """JSON. Refused says of which part it is none."""
    try:
        return orjson.loads(text)
    except ValueError as error:
        raise malformed(name, f"is not JSON: {error}") from error


def check_names(found: Iterable[str], known: frozenset[str]) -> None:
    """Refused (malformed-query) for a parameter that there is not, naming the near ones: a typo finds too much."""
    unknown = sorted(set(found) - known)
    if unknown:
        name = unknown[0]
        raise malformed(shown(name), f"is no parameter here{nearest(name, sorted(known))}")


def _named(found: Mapping[str, Any], known: frozenset[str]) -> Json:
    named = {ALIASES.get(name, name): value for name, value in found.items()}
    check_names(named, known)
    return named


def _number(text: str) -> int | str:
    """The number, or a very large one; what is none stays as it is, to be refused with all others."""
    sign, digits = (text[0], text[1:]) if text[:1] in ("+", "-") else ("", text)
    if not (digits.isascii() and digits.isdecimal()):
        return text
    digits = digits.lstrip("0") or "0"
    return int(sign + (digits if len(digits) <= DIGITS_MAX else "9" * DIGITS_MAX))


def _decimal(text: str) -> float | str:
    """A number as JSON writes it: no `nan`, no `1_000`."""
    try:
        found = orjson.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float) else text
