"""Events worth putting in any order: every action in its meaningful variants, on two versions of one dataset."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from stream.events import Event
from tests.support import cmip6, events
from tests.support.cmip6 import Item

Kind = Callable[[int], Event]

V1 = cmip6.item("CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f2.Amon.tas.gn.v20190406")
V2 = cmip6.second_version(V1)
V3 = cmip6.second_version(V2)
OTHER = cmip6.item("CMIP6.CMIP.MOHC.UKESM1-0-LL.historical.r1i1p1f2.Amon.pr.gn.v20190406")
OTHER_V2 = cmip6.second_version(OTHER)
FIRST_FILE = cmip6.data_keys(V1)[0]
GLOBUS_AT_B = "/assets/globus/alternate/b"


def changed(item: Item, *path: str, value: Any) -> Item:
    """A copy with another value at a path."""
    found = copy.deepcopy(item)
    at = found
    for part in path[:-1]:
        at = at[part]
    at[path[-1]] = value
    return found


def unsized(item: Item) -> Item:
    """A copy whose files have neither size nor checksum."""
    found = copy.deepcopy(item)
    for key in cmip6.data_keys(item):
        del found["assets"][key]["file:size"], found["assets"][key]["file:checksum"]
    return found


def skewed(n: int) -> str:
    """Times that do not rise with the position: clocks of doors differ."""
    return events.time_of(n * 7 % 11)


def patch(path: str, value: Any, op: str = "replace") -> list[dict[str, Any]]:
    return [{"op": op, "path": path, "value": value}]


_ONE, _TWO = V1["id"], V2["id"]
_DESCRIPTION = f"/assets/{FIRST_FILE}/description"
_SIZE = f"/assets/{FIRST_FILE}/file:size"
_MERGE = {"properties": {"size": None, "note": "merged"}, "assets": {FIRST_FILE: {"title": "a file"}}}
_GLOBUS: list[dict[str, Any]] = [
    {"op": "add", "path": GLOBUS_AT_B, "value": {"href": "https://globus.example.org/b"}},
    {"op": "replace", "path": "/assets/globus/description", "value": "a way in"},
]

KINDS: dict[str, Kind] = {
    "publish v1": lambda n: events.publish(V1, n),
    "publish v1, other content": lambda n: events.publish(changed(V1, "properties", "note", value=n), n),
    "publish v2": lambda n: events.publish(V2, n),
    "correct v1": lambda n: events.correct(_ONE, n, patch=patch(_DESCRIPTION, "mended")),
    "correct v1, merge patch": lambda n: events.correct(_ONE, n, patch=_MERGE),
    "correct v1, a size": lambda n: events.correct(_ONE, n, patch=patch(_SIZE, 5)),
    "correct v1, access asset": lambda n: events.correct(_ONE, n, patch=_GLOBUS),
    "correct v1, location of access asset gone": lambda n: events.correct(
        _ONE, n, patch=[{"op": "remove", "path": GLOBUS_AT_B}]
    ),
    "correct v2, PUT": lambda n: events.correct(_TWO, n, item=changed(V2, "properties", "note", value="put")),
    "replace v1, same bytes": lambda n: events.replace_item(changed(V1, "properties", "title", value="x"), n),
    "replace v1, other bytes": lambda n: events.replace_item(cmip6.other_bytes(V1), n),
    "replace v1, other version": lambda n: events.replace_item(
        changed(V1, "properties", "version", value="2"), n
    ),
    "deprecate v1": lambda n: events.deprecate(_ONE, n),
    "deprecate v2": lambda n: events.deprecate(_TWO, n),
    "retract v1": lambda n: events.retract(_ONE, n, reason="wrong units", wish="restrict"),
    "retract v1, plain": lambda n: events.retract(_ONE, n),
    "retract v2": lambda n: events.retract(_TWO, n, reason="wrong sign"),
    "restore v1": lambda n: events.restore(_ONE, n),
    "restore v2": lambda n: events.restore(_TWO, n),
    "withdraw v1": lambda n: events.withdraw(_ONE, n, fields=("/properties/title",), reason="a court"),
    "purge v1": lambda n: events.purge(_ONE, n),
    "purge v2": lambda n: events.purge(_TWO, n),
    "replica-add v1 at b": lambda n: events.replica_add(V1, "b", n),
    "replica-add v1 at c, sizes told": lambda n: events.replica_add(V1, "c", n, sized=True, revision=None),
    "replica-add v1 at c, incomplete": lambda n: events.replica_add(V1, "c", n, keys=()),
    "replica-add v2 at b": lambda n: events.replica_add(V2, "b", n),
    "replica-remove v1 at b": lambda n: events.replica_remove(_ONE, "b", n),
    "transfer v1 to b": lambda n: events.transfer(_ONE, "b", n),
    "transfer v1 to c, dropping": lambda n: events.transfer(_ONE, "c", n, drop=True),
}
