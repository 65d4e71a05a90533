"""The profiles that a process knows, as one value: which one a collection has, and which one a stamp means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from catalogue.profile import Profile
from catalogue.profile_file import BadProfile

ANY = "*"
PATTERNS_MAX = 200  # each is compared with each
NAMES_MAX = 10_000  # of collections that match a pattern, remembered


@dataclass(frozen=True, slots=True)
class Shelved:
    """A profile, the file it was read from, and whether that is an operator's rather than a shipped one."""

    profile: Profile
    file: str
    own: bool


class Profiles:
    """All profiles, immutable. BadProfile where two of them claim one collection with equal right.

    The greatest version of an id is the current one; of one version an operator's. Of the current ones an exact id
    wins over a pattern, a pattern over `*`, and among equals an operator's over a shipped one.
    """

    def __init__(self, shelved: Sequence[Shelved]) -> None:
        self.shelved = tuple(shelved)
        self._by_stamp = {_identity(each.profile.stamp): each.profile for each in self.shelved}
        self.current = tuple(_current(self.shelved))
        claims = [(pattern, each) for each in self.current for pattern in each.profile.collections]
        conflicts = tuple(_conflicts(claims))
        if conflicts:
            raise BadProfile(conflicts)
        # Own ones last, so that they take the place of shipped ones.
        claims.sort(key=lambda claim: claim[1].own)
        self._exact = {pattern: each.profile for pattern, each in claims if not _wild(pattern)}
        self._patterns = [
            (_expression(pattern), each.profile)
            for pattern, each in sorted(claims, key=lambda claim: (claim[0] == ANY, not claim[1].own))
            if _wild(pattern)
        ]
        self._matched: dict[str, Profile] = {}
        if all(pattern != ANY for pattern, _ in claims):
            raise BadProfile((f"no profile is for `{ANY}`, so some collections would have none.",))

    @property
    def all(self) -> tuple[Profile, ...]:
        """Every profile, old versions too."""
        return tuple(each.profile for each in self.shelved)

    def of(self, collection: str) -> Profile:
        """The profile of a collection; every one has one."""
        found = self._exact.get(collection) or self._matched.get(collection)
        if found is None:
            found = next(profile for pattern, profile in self._patterns if pattern.fullmatch(collection))
            if len(self._matched) < NAMES_MAX:
                self._matched[collection] = found
        return found

    def by_stamp(self, stamp: Mapping[str, Any]) -> Profile | None:
        """The very profile that an event names by {id, version, sha256}; None where it is not known here."""
        return self._by_stamp.get(_identity(stamp))


def _identity(stamp: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(stamp.get("id")), str(stamp.get("version")), str(stamp.get("sha256"))


def _order(each: Shelved) -> tuple[tuple[int, ...], bool]:
    return tuple(map(int, each.profile.version.split("."))), each.own


def _current(shelved: Sequence[Shelved]) -> Iterator[Shelved]:
    by_id: dict[str, list[Shelved]] = {}
    for each in shelved:
        by_id.setdefault(each.profile.id, []).append(each)
    for versions in by_id.values():
        greatest = max(versions, key=_order)
        rivals = [each for each in versions if _order(each) == _order(greatest)]
        if any(each.profile.stamp != greatest.profile.stamp for each in rivals):
            files = " and ".join(sorted(each.file for each in rivals))
            raise BadProfile((
                f"{files}: both hold the profile {greatest.profile.id} in version {greatest.profile.version}; "
                "give one of them a greater version.",
            ))  # fmt: skip
        yield greatest


def _conflicts(claims: Sequence[tuple[str, Shelved]]) -> Iterator[str]:
    """What two profiles of one rank and origin both claim."""
    ranks: dict[tuple[int, bool], list[tuple[str, Shelved]]] = {}
    for pattern, each in claims:
        ranks.setdefault((_rank(pattern), each.own), []).append((pattern, each))
    for (rank, _), found in ranks.items():
        if rank == 1 and len(found) > PATTERNS_MAX:
            yield f"the profiles have more than {PATTERNS_MAX} patterns of collections; name some by their ids."
            continue
        for (one, first), (other, second) in combinations(found, 2) if rank == 1 else _repeated(found):
            if first is not second and _meet(one, other):
                yield (
                    f"{first.file} and {second.file}: the profiles {first.profile.id} and {second.profile.id} "
                    f"both claim a collection: `{one}` and `{other}`."
                )


def _repeated(
    claims: Sequence[tuple[str, Shelved]],
) -> Iterator[tuple[tuple[str, Shelved], tuple[str, Shelved]]]:
    """Pairs with the same text."""
    seen: dict[str, tuple[str, Shelved]] = {}
    for claim in claims:
        first = seen.setdefault(claim[0], claim)
        if first is not claim:
            yield first, claim


def _wild(pattern: str) -> bool:
    return "*" in pattern or "?" in pattern


def _rank(pattern: str) -> int:
    return 2 if pattern == ANY else int(_wild(pattern))


def _expression(pattern: str) -> re.Pattern[str]:
    """`*` is any text, `?` any one character. Groups are atomic, so that no name takes long."""
    first, *rest = [
        "".join("." if char == "?" else re.escape(char) for char in part) for part in pattern.split("*")
    ]
    if not rest:
        return re.compile(first, re.DOTALL)
    middle = "".join(f"(?>.*?{part})" for part in rest[:-1])
    return re.compile(f"{first}{middle}.*{rest[-1]}", re.DOTALL)


def _meet(one: str, other: str) -> bool:
    """Whether some text fits both patterns."""
    reached = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        at, to = todo.pop()
        if at == len(one) and to == len(other):
            return True
        for step in _steps(one[at : at + 1], other[to : to + 1]):
            place = (at + step[0], to + step[1])
            if place not in reached:
                reached.add(place)
                todo.append(place)
    return False


def _steps(one: str, other: str) -> Iterator[tuple[int, int]]:
    """How far both patterns may go on together from these two characters (empty at an end)."""
    if one == "*":
        yield 1, 0
        if other and other != "*":
            yield 0, 1
    if other == "*":
        yield 0, 1
        if one and one != "*":
            yield 1, 0
    if one and other and "*" not in one + other and (one == other or "?" in one + other):
        yield 1, 1
