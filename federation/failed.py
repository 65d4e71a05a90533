"""How a command ends: its exit codes, and the one exception that ends it early."""

from __future__ import annotations

DONE, NOT_DONE, BAD_INPUT, NOT_YET = 0, 1, 2, 3


class Failed(Exception):
    """Ends a command: the message goes to stderr, the code to the shell."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
