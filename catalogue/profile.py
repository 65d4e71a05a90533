"""Profiles: what a collection asks of its records. The fold sees only what a profile writes into `rules`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

import re2

from catalogue.content import canonical
from stream.errors import Finding, Refused
from stream.events import Rules


@dataclass(frozen=True)
class IdRule:
    """How an item id names its dataset and version, and how versions are ordered (`number` or `text`).

    `pattern` is a regular expression (RE2) with the groups `dataset` and `version`; None: the id is the dataset.
    """

    pattern: str | None = None
    order: str = "text"

    def to_json(self) -> dict[str, Any]:
        return {"pattern": self.pattern, "order": self.order}


@dataclass(frozen=True)
class FacetRule:
    """What one property has to be. `facet`: a term of that facet of the vocabulary, where it has that facet.
    `pattern`: what this regular expression (RE2) matches as a whole; an integer counts as its digits. Both: the
    pattern counts where the vocabulary lacks the facet. Neither: any value, if only it is there where `required`.

    `many`: the property is a list. `groups`: named group of the pattern -> further property whose value it is, where
    an item does not have that. `defaults`: further property -> its value where the group took no part.
    """

    property: str
    facet: str | None = None
    pattern: str | None = None
    many: bool = False
    required: bool = False
    defaults: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Participation:
    """The values of `property` have to be among what the term in `term` says in the first of `facts` that it has.

    A term without any of the facts says nothing, and nothing is found.
    """

    check: str
    term: str
    facts: tuple[str, ...]
    property: str
    level: str = "error"


@dataclass(frozen=True)
class Composition:
    """`property` is joined of others: `{name}` is the value of a property, and what stands in `[...]` is left out
    where the property in it is absent or has the value that `empty` names for it.

    Where a property outside `[...]` is absent, nothing is found.
    """

    check: str
    property: str
    template: str
    empty: Mapping[str, str] = field(default_factory=dict)
    level: str = "error"


@dataclass(frozen=True)
class Pairing:
    """For each value of `property` that `allowed` names, the values of `other` have to be among the listed ones."""

    check: str
    property: str
    other: str
    allowed: Mapping[str, tuple[str, ...]]
    level: str = "error"


CrossCheck = Participation | Composition | Pairing


@dataclass(frozen=True)
class ExtensionRule:
    """Which STAC extensions an item declares. A family is the name in the URI before its version (`file`).

    `required`: family -> least version. `allowed`: further families; None: any. `unknown`: what to do about a URI
    without an imported schema, `refuse` or `accept` (unchecked, with a note).
    """

    required: Mapping[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] | None = None
    unknown: str = "accept"


@dataclass(frozen=True)
class AssetRule:
    """What assets have to be like. `protocols`: the values of an asset's `protocol`, empty: any.

    `needed`: members of every data asset, mere ways to the data left out. `keys` and `roles`: at least one asset
    has this key, that role.
    """

    protocols: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """The rules of a collection. `mutable` and the access lists are explained in `patch` and `replicas`.

    `parts` are the properties that the dataset id is joined of, with dots between; `same` maps a property to what of
    the id it repeats: `dataset` or `version`. `missing_vocabulary` and `unknown_terms` are `accept` or `refuse`, and
    `warn` or `refuse`. `longitudes` are the least and greatest allowed, in degrees.
    """

    id: str
    version: str
    ids: IdRule
    mutable: tuple[str, ...]
    access_keys: tuple[str, ...] = ()
    access_protocols: tuple[str, ...] = ()
    delete: str = "retract"
    collections: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    same: Mapping[str, str] = field(default_factory=dict)
    vocabulary: str | None = None
    missing_vocabulary: str = "accept"
    unknown_terms: str = "refuse"
    facets: tuple[FacetRule, ...] = ()
    derive_facets: str | None = None  # the prefix of properties taken from the vocabulary's own fields
    cross_checks: tuple[CrossCheck, ...] = ()
    extensions: ExtensionRule = field(default_factory=ExtensionRule)
    assets: AssetRule = field(default_factory=AssetRule)
    links: tuple[str, ...] = ()
    longitudes: tuple[float, float] = (-180.0, 180.0)
    null_geometry: bool = True
    retracted: str = "exclude"  # what a search shows of retracted records unless it says so itself
    title: str = ""
    document: Mapping[str, Any] | None = field(
        default=None, compare=False, repr=False
    )  # the file it was read from

    @cached_property
    def stamp(self) -> dict[str, Any]:
        """What events carry of it: {id, version, sha256}. The digest is that of the file's content as canonical
        JSON: other software reads the same file and finds the same."""
        source = asdict(self) if self.document is None else self.document
        return {
            "id": self.id,
            "version": self.version,
            "sha256": hashlib.sha256(canonical(source)).hexdigest(),
        }

    @cached_property
    def _pattern(self) -> tuple[re2._Regexp[bytes], int, int] | None:
        """The expression, and the numbers of its groups `dataset` and `version`."""
        if self.ids.pattern is None:
            return None
        groups = re2.compile(self.ids.pattern).groupindex
        # For bytes: three times as fast as for text, of which the library counts the characters.
        return re2.compile(self.ids.pattern.encode()), groups["dataset"], groups["version"]

    @cached_property
    def _parsed(self) -> list[tuple[str | None, tuple[str, str | None] | None]]:
        """The last id that was taken apart: one item's is asked for several times on its way."""
        return [(None, None)]

    def parse(self, item_id: str) -> tuple[str, str | None] | None:
        """Dataset and version that the id names; None where it does not fit the pattern."""
        last, found = self._parsed[0]
        if item_id == last:
            return found
        found = self._parse(item_id)
        self._parsed[0] = item_id, found
        return found

    def _parse(self, item_id: str) -> tuple[str, str | None] | None:
        if self._pattern is None:
            return item_id, None
        pattern, first, second = self._pattern
        encoded = item_id.encode(errors="replace")
        match = pattern.fullmatch(encoded)
        if match is None:
            return None
        (start, end), (begin, last) = match.span(first), match.span(second)
        if start < 0 or begin < 0:  # the group took no part
            return None
        dataset, version = encoded[start:end].decode(), encoded[begin:last].decode()
        numbered = self.ids.order != "number" or (version.isascii() and version.isdigit())
        return (dataset, version) if dataset and numbered else None

    def rules(self, item_id: str) -> Rules:
        """The rules of one item. Refused when the id does not fit the pattern."""
        found = self.parse(item_id)
        if found is None:
            finding = Finding(
                "id-pattern", "/id", "does not fit the profile's pattern", item_id, self.ids.pattern
            )
            raise Refused("stac-validation", f"the id {item_id} does not fit the profile {self.id}", finding)
        dataset, version = found
        sort = (int(version) if self.ids.order == "number" else version) if version is not None else 0
        return Rules(dataset, version, sort, self.mutable, self.access_keys, self.access_protocols)

    def collection_rules(self, collection: str) -> Rules:
        """The rules of the Collection's own record."""
        return Rules(collection, ids=self.ids.to_json())
