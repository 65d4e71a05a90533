"""Dead letters and notes to bytes and back, and as text that steers no terminal."""

from __future__ import annotations

import base64
from dataclasses import replace

import orjson
import pytest
from typer.testing import CliRunner

from federation.cli_deadletter import app
from federation.dead_letters import Burial
from federation.failed import BAD_INPUT, Failed
from federation.letter_text import VALUE_MAX, letter_text, line_of, plain, value_text
from stream.dead_letters import (
    VALUE_BYTES_MAX,
    DeadLetter,
    Replayed,
    decode_dead_letter,
    decode_entry,
    encode_dead_letter,
    encode_replayed,
    letter_id,
)
from stream.events import Origin, Undecodable
from stream.log import Message, Record, TopicPartition

LETTER = DeadLetter(
    "t.transactions", 2, 17, "CMIP6/a", b"\xff{", "undecodable", "not JSON", None, "index",
    "2026-01-01T00:00:00.000000Z", "north",
)  # fmt: skip
NOTE = Replayed("0:3", LETTER.origin, Origin("t.transactions", 1, 5), "f" * 32, "south", LETTER.time)


def record(message: Message, offset: int = 3) -> Record:
    return Record(TopicPartition(message.topic, 0), offset, message.key, message.value)


def test_a_letter_comes_back_as_it_was() -> None:
    message = encode_dead_letter("t.deadletters", LETTER)
    assert message.key == "t.transactions/2/17"
    assert decode_dead_letter(record(message)) == LETTER
    assert letter_id(record(message)) == "0:3"


@pytest.mark.parametrize("placed", [NOTE.placed, None])
def test_a_note_comes_back_as_it_was(placed: Origin | None) -> None:
    note = Replayed(NOTE.letter, NOTE.origin, placed, NOTE.event_id, NOTE.node, NOTE.time)
    message = encode_replayed("t.deadletters", note)
    assert message.key == "0:3"
    assert decode_entry(record(message)) == note
    with pytest.raises(Undecodable, match="a note"):
        decode_dead_letter(record(message))


def test_a_letter_is_bounded_whatever_was_written() -> None:
    most = 6 << 20  # what a log takes
    letter = replace(LETTER, value=b"x" * (9 << 20), key="k" * most, detail="d" * most)
    message = encode_dead_letter("t.deadletters", letter)
    assert len(message.value) + len(message.key) < most - 4096
    found = decode_dead_letter(record(message))
    assert (len(found.value), found.size) == (VALUE_BYTES_MAX, 9 << 20)
    assert "message   9437184 bytes, cut" in letter_text("0:1", found)


@pytest.mark.parametrize(
    "arguments", [["--all"], [], ["0:0", "--all", "--yes"], ["0:0", "--kind", "undecodable"]]
)
def test_replay_wants_to_know_what(arguments: list[str]) -> None:
    found = CliRunner().invoke(app, ["replay", *arguments])
    assert isinstance(found.exception, Failed)
    assert found.exception.code == BAD_INPUT


def test_an_older_letter_has_no_node() -> None:
    body = {
        "origin": {"topic": "t", "partition": 0, "offset": 1}, "key": "k", "value": base64.b64encode(b"x").decode(),
        "kind": "misrouted", "detail": "d", "event_id": "e", "follower": "index", "time": "now", "tomorrow": 1,
    }  # fmt: skip
    found = decode_dead_letter(record(Message("t.deadletters", "k", orjson.dumps(body))))
    assert (found.node, found.value, found.kind) == ("", b"x", "misrouted")
    assert "  -  index  misrouted  t/0@1  " in line_of(Burial(found.origin, {"0:1": found}))


@pytest.mark.parametrize(
    "value", [b"", b"{", b"null", b"[]", b"{}", b'{"origin": 5}', b'{"replayed": "0:1"}']
)
def test_what_is_no_letter_is_told(value: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_entry(record(Message("t.deadletters", "k", value)))


def test_a_line_shows_what_matters_and_is_short() -> None:
    long = DeadLetter(*LETTER.origin, "k" * 500, b"", "undecodable", "d" * 500, None, "index", "now", "north")
    again = DeadLetter(
        *LETTER.origin, "k" * 500, b"", "undecodable", "d" * 500, None, "index", "later", "south"
    )
    burial = Burial(LETTER.origin, {"0:3": long, "0:4": again})
    assert line_of(burial).startswith("0:3  later  north,south  index  undecodable  t.transactions/2@17  kkk")
    assert len(line_of(burial)) < 300
    burial.replayed = NOTE
    assert line_of(burial).startswith("0:3  replayed  later")


def test_nothing_that_was_written_steers_a_terminal() -> None:
    evil = "\x1b[2J\u009b31m\r\nnext"
    letter = DeadLetter(
        "t", 0, 1, evil, orjson.dumps({evil: evil}), "undecodable", evil, evil, "index", "now", "a"
    )
    for text in (letter_text("0:1", letter), line_of(Burial(letter.origin, {"0:1": letter}))):
        assert all(c.isprintable() or c == "\n" for c in text)
    assert plain("tästlich 日本") == "tästlich 日本"


def test_a_message_is_shown_as_what_it_is() -> None:
    assert value_text(b'{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert value_text(b"cut {short\x00") == "cut {short\\x00"
    assert value_text(b"\xff\x00ab") == "000000  ff 00 61 62"
    assert value_text(b'{"a":' + b"[" * 300 + b"]" * 300 + b"}").startswith('{"a":[[[')
    assert value_text(b"x" * (VALUE_MAX + 5)).endswith("\n... and 5 more characters")
    assert len(value_text(b"\xff" * 10_000_000)) < 4 * VALUE_MAX
