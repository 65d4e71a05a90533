"""The landing page, the list of Collections and that of children, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalogue.record import Record
from discovery_api.links import landing_links, link
from discovery_api.view import shown_collection

Json = dict[str, Any]


def landing(node: str, title: str, root: str, classes: Sequence[str], collections: Sequence[Record]) -> Json:
    """The catalogue of a node."""
    named = [(record.id, record.item.get("title") or record.id) for record in collections]
    return {
        "type": "Catalog", "stac_version": "1.1.0", "id": node, "title": title,
        "description": f"The catalogue of the node {node}", "conformsTo": classes,
        "links": landing_links(root, named),
    }  # fmt: skip


def children(root: str, collections: Sequence[Record]) -> Json:
    """What the catalogue's `child` links lead to."""
    return {
        "children": [shown_collection(record, root) for record in collections],
        "links": [link("self", f"{root}/children"), link("root", f"{root}/")],
    }
