"""What doors and followers know of the rules: one checker per collection now, and one per stamp for ever."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from catalogue.profile import Profile
from stream.errors import Finding
from stream.events import Event

Item = dict[str, Any]
Stamp = dict[str, Any]


class Stamps(NamedTuple):
    """What an event carries of the rules that its door used, beside the profile."""

    vocabularies: tuple[Stamp, ...] = ()  # {project, version, sha256}
    schemas: tuple[Stamp, ...] = ()  # {uri, sha256}, of the extensions that the item declares


class Missing(NamedTuple):
    """Rules that are stamped on an event and not known here, in words for a person."""

    what: tuple[str, ...]


class Checker(Protocol):
    """The checks of one profile with one version of its vocabulary and one set of schemas. Pure."""

    @property
    def profile(self) -> Profile:
        """Whose rules these are."""

    def check(self, item: Item) -> tuple[Finding, ...]:
        """Everything that is wrong with an Item, and what could not be checked; empty where all is well."""

    def announced(self, node: str, locations: Item) -> tuple[Finding, ...]:
        """What is wrong with a node's announcement, {asset key: location}, whatever the record says."""

    def stamps(self, item: Item) -> Stamps:
        """What an event about this Item carries, so that anybody can repeat the verdict."""


class Book(Protocol):
    """The rules as they are known now. `revision` grows whenever they change."""

    @property
    def revision(self) -> int:
        """Another number means: rules that were missing may be there."""

    def of(self, collection: str) -> Checker:
        """The current rules of a collection. Unavailable where its profile demands a vocabulary that is not here."""

    def profile_of(self, collection: str) -> Profile:
        """The current profile of a collection."""

    def stamped(self, event: Event) -> Checker | Missing:
        """The very rules that the event's door used."""
