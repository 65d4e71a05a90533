"""What `stacfed cv` shows: a vocabulary as it was asked for, a facet, a term, as text and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from federation.failed import BAD_INPUT, Failed

if TYPE_CHECKING:
    from cv.shelf import Entry, Shelf
    from cv.universe import Universe
    from cv.vocabulary import Facet, Term, Vocabulary

Shown = tuple[Any, list[str]]
"""The same as JSON and as lines."""


def vocabulary_of(shelf: Shelf, project: str, version: str | None) -> Vocabulary:
    """The version that is named, else the one in use, else the only one. Failed: there is none, or several."""
    entry = shelf.find(project, version) if version else _default(shelf, project)
    found = shelf.load(project, entry.sha256)
    if found is None:
        raise Failed(f"{entry.label} is no project: its terms show in those that refer to them", BAD_INPUT)
    return found


def _default(shelf: Shelf, project: str) -> Entry:
    entries = [entry for entry in shelf.known() if entry.project == project]
    chosen = [entry for entry in entries if entry.current] or entries
    if not chosen:
        raise Failed(
            f"there is no vocabulary of {project}; import one with stacfed cv import PATH", BAD_INPUT
        )
    if len(chosen) > 1:
        there = ", ".join(entry.version for entry in entries)
        raise Failed(f"no version of {project} is in use; name one with --version: {there}", BAD_INPUT)
    return chosen[0]


def facets_shown(vocabulary: Vocabulary) -> Shown:
    """Every facet with the number of its terms."""
    counts = {name: len(facet.terms) for name, facet in vocabulary.facets.items()}
    return counts, [f"{name:<28} {count}" for name, count in counts.items()]


def terms_shown(vocabulary: Vocabulary, name: str) -> Shown:
    """What each term of a facet publishes."""
    terms = _facet(vocabulary, name).terms
    lines = [term.name if term.kind == "plain" else f"{term.name}  ({term.kind})" for term in terms]
    return [term.name for term in terms], lines


def term_shown(vocabulary: Vocabulary, name: str, asked: str) -> Shown:
    """The term called `asked`, of that id, or that accepts it as a value."""
    facet = _facet(vocabulary, name)
    by_id = next((term for term in facet.terms if term.id == asked), None)
    term = facet.plain.get(asked) or by_id or vocabulary.term(name, asked)
    if term is None:
        near = vocabulary.nearest(name, asked)
        hint = f"; nearest: {', '.join(near)}" if near else ""
        raise Failed(f"{name} of {vocabulary.label} has no term {asked[:200]}{hint}", BAD_INPUT)
    split = vocabulary.split(term, asked) if term.kind == "composite" and term is not by_id else None
    said = {
        "id": term.id,
        "name": term.name,
        "kind": term.kind.value,
        "separator": term.separator,
        "parts": [asdict(part) for part in term.parts],
        "split": split,
        "facts": {name: list(texts) for name, texts in term.facts.items()},
    }
    return {member: value for member, value in said.items() if value}, _term_lines(term, split or {})


def size_of(found: Vocabulary | Universe) -> str:
    """How many terms it has."""
    counts = [len(getattr(each, "terms", each)) for each in _groups(found).values()]
    return f"{sum(counts)} terms in {len(counts)} facets"


def _groups(found: Any) -> Any:
    return found.facets if hasattr(found, "facets") else found.folders


def _facet(vocabulary: Vocabulary, name: str) -> Facet:
    found = vocabulary.facets.get(name)
    if found is None:
        raise Failed(
            f"{vocabulary.label} has no facet {name}; it has {', '.join(vocabulary.facets)}", BAD_INPUT
        )
    return found


def _term_lines(term: Term, split: dict[str, str]) -> list[str]:
    rows = [("id", term.id), ("name", term.name), ("kind", term.kind.value)]
    if term.parts:
        rows.append(("separator", term.separator))
    for part in term.parts:
        narrowed = f", one of: {', '.join(part.names)}" if part.names else ""
        rows.append(("part", part.facet + ("" if part.required else " (may be absent)") + narrowed))
    rows += [(f"its {facet}", value) for facet, value in split.items()]
    rows += [(name, ", ".join(texts)) for name, texts in term.facts.items()]
    return [f"{name:<36} {value}" for name, value in rows]
