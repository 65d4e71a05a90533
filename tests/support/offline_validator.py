"""Runs stac-api-validator, in a process of its own, without any other host than the one that it validates.

    python -m tests.support.offline_validator ARGUMENTS...

What it would fetch of STAC's own schemas is answered from the files that pystac ships, and files of assets are there
and empty. Whatever else it tries to reach is refused, and named on standard error after UNREACHABLE.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.request import BaseHandler, Request, build_opener, install_opener
from urllib.response import addinfourl

import pystac
import requests
from requests.adapters import HTTPAdapter
from stac_api_validator.__main__ import main

from tests.support.no_sockets import REFUSED

SCHEMAS = Path(pystac.__file__).parent / "validation" / "jsonschemas"
ASSETS = "https://data.example.org/"
UNREACHABLE = "unreachable:"
HERE = "127.0.0.1"


def shipped() -> Iterator[tuple[str, bytes]]:
    """The schemas of STAC and of GeoJSON, by their addresses."""
    for file in SCHEMAS.rglob("*.json"):
        body = file.read_bytes()
        named = json.loads(body)["$id"].rstrip("#")
        yield named.replace("/commonjson", "/common.json"), body  # which is so in the file


ANSWERS = dict(shipped())


def answer(url: str) -> bytes | None:
    """What is at an address of another host; None: it is not to be reached."""
    if url.startswith(ASSETS):
        return b""
    found = ANSWERS.get(url.partition("#")[0])
    if found is None:
        print(UNREACHABLE, url, file=sys.stderr, flush=True)
    return found


class Offline(BaseHandler):
    """For what asks by urllib."""

    handler_order = 100  # before the one that would reach out

    def https_open(self, request: Request) -> addinfourl:
        found = answer(request.full_url)
        if found is None:
            raise OSError(f"{request.full_url} is another host")
        return addinfourl(io.BytesIO(found), Message(), request.full_url, 200)


def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **told: Any) -> requests.Response:
    """For what asks by requests."""
    url = request.url or ""
    if url.startswith(f"http://{HERE}:"):
        _repair(request)
        return _send(adapter, request, **told)
    found = answer(url)
    if found is None:
        raise requests.ConnectionError(f"{url} is another host", request=request)
    made = requests.Response()
    made.status_code, made.url, made.raw, made.request = 200, url, io.BytesIO(found), request
    return made


def _repair(request: requests.PreparedRequest) -> None:
    """The Item that it publishes has no `links`, without which it is none."""
    posted = json.loads(request.body) if isinstance(request.body, bytes) else None
    if isinstance(posted, dict) and posted.get("type") == "Feature" and "links" not in posted:
        request.prepare_body(None, None, json=posted | {"links": []})


def listen(event: str, arguments: tuple[Any, ...]) -> None:
    """For all else: every socket of the interpreter is told to this."""
    if event in REFUSED and HERE not in repr(arguments):
        print(UNREACHABLE, event, repr(arguments), file=sys.stderr, flush=True)
        raise OSError("another host")


_send = HTTPAdapter.send

if __name__ == "__main__":
    install_opener(build_opener(Offline))
    HTTPAdapter.send = send  # type: ignore[method-assign, assignment]
    sys.addaudithook(listen)
    main(prog_name="stac-api-validator")
