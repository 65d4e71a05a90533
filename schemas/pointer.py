"""JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterable

CHARS_MAX = 1_000


def pointer(path: Iterable[str | int]) -> str:
    """The pointer of a path; cut with an ellipsis at CHARS_MAX, since hostile keys have any length."""
    text = "".join(map(token, path))
    return text if len(text) <= CHARS_MAX else text[: CHARS_MAX - 1] + "…"


def token(key: str | int) -> str:
    """One reference token, with its slash."""
    return "/" + str(key)[:CHARS_MAX].replace("~", "~0").replace("/", "~1")
