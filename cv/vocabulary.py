"""Controlled vocabularies as values: one version of one project, resolved, complete in itself, and pinned by digest.

A **vocabulary** has **facets** (`experiment_id`); a facet has **terms**. A plain term accepts the one value that is
its name, a pattern term what its regular expression matches as a whole, a composite term what is joined of terms of
other facets. **Facts** are what a term says of itself, such as the activities of an experiment; where they name
other terms they hold the published names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from cv.nearest import Choices
from cv.patterns import Patterns
from cv.split import VALUE_CHARS_MAX, split


class Kind(StrEnum):
    """How a term accepts a value."""

    PLAIN = "plain"
    PATTERN = "pattern"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a composite term: a facet of the same vocabulary, where `names` is not empty some of its terms."""

    facet: str
    required: bool = True
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One term. `name` is what is published: the value, or the regular expression (RE2) of a pattern term."""

    id: str
    name: str
    kind: Kind = Kind.PLAIN
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separator: str = ""
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Facet:
    """The terms of one name. A value belongs to the facet when some term accepts it."""

    name: str
    terms: tuple[Term, ...]

    @cached_property
    def plain(self) -> dict[str, Term]:
        """The plain terms by the value that they accept."""
        return {term.name: term for term in self.terms if term.kind is Kind.PLAIN}

    @cached_property
    def patterns(self) -> Patterns:
        """The pattern terms."""
        return Patterns(term for term in self.terms if term.kind is Kind.PATTERN)

    @cached_property
    def composites(self) -> tuple[Term, ...]:
        """The composite terms."""
        return tuple(term for term in self.terms if term.kind is Kind.COMPOSITE)

    @cached_property
    def choices(self) -> Choices:
        """The names of the plain terms, to look for the nearest."""
        return Choices(self.plain)


@dataclass(frozen=True, slots=True)
class Field:
    """How a project publishes a facet as an Item property: by the name of the term, or by one of its facts.

    `many`: the property is a list. `facet` None: free text.
    """

    property: str
    facet: str | None
    fact: str | None = None
    many: bool = False
    required: bool = False


@dataclass(frozen=True)
class Vocabulary:
    """One version of a project's vocabulary. `sha256` pins its content; `version` is only a label for it.

    `fields` come from the project's catalogue specification and `id_parts` (facets of the dataset id, in order) from
    its reference syntax; both are empty where the project does not publish them.
    """

    project: str
    version: str
    sha256: str
    facets: Mapping[str, Facet]
    fields: tuple[Field, ...] = ()
    id_parts: tuple[str, ...] = ()
    source: str = ""  # the layout it was read from, and the version of the universe where there is one

    @property
    def label(self) -> str:
        """What findings call it."""
        return f"{self.project} {self.version}"

    @property
    def stamp(self) -> dict[str, str]:
        """What events carry of it: {project, version, sha256}."""
        return {"project": self.project, "version": self.version, "sha256": self.sha256}

    def term(self, facet: str, value: str) -> Term | None:
        """The term of the facet that accepts the value. KeyError: there is no such facet."""
        found = self.facets[facet]
        term = found.plain.get(value)
        if term is not None or len(value) > VALUE_CHARS_MAX:
            return term
        return found.patterns.first(value) or next(
            (composite for composite in found.composites if split(self.facets, composite, value) is not None),
            None,
        )

    def split(self, term: Term, value: str) -> dict[str, str] | None:
        """How a composite term takes a value apart, as {facet: value}; None where it does not accept it.

        A part that may be absent and is, is not among them. The work is bounded, see `cv.split`.
        """
        return split(self.facets, term, value)

    def nearest(self, facet: str, value: str) -> tuple[str, ...]:
        """At most three names of plain terms of the facet that come closest, best first."""
        return self.facets[facet].choices.nearest(value)
