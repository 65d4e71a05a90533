"""What is said of a vocabulary that cannot be used."""

from __future__ import annotations


class BadVocabulary(ValueError):
    """The source or the stored file is no vocabulary; the message begins with the path, and the line if known."""

    def __init__(self, message: str, path: str = "", line: int | None = None) -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {message}" if where else message)
        self.message, self.path, self.line = message, path, line
