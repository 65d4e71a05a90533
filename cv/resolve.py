"""From references to terms: a project of the newer layout with its universe becomes facets that are complete.

A file of a project names a term of the universe by folder and file name, and its own members override what is said
there. What is published is `drs_name`, or what matches `regex`, or what is joined of `parts`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cv.errors import BadVocabulary
from cv.facts import Facts, facts_of, homes_of
from cv.nearest import Choices
from cv.patterns import compiled
from cv.resolved import Resolved, no_name_twice, path_of, same_but_for_case
from cv.terms import NO_FACTS, Folder, TermFile
from cv.universe import Members, Universe
from cv.vocabulary import Facet, Kind, Part, Term

PARTS_MAX = 16
LISTED_MAX = 20  # names in one warning


class Resolver:
    """One project with its universe."""

    def __init__(self, folders: Mapping[str, Folder], universe: Universe) -> None:
        self._folders, self._universe = folders, universe
        self.warnings: list[str] = []
        self._found = {name: self._facet(folder) for name, folder in sorted(folders.items())}
        self._by_id = {
            name: {each.id.casefold(): each for each in found} for name, found in self._found.items()
        }
        self._facet_of: dict[str, str] = {}  # folder of the universe -> facet
        self._absent: dict[
            tuple[str, str], list[str]
        ] = {}  # (facet, fact) -> terms that name what is not there

    def facets(self) -> dict[str, Facet]:
        """All facets, with those that only composite terms need. BadVocabulary names the file."""
        done: dict[str, Facet] = {}
        while open_ := [name for name in self._found if name not in done]:
            for name in open_:
                terms = sorted((self._term(each) for each in self._found[name]), key=lambda term: term.id)
                done[name] = Facet(name, tuple(terms))
        for name in done:
            self._no_circle(done, name, ())
        for (facet, fact), said in self._absent.items():
            self._warn(facet, f"their {fact} names terms that the project does not have ({{}})", said)
        return dict(sorted(done.items()))

    def _facet(self, folder: Folder) -> list[Resolved]:
        found: dict[str, Resolved] = {}
        missing: list[str] = []
        twice: list[str] = []
        for file in folder.terms:
            home, members = self._reference(folder, file)
            if members is None and not {"drs_name", "regex", "parts"} & file.members.keys():
                missing.append(self._missing(home, file))
            each = Resolved(file, home, file.id, {**(members or {}), **file.members})
            other = found.get(file.id.casefold())
            if other is not None:
                if not same_but_for_case(file, other.file):
                    raise each.bad(f"the term {file.id} is also in {path_of(other)}", "id")
                twice.append(f"{other.id} and {file.id}")
            found[file.id.casefold()] = each
        no_name_twice(found.values())
        self._warn(
            folder.name, "not in the universe, so that the id is taken for what is published ({})", missing
        )
        self._warn(folder.name, "there twice, in different case, and counted once ({})", twice)
        return list(found.values())

    def _warn(self, where: str, message: str, names: list[str]) -> None:
        if names:
            shown = ", ".join(names[:LISTED_MAX]) + (", ..." if len(names) > LISTED_MAX else "")
            self.warnings.append(f"{where}: {message.format(len(names))}: {shown}")

    def _reference(self, folder: Folder, file: TermFile) -> tuple[str, Members | None]:
        """(folder of the universe, members there)."""
        homes = [home for home in (folder.base, file.type, folder.name) if home]
        for home in homes:
            members = self._universe.find(home, file.id)
            if members is not None:
                return home, members
        return next((home for home in homes if home in self._universe.folders), homes[0]), None

    def _missing(self, home: str, file: TermFile) -> str:
        near = Choices(self._universe.folders.get(home, ())).nearest(file.id)
        return file.id + (f" (nearest: {', '.join(near)})" if near else "")

    def _term(self, each: Resolved) -> Term:
        facts = self._facts(each)
        match each.kind:
            case Kind.PATTERN:
                try:
                    compiled(each.name)
                except ValueError as error:
                    raise each.bad(f"{error}: {each.name[:100]}", "regex") from error
                return Term(each.id, each.name, Kind.PATTERN, facts)
            case Kind.COMPOSITE:
                separator = str(each.members.get("separator") or "")
                return Term(each.id, each.id, Kind.COMPOSITE, facts, separator, tuple(self._parts(each)))
        return Term(each.id, each.name, Kind.PLAIN, facts)

    def _facts(self, each: Resolved) -> Facts:
        """What it says, with ids of terms replaced by what is published."""
        facts = facts_of(each.members, NO_FACTS)
        facet = each.file.path.partition("/")[0] if each.file else each.folder
        own = self._folders[facet].targets if each.file else {}
        targets = {**self._universe.targets.get(each.folder, {}), **own}
        found = {}
        for name, texts in facts.items():
            homes = [home for home in (targets.get(name), *homes_of(name)) if home and self._known(home)]
            found[name] = tuple(self._published(homes, text) for text in texts)
            absent = [text for text in texts if self._is_absent(homes, text)]
            if absent:
                self._absent.setdefault((facet, name), []).append(f"{each.name} ({', '.join(absent)})")
        return found

    def _known(self, home: str) -> bool:
        return home in self._found or home in self._universe.folders

    def _published(self, homes: list[str], text: str) -> str:
        return next(filter(None, (self._name(home, text) for home in homes)), text)

    def _is_absent(self, homes: list[str], text: str) -> bool:
        """Whether it names a term of the universe, of a facet that the project has, but not with this term."""
        own = [facet for home in homes if (facet := self._home_facet(home))]
        known = any(self._universe.find(home, text) is not None for home in homes)
        return known and bool(own) and not any(text.casefold() in self._by_id[facet] for facet in own)

    def _name(self, home: str, term: str) -> str | None:
        for facet in filter(None, (home if home in self._found else None, self._home_facet(home))):
            known = self._by_id[facet].get(term.casefold())
            if known is not None:
                return known.name if known.kind is Kind.PLAIN else None
        members = self._universe.find(home, term)
        return str(members.get("drs_name") or "") or None if members else None

    def _home_facet(self, home: str) -> str | None:
        """The facet whose terms are those of a folder of the universe; the one called most like it, if several."""
        if home not in self._facet_of:
            like = [name for name, found in self._found.items() if any(each.folder == home for each in found)]
            like.sort(key=lambda name: (name != home, name != f"{home}_id", name))
            self._facet_of[home] = like[0] if like else home if home in self._found else ""
        return self._facet_of[home] or None

    def _parts(self, each: Resolved) -> Iterator[Part]:
        parts = each.members["parts"]
        if not isinstance(parts, list) or not 1 <= len(parts) <= PARTS_MAX:
            raise each.bad(f"`parts` must be a list of 1 to {PARTS_MAX} parts", "parts")
        for index, said in enumerate(parts):
            home = said.get("type") if isinstance(said, dict) else None
            if not isinstance(home, str) or not home:
                raise each.bad("a part must be an object with a `type`", "parts", index)
            required = said.get("is_required", True)
            if not isinstance(required, bool):
                raise each.bad("`is_required` must be true or false", "parts", index)
            facet = self._facet_for(home)
            if facet is None:
                raise each.bad(f"neither the project nor the universe has terms of {home}", "parts", index)
            yield replace(Part(facet, required), names=self._restricted(each, facet, said.get("id"), index))

    def _facet_for(self, home: str) -> str | None:
        """The facet that a part names; one that the project has not is taken from the universe as a whole."""
        known = self._home_facet(home)
        if known is not None or not self._universe.folders.get(home):
            return known
        found = [
            Resolved(None, home, str(members.get("id") or key), members)
            for key, members in self._universe.folders[home].items()
        ]
        self._found[home], self._facet_of[home] = found, home
        self._by_id[home] = {each.id.casefold(): each for each in found}
        return home

    def _restricted(self, each: Resolved, facet: str, said: Any, index: int) -> tuple[str, ...]:
        if said is None:
            return ()
        ids = said if isinstance(said, list) else [said]
        if not all(isinstance(term, str) for term in ids):
            raise each.bad("the `id` of a part must be text or a list of texts", "parts", index)
        known = [self._by_id[facet].get(term.casefold()) for term in ids]
        absent = [term for term, found in zip(ids, known, strict=True) if found is None]
        if len(absent) == len(ids):
            raise each.bad(f"{facet} has none of the terms {', '.join(absent)[:200]}", "parts", index)
        if absent:
            self.warnings.append(f"{path_of(each)}: {facet} lacks {', '.join(absent[:LISTED_MAX])}")
        return tuple(found.name for found in known if found)

    def _no_circle(self, facets: Mapping[str, Facet], name: str, within: tuple[str, ...]) -> None:
        if name in within:
            raise BadVocabulary(
                f"composite terms are parts of themselves: {' in '.join((*within, name))}", name
            )
        for part in {part.facet for term in facets[name].composites for part in term.parts}:
            self._no_circle(facets, part, (*within, name))
