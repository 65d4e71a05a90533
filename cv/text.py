"""JSON and YAML of vocabularies, read strictly: what is wrong is named with path and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jiter
import yaml

from cv.errors import BadVocabulary

YAML_BYTES_MAX = 256 << 10
YAML_DEPTH_MAX = 20
PLACE = re.compile(r"(?P<what>.*) at line (?P<line>[0-9]+) column (?P<column>[0-9]+)", re.DOTALL)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}:,\n]|[^][{}:,"\s]+')
ABSENT = ("", "~", "null")

Path = tuple[str | int, ...]


def read_json(path: str, data: bytes) -> dict[str, Any]:
    """The object in a file. BadVocabulary: it is not JSON, holds a key twice, or is not an object."""
    try:
        found = jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True)
    except ValueError as error:
        place = PLACE.fullmatch(str(error))
        what, line = (place["what"], int(place["line"])) if place else (str(error), None)
        raise BadVocabulary(f"cannot be read as JSON: {what[:200]}", path, line) from error
    if not isinstance(found, dict):
        raise BadVocabulary("must hold a JSON object", path, 1)
    return found


def line_of(data: bytes, *wanted: str | int) -> int | None:
    """The line of a member of a JSON document that can be read; None where it is not there."""
    return next((line for path, line in _places(data.decode("utf-8", "replace")) if path == wanted), None)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Every member with its line. The path of an element of a list ends in its index."""
    line = 1
    path: list[str | int] = []
    key, fresh = "", False  # the last string, and whether an element of a list is still to be told
    for token in TOKEN.finditer(text):
        sign = token[0]
        if fresh and sign not in "\n]":
            yield tuple(path), line
            fresh = False
        match sign:
            case "\n":
                line += 1
            case "{":
                path.append("")
            case "[":
                path.append(0)
                fresh = True
            case "}" | "]":
                path.pop()
                fresh = False
            case ":":
                path[-1] = jiter.from_json(key.encode())
                yield tuple(path), line
            case ",":
                last = path[-1] if path else ""
                if isinstance(last, int):
                    path[-1] = last + 1
                    fresh = True
            case _:
                key = sign


class _Strict(yaml.BaseLoader):
    """Every scalar is text, so that version 1.10 stays what it is; no aliases, no key twice, no great depth."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias is not allowed", self._mark())
        self.depth += 1
        if self.depth > YAML_DEPTH_MAX:
            raise yaml.composer.ComposerError(None, None, "is nested too deeply", self._mark())
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def _mark(self) -> Any:
        return self.peek_event().start_mark  # type: ignore[no-untyped-call]

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be text", key.start_mark)
            if key.value in seen:
                message = f"the key {key.value[:100]} is there twice"
                raise yaml.constructor.ConstructorError(None, None, message, key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: str, data: bytes) -> Any:
    """What a file holds: mappings, lists and texts. BadVocabulary: it is not YAML as we take it."""
    if len(data) > YAML_BYTES_MAX:
        raise BadVocabulary(f"is over {YAML_BYTES_MAX} bytes", path)
    try:
        return yaml.load(data, _Strict)  # only texts, lists and mappings are made
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadVocabulary(f"cannot be read as YAML: {error.problem}", path, line) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadVocabulary(f"cannot be read as YAML: {error}"[:300], path) from error


def mapping(found: Any, path: str) -> dict[str, Any]:
    """It, where it is a mapping. BadVocabulary otherwise."""
    if not isinstance(found, dict):
        raise BadVocabulary("must hold a mapping", path, 1)
    return found


def text(found: Any) -> str | None:
    """A text of a YAML file; None for what is absent."""
    return None if not isinstance(found, str) or found in ABSENT else found
