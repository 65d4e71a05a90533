"""What an item declares: its STAC extensions, and the links that the profile asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from catalogue.profile import Profile
from checks.listing import capped, shown
from checks.values import phrase
from cv.nearest import Choices
from schemas.uri import Order, family_of, order_of
from stream.errors import Finding

MISSING, BELOW, UNEXPECTED = "expected-extension-missing", "extension-below-minimum", "unexpected-extension"
LINK, NOT_CHECKED = "link-missing", "extension-not-checked"
POINTER = "/stac_extensions"
DECLARED_MAX = 200
REMEMBERED_MAX = 1_024
REMEMBERED_CHARS_MAX = 4_096


class DeclaredChecks:
    """The rules of one profile for what is declared; `uris` are the schemas that are imported.

    ValueError: the profile names a minimum that is not a version.
    """

    def __init__(self, profile: Profile, uris: Collection[str]) -> None:
        rule = profile.extensions
        self._known = frozenset(uris)
        self._least = {family: (text, order_of(text)) for family, text in rule.required.items()}
        self._allowed = None if rule.allowed is None else frozenset((*rule.allowed, *rule.required))
        self._refuses = rule.unknown == "refuse"
        self._links = frozenset(profile.links)
        self._profile = profile.id
        # What was found for a list: items of one kind share theirs.
        self._remembered: dict[tuple[Any, ...], tuple[Finding, ...]] = {}
        self._choices = Choices(self._known)

    def check(self, item: Mapping[str, Any]) -> list[Finding]:
        """What is wrong with the declarations; empty where all is well."""
        found = self._of_extensions(item.get("stac_extensions"))
        if self._links and not self._links <= _relations(item.get("links")):
            found += self._of_links(item.get("links"))
        return found

    def _of_extensions(self, declared: Any) -> list[Finding]:
        uris = declared if isinstance(declared, list) else []
        try:
            key = tuple(uris)
            if (known := self._remembered.get(key)) is not None:
                return list(known)
        except TypeError:
            return capped(UNEXPECTED, self._findings(uris))
        found = capped(UNEXPECTED, self._findings(uris))
        if all(isinstance(uri, str) for uri in key) and sum(map(len, key)) <= REMEMBERED_CHARS_MAX:
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            self._remembered[key] = tuple(found)
        return found

    def _findings(self, uris: list[Any]) -> Iterator[Finding]:
        """Each URI once: that the list names one twice, or holds what is no text, is said by the core check."""
        if len(uris) > DECLARED_MAX:
            message = f"`stac_extensions` must have at most {DECLARED_MAX} members."
            yield Finding(UNEXPECTED, POINTER, message, len(uris), DECLARED_MAX)
            return
        places = {uri: place for place, uri in reversed([*enumerate(uris)]) if isinstance(uri, str)}
        seen: dict[str, Order] = {}
        for uri, place in sorted(places.items(), key=lambda pair: pair[1]):
            named = family_of(uri)
            if named is not None:
                order = order_of(named[1])
                seen[named[0]] = max(order, seen.get(named[0], order))
            yield from self._of_uri(uri, f"{POINTER}/{place}", named[0] if named is not None else None)
        yield from self._of_families(seen, uris)

    def _of_uri(self, uri: str, place: str, family: str | None) -> Iterator[Finding]:
        if self._allowed is not None and family not in self._allowed:
            message = f"{phrase(uri)} is not among the extensions of the profile {self._profile}."
            yield Finding(UNEXPECTED, place, message, shown(uri), sorted(self._allowed))
        elif uri not in self._known and self._refuses:
            message = f"{phrase(uri)} names a schema that is not known here."
            near = self._choices.nearest(uri) or None
            yield Finding(
                UNEXPECTED, place, message, shown(uri), "the URI of an imported schema", nearest=near
            )
        elif uri not in self._known:
            message = f"{phrase(uri)} is not checked: no schema of this URI is imported."
            near = self._choices.nearest(uri) or None
            yield Finding(NOT_CHECKED, place, message, shown(uri), level="note", nearest=near)

    def _of_families(self, seen: Mapping[str, Order], uris: list[Any]) -> Iterator[Finding]:
        for family, (text, least) in self._least.items():
            if family not in seen:
                message = f"`stac_extensions` must name the extension {family} in version {text} or later."
                yield Finding(MISSING, POINTER, message, None, f"{family} {text}")
            elif seen[family] < least:
                place = next(place for place, uri in enumerate(uris) if _is_of(uri, family))
                message = f"{phrase(uris[place])} is older than {text}, the least version of {family} here."
                yield Finding(BELOW, f"{POINTER}/{place}", message, shown(uris[place]), f"{family} {text}")

    def _of_links(self, links: Any) -> list[Finding]:
        missing = sorted(self._links - _relations(links))
        return [
            Finding(LINK, "/links", f"A link with the relation {name} is missing.", None, name)
            for name in missing
        ]


def _is_of(uri: Any, family: str) -> bool:
    named = family_of(uri) if isinstance(uri, str) else None
    return named is not None and named[0] == family


def _relations(links: Any) -> set[str]:
    found = (link.get("rel") for link in links if isinstance(link, dict)) if isinstance(links, list) else ()
    return {relation for relation in found if isinstance(relation, str)}
