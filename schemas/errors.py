"""What is wrong with a schema that somebody hands us."""

from __future__ import annotations

from typing import NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong: in which file (or at which URI), at which JSON pointer of it."""

    where: str
    pointer: str
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.pointer, self.message) if part)


class BadSchemas(ValueError):
    """Schemas that cannot be used; a line for each fault."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults
