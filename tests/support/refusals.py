"""Requests that must be refused, as data; and a node whose records stand in every state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support import cmip6
from tests.support.http import Json, Served, collection, problem, scene, unchanged

JSON_TYPE, PATCH_TYPE, MERGE_TYPE = (
    f"application/{name}" for name in ("json", "json-patch+json", "merge-patch+json")
)
ITEMS = "/collections/scenes/items"
# What each record of the collection `scenes` has gone through after its publication.
STATES = {"active": (), "retracted": ("retract",), "withdrawn": ("withdraw",), "purged": ("purge",)}
DATASET = next(item for item in map(cmip6.item, cmip6.sample_ids(20)) if len(cmip6.data_keys(item)) == 2)
FILES = cmip6.data_keys(DATASET)
DATASET_PATH = f"/collections/CMIP6/items/{DATASET['id']}"


@dataclass(frozen=True)
class Case:
    """A request and the refusal it meets: its kind, places that findings name, words of the detail."""

    name: str
    method: str
    path: str
    kind: str
    body: Any = None  # bytes as they are, anything else as JSON
    content_type: str | None = JSON_TYPE
    places: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    headers: Json = field(default_factory=dict)


async def prepare(served: Served) -> None:
    """Records in every state, and a dataset with files."""
    for name in ("CMIP6", "scenes"):
        await served.settled("POST", "/collections", json=collection(name))
    await served.settled("POST", "/collections/CMIP6/items", json=DATASET)
    for name, actions in STATES.items():
        await served.settled("POST", ITEMS, json=scene(name))
        for action in actions:
            await served.settled("POST", f"{ITEMS}/{name}/actions/{action}", json={"reason": "a test"})
    await served.caught_up()


async def refused(served: Served, case: Case) -> Json:
    """Send it; it is refused as the case says, nothing is appended and nothing changes."""
    content = case.body if isinstance(case.body, bytes) or case.body is None else orjson.dumps(case.body)
    headers = {**({"content-type": case.content_type} if case.content_type else {}), **case.headers}
    await served.caught_up()
    async with unchanged(served):
        answer = await served.http.request(case.method, case.path, content=content, headers=headers)
        body = problem(answer, case.kind, places=case.places, says=case.says)
        await served.caught_up()
    return body


def names(cases: list[Case]) -> list[str]:
    """Ids of the cases, each used once."""
    found = [case.name for case in cases]
    assert len(found) == len(set(found))
    return found


def location(node: str, key: str, **members: Any) -> Json:
    """An operation that announces a node's copy of an asset."""
    value = {"href": f"https://{node}.example.org/{key}", "alternate:name": node, **members}
    return {"op": "add", "path": f"/assets/{key}/alternate/{node}", "value": value}
