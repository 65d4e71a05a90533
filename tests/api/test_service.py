"""What a node says of itself: health, readiness, metrics, its scope, its description."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import prometheus_client
import pytest
from fastapi.routing import APIRoute

from catalogue.lifecycle import ACTIONS
from stream import metrics
from stream.log import Message
from tests.api.conftest import create_collections
from tests.support.gates import GatedStore
from tests.support.http import Served, problem, running, scene, settings, until
from tests.support.refusals import ITEMS

# Dashboards depend on these names; a change of this list breaks them.
NAMES = {
    "stacfed_http_requests_total", "stacfed_http_request_seconds", "stacfed_events_accepted_total",
    "stacfed_events_refused_total", "stacfed_events_read_total", "stacfed_outcomes_total", "stacfed_round_seconds",
    "stacfed_dead_letters_total", "stacfed_retries_total", "stacfed_parked_datasets", "stacfed_follower_paused",
    "stacfed_lag_events", "stacfed_unchecked_records",
    "stacfed_alert_messages_total", "stacfed_alert_notices_lost_total",
}  # fmt: skip
DOCUMENTATION = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/page/{name}"}  # for people


async def test_health_and_scope(tmp_path: Path) -> None:
    async with running(settings(tmp_path, scope="publish:all")) as served:
        health = await served.http.get("/healthcheck")
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        scope = await served.http.get("/scope", headers={"user-agent": "esgf_publisher/5.4.0"})
        assert (scope.status_code, scope.json()) == (200, {"scope": "publish:all"})


async def test_ready_only_while_every_follower_works(tmp_path: Path) -> None:
    async with running(settings(tmp_path, index_workers=2), follow=False) as served:
        answer = await served.http.get("/ready")
        assert answer.status_code == 503
        assert [one["follower"] for one in answer.json()["followers"]] == [
            "handles",
            "alerts",
            "index",
            "index",
        ]
        assert not any(one["ready"] for one in answer.json()["followers"])
        served.node.start()

        async def ready() -> bool:
            return (await served.http.get("/ready")).status_code == 200

        await until(ready)


async def test_what_is_parked_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GatedStore(tmp_path / "n1.db")
    async with running(settings(tmp_path), store=store) as served:
        await create_collections(served)
        with monkeypatch.context() as patched:
            patched.setattr("index_node.indexer.decide", _fault)
            accepted = (await served.http.post(ITEMS, json=scene("a"))).json()["id"]

            async def parked() -> bool:
                return bool((await served.http.get("/parked")).json()["parked"])

            await until(parked)
        [told] = (await served.http.get("/parked")).json()["parked"]
        assert (told["follower"], told["key"], told["topic"]) == (
            "index",
            "scenes/a",
            served.topics.transactions,
        )
        assert "a planned fault" in told["reason"]
        assert (await served.http.get("/ready")).status_code == 503
        await served.settled("POST", ITEMS, json=scene("b"))  # other datasets go on
        assert (await served.http.post("/parked/retry")).json() == {"retried": ["scenes/a"]}
        assert (await served.ended(accepted))["item_id"] == "a"
        assert (await served.http.get("/ready")).status_code == 200


def _fault(*told: object) -> None:
    raise RuntimeError("a planned fault")


async def test_the_names_of_metrics_are_stable(node: Served) -> None:
    await node.settled("POST", ITEMS, json=scene("a"))
    problem(await node.http.post(ITEMS, content=b"{"), "unsupported-media-type")
    await node.node.log.append([Message(node.topics.transactions, "scenes/b", b"no event")])
    await node.caught_up()
    answer = await node.http.get("/metrics")
    assert answer.headers["content-type"] == prometheus_client.CONTENT_TYPE_LATEST
    for name in NAMES:
        assert f"# HELP {name} " in answer.text
    for line in (
        'stacfed_http_requests_total{method="POST",route="/collections/{collection}/items",status="202"}',
        "stacfed_events_accepted_total",
        'stacfed_events_refused_total{kind="unsupported-media-type"}',
        'stacfed_events_read_total{follower="index"}',
        'stacfed_outcomes_total{action="publish",follower="index",outcome="indexed"}',
        'stacfed_dead_letters_total{follower="index",kind="undecodable"}',
    ):
        assert f"\n{line} " in answer.text, line


def test_the_list_of_names_is_complete() -> None:
    kinds = (prometheus_client.Counter, prometheus_client.Gauge, prometheus_client.Histogram)
    collectors = [value for value in vars(metrics).values() if isinstance(value, kinds)]
    described = {family.name for collector in collectors for family in collector.describe()}
    assert {name.removesuffix("_total") for name in NAMES} == described


async def test_every_route_is_described(node: Served) -> None:
    answer = await node.http.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    document = answer.json()
    assert document["openapi"].startswith("3.")
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    routed = {
        (route.path, method.lower())
        for route in _routes(node)
        for method in route.methods or ()
        if route.path not in DOCUMENTATION
    }
    assert described == routed
    assert len(described) > 25
    for path, method in described:
        assert document["paths"][path][method]["summary"], path
    assert (await node.http.get("/docs")).status_code == 200


def _routes(node: Served) -> list[APIRoute]:
    found: list[APIRoute] = []
    waiting = list(node.node.app.routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        router = getattr(route, "original_router", None)
        waiting += router.routes if router is not None else []
    return found


async def test_the_description_of_writes_names_bodies_and_refusals(node: Served) -> None:
    document = (await node.http.get("/openapi.json")).json()
    for path, method, types in (
        ("/collections/{collection}/items", "post", {"application/json", "application/geo+json"}),
        ("/collections/{collection}/items/{item}", "patch",
         {"application/json", "application/json-patch+json", "application/merge-patch+json"}),
        ("/collections/{collection}/items/{item}/actions/{action}", "post", {"application/json"}),
    ):  # fmt: skip
        described = document["paths"][path][method]
        assert set(described["requestBody"]["content"]) == types
        assert {"202", "400", "404", "409", "413", "415", "503"} <= set(described["responses"])
        for status, answer in described["responses"].items():
            [(kind, content)] = answer["content"].items()
            assert kind == ("application/json" if status < "300" else "application/problem+json")
            jsonschema_rs.Draft202012Validator(content["schema"])
            assert content["schema"].get("required") or status == "200"  # which a preview is, too
        assert "422" not in described["responses"]
    assert all(name in document["paths"][path][method]["summary"] for name in ACTIONS)


async def test_the_request_id_comes_back(node: Served) -> None:
    answer = await node.http.get("/healthcheck", headers={"x-request-id": "label-1"})
    assert answer.headers["x-request-id"] == "label-1"
    first, second = [(await node.http.get("/healthcheck")).headers["x-request-id"] for _ in range(2)]
    assert first != second


async def test_a_fault_of_ours_is_a_problem_too(node: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transaction_api.door.Door.publish", _fault)
    node.http._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
    answer = await node.http.post(ITEMS, json=scene("a"), headers={"x-request-id": "label-2"})
    assert problem(answer, "unknown", says=["label-2"])["instance"] == "label-2:"
