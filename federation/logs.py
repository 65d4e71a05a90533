"""Logs on stderr: one JSON object a line, or plain text where a person is watching.

Extras travel as they do everywhere in `logging`: `log.info("appended", extra={"event_id": ...})`.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

# uvicorn and friends put these on their records; they repeat the message.
NOISE = frozenset({"color_message", "message", "asctime", "taskName"})


class TextFormatter(logging.Formatter):
    """`12:00:01 INFO    index_node: applied  event_id=... node=...`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", datefmt="%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        extras = {
            name: value for name, value in vars(record).items() if name not in NOISE.union(RESERVED_ATTRS)
        }
        pairs = " ".join(f"{name}={value}" for name, value in extras.items())
        return f"{super().formatMessage(record)}  {pairs}".rstrip()


def json_formatter(node: str, role: str) -> logging.Formatter:
    """Fields time, level, logger, message, node, role, then the extras; an extra `role` wins over ours."""
    return JsonFormatter(
        "%(levelname)s %(name)s %(message)s",
        rename_fields={"levelname": "level", "name": "logger"},
        timestamp="time",
        static_fields={"node": node, "role": role},
        reserved_attrs=[*RESERVED_ATTRS, *NOISE],
        json_ensure_ascii=False,
    )


def configure(level: str, node: str, role: str = "all", stream: TextIO | None = None) -> None:
    """Takes over the root logger. Start uvicorn with `log_config=None`, or it brings handlers of its own."""
    stream = sys.stderr if stream is None else stream
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TextFormatter() if stream.isatty() else json_formatter(node, role))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # One line per outgoing request is the caller's to write, with its own ids.
    for chatty in ("httpx", "httpcore"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
