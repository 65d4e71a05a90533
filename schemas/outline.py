"""Where the schemas within a schema are, what they refer to, and how much work they can make.

Only places that a validator reads as schemas are looked at: a `$ref` inside an `enum` or an example is a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin

from schemas.pointer import token

Schema = dict[str, Any]
DRAFT_7 = "http://json-schema.org/draft-07/schema"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"

DEPTH_MAX = 200  # levels of JSON
PLACES_MAX = 100_000  # schemas within one document

# Members that hold schemas; those of HERE are applied to the very value that the schema itself is applied to.
HERE_ONE = frozenset({"not", "if", "then", "else"})
HERE_LIST = frozenset({"allOf", "anyOf", "oneOf"})
HERE_NAMED = frozenset({"dependencies", "dependentSchemas"})
BELOW_ONE = frozenset(
    {"additionalItems", "additionalProperties", "contains", "items", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
BELOW_LIST = frozenset({"items", "prefixItems"})
BELOW_NAMED = frozenset({"properties", "patternProperties"})
KEPT_NAMED = frozenset({"definitions", "$defs"})  # applied only where something refers to them
HERE = HERE_ONE | HERE_LIST | HERE_NAMED
APPLIED = HERE | BELOW_ONE | BELOW_LIST | BELOW_NAMED
PYTHON_GROUP = re.compile(r"(?<!\\)((?:\\\\)*)\(\?P<")  # not where the bracket itself is escaped
DYNAMIC = ("$dynamicRef", "$recursiveRef")


class Place(NamedTuple):
    """One schema within a document: its JSON pointer, and the URI that its references are relative to."""

    pointer: str
    schema: Schema
    base: str

    @property
    def reference(self) -> str | None:
        """The absolute URI of its `$ref`, with the fragment."""
        reference = self.schema.get("$ref")
        return _joined(self.base, reference) if isinstance(reference, str) else None


@dataclass
class Outline:
    """One document: its places by pointer, their children, and the names by which some can be referred to."""

    uri: str
    document: Schema
    places: dict[str, Place] = field(default_factory=dict)
    children: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # (keyword, pointer)
    named: dict[str, str] = field(
        default_factory=dict
    )  # URI with its fragment, of `$id` and `$anchor` -> pointer
    odd: list[tuple[str, str]] = field(default_factory=list)  # (pointer, what is not supported)
    respelt: list[str] = field(default_factory=list)  # pointers of patterns

    @property
    def draft(self) -> str:
        return str(self.document.get("$schema", DRAFT_7)).rstrip("#")

    def references(self) -> list[tuple[Place, str]]:
        """(place, absolute URI that it refers to, with its fragment), also of places that only references show."""
        seen: dict[str, tuple[Place, str] | None] = {}
        while waiting := [place for pointer, place in self.places.items() if pointer not in seen]:
            for place in waiting:
                reference = place.reference
                seen[place.pointer] = None if reference is None else (place, reference)
                if reference is not None:
                    self.find(reference)
        return [found for found in seen.values() if found is not None]

    def find(self, reference: str) -> str | None:
        """The pointer that an absolute reference means here; None: it means no schema of this document."""
        if reference in self.named:
            return self.named[reference]
        uri, _, fragment = reference.partition("#")
        start = "" if uri == self.uri else self.named.get(uri)
        if start is None or (fragment and not fragment.startswith("/")):
            return None
        pointer = start + unquote(fragment)
        if pointer not in self.places:
            value = _value_at(self.document, pointer)
            if not isinstance(value, dict):
                return pointer if isinstance(value, bool) else None
            _fill(self, Place(pointer, value, uri))
        return pointer


def outline(uri: str, document: Schema) -> Outline:
    """The outline of a document that is no more than DEPTH_MAX deep. ValueError: it has too many places.

    Groups of patterns that are named as in Python are respelt in the document itself: a schema that was published
    so means what it says, and its validator only knows the spelling of JavaScript.
    """
    made = Outline(uri, document)
    _fill(made, Place("", document, uri))
    for place in made.places.values():
        pattern = place.schema.get("pattern")
        if isinstance(pattern, str) and PYTHON_GROUP.search(pattern):
            place.schema["pattern"] = PYTHON_GROUP.sub(r"\1(?<", pattern)
            made.respelt.append(place.pointer + "/pattern")
    return made


def depth_of(value: Any) -> int:
    """How many levels of JSON there are, counted no further than just above DEPTH_MAX."""
    depth, level = 0, [value]
    while level and depth <= DEPTH_MAX:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return depth


def _fill(made: Outline, start: Place) -> None:
    stack = [start]
    while stack:
        place = stack.pop()
        if place.pointer in made.places:
            continue
        if len(made.places) >= PLACES_MAX:
            raise ValueError(f"holds more than {PLACES_MAX} schemas")
        place = _based(made, place)
        made.places[place.pointer] = place
        own = made.children[place.pointer] = []
        for keyword, below, inner in _inner(place.schema):
            pointer = place.pointer + below
            own.append((keyword, pointer))
            stack.append(Place(pointer, inner, place.base))


def _based(made: Outline, place: Place) -> Place:
    """The place with its own base, after its names were noted."""
    schema, old = place.schema, made.draft == DRAFT_7
    for name in DYNAMIC:
        if name in schema:
            made.odd.append((place.pointer, f"`{name}` is not supported."))
    if place.pointer and "$schema" in schema:
        made.odd.append((place.pointer, "`$schema` is allowed at the top only."))
    if old and "$ref" in schema:  # its neighbours mean nothing
        return place
    own = schema.get("$id")
    base = place.base
    if place.pointer and isinstance(own, str):
        if own.startswith("#"):
            made.named[base + own] = place.pointer
        else:
            base = _joined(base, own).partition("#")[0]
            made.named.setdefault(base, place.pointer)
    anchor = schema.get("$anchor")
    if isinstance(anchor, str) and not old:
        made.named[f"{base}#{anchor}"] = place.pointer
    return place._replace(base=base)


def _joined(base: str, reference: str) -> str:
    try:
        joined = urljoin(base, reference)
    except ValueError:  # brackets that hold no address
        return reference
    return joined[:-1] if joined.endswith("#") else joined


def _inner(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Schema]]:
    """(keyword, pointer from here, schema) of each schema directly inside."""
    for keyword, value in schema.items():
        if isinstance(value, dict):
            if keyword in HERE_ONE or keyword in BELOW_ONE:
                yield keyword, token(keyword), value
            elif keyword in HERE_NAMED or keyword in BELOW_NAMED or keyword in KEPT_NAMED:
                for name, inner in value.items():
                    if isinstance(inner, dict):
                        yield keyword, token(keyword) + token(name), inner
        elif isinstance(value, list) and (keyword in HERE_LIST or keyword in BELOW_LIST):
            for index, inner in enumerate(value):
                if isinstance(inner, dict):
                    yield keyword, f"{token(keyword)}/{index}", inner


def _value_at(document: Any, pointer: str) -> Any:
    """The value at a JSON pointer; None where there is none."""
    value = document
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isascii() and key.isdecimal() and int(key[:9]) < len(value):
            value = value[int(key[:9])]
        else:
            return None
    return value
