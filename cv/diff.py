"""What changed between two vocabularies, term by term."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cv.vocabulary import Facet, Term, Vocabulary


@dataclass(frozen=True, slots=True)
class Change:
    """`kind`: added, removed, renamed (another published name for the same id) or changed (`what` differs).

    `term` is the published name, the old one where there are two; empty: the facet as a whole, or what `what` names.
    """

    facet: str
    kind: str
    term: str = ""
    new: str = ""
    what: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Present members only."""
        said = {
            "facet": self.facet,
            "kind": self.kind,
            "term": self.term,
            "new": self.new,
            "what": list(self.what),
        }
        return {name: value for name, value in said.items() if value}

    def __str__(self) -> str:
        new = f" -> {self.new}" if self.new else ""
        what = f" ({', '.join(self.what)})" if self.what else ""
        return " ".join(filter(None, (self.kind, self.facet, self.term))) + new + what


def changes(old: Vocabulary, new: Vocabulary) -> list[Change]:
    """From the old to the new, by facet and id of the term."""
    found: list[Change] = []
    for name in sorted(old.facets.keys() | new.facets.keys()):
        if name not in new.facets:
            found.append(Change(name, "removed"))
        elif name not in old.facets:
            found.append(Change(name, "added"))
        else:
            found += _of_facet(old.facets[name], new.facets[name])
    whole = tuple(
        name for name, one, other in (("fields", old.fields, new.fields), ("id_parts", old.id_parts, new.id_parts))
        if one != other
    )  # fmt: skip
    return [*found, Change("", "changed", what=whole)] if whole else found


def _of_facet(old: Facet, new: Facet) -> Iterator[Change]:
    before, after = _by_id(old, new)
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield Change(old.name, "removed", before[key].name)
        elif key not in before:
            yield Change(old.name, "added", after[key].name)
        else:
            yield from _of_term(old.name, before[key], after[key])


def _by_id(*facets: Facet) -> list[dict[str, Term]]:
    """Ids without regard to case, since the two layouts write them differently; unless case alone tells two apart."""
    folded = [{term.id.casefold(): term for term in facet.terms} for facet in facets]
    if all(len(found) == len(facet.terms) for found, facet in zip(folded, facets, strict=True)):
        return folded
    return [{term.id: term for term in facet.terms} for facet in facets]


def _of_term(facet: str, old: Term, new: Term) -> Iterator[Change]:
    if old.name != new.name:
        yield Change(facet, "renamed", old.name, new.name)
    what = [name for name in ("kind", "separator", "parts") if getattr(old, name) != getattr(new, name)]
    names = sorted(old.facts.keys() | new.facts.keys())
    what += [name for name in names if old.facts.get(name) != new.facts.get(name)]
    if what:
        yield Change(facet, "changed", new.name, what=tuple(what))
