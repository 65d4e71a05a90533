"""Links between what is served: of Items, Collections, versions and pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from catalogue.head import Head
from catalogue.latest import latest_of, ordered
from catalogue.lifecycle import State

GEOJSON, JSON, SCHEMA, HTML = (
    "application/geo+json",
    "application/json",
    "application/schema+json",
    "text/html",
)
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
Json = dict[str, Any]


def link(rel: str, href: str, kind: str = JSON, **more: Any) -> Json:
    """One link."""
    return {"rel": rel, "href": href, "type": kind, **more}


def part(text: str) -> str:
    """An id as part of a path."""
    return quote(text, safe="")


def collection_url(collection: str, root: str) -> str:
    """Where a Collection is."""
    return f"{root}/collections/{part(collection)}"


def item_links(collection: str, item_id: str, root: str) -> list[Json]:
    """What every Item links to."""
    here = collection_url(collection, root)
    return [
        link("self", f"{here}/items/{part(item_id)}", GEOJSON),
        link("root", f"{root}/"),
        link("parent", here),
        link("collection", here),
    ]


def collection_links(collection: str, root: str) -> list[Json]:
    """What every Collection links to."""
    here = collection_url(collection, root)
    return [
        link("self", here),
        link("root", f"{root}/"),
        link("parent", f"{root}/"),
        link("items", f"{here}/items", GEOJSON),
        link(QUERYABLES, f"{here}/queryables", SCHEMA),
        link("aggregations", f"{here}/aggregations"),
        *aggregate_links(here),
        link("child", f"{here}/browse", title="Items"),
    ]


def aggregate_links(here: str) -> list[Json]:
    """Both ways to ask for aggregations."""
    return [link("aggregate", f"{here}/aggregate", method=method) for method in ("GET", "POST")]


def version_links(collection: str, item_id: str, root: str, head: Head | None) -> list[Json]:
    """Links of the version extension; versions that nobody may see are passed over."""
    if head is None:
        return []
    seen = (State.ACTIVE, State.RETRACTED)
    line = [version for version in ordered(head.versions) if head.versions[version].state in seen]
    if item_id not in line:
        return []
    at = line.index(item_id)
    found = [
        ("predecessor-version", line[at - 1] if at else None),
        ("latest-version", latest_of(head.versions)),
        ("successor-version", line[at + 1] if at + 1 < len(line) else None),
    ]
    items = f"{collection_url(collection, root)}/items"
    return [
        link(rel, f"{items}/{part(other)}", GEOJSON)
        for rel, other in found
        if other is not None and other != item_id
    ]


def landing_links(root: str, collections: list[tuple[str, str]]) -> list[Json]:
    """What the catalogue links to; `collections` are (id, title)."""
    found = [
        link("self", f"{root}/"),
        link("root", f"{root}/"),
        link("alternate", f"{root}/", HTML, title="This catalogue as a page"),
        link("data", f"{root}/collections"),
        link("children", f"{root}/children"),
        link("conformance", f"{root}/conformance"),
        link("service-desc", f"{root}/api", OPENAPI),
        link("service-doc", f"{root}/docs", HTML),
        link("search", f"{root}/search", GEOJSON, method="GET"),
        link("search", f"{root}/search", GEOJSON, method="POST"),
        link(QUERYABLES, f"{root}/queryables", SCHEMA),
        link("aggregations", f"{root}/aggregations"),
        *aggregate_links(root),
    ]
    return found + [link("child", collection_url(name, root), title=title) for name, title in collections]
