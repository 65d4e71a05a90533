"""How the Discovery API refuses what it cannot read: one sentence that names the place and what it may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from catalogue.store import Unanswerable, WrongPlace
from stream.errors import Finding, Refused

SHOWN_CHARACTERS_MAX = 200


def malformed(place: str, message: str) -> Refused:
    """`place` is the name of a parameter or member, with `/` where it is inside another: `sortby/0/field`."""
    return Refused("malformed-query", f"{place} {message}", Finding("query", f"/{place}", message))


@contextmanager
def answerable() -> Iterator[None]:
    """Refused where the store cannot answer a search, or its token's place means nothing to the store."""
    try:
        yield
    except Unanswerable as error:
        raise malformed("filter", f"asks too much: {error}") from error
    except WrongPlace as error:
        raise malformed("token", "is of another order or store; begin again without it") from error


def shown(text: str) -> str:
    """A text of a client as part of a sentence: not endless, and printable."""
    cut = text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + "..."
    return cut if cut.isprintable() else ascii(cut)
