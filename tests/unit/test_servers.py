"""The test servers' pure parts, and processes that never outlive us, whatever ends us."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT
from tests.servers import artefacts, containers, kafka_settings
from tests.servers.__main__ import exports, main
from tests.servers.cache import cache_folder, part
from tests.servers.kafka_settings import Ports
from tests.servers.ports import PORTS, free_ports, listening
from tests.servers.process import NotReady, Process, group_lives, process_state, tail, wait_until
from tests.servers.tools import Missing, java_candidates, java_folder, java_version, run

JAVA_SAYS = """Property settings:
    java.home = /usr/lib/jvm/java-17
    java.specification.version = 17
    java.vm.specification.version = 17
"""
LIVES_S = 100
WAIT_S = 20.0
THREE = Ports([1, 2, 3], [4, 5, 6], [7, 8, 9])


def test_what_java_says() -> None:
    assert java_version(JAVA_SAYS) == 17
    assert java_folder(JAVA_SAYS) == Path("/usr/lib/jvm/java-17")
    assert java_version("java.version = 1.8.0") is None
    assert java_folder("") is None


def test_java_home_comes_first(tmp_path: Path) -> None:
    java = tmp_path / "java"
    java.touch(mode=0o755)
    path = {"PATH": str(tmp_path)}
    assert java_candidates(path) == [str(java)]
    assert java_candidates({"JAVA_HOME": "/jdk", **path}) == ["/jdk/bin/java", str(java)]
    assert java_candidates({"PATH": "/nowhere"}) == []


def test_a_tool_that_fails_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match=r"^server: sh failed.*no such artefact$"):
        run(["sh", "-c", "echo no such artefact; exit 3"], tmp_path, WAIT_S)
    with pytest.raises(Missing, match=r"^server: sleep did not finish"):
        run(["sleep", str(LIVES_S)], tmp_path, 0.05)


def test_the_cache_is_outside_the_work_tree() -> None:
    assert cache_folder({}, Path("/h")) == Path("/h/.cache/stacfed-servers")
    assert cache_folder({"XDG_CACHE_HOME": ""}, Path("/h")) == Path("/h/.cache/stacfed-servers")
    assert cache_folder({"XDG_CACHE_HOME": "/c"}, Path("/h")) == Path("/c/stacfed-servers")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "stacfed-servers"


def test_a_part_is_made_once_by_whoever_comes_first(cache: Path) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        time.sleep(0.05)  # the others arrive meanwhile
        (folder / "whole").touch()

    threads = [threading.Thread(target=part, args=("p", make)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert part("p", make) == cache / "p"
    assert [path.name for path in (cache / "p").iterdir()] == ["whole"]


def test_nothing_is_left_of_a_part_that_fails(cache: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "half").touch()
        raise Missing("server: no network")

    with pytest.raises(Missing):
        part("p", make)
    assert [path.name for path in cache.iterdir()] == ["p.lock"]


def test_the_maven_project_names_what_is_wanted() -> None:
    project = ElementTree.fromstring(artefacts.pom([("g", "a&b", "1", "zip"), ("h", "c", "2", "jar")]))
    space = {"m": "http://maven.apache.org/POM/4.0.0"}
    found = [[field.text for field in each] for each in project.findall("m:dependencies/m:dependency", space)]
    assert found == [["g", "a&b", "1", "zip"], ["h", "c", "2", "jar"]]


def test_cluster_id_is_one() -> None:
    """22 characters; one that began with a dash would look like an option to Kafka's tool."""
    assert len(artefacts.CLUSTER_ID) == 22
    assert not artefacts.CLUSTER_ID.startswith("-")


def test_brokers_know_each_other() -> None:
    settings = kafka_settings.broker_settings(2, THREE, "/d")
    assert settings["node.id"] == "2"
    assert settings["controller.quorum.voters"] == "1@127.0.0.1:4,2@127.0.0.1:5,3@127.0.0.1:6"
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:2,SECURE://127.0.0.1:8,CONTROLLER://127.0.0.1:5"
    assert settings["advertised.listeners"] == "PLAINTEXT://127.0.0.1:2,SECURE://127.0.0.1:8"
    assert settings["offsets.topic.replication.factor"] == "3"
    assert settings["transaction.state.log.min.isr"] == "2"


def test_one_broker_alone() -> None:
    settings = kafka_settings.broker_settings(1, Ports([1], [2], []), "/d")
    assert settings["listeners"] == "PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2"
    assert settings["offsets.topic.replication.factor"] == "1"
    assert settings["transaction.state.log.min.isr"] == "1"


def test_a_data_folder_gets_its_own_identity() -> None:
    formatted = "#comment\nnode.id=1\nversion=1\ndirectory.id=old\ncluster.id=c\n"
    assert kafka_settings.with_node(formatted, 3, "new") == (
        "#comment\nversion=1\ncluster.id=c\nnode.id=3\ndirectory.id=new\n"
    )


