"""A property that is joined of others, such as a member of a sub-experiment and a variant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import re2

from catalogue.profile import Composition
from checks.accepted import REMEMBERED_CHARS_MAX, REMEMBERED_MAX, Rule
from checks.given import Given, Said
from checks.joined import finding, is_right
from checks.values import MISSING, listed, phrase
from stream.errors import Finding

REPEATING = "pattern-group"
_TOKEN = re2.compile(r"\[[^\[\]]*\]|\{[^{}\[\]]+\}|[^\[\]{}]+")
_NAME = re2.compile(r"\{([^{}\[\]]+)\}")


class Composing:
    """A compiled template. ValueError: the template cannot be read."""

    def __init__(self, check: Composition, rules: Mapping[str, Rule], elsewhere: frozenset[str]) -> None:
        self._check = check
        self._tokens = _tokens(check.template)
        self._names = tuple(name for token in self._tokens for name in _NAME.findall(token))
        self._rules = rules
        self.properties = (check.property, *self._names)
        self._right = Remembered(self.properties, elsewhere)

    def surely_right(self, properties: Mapping[str, Any]) -> bool:
        return self._right.holds(properties)

    def findings(self, given: Given) -> Iterator[Finding]:
        said = given.value(self._check.property)
        if said is None or len(said.texts) != 1:
            return
        parts = {name: given.value(name) for name in self._names}
        if any(part is None and name in given.properties for name, part in parts.items()):
            return  # of the wrong type
        joined = self._joined(parts)
        if joined is not None and not self._all_right(said, parts):
            return
        if joined is None or joined == said.texts[0]:
            self._right.add(given.properties)
            return
        present = [f"`{name}` {phrase(part.texts[0])}" for name, part in parts.items() if part is not None]
        verb = "gives" if len(present) == 1 else "give"
        message = f"{said.subject(said.texts[0])}, but {listed(present, 6)} {verb} {phrase(joined)}."
        yield finding(self._check.check, self._check.level, said, said.texts[0], message, [joined])

    def _joined(self, parts: Mapping[str, Said | None]) -> str | None:
        """What the template gives; None where a property that it needs is not there."""
        text = ""
        for token in self._tokens:
            optional = token.startswith("[")
            if optional and any(self._is_left_out(name, parts[name]) for name in _NAME.findall(token)):
                continue
            for piece in _TOKEN.findall(token[1:-1]) if optional else (token,):
                if not piece.startswith("{"):
                    text += piece
                    continue
                part = parts[piece[1:-1]]
                if part is None or len(part.texts) != 1:
                    return None
                text += part.texts[0]
        return text

    def _is_left_out(self, name: str, part: Said | None) -> bool:
        return part is None or part.texts == (self._check.empty.get(name),)

    def _all_right(self, said: Said, parts: Mapping[str, Said | None]) -> bool:
        present = [said, *(part for part in parts.values() if part is not None)]
        return all(is_right(text, self._rules.get(part.name)) for part in present for text in part.texts)


class Repeating:
    """A group of a property's pattern, and the further property that has to be the same text."""

    def __init__(self, rule: Rule, group: str, name: str, elsewhere: frozenset[str]) -> None:
        self.properties = (rule.property, name)
        self._rule, self._group = rule, group
        self._right = Remembered(self.properties, elsewhere)

    def surely_right(self, properties: Mapping[str, Any]) -> bool:
        return self._right.holds(properties)

    def findings(self, given: Given) -> Iterator[Finding]:
        whole, name = given.value(self._rule.property), self.properties[1]
        said = given.value(name)
        if whole is None or said is None or said.source or self._rule.pattern is None:
            return
        found = self._rule.pattern.groups(whole.texts[0], self._group)
        if found is None:
            return
        wanted = found[0] if found[0] is not None else self._rule.defaults.get(name)
        if wanted is None or said.texts == (wanted,):
            self._right.add(given.properties)
            return
        message = f"{said.subject(said.texts[0])}, but {whole.subject(whole.texts[0])}, which gives {phrase(wanted)}."
        yield finding(REPEATING, "error", said, said.texts[0], message, [wanted])


class Remembered:
    """Values of some properties that went together, so that the next item of the kind is quick."""

    def __init__(self, names: tuple[str, ...], elsewhere: frozenset[str]) -> None:
        self._names = names
        self._elsewhere = elsewhere  # properties that something else may say
        self._known: set[tuple[Any, ...]] = set()

    def holds(self, properties: Mapping[str, Any]) -> bool:
        try:
            return tuple([properties.get(name, MISSING) for name in self._names]) in self._known
        except TypeError:
            return False

    def add(self, properties: Mapping[str, Any]) -> None:
        values = tuple([properties.get(name, MISSING) for name in self._names])
        if all(map(self._is_plain, self._names, values)):
            if len(self._known) >= REMEMBERED_MAX:
                self._known.clear()
            self._known.add(values)

    def _is_plain(self, name: str, value: Any) -> bool:
        if value is MISSING:
            return name not in self._elsewhere
        return type(value) is str and len(value) <= REMEMBERED_CHARS_MAX


def _tokens(template: str) -> tuple[str, ...]:
    """Literal text, `{name}`, and `[...]` of these."""
    tokens = tuple(_TOKEN.findall(template))
    if "".join(tokens) != template or not _NAME.findall(template):
        raise ValueError(f"the template {template} cannot be read: it is made of text, {{name}} and [...]")
    return tokens
