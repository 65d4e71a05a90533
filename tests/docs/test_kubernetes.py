"""The Kubernetes manifests are valid by the published schemas, refer to what there is, and ask for no privilege."""

from __future__ import annotations

import copy
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest

from tests.docs.deployment import (
    GUIDE,
    MANIFESTS,
    PINNED,
    SERVING,
    Json,
    containers,
    image_environment,
    named,
    objects,
    pod_environments,
    pod_of,
    read,
    selected,
    workloads,
)

OLDEST = "1.27"  # the first with unhealthyPodEvictionPolicy
VERSIONS = [OLDEST, kubernetes_validate.latest_version()]
STOPS_IN_S = 10
BY_HAND = {"secret.example.yaml", "rules-fill.yaml"}
RULES = "/etc/stacfed/rules"


@pytest.mark.parametrize("version", VERSIONS)
def test_manifests_are_valid(version: str) -> None:
    for each in objects():
        kubernetes_validate.validate(each, version, strict=True)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("spec", "replica"), 2),
        (("spec", "template", "spec", "containers", 0, "livenessProbe", "httpGet", "port"), None),
        (("spec", "template", "spec", "containers", 0, "resources", "limits"), ["1Gi"]),
    ],
)
def test_a_mistake_is_noticed(path: tuple[Any, ...], wrong: object) -> None:
    found = copy.deepcopy(workloads()["index-node"])
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = wrong
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(found, OLDEST, strict=True)


def test_kustomization_lists_every_file_and_pins_every_image() -> None:
    [found] = read((MANIFESTS / "kustomization.yaml").read_text())
    files = {path.name for path in MANIFESTS.glob("*.yaml")}
    assert set(found["resources"]) == files - {"kustomization.yaml", *BY_HAND}
    used = {each["image"] for workload in workloads().values() for each in containers(workload)}
    assert used == {f"{each['name']}:{each['newTag']}" for each in found["images"]}
    assert all(PINNED.fullmatch(image) for image in used)


def test_everything_is_in_one_namespace() -> None:
    [namespace] = named("Namespace")
    assert {each["metadata"].get("namespace", namespace) for each in objects()} == {namespace}


@pytest.mark.parametrize("name", SERVING)
def test_probes_ask_the_own_process_and_stopping_has_time(name: str) -> None:
    [container], pod = containers(SERVING[name]), pod_of(SERVING[name])
    paths = {probe: container[probe]["httpGet"]["path"] for probe in container if probe.endswith("Probe")}
    assert paths == {
        "startupProbe": "/healthcheck", "livenessProbe": "/healthcheck", "readinessProbe": "/ready",
    }  # fmt: skip
    assert {each["httpGet"]["port"] for probe, each in container.items() if probe in paths} == {"http"}
    assert container["ports"] == [{"name": "http", "containerPort": int(image_environment()["STACFED_PORT"])}]
    wait = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])
    assert pod["terminationGracePeriodSeconds"] > STOPS_IN_S + int(wait[1])
    assert {each["topologyKey"] for each in pod["topologySpreadConstraints"]} == {
        "topology.kubernetes.io/zone", "kubernetes.io/hostname",
    }  # fmt: skip
    assert all(selected(each["labelSelector"]) == [name] for each in pod["topologySpreadConstraints"])


@pytest.mark.parametrize("name", workloads())
def test_pods_are_limited_and_may_do_little(name: str) -> None:
    confined(pod_of(workloads()[name]))
    for container in containers(workloads()[name]):
        assert "command" not in container  # the image's entrypoint is `stacfed`


