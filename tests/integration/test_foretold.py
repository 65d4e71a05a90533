"""The federation's exercise, foretold: every request with its answer, every record with its end, on both nodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.cmip6 import Item
from tests.support.exercise import (
    census,
    check_catalogues,
    check_ends,
    check_handles,
    check_outcomes,
    play,
)
from tests.support.exercise_plan import CENSUS, ends_of, plan
from tests.support.http import Served, collection, two_running

SEARCH_MAX = 10_000
SEED = 20260114
PATIENT_MS = 10_000  # every refusal is foretold, so no door may lose patience on a busy machine


async def test_the_exercise_ends_as_foretold_on_both_nodes(tmp_path: Path) -> None:
    lives = plan(SEED)
    assert census(lives) == CENSUS
    ends = ends_of(lives)
    async with two_running(tmp_path, courtesy_wait_ms=PATIENT_MS) as nodes:
        created = await nodes[0].settled("POST", "/collections", json=collection("CMIP6"))
        states = await play(lives, nodes)
        events, model, documents = await check_catalogues(nodes)
        accepted = sum(ask.weight for life in lives for stage in life.stages for ask in stage if ask.accepted)
        assert len(events) == accepted
        check_ends(documents, ends)
        await check_handles(nodes, {**states, created["id"]: "settled"})
        await check_outcomes(nodes, events, model)
        for served in nodes:
            active = {item_id for item_id, end in ends.items() if end.state == "active"}
            assert await found(served, "CMIP6") == active
            assert await found(served, "CMIP6", True) == {one for one in active if ends[one].latest}


async def found(served: Served, name: str, latest: bool | None = None) -> set[str]:
    """The ids in a collection that a search finds, as many as it says."""
    wanted = {} if latest is None else {"op": "=", "args": [{"property": "latest"}, latest]}
    page = await served.search(collections=[name], filter=wanted, limit=SEARCH_MAX)
    ids = of(page["features"])
    assert page["numberMatched"] == len(ids) == len(set(ids))
    return set(ids)


def of(items: Sequence[Item]) -> list[str]:
    return [one["id"] for one in items]
