"""The model on every pair of engines: what random histories leave there."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from stream.events import Event
from tests.support.histories import history
from tests.support.nodes import (
    check_model,
    check_words,
    documents_of,
    events_of,
    follow_to_end,
    messages,
    start_worker,
    words_of,
)
from tests.support.stacks import Stack

HISTORIES, EVENTS, DATASETS = 4, 300, 12


@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_random_histories_end_as_the_model_says(tmp_path: Path, stack: Stack, seed: int) -> None:
    rng = random.Random(seed)
    told = history(rng, EVENTS, DATASETS)
    async with stack.sites(tmp_path) as site, site() as (log, store):
        for part in cut(rng, told):
            await log.append(messages(part))
        await follow_to_end(log, "a", lambda: start_worker(log, store))
        appended = await events_of(log)
        assert len(appended) == EVENTS
        model = check_model(await documents_of(store, appended), appended)
        check_words(await words_of(log), model, appended)


def cut(rng: random.Random, told: Sequence[Event]) -> list[Sequence[Event]]:
    """The events in pieces of any size."""
    places = sorted({0, len(told), *rng.sample(range(len(told)), 8)})
    return [told[start:end] for start, end in itertools.pairwise(places)]
