"""What each property of a profile may be: the facet rules, joined with the terms of one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogue.profile import FacetRule, Profile
from checks.values import Pattern
from cv.nearest import Choices
from cv.vocabulary import Facet, Field, Kind, Vocabulary

NAMED_MAX = 12  # a facet of so few terms is named whole
REMEMBERED_MAX = 4_096  # values that patterns accepted
REMEMBERED_CHARS_MAX = 64


class Accepted:
    """The values of one property: the names of plain terms, and what patterns and composite terms accept.

    `known` holds names and remembered values: a value in it is right, one that is not has to be asked for.
    """

    def __init__(self, kind: str, names: frozenset[str], pattern: Pattern | None = None) -> None:
        self.kind = kind  # in words
        self.names = names
        self.known: set[Any] = set(names)
        self.also: tuple[Any, ...] = ()  # what else `known` holds from the start
        self._pattern = pattern
        self._choices = Choices(names)

    def accepts(self, value: str) -> bool:
        """Is this a value of the property?"""
        if value in self.names:
            return True
        if not self._fits(value):
            return False
        self._remember(value)
        return True

    def _fits(self, value: str) -> bool:
        return self._pattern is not None and self._pattern.fits(value)

    def _remember(self, value: str) -> None:
        if len(self.known) >= len(self.names) + REMEMBERED_MAX:
            self.known.clear()  # whoever asks meanwhile asks `accepts`
            self.known.update(self.names, self.also)
        if len(value) <= REMEMBERED_CHARS_MAX:
            self.known.add(value)

    def expected(self) -> Any:
        """What findings say is expected: the names where they are few, else the kind of thing."""
        if self._pattern is not None:
            return self._pattern.pattern
        return sorted(self.names) if 0 < len(self.names) <= NAMED_MAX else self.kind

    def nearest(self, value: str) -> tuple[str, ...] | None:
        """The names that come closest."""
        return self._choices.nearest(value) or None


class AcceptedTerms(Accepted):
    """The terms of one facet."""

    def __init__(self, vocabulary: Vocabulary, facet: Facet) -> None:
        super().__init__(f"a term of `{facet.name}`", frozenset(facet.plain))
        self._vocabulary = vocabulary
        self._facet = facet
        self._open = len(facet.plain) < len(facet.terms)

    def _fits(self, value: str) -> bool:
        return self._open and self._vocabulary.term(self._facet.name, value) is not None

    def expected(self) -> Any:
        """The names where they are few, the pattern where there is but one, else the kind of thing."""
        terms = self._facet.terms
        if len(terms) > NAMED_MAX or any(term.kind is Kind.COMPOSITE for term in terms):
            return self.kind
        return terms[0].name if len(terms) == 1 else sorted(term.name for term in terms)


@dataclass(frozen=True, slots=True)
class Rule:
    """One property: what it may be (None: anything), and its part in the profile."""

    property: str
    many: bool = False
    required: bool = False
    facet: str | None = None  # whose terms its values are
    accepted: Accepted | None = None
    pattern: Pattern | None = None  # with the groups below
    groups: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    label: str | None = None  # of the vocabulary, where it decides


def rules_of(profile: Profile, vocabulary: Vocabulary | None) -> dict[str, Rule]:
    """The rule of each property that the profile names, or that it takes over from the vocabulary's own fields."""
    rules = {rule.property: _of_profile(rule, vocabulary) for rule in profile.facets}
    if profile.derive_facets is not None and vocabulary is not None:
        for found in vocabulary.fields:
            if found.property.startswith(profile.derive_facets) and found.property not in rules:
                rules[found.property] = _of_field(found, vocabulary)
    return rules


def unchecked(profile: Profile, vocabulary: Vocabulary | None) -> tuple[str, ...]:
    """The properties whose facet the vocabulary does not have: nothing is said about their values."""
    return tuple(
        rule.property
        for rule in rules_of(profile, vocabulary).values()
        if rule.accepted is None and rule.facet is not None
    )


def _of_profile(rule: FacetRule, vocabulary: Vocabulary | None) -> Rule:
    accepted: Accepted | None = None
    label = None
    pattern = Pattern(rule.pattern) if rule.pattern is not None else None
    if rule.facet is not None and vocabulary is not None and rule.facet in vocabulary.facets:
        accepted, label = AcceptedTerms(vocabulary, vocabulary.facets[rule.facet]), vocabulary.label
    elif pattern is not None:
        accepted = Accepted("what the profile's pattern matches", frozenset(), pattern)
    return Rule(
        rule.property,
        rule.many,
        rule.required,
        rule.facet,
        accepted,
        pattern,
        rule.groups,
        rule.defaults,
        label,
    )


def _of_field(found: Field, vocabulary: Vocabulary) -> Rule:
    accepted: Accepted | None = None
    facet = vocabulary.facets.get(found.facet) if found.facet is not None else None
    if facet is not None and found.fact is None:
        accepted = AcceptedTerms(vocabulary, facet)
    elif facet is not None and found.fact is not None:
        said = frozenset(value for term in facet.terms for value in term.facts.get(found.fact, ()))
        accepted = Accepted(f"the `{found.fact}` of a term of `{facet.name}`", said) if said else None
    label = vocabulary.label if accepted is not None else None
    named = found.facet if found.fact is None else None
    return Rule(found.property, found.many, found.required, named, accepted, label=label)
