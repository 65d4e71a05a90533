"""Folding: case and accents left out of account, and folding twice changes nothing."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from catalogue.folds import Fold, folded


@pytest.mark.parametrize(
    ("text", "none", "case", "accents", "both"),
    [
        ("TAS", "TAS", "tas", "TAS", "tas"), ("Élan", "Élan", "élan", "Elan", "elan"),
        ("E\u0301lan", "E\u0301lan", "e\u0301lan", "Elan", "elan"),
        ("Straße", "Straße", "strasse", "Straße", "strasse"),
        ("İ", "İ", "i\u0307", "I", "i"), ("ΩΔ", "ΩΔ", "ωδ", "ΩΔ", "ωδ"), ("ς", "ς", "\u03c3", "ς", "\u03c3"),
        ("Ångström", "Ångström", "ångström", "Angstrom", "angstrom"), ("각",) * 5, ("",) * 5,
    ],
)  # fmt: skip
def test_folds(text: str, none: str, case: str, accents: str, both: str) -> None:
    folds = (Fold.NONE, Fold.CASE, Fold.ACCENTS, Fold.BOTH)
    assert [folded(text, fold) for fold in folds] == [none, case, accents, both]


@pytest.mark.parametrize("fold", [Fold.CASE, Fold.ACCENTS, Fold.BOTH])
def test_folding_twice_changes_nothing(fold: Fold) -> None:
    letters = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] in "LM"]
    assert len(letters) > 100_000
    unstable = [letter for letter in letters if folded(once := folded(letter, fold), fold) != once]
    assert unstable == []
