"""The values of an item's facets, each against the terms of the vocabulary or the profile's own pattern."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.profile import Profile
from checks.accepted import Accepted, Rule, rules_of, unchecked
from checks.given import Given, Givens
from checks.listing import capped, shown
from checks.values import MISSING, phrase, pointer_of, text_of
from cv.vocabulary import Vocabulary
from stream.errors import Finding

VOCABULARY, FACET = "vocabulary", "facet"
MEMBERS_MAX = 1_000  # of a list
NEAREST_CHARS_MAX = 200  # no term is longer
SUGGESTED_MAX = 10  # findings of one item that name the nearest terms: looking for them takes time


class TermChecks:
    """The facets of one profile with one version of its vocabulary; None: only what needs none is checked.

    `unchecked` are the properties whose facet this vocabulary does not have. re2.error: a pattern is not one.
    """

    def __init__(self, profile: Profile, vocabulary: Vocabulary | None) -> None:
        rules = rules_of(profile, vocabulary)
        self.unchecked = unchecked(profile, vocabulary) if vocabulary is not None else ()
        self._givens = Givens(profile, rules)
        self._unknown = "warning" if profile.unknown_terms == "warn" else "error"
        self._singles: list[tuple[str, set[Any], Rule]] = []
        self._lists: list[tuple[str, set[Any], Rule]] = []
        self._shaped: list[tuple[str, type, Rule]] = []  # the vocabulary does not have their facet
        self._needed: dict[str, Rule] = {}
        for rule in rules.values():
            self._compile(rule)
        self._rules = tuple(rules.values())

    def _compile(self, rule: Rule) -> None:
        if rule.required:
            self._needed[rule.property] = rule
        if rule.accepted is None:
            if rule.facet is not None:
                self._shaped.append((rule.property, list if rule.many else str, rule))
            return
        if not rule.required and rule.property not in self._givens.elsewhere:
            rule.accepted.known.add(MISSING)
            rule.accepted.also = (MISSING,)
        (self._lists if rule.many else self._singles).append((rule.property, rule.accepted.known, rule))

    def check(self, item: Mapping[str, Any]) -> list[Finding]:
        """What is wrong with the facets; empty where all is well."""
        properties = item.get("properties")
        if type(properties) is not dict:
            return []
        doubtful = self._doubtful(properties)
        if doubtful:
            doubtful = [rule for rule in doubtful if not self._said_by_id(rule, properties, item)]
        if not doubtful:
            return []
        explained = _Explained(self._givens.of(item), self._unknown)
        return capped(VOCABULARY, explained.findings(doubtful))

    def check_id(self, item_id: str) -> list[Finding]:
        """What is wrong with the facets that an id alone gives."""
        given = self._givens.of({"id": item_id})
        explained = _Explained(given, self._unknown)
        rules = [rule for rule in self._rules if rule.accepted is not None]
        return capped(VOCABULARY, explained.findings(rules, alone=True))

    def _doubtful(self, properties: dict[str, Any]) -> list[Rule]:
        """The rules whose property is not surely right: a few look-ups each, since nearly all are."""
        get = properties.get
        try:
            doubtful = [rule for name, known, rule in self._singles if get(name, MISSING) not in known]
        except TypeError:  # a value that cannot be looked up, such as a list
            doubtful = [rule for _, _, rule in self._singles]
        for name, known, rule in self._lists:
            value = get(name, MISSING)
            if type(value) is not list or not _surely_right(value, known):
                doubtful.append(rule)
        for name, wanted, rule in self._shaped:
            if name in properties and type(properties[name]) is not wanted:
                doubtful.append(rule)
        if not self._needed.keys() <= properties.keys():
            doubtful += [
                rule
                for name, rule in self._needed.items()
                if name not in properties and rule.accepted is None
            ]
        return doubtful

    def _said_by_id(self, rule: Rule, properties: dict[str, Any], item: Mapping[str, Any]) -> bool:
        """Is the property absent and need not be there, while the id says what it may be?"""
        if rule.required or rule.accepted is None or rule.property in properties:
            return False
        return self._givens.parts(item.get("id")).get(rule.property) in rule.accepted.known


def _surely_right(value: list[Any], known: set[Any]) -> bool:
    try:
        return known.issuperset(value) and (len(value) == 1 or 0 < len(set(value)) == len(value))
    except TypeError:
        return False


class _Explained:
    """What is wrong with the properties of one item."""

    def __init__(self, given: Given, unknown: str) -> None:
        self._given = given
        self._unknown = unknown
        self._suggested = 0

    def findings(self, rules: list[Rule], alone: bool = False) -> Iterator[Finding]:
        for rule in rules:
            value = self._given.properties.get(rule.property, MISSING)
            if value is not MISSING:
                yield from self._of_value(rule, value)
                continue
            if rule.required and not alone:
                message = f"`{rule.property}` is missing in `properties`."
                yield Finding(FACET, "/properties", message, None, rule.property)
            yield from self._of_elsewhere(rule)

    def _of_elsewhere(self, rule: Rule) -> Iterator[Finding]:
        """The id, or another property, says it."""
        said = self._given.said(rule.property)
        if said is not None and rule.accepted is not None:
            for text in said.texts:
                if not rule.accepted.accepts(text):
                    yield self._unknown_term(rule, rule.accepted, text, said.pointer, said.subject(text))

    def _of_value(self, rule: Rule, value: Any) -> Iterator[Finding]:
        place, name = pointer_of(rule.property), rule.property
        if isinstance(value, list) != rule.many:
            message = f"`{name}` must be {'a list' if rule.many else 'one value, not a list'}."
            yield Finding(FACET, place, message, shown(value), "array" if rule.many else "string")
        elif not rule.many:
            yield from self._of_single(rule, value, place, name)
        elif not value:
            yield Finding(FACET, place, f"`{name}` must not be empty.", [])
        elif len(value) > MEMBERS_MAX:
            yield Finding(FACET, place, f"`{name}` must have at most {MEMBERS_MAX} members.", shown(value))
        else:
            yield from self._of_members(rule, value)

    def _of_members(self, rule: Rule, values: list[Any]) -> Iterator[Finding]:
        seen: set[str] = set()
        for index, value in enumerate(values):
            place, name = pointer_of(rule.property, index), f"{rule.property}/{index}"
            text = text_of(value)
            if text is not None and text in seen:
                yield Finding(FACET, place, f"`{name}` repeats {phrase(value)}.", shown(value))
                continue
            if text is not None:
                seen.add(text)
            yield from self._of_single(rule, value, place, name)

    def _of_single(self, rule: Rule, value: Any, place: str, name: str) -> Iterator[Finding]:
        text = text_of(value)
        if text is None:
            yield Finding(FACET, place, f"`{name}` must be a string.", shown(value), "string")
        elif rule.accepted is not None and not rule.accepted.accepts(text):
            yield self._unknown_term(rule, rule.accepted, value, place, f"`{name}` is {phrase(value)}")

    def _unknown_term(self, rule: Rule, accepted: Accepted, value: Any, place: str, says: str) -> Finding:
        message = f"{says}, which is not {accepted.kind}{f' in {rule.label}' if rule.label else ''}."
        self._suggested += 1
        near = accepted.nearest(str(value)[:NEAREST_CHARS_MAX]) if self._suggested <= SUGGESTED_MAX else None
        level = self._unknown if rule.label else "error"
        return Finding(
            VOCABULARY, place, message, shown(value), accepted.expected(), level, None, rule.label, near
        )
