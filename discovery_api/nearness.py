"""Which known names are near one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import process

from discovery_api.refusals import SHOWN_CHARACTERS_MAX, shown

NEAR_MAX, NEAR_SCORE = 5, 60  # of 100


def nearest(name: str, known: Iterable[str]) -> str:
    """What to say after an unknown name: the known ones that are near, else nothing."""
    found = process.extract(
        name[:SHOWN_CHARACTERS_MAX], list(known), limit=NEAR_MAX, score_cutoff=NEAR_SCORE, processor=str.lower
    )
    return f"; near are {', '.join(shown(each[0]) for each in found)}" if found else ""
