from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from federation import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_json_object_a_line() -> None:
    stream = io.StringIO()
    logs.configure("INFO", node="dkrz", role="index", stream=stream)
    logging.getLogger("index_node").info("applied %d", 3, extra={"event_id": "e1", "handle": "h1"})
    [line] = logged(stream)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "index_node",
        "message": "applied 3",
        "node": "dkrz",
        "role": "index",
        "event_id": "e1",
        "handle": "h1",
    }


def test_extra_role_wins_over_that_of_the_process() -> None:
    stream = io.StringIO()
    logs.configure("INFO", node="dkrz", stream=stream)
    logging.getLogger("x").info("both", extra={"role": "discovery"})
    assert [line["role"] for line in logged(stream)] == ["discovery"]


def test_level_is_a_floor_and_an_error_brings_its_trace() -> None:
    stream = io.StringIO()
    logs.configure("WARNING", node="dkrz", stream=stream)
    logging.getLogger("x").info("too quiet")
    try:
        raise KeyError("absent")
    except KeyError:
        logging.getLogger("x").exception("crashed")
    [line] = logged(stream)
    assert line["message"] == "crashed"
    assert "KeyError: 'absent'" in line["exc_info"]


def test_a_terminal_gets_plain_text() -> None:
    stream = Terminal()
    logs.configure("INFO", node="dkrz", stream=stream)
    logging.getLogger("stream").info("appended", extra={"event_id": "e1"})
    assert stream.getvalue().partition(" ")[2] == "INFO    stream: appended  event_id=e1\n"
