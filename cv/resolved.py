"""A term of a project as it is after its own members are laid over those of the universe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cv.errors import BadVocabulary
from cv.terms import TermFile
from cv.universe import Members
from cv.vocabulary import Kind


@dataclass(frozen=True, slots=True)
class Resolved:
    """A term before what it says of other terms is put in their published names."""

    file: TermFile | None  # None: it is of the universe
    folder: str  # of the universe
    id: str
    members: Members

    @property
    def kind(self) -> Kind:
        own = self.file.members if self.file else {}
        for members in (own, self.members):  # what the project says itself is meant
            if members.get("regex"):
                return Kind.PATTERN
            if members.get("parts"):
                return Kind.COMPOSITE
            if members.get("drs_name"):
                return Kind.PLAIN
        return Kind.PLAIN

    @property
    def name(self) -> str:
        match self.kind:
            case Kind.PATTERN:
                return str(self.members["regex"])
            case Kind.PLAIN:
                return str(self.members.get("drs_name") or self.id)
        return self.id

    def bad(self, message: str, *place: str | int) -> BadVocabulary:
        """The error, at the place in the project's file, or in the universe."""
        if self.file is not None and (not place or place[0] in self.file.members):
            return self.file.bad(message, *place)
        return BadVocabulary(message, f"universe: {self.folder}/{self.id}")


def path_of(each: Resolved) -> str:
    """Where it is written."""
    return each.file.path if each.file else f"universe: {each.folder}/{each.id}"


def same_but_for_case(one: TermFile, other: TermFile | None) -> bool:
    """Published projects have kept a term under its old and its new spelling; that is one term."""
    if other is None or one.id == other.id:
        return False
    return {**one.members, "id": ""} == {**other.members, "id": ""}


def no_name_twice(found: Iterable[Resolved]) -> None:
    """BadVocabulary: two plain terms are published under one name."""
    names: dict[str, Resolved] = {}
    for each in found:
        if each.kind is Kind.PLAIN:
            other = names.setdefault(each.name, each)
            if other is not each:
                raise each.bad(f"{each.name} is also published by {path_of(other)}", "id")
