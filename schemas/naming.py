"""Which of some files are schemas, and by which URI each is known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from schemas.errors import Fault
from schemas.uri import CHARS_MAX, URI

BYTES_MAX = 4 << 20  # of one schema
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}")


class Document(NamedTuple):
    """One schema: the file that it is in, its URI, and what it says."""

    where: str
    uri: str
    data: bytes
    schema: dict[str, Any]


class Named(NamedTuple):
    """What some files hold. `others` counts those that are no schemas."""

    documents: tuple[Document, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    others: int


def named(files: Mapping[str, bytes], *, alone: bool = False, above: str = "") -> Named:
    """The schemas among files, each by its path. `alone`: each has to be one. `above`: the path that leads to them."""
    documents: dict[str, Document] = {}
    faults: list[Fault] = []
    warnings: list[Fault] = []
    others = 0
    for where, data in files.items():
        read = _read(where, data, alone)
        if read is None:
            others += 1
            continue
        found = read if isinstance(read, Fault) else _document(where, data, read, above, warnings)
        if isinstance(found, Fault):
            faults.append(found)
            continue
        first = documents.setdefault(found.uri, found)
        if first.data != data:
            faults.append(
                Fault(where, "", f"is {found.uri}, and so is {first.where}, which says something else")
            )
    return Named(tuple(documents.values()), tuple(faults), tuple(warnings), others)


def _read(where: str, data: bytes, alone: bool) -> dict[str, Any] | Fault | None:
    if not alone and not where.endswith(".json"):
        return None
    if len(data) > BYTES_MAX:
        return (
            Fault(where, "", f"is over {BYTES_MAX} bytes") if alone or b'"$schema"' in data[:2000] else None
        )
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        line = f"{where}:{error.lineno}"
        return Fault(line, "", f"is not JSON at column {error.colno}: {str(error.msg)[:200]}")
    if isinstance(document, dict) and ("$schema" in document or alone or _by_path(where) is not None):
        return document
    return Fault(where, "", "is no JSON Schema: it is no object") if alone else None


def _document(
    where: str, data: bytes, schema: dict[str, Any], above: str, warnings: list[Fault]
) -> Document | Fault:
    own = schema.get("$id")
    if isinstance(own, str):
        own = own.removesuffix("#")
        if len(own) > CHARS_MAX or not URI.fullmatch(own):
            return Fault(where, "/$id", f"is no absolute http or https URI of at most {CHARS_MAX} characters")
    elif own is not None:
        return Fault(where, "/$id", "is no text")
    path = _by_path(where) or _below_host(above, where, own)
    uri = path or own
    if uri is None:
        return Fault(where, "", "has no `$id`, and its path is not HOST/PATH of a URI")
    if path is not None and own is not None and own != path:
        if own.partition("://")[2] == path.partition("://")[2]:
            uri = own  # the path does not tell http from https
        else:
            warnings.append(
                Fault(where, "/$id", f"is {own}; the schema is known as {path}, as its path says")
            )
    return Document(where, uri, data, schema)


def _by_path(where: str) -> str | None:
    """The URI whose HOST/PATH the end of a path is; None: no folder of it is called as a host."""
    parts = where.split("/")
    for index in range(len(parts) - 2):
        if HOST.fullmatch(parts[index]):
            uri = "https://" + "/".join(parts[index:])
            return uri if URI.fullmatch(uri) and len(uri) <= CHARS_MAX else None
    return None


def _below_host(above: str, where: str, own: str | None) -> str | None:
    """The same for a part of such a folder, whose host is in the path above; the `$id` has to name that host too."""
    host = (own or "").partition("://")[2].partition("/")[0]
    parts = [*above.split("/"), *where.split("/")]
    if not host or host not in parts[:-2]:
        return None
    uri = "https://" + "/".join(parts[parts.index(host) :])
    return uri if URI.fullmatch(uri) and len(uri) <= CHARS_MAX else None
