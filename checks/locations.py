"""Locations, `assets.<key>.alternate.<node>`: one node's copy of an asset, in an item or in an announcement."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.profile import Profile
from catalogue.replicas import is_access
from checks.files import CHECKSUM, SIZE, Files, Place, access_rules
from checks.listing import capped, shown
from schemas.pointer import pointer
from stream.errors import Finding

CHECK = "locations"
NAME = "alternate:name"
NODE_NAME = re.compile(r"[a-z0-9.-]{1,63}")
HREF_CHARS_MAX = 10_000
# White space, control characters and what no URI has unescaped; and a first part that is no scheme (RFC 3986, 4.2).
BARRED = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\\<>\"`{}|^]"
)
SCHEMELESS = re.compile(r"(?![A-Za-z][A-Za-z0-9+.-]*:)[^:/?#]*:")


class LocationCheck:
    """Locations by the asset rules of a profile."""

    def __init__(self, profile: Profile) -> None:
        self._files = Files(profile.assets.protocols)
        self._rules = access_rules(profile)

    def __call__(self, item: dict[str, Any]) -> list[Finding]:
        """What is wrong with the locations of an item; empty where all is well."""
        assets = item.get("assets")
        if type(assets) is not dict:
            return []
        for asset in assets.values():
            if type(asset) is dict and "alternate" in asset:
                return capped(CHECK, self._of_assets(assets))
        return []

    def announced(
        self, node: str, locations: Mapping[str, Any], assets: Mapping[str, Any] | None = None
    ) -> list[Finding]:
        """What is wrong with a node's announcement, {asset key: location}; pointers are those within the record.

        `assets`: those of the record, where known, with which size and checksum have to agree.
        """
        return capped(CHECK, self._of_node(node, locations, assets or {}))

    def _of_node(
        self, node: str, locations: Mapping[str, Any], assets: Mapping[str, Any]
    ) -> Iterator[Finding]:
        for key, location in locations.items():
            asset = assets.get(key)
            known = asset if type(asset) is dict else {}
            yield from self._location(key, known, node, location)

    def _of_assets(self, assets: dict[str, Any]) -> Iterator[Finding]:
        for key, asset in assets.items():
            places = asset.get("alternate") if type(asset) is dict else None
            if type(places) is dict:
                for node, location in places.items():
                    yield from self._location(key, asset, node, location)
            elif places is not None:
                at = pointer(("assets", key, "alternate"))
                yield Finding(
                    CHECK, at, "`alternate` must be an object of locations.", shown(places), "object"
                )

    def _location(self, key: str, asset: dict[str, Any], node: str, location: Any) -> Iterator[Finding]:
        at = ("assets", key, "alternate", node)
        if NODE_NAME.fullmatch(node) is None:
            message = "The name of a node must be 1 to 63 of a-z, 0-9, '.' and '-'."
            yield Finding(CHECK, pointer(at), message, shown(node), NODE_NAME.pattern)
        if type(location) is not dict:
            yield Finding(CHECK, pointer(at), "A location must be an object.", shown(location), "object")
            return
        yield from _href(location, at)
        if NAME in location and location[NAME] != node:
            message, place = f"`{NAME}` is not the name of the node.", pointer((*at, NAME))
            yield Finding(CHECK, place, message, shown(location[NAME]), shown(node), "warning")
        if not self._files.sound(location):
            yield from self._files.findings(CHECK, location, at)
        elif not (is_access(key, asset, self._rules) or is_access(key, location, self._rules)):
            yield from _differing(asset, location, at)


def href_fault(href: Any) -> str | None:
    """What is wrong with the address of a location, as the end of a sentence; None for a URI, absolute or relative."""
    if type(href) is not str:
        return "must be a string"
    if not href:
        return "must not be empty"
    if len(href) > HREF_CHARS_MAX:
        return f"must not be longer than {HREF_CHARS_MAX} characters"
    barred = BARRED.search(href)
    if barred is not None:
        return (
            f"must be a URI, absolute or relative; {barred[0]!a} at position {barred.start()} is not allowed"
        )
    return "must have a scheme before its first colon, or be relative" if SCHEMELESS.match(href) else None


def _href(location: dict[str, Any], at: Place) -> Iterator[Finding]:
    if "href" not in location:
        yield Finding(CHECK, pointer(at), "`href` is missing in the location.", expected="href")
        return
    why = href_fault(location["href"])
    if why is not None:
        yield Finding(
            CHECK, pointer((*at, "href")), f"`href` {why}.", shown(location["href"]), "uri-reference"
        )


def _differing(asset: dict[str, Any], location: dict[str, Any], at: Place) -> Iterator[Finding]:
    for name in (SIZE, CHECKSUM):
        own, told = asset.get(name), location.get(name)
        if own is None or told is None or own == told or str(own).lower() == str(told).lower():
            continue
        message = f"`{name}` must be that of the asset: a location is a copy of the same bytes."
        yield Finding(CHECK, pointer((*at, name)), message, shown(told), shown(own))
