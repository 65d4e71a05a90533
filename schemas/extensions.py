"""The schemas of STAC extensions as a value: which are known, and what they find in an item.

A verdict of today has to be repeated in years, so the contents of every schema that was ever known are kept by
their sha256, and `pinned` gives the registry as it was for one event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs

from cv.nearest import Choices
from schemas.explain import findings, unwritable
from schemas.library import Compiled, Library
from schemas.uri import family_of, order_of
from stream.errors import Finding

STAMPS_MAX = 1_000  # sets of schemas that are remembered

Stamp = dict[str, str]  # {uri, sha256}


class Extensions:
    """Known URIs and their contents. Never changes; what is compiled is compiled at the first use."""

    def __init__(self, current: Mapping[str, str], library: Library) -> None:
        self._current = dict(current)
        self._library = library
        self._names = Choices(self._current)
        self._compiled: dict[str, Compiled] = {}
        self._stamps: dict[tuple[str, ...], tuple[Stamp, ...]] = {}
        self._pinned: dict[frozenset[tuple[str, str]], Extensions | tuple[str, ...]] = {}

    @property
    def uris(self) -> tuple[str, ...]:
        """Every known URI, in order."""
        return tuple(sorted(self._current))

    def __contains__(self, uri: str) -> bool:
        return uri in self._current

    def sha256(self, uri: str) -> str:
        """Of the content that the URI means now. KeyError: it is not known."""
        return self._current[uri]

    def document(self, uri: str) -> dict[str, Any]:
        """The schema as it is compiled, freshly read. KeyError: it is not known."""
        return self._library.document(uri, self._current[uri])

    def validator(self, uri: str) -> jsonschema_rs.Validator | None:
        """The compiled schema; None where the URI is not known. BadSchemas: it cannot be compiled."""
        return self._known(uri).validator if uri in self._current else None

    def check(self, uri: str, item: Any) -> tuple[Finding, ...]:
        """What the schema `uri` finds in an Item (any JSON); empty where it is valid. KeyError: not known."""
        validator, is_recursive = self._compiled.get(uri) or self._known(uri)
        if is_recursive and (fault := unwritable(item, check_name(uri))) is not None:
            return (fault,)
        try:
            if validator.is_valid(item):
                return ()
        except ValueError as error:  # half a surrogate pair, say: no JSON
            return (Finding(check_name(uri), "", f"The document cannot be checked: {error}."),)
        fault = unwritable(item, check_name(uri))
        return (fault,) if fault is not None else findings(validator, item, check_name(uri))

    def nearest(self, uri: str) -> tuple[str, ...]:
        """The known URIs that could have been meant: those of the same family, the newest first, else alike ones."""
        asked = _family(uri)
        same = [
            (order_of(found[1]), known)
            for known in self._current
            if (found := family_of(known)) is not None and found[0] == asked
        ]
        if same:
            return tuple(known for _, known in sorted(same, reverse=True))
        return self._names.nearest(uri)

    def stamps(self, uris: Iterable[str]) -> tuple[Stamp, ...]:
        """What an event carries: {uri, sha256} of these schemas, and of those that they refer to; others are left out.

        BadSchemas: one of them cannot be used.
        """
        asked = tuple(uris)
        found = self._stamps.get(asked)
        if found is None:
            known = [self._library.closure(uri, self._current) for uri in asked if uri in self._current]
            pairs = sorted({pair for closure in known for pair in closure})
            found = tuple({"uri": uri, "sha256": sha256} for uri, sha256 in pairs)
            _remember(self._stamps, asked, found)
        return found

    def pinned(self, stamps: Iterable[Mapping[str, Any]]) -> Extensions | tuple[str, ...]:
        """Exactly the stamped schemas and no others; where some are not here, these in words for a person."""
        asked = frozenset((str(stamp.get("uri")), str(stamp.get("sha256"))) for stamp in stamps)
        found = self._pinned.get(asked)
        if found is None:
            found = self._pin(asked)
            _remember(self._pinned, asked, found)
        return found

    def extended(
        self, contents: Mapping[str, bytes], current: Mapping[str, str]
    ) -> tuple[Library, dict[str, str]]:
        """What there would be with further contents (by sha256) and meanings (URI to sha256)."""
        return self._library.extended(contents), self._current | dict(current)

    def _pin(self, asked: Iterable[tuple[str, str]]) -> Extensions | tuple[str, ...]:
        pairs = sorted(asked)
        missing = [
            f"{uri} (sha256 {sha256[:12]})" for uri, sha256 in pairs if sha256 not in self._library.contents
        ]
        if missing:
            return tuple(missing)
        current = dict(pairs)
        graph = self._library.graph(current)
        lost = [reference for uri in current for _, reference, _ in graph.unresolved(uri)]
        if lost:  # no door stamps a schema without those that it refers to
            return tuple(f"{uri} (without sha256)" for uri in dict.fromkeys(lost))
        return Extensions(current, self._library)

    def _known(self, uri: str) -> Compiled:
        if uri not in self._current:
            raise KeyError(uri)
        found = self._compiled[uri] = self._library.compiled(uri, self._current)
        return found


def check_name(uri: str) -> str:
    """The name of the check: `extension file`, or with the whole URI where that names no family."""
    return f"extension {_family(uri) or uri}"


def _family(uri: str) -> str | None:
    found = family_of(uri)
    return found[0] if found else None


def _remember(store: dict[Any, Any], key: Any, value: Any) -> None:
    if len(store) >= STAMPS_MAX:  # a hostile log could stamp anything
        store.clear()
    store[key] = value
