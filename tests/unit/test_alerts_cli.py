"""`stacfed alerts`: what it asks of a node, and the test of destinations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
import typer
from typer.testing import CliRunner

from alerts.make import Options
from federation import alerting, cli_alerts, cli_operate
from federation.client import Client
from federation.failed import BAD_INPUT, Failed

Handler = Callable[[httpx.Request], httpx.Response]
FOUND = {
    "id": "s1", "address": "mailto:a...@example.org", "owner": "anonymous", "asked_s": 1, "identity": None,
    "collection": "CMIP6", "period_s": 86_400, "urgent": True, "confirmed": False,
}  # fmt: skip
LINE = "s1  unconfirmed  mailto:a...@example.org  collection CMIP6  every 1d, urgent at once\n"
root = typer.Typer()
root.add_typer(cli_alerts.app, name="alerts")


@root.callback()
def _root(context: typer.Context) -> None:
    context.obj = "http://node.example"


def run(monkeypatch: pytest.MonkeyPatch, answer: Any, *arguments: str) -> tuple[str, list[httpx.Request]]:
    """What a command printed, and what it asked."""
    asked: list[httpx.Request] = []

    def node(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json=answer)

    client = Client("http://node.example", transport=httpx.MockTransport(node))
    monkeypatch.setattr(cli_alerts, "_client", lambda context: client)
    found = CliRunner().invoke(root, ["alerts", *arguments], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout, asked


@pytest.mark.parametrize(("arguments", "wish"), [
    (["ann@example.org", "--collection", "CMIP6"],
     {"address": "mailto:ann@example.org", "collection": "CMIP6", "period_s": 86_400, "urgent": True}),
    (["https://h.example/x", "--identity", "ann", "--period", "12h", "--no-urgent"],
     {"address": "https://h.example/x", "identity": "ann", "period_s": 43_200, "urgent": False}),
])  # fmt: skip
def test_subscribe(monkeypatch: pytest.MonkeyPatch, arguments: list[str], wish: dict[str, Any]) -> None:
    printed, [asked] = run(monkeypatch, FOUND, "subscribe", *arguments)
    assert (asked.method, asked.url.path) == ("PUT", "/alerts/subscriptions")
    assert orjson.loads(asked.content) == wish
    assert printed == LINE


def test_list_confirm_unsubscribe(monkeypatch: pytest.MonkeyPatch) -> None:
    printed, _ = run(monkeypatch, {"subscriptions": [FOUND]}, "list")
    assert printed == LINE
    printed, [asked] = run(monkeypatch, FOUND | {"confirmed": True}, "confirm", "s1.token")
    assert (asked.url.path, orjson.loads(asked.content)) == ("/alerts/confirmations", {"token": "s1.token"})
    assert printed == LINE.replace("unconfirmed", "confirmed")
    printed, [asked] = run(monkeypatch, {"ended": "a/b"}, "unsubscribe", "a/b")
    assert (asked.method, asked.url.raw_path) == ("DELETE", b"/alerts/subscriptions/a%2Fb")


@pytest.mark.parametrize("arguments", [
    [], ["--collection", "C", "--identity", "ann"], ["--collection", "C", "--period", "soon"],
    ["--collection", "C", "--period", "5m"],
])  # fmt: skip
def test_a_faulty_subscription_asks_nobody(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(cli_alerts, "_client", lambda context: pytest.fail("it asked"))
    found = CliRunner().invoke(root, ["alerts", "subscribe", "ann@example.org", *arguments])
    assert isinstance(found.exception, Failed)
    assert found.exception.code == BAD_INPUT


@pytest.mark.parametrize(("alerts", "code", "told"), [
    (("log:",), 0, "sent     log\n"),
    (("log:", "http://127.0.0.1:1/secret"), 1, "failed   http://127.0.0.1:1/...: no connection: "),
])  # fmt: skip
def test_every_destination_is_tried(
    monkeypatch: pytest.MonkeyPatch, alerts: tuple[str, ...], code: int, told: str
) -> None:
    monkeypatch.setattr(cli_operate, "loaded", lambda: None)
    monkeypatch.setattr(alerting, "alert_options", lambda settings: Options("north", alerts=alerts))
    found = CliRunner().invoke(root, ["alerts", "test"])
    assert found.exit_code == code
    assert told in found.stdout
    assert "secret" not in found.output


def test_a_faulty_destination_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_operate, "loaded", lambda: None)
    monkeypatch.setattr(alerting, "alert_options", lambda settings: Options("north", alerts=("x:secret",)))
    found = CliRunner().invoke(root, ["alerts", "test"])
    assert isinstance(found.exception, Failed)
    assert str(found.exception).startswith("STACFED_ALERTS: destination 1: ")
    assert "secret" not in str(found.exception)
