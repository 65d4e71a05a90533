"""What starts the product names only what there is: packages, files, settings and commands. No engine is needed."""

from __future__ import annotations

import functools
import importlib.util
import re
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from federation.settings import PREFIX, Settings, SettingsError, load_settings
from tests.conftest import ROOT
from tests.docs.deployment import (
    KEY,
    MANIFESTS,
    calls,
    compose_environments,
    copied,
    ignored,
    image_environment,
    instructions,
    objects,
    parse,
    pod_environments,
    read,
)

CA_FOLDER = "/etc/stacfed/ca/"
HEALTH = ROOT / "deploy" / "health.py"
PROCESSES = [
    pytest.param(environment, id=name)
    for name, environment in {**compose_environments(), **pod_environments()}.items()
]


@functools.cache
def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    return found[max(number for number, (word, _) in enumerate(found) if word == "FROM") :]


def set_environment(monkeypatch: pytest.MonkeyPatch, given: Mapping[str, str], folder: Path) -> None:
    """The process's settings alone; certificates, which are mounted, are files here."""
    (folder / "certificate").touch()
    for name, value in given.items():
        if name.startswith(PREFIX):
            monkeypatch.setenv(name, re.sub(f"^{CA_FOLDER}.*", str(folder / "certificate"), value))


def test_the_image_holds_every_package_and_nothing_else() -> None:
    folders = {source for source, _ in copied() if (ROOT / source).is_dir()}
    assert folders == {name for name in pyproject()["tool"]["setuptools"]["packages"] if "." not in name}
    assert {target.rstrip("/") for source, target in copied() if source in folders} == folders


def test_what_is_installed_is_all_that_is_in_the_packages() -> None:
    told = pyproject()["tool"]["setuptools"]
    top = {name for name in told["packages"] if "." not in name}
    inside = [path.relative_to(ROOT) for name in top for path in (ROOT / name).rglob("*") if path.is_file()]
    modules = [path for path in inside if path.suffix == ".py"]
    assert {".".join(path.parts[:-1]) for path in modules} == set(told["packages"])
    data = {
        path
        for name, globs in told["package-data"].items()
        for each in globs
        for path in (ROOT / name.replace(".", "/")).glob(each)
    }
    others = [path for path in inside if path.suffix != ".py" and "__pycache__" not in path.parts]
    assert [path for path in others if ROOT / path not in data] == []
    assert any(path.name == "index.html" for path in others)


def test_what_the_dockerfile_copies_is_there_and_reaches_the_build() -> None:
    sources = [source for source, _ in copied()]
    assert [source for source in sources if not (ROOT / source).exists() or ignored(source)] == []
    rest = {path.name for path in ROOT.iterdir()} - {source.split("/")[0] for source in sources}
    assert [name for name in rest if not ignored(name)] == []
    assert ignored("stream/__pycache__")
    assert ignored("deploy/kubernetes")


def test_the_image_has_what_a_node_needs_and_nothing_for_tests() -> None:
    # Only `dependencies` are installed: an extra that a node needs would have to be named in the Dockerfile.
    assert set(pyproject()["project"]["optional-dependencies"]) == {"test", "browser", "dev"}
    names = {re.split(r"[^\w-]", each)[0] for each in pyproject()["project"]["dependencies"]}
    assert {"aiokafka", "elasticsearch", "numpy", "pyarrow"} <= names
    installs = [
        line
        for word, rest in instructions()
        if word == "RUN"
        for line in re.findall(r"pip install[^&]*", rest)
    ]
    assert len(installs) == 2
    assert all("-c constraints.txt" in line or "--no-deps ." in line for line in installs)


def test_the_image_runs_as_nobody_and_says_whether_it_lives() -> None:
    stage = dict(last_stage())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", stage["USER"])
    assert stage["EXPOSE"] == image_environment()["STACFED_PORT"]
    assert image_environment()["STACFED_HOST"] == "0.0.0.0"
    assert stage["ENTRYPOINT"] == '["stacfed"]'
    assert ("deploy/health.py", "/usr/local/lib/stacfed/health.py") in copied()
    assert stage["HEALTHCHECK"].endswith('CMD ["python", "/usr/local/lib/stacfed/health.py", "/healthcheck"]')
    assert [rest for word, rest in instructions() if word == "FROM"] == [
        "python:${PYTHON}-slim AS build", "python:${PYTHON}-slim",
    ]  # fmt: skip
    assert ("ARG", "PYTHON=3.11") in instructions()


@pytest.mark.parametrize("given", [pytest.param(given, id=name) for name, given in calls().items()])
def test_calls_are_understood_by_the_command(given: Sequence[str]) -> None:
    parse(given)


def test_wrong_calls_are_noticed() -> None:
    with pytest.raises(KeyError, match="topics-create"):
        parse(["topics-create"])
    with pytest.raises(Exception, match="--roll"):
        parse(["serve", "--roll", "index-node"])
    with pytest.raises(Exception, match="index-nodes"):
        parse(["serve", "--role", "index-nodes"])


@pytest.mark.parametrize("given", PROCESSES)
def test_every_process_accepts_its_settings(
    given: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = {name for name in given if name.startswith(PREFIX)}
    assert own <= {PREFIX + name.upper() for name in Settings.model_fields}
    set_environment(monkeypatch, given, tmp_path)
    assert load_settings().handle_key == KEY


def test_the_example_of_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    [secret] = objects("Secret")
    [given] = [given for name, given in pod_environments().items() if name.startswith("transaction-api/")]
    set_environment(monkeypatch, given | secret["stringData"], tmp_path)
    with pytest.raises(SettingsError, match=r"^STACFED_HANDLE_KEY: "):
        load_settings()


def test_no_manifest_holds_a_secret() -> None:
    hidden = {PREFIX + name.upper() for name, field in Settings.model_fields.items() if not field.repr}
    [secret], [config] = objects("Secret"), objects("ConfigMap")
    assert set(secret["stringData"].values()) == {"replace-me"}
    assert hidden.isdisjoint(config["data"])
    [kustomization] = read((MANIFESTS / "kustomization.yaml").read_text())
    assert "secret.example.yaml" not in kustomization["resources"]


def health() -> ModuleType:
    spec = importlib.util.spec_from_file_location("health", HEALTH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Answers(BaseHTTPRequestHandler):
    """200 to /ready, 503 to all else."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/ready" else 503)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"words")

    def log_message(self, *_: object) -> None:
        """Quietly."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_health_check_asks_the_own_process(
    port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACFED_PORT", str(port))
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    assert health().main("/ready") == 0
    assert capsys.readouterr().out == ""
    assert health().main("/healthcheck") == 1
    assert capsys.readouterr().out == "503 words\n"


def test_the_health_check_fails_where_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        free = server.server_port
    monkeypatch.setenv("STACFED_PORT", str(free))
    assert health().main("/ready") == 1
    assert "ConnectionRefusedError" in capsys.readouterr().out
