"""A client of a node's HTTP API, for the command line and the demonstration: it knows what any client can know."""

from __future__ import annotations

import ipaddress
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from federation.failed import BAD_INPUT, NOT_DONE, Failed
from federation.words import problem_text

Json = dict[str, Any]
TRIES_MAX = 5
RETRY_AFTER_S_MAX = 10.0
ERRNO = re.compile(r"^\[Errno -?\d+\] ")
CONNECT_S, ANSWER_S = 5.0, 60.0
WAIT_S_MAX = 30.0  # of one question for a handle; a longer wait is several questions
FINAL = frozenset({"settled", "rejected", "attention", "lost"})


class Unreachable(Failed):
    """Nothing that speaks our protocol answers at the address."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"cannot reach {url}: {reason}", BAD_INPUT)


class Refusal(Failed):
    """A problem as the answer."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(problem_text(problem), BAD_INPUT if status >= 500 else NOT_DONE)
        self.status, self.problem = status, problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: JSON, whatever the status."""

    status: int
    body: Any
    headers: Mapping[str, str]

    def good(self) -> Any:
        """The body of a success. Refusal for a problem."""
        if self.status >= 400:
            raise Refusal(self.status, self.body if isinstance(self.body, dict) else {})
        return self.body


@dataclass
class Client:
    """One node at `url`. Use it as a context manager."""

    url: str
    sleep: Callable[[float], None] = time.sleep
    transport: httpx.BaseTransport | None = None
    _http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.url = _checked(self.url).rstrip("/")
        self._http = httpx.Client(
            base_url=self.url,
            transport=self.transport,
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            headers={"user-agent": f"stacfed/{version('stacfed')}"},
            trust_env=not _is_here(self.url),  # a proxy leads away from this machine
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: Any) -> Answer:
        """GET; parameters that are None are left out."""
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._call("GET", path, given, b"", {})

    def send(
        self, method: str, path: str, body: bytes, kind: str = "application/json", **parameters: Any
    ) -> Answer:
        """A write. It carries an Idempotency-Key, so that a second try is the same request."""
        headers = {"content-type": kind, "idempotency-key": f"stacfed-{secrets.token_hex(16)}"}
        return self._call(method, path, parameters, body, headers)

    def wait(self, handle: str, wait_s: float) -> Json:
        """The request once it is final, or as it stands after `wait_s`. Refusal for an unknown handle."""
        deadline = time.monotonic() + wait_s
        while True:
            left = min(max(deadline - time.monotonic(), 0), WAIT_S_MAX)
            answer = self.get(f"/requests/{part(handle)}", wait=f"{left:.3f}" if left else None)
            found: Json = answer.good()
            if found["state"] in FINAL or time.monotonic() >= deadline:
                return found

    def _call(
        self, method: str, path: str, parameters: Json, body: bytes, headers: Mapping[str, str]
    ) -> Answer:
        for attempt in range(1, TRIES_MAX + 1):
            last = attempt == TRIES_MAX
            try:
                answer = self._http.request(
                    method, path, params=parameters or None, content=body or None, headers=headers
                )
            except httpx.HTTPError as error:
                if last or not _may_pass(error):
                    raise Unreachable(self.url, _reason(error)) from error
                self.sleep(min(float(attempt), RETRY_AFTER_S_MAX))
                continue
            after_s = _retry_after_s(answer)
            if after_s is None or last:
                return self._read(answer)
            self.sleep(after_s)
        raise AssertionError("the last try either answers or raises")

    def _read(self, answer: httpx.Response) -> Answer:
        try:
            body = orjson.loads(answer.content)
        except ValueError:
            reason = f"{answer.status_code} without JSON; this is not a node of a federation"
            raise Unreachable(self.url, reason) from None
        return Answer(answer.status_code, body, answer.headers)


def part(text: str) -> str:
    """`text` as one part of a path."""
    return quote(text, safe="")


def _checked(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise Failed(f"{url!r} is no address of a node: it must begin with http:// or https://", BAD_INPUT)
    try:
        if httpx.URL(url).host:
            return url
    except httpx.InvalidURL:
        pass
    raise Failed(f"{url!r} is no address of a node", BAD_INPUT)


def _is_here(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: httpx.HTTPError) -> str:
    """In words, without the number of the system's error."""
    return ERRNO.sub("", str(error)) or type(error).__name__


def _may_pass(error: httpx.HTTPError) -> bool:
    """Whether the connection was lost while the node was at work; nobody listening is final."""
    return isinstance(error, httpx.TransportError) and not isinstance(
        error, httpx.ConnectError | httpx.ConnectTimeout | httpx.UnsupportedProtocol
    )


def _retry_after_s(answer: httpx.Response) -> float | None:
    """Seconds to wait before the next try; None where the answer is not `try again`."""
    after = answer.headers.get("retry-after", "")
    if answer.status_code != 503 or not after.isdecimal():
        return None
    return min(float(after), RETRY_AFTER_S_MAX)
