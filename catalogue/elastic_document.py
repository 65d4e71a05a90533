"""A record as the server indexes it: the fields beside its bytes (see `elastic_mapping`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from catalogue.aggregations import Kind, Named
from catalogue.elastic_shapes import kept_shape
from catalogue.elastic_terms import LOCATED, element_terms, start_of
from catalogue.elastic_values import Column, column, value_code
from catalogue.elastic_words import kept_words
from catalogue.facts import KNOWN_CHARACTERS_MAX, WORDS_MAX, facts_of, in_order, words_in
from catalogue.filters import NODES, Scalar
from catalogue.instants import DAY_US, instant_of

NODE_CHARACTERS_MAX = 8000
DAY_MS = DAY_US // 1000

Json = dict[str, Any]


class Part(NamedTuple):
    """What one property adds to a document."""

    named: str
    terms: Sequence[str]
    column: Column
    values: Sequence[str]
    numbers: Sequence[str]
    words: Sequence[str]


def found_by(source: Mapping[str, Any]) -> Json:
    """The fields of an item or a Collection that a search looks at; `source` is that of its Write."""
    facts = facts_of(source, words=False)
    names: list[str] = []
    terms: list[str] = []
    values: dict[str, dict[str, Sequence[str]]] = {}
    words: list[str] = []
    all_elements, lists = facts.elements, facts.lists
    for name in (*in_order(all_elements), NODES):
        elements, many = all_elements[name], name in lists
        if len(elements) == 1 and _is_known(elements[0]):
            part = _known_part(name, elements[0], many)
        else:
            part = _part_of(name, elements, many)
        names.append(part.named)
        terms += part.terms
        if name != NODES:
            words += part.words
        if part.values:
            field = values.setdefault(part.column.field, {})
            field[part.column.key] = part.values
            if part.numbers:
                field[part.column.numbers_key] = part.numbers
    fields: Json = {"names": names, "terms": terms, "values": values}
    for name, instant in (("start", facts.start), ("end", facts.end)):
        if instant is not None:
            fields[name] = instant.us
            fields[name + "_day"] = instant.us // DAY_US * DAY_MS
    shape = kept_shape(facts.geometry, facts.bbox)
    if shape is not None:
        fields["shape"] = shape
        terms.append(LOCATED)
    if facts.files:
        fields["files"] = list(_files(facts.files))
    if words:
        fields["text"] = kept_words(words[:WORDS_MAX])
    return fields


def present(name: str) -> list[str]:
    """The values of `names` of which a record has one where the property is there."""
    return [_named(name, kind, many) for kind in Kind for many in (False, True)]


def named_of(text: str) -> Named | None:
    """What a value of `names` says; None for a name that is too long to be listed."""
    name, kind, many = text.rsplit("\0", 2)
    return None if name.startswith("\0#") else Named(name.replace("\0\0", "\0"), Kind(kind), many == "1")


def files_of(text: str) -> tuple[str, int]:
    """What a value of `files` says: a node, and how many of its files this value stands for."""
    node, bit = text.rsplit("\0", 1)
    return node, 1 << int(bit)


def _part_of(name: str, elements: tuple[Scalar, ...], many: bool) -> Part:
    terms: list[str] = []
    values: list[str] = []
    numbers: list[str] = []
    words: list[str] = []
    for element in elements:
        terms += element_terms(name, element)
        code = value_code(element)
        if code is not None:
            values.append(code)
        if isinstance(element, str):
            words += words_in(element)
        elif code is not None and not isinstance(element, bool):
            numbers.append(code)
    return Part(_named(name, _kind(elements), many), terms, column(name), values, numbers, words)


def _is_known(value: Scalar) -> bool:
    return not isinstance(value, str) or len(value) <= KNOWN_CHARACTERS_MAX


@lru_cache(maxsize=16384, typed=True)  # True is not 1
def _known_part(name: str, value: Scalar, many: bool) -> Part:
    """Most properties of a record are those of many others."""
    return _part_of(name, (value,), many)


def _kind(elements: tuple[Scalar, ...]) -> Kind:
    """What the first element is."""
    if not elements:
        return Kind.OTHER
    first = elements[0]
    if isinstance(first, str):
        return Kind.TEXT if instant_of(first) is None else Kind.TIME
    return Kind.TRUTH if isinstance(first, bool) else Kind.NUMBER


@lru_cache(maxsize=8192)
def _named(name: str, kind: Kind, many: bool) -> str:
    return f"{start_of(name)}{kind.value}\0{many:d}"


def _files(files: Mapping[str, int]) -> Iterator[str]:
    """One value for each bit of each number: so they add up, and there are never many different ones."""
    for node, number in files.items():
        if len(node) <= NODE_CHARACTERS_MAX:
            yield from (f"{node}\0{bit}" for bit in range(number.bit_length()) if number >> bit & 1)
