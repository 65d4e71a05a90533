"""YAML as a stricter JSON: every value with the line it stands on, and nothing of YAML that surprises.

No anchors, aliases, tags or second documents; a key twice is an error; `yes` and `2020-01-01` are text. The text is
read event by event without recursion, so that neither a deep nor a long one costs more than its limits allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

TEXT_BYTES_MAX = 128 << 10
VALUES_MAX = 20_000
DEPTH_MAX = 16

_CONSTANTS = {"": None, "null": None, "~": None, "true": True, "false": False}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}", re.ASCII)


class YamlFault(ValueError):
    """What is wrong with the text, and on which line (1-based)."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value and the line of each of its parts, by the path of keys and indices that leads there.

    A member's line is that of its key.
    """

    value: Any
    lines: dict[tuple[str | int, ...], int]

    def line(self, path: tuple[str | int, ...]) -> int:
        """The line of the part, or of the nearest part around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(slots=True)
class _Open:
    """A list or mapping that has not ended; `key` is the one that waits for its value."""

    value: list[Any] | dict[str, Any]
    path: tuple[str | int, ...]
    key: str | None = None


@dataclass(slots=True)
class _Reader:
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    root: list[Any] = field(default_factory=list)
    seen: int = 0

    def take(self, event: yaml.Event) -> None:
        """One event of the parser."""
        assert event.start_mark is not None  # a parser marks all its events
        line = event.start_mark.line + 1
        match event:
            case yaml.AliasEvent():
                raise YamlFault(line, f"aliases such as `*{event.anchor}` are not allowed")
            case yaml.DocumentStartEvent() if self.root:
                raise YamlFault(line, "there is a second document; write one a file")
            case yaml.CollectionEndEvent():
                self.stack.pop()
            case yaml.NodeEvent():
                self._node(event, line)

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        self.seen += 1
        if self.seen > VALUES_MAX:
            raise YamlFault(line, f"there are more than {VALUES_MAX} values")
        if event.anchor is not None:
            raise YamlFault(line, f"anchors such as `&{event.anchor}` are not allowed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise YamlFault(line, f"tags such as `{tag}` are not allowed")
        within = self.stack[-1] if self.stack else None
        if within is not None and isinstance(within.value, dict) and within.key is None:
            self._key(within, event, line)
        else:
            self._value(within, event, line)

    def _key(self, within: _Open, event: yaml.NodeEvent, line: int) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlFault(line, "a key must be text")
        name = str(event.value)
        if name in within.value:
            raise YamlFault(line, f"the key `{name[:80]}` is there twice")
        within.key = name
        self.lines[*within.path, name] = line

    def _value(self, within: _Open | None, event: yaml.NodeEvent, line: int) -> None:
        value = _scalar(event) if isinstance(event, yaml.ScalarEvent) else _empty(event)
        path: tuple[str | int, ...] = ()
        if within is None:
            self.root.append(value)
        elif isinstance(within.value, dict):
            name, within.key = str(within.key), None
            within.value[name], path = value, (*within.path, name)
        else:
            path = (*within.path, len(within.value))
            within.value.append(value)
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.CollectionStartEvent):
            if len(self.stack) == DEPTH_MAX:
                raise YamlFault(line, f"values are nested deeper than {DEPTH_MAX}")
            self.stack.append(_Open(value, path))


def read_yaml(text: str) -> Located:
    """The one document of the text. YamlFault names the line of whatever it may not hold."""
    if len(text.encode(errors="replace")) > TEXT_BYTES_MAX:
        raise YamlFault(1, f"the text is longer than {TEXT_BYTES_MAX} bytes")
    reader = _Reader()
    for event in _events(text):
        reader.take(event)
    if not reader.root:
        raise YamlFault(1, "the text holds no document")
    return Located(reader.root[0], reader.lines)


def _events(text: str) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise YamlFault(line, f"the character {error.character!r} is not allowed") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlFault(mark.line + 1 if mark else 1, f"this is not YAML: {error.problem}") from error


def _empty(event: yaml.NodeEvent) -> list[Any] | dict[str, Any]:
    return {} if isinstance(event, yaml.MappingStartEvent) else []


def _scalar(event: yaml.ScalarEvent) -> Any:
    text = str(event.value)
    if event.style is not None:  # quoted or a block
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
