"""Which properties the records of some collections have, and how clients spell them.

A property such as `cmip6:activity_id` has a namespace and a local name. Clients also write it `cmip6_activity_id`,
`<collection in lower case>_activity_id` or, where that is clear, `activity_id`; hyphens and underscores are not told
apart in these. Facet names hold underscores themselves, so nothing is cut at one: every place is tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice

from catalogue.aggregations import Bucket, Kind, Named
from catalogue.filters import NODES
from checks.accepted import Rule

PREFIX = "properties."
NAME_CHARS_MAX = 200  # of what a client writes
# What ESGF's search pages ask of every project, in one list with all others, whether it has such a facet or not.
ASKED_OF_ALL = frozenset({
    "activity_id", "area_label", "cf_standard_name", "data_specs_version", "experiment", "experiment_id",
    "experiment_title", "frequency", "further_info_url", "grid", "grid_label", "horizontal_label", "instance_id",
    "institution", "institution_id", "mip_era", "nominal_resolution", "realm", "source", "source_id", "source_type",
    "sub_experiment", "sub_experiment_id", "table_id", "temporal_label", "variable_branding_suffix",
    "variable_cf_standard_name", "variable_id", "variable_long_name", "variant_label", "vertical_label",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Property:
    """`kinds` and `many` as the records have it; without any record they are empty and False.

    `allowed` are the values that a vocabulary allows, None: it names none. `facet`: a profile or vocabulary names it.
    """

    name: str
    kinds: frozenset[Kind] = frozenset()
    many: bool = False
    facet: bool = False
    allowed: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Known:
    """The properties of the records of `collections`, of which there are `records`."""

    collections: tuple[str, ...]
    properties: Mapping[str, Property]
    records: int = 0

    def find(self, spelled: str) -> tuple[str, ...]:
        """The property that is meant; several where it is not clear which, none where there is none."""
        name = spelled.removeprefix(PREFIX)
        if name in self.properties:
            return (name,)
        plain = _plain(name)
        return self._whole.get(plain) or self._prefixed(plain) or self._local.get(plain, ())

    def rests(self, spelled: str) -> tuple[str, ...]:
        """What is left of a name when one of the collections is taken off its front."""
        return tuple(rest for _, rest in self._parts(_plain(spelled)))

    def asked_of_all(self, spelled: str) -> bool:
        """Whether it stands for a property in a collection's namespace that may well have no values."""
        return any(not self.records or rest in ASKED_OF_ALL for rest in self.rests(spelled))

    def _prefixed(self, plain: str) -> tuple[str, ...]:
        for space, rest in self._parts(plain):
            found = self._local.get(rest) or self._whole.get(rest, ())
            own = tuple(name for name in found if _plain(_space(name)) == space)
            bare = tuple(name for name in found if not _space(name))
            other = tuple(name for name in found if _plain(_space(name)) not in self._spaces)
            if own or bare or other:
                return own or bare or other
        return ()

    def _parts(self, plain: str) -> Iterator[tuple[str, str]]:
        """Every way to take a collection off the front."""
        for at, letter in enumerate(plain):
            if letter == "_" and plain[:at] in self._spaces and plain[at + 1 :]:
                yield plain[:at], plain[at + 1 :]

    @cached_property
    def _spaces(self) -> frozenset[str]:
        return frozenset(_plain(collection.lower()) for collection in self.collections)

    @cached_property
    def _whole(self) -> dict[str, tuple[str, ...]]:
        return _grouped((_plain(name), name) for name in self.properties)

    @cached_property
    def _local(self) -> dict[str, tuple[str, ...]]:
        return _grouped((_plain(_part(name)), name) for name in self.properties)


@dataclass
class Gathered:
    """Properties as they are put together from the records and the rules. At most `limit` of them."""

    limit: int
    found: dict[str, Property] = field(default_factory=dict)

    def add_rule(self, rule: Rule, allowed: tuple[str, ...] | None) -> None:
        """A facet of a profile. What two profiles allow is joined; where one names no values, none are named."""
        old = self.found.get(rule.property)
        if old is None:
            if len(self.found) < self.limit:
                self.found[rule.property] = Property(
                    rule.property, many=rule.many, facet=True, allowed=allowed
                )
            return
        both = old.allowed is not None and allowed is not None
        joined = tuple(sorted({*(old.allowed or ()), *(allowed or ())})) if both else None
        self.found[rule.property] = replace(old, many=old.many or rule.many, allowed=joined)

    def add_seen(self, buckets: Iterable[Bucket]) -> None:
        """What a store has counted for `Names`."""
        for bucket in islice(buckets, self.limit):
            if not isinstance(bucket.key, Named) or bucket.key.name == NODES:
                continue
            name, kind, many = bucket.key
            old = self.found.get(name) or Property(name)
            if name in self.found or len(self.found) < self.limit:
                self.found[name] = replace(old, kinds=old.kinds | {kind}, many=old.many or many)


def aggregation_name(name: str) -> str:
    """What an aggregation over this property is called, without what it counts."""
    return name.replace(":", "_")


def _plain(name: str) -> str:
    return name[:NAME_CHARS_MAX].replace(":", "_").replace("-", "_")


def _space(name: str) -> str:
    return name.partition(":")[0] if ":" in name else ""


def _part(name: str) -> str:
    return name.partition(":")[2] if ":" in name else name


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    return {key: tuple(sorted(names)) for key, names in found.items()}
