"""The client: what it tries again, what it gives up at once, and how it says so."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from federation.client import TRIES_MAX, Client, Refusal, Unreachable
from federation.failed import BAD_INPUT, NOT_DONE

Handler = Callable[[httpx.Request], httpx.Response]
URL = "http://node.example"
BUSY = {"retry-after": "2"}


def client(handler: Handler, slept: list[float] | None = None) -> Client:
    return Client(
        URL, sleep=(slept if slept is not None else []).append, transport=httpx.MockTransport(handler)
    )


def test_a_busy_node_is_asked_again_as_the_same_request() -> None:
    seen: list[httpx.Request] = []
    slept: list[float] = []

    def node(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return (
            httpx.Response(503, json={}, headers=BUSY)
            if len(seen) < 3
            else httpx.Response(202, json={"id": "1"})
        )

    assert client(node, slept).send("POST", "/x", b"{}").good() == {"id": "1"}
    assert slept == [2.0, 2.0]
    assert len({request.headers["idempotency-key"] for request in seen}) == 1
    assert {request.content for request in seen} == {b"{}"}


def test_two_writes_are_two_requests() -> None:
    keys = []

    def node(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return httpx.Response(202, json={})

    for _ in range(2):
        client(node).send("POST", "/x", b"{}")
    assert len(set(keys)) == 2


def test_tries_and_waits_are_bounded() -> None:
    seen: list[str] = []
    slept: list[float] = []

    def node(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(
            503, json={"title": "Busy", "detail": "later"}, headers={"retry-after": "86400"}
        )

    answer = client(node, slept).send("POST", "/x", b"{}")
    assert (answer.status, len(seen)) == (503, TRIES_MAX)
    assert slept == [10.0] * (TRIES_MAX - 1)
    with pytest.raises(Refusal, match="Busy: later") as refusal:
        answer.good()
    assert refusal.value.code == BAD_INPUT


def test_a_503_that_does_not_ask_for_it_is_not_tried_again() -> None:
    seen: list[str] = []

    def node(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        return httpx.Response(503, json={"followers": []})

    assert client(node).get("/ready").status == 503
    assert len(seen) == 1


def test_a_lost_connection_is_tried_again() -> None:
    seen: list[str] = []
    slept: list[float] = []

    def node(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["idempotency-key"])
        if len(seen) < 3:
            raise httpx.RemoteProtocolError("gone")
        return httpx.Response(202, json={})

    assert client(node, slept).send("POST", "/x", b"").status == 202
    assert (len(set(seen)), slept) == (1, [1.0, 2.0])


@pytest.mark.parametrize(
    ("error", "tries"),
    [(httpx.ConnectError("[Errno 111] Connection refused"), 1), (httpx.ReadTimeout(""), TRIES_MAX)],
)
def test_a_node_that_is_not_there_is_named(error: httpx.TransportError, tries: int) -> None:
    seen: list[str] = []

    def node(request: httpx.Request) -> httpx.Response:
        seen.append(request.method)
        raise error

    with pytest.raises(Unreachable, match=f"cannot reach {URL}: (Connection refused|ReadTimeout)"):
        client(node).get("/digest")
    assert len(seen) == tries


def test_something_else_that_answers_is_named() -> None:
    with pytest.raises(Unreachable, match="404 without JSON"):
        client(lambda request: httpx.Response(404, text="<html>")).get("/digest")


def test_a_problem_is_told_with_its_findings() -> None:
    problem = {
        "title": "Not valid", "detail": "two things", "findings": [
            {"pointer": "/bbox/2", "message": "is no number", "value": "east", "expected": "number"},
            {"pointer": "", "message": "is old", "index": 3},
        ],
    }  # fmt: skip
    with pytest.raises(Refusal) as refusal:
        client(lambda request: httpx.Response(400, json=problem)).get("/x").good()
    assert refusal.value.code == NOT_DONE
    assert str(refusal.value).splitlines() == [
        "Not valid: two things",
        "  at /bbox/2: is no number; value 'east'; expected 'number'",
        "  at feature 3 : is old",
    ]


def test_waiting_asks_until_the_state_is_final() -> None:
    states = iter(["accepted", "accepted", "settled"])
    asked = []

    def node(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"id": "1", "state": next(states)})

    assert client(node).wait("a/b", 60)["state"] == "settled"
    assert len(asked) == 3
    assert all(url.startswith(f"{URL}/requests/a%2Fb?wait=") for url in asked)
    assert float(asked[0].partition("wait=")[2]) == 30


def test_without_waiting_one_question_is_asked() -> None:
    asked = []

    def node(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"id": "1", "state": "accepted"})

    assert client(node).wait("1", 0)["state"] == "accepted"
    assert asked == [f"{URL}/requests/1"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_a_proxy_is_not_asked_for_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(
        Unreachable, match=r"Connection refused|Cannot assign|not supported|connection attempts"
    ):
        Client(url).get("/digest")
