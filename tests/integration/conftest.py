"""The stacks that a node may run on: what is proved on one is proved on all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.stacks import Stack

STACKS = {"sqlite": (), "kafka-elastic": ("kafka", "elastic"), "kafka-sqlite": ("kafka",)}


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Each in turn, with names of this test's own; what it made on shared servers is taken away again."""
    engines = STACKS[request.param]
    kafka = request.getfixturevalue("kafka").bootstrap if "kafka" in engines else None
    elastic = request.getfixturevalue("elastic").url if "elastic" in engines else None
    found = Stack(kafka, elastic)
    yield found
    asyncio.run(found.remove())
