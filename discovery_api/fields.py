"""The fields extension: which members of an Item or a Collection a searcher wants.

Names are paths with dots; the name of a property may stand without `properties.`. Without `include`, `exclude` takes
from the whole Item; an empty or null one stands for the default set; else there is what is included, and what says
which Item it is. What is named in both is included.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from discovery_api.refusals import malformed

FIELDS_MAX = 256
NAME_CHARACTERS_MAX = 1024
ALWAYS = ("type", "stac_version", "id", "collection")
_TOP = frozenset({*ALWAYS, "stac_extensions", "geometry", "bbox", "links", "assets", "properties"})


class Members(NamedTuple):
    """What is in front of a name that is no member itself, and what makes an answer a valid one of its kind."""

    within: str
    default: tuple[str, ...]


# `datetime` of an Item is null where the other two are there.
ITEM = Members(
    "properties.",
    (*ALWAYS, "geometry", "bbox", "links", "assets",
     "properties.datetime", "properties.start_datetime", "properties.end_datetime"),
)  # fmt: skip
COLLECTION = Members("", (*ALWAYS, "title", "description", "license", "extent", "links"))
Json = dict[str, Any]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A wish: what is included, and what is left out of it. `whole`: nothing but `exclude` was said."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    whole: bool = False
    default: tuple[str, ...] = ITEM.default

    def of(self, item: Json) -> Json:
        """The wanted part of an Item, which stays as it is."""
        found: Json = dict(item) if self.whole else {}
        for name in () if self.whole else ALWAYS if self.include else self.default:
            _copy(item, found, name)
        for name in self.exclude:
            found = _without(found, name)
        for name in self.include:
            _copy(self._narrowed(item, name), found, name)
        return found

    def _narrowed(self, item: Json, included: str) -> Json:
        """The Item without what is excluded inside of `included`."""
        for name in self.exclude:
            if name.startswith(included + "."):
                item = _without(item, name)
        return item


def read_fields(parameters: Mapping[str, Any], of: Members = ITEM) -> Fields | None:
    """The wish in the parameters: an object with `include` and `exclude`, or the text of a GET. None: everything.

    `of` tells whose members they are.
    """
    if "fields" not in parameters:
        return None
    value = parameters["fields"]
    if isinstance(value, str):
        return _from_text(value, of)
    if not isinstance(value, dict):
        raise malformed("fields", 'is an object: {"include": [..], "exclude": [..]}')
    if unknown := value.keys() - {"include", "exclude"}:
        raise malformed("fields", f"has include and exclude, not {min(unknown)[:40]}")
    include, exclude = (_names(value.get(side), f"fields/{side}") for side in ("include", "exclude"))
    return _fields(include, exclude, of, whole=bool(exclude) and "include" not in value)


def _from_text(text: str, of: Members) -> Fields:
    """`a,+b,-c`; a plus of an address arrives as a space."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    include = [name.removeprefix("+") for name in names if name[0] != "-"]
    exclude = [name[1:] for name in names if name[0] == "-"]
    return _fields(
        _names(include, "fields"), _names(exclude, "fields"), of, whole=bool(exclude) and not include
    )


def _fields(include: Sequence[str], exclude: Sequence[str], of: Members, *, whole: bool) -> Fields:
    if len(include) + len(exclude) > FIELDS_MAX:
        raise malformed("fields", f"names more than {FIELDS_MAX}")
    include, exclude = ([_full(name, of.within) for name in names] for names in (include, exclude))
    return Fields(tuple(include), tuple(name for name in exclude if name not in include), whole, of.default)


def _names(value: Any, place: str) -> list[str]:
    found = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise malformed(place, "is a list of names")
    if any(not name or len(name) > NAME_CHARACTERS_MAX for name in found):
        raise malformed(place, f"holds a name that is empty or longer than {NAME_CHARACTERS_MAX} characters")
    return found


def _full(name: str, within: str) -> str:
    """As a path from the top."""
    return name if name.partition(".")[0] in _TOP else within + name


def _keys(where: Json, name: str) -> Iterator[tuple[str, str]]:
    """Ways to read the first key of a path, and the rest: keys may hold dots themselves, as file names do."""
    if name in where:
        yield name, ""
    at = name.find(".")
    while at >= 0:
        if name[:at] in where:
            yield name[:at], name[at + 1 :]
        at = name.find(".", at + 1)


def _copy(source: Json, target: Json, name: str) -> bool:
    """Put what the path names in `source` into `target`, whose dictionaries on the way are its own."""
    for key, rest in _keys(source, name):
        value = source[key]
        if not rest:
            target[key] = value
            return True
        if isinstance(value, dict):
            inner = dict(kept) if isinstance(kept := target.get(key), dict) else {}
            if _copy(value, inner, rest):
                target[key] = inner
                return True
    return False


def _without(source: Json, name: str) -> Json:
    """A copy without what the path names; the same where it names nothing."""
    for key, rest in _keys(source, name):
        if not rest:
            return {each: value for each, value in source.items() if each != key}
        value = source[key]
        if isinstance(value, dict) and (inner := _without(value, rest)) is not value:
            return {**source, key: inner}
    return source
