"""Regular expressions of terms. Only RE2 runs them, so no pattern can take longer than in proportion to the value."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

import re2

if TYPE_CHECKING:
    from cv.vocabulary import Term

PATTERN_CHARS_MAX = 4_000
OPTIONS = re2.Options()
OPTIONS.log_errors = False
OPTIONS.never_capture = True


def compiled(pattern: str) -> re2._Regexp[str]:
    """ValueError says why it cannot be used."""
    if len(pattern) > PATTERN_CHARS_MAX:
        raise ValueError(f"the regular expression is over {PATTERN_CHARS_MAX} characters")
    try:
        return re2.compile(pattern, OPTIONS)
    except (re2.error, UnicodeEncodeError) as error:
        raise ValueError(f"the regular expression cannot be used: {_said(error)}") from error


def _said(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(error)


class Patterns:
    """The pattern terms of a facet, compiled."""

    def __init__(self, terms: Iterable[Term]) -> None:
        self._terms = tuple(terms)
        self._each = tuple(compiled(term.name) for term in self._terms)
        self._all = re2.Set.FullMatchSet(
            OPTIONS
        )  # asks all at once, in half the time of one that answers groups
        for term in self._terms:
            self._all.Add(term.name)
        self._all.Compile()

    def first(self, value: str, names: Collection[str] = ()) -> Term | None:
        """The first term that accepts the value as a whole; of those called `names`, if there are any."""
        if not self._terms:
            return None
        try:
            found = self._all.Match(value)
        except UnicodeEncodeError:  # half a surrogate pair
            return None
        # The set gives up without a word on patterns with very many states; one by one they are still answered.
        accepted = sorted(found or ()) or [i for i, each in enumerate(self._each) if each.fullmatch(value)]
        terms = (self._terms[index] for index in accepted)
        return next((term for term in terms if not names or term.name in names), None)
