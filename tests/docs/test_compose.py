"""compose.yaml is valid, asks for its secret, and fits together: names, networks, order, members."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_spec import PyCompose

from federation.settings import PREFIX
from federation.urls import read_log_url, read_store_url
from tests.docs.deployment import (
    COMPOSE,
    KEY,
    PINNED,
    Json,
    compose_environments,
    image_environment,
    own_services,
    read,
    services,
)

SERVICES = [pytest.param(name, each, id=name) for name, each in services().items()]
OWN = compose_environments()
ROLES = {"transaction-api": 1, "index-node": 2, "discovery-api": 1}
SECONDS = re.compile(r"(\d+)s")


def runs_once(service: Json) -> bool:
    """Whether it ends by itself."""
    return bool(service["restart"] == "no")


def checked(found: Json) -> None:
    """ValueError where it is not of the compose specification."""
    # By way of JSON: its own reader of YAML and its models pass over what they do not know.
    PyCompose.from_json(json.dumps(found))


def config(folder: Path, key: str | None) -> subprocess.CompletedProcess[str]:
    """`podman-compose config` on a copy, far from any .env file; a dry run asks for no engine."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    if key is not None:
        environment["STACFED_HANDLE_KEY"] = key
    copy = shutil.copy(COMPOSE, folder / "compose.yaml")
    command = [sys.executable, "-m", "podman_compose", "--dry-run", "-f", str(copy), "config"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_it_is_of_the_specification() -> None:
    [found] = read(COMPOSE.read_text())
    checked(found)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"healthcheck": {"tset": ["CMD", "true"]}}, "`tset`"),
        ({"mem_limit": "much"}, "`much`"),
        ({"depends_on": {"kafka-1": {"condition": "service_well"}}}, "`service_well`"),
        ({"restart": "sometimes"}, "`sometimes`"),
        ({"memory": "1g"}, "`memory`"),
    ],
)
def test_a_mistake_is_noticed(wrong: dict[str, Any], said: str) -> None:
    [found] = read(COMPOSE.read_text())
    found["services"]["kafka-2"] |= wrong
    with pytest.raises(ValueError, match=said):
        checked(found)


def test_a_key_written_twice_is_noticed() -> None:
    with pytest.raises(yaml.YAMLError, match="a key twice"):
        read("environment:\n  STACFED_NODE: north\n  STACFED_NODE: south\n")


def test_variables_are_replaced(tmp_path: Path) -> None:
    done = config(tmp_path, KEY)
    assert done.returncode == 0, done.stderr
    [found] = read(done.stdout)
    checked(found)
    assert found["services"].keys() == services().keys()
    shown = {found["services"][name]["environment"]["STACFED_HANDLE_KEY"] for name in own_services()}
    assert shown == {KEY}


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_it_says_what_to_set(key: str | None, tmp_path: Path) -> None:
    done = config(tmp_path, key)
    assert done.returncode != 0
    assert "STACFED_HANDLE_KEY" in done.stderr
    assert "16 characters" in done.stderr


@pytest.mark.parametrize(("name", "service"), SERVICES)
def test_every_service_is_limited_watched_and_pinned(name: str, service: Json) -> None:
    assert PINNED.fullmatch(service["image"])
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert int(SECONDS.fullmatch(service["stop_grace_period"])[1]) > 10  # type: ignore[index]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    check = service["healthcheck"]
    if runs_once(service):
        assert check == {"disable": True}
        waiting = [each["depends_on"].get(name) for each in services().values() if "depends_on" in each]
        assert {"condition": "service_completed_successfully"} in waiting
    else:
        assert service["restart"] == "unless-stopped"
        assert check["test"][0] in ("CMD", "CMD-SHELL")
        assert check.keys() == {"test", "interval", "timeout", "retries", "start_period"}
        assert all(SECONDS.fullmatch(check[name]) for name in ("interval", "timeout", "start_period"))


@pytest.mark.parametrize(("name", "service"), [each for each in SERVICES if each.id in own_services()])
def test_our_containers_may_do_little(name: str, service: Json) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    folders = {mount.partition(":")[0] for mount in service["tmpfs"]}
    assert folders == {"/tmp", image_environment()["STACFED_DATA_DIR"]}


