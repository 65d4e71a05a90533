"""The real vocabularies beside the repository, read once for all tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from cv.importing import import_files
from cv.source import read_source
from cv.universe import Universe
from cv.vocabulary import Vocabulary


class Real(NamedTuple):
    """CMIP6 in the flat layout and in the newer one, and CMIP7."""

    flat: Vocabulary
    newer: Vocabulary
    cmip7: Vocabulary


@cache
def real_vocabularies(shared: Path) -> Real:
    """All of them, as an import makes them."""
    folder = shared / "vocabularies"
    universe = import_files(read_source(folder / "WCRP-universe.zip"), None, _none).found
    assert isinstance(universe, Universe)
    return Real(
        _read(folder / "cmip6", universe),
        _read(folder / "CMIP6_CVs-esgvoc.zip", universe),
        _read(folder / "CMIP7-CVs-1.2.16.zip", universe),
    )


def _read(path: Path, universe: Universe) -> Vocabulary:
    found = import_files(read_source(path), None, lambda _: universe).found
    assert isinstance(found, Vocabulary)
    return found


def _none(version: str | None) -> Universe:
    raise AssertionError(f"the universe {version} refers to another one")
