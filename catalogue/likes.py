"""LIKE patterns: `%` stands for any characters, `_` for one; a backslash takes the next literally.

Matching takes time proportional to the text (and, with `_`, to the pattern's length / 64), whatever both are made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Token(NamedTuple):
    """One character of the pattern, None for any; `gap`: any others may come before it."""

    letter: str | None
    gap: bool


def like(pattern: str) -> Callable[[str], bool]:
    """A test of whole texts, as they are."""
    tokens, open_end = parsed(pattern)
    if any(token.letter is None for token in tokens):
        return _stepping(tokens, open_end)
    return _by_parts(tokens, open_end)


def parsed(pattern: str) -> tuple[list[Token], bool]:
    """The pattern's characters, and whether anything may follow them. A last backslash stands for itself."""
    tokens, gap = [], False
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        if letter == "%":
            gap = True
        else:
            if letter == "\\" and place + 1 < len(pattern):
                place += 1
                tokens.append(Token(pattern[place], gap))
            else:
                tokens.append(Token(None if letter == "_" else letter, gap))
            gap = False
        place += 1
    return tokens, gap


def literal(pattern: str) -> str:
    """What every match begins with."""
    found = []
    for token in parsed(pattern)[0]:
        if token.gap or token.letter is None:
            break
        found.append(token.letter)
    return "".join(found)


def _by_parts(tokens: list[Token], open_end: bool) -> Callable[[str], bool]:
    """Without `_`: the parts between the gaps are found one after the other, each as early as it can be."""
    parts = [""]
    for token in tokens:
        if token.gap:
            parts.append("")
        parts[-1] += token.letter or ""
    if open_end:
        parts.append("")
    if len(parts) == 1:
        return parts[0].__eq__
    first, middle, last = parts[0], [part for part in parts[1:-1] if part], parts[-1]

    def test(text: str) -> bool:
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return False
        place = len(first)
        for part in middle:
            place = text.find(part, place, end)
            if place < 0:
                return False
            place += len(part)
        return True

    return test


def _stepping(tokens: list[Token], open_end: bool) -> Callable[[str], bool]:
    """With `_`: bit n of a number says whether the first n tokens match what has been read of the text."""
    any_letter = waits = 0
    letters: dict[str, int] = {}
    for bit, token in enumerate(tokens):
        if token.gap:
            waits |= 1 << bit
        if token.letter is None:
            any_letter |= 1 << bit
        else:
            letters[token.letter] = letters.get(token.letter, 0) | 1 << bit
    accepted = 1 << len(tokens)
    if open_end:
        waits |= accepted

    def test(text: str) -> bool:
        if len(text) < len(tokens):
            return False
        states = 1
        for letter in text:
            states = ((states & (letters.get(letter, 0) | any_letter)) << 1) | (states & waits)
            if not states:
                return False
        return bool(states & accepted)

    return test