@pytest.mark.parametrize("name", own_services())
def test_our_containers_see_the_rules_and_cannot_change_them(name: str) -> None:
    [mount] = own_services()[name]["volumes"]
    source, target, mode = mount.split(":")
    assert (source, mode) == ("./rules", "ro")
    folders = {OWN[name][f"STACFED_{each}"] for each in ("VOCABULARIES", "SCHEMAS", "PROFILES")}
    assert folders == {f"{target}/{each}" for each in ("vocabularies", "schemas", "profiles")}


def kept(service: Json) -> list[str]:
    """Its mounts of volumes, without folders of the machine."""
    return [mount for mount in service.get("volumes", ()) if not mount.startswith("./")]


def test_names_lead_somewhere() -> None:
    [found] = read(COMPOSE.read_text())
    every = services()
    for name, service in every.items():
        assert set(service["networks"]) <= found["networks"].keys(), name
        volumes = {mount.partition(":")[0] for mount in kept(service)}
        assert volumes <= found["volumes"].keys(), name
        for other, how in service.get("depends_on", {}).items():
            once = runs_once(every[other])
            assert how["condition"] == ("service_completed_successfully" if once else "service_healthy")
    mounted = Counter(mount.partition(":")[0] for each in every.values() for mount in kept(each))
    assert mounted == Counter(found["volumes"].keys())
    assert set(Counter(port for each in every.values() for port in each.get("ports", ())).values()) == {1}


def test_every_process_is_in_the_networks_of_its_engines() -> None:
    every = services()
    for name, service in own_services().items():
        networks = set(service["networks"])
        log, store = (OWN[name][f"STACFED_{each}_URL"] for each in ("LOG", "STORE"))
        for server in read_log_url(log).servers:  # type: ignore[union-attr]
            assert networks & set(every[server.partition(":")[0]]["networks"]), name
        if service["command"] != ["topics", "create"]:
            for host in read_store_url(store).hosts:  # type: ignore[union-attr]
                assert networks & set(every[host.split("//")[1].partition(":")[0]]["networks"]), name


def test_every_node_has_every_role_and_no_two_workers_share_a_name() -> None:
    serving = {name: OWN[name] for name, each in own_services().items() if each["command"][0] == "serve"}
    nodes = {given["STACFED_NODE"] for given in serving.values()}
    assert nodes == set(next(iter(serving.values()))["STACFED_EXPECTED_NODES"].split(","))
    roles = Counter((OWN[name]["STACFED_NODE"], own_services()[name]["command"][2]) for name in serving)
    assert roles == {(node, role): number for node in nodes for role, number in ROLES.items()}
    workers = Counter((given["STACFED_NODE"], given["STACFED_WORKER"]) for given in OWN.values())
    assert set(workers.values()) == {1}


@pytest.mark.parametrize("name", ["LOG_URL", "PARTITIONS", "EXPECTED_NODES", "LOG_REPLICATION", "HANDLE_KEY"])
def test_all_nodes_agree(name: str) -> None:
    assert len({given[f"STACFED_{name}"] for given in OWN.values()}) == 1


def test_the_stores_of_two_nodes_are_not_one() -> None:
    stores = {(given["STACFED_NODE"], given["STACFED_STORE_URL"]) for given in OWN.values()}
    assert len(stores) == len({url for _, url in stores}) == 2


def test_the_brokers_are_one_cluster_that_survives_one_of_them() -> None:
    brokers = {
        name: each["environment"]
        for name, each in services().items()
        if "KAFKA_NODE_ID" in each["environment"]
    }
    log = read_log_url(next(iter(OWN.values()))["STACFED_LOG_URL"])
    assert set(log.servers) == {f"{name}:9092" for name in brokers}  # type: ignore[union-attr]
    voters = ",".join(f"{given['KAFKA_NODE_ID']}@{name}:9093" for name, given in brokers.items())
    for name, given in brokers.items():
        assert given["KAFKA_ADVERTISED_LISTENERS"] == f"PLAINTEXT://{name}:9092"
        assert given["KAFKA_CONTROLLER_QUORUM_VOTERS"] == voters
        assert given["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
        assert (given["KAFKA_DEFAULT_REPLICATION_FACTOR"], given["KAFKA_MIN_INSYNC_REPLICAS"]) == (3, 2)
    own = next(iter(OWN.values()))
    assert (own["STACFED_LOG_REPLICATION"], own["STACFED_LOG_MIN_INSYNC"]) == ("3", "2")
