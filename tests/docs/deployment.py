"""What compose.yaml, the Dockerfile and the Kubernetes manifests say, as the tests want to read it."""

from __future__ import annotations

import fnmatch
import functools
import re
import shlex
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, cast

import typer
import yaml

from federation.cli import app
from federation.settings import PREFIX
from tests.conftest import ROOT

Json = dict[str, Any]
COMPOSE = ROOT / "compose.yaml"
DOCKERFILE = ROOT / "Dockerfile"
MANIFESTS = ROOT / "deploy" / "kubernetes"
GUIDE = ROOT / "docs" / "deploy.md"
OWN_IMAGE = "stacfed:"
KEY = "a-key-that-is-long-enough"
PINNED = re.compile(r"[\w./-]+:v?\d+(\.\d+)+(-[\w.]+)?")


class Loader(yaml.SafeLoader):
    """YAML in which a key that is written twice is an error; the last one would win silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        if isinstance(node, yaml.MappingNode) and len(keys) != len(set(keys)):
            raise yaml.constructor.ConstructorError(None, None, f"a key twice in {keys}", node.start_mark)
        return super().construct_mapping(node, deep)


@functools.cache
def documents(path: Path) -> list[Json]:
    """All documents of a file. Shared: who changes one copies it first."""
    return read(path.read_text())


def read(text: str) -> list[Json]:
    """All documents of a YAML text. yaml.YAMLError."""
    return [found for found in yaml.load_all(text, Loader) if found is not None]


def services() -> dict[str, Json]:
    """The services of compose.yaml by name, variables not yet replaced."""
    [found] = documents(COMPOSE)
    return cast(dict[str, Json], found["services"])


def own_services() -> dict[str, Json]:
    """Those that run our own image."""
    return {name: each for name, each in services().items() if each["image"].startswith(OWN_IMAGE)}


def objects(*kinds: str) -> list[Json]:
    """Every object of the manifests, the example of a Secret too; only of these kinds, where some are given."""
    files = sorted(path for path in MANIFESTS.glob("*.yaml") if path.name != "kustomization.yaml")
    found = [each for path in files for each in documents(path)]
    return [each for each in found if not kinds or each["kind"] in kinds]


def workloads() -> dict[str, Json]:
    """The objects that make pods, by name."""
    return {each["metadata"]["name"]: each for each in objects("Deployment", "StatefulSet", "Job")}


def pod_of(workload: Json) -> Json:
    """The specification of its pods."""
    return cast(Json, workload["spec"]["template"]["spec"])


def containers(workload: Json) -> list[Json]:
    """All containers of its pods, in the order in which they start."""
    pod = pod_of(workload)
    return [*pod.get("initContainers", ()), *pod["containers"]]


def named(kind: str) -> dict[str, Json]:
    return {each["metadata"]["name"]: each for each in objects(kind)}


def selected(selector: Json) -> list[str]:
    """The workloads whose pods a selector of labels means. ValueError where it says what is not understood here."""
    if unknown := selector.keys() - {"matchLabels", "matchExpressions"}:
        raise ValueError(f"not understood: {unknown}")
    found = []
    for name, workload in workloads().items():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        fits = selector.get("matchLabels", {}).items() <= labels.items()
        for rule in selector.get("matchExpressions", ()):
            assert rule["operator"] == "In"
            fits = fits and labels.get(rule["key"]) in rule["values"]
        if fits:
            found.append(name)
    return found


def instructions() -> list[tuple[str, str]]:
    """(instruction, rest) of the Dockerfile, continued lines joined."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


def image_environment() -> dict[str, str]:
    """What the image sets, without the search path."""
    pairs = [pair for word, rest in instructions() if word == "ENV" for pair in shlex.split(rest)]
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs) if name != "PATH"}


def copied() -> Iterator[tuple[str, str]]:
    """(source in the repository, target) of each COPY that does not take from another stage."""
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            yield from ((source.rstrip("/"), target) for source in sources)


def ignored(path: str) -> bool:
    """Whether .dockerignore keeps a path out of the build: the last rule that matches it or a parent decides."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    places = [path, *map(str, PurePosixPath(path).parents)]
    out = False
    for rule in (line.rstrip("/") for line in lines if line and not line.startswith("#")):
        pattern = rule.removeprefix("!").removeprefix("**/")
        names = [PurePosixPath(place).name for place in places] if "**/" in rule else places
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            out = not rule.startswith("!")
    return out


def compose_environments() -> dict[str, dict[str, str]]:
    """What each container of ours in compose.yaml is started with; the handle key is made up."""
    found = {}
    for name, service in own_services().items():
        own = {key: str(value) for key, value in service["environment"].items()}
        found[name] = image_environment() | own | {f"{PREFIX}HANDLE_KEY": KEY}
    return found


def pod_environments() -> dict[str, dict[str, str]]:
    """What each container of the manifests is started with; the values of the Secret are made up."""
    [config], [secret] = objects("ConfigMap"), objects("Secret")
    shared = config["data"] | dict.fromkeys(secret["stringData"], KEY)
    found = {}
    for name, workload in workloads().items():
        for container in containers(workload):
            own = {each["name"]: each.get("value", f"{name}-0") for each in container.get("env", ())}
            found[f"{name}/{container['name']}"] = image_environment() | shared | own
    return found


def calls() -> dict[str, Sequence[str]]:
    """The arguments of every `stacfed` that anything here starts, and those that the guide tells to start."""
    found: dict[str, Sequence[str]] = {name: each["command"] for name, each in own_services().items()}
    for name, workload in workloads().items():
        found |= {f"{name}/{each['name']}": each["args"] for each in containers(workload)}
    found |= {rest: yaml.safe_load(rest) for word, rest in instructions() if word == "CMD"}
    told = re.findall(r"\b(?:exec|run) .*? stacfed ([a-z][^`\n]*)", GUIDE.read_text())
    return found | {line: shlex.split(line) for line in told}


def parse(arguments: Sequence[str]) -> None:
    """Parse as the real command would, without running it. KeyError, or an error of the command line."""
    command, name, rest = cast(Any, typer.main.get_command(app)), "stacfed", list(arguments)
    while hasattr(command, "commands"):
        name, rest = rest[0], rest[1:]
        command = command.commands[name]
    command.make_context(name, rest)


# Those that go on; the others end by themselves.
SERVING = {name: each for name, each in workloads().items() if each["kind"] != "Job"}
