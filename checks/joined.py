"""Two properties that have to go together: by what a term says of itself, or by a table in the profile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from catalogue.profile import Pairing, Participation
from checks.accepted import Rule
from checks.given import Given, Said
from checks.listing import shown
from checks.values import EXPECTED_MAX, MISSING, listed, phrase
from cv.nearest import Choices
from cv.vocabulary import Facet, Term, Vocabulary
from stream.errors import Finding


class Check(Protocol):
    """One cross check, compiled."""

    @property
    def properties(self) -> tuple[str, ...]:
        """The properties that it compares."""

    def surely_right(self, properties: Mapping[str, Any]) -> bool:
        """A quick look: True where all is well, False where `findings` has to be asked."""

    def findings(self, given: Given) -> Iterator[Finding]:
        """What is wrong; nothing where a value is no term of its facet, since that is said already."""


class Participating:
    """A property against a fact of the term that another property names."""

    def __init__(
        self, check: Participation, rules: Mapping[str, Rule], vocabulary: Vocabulary, facet: Facet
    ) -> None:
        self.properties = (check.term, check.property)
        self._check = check
        self._rule = rules.get(check.property)
        self._vocabulary = vocabulary
        self._facet = facet
        self._allowed: dict[Any, frozenset[str]] = {
            name: frozenset(self._says(term)) for name, term in facet.plain.items()
        }

    def _says(self, term: Term) -> tuple[str, ...]:
        """What the term allows; empty where it says nothing."""
        return next((term.facts[fact] for fact in self._check.facts if term.facts.get(fact)), ())

    def strangers(self) -> str:
        """Why the facts are not about this project, empty where they may be.

        Vocabularies share terms, and what a shared term says of itself may have been written for another project:
        that shows where it names what is no term here.
        """
        said = dict.fromkeys(text for term in self._facet.terms for text in self._says(term))
        if not said:
            return f"no term of `{self._facet.name}` says {' or '.join(f'`{fact}`' for fact in self._check.facts)}"
        strange = [text for text in said if not is_right(text, self._rule)]
        if not strange:
            return ""
        verb = "is no term" if len(strange) == 1 else "are no terms"
        where = f"{listed(strange)} {verb} of it for `{self._check.property}`"
        return f"terms of `{self._facet.name}` speak of another project: {where}"

    def surely_right(self, properties: Mapping[str, Any]) -> bool:
        try:
            allowed = self._allowed.get(properties.get(self._check.term, MISSING))
        except TypeError:
            return False
        if allowed is None:
            return False
        return not allowed or are_among(properties.get(self._check.property), allowed)

    def findings(self, given: Given) -> Iterator[Finding]:
        named, said = given.value(self._check.term), given.value(self._check.property)
        if named is None or said is None:
            return
        terms = [self._vocabulary.term(self._facet.name, text) for text in named.texts]
        allowed = sorted({value for term in terms if term is not None for value in self._says(term)})
        if not allowed or None in terms:
            return
        label, noun = self._vocabulary.label, noun_of(self._check.term)
        for text in wrong(said, frozenset(allowed), self._rule):
            message = (
                f"{said.subject(text)}, but the {noun} {listed(named.texts)} allows only {listed(allowed)}."
            )
            yield finding(self._check.check, self._check.level, said, text, message, allowed, label)


class Pairs:
    """A property against the values that the profile lists for the value of another."""

    def __init__(self, check: Pairing, rules: Mapping[str, Rule]) -> None:
        self.properties = (check.property, check.other)
        self._check = check
        self._rules = (rules.get(check.property), rules.get(check.other))
        self._allowed = {value: frozenset(others) for value, others in check.allowed.items()}

    def surely_right(self, properties: Mapping[str, Any]) -> bool:
        value = properties.get(self._check.property)
        if type(value) is not str:
            return False
        allowed = self._allowed.get(value)
        return allowed is None or are_among(properties.get(self._check.other), allowed)

    def findings(self, given: Given) -> Iterator[Finding]:
        named, said = given.value(self._check.property), given.value(self._check.other)
        if named is None or said is None:
            return
        for value in named.texts:
            allowed = self._allowed.get(value)
            if allowed is None or not is_right(value, self._rules[0]):
                continue
            for text in wrong(said, allowed, self._rules[1]):
                names = sorted(allowed)
                noun = noun_of(self._check.property)
                message = f"{said.subject(text)}, but the {noun} {phrase(value)} allows only {listed(names)}."
                yield finding(self._check.check, self._check.level, said, text, message, names)


def are_among(value: Any, allowed: frozenset[str]) -> bool:
    """Is the text, or each member of a list that is not empty, one of these?"""
    try:
        if type(value) is list:
            return bool(value) and allowed.issuperset(value)
        return value in allowed
    except TypeError:
        return False


def is_right(text: str, rule: Rule | None) -> bool:
    """Is it what the property may be? Where no rule says, everything is."""
    return rule is None or rule.accepted is None or rule.accepted.accepts(text)


def wrong(said: Said, allowed: frozenset[str], rule: Rule | None) -> Iterator[str]:
    """The values that are right by themselves and not allowed here, each once."""
    return (text for text in dict.fromkeys(said.texts) if text not in allowed and is_right(text, rule))


def finding(
    check: str, level: str, said: Said, text: str, message: str, allowed: list[str], label: str | None = None
) -> Finding:
    """One finding about one value of a property."""
    near = Choices(allowed).nearest(text) or None
    pointer = said.pointer
    if len(said.texts) > 1:
        pointer = f"{pointer}/{said.texts.index(text)}"
    expected: Any = allowed[0] if len(allowed) == 1 else allowed[:EXPECTED_MAX]
    return Finding(check, pointer, message, shown(text), expected, level, None, label, near)


def noun_of(name: str) -> str:
    """`cmip6:experiment_id` as a word: `experiment`."""
    return name.rpartition(":")[2].removesuffix("_id").replace("_", " ")
