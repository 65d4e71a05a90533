"""Free text: the parameter `q`.

    any     = all, with "," or OR between them
    all     = terms, with AND between them
    terms   = each [+ or -] then words, "words in quotes", or (any)

Words next to each other are a phrase: they follow each other in what is found. What has a `-` shall not be there. Where
something has a `+`, the rest is optional; otherwise all of it shall be there. AND and OR are operators in capitals
only. Case, accents and punctuation make no difference, and a word is a whole word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NoReturn

from catalogue.facts import words_of
from catalogue.filters import EVERYTHING, Filter, Words
from discovery_api.cql2.truth import every, negated, some
from discovery_api.refusals import malformed, shown

CHARACTERS_MAX, TERMS_MAX, DEPTH_MAX = 4096, 256, 16
_TOKEN = re.compile(
    r'\s*(?:(?P<quoted>"[^"]*")|(?P<sign>[+-](?=[^\s+\-]))|(?P<mark>[(),])|(?P<word>[^\s(),"]+)|(?P<odd>.))'
)


def read_words(q: Any) -> Filter:
    """Records whose text fits: a text, or a list of texts of which one has to fit. Of nothing: everything.

    Refused (malformed-query) says at which character a text cannot be read.
    """
    texts = [q] if isinstance(q, str) else q
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        raise malformed("q", "is a text or a list of texts")
    if sum(map(len, texts)) > CHARACTERS_MAX or len(texts) > TERMS_MAX:
        raise malformed("q", f"has at most {CHARACTERS_MAX} characters, in at most {TERMS_MAX} terms")
    found = [_Reader(text).whole() for text in texts if text.strip()]
    return some(found) if found else EVERYTHING


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens = [
            _Token(str(found.lastgroup), found[str(found.lastgroup)], found.start(str(found.lastgroup)))
            for found in _TOKEN.finditer(text.rstrip())
        ]
        self.place = self.depth = 0
        if len(self.tokens) > TERMS_MAX:
            raise malformed("q", f"has at most {TERMS_MAX} terms")

    def whole(self) -> Filter:
        found = self._any()
        if self.place < len(self.tokens):
            self._unexpected()
        return found

    def _any(self) -> Filter:
        found = [self._all()]
        while self._takes(",", "OR"):
            found.append(self._all())
        return some(found)

    def _all(self) -> Filter:
        found = [self._terms()]
        while self._takes("AND"):
            found.append(self._terms())
        return every(found)

    def _terms(self) -> Filter:
        kinds: dict[str, list[Filter]] = {"": [], "+": [], "-": []}
        while self._begins():
            sign = self._next().text if self.tokens[self.place].kind == "sign" else ""
            kinds[sign].append(self._term())
        if not any(kinds.values()):
            self._unexpected()
        return every([*(kinds["+"] or kinds[""]), *(negated(part) for part in kinds["-"])])

    def _begins(self) -> bool:
        token = self.tokens[self.place] if self.place < len(self.tokens) else None
        if token is None or token.kind == "odd" or (token.kind == "word" and token.text in ("AND", "OR")):
            return False
        return token.kind != "mark" or token.text == "("

    def _term(self) -> Filter:
        if not self._begins() or self.tokens[self.place].kind == "sign":
            self._unexpected()
        token = self._next()
        if token.kind == "mark":
            self.depth += 1
            if self.depth > DEPTH_MAX:
                raise malformed("q", f"has brackets more than {DEPTH_MAX} deep")
            found = self._any()
            if not self._takes(")"):
                self._unexpected()
            self.depth -= 1
            return found
        text = token.text
        while token.kind == "word" and self._begins() and self.tokens[self.place].kind == "word":
            text += " " + self._next().text
        words = words_of(text)
        if not words:
            raise malformed("q", f"has no word at character {token.at + 1}: {shown(token.text)}")
        return Words(tuple(words))

    def _takes(self, *texts: str) -> bool:
        token = self.tokens[self.place] if self.place < len(self.tokens) else None
        taken = token is not None and token.kind in ("mark", "word") and token.text in texts
        self.place += taken
        return taken

    def _next(self) -> _Token:
        self.place += 1
        return self.tokens[self.place - 1]

    def _unexpected(self) -> NoReturn:
        if self.place < len(self.tokens):
            token = self.tokens[self.place]
            raise malformed("q", f"cannot be read at character {token.at + 1}: {shown(token.text)}")
        raise malformed("q", "ends where a word is missing")