def test_settings_of_a_container() -> None:
    assert containers.kafka_variables({"node.id": "1", "log.dirs": "/d"}) == {
        "KAFKA_NODE_ID": "1",
        "KAFKA_LOG_DIRS": "/d",
    }


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({}, "linux", "/var/run/docker.sock"),
        ({"DOCKER_HOST": "unix:///run/user/1/podman.sock"}, "linux", "/run/user/1/podman.sock"),
        ({"DOCKER_HOST": "tcp://127.0.0.1:2375"}, "linux", None),
        ({}, "darwin", None),
    ],
)
def test_engines_that_share_our_network(
    environment: dict[str, str], platform: str, expected: str | None
) -> None:
    assert containers.engine_socket(environment, platform) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(b"HTTP/1.0 200 OK\r\n\r\nOK", True), (b"HTTP/1.0 500 no\r\n\r\n", False), (None, False)],
)
def test_an_engine_is_asked_briefly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, expected: bool
) -> None:
    """One that accepts and never answers counts as none."""
    monkeypatch.setattr(containers, "ANSWER_S", 0.1 if answer is None else WAIT_S)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/engine")
    assert not containers.engine_answers()
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(tmp_path / "engine"))
        engine.listen()

        def reply() -> None:
            asked, _ = engine.accept()
            with asked:
                asked.recv(1024)
                asked.sendall(answer or b"")

        if answer is None:
            assert not containers.engine_answers()
            return
        replying = threading.Thread(target=reply)
        replying.start()
        assert containers.engine_answers() == expected
        replying.join()


def test_free_ports_are_free_and_distinct() -> None:
    ports = free_ports(9)
    assert len(set(ports)) == 9
    assert all(port in PORTS and not listening(port) for port in ports)
    with socket.create_server(("127.0.0.1", ports[0])):
        assert listening(ports[0])


RIVAL = """
import sys
from tests.servers import ports
ports.PORTS = [int(port) for port in sys.argv[1:]]
print(*ports.free_ports(1))
"""


def test_no_other_process_gets_the_same_ports() -> None:
    """Nobody listens there yet: the servers of two test processes may be just starting."""
    ports = list(map(str, free_ports(2)))
    command = [sys.executable, "-c", RIVAL]
    rival = subprocess.run([*command, *ports], cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S)
    assert "no 1 free ports" in rival.stderr
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = str(other.getsockname()[1])
    rival = subprocess.run([*command, *ports, free], cwd=ROOT, capture_output=True, text=True, timeout=WAIT_S)
    assert rival.stdout.split() == [free]


def test_states_of_processes() -> None:
    assert process_state("7 (java) S 1 5 6 0") == ("S", 5)
    assert process_state("7 (a) Z (b) R 1 5 6 0") == ("R", 5)


def test_exports_are_for_a_shell() -> None:
    shell = subprocess.run(
        ["sh", "-euc", f"{exports('h:1,h:2', 'http://h:3')}\necho $STACFED_LOG_URL $STACFED_STORE_URL"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shell.stdout == "kafka://h:1,h:2/stacfed http://h:3/stacfed\n"


def test_a_used_port_is_named() -> None:
    """Otherwise somebody else's server would look like ours."""
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        assert main(["--elastic-port", str(port), "--kafka-port", str(free_ports(1)[0])]) == (
            f"in use: port {port}; choose others with --kafka-port and --elastic-port"
        )


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Process]:
    """A process with a child, both of which ignore requests to end; the child's id is in the output."""
    script = f"trap '' TERM; sleep {LIVES_S} & echo $!; wait; sleep {LIVES_S}"
    with closing(Process(["sh", "-c", script], {"PATH": os.environ["PATH"]}, tmp_path / "output")) as made:
        yield made


def start(family: Process) -> None:
    family.start()
    wait_until(lambda: family.output().endswith("\n"), family, WAIT_S)


def test_a_killed_process_takes_its_children_along_and_can_start_again(family: Process) -> None:
    for _ in range(2):
        start(family)
        group = family.pid
        family.pause()
        family.stop(0.05)
        assert not group_lives(group)
        assert not family.running()


def test_what_ends_early_shows_its_output(tmp_path: Path) -> None:
    script = ["sh", "-c", "seq 100; echo no room >&2; exit 1"]
    with closing(Process(script, {"PATH": os.environ["PATH"]}, tmp_path / "output")) as ending:
        ending.start()
        with pytest.raises(NotReady, match=r"(?s)ended\n62\n.*100\nno room$"):
            wait_until(lambda: False, ending, WAIT_S)


def test_what_is_late_shows_its_output(family: Process) -> None:
    start(family)
    with pytest.raises(NotReady, match=r"not ready after 0 s\n\d+$"):
        wait_until(lambda: False, family, 0.0)


def test_the_tail_is_short() -> None:
    assert tail("\n".join(str(number) for number in range(100))).splitlines() == [
        str(n) for n in range(60, 100)
    ]


OWNER = """
import os, sys, time
from pathlib import Path
from tests.servers.process import Process
family = Process(["sh", "-c", "sleep 100 & wait"], {"PATH": os.environ["PATH"]}, Path(sys.argv[1]))
family.start()
if sys.argv[2] == "paused":
    family.pause()
print(family.pid, flush=True)
time.sleep(100)
"""


@pytest.mark.parametrize("state", ["running", "paused"])
def test_servers_do_not_outlive_a_killed_owner(tmp_path: Path, state: str) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path / "output"), state]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        group = int(owner.stdout.readline())
        assert group_lives(group)
        owner.send_signal(signal.SIGKILL)
        owner.wait(WAIT_S)
    end = time.monotonic() + WAIT_S
    while group_lives(group):
        assert time.monotonic() < end, f"{group} lives on"
        time.sleep(0.02)
