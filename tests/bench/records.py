"""Records to measure with: CMIP6 items of about 4 KB from made-up facts."""

from __future__ import annotations

from typing import Any

from tests.support.cmip6 import item, sample_ids

COLLECTION: dict[str, Any] = {
    "type": "Collection", "id": "CMIP6", "stac_version": "1.1.0", "title": "CMIP6", "description": "A benchmark",
    "license": "CC-BY-4.0", "links": [],
    "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [["1850-01-01T00:00:00Z", None]]}},
}  # fmt: skip


def items(count: int, run: int = 0) -> list[dict[str, Any]]:
    """Distinct items; another run has other ids."""
    base = [item(item_id) for item_id in sample_ids(20)]
    found = []
    for number in range(count):
        like = base[number % len(base)]
        dataset, _, version = like["id"].rpartition(".v")
        head, _, rest = dataset.partition(".r")
        member = f"r{run + 1}{number:06}{rest[rest.index('i') : rest.index('.')]}"
        name = f"{head}.{member}{rest[rest.index('.') :]}"
        named = {"title": name, "base_id": name, "cmip6:member_id": member, "cmip6:variant_label": member}
        properties = {**like["properties"], **named}
        found.append({**like, "id": f"{name}.v{version}", "properties": properties})
    return found
