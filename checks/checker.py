"""All checks of one set of rules, compiled: the one thing that doors, followers and `stacfed check` ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from catalogue.profile import Profile
from checks.assets import AssetCheck
from checks.book import Item, Stamps
from checks.cross import CrossChecks
from checks.declared import DeclaredChecks
from checks.geometry import GeometryCheck
from checks.identity import IdentityChecks
from checks.locations import LocationCheck
from checks.terms import TermChecks
from checks.times import check_times
from checks.verdict import NOTE
from cv.vocabulary import Vocabulary
from schemas.core import check_item
from schemas.extensions import Extensions
from stream.errors import Finding

Step = Callable[[Item], Sequence[Finding]]


class RuleChecker:
    """The checks of a profile, one version of its vocabulary (None: there is none here) and a set of schemas.

    ValueError: the profile names something that cannot be compiled.
    """

    def __init__(self, profile: Profile, vocabulary: Vocabulary | None, extensions: Extensions) -> None:
        self.profile = profile
        self._extensions = extensions
        self._vocabularies = (vocabulary.stamp,) if vocabulary is not None else ()
        self._lacking = _lacking(profile, vocabulary)
        self._locations = LocationCheck(profile)
        self.steps: tuple[tuple[str, Step], ...] = (
            ("core schema", check_item),
            ("extension schemas", self._check_extensions),
            ("declarations", DeclaredChecks(profile, extensions.uris).check),
            ("identity", IdentityChecks(profile).check),
            ("terms", TermChecks(profile, vocabulary).check),
            ("cross checks", CrossChecks(profile, vocabulary).check),
            ("geometry", GeometryCheck(profile.longitudes, profile.null_geometry)),
            ("times", check_times),
            ("assets", AssetCheck(profile)),
            ("locations", self._locations),
        )

    def check(self, item: Item) -> tuple[Finding, ...]:
        """See `Checker`: errors, warnings and notes, in the order of the steps."""
        found: list[Finding] = []
        for _, step in self.steps:
            found += step(item)
        return (*found, *self._lacking)

    def announced(self, node: str, locations: Item) -> tuple[Finding, ...]:
        """See `Checker`."""
        return tuple(self._locations.announced(node, locations))

    def stamps(self, item: Item) -> Stamps:
        """See `Checker`."""
        return Stamps(self._vocabularies, self._extensions.stamps(_declared(item)))

    def _check_extensions(self, item: Item) -> list[Finding]:
        found: list[Finding] = []
        for uri in dict.fromkeys(_declared(item)):
            if uri in self._extensions:
                found += self._extensions.check(uri, item)
        return found


def _declared(item: Item) -> list[str]:
    declared = item.get("stac_extensions")
    return [uri for uri in declared if isinstance(uri, str)] if isinstance(declared, list) else []


def _lacking(profile: Profile, vocabulary: Vocabulary | None) -> tuple[Finding, ...]:
    """What every verdict has to say of terms that cannot be looked up."""
    if profile.vocabulary is None or vocabulary is not None:
        return ()
    message = f"Terms are not checked: no vocabulary of {profile.vocabulary} is in use here."
    return (Finding("vocabulary", "/properties", message, level=NOTE),)
