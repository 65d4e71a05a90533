"""The names that come closest to what somebody wrote."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

NEAREST_MAX = 3
LIKENESS_MIN = 60.0  # of 100; below that a suggestion is noise
VALUE_CHARS_MAX = 100  # of what was written; more would only cost time


class Choices:
    """Names to choose from, prepared for many questions."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._folded = [name.casefold()[:VALUE_CHARS_MAX] for name in self._names]

    def nearest(self, value: str) -> tuple[str, ...]:
        """At most NEAREST_MAX names, best first: those that differ in case alone, then by likeness."""
        asked = value.casefold()[:VALUE_CHARS_MAX]
        found = process.extract(
            asked,
            self._folded,
            scorer=fuzz.ratio,
            processor=None,
            limit=NEAREST_MAX,
            score_cutoff=LIKENESS_MIN,
        )
        return tuple(self._names[index] for _, _, index in found)
