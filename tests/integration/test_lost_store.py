"""A node whose catalogue was lost makes it again from the log, instead of going on with an empty one."""

from __future__ import annotations

from pathlib import Path

from tests.support.cmip6 import item, sample_ids, second_version
from tests.support.http import collection, features, running, settings


async def test_a_lost_store_is_made_again_from_the_beginning_of_the_log(tmp_path: Path) -> None:
    first, *others = [item(item_id) for item_id in sample_ids(5)]
    async with running(settings(tmp_path)) as served:
        await served.settled("POST", "/collections", json=collection("CMIP6"))
        await served.settled("POST", "/collections/CMIP6/items", json=features([first, *others]))
        await served.settled("POST", "/collections/CMIP6/items", json=second_version(first))
        await served.settled("DELETE", f"/collections/CMIP6/items/{others[0]['id']}")
        await served.caught_up()
        before = await served.digest()
        assert before["collections"]["CMIP6"]["count"] == 6
    lose(tmp_path)
    async with running(settings(tmp_path)) as served:
        await served.caught_up()
        assert await served.digest() == before


async def test_a_store_that_is_there_goes_on_from_where_it_was(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as served:
        await served.settled("POST", "/collections", json=collection("CMIP6"))
        await served.caught_up()
        group, ends = served.node.groups.index, await served.ends()
    async with running(settings(tmp_path), follow=False) as served:
        assert served.node.groups.index == group
        for topic, end in ends.items():
            assert await served.node.log.committed(group, topic) == end


def lose(folder: Path) -> None:
    """Delete the files of the store."""
    files = list(folder.glob("n1.db*"))
    assert files
    for file in files:
        file.unlink()
