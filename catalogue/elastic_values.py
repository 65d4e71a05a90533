"""Values: the elements of every property in columns, for orders and counts, in a few fields of the type `flattened`.

Their keys are the properties' names, their values the elements: a letter for the type, and a code in the order of
values. The numbers of a property stand a second time under a key of their own, where no text lies beside them.

To find a document's values under one key the server reads all that stand in the same field, so the properties are
spread over so many that most have one to themselves. Their number is fixed: another one is another mapping.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from catalogue.elastic_terms import NUMBER, TRUTH, is_text, name_hash, number_code, number_of
from catalogue.facts import is_long
from catalogue.filters import Scalar

TEXT = "T"  # comes after the letters of the others
FIELDS = 64
KEY_CHARACTERS_MAX = 2048
NUMBERS = "%n"  # what the second key of a property begins with; no first key does
_ODD = re.compile(r"[^\w:-]|%")


class Column(NamedTuple):
    """Where the values of a property are: the name of a field within `values`, and two keys within it."""

    field: str
    key: str
    numbers_key: str

    @property
    def path(self) -> str:
        """For orders and counts."""
        return f"values.{self.field}.{self.key}"

    @property
    def numbers_path(self) -> str:
        """The same, of the numbers alone."""
        return f"values.{self.field}.{self.numbers_key}"


@lru_cache(maxsize=4096)
def column(name: str) -> Column:
    """A name as a key has no dots, spaces and NULs, on which servers have views of their own, and is never empty."""
    key = "%_" + _ODD.sub(lambda found: f"%{ord(found[0]):x}%", name)
    if len(key) > KEY_CHARACTERS_MAX or not is_text(name):
        key = "%#" + name_hash(name)
    return Column(str(crc32(key.encode()) % FIELDS), key, NUMBERS + key)


def value_code(value: Scalar) -> str | None:
    """The element as a value; None where it has no place in an order: NaN, and a text that is too long."""
    if isinstance(value, str):
        return None if is_long(value) else TEXT + value
    if isinstance(value, bool):
        return TRUTH + "01"[value]
    return None if value != value else NUMBER + number_code(value)


@lru_cache(maxsize=16384)  # counts of one search are of the same values as those of many others
def value_of(code: str) -> Scalar:
    """The element that has this code."""
    letter, rest = code[0], code[1:]
    if letter == TEXT:
        return rest
    return rest == "1" if letter == TRUTH else number_of(rest)
