"""Documents with something wrong in them, drawn from a seeded generator, and what another validator says of them."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from jsonschema import Draft7Validator, FormatChecker, ValidationError, validators
from referencing import Registry
from referencing.jsonschema import DRAFT7

Json = dict[str, Any]

VALUES: list[Any] = [None, True, False, 0, -5, 1.5, "", "x", "Point", "2015-01-01T00:00:00Z", [], {}]
VALUES += [[1, 2, 3, 4], [0, 0, 0, 1, 1, 1], [[1, 2], [3, 4]], ["a", "a"], [1, 1.0], [0, False]]
VALUES += [{"href": "x"}, {"minimum": 1, "maximum": 2}, {"type": "Point", "coordinates": [1, 2]}]
VALUES += [{"type": "GeometryCollection", "geometries": [{"type": "MultiPoint", "coordinates": [[1]]}]}]
NUMBERS = [
    0,
    -0.0,
    1,
    -1,
    180,
    180.0,
    -90.5,
    360,
    2**31,
    2**53 + 1,
    2**63 - 1,
    -(2**63),
    1e-300,
    1e300,
    0.1,
    1.0,
]
TEXTS = [
    "",
    " ",
    "\n",
    "a\u0301",
    "\u00e9",
    "\U0001f30d",
    "\u0661\u0662",
    "\u2028",
    "\ufeff",
    "\x00",
    "K",
    "9" * 400,
]
NAMES = ["datetime", "start_datetime", "bands", "nodata", "unit", "providers", "method", "collection", "bbox"]
NAMES += [
    "cmip6:foo",
    "cmip6:variable_id",
    "file:size",
    "file:checksum",
    "alternate",
    "eo:cloud_cover",
    "title",
]


def mutated(document: Json, chance: random.Random) -> Json:
    """A copy with one to three changes; its version stays, which is told apart before any schema."""
    result = copy.deepcopy(document)
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        top = chance.random() < 0.4  # most values lie deep in coordinates and assets
        found = [(result, name) for name in result] if top else list(places(result))
        if found:
            _change(*chance.choice(found), chance)
    return result | {"stac_version": document["stac_version"]}


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a document."""
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def _change(container: Any, key: Any, chance: random.Random) -> None:
    value, how = container[key], chance.randrange(8)
    if how == 0:
        del container[key]
    elif how == 1 and isinstance(container, dict):
        container[chance.choice(NAMES)] = copy.deepcopy(chance.choice(VALUES))
    elif how == 2 and isinstance(container, dict):  # two values change places
        other = chance.choice(list(container))
        container[key], container[other] = container[other], value
    elif how == 3:
        container[key] = chance.choice([[value], {"a": value}, str(value)])
    elif how == 4 and isinstance(container, dict):
        container[chance.choice([*TEXTS, key + "x", key.upper(), f"x{key}"])] = container.pop(key)
    elif how >= 5 and isinstance(value, str):
        container[key] = _text(value, chance)
    elif how >= 5 and isinstance(value, list):
        container[key] = chance.choice(
            [[], value[1:], value * 2, value[::-1], [*value, chance.choice(VALUES)]]
        )
    elif how >= 5 and isinstance(value, int | float):
        container[key] = chance.choice(NUMBERS)
    else:
        container[key] = copy.deepcopy(chance.choice(VALUES))


def _text(text: str, chance: random.Random) -> str:
    odd, cut = chance.choice(TEXTS), chance.randrange(len(text) + 1)
    return chance.choice(
        [odd, text[:cut] + odd + text[cut:], text + odd, text[:cut], text.upper(), text + text]
    )


# The other validator


def oracle(uri: str, documents: Mapping[str, Json]) -> Draft7Validator:
    """The `jsonschema` package with the same documents."""
    # A `$schema` would make it go on with the class of that draft, without what is changed here.
    named = {
        name: {key: value for key, value in document.items() if key != "$schema"} | {"$id": name}
        for name, document in documents.items()
    }
    registry = Registry().with_resources(
        (name, DRAFT7.create_resource(document)) for name, document in named.items()
    )
    validator: Draft7Validator = Javascript(named[uri], registry=registry, format_checker=FORMATS)
    return validator


def _pattern(validator: Any, pattern: str, instance: Any, schema: Json) -> Iterable[ValidationError]:
    if isinstance(instance, str) and not compiled(pattern).search(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, rules: Json, instance: Any, schema: Json
) -> Iterable[ValidationError]:
    for pattern, rule in rules.items() if isinstance(instance, dict) else ():
        for name, value in instance.items():
            if compiled(pattern).search(name):
                yield from validator.descend(value, rule, path=name, schema_path=pattern)


def _additional(validator: Any, rule: Any, instance: Any, schema: Json) -> Iterable[ValidationError]:
    patterns = [compiled(pattern) for pattern in schema.get("patternProperties", ())]
    for name in instance if isinstance(instance, dict) else ():
        if name in schema.get("properties", {}) or any(pattern.search(name) for pattern in patterns):
            continue
        if rule is False:
            yield ValidationError(f"{name!r} is not allowed")
        else:
            yield from validator.descend(instance[name], rule, path=name)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of JavaScript for Python, where `$` also ends before a newline and digits are those of all scripts."""
    return re.compile(re.sub(r"(?<!\\)\$", r"\\Z", pattern), re.ASCII)


Javascript = validators.extend(  # type: ignore[no-untyped-call]
    Draft7Validator,
    {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional,
    },
)

FORMATS = FormatChecker(())
SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
ASCII = r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"


def _text_format(name: str) -> Callable[[Callable[[str], bool]], Callable[[Any], bool]]:
    def register(test: Callable[[str], bool]) -> Callable[[Any], bool]:
        def check(value: Any) -> bool:
            return not isinstance(value, str) or test(value)

        FORMATS.checks(name, ValueError)(check)
        return check

    return register


@_text_format("date-time")
def is_time(text: str) -> bool:
    """RFC 3339. ValueError: there is no such day or hour."""
    shaped = re.fullmatch(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text, re.ASCII)
    return shaped is not None and datetime.fromisoformat(re.sub(r"\.\d+", "", text).upper()) is not None


@_text_format("uri")
def is_uri(text: str) -> bool:
    return re.fullmatch(SCHEME + ASCII, text) is not None


@_text_format("iri")
def is_iri(text: str) -> bool:
    return re.match(SCHEME, text) is not None and _is_reference(text)


@_text_format("iri-reference")
def _is_reference(text: str) -> bool:
    ascii_only = re.sub(r"[\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U000efffd]", "x", text)
    return re.fullmatch(ASCII, ascii_only) is not None and (":" not in text.split("/")[0] or is_scheme(text))


def is_scheme(text: str) -> bool:
    return re.match(SCHEME, text) is not None
