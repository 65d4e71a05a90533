"""What ESGF's publisher sends, request for request as it was seen on the wire, and the end states it relies on."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stream.events import Event
from tests.support import cmip6
from tests.support.http import Json, Served, collection, operation, running, settings, two_running
from tests.support.refusals import DATASET, FILES

PATCH = {"content-type": "application/json-patch+json"}
NOT_LATEST = [operation("replace", "/properties/latest", False)]
RETRACT = [
    *NOT_LATEST,
    operation("replace", "/properties/retracted", True),
    operation("replace", "/assets", {}),
]


@dataclass
class Publisher:
    """The client's requests. It keeps nothing but the status of each answer: 201 and 202 are successes."""

    served: Served
    accepted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.served.http.headers.update(
            {"user-agent": "esgf_publisher/5.4.0", "authorization": "Bearer x.y.z"}
        )

    async def publish(self, item: Json) -> Json:
        """POST with the time of the POST in it and `latest: true`, as always."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        posted = copy.deepcopy(item)
        posted["properties"].update(latest=True, retracted=False, created=now, updated=now)
        return await self._sent("POST", "/collections/CMIP6/items", posted)

    async def new_version(self, item: Json) -> Json | None:
        """Publish, then demote whatever the search still shows as the latest; None where it finds nothing to."""
        await self.publish(item)
        found = [one for one in await self.latest(item["properties"]["base_id"]) if one["id"] != item["id"]]
        assert len(found) <= 1  # it takes the only one, and crashes on two
        return await self.patch(found[0]["id"], NOT_LATEST) if found else None

    async def latest(self, title: str) -> list[Json]:
        """Its search for the latest version of a dataset."""
        terms = [
            {"op": "=", "args": [{"property": "properties.title"}, title]},
            {"op": "=", "args": [{"property": "properties.latest"}, True]},
        ]
        found = await self.served.search(filter={"op": "and", "args": terms}, **{"filter-lang": "cql2-json"})
        assert found["numberMatched"] == len(found["features"])
        return list(found["features"])

    async def patch(self, item_id: str, operations: list[Json]) -> Json:
        return await self._sent("PATCH", f"/collections/CMIP6/items/{item_id}", operations, PATCH)

    async def unpublish(self, item_id: str, *, delete: bool) -> Json | None:
        """It first reads the item without a token, and goes on unless that is retracted already."""
        del self.served.http.headers["authorization"]
        item = await self.served.item("CMIP6", item_id)
        self.served.http.headers["authorization"] = "Bearer x.y.z"
        if item["properties"]["retracted"]:
            return None
        return await self.patch(item_id, RETRACT if delete else NOT_LATEST)

    async def _sent(self, method: str, path: str, body: object, headers: Json | None = None) -> Json:
        answer = await self.served.http.request(method, path, json=body, headers=headers)
        assert answer.status_code in (201, 202), answer.text
        found = await self.served.ended(answer.json()["id"])
        self.accepted.append(found["action"])
        return found


@pytest.fixture
async def publisher(tmp_path: Path) -> AsyncIterator[Publisher]:
    async with running(settings(tmp_path)) as served:
        await served.settled("POST", "/collections", json=collection("CMIP6", title="CMIP6"))
        yield Publisher(served)


V1 = DATASET
PID = "hdl:21.14100/00000000-1111-4222-8333-444444444444"
V2 = cmip6.second_version(V1)
BASE = V1["properties"]["base_id"]


def replica(node: str, *, globus: bool) -> list[Json]:
    """One operation per file, without size or checksum, and one for Globus where an id of it is configured."""
    keys = [*FILES, *(["globus"] if globus else [])]
    return [
        operation(
            "add",
            f"/assets/{key}/alternate/{node}",
            {
                "href": f"https://{node}/data/{key}",
                "alternate:name": node,
                "protocol": "https",
                "description": key,
            },
        )
        for key in keys
    ]


AGGREGATE = operation(
    "add",
    "/assets/reference_file",
    {"href": "https://origin/agg.json", "role": ["data"], "type": "application/zstd", "protocol": "kerchunk"},
)


def outcome(handle: Json) -> str:
    [told] = handle["outcomes"]
    return str(told["outcome"])


async def events(publisher: Publisher, action: str) -> list[Event]:
    return [event for event in await publisher.served.events() if event.action == action]


async def test_before_everything_it_asks_for_health_and_scope(publisher: Publisher) -> None:
    assert (await publisher.served.http.get("/healthcheck")).status_code == 200
    assert isinstance((await publisher.served.http.get("/scope")).json()["scope"], str)


async def test_publish(publisher: Publisher) -> None:
    await publisher.publish(V1)
    assert outcome(await publisher.publish(V1)) == "unchanged"  # the same again, at another time
    [found] = await publisher.latest(BASE)
    assert found["id"] == V1["id"]
    for event in await publisher.served.events():
        assert event.publisher == ("esgf_publisher", "5.4.0")
        assert (event.requester.client_id, event.requester.sub) == ("anonymous", "anonymous")


async def test_a_new_version_has_demoted_the_old_one_already(publisher: Publisher) -> None:
    await publisher.publish(V1)
    assert await publisher.new_version(V2) is None
    assert outcome(await publisher.patch(V1["id"], NOT_LATEST)) == "unchanged"
    [found] = await publisher.latest(BASE)
    assert found["id"] == V2["id"]
    old = await publisher.served.item("CMIP6", V1["id"])
    assert (old["properties"]["latest"], old["properties"]["deprecated"]) == (False, True)
    assert publisher.accepted == ["publish", "publish", "deprecate"]


async def test_an_older_version_published_late_is_never_the_latest(publisher: Publisher) -> None:
    await publisher.publish(V2)
    assert outcome(await publisher.new_version(V1) or {"outcomes": [{"outcome": "nothing"}]}) == "indexed"
    assert await publisher.latest(BASE) == []  # the client itself has deprecated the newest


async def test_deprecate(publisher: Publisher) -> None:
    await publisher.publish(V1)
    assert outcome(await publisher.unpublish(V1["id"], delete=False) or {}) == "indexed"
    assert await publisher.latest(BASE) == []
    found = await publisher.served.item("CMIP6", V1["id"])
    assert (found["properties"]["latest"], found["properties"]["retracted"]) == (False, False)
    await publisher.publish(V2)  # a publication clears what was deprecated below it
    assert [one["id"] for one in await publisher.latest(BASE)] == [V2["id"]]


async def test_retract_by_three_replaces_keeps_assets_and_locations(publisher: Publisher) -> None:
    await publisher.publish(V1)
    await publisher.patch(V1["id"], replica("n2", globus=False))
    handle = await publisher.unpublish(V1["id"], delete=True)
    assert handle is not None
    assert (handle["action"], outcome(handle)) == ("retract", "indexed")
    found = await publisher.served.item("CMIP6", V1["id"])
    assert (found["properties"]["retracted"], found["assets"]) == (True, {})
    assert await publisher.unpublish(V1["id"], delete=True) is None  # it reads that this is done
    assert outcome(await publisher.patch(V1["id"], RETRACT)) == "unchanged"
    await publisher.served.settled("POST", f"/collections/CMIP6/items/{V1['id']}/actions/restore")
    found = await publisher.served.item("CMIP6", V1["id"])
    assert set(found["assets"]) == set(V1["assets"])
    assert all(set(found["assets"][key]["alternate"]) == {"n2"} for key in FILES)


async def test_update(publisher: Publisher) -> None:
    await publisher.publish(V1)
    links = [
        {"rel": "cite-as", "href": "https://doi.example.org/1"},
        {"rel": "self", "href": "https://old.example.org"},
    ]
    update = [
        operation("replace", "/properties/cmip6:pid", PID),
        operation("add", "/links", links),
    ]
    handle = await publisher.patch(V1["id"], update)
    assert (handle["action"], outcome(handle)) == ("correct", "indexed")
    found = await publisher.served.item("CMIP6", V1["id"])
    assert found["properties"]["cmip6:pid"] == PID
    own = [link["href"] for link in found["links"] if link["rel"] in ("cite-as", "self")]
    assert own == [f"http://n1.example.org/collections/CMIP6/items/{V1['id']}", "https://doi.example.org/1"]


@pytest.mark.parametrize("globus", [True, False])
@pytest.mark.parametrize("aggregate", [True, False])
async def test_replica(publisher: Publisher, globus: bool, aggregate: bool) -> None:
    await publisher.publish(V1)
    operations = replica("n2", globus=globus) + ([AGGREGATE] if aggregate else [])
    handle = await publisher.patch(V1["id"], operations)
    assert (handle["action"], outcome(handle)) == ("replica-add", "indexed")
    found = await publisher.served.item("CMIP6", V1["id"])
    for key in FILES:
        place = found["assets"][key]["alternate"]["n2"]
        assert place["href"] == f"https://n2/data/{key}"
        for name in ("file:size", "file:checksum"):
            assert place[name] == V1["assets"][key][name]
    assert ("alternate" in found["assets"]["globus"]) is globus
    assert ("reference_file" in found["assets"]) is aggregate
    assert [event.node for event in await events(publisher, "replica-add")] == ["n2"]
    assert outcome(await publisher.patch(V1["id"], operations)) == "unchanged"


async def test_replicas_of_two_sites_and_the_removal_of_one(publisher: Publisher) -> None:
    await publisher.publish(V1)
    for node in ("n2", "n3"):
        await publisher.patch(V1["id"], replica(node, globus=False))
    handle = await publisher.patch(
        V1["id"], [operation("remove", f"/assets/{key}/alternate/n2") for key in FILES]
    )
    assert handle["action"] == "replica-remove"
    found = await publisher.served.item("CMIP6", V1["id"])
    assert all(set(found["assets"][key]["alternate"]) == {"n3"} for key in FILES)
    await publisher.patch(V1["id"], [operation("remove", f"/assets/{key}/alternate/n3") for key in FILES])
    found = await publisher.served.item("CMIP6", V1["id"])
    assert not any("alternate" in asset for asset in found["assets"].values())


async def test_an_aggregate_at_two_sites_and_its_removal(publisher: Publisher) -> None:
    await publisher.publish(V1)
    assert (await publisher.patch(V1["id"], [AGGREGATE]))["action"] == "correct"
    second = {"href": "https://n2/agg.json", "alternate:name": "n2"}
    place = "/assets/reference_file/alternate/n2"
    handle = await publisher.patch(V1["id"], [operation("add", place, second)])
    assert (handle["action"], outcome(handle)) == ("correct", "indexed")
    found = await publisher.served.item("CMIP6", V1["id"])
    assert found["assets"]["reference_file"]["alternate"] == {"n2": second}  # the client reads its name there
    assert "roles" not in found["assets"]["reference_file"]
    await publisher.patch(V1["id"], [operation("remove", place)])
    found = await publisher.served.item("CMIP6", V1["id"])
    assert "alternate" not in found["assets"]["reference_file"]
    await publisher.patch(V1["id"], [operation("remove", "/assets/reference_file")])
    assert set((await publisher.served.item("CMIP6", V1["id"]))["assets"]) == set(V1["assets"])


async def test_a_replica_is_complete_although_there_is_an_aggregate(publisher: Publisher) -> None:
    await publisher.publish(V1)
    await publisher.patch(V1["id"], [AGGREGATE])
    assert outcome(await publisher.patch(V1["id"], replica("n2", globus=False))) == "indexed"


async def test_the_whole_dialogue_at_two_nodes(tmp_path: Path) -> None:
    async with two_running(tmp_path) as (first, second):
        await first.settled("POST", "/collections", json=collection("CMIP6", title="CMIP6"))
        one, two = Publisher(first), Publisher(second)
        await one.publish(V1)
        await two.patch(V1["id"], replica("n2", globus=True))
        await one.new_version(V2)
        await two.patch(V2["id"], replica("n2", globus=False))
        await one.patch(V2["id"], [operation("replace", "/properties/cmip6:pid", PID), AGGREGATE])
        await two.patch(
            V2["id"], [operation("add", "/assets/reference_file/alternate/n2", {"href": "https://n2/a"})]
        )
        await one.unpublish(V2["id"], delete=True)
        assert await two.latest(BASE) == []
        await two.unpublish(V1["id"], delete=True)
        for served in (first, second):
            states = [version["state"] for version in (await served.history("CMIP6", V1["id"]))["versions"]]
            assert states == ["retracted", "retracted"]
        assert await first.digest() == await second.digest()
        assert one.accepted + two.accepted == [
            "publish", "publish", "correct", "retract", "replica-add", "replica-add", "correct", "retract",
        ]  # fmt: skip
