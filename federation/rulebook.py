"""The rules of a process: what profiles, vocabularies and schemas lie in its folders, read again when they change.

What is read is complete before it is used, and a reload that fails leaves everything as it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

from catalogue.profile import Profile
from catalogue.profile_set import Profiles
from catalogue.profile_shelf import ProfileShelf
from checks.book import Checker, Missing
from checks.checker import RuleChecker
from cv.errors import BadVocabulary
from cv.shelf import Shelf
from cv.vocabulary import Vocabulary
from federation.settings import Settings
from schemas.extensions import Extensions
from schemas.shelf import SchemaShelf
from stream.errors import Unavailable
from stream.events import Event

logger = logging.getLogger(__name__)
STAMPED_KEPT_MAX = 64  # checkers of rules that are no longer the current ones
Key = tuple[Any, ...]


@dataclass
class _Rules:
    """One reading of all folders."""

    profiles: Profiles
    extensions: Extensions
    vocabularies: dict[str, Vocabulary | None]
    current: dict[str, Checker] = field(default_factory=dict)  # by the digest of a profile
    stamped: OrderedDict[Key, Checker | Missing] = field(default_factory=OrderedDict)


class Rulebook:
    """The `Book` of a process. ValueError (with the file) when the folders cannot be read to begin with."""

    def __init__(self, settings: Settings) -> None:
        self._profiles = ProfileShelf(settings.profiles_dir)
        self._vocabularies = Shelf(settings.vocabularies_dir)
        self._schemas = SchemaShelf(settings.schemas_dir)
        self._look_s = settings.rules_look_s
        self._seen = self._fingerprint()
        self._rules = self._read()
        self.revision = 1
        self.fault: str | None = None  # why what lies in the folders now is not used

    def of(self, collection: str) -> Checker:
        """See Book."""
        rules = self._rules
        profile = rules.profiles.of(collection)
        checker = rules.current.get(profile.stamp["sha256"])
        if checker is None:
            vocabulary = rules.vocabularies.get(profile.vocabulary or "")
            if vocabulary is None and profile.vocabulary and profile.missing_vocabulary == "refuse":
                raise Unavailable(
                    f"this site's profile {profile.id} demands a vocabulary of {profile.vocabulary}; none is in use"
                )
            checker = RuleChecker(profile, vocabulary, rules.extensions)
            rules.current[profile.stamp["sha256"]] = checker
        return checker

    def profile_of(self, collection: str) -> Profile:
        """See Book."""
        return self._rules.profiles.of(collection)

    def vocabulary_of(self, collection: str) -> Vocabulary | None:
        """The vocabulary that the current rules of a collection use; None: none is in use."""
        rules = self._rules
        return rules.vocabularies.get(rules.profiles.of(collection).vocabulary or "")

    @property
    def profiles(self) -> Profiles:
        """All profiles as they are now."""
        return self._rules.profiles

    def stamped(self, event: Event) -> Checker | Missing:
        """See Book."""
        rules, key = self._rules, _key(event)
        found = rules.stamped.get(key)
        if found is None:
            found = self._stamped(rules, event)
            rules.stamped[key] = found
            if len(rules.stamped) > STAMPED_KEPT_MAX:
                rules.stamped.popitem(last=False)
        return found

    def lacking(self) -> list[str]:
        """The projects that some profile names and that have no vocabulary in use here."""
        return sorted(project for project, found in self._rules.vocabularies.items() if found is None)

    def refresh(self) -> bool:
        """Read the folders again if they have changed; whether there are new rules now."""
        seen = self._fingerprint()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            rules = self._read()
        except (ValueError, OSError) as error:
            self.fault = str(error)
            logger.error("new rules are not used", extra={"detail": self.fault})
            return False
        self._rules, self.fault = rules, None
        self.revision += 1
        logger.info("rules read again", extra={"revision": self.revision})
        return True

    async def run(self) -> None:
        """For ever: look whether the folders have changed."""
        while True:
            await asyncio.sleep(self._look_s)
            await asyncio.to_thread(self.refresh)

    def _fingerprint(self) -> tuple[Any, ...]:
        return tuple(shelf.fingerprint() for shelf in (self._profiles, self._vocabularies, self._schemas))

    def _read(self) -> _Rules:
        profiles = self._profiles.load()
        projects = {each.profile.vocabulary for each in profiles.current if each.profile.vocabulary}
        vocabularies = {project: self._vocabularies.current(project) for project in projects}
        return _Rules(profiles, self._schemas.load(), vocabularies)

    def _stamped(self, rules: _Rules, event: Event) -> Checker | Missing:
        lacking = []
        profile = rules.profiles.by_stamp(event.profile or {})
        if profile is None:
            lacking.append(_named("profile", event.profile or {}, "id"))
        vocabulary = None
        for stamp in event.vocabularies:
            try:
                vocabulary = self._vocabularies.load(stamp["project"], stamp["sha256"])
            except BadVocabulary as error:  # a damaged file is no ground to stop: it can be imported again
                logger.error("a vocabulary cannot be used", extra={"detail": str(error)})
            if vocabulary is None:
                lacking.append(_named("vocabulary", stamp, "project"))
        extensions = rules.extensions.pinned(event.schemas)
        if not isinstance(extensions, Extensions):
            lacking += extensions
        if lacking or profile is None or not isinstance(extensions, Extensions):
            return Missing(tuple(lacking))
        return RuleChecker(profile, vocabulary, extensions)


def _key(event: Event) -> Key:
    """What the rules of an event are known by."""
    return (
        (event.profile or {}).get("sha256"),
        tuple([stamp.get("sha256") for stamp in event.vocabularies]),
        tuple([(stamp.get("uri"), stamp.get("sha256")) for stamp in event.schemas]),
    )


def _named(kind: str, stamp: dict[str, Any], name: str) -> str:
    return f"{kind} {stamp.get(name)} {stamp.get('version')} (sha256 {str(stamp.get('sha256'))[:12]})"
