"""Words as the server's analyser of white space takes them: it would cut what is longer than 255 characters."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

WORD_CHARACTERS_MAX = 120
_WORD = re.compile(r"[^\W_]+")


def kept_words(words: Sequence[str]) -> str:
    """The text of a record that has words."""
    return " ".join(words if max(map(len, words)) <= WORD_CHARACTERS_MAX else map(_short, words))


def asked_words(words: Sequence[str]) -> str | None:
    """What a search asks for; None where no record can have it, because that is no word."""
    return " ".join(map(_short, words)) if all(_WORD.fullmatch(word) for word in words) else None


def _short(word: str) -> str:
    """The word, or for a long one its hash, with a sign that no word has."""
    if len(word) <= WORD_CHARACTERS_MAX:
        return word
    return "#" + hashlib.sha256(word.encode()).hexdigest()
