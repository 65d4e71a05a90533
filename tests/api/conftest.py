"""Nodes for the tests of the API: real log, real store, followers at work, no socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.http import Served, collection, running, settings, two_running

COLLECTIONS = ("CMIP6", "scenes")


async def create_collections(served: Served) -> None:
    for name in COLLECTIONS:
        await served.settled("POST", "/collections", json=collection(name))


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    """One node that holds the Collections CMIP6 (with versions) and scenes (without)."""
    async with running(settings(tmp_path)) as served:
        await create_collections(served)
        yield served


@pytest.fixture
async def two_nodes(tmp_path: Path) -> AsyncIterator[tuple[Served, Served]]:
    """Two nodes of one federation on one log, with the same Collections."""
    async with two_running(tmp_path) as both:
        await create_collections(both[0])
        yield both
