"""An item's id: its form, its date, and whether the properties repeat what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from catalogue.profile import Profile
from checks.listing import capped, shown
from checks.values import MISSING, phrase, pointer_of, properties_of, text_of
from stream.errors import Finding

PATTERN, COLLECTION, VERSION, PARTS = "id-pattern", "id-collection", "id-version", "id-properties"
ID_CHARS_MAX = 4_096


class Reading(NamedTuple):
    """What an id says: its dataset, its version (None: it has none) and its parts by the property they repeat."""

    dataset: str
    version: str | None
    parts: Mapping[str, str]


class Ids:
    """Takes the ids of one profile apart."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile

    def read(self, item_id: Any) -> Reading | None:
        """None where the id is no text or does not fit the pattern, or has another number of parts."""
        if not isinstance(item_id, str) or len(item_id) > ID_CHARS_MAX:
            return None
        found = self._profile.parse(item_id)
        if found is None:
            return None
        dataset, version = found
        names = self._profile.parts
        if not names:
            return Reading(dataset, version, {})
        parts = dataset.split(".")
        return (
            Reading(dataset, version, dict(zip(names, parts, strict=True)))
            if len(parts) == len(names)
            else None
        )


class IdentityChecks:
    """The checks of one profile's ids; `check` is empty where all is well."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._ids = Ids(profile)
        self._same = tuple(profile.same.items())
        self._dated = profile.ids.order == "number"

    def check(self, item: Mapping[str, Any], collection: str | None = None) -> list[Finding]:
        """What is wrong with the id; `collection` is the one that the item is posted to."""
        item_id = item.get("id")
        named = item.get("collection", MISSING)
        found = []
        if collection is not None and named != collection and isinstance(named, str):
            message = f"`collection` is {phrase(named)}, but the item is posted to {collection}."
            found.append(Finding(COLLECTION, "/collection", message, shown(named), collection))
        if not isinstance(item_id, str):
            return found
        reading = self._ids.read(item_id)
        if reading is None:
            return [*found, self._misfit(item_id)]
        if self._dated and reading.version is not None and not _is_date(reading.version):
            found.append(_no_date(reading.version, item_id))
        properties = properties_of(item)
        if not self._agree(reading, properties):
            found += capped(PARTS, self._disagreements(reading, properties))
        return found

    def check_id(self, item_id: str) -> list[Finding]:
        """What is wrong with an id alone."""
        return self.check({"id": item_id})

    def _agree(self, reading: Reading, properties: Mapping[str, Any]) -> bool:
        """A quick look, False where there is any doubt."""
        get = properties.get
        for name, part in reading.parts.items():
            value = get(name, part)
            if value != part and not (type(value) is list and part in value):
                return False
        for name, what in self._same:
            said = reading.dataset if what == "dataset" else reading.version
            if said is not None and get(name, said) != said:
                return False
        return True

    def _disagreements(self, reading: Reading, properties: Mapping[str, Any]) -> Iterator[Finding]:
        for name, part in reading.parts.items():
            if disagrees(properties.get(name, MISSING), part):
                yield _disagreement(name, properties[name], part)
        for name, what in self._same:
            said = reading.dataset if what == "dataset" else reading.version
            if said is not None and disagrees(properties.get(name, MISSING), said):
                yield _disagreement(name, properties[name], said)

    def _misfit(self, item_id: str) -> Finding:
        message = f"`id` does not fit the pattern of the profile {self._profile.id}."
        return Finding(PATTERN, "/id", message, shown(item_id), self._profile.ids.pattern)


def disagrees(value: Any, part: str) -> bool:
    """Does a property say something else than the part of the id? A list has to hold it."""
    if isinstance(value, list):
        return part not in map(text_of, value)
    text = text_of(value)
    return text is not None and text != part


def _disagreement(name: str, value: Any, part: str) -> Finding:
    verb = "does not hold" if isinstance(value, list) else f"is {phrase(value)}, but the id says"
    tail = f"{part}, which the id says" if isinstance(value, list) else part
    return Finding(PARTS, pointer_of(name), f"`{name}` {verb} {tail}.", shown(value), part)


def _no_date(version: str, item_id: str) -> Finding:
    message = f"`id` ends in the version {version}, which is not a date of the calendar."
    return Finding(VERSION, "/id", message, shown(item_id), "a version YYYYMMDD")


def _is_date(version: str) -> bool:
    """Is a version of eight digits a date? Those of other lengths are plain numbers."""
    if len(version) != 8 or not version.isdecimal():
        return True
    try:
        date.fromisoformat(version)
    except ValueError:
        return False
    return True
