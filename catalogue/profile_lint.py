"""What a schema cannot say of a profile: expressions that compile, groups and properties that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Any

import re2
from rapidfuzz import process
from rapidfuzz.distance import Indel

Path = tuple[str | int, ...]
Fault = tuple[Path, str]
Json = dict[str, Any]

ALIKE_MIN = 0.6  # of 1, for a name that may have been meant

PIECE = re.compile(r"\[(?P<optional>[^\[\]]*)\]|\{(?P<name>[^\[\]{}]+)\}|(?P<text>[^\[\]{}]+)")
NAME = re.compile(r"\{([^{}]+)\}")


def faults(document: Json) -> Iterator[Fault]:
    """Each fault of a document that its schema accepts: where, and a sentence with the subject first."""
    yield from _id(document.get("id", {}))
    for name, rule in document.get("facets", {}).items():
        yield from _facet(("facets", name), rule, "vocabulary" in document)
    known = _Known(document)
    for index, name in enumerate(document.get("id", {}).get("parts", ())):
        yield from known.missing(("id", "parts", index), name)
    for name, rule in document.get("cross_checks", {}).items():
        yield from _cross_check(("cross_checks", name), rule, known)
    low, high = document.get("geometry", {}).get("longitudes", (-180, 180))
    if low >= high:
        yield ("geometry", "longitudes"), "`longitudes` must begin with the lesser one."


def nearest(name: str, known: Set[str]) -> str:
    """A hint at the known name that is most like the given one; empty where none is."""
    found = process.extractOne(
        name[:200], sorted(known), scorer=Indel.normalized_similarity, score_cutoff=ALIKE_MIN
    )
    return f"; did you mean `{found[0]}`?" if found else "."


class _Known:
    """The properties that a profile speaks of."""

    def __init__(self, document: Json) -> None:
        rules: dict[str, Json] = document.get("facets", {})
        self.names = {*rules, *(each for rule in rules.values() for each in rule.get("groups", {}).values())}
        self.terms = {name for name, rule in rules.items() if "facet" in rule}
        self.derived: str | None = document.get("vocabulary", {}).get("derive")

    def missing(self, path: Path, name: str, *, term: bool = False) -> Iterator[Fault]:
        known = self.terms if term else self.names
        if name in known or (self.derived is not None and name.startswith(self.derived)):
            return
        what = "no property of `facets` with a facet" if term else "no property of `facets`"
        yield path, f"`{name}` is {what}{nearest(name, known)}"


def _compiled(path: Path, pattern: str) -> tuple[Set[str], list[Fault]]:
    """The named groups of an expression, or what RE2 has against it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return set(re2.compile(pattern, options).groupindex), []
    except re2.error as error:
        [reason] = error.args
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        return set(), [(path, f"`pattern` is no regular expression of RE2: {told}.")]
    except UnicodeEncodeError:
        return set(), [(path, "`pattern` is no regular expression of RE2: it is not text.")]


def _id(rule: Json) -> Iterator[Fault]:
    if "pattern" not in rule:
        return
    path: Path = ("id", "pattern")
    groups, wrong = _compiled(path, rule["pattern"])
    yield from wrong
    for name in ("dataset", "version"):
        if not wrong and name not in groups:
            yield path, f"`pattern` must have the group `{name}`: (?P<{name}>...)."


def _facet(path: Path, rule: Json, vocabulary: bool) -> Iterator[Fault]:
    if "facet" in rule and not vocabulary:
        yield (*path, "facet"), "`facet` needs a `vocabulary`."
    if "pattern" not in rule:
        return
    names, wrong = _compiled((*path, "pattern"), rule["pattern"])
    yield from wrong
    groups: dict[str, str] = rule.get("groups", {})
    if not wrong:
        for name in sorted(groups.keys() - names):
            yield (*path, "groups", name), f"`{name}` is no group of the pattern{nearest(name, names)}"
        for name in sorted(names - groups.keys()):
            yield (*path, "pattern"), f"`{name}` is a group that `groups` does not name."
    targets = set(groups.values())
    for name in rule.get("defaults", {}):
        if name not in targets:
            yield (*path, "defaults", name), f"`{name}` is no property of `groups`{nearest(name, targets)}"


def _cross_check(path: Path, rule: Json, known: _Known) -> Iterator[Fault]:
    yield from known.missing((*path, "property"), rule["property"])
    if "other" in rule:
        yield from known.missing((*path, "other"), rule["other"])
    if "term" in rule:
        yield from known.missing((*path, "term"), rule["term"], term=True)
    if "template" in rule:
        yield from _template((*path, "template"), rule, known)


def _template(path: Path, rule: Json, known: _Known) -> Iterator[Fault]:
    template: str = rule["template"]
    pieces = list(PIECE.finditer(template))
    inner = [piece["optional"] for piece in pieces if piece["optional"] is not None]
    broken = "".join(piece[0] for piece in pieces) != template
    if broken or any(NAME.sub("", each).strip("{}") != NAME.sub("", each) for each in inner):
        yield path, "`template` has a bracket or brace without its other half, or one within another."
        return
    optional = {name for each in inner for name in NAME.findall(each)}
    names = [*NAME.findall(template)]
    if not names:
        yield path, "`template` names no property: write {name}."
    if any(not NAME.search(each) for each in inner):
        yield path, "`template` has brackets that name no property, so nothing says when to leave them out."
    for name in dict.fromkeys(names):
        yield from known.missing(path, name)
        if name == rule["property"]:
            yield path, f"`template` names the property `{name}` that it makes."
    for name in rule.get("empty", {}):
        if name not in optional:
            at = (*path[:-1], "empty", name)
            yield at, f"`{name}` is in no brackets of the template{nearest(name, optional)}"
