"""Contents of schemas by their sha256, parsed and compiled at most once, whoever asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import jsonschema_rs
import orjson

from schemas import stac
from schemas.errors import BadSchemas, Fault
from schemas.explain import leaves
from schemas.graph import Graph
from schemas.outline import DRAFT_2020, Outline, Schema, outline
from schemas.patterns import bounded
from schemas.pointer import pointer

# A pattern that looks ahead or back is tried step by step; a crafted value would make it try for ever.
PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=2_000, size_limit=1 << 20, dfa_size_limit=1 << 20)
CLOSURES_MAX = 1_000

Closure = tuple[tuple[str, str], ...]  # (URI, sha256) of a schema and of all that it refers to


class Compiled(NamedTuple):
    """A schema ready for use. `is_recursive`: it follows a value as deep as that is nested."""

    validator: jsonschema_rs.Validator
    is_recursive: bool


class Library:
    """Contents by sha256. Grows only in what is derived from them."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.contents = contents
        self._outlines: dict[tuple[str, str], Outline] = {}
        self._compiled: dict[tuple[str, Closure], Compiled] = {}

    def extended(self, contents: Mapping[str, bytes]) -> Library:
        """With further contents, and with what was derived so far."""
        made = Library({**self.contents, **contents})
        made._outlines, made._compiled = dict(self._outlines), dict(self._compiled)
        return made

    def graph(self, current: Mapping[str, str]) -> Graph:
        """The documents that these URIs mean, over those that are built in."""
        return Graph(lambda uri: self._outline(uri, current))

    def closure(self, uri: str, current: Mapping[str, str]) -> Closure:
        """The contents that a verdict depends on; what is built in is not listed."""
        needed = self.graph(current).needed(uri)
        return tuple(sorted((name, current[name]) for name in needed if name in current))

    def compiled(self, uri: str, current: Mapping[str, str]) -> Compiled:
        """The validator of `uri`. BadSchemas: it cannot be compiled."""
        key = (uri, self.closure(uri, current))
        found = self._compiled.get(key)
        if found is None:
            if len(self._compiled) >= CLOSURES_MAX:
                self._compiled.clear()
            graph = self.graph(current)
            validator = _compile(uri, {name: bounded(own) for name, own in graph.needed(uri).items()})
            found = self._compiled[key] = Compiled(validator, graph.is_recursive(uri))
        return found

    def document(self, uri: str, sha256: str) -> Schema:
        """A schema as it is compiled, freshly read."""
        return self._read(uri, sha256).document

    def _read(self, uri: str, sha256: str) -> Outline:
        return outline(uri, orjson.loads(self.contents[sha256]))

    def _outline(self, uri: str, current: Mapping[str, str]) -> Outline | None:
        sha256 = current.get(uri)
        if sha256 is None:
            return built_in().get(uri)
        found = self._outlines.get((uri, sha256))
        if found is None:
            found = self._outlines[uri, sha256] = self._read(uri, sha256)
        return found


@cache
def built_in() -> dict[str, Outline]:
    """The documents that may always be referred to."""
    return {uri: outline(uri, document) for uri, document in stac.referable().items()}


def _compile(uri: str, documents: Mapping[str, Schema]) -> jsonschema_rs.Validator:
    # A document goes by the URI that it is known by; some name another in their `$id`.
    named = {name: document | {"$id": name} for name, document in documents.items()}
    kind: type[jsonschema_rs.Validator] = jsonschema_rs.Draft7Validator
    if str(named[uri].get("$schema", "")).rstrip("#") == DRAFT_2020:
        kind = jsonschema_rs.Draft202012Validator
    try:
        registry = jsonschema_rs.Registry(list(named.items()), draft=jsonschema_rs.Draft7, retriever=_refused)
        return kind(
            named[uri], registry=registry, validate_formats=True, offline=True, pattern_options=PATTERNS
        )
    except jsonschema_rs.ValidationError as error:
        raise BadSchemas(fault_of(error)) from error
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise BadSchemas(Fault("", "", str(error)[:300])) from error


def fault_of(error: jsonschema_rs.ValidationError) -> Fault:
    """What a validator says about a schema."""
    first = next(leaves([error]))
    return Fault("", pointer(first.instance_path), first.message[:300])


def _refused(uri: str) -> Any:
    raise ValueError(f"{uri} is not known here, and nothing is fetched")
