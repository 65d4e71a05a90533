"""What an item says about a property: the property itself, else the part of the id, else a group of a pattern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from catalogue.profile import Profile
from checks.accepted import Rule
from checks.identity import Ids, disagrees
from checks.values import MISSING, phrase, pointer_of, properties_of, texts_of


class Said(NamedTuple):
    """The values of one property, and where they stand; `source` is empty where that is the property itself."""

    name: str
    texts: tuple[str, ...]
    pointer: str
    source: str = ""

    def subject(self, text: str) -> str:
        """The beginning of a sentence about one of the values."""
        if not self.source:
            return f"`{self.name}` is {phrase(text)}"
        return f"`{self.source}` says {phrase(text)} for `{self.name}`"


class Givens:
    """Reads the items of one profile; `elsewhere` are the properties that the id or a pattern may say."""

    def __init__(self, profile: Profile, rules: Mapping[str, Rule]) -> None:
        self._ids = Ids(profile)
        self.groups: dict[str, tuple[Rule, str]] = {
            name: (rule, group)
            for rule in rules.values()
            for group, name in rule.groups.items()
            if rule.pattern
        }
        self.elsewhere = frozenset(profile.parts) | self.groups.keys()

    def of(self, item: Mapping[str, Any]) -> Given:
        """What this item says; the item may be anything."""
        return Given(self, properties_of(item), item.get("id"))

    def parts(self, item_id: Any) -> Mapping[str, str]:
        """The parts of an id by property; empty where the id does not fit."""
        reading = self._ids.read(item_id)
        return reading.parts if reading is not None else {}


class Given:
    """What one item says, read when it is asked for."""

    def __init__(self, givens: Givens, properties: Mapping[str, Any], item_id: Any) -> None:
        self.properties = properties
        self._givens = givens
        self._id = item_id
        self._parts: Mapping[str, str] | None = None

    @property
    def parts(self) -> Mapping[str, str]:
        """The parts of the id by property."""
        if self._parts is None:
            self._parts = self._givens.parts(self._id)
        return self._parts

    def disputed(self, name: str) -> bool:
        """Does the id say something else than the property?"""
        part = self.parts.get(name)
        value = self.properties.get(name, MISSING)
        return part is not None and value is not MISSING and disagrees(value, part)

    def settled_by_id(self) -> Given:
        """The same item as if its id were right wherever a property disagrees with it."""
        told = {name: part for name, part in self.parts.items() if self.disputed(name)}
        changed = {
            name: [told[name]] if isinstance(value, list) else told[name]
            for name, value in self.properties.items()
            if name in told
        }
        return Given(self._givens, {**self.properties, **changed}, self._id)

    def value(self, name: str) -> Said | None:
        """What the property says, else what is said elsewhere; None where nothing usable is."""
        value = self.properties.get(name, MISSING)
        if value is MISSING:
            return self.said(name)
        texts = texts_of(value)
        return Said(name, texts, pointer_of(name)) if texts else None

    def said(self, name: str) -> Said | None:
        """What the id says of the property, or the pattern of another one."""
        part = self.parts.get(name)
        if part is not None:
            return Said(name, (part,), "/id", "id")
        rule, group = self._givens.groups.get(name, (None, ""))
        if rule is None or rule.pattern is None:
            return None
        whole = self._whole(rule.property)
        found = rule.pattern.groups(whole.texts[0], group) if whole is not None else None
        if whole is None or found is None:
            return None
        text = found[0] if found[0] is not None else rule.defaults.get(name)
        return Said(name, (text,), whole.pointer, whole.source or rule.property) if text is not None else None

    def _whole(self, name: str) -> Said | None:
        value = self.properties.get(name, MISSING)
        texts = texts_of(value) if value is not MISSING else ()
        if texts:
            return Said(name, texts, pointer_of(name))
        part = self.parts.get(name)
        return Said(name, (part,), "/id", "id") if part is not None else None
