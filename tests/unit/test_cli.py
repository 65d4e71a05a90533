"""The command line itself: what it knows, what it refuses before it speaks to anybody, and how quickly it starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from catalogue.lifecycle import ACTIONS, WISHES
from federation.cli import main
from federation.cli_client import OPTION_OF
from federation.settings import Settings, load_settings, shown_settings
from tests.docs.generate import commands, parameters

HEAVY = ("fastapi", "httpx", "orjson", "pydantic", "uvicorn")
RECORD = "CMIP6/some.item"


def run(*arguments: str) -> int:
    """The exit code of `stacfed` with these arguments."""
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    return int(exit_.value.code or 0)


def test_help_and_version_load_nothing_heavy() -> None:
    code = f"import sys, federation.cli; print(*(name for name in {HEAVY} if name in sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout.split() == []


@pytest.mark.parametrize("command", ["", *commands()])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*command.split(), "--help") == 0
    told = capsys.readouterr().out
    for parameter in parameters(command or None):
        assert (parameter.metavar or parameter.name) in told or parameter.opts[0] in told
        assert parameter.help


def test_help_of_act_is_the_table_of_actions(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("act", "--help") == 0
    told = capsys.readouterr().out
    for action in ACTIONS.values():
        assert f"{action.name:<15}{action.summary}" in told


def test_act_has_an_option_for_everything_that_an_action_takes() -> None:
    spelt = {parameter.opts[0] for parameter in parameters("act")}
    taken = {member for action in ACTIONS.values() for member in action.takes}
    assert OPTION_OF.keys() == taken | {"reason"}
    assert set(OPTION_OF.values()) <= spelt


def test_options_of_act_name_the_actions_that_take_them() -> None:
    helps = {parameter.opts[0]: parameter.help for parameter in parameters("act")}
    assert helps["--wish"].endswith("(retract)")
    assert helps["--node"].endswith("(replica-add, replica-remove, transfer)")
    assert all(wish in helps["--wish"] for wish in WISHES)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["act", "restor", RECORD], "did you mean restore?"),
        (["act", "retract", RECORD, "--wish", "burn"], "burn is none of keep, restrict, remove"),
        (["act", "retract", "CMIP6"], "write COLLECTION/ITEM"),
        (["act", "retract", "/item"], "write COLLECTION/ITEM"),
        (["act", "retract", "CMIP6/a/b"], "write COLLECTION/ITEM"),
        (["act", "replica-add", RECORD, "--location", "a.nc"], "write ASSET=HREF"),
        (["act", "replica-add", RECORD, "--location", "=https://x"], "write ASSET=HREF"),
        (["request", ""], "name a handle"),
        (["--url", "localhost:8080", "digest"], "must begin with http:// or https://"),
        (["--url", "http://", "digest"], "no address of a node"),
        (["serve", "--port", "80800"], "less than or equal to 65535"),
        (["publish"], "Missing argument 'FILE...'"),
        (["sreve"], "No such command 'sreve'"),
    ],
)
def test_mistakes_are_told_and_exit_with_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    assert said in capsys.readouterr().err


def test_nobody_listening_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--url", "http://127.0.0.1:1", "digest") == 2
    assert capsys.readouterr().err == "stacfed: cannot reach http://127.0.0.1:1: Connection refused\n"


def test_url_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACFED_URL", "http://127.0.0.1:2")
    assert run("parked") == 2
    assert "cannot reach http://127.0.0.1:2:" in capsys.readouterr().err
    load_settings()  # the variable of the client is no mistake of a node's


def test_settings_are_shown_and_secrets_are_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACFED_HANDLE_KEY", "hunter2" * 3)
    monkeypatch.setenv("STACFED_EXPECTED_NODES", "north,south")
    main_shows = {line.split()[0]: line for line in _shown(capsys)}
    assert len(main_shows) == len(Settings.model_fields)
    assert "hunter2" not in "".join(main_shows.values())
    assert main_shows["STACFED_HANDLE_KEY"].endswith("(hidden)  (environment)")
    assert main_shows["STACFED_EXPECTED_NODES"].endswith("north,south  (environment)")
    assert main_shows["STACFED_PORT"].endswith("8080  (default)")


def test_settings_that_are_wrong_are_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACFED_PORT", "many")
    for command in ("settings", "serve"):
        assert run(command) == 2
        assert "STACFED_PORT: " in capsys.readouterr().err


def test_every_setting_is_shown_once() -> None:
    names = [line.split()[0] for line in shown_settings(Settings())]
    assert names == [f"STACFED_{name.upper()}" for name in Settings.model_fields]


def _shown(capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert run("settings") == 0
    return capsys.readouterr().out.splitlines()
