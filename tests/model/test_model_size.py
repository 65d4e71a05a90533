"""A model is worth something while it can be read at one sitting and shares nothing with what it checks."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.model import model
from tests.support import documents

LINES_MAX = 150


def test_the_model_has_at_most_150_lines() -> None:
    assert len(Path(str(model.__file__)).read_text().splitlines()) <= LINES_MAX


def test_the_model_imports_nothing_of_the_catalogue() -> None:
    for module in (model, documents):
        tree = ast.parse(Path(str(module.__file__)).read_text())
        names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        ]
        assert not [name for name in names if name.split(".")[0] == "catalogue"]
        assert {name for name in names if name.startswith("stream")} <= {"stream.events"}
