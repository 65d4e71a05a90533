"""`stacfed act`: one action on one record, and its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson

from federation.client import Client, part
from federation.failed import BAD_INPUT, Failed
from federation.words import handle_text
from stream.errors import Refused
from transaction_api.body import parse_json


def body_of(order: dict[str, Any], item: str | None, patch: str | None) -> bytes:
    """The body of the action, with the documents that the files hold. Failed names the file."""
    for name, file in (("item", item), ("patch", patch)):
        if file is not None:
            order = {**order, name: _document(file)}
    return orjson.dumps(order)


def act_on(client: Client, action: str, collection: str, item: str, body: bytes, wait_s: float) -> str:
    """The state that it came to, after saying so."""
    path = f"/collections/{part(collection)}/items/{part(item)}/actions/{part(action)}"
    handle = client.send("POST", path, body).good()["id"]
    found = client.wait(handle, wait_s)
    print(handle_text(found))
    return str(found["state"])


def _document(name: str) -> Any:
    try:
        return parse_json(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
    except OSError as error:
        raise Failed(f"{name}: {error.strerror}", BAD_INPUT) from error
    except Refused as refusal:
        raise Failed(f"{name}: {refusal.problem.detail}", BAD_INPUT) from refusal
