"""Books for tests: the shipped profiles with no vocabulary and no schemas, or with those that a test makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from catalogue.profile import Profile
from catalogue.profile_set import Profiles
from catalogue.profile_shelf import shipped
from checks.book import Checker, Missing
from checks.checker import RuleChecker
from cv.vocabulary import Vocabulary
from schemas.extensions import Extensions
from schemas.library import Library
from stream.events import Event

NO_SCHEMAS = Extensions({}, Library({}))


@dataclass
class PlainBook:
    """A Book whose rules a test may change; `known` are the vocabularies by digest, `current` those in use."""

    profiles: Profiles = field(default_factory=shipped)
    known: dict[str, Vocabulary] = field(default_factory=dict)
    current: dict[str, Vocabulary] = field(default_factory=dict)
    extensions: Extensions = NO_SCHEMAS
    revision: int = 1

    def of(self, collection: str) -> Checker:
        profile = self.profile_of(collection)
        return RuleChecker(profile, self.current.get(profile.vocabulary or ""), self.extensions)

    def profile_of(self, collection: str) -> Profile:
        return self.profiles.of(collection)

    def stamped(self, event: Event) -> Checker | Missing:
        profile = self.profiles.by_stamp(event.profile or {})
        if profile is None:
            return Missing(("profile",))
        found = [self.known.get(stamp["sha256"]) for stamp in event.vocabularies]
        if None in found:
            return Missing(tuple(_named(stamp) for stamp in event.vocabularies))
        return RuleChecker(profile, next(iter(found), None), self.extensions)

    def use(self, vocabulary: Vocabulary) -> None:
        """Make it known and the one in use."""
        self.learn(vocabulary)
        self.current[vocabulary.project] = vocabulary

    def learn(self, vocabulary: Vocabulary) -> None:
        """Make it known."""
        self.known[vocabulary.sha256] = vocabulary
        self.revision += 1


def _named(stamp: Mapping[str, str]) -> str:
    return f"vocabulary {stamp['project']} {stamp['version']}"
