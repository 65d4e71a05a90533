"""Texts without case or accents, folded here and not by a server, because servers differ."""

from __future__ import annotations

import unicodedata
from enum import Flag


class Fold(Flag):
    """What a comparison of texts leaves out of account."""

    NONE = 0
    CASE = 1
    ACCENTS = 2
    BOTH = 3


def folded(text: str, fold: Fold) -> str:
    """The text as it is compared; folding twice changes nothing."""
    if Fold.ACCENTS in fold and not text.isascii():
        text = _plain(text)
    if Fold.CASE in fold:
        text = text.casefold()
        if Fold.ACCENTS in fold and not text.isascii():  # the case of some letters is written as an accent
            text = _plain(text)
    return text


def _plain(text: str) -> str:
    letters = (
        letter for letter in unicodedata.normalize("NFD", text) if unicodedata.category(letter) != "Mn"
    )
    return unicodedata.normalize("NFC", "".join(letters))
