"""Taking a value apart into the parts of a composite term.

A value may be taken apart in many ways, since a part may hold the separator itself. Every way is tried, each piece
against each part at most once, and no more than LOOKS_MAX pieces altogether: a value that needs more is not accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cv.vocabulary import Facet, Part, Term

VALUE_CHARS_MAX = 500  # a longer value fits no composite term
PIECES_MAX = 64
LOOKS_MAX = 2_000
NESTED_MAX = 4  # composite terms within composite terms


def split(facets: Mapping[str, Facet], term: Term, value: str) -> dict[str, str] | None:
    """{facet: value} of the parts that are there, or None."""
    return _Search(facets).split(term, value, NESTED_MAX)


class _Search:
    """One question; it counts its own work."""

    def __init__(self, facets: Mapping[str, Facet]) -> None:
        self._facets = facets
        self._looks = LOOKS_MAX

    def split(self, term: Term, value: str, nested: int) -> dict[str, str] | None:
        if not value or len(value) > VALUE_CHARS_MAX or not nested:
            return None
        pieces = value.split(term.separator) if term.separator else list(value)
        if len(pieces) > PIECES_MAX:
            return None
        dead: set[tuple[int, int]] = set()  # (part, piece) from which nothing led to the end

        def rest(part: int, start: int) -> dict[str, str] | None:
            if part == len(term.parts):
                return {} if start == len(pieces) else None
            if (part, start) in dead:
                return None
            wanted = term.parts[part]
            for end in range(start + 1, len(pieces) + 1):
                piece = term.separator.join(pieces[start:end])
                if self._accepts(wanted, piece, nested) and (found := rest(part + 1, end)) is not None:
                    return {wanted.facet: piece, **found}
            if not wanted.required and (found := rest(part + 1, start)) is not None:
                return found
            dead.add((part, start))
            return None

        return rest(0, 0)

    def _accepts(self, part: Part, piece: str, nested: int) -> bool:
        if self._looks <= 0:
            return False
        self._looks -= 1
        facet = self._facets[part.facet]
        term = facet.plain.get(piece)
        if term is not None and (not part.names or term.name in part.names):
            return True
        if facet.patterns.first(piece, part.names) is not None:
            return True
        return any(
            (not part.names or candidate.name in part.names)
            and self.split(candidate, piece, nested - 1) is not None
            for candidate in facet.composites
        )
