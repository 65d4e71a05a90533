"""Profiles: what a collection asks of its records. The fold sees only what a profile writes into `rules`."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from catalogue.content import canonical
from stream.errors import Finding, Refused
from stream.events import Rules


@dataclass(frozen=True)
class IdRule:
    """How an item id names its dataset and version, and how versions are ordered (`number` or `text`).

    `pattern` is a regular expression with the groups `dataset` and `version`; None: the id is the dataset.
    """

    pattern: str | None = None
    order: str = "text"

    def to_json(self) -> dict[str, Any]:
        return {"pattern": self.pattern, "order": self.order}


@dataclass(frozen=True)
class Profile:
    """The rules of a collection. `mutable` and the access lists are explained in `patch` and `replicas`."""

    id: str
    version: str
    ids: IdRule
    mutable: tuple[str, ...]
    access_keys: tuple[str, ...] = ()
    access_protocols: tuple[str, ...] = ()
    delete: str = "retract"

    @cached_property
    def stamp(self) -> dict[str, Any]:
        """What events carry of it: {id, version, sha256}."""
        return {
            "id": self.id,
            "version": self.version,
            "sha256": hashlib.sha256(canonical(asdict(self))).hexdigest(),
        }

    @cached_property
    def _pattern(self) -> re.Pattern[str] | None:
        return re.compile(self.ids.pattern) if self.ids.pattern else None

    def rules(self, item_id: str) -> Rules:
        """The rules of one item. Refused when the id does not fit the pattern."""
        dataset, version = item_id, None
        if self._pattern is not None:
            match = self._pattern.fullmatch(item_id)
            if match is None:
                finding = Finding(
                    "id-pattern", "/id", "does not fit the profile's pattern", item_id, self.ids.pattern
                )
                raise Refused(
                    "stac-validation", f"the id {item_id} does not fit the profile {self.id}", finding
                )
            dataset, version = match["dataset"], match["version"]
        sort = (int(version) if self.ids.order == "number" else version) if version is not None else 0
        return Rules(dataset, version, sort, self.mutable, self.access_keys, self.access_protocols)

    def collection_rules(self, collection: str) -> Rules:
        """The rules of the Collection's own record."""
        return Rules(collection, ids=self.ids.to_json())


_DESCRIPTION = (
    "/properties", "/links", "/geometry", "/bbox", "/stac_extensions", "/stac_version",
    "/assets/*/href", "/assets/*/title", "/assets/*/description", "/assets/*/type", "/assets/*/roles",
)  # fmt: skip
# The base id names the dataset and may not move away from the item's id.
_CMIP = (*_DESCRIPTION, "!/properties/title", "!/properties/base_id")
_ACCESS: dict[str, Any] = {"access_keys": ("globus", "reference_file"), "access_protocols": ("kerchunk",)}
_PART = r"(?:\.[A-Za-z0-9_-]+)"

_DATE = r"\.v(?P<version>[0-9]{8})"
_CMIP6_IDS = IdRule(rf"(?P<dataset>CMIP6{_PART}{{8}}){_DATE}", "number")
_CMIP7_IDS = IdRule(rf"(?P<dataset>MIP-DRS7\.CMIP7{_PART}{{10}}){_DATE}", "number")

PROFILES: dict[str, Profile] = {
    "CMIP6": Profile("CMIP6", "1", _CMIP6_IDS, _CMIP, **_ACCESS),
    "CMIP7": Profile("CMIP7", "1", _CMIP7_IDS, _CMIP, **_ACCESS),
}
DEFAULT = Profile("default", "1", IdRule(), _DESCRIPTION)


def profile_of(collection: str) -> Profile:
    """The profile of a collection: its own, else the default, by which every item is a dataset of one version."""
    return PROFILES.get(collection, DEFAULT)
