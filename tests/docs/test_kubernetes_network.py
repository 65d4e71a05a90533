"""Who reaches what in the Kubernetes manifests: selectors, services, policies, and the paths of each door."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from federation.alert_routes import alert_routes
from federation.profile_routes import profile_routes
from tests.docs.deployment import (
    MANIFESTS,
    SERVING,
    Json,
    containers,
    named,
    objects,
    pod_environments,
    read,
    selected,
    workloads,
)
from tests.docs.generate import searchers_door
from transaction_api.routes import router as transaction_router

NONE = cast(Any, None)  # routers are made, and nobody is asked
INSIDE = {"/healthcheck", "/ready", "/metrics", "/parked", "/parked/retry"}


def test_selectors_mean_pods_that_there_are() -> None:
    for name, workload in SERVING.items():
        assert selected(workload["spec"]["selector"]) == [name]
    for name, service in named("Service").items():
        [found] = selected({"matchLabels": service["spec"]["selector"]})
        ports = {port["name"] for each in containers(SERVING[found]) for port in each["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports, name
    for policy in objects("NetworkPolicy"):
        assert selected(policy["spec"]["podSelector"])
    assert set(selected(named("NetworkPolicy")["engines"]["spec"]["podSelector"])) == workloads().keys()


def test_the_policy_lets_pods_reach_the_ports_of_their_engines() -> None:
    [config] = objects("ConfigMap")
    rules = named("NetworkPolicy")["engines"]["spec"]["egress"]
    open_to = {port["port"] for rule in rules for port in rule["ports"]}
    urls = (config["data"]["STACFED_LOG_URL"], config["data"]["STACFED_STORE_URL"])
    wanted = {int(host.rpartition(":")[2]) for url in urls for host in url.split("/")[2].split(",")}
    assert wanted | {53} == open_to


def test_the_policy_for_alerts_that_is_shown_is_valid_and_lets_the_doors_out() -> None:
    text = (MANIFESTS / "network.yaml").read_text()
    [shown] = read(text.partition("\n# ---\n")[2].replace("\n# ", "\n").removeprefix("# "))
    for version in ("1.27", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(shown, version, strict=True)
    assert shown["metadata"]["namespace"] == next(iter(named("Namespace")))
    assert selected(shown["spec"]["podSelector"]) == ["transaction-api"]
    assert {port["port"] for rule in shown["spec"]["egress"] for port in rule["ports"]} == {443, 465, 587}


def routed(ingress: Json) -> Iterator[Json]:
    [rule] = ingress["spec"]["rules"]
    assert ingress["spec"]["tls"][0]["hosts"] == [rule["host"]]
    yield from rule["http"]["paths"]


def leads_to(path: Json, route: str) -> bool:
    """As an Ingress compares: exactly, or by whole parts of the path."""
    own = path["path"].rstrip("/")
    return route == path["path"] or (path["pathType"] == "Prefix" and route.startswith(f"{own}/"))


@pytest.mark.parametrize(
    ("role", "routers", "more"),
    [
        (
            "transaction-api",
            [transaction_router(NONE), profile_routes(NONE), alert_routes(NONE, NONE)],
            set(),
        ),
        ("discovery-api", [searchers_door()], {"/docs", "/openapi.json"}),
    ],
)
def test_each_door_is_routed_to_all_of_it_and_to_nothing_inside(
    role: str, routers: list[Any], more: set[str]
) -> None:
    paths = list(routed(named("Ingress")[role]))
    routes = {route.path for router in routers for route in router.routes} | more
    for path in paths:
        assert path["backend"] == {"service": {"name": role, "port": {"name": "http"}}}
        assert any(leads_to(path, route) for route in routes), path
    assert [route for route in routes if not any(leads_to(path, route) for path in paths)] == []
    assert [route for route in INSIDE if any(leads_to(path, route) for path in paths)] == []
    [given] = [each for name, each in pod_environments().items() if name.startswith(f"{role}/")]
    assert given["STACFED_ROOT_URL"] == f"https://{named('Ingress')[role]['spec']['rules'][0]['host']}"
