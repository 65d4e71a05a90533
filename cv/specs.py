"""What a project of the newer layout says of its catalogue: which properties its facets become, and of what facets a
dataset id is joined.

A place that takes one term of a facet only (`source_collection_term`) refers to a facet of that term alone, named
`version.creationdatenb`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cv.errors import BadVocabulary
from cv.layout import CATALOG_SPECS, DRS_SPECS, Files
from cv.nearest import Choices
from cv.terms import Folder
from cv.text import mapping, read_yaml, text
from cv.vocabulary import Facet, Field

VERSION_TYPES = (
    "directory_date",
)  # the last part of an id of one of these is the version, not the dataset's
LISTS = ("string_array", "array")
ENTRIES_MAX = 1_000


class Specs:
    """Reads the specifications against facets, to which facets of one term may be added."""

    def __init__(
        self, files: Files, project: str, folders: dict[str, Folder], facets: dict[str, Facet]
    ) -> None:
        self._files, self._project, self._folders = files, project, folders
        self.facets = facets
        self.warnings: list[str] = []

    def fields(self) -> tuple[Field, ...]:
        """One for each of `dataset_properties`. BadVocabulary: one names a facet that is not there."""
        found: dict[str, Field] = {}
        for entry in self._entries(CATALOG_SPECS, "dataset_properties"):
            field = self._field(entry)
            if field.property in found and found[field.property] != field:
                raise BadVocabulary(f"{field.property} is described twice", CATALOG_SPECS)
            found[field.property] = field
        return tuple(found.values())

    def id_parts(self) -> tuple[str, ...]:
        """The facets of the dataset id, without a version at its end."""
        parts = list(self._entries(DRS_SPECS, "dataset_id", "parts"))
        names = [self._facet(entry, DRS_SPECS) for entry in parts]
        if any(name is None for name in names):
            raise BadVocabulary("a part of dataset_id has no source_collection", DRS_SPECS)
        known = [name for name in names if name is not None]
        if known and self._is_version(known[-1]):
            known.pop()
        return tuple(known)

    def _is_version(self, facet: str) -> bool:
        folder = self._folders.get(facet.partition(".")[0])
        return folder is not None and folder.base in VERSION_TYPES

    def _entries(self, path: str, *place: str) -> Iterator[dict[str, Any]]:
        if path not in self._files:
            return
        found: Any = mapping(read_yaml(path, self._files[path]), path)
        for name in place:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        if not found:
            return
        if not isinstance(found, list) or len(found) > ENTRIES_MAX:
            raise BadVocabulary(f"{'.'.join(place)} must be a list of at most {ENTRIES_MAX}", path)
        for entry in found:
            if not isinstance(entry, dict):
                raise BadVocabulary(f"{'.'.join(place)} must be a list of mappings", path)
            yield entry

    def _field(self, entry: dict[str, Any]) -> Field:
        facet = self._facet(entry, CATALOG_SPECS)
        name = text(entry.get("catalog_field_name")) or text(entry.get("source_collection"))
        if name is None:
            raise BadVocabulary(
                "a property has neither catalog_field_name nor source_collection", CATALOG_SPECS
            )
        fact = text(entry.get("source_collection_key"))
        if facet and fact and not any(fact in term.facts for term in self.facets[facet].terms):
            self.warnings.append(f"{CATALOG_SPECS}: {name}: no term of {facet} says its {fact}")
        return Field(
            f"{self._project}:{name}",
            facet,
            fact,
            many=text(entry.get("catalog_field_value_type")) in LISTS,
            required=text(entry.get("is_required")) == "true",
        )

    def _facet(self, entry: dict[str, Any], path: str) -> str | None:
        facet = text(entry.get("source_collection"))
        if facet is None:
            return None
        if facet not in self.facets:
            near = Choices(self.facets).nearest(facet)
            raise BadVocabulary(
                f"there is no facet {facet}" + (f"; nearest: {', '.join(near)}" if near else ""), path
            )
        term = text(entry.get("source_collection_term"))
        return facet if term is None else self._narrowed(facet, term, path)

    def _narrowed(self, facet: str, term: str, path: str) -> str:
        terms = tuple(each for each in self.facets[facet].terms if each.id == term)
        if not terms:
            raise BadVocabulary(f"{facet} has no term {term}", path)
        name = f"{facet}.{term}"
        self.facets[name] = Facet(name, terms)
        return name
