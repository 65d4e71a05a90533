"""Answers that a client may already have: ETag and If-None-Match (RFC 9110, 8.8.3 and 13.1.2)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from fastapi import Request, Response

TAG_BYTES = 12
CONDITION_CHARACTERS_MAX = 8192
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_HEADERS = {"cache-control": "no-cache"}  # may be kept, and is asked for again before each use


def tag_of(body: bytes) -> str:
    """A weak ETag: what is sent may be compressed in several ways, and is then not the same byte for byte."""
    return f'W/"{hashlib.blake2b(body, digest_size=TAG_BYTES).hexdigest()}"'


def unchanged(request: Request, etag: str, headers: Mapping[str, str] | None = None) -> Response | None:
    """304 where the client of a GET has already what `etag` names, else None.

    For who can tell the ETag before making the body. `etag` is as it is sent, with its quotes; `headers` are those
    of the whole answer, of which a cache needs `vary`.
    """
    condition = ",".join(request.headers.getlist("if-none-match"))
    if not condition or not _names(condition, etag):
        return None
    vary = [
        *filter(None, [(headers or {}).get("vary")]),
        "Accept-Encoding",
    ]  # of a 200 the compression adds it
    return Response(status_code=304, headers={**_HEADERS, "etag": etag, "vary": ", ".join(vary)})


def answered(
    request: Request,
    body: bytes,
    media_type: str,
    etag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer to a GET with an ETag, by default made from the body: 304 where the client has it, else 200.

    Names of `headers` are in lower case.
    """
    etag = etag or tag_of(body)
    told = {**_HEADERS, **(headers or {}), "etag": etag}
    return unchanged(request, etag, headers) or Response(body, headers=told, media_type=media_type)


def _names(condition: str, etag: str) -> bool:
    """Whether the condition is `*` or lists the tag; tags are compared weakly. One that cannot be read lists none."""
    if condition.strip() == "*":
        return True
    opaque = etag.removeprefix("W/")
    return len(condition) <= CONDITION_CHARACTERS_MAX and opaque in _TAG.findall(condition)
