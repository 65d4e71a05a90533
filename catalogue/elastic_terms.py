"""Searchable terms: every scalar of an item as one keyword, so that no property's name is ever part of a mapping.

A term is the property's name, NUL, a letter for the type, and the value. Equal values have equal terms and others
have not: 7 and 7.0 are one number, big integers are exact, and no text, number or truth value is ever another's
equal. A term that is too long for the index is replaced by its hash; that has no NUL, so it is no other term.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

TERM_BYTES_MAX = 1024  # Lucene's own limit is 32,766; nobody reads longer ones, and they would cost memory
SCALARS = (str, int, float)


def terms_of(item: Mapping[str, Any]) -> list[str]:
    """The terms of an Item's properties, or of a Collection's members: scalars, and the scalars in lists."""
    properties = item.get("properties", item)
    if not isinstance(properties, Mapping):
        return []
    found = []
    for name, value in properties.items():
        if isinstance(value, list):
            found += [term(name, element) for element in value if isinstance(element, SCALARS)]
        elif isinstance(value, SCALARS):
            found.append(term(name, value))
    return found


def term(name: str, value: str | float) -> str:
    """The term of one value (a bool or int is one, too). What JSON cannot say has a term that no document holds."""
    name = name.replace("\0", "\0\0")  # NUL and a letter end a name, NUL NUL does not
    if isinstance(value, str):
        return _limited(f"{name}\0s{value}")
    if isinstance(value, bool):
        return _limited(f"{name}\0b{value:d}")
    if isinstance(value, float):
        if not value.is_integer():  # neither are NaN and the infinities
            return _limited(f"{name}\0n{value!r}")
        value = int(value)
    return _limited(f"{name}\0n{value:x}")  # unlike decimal digits, these have no limit


def _limited(text: str) -> str:
    if text.isascii() and len(text) <= TERM_BYTES_MAX:
        return text
    try:
        encoded = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: no document holds it, and no request can
        encoded = text.encode("utf-8", "surrogatepass")
    else:
        if len(encoded) <= TERM_BYTES_MAX:
            return text
    return hashlib.sha256(encoded).hexdigest()
