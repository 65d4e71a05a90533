"""The client: one way to ask Elasticsearch, and our words for what can go wrong.

It retries nothing: only the caller knows whether a request may be repeated. It speaks through the transport of the
official client, since what that client does around it takes a fifth of the processor time of a short request.
"""

from __future__ import annotations

import asyncio
import io
import logging
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from elastic_transport import AiohttpHttpNode, ConnectionTimeout, OrjsonSerializer, TlsError, TransportError
from elastic_transport import ConnectionError as Disconnected
from elastic_transport.client_utils import basic_auth_to_header
from elasticsearch import AsyncElasticsearch

from stream.errors import Unavailable

CONNECTIONS_MAX = 24  # to each node
CLOSE_S = 5.0
SERVER_SHARE = 0.7  # of the time that we wait, what the server may wait itself, so that we hear its reason
REASON_CHARACTERS_MAX = 500
LARGE_BYTES = 1 << 20
JSON = "application/vnd.elasticsearch+json; compatible-with=8"  # servers of version 9 speak that, too
PRODUCT = "x-elastic-product"

# With any handler on the root logger, this one decodes the bytes of every request and answer, only to drop them.
logging.getLogger("elastic_transport.node").propagate = False
logging.getLogger("elastic_transport.transport").setLevel(logging.WARNING)  # INFO is a line per request


@dataclass(frozen=True, slots=True)
class Access:
    """How to be let in: an API key (`id:key` in base64, as the server gave it), or a user; and files for TLS.

    `ca_file` alone says whom to trust; not set: the authorities of this machine. A server is always verified, its
    name or address, too.
    """

    api_key: str | None = field(default=None, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.api_key is not None and self.user is not None:
            raise ValueError("either an API key or a user, not both")
        if (self.user is None) != (self.password is None):
            raise ValueError("a user needs a password, and a password a user")
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("a key file needs a certificate file")

    def headers(self) -> dict[str, str]:
        """What a request carries."""
        if self.api_key is not None:
            return {"authorization": f"ApiKey {self.api_key}"}
        if self.user is not None and self.password is not None:
            return {"authorization": basic_auth_to_header((self.user, self.password))}
        return {}

    def options(self, *, tls: bool) -> dict[str, Any]:
        """For the client, in its words. ValueError where files cannot be used, or would not be."""
        if tls:
            return {"ssl_context": self._tls()}
        if self.ca_file or self.cert_file:
            raise ValueError("files for TLS need hosts that begin with https://")
        return {}

    def _tls(self) -> ssl.SSLContext:
        """Made here, because the client would not verify a host that is named by its address."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.cert_file is not None:
                context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:
            raise ValueError(f"the files for TLS cannot be used: {error}") from error
        return context


class Unsent(Unavailable):
    """The server was not asked, or let us not in: nothing has happened."""


class Denied(Unsent):
    """The server lets us not in, or not do this."""


class Answered(Exception):
    """The server has understood, and says no: 400, 404, 413 and such."""

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(f"{status} {kind}: {reason}")
        self.status = status
        self.kind = kind
        self.reason = reason


class _LargeBody(io.BytesIO):
    """A body that is sent piece by piece, so that others are not kept waiting while megabytes are copied."""

    def decode(self, *_: str) -> str:
        """What the client's own log of requests would show."""
        return f"({len(self.getvalue())} bytes)"


class _Node(AiohttpHttpNode):
    async def perform_request(  # type: ignore[override] # as untyped as what it passes on to
        self, method: str, target: str, body: bytes | None = None, **options: Any
    ) -> Any:
        large = body is not None and len(body) > LARGE_BYTES
        sent: Any = _LargeBody(body) if large and body is not None else body
        return await super().perform_request(method, target, body=sent, **options)


class ElasticClient:
    """Requests with a time limit. ValueError where the hosts or files cannot be used at all."""

    def __init__(self, hosts: Sequence[str], access: Access, timeout_s: float) -> None:
        if any("@" in host for host in hosts):
            raise ValueError("a host names no user: its password would be in every log")
        self.timeout_s = timeout_s
        self._closed = False
        tls = any(host.startswith("https://") for host in hosts)
        self._headers = {"accept": JSON, "content-type": JSON, **access.headers()}
        self._client = AsyncElasticsearch(
            list(hosts),
            connections_per_node=CONNECTIONS_MAX,
            node_class=_Node,
            serializers={"application/json": OrjsonSerializer()},
            **access.options(tls=tls),
        )

    @property
    def server_timeout(self) -> str:
        """How long the server may wait for a shard or its master, in its notation."""
        return f"{int(self.timeout_s * SERVER_SHARE * 1000)}ms"

    async def call(
        self, method: str, path: str, body: bytes | dict[str, Any] | None = None, **parameters: str
    ) -> Any:
        """The decoded answer. Answered where it is an error, Unavailable where there is none, or none to rely on."""
        if self._closed:
            raise Unsent("the store is closed")
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        try:
            meta, answer = await self._client.transport.perform_request(
                method,
                target,
                headers=self._headers,
                body=body,
                request_timeout=self.timeout_s,
                max_retries=0,
            )
        except TransportError as error:
            raise _silent(error) from error
        if not 200 <= meta.status < 300:
            raise _said(meta.status, answer)
        if meta.headers.get(PRODUCT) != "Elasticsearch":
            raise Unsent("what answers is not Elasticsearch")
        return answer

    async def close(self) -> None:
        """Close all connections, in limited time."""
        self._closed = True
        async with asyncio.timeout(CLOSE_S):
            await self._client.close()


def _said(status: int, body: Any) -> Exception:
    kind, reason = _reason(body)
    text = f"{status} {kind}: {reason}"
    if status in (401, 403):
        return Denied(f"Elasticsearch does not let us: {text}")
    if status in (408, 429) or status >= 500:
        return Unavailable(f"Elasticsearch is busy or broken: {text}")
    return Answered(status, kind, reason)


def _silent(error: TransportError) -> Unavailable:
    if isinstance(error, TlsError):
        return Unsent(f"no secure connection to Elasticsearch: {error.message}")
    if isinstance(error, ConnectionTimeout):
        return Unavailable("Elasticsearch did not answer in time")
    if isinstance(error, Disconnected):
        # The client keeps the first cause only here.
        never = isinstance(error.__context__, aiohttp.ClientConnectorError)
        return (Unsent if never else Unavailable)(f"no connection to Elasticsearch: {error.message}")
    return Unavailable("Elasticsearch's answer cannot be read")


def _reason(body: Any) -> tuple[str, str]:
    """(type, reason) of an error's body, which a proxy may have written in any form."""
    error: Any = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "error", str(error)[:REASON_CHARACTERS_MAX]
    more = f" ({cause})" if (cause := _cause(error)) else ""
    return str(error.get("type", "error")), f"{error.get('reason')}{more}"[:REASON_CHARACTERS_MAX]


def _cause(error: Mapping[str, Any]) -> Any:
    """The reason behind it, which the server tells in one of two places."""
    roots = error.get("root_cause")
    for cause in (error.get("caused_by"), roots[0] if isinstance(roots, list) and roots else None):
        if isinstance(cause, Mapping) and cause.get("reason") != error.get("reason"):
            return cause.get("reason")
    return None
