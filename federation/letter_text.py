"""Dead letters as text. What is in them was written by anybody, so nothing of it may steer a terminal."""

from __future__ import annotations

import orjson

from federation.dead_letters import Burial
from stream.dead_letters import DeadLetter

DETAIL_MAX = 100  # characters, of a line
KEY_MAX = 60
VALUE_MAX = 20_000  # characters, of a message that is shown
HEX_A_LINE = 32  # bytes


def line_of(burial: Burial) -> str:
    """One line: id, time, nodes, follower, kind, origin, key, detail."""
    last, origin = burial.last, burial.origin
    parts = [
        burial.id, last.time, ",".join(burial.nodes) or "-", last.follower, last.kind,
        f"{origin.topic}/{origin.partition}@{origin.offset}", short(last.key, KEY_MAX) or "-",
        short(last.detail, DETAIL_MAX),
    ]  # fmt: skip
    if burial.replayed is not None:
        parts.insert(1, "replayed")
    return "  ".join(map(plain, parts))


def letter_text(id_: str, letter: DeadLetter) -> str:
    """Everything of a letter, its message last."""
    origin = letter.origin
    members = {
        "letter": id_,
        "time": letter.time,
        "node": letter.node or "-",
        "follower": letter.follower,
        "kind": letter.kind,
        "origin": f"{origin.topic}/{origin.partition}@{origin.offset}",
        "key": letter.key,
        "event id": letter.event_id or "-",
        "detail": letter.detail,
        "message": f"{letter.size or len(letter.value)} bytes" + (", cut" if letter.size else ""),
    }
    told = "\n".join(f"{name:<9} {plain(value)}" for name, value in members.items())
    return f"{told}\n\n{value_text(letter.value)}"


def value_text(value: bytes) -> str:
    """JSON with indents; other text with escapes; bytes that are no text in hex. Cut at VALUE_MAX."""
    try:
        text = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except (ValueError, TypeError):  # no JSON, or nested too deep to be written again
        text = _raw(value)
    shown = "\n".join(plain(line) for line in text[:VALUE_MAX].split("\n"))
    return shown if len(text) <= VALUE_MAX else f"{shown}\n... and {len(text) - VALUE_MAX} more characters"


def plain(text: str) -> str:
    """The text with escapes for everything that is not printed."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def short(text: str, most: int) -> str:
    """The beginning of a text."""
    return text if len(text) <= most else text[: most - 3] + "..."


def _raw(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        lines = range(0, min(len(value), VALUE_MAX), HEX_A_LINE)
        return "\n".join(f"{at:06x}  {value[at : at + HEX_A_LINE].hex(' ')}" for at in lines)
