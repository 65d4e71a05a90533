"""Comparing the catalogues of nodes by their digests: collections, then buckets, then records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from catalogue.digest import differing
from federation.client import Client, Json, part

NAMES_SHOWN_MAX = 20
BUCKETS_ASKED_MAX = 64  # of a collection: enough to name what is shown; a wholly different one is not listed
NAVIGATION = ("self", "root", "parent", "items")  # not a set: a foreign rel may be a list


@dataclass
class Difference:
    """What two nodes hold differently. `whole`: every differing record was counted, else there may be more."""

    collections: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    whole: bool = True

    def __bool__(self) -> bool:
        return bool(self.collections or self.records)


def compare(mine: Client, other: Client) -> Difference:
    """What differs between two nodes; one question to each when nothing does."""
    found = Difference()
    digests = [client.get("/digest").good() for client in (mine, other)]
    if digests[0]["records"] != digests[1]["records"]:
        held = [_collections(client) for client in (mine, other)]
        found.collections = differing(*held) or ["(in a way that no reader sees)"]
    by_name = [_flat(digest["collections"]) for digest in digests]
    for name in differing(*by_name):
        if all(name in known for known in by_name):
            _compare_collection(mine, other, name, found)
        else:
            found.collections = sorted({*found.collections, name})
    return found


def report(digest: Json) -> list[str]:
    """The digests of one node, one collection a line."""
    width = max(map(len, digest["collections"]), default=0)
    return [
        f"{name:<{width}}  {known['count']:>9} records  {known['digest']}"
        for name, known in sorted(digest["collections"].items())
    ]


def difference_lines(found: Difference, names: Sequence[str]) -> list[str]:
    """What a person reads about it; at most 20 records by name."""
    lines = [f"{names[1]} differs from {names[0]}"]
    lines += [f"  collection {name}" for name in found.collections]
    if found.records:
        more = "" if found.whole else "at least "
        lines.append(f"  {more}{len(found.records)} records:")
        lines += [f"    {record}" for record in found.records[:NAMES_SHOWN_MAX]]
        if len(found.records) > NAMES_SHOWN_MAX:
            lines.append(f"    and {len(found.records) - NAMES_SHOWN_MAX} more")
    return lines


def _compare_collection(mine: Client, other: Client, name: str, found: Difference) -> None:
    path = f"/digest/{part(name)}"
    buckets = differing(*(client.get(path).good()["buckets"] for client in (mine, other)))
    for bucket in buckets[:BUCKETS_ASKED_MAX]:
        records = [client.get(f"{path}/{bucket}").good()["records"] for client in (mine, other)]
        found.records += [f"{name}/{record}" for record in differing(*records)]
    found.whole = found.whole and len(buckets) <= BUCKETS_ASKED_MAX


def _flat(collections: Json) -> dict[str, str]:
    return {name: f"{known['count']} {known['digest']}" for name, known in collections.items()}


def _collections(client: Client) -> dict[str, str]:
    """Every Collection as one text, without the links that name the node."""
    found = {}
    for shown in client.get("/collections").good()["collections"]:
        links = [link for link in shown.get("links", ()) if not _navigates(link)]
        found[shown["id"]] = orjson.dumps({**shown, "links": links}, option=orjson.OPT_SORT_KEYS).decode()
    return found


def _navigates(link: object) -> bool:
    return isinstance(link, dict) and link.get("rel") in NAVIGATION
