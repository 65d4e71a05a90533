"""Whether the facets of an item go together, each of them a right term by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalogue.profile import Composition, CrossCheck, Pairing, Participation, Profile
from checks.accepted import Rule, rules_of
from checks.composed import Composing, Repeating
from checks.given import Given, Givens
from checks.joined import Check, Pairs, Participating
from checks.listing import capped
from checks.values import properties_of
from cv.vocabulary import Vocabulary
from stream.errors import Finding

CROSS = "cross-checks"


class CrossChecks:
    """The cross checks of one profile with one version of its vocabulary.

    `unused` says which of them cannot be made, and why. ValueError: a template cannot be read.
    """

    def __init__(self, profile: Profile, vocabulary: Vocabulary | None) -> None:
        rules = rules_of(profile, vocabulary)
        self._givens = Givens(profile, rules)
        self.unused: dict[str, str] = {}
        self._checks: list[Check] = []
        for check in profile.cross_checks:
            made = _compiled(check, rules, vocabulary, self._givens.elsewhere)
            if isinstance(made, str):
                self.unused[check.check] = made
            else:
                self._checks.append(made)
        self._checks += _repetitions(profile, rules, self._givens.elsewhere)

    def check(self, item: Mapping[str, Any]) -> list[Finding]:
        """What does not go together; empty where all is well."""
        properties = properties_of(item)
        doubtful = [check for check in self._checks if not check.surely_right(properties)]
        if not doubtful:
            return []
        return capped(CROSS, _explained(doubtful, self._givens.of(item)))

    def check_id(self, item_id: str) -> list[Finding]:
        """The same for what an id alone says."""
        return capped(CROSS, _explained(self._checks, self._givens.of({"id": item_id})))


def _explained(checks: list[Check], given: Given) -> Iterator[Finding]:
    """What is wrong, whichever side is right where the id and the properties disagree: that is said elsewhere."""
    settled: Given | None = None
    for check in checks:
        found = list(check.findings(given))
        if found and any(map(given.disputed, check.properties)):
            settled = settled or given.settled_by_id()
            if not any(check.findings(settled)):
                continue
        yield from found


def _repetitions(profile: Profile, rules: Mapping[str, Rule], elsewhere: frozenset[str]) -> Iterable[Check]:
    """One check for each group of a pattern, unless a composition says the same in other words."""
    composed = {
        (check.property, check.template) for check in profile.cross_checks if isinstance(check, Composition)
    }
    for rule in rules.values():
        for group, name in rule.groups.items() if rule.pattern else ():
            if not any(whole == rule.property and f"{{{name}}}" in template for whole, template in composed):
                yield Repeating(rule, group, name, elsewhere)


def _compiled(
    check: CrossCheck, rules: Mapping[str, Rule], vocabulary: Vocabulary | None, elsewhere: frozenset[str]
) -> Check | str:
    """The check, or why it cannot be made."""
    match check:
        case Composition():
            return Composing(check, rules, elsewhere)
        case Pairing():
            return Pairs(check, rules)
        case Participation():
            rule = rules.get(check.term)
            facet = (
                vocabulary.facets.get(rule.facet or "")
                if vocabulary is not None and rule is not None
                else None
            )
            if vocabulary is None or facet is None:
                return f"there is no vocabulary with the terms of `{check.term}`"
            made = Participating(check, rules, vocabulary, facet)
            return made.strangers() or made
