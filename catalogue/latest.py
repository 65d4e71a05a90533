"""Which version of a dataset is the latest one."""

from __future__ import annotations

from collections.abc import Mapping

from catalogue.head import Version
from catalogue.lifecycle import State


def order(item_id: str, version: Version) -> tuple[bool, int | str, str]:
    """Sorting key of a version: numbers before text, the item id where two versions are equal."""
    return isinstance(version.sort, str), version.sort, item_id


def latest_of(versions: Mapping[str, Version]) -> str | None:
    """The item id of the latest version.

    It is the highest version that is not purged, if that one is active and not deprecated; else there is none:
    an older version was superseded for a reason.
    """
    present = [(item_id, version) for item_id, version in versions.items() if version.state != State.PURGED]
    if not present:
        return None
    item_id, top = max(present, key=lambda pair: order(*pair))
    return item_id if top.state == State.ACTIVE and not top.deprecated else None


def ordered(versions: Mapping[str, Version]) -> list[str]:
    """Item ids from the oldest version to the newest."""
    return [item_id for item_id, _ in sorted(versions.items(), key=lambda pair: order(*pair))]


def order_of_writes(
    target: str, before: Mapping[str, Version], after: Mapping[str, Version]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Item ids that lose `latest`, to be written first, and the others that change (law 7)."""
    loses, gains = latest_of(before), latest_of(after)
    lowers = (loses,) if loses is not None and loses != gains else ()
    raises = [target] if target not in lowers else []
    if gains is not None and gains not in (loses, target):
        raises.append(gains)
    return lowers, tuple(raises)