def confined(pod: Json) -> None:
    """Asserts that its containers are limited and may do little."""
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    rights = pod["securityContext"]
    assert rights["runAsNonRoot"] is True
    assert rights["runAsUser"] == rights["runAsGroup"] == rights["fsGroup"] == 10001
    assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in [*pod.get("initContainers", ()), *pod["containers"]]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def test_the_rules_are_read_by_all_and_written_by_the_pod_that_fills_them() -> None:
    [claim], [config] = objects("PersistentVolumeClaim"), objects("ConfigMap")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert [mounts_of(pod_of(each), claim) for each in SERVING.values()] == [{RULES: True}] * 3
    for setting in ("VOCABULARIES", "SCHEMAS", "PROFILES"):
        assert config["data"][f"STACFED_{setting}"] == f"{RULES}/{setting.lower()}"
    [pod] = objects("Pod")
    assert mounts_of(pod["spec"], claim) == {RULES: False}
    confined(pod["spec"])
    assert pod["metadata"].get("labels") is None  # no policy lets it out
    [container] = pod["spec"]["containers"]
    assert container["env"] == [{"name": "STACFED_DATA_DIR", "value": RULES}]
    assert container["command"] == ["sleep", str(pod["spec"]["activeDeadlineSeconds"])]
    [found] = read((MANIFESTS / "kustomization.yaml").read_text())
    assert container["image"] in {f"{each['newName']}:{each['newTag']}" for each in found["images"]}


def mounts_of(pod: Json, claim: Json) -> dict[str, bool]:
    """Where its containers mount the claim, and whether read-only."""
    names = {
        each["name"]
        for each in pod["volumes"]
        if each.get("persistentVolumeClaim") == {"claimName": claim["metadata"]["name"]}
    }
    return {
        mount["mountPath"]: mount.get("readOnly", False)
        for each in pod["containers"]
        for mount in each["volumeMounts"]
        if mount["name"] in names
    }


@pytest.mark.parametrize("name", workloads())
def test_pods_have_the_folders_and_settings_that_they_name(name: str) -> None:
    pod = pod_of(workloads()[name])
    volumes = {each["name"]: each for each in pod["volumes"]}
    writable = {each: "emptyDir" in volumes[each] for each in volumes}
    known = named("ConfigMap").keys() | named("Secret").keys()
    for container in containers(workloads()[name]):
        mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
        assert set(mounts.values()) == volumes.keys()
        given = pod_environments()[f"{name}/{container['name']}"]
        assert writable[mounts[given["STACFED_DATA_DIR"]]]
        for setting, value in given.items():
            if setting.endswith("_FILE"):
                assert value.rpartition("/")[0] in mounts
        refers = {next(iter(each.values()))["name"] for each in container["envFrom"]}
        assert refers == known == {"stacfed"}
    made_by_hand = {each["configMap"]["name"] for each in volumes.values() if "configMap" in each}
    assert all(f"create configmap {each} " in GUIDE.read_text() for each in made_by_hand)


@pytest.mark.parametrize("name", SERVING)
def test_workers_are_named_after_their_pods(name: str) -> None:
    [container] = containers(SERVING[name])
    named_by = {each["name"]: each.get("valueFrom") for each in container["env"]}
    assert named_by["STACFED_WORKER"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    follows = name != "discovery-api"  # a member of a group needs a name that lasts
    assert SERVING[name]["kind"] == ("StatefulSet" if follows else "Deployment")
    if follows:
        service = named("Service")[SERVING[name]["spec"]["serviceName"]]["spec"]
        assert service["clusterIP"] == "None"
        assert selected({"matchLabels": service["selector"]}) == [name]


def test_every_workload_has_a_budget_and_a_scaler() -> None:
    budgets, scalers = named("PodDisruptionBudget"), named("HorizontalPodAutoscaler")
    assert budgets.keys() == scalers.keys() == SERVING.keys()
    for name in SERVING:
        assert selected(budgets[name]["spec"]["selector"]) == [name]
        target = scalers[name]["spec"]["scaleTargetRef"]
        assert (target["kind"], target["name"]) == (SERVING[name]["kind"], name)
        assert "replicas" not in SERVING[name]["spec"]  # or applying again would undo the scaler's work
        assert scalers[name]["spec"]["minReplicas"] >= 2
    [config] = objects("ConfigMap")
    workers = int(config["data"]["STACFED_PARTITIONS"])
    assert scalers["index-node"]["spec"]["maxReplicas"] == workers
