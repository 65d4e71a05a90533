"""The values of an item's properties as the checks see them, and how findings speak of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import re2

from checks.listing import shown
from schemas.explain import FINDINGS_MAX, VALUE_CHARS_MAX
from schemas.pointer import token

EXPECTED_MAX = 20

MISSING: Final = object()


def properties_of(item: Mapping[str, Any]) -> dict[str, Any]:
    """The item's properties; empty where they are not an object."""
    properties = item.get("properties")
    return properties if type(properties) is dict else {}


def text_of(value: Any) -> str | None:
    """What a value is compared as: texts as they are, integers as their digits, None for all else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**18:
        return str(value)
    return None


def texts_of(value: Any) -> tuple[str, ...]:
    """The texts of one value, or of the members of a list; those of other types are left out."""
    members = value[: FINDINGS_MAX + 1] if isinstance(value, list) else (value,)
    return tuple(text for text in map(text_of, members) if text is not None)


def pointer_of(name: str, index: int | None = None) -> str:
    """The JSON pointer of a property, or of one member of it."""
    place = "/properties" + token(name)
    return place if index is None else f"{place}/{index}"


def phrase(value: Any) -> str:
    """A value inside a sentence."""
    if isinstance(value, str):
        return value[:VALUE_CHARS_MAX]
    return str(shown(value))


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a`, `a and b`, `a, b and c`, or the first ones and how many more."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


class Pattern:
    """A regular expression for whole values (RE2, so that no value takes it long). re2.error: it is not one."""

    def __init__(self, pattern: str) -> None:
        options = re2.Options()
        options.log_errors = False
        self.pattern = pattern
        self._compiled = re2.compile(pattern.encode(), options)  # bytes: text takes it three times as long
        self._places: dict[str, int] = {
            name.decode(): place for name, place in self._compiled.groupindex.items()
        }

    def _match(self, value: str) -> Any:
        try:
            return self._compiled.fullmatch(value.encode())
        except UnicodeEncodeError:  # half a surrogate pair
            return None

    def fits(self, value: str) -> bool:
        """Does it match the value as a whole?"""
        return self._match(value) is not None

    def groups(self, value: str, *names: str) -> tuple[str | None, ...] | None:
        """The groups of these names, None for one that took no part; None where the value does not fit.

        KeyError: there is no group of that name.
        """
        match = self._match(value)
        if match is None:
            return None
        spans = [match.span(self._places[name]) for name in names]
        if value.isascii():  # a character is a byte
            return tuple([value[start:end] if start >= 0 else None for start, end in spans])
        encoded = value.encode()
        return tuple([encoded[start:end].decode() if start >= 0 else None for start, end in spans])
