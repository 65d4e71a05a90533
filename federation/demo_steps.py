"""The tour of the demonstration, step by step. The docstring of a step is what the visitor reads above it."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

from federation.demo_records import (
    AREA,
    PR,
    SCENE,
    TAS,
    TOS,
    announcement,
    climate_item,
    collection,
    scene_item,
)
from federation.demo_tour import JSON, JSON_PATCH, Row, Tour, item_path

GEOJSON = "application/geo+json"
CLIMATE = "/collections/CMIP6/items"
TAS_1, TAS_2 = climate_item(TAS, "20190406", "north"), climate_item(TAS, "20200310", "north")
TOS_1, PR_1 = climate_item(TOS, "20180803", "north"), climate_item(PR, "20190627", "north")
AREA_1, SCENE_1 = climate_item(AREA, "20190710", "north"), scene_item("south")
TAS_1_PATH, TAS_2_PATH = item_path("CMIP6", TAS_1["id"]), item_path("CMIP6", TAS_2["id"])
TOS_PATH, PR_PATH = item_path("CMIP6", TOS_1["id"]), item_path("CMIP6", PR_1["id"])
AREA_PATH, SCENE_PATH = item_path("CMIP6", AREA_1["id"]), item_path("scenes", SCENE)


def create(tour: Tour) -> None:
    """Create two Collections: climate data with versions, and satellite scenes without."""
    tour.write("north", "POST", "/collections", collection("CMIP6", "CMIP6", 1850))
    tour.write("south", "POST", "/collections", collection("scenes", "Satellite scenes", 2015))


def publish(tour: Tour) -> None:
    """Publish four climate records at north in one request, and a scene at south."""
    features = {"type": "FeatureCollection", "features": [TAS_1, TOS_1, PR_1, AREA_1]}
    tour.write("north", "POST", CLIMATE, features, GEOJSON)
    tour.write("south", "POST", "/collections/scenes/items", SCENE_1, GEOJSON)
    for path in (TAS_1_PATH, TOS_PATH, PR_PATH, AREA_PATH):
        tour.expected[path] = Row("active", True, ("north",))
    tour.expected[SCENE_PATH] = Row("active", True, ("south",))


def repeat(tour: Tour) -> None:
    """Publish one of them again, at the other node: nothing differs, so nothing changes."""
    tour.write("south", "POST", CLIMATE, TOS_1, GEOJSON, said="unchanged")


def version(tour: Tour) -> None:
    """Publish a second version: `latest` moves to it, and nobody has to take it from the first."""
    tour.write("north", "POST", CLIMATE, TAS_2, GEOJSON)
    tour.expected[TAS_1_PATH] = Row("active", False, ("north",))
    tour.expected[TAS_2_PATH] = Row("active", True, ("north",))


def correct(tour: Tour) -> None:
    """Correct a mistake in the description with a PATCH."""
    name, value = "cmip6:variable_long_name", "Near-Surface Air Temperature (2 m)"
    patch = [{"op": "replace", "path": f"/properties/{name}", "value": value}]
    tour.write("south", "PATCH", TAS_2_PATH, patch, JSON_PATCH)
    tour.shows(TAS_2_PATH, name, value)


def replicate(tour: Tour) -> None:
    """South has copied two records and announces where its copies are; size and checksum are filled in."""
    tour.write("south", "PATCH", TAS_2_PATH, announcement(TAS_2, "south"), JSON_PATCH)
    tour.write("south", "PATCH", TOS_PATH, announcement(TOS_1, "south"), JSON_PATCH)
    tour.expected[TAS_2_PATH] = Row("active", True, ("north", "south"))
    tour.expected[TOS_PATH] = Row("active", True, ("north", "south"))


def deprecate(tour: Tour) -> None:
    """Deprecate the newest version: now no version of that dataset is the latest."""
    tour.write("north", "POST", f"{TAS_2_PATH}/actions/deprecate", {"reason": "a unit is in doubt"})
    tour.expected[TAS_2_PATH] = Row("active", False, ("north", "south"))


def retract(tour: Tour) -> None:
    """Retract a record with a reason: searches do not find it any more, but nothing is lost."""
    tour.write("south", "POST", f"{PR_PATH}/actions/retract", {"reason": "wrong forcing was used"})
    tour.shows(PR_PATH, "retraction_reason", "wrong forcing was used")
    tour.finds("latest", True, 3)
    tour.expected[PR_PATH] = Row("retracted", False, ("north",))


def restore(tour: Tour) -> None:
    """Restore both: the retracted record and the deprecated one are as they were before."""
    tour.write("south", "POST", f"{PR_PATH}/actions/restore", {})
    tour.write("north", "POST", f"{TAS_2_PATH}/actions/restore", {})
    tour.finds("latest", True, 5)
    tour.expected[PR_PATH] = Row("active", True, ("north",))
    tour.expected[TAS_2_PATH] = Row("active", True, ("north", "south"))


def forget(tour: Tour) -> None:
    """South has deleted one of its copies and says so."""
    tour.write("south", "POST", f"{TAS_2_PATH}/actions/replica-remove", {"node": "south"})
    tour.expected[TAS_2_PATH] = Row("active", True, ("north",))


def withdraw(tour: Tour) -> None:
    """Withdraw a record for good: a tombstone is left, which says why and who still holds copies."""
    tour.write("north", "POST", f"{AREA_PATH}/actions/withdraw", {"reason": "licence was never granted"})
    tour.expected[AREA_PATH] = Row("withdrawn")


def purge(tour: Tour) -> None:
    """Purge a record: it is as if it had never been; its id may be published again."""
    tour.write("south", "POST", f"{SCENE_PATH}/actions/purge", {"reason": "published by mistake"})
    tour.expected[SCENE_PATH] = Row("not found")


def transfer(tour: Tour) -> None:
    """Transfer a record: south, which holds a whole copy, becomes its home."""
    tour.write("north", "POST", f"{TOS_PATH}/actions/transfer", {"node": "south"})
    tour.expected[TOS_PATH] = Row("active", True, ("south", "north"))


def mistakes(tour: Tour) -> None:
    """Make mistakes: each is refused with a reason, and nothing changes."""
    other = deepcopy(PR_1)
    other["properties"]["cmip6:variable_long_name"] = "Rain"
    tour.refused("north", "POST", CLIMATE, other, GEOJSON, 409, "item-already-exists")
    patch = [{"op": "add", "path": "/properties/note", "value": "hello"}]
    unknown = TAS_2_PATH.replace("20200310", "20991231")
    tour.refused("south", "PATCH", unknown, patch, JSON_PATCH, 404, "item-does-not-exist")
    half = announcement(TAS_2, "south")[:1]
    tour.refused("south", "PATCH", TAS_2_PATH, half, JSON_PATCH, 400, "incomplete-replica")
    wrong = deepcopy(PR_1)
    wrong["properties"] |= {"cmip6:member_id": "r2i1p1f1", "cmip6:frequency": "day", "cmip6:realm": "atmos"}
    wrong["assets"][next(iter(wrong["assets"]))] |= {
        "file:checksum": "1220abc",
        "file:local_path": "../pr.nc",
    }
    tour.refused("north", "POST", CLIMATE, wrong, GEOJSON, 400, "stac-validation")
    bad = {**deepcopy(PR_1), "geometry": {"type": "Point"}, "bbox": [0, 0, "east", 10]}
    tour.refused("north", "POST", CLIMATE, bad, GEOJSON, 400, "stac-validation")
    tour.refused("north", "POST", f"{PR_PATH}/actions/delete", {}, JSON, 400, "operation-not-permitted")


def compare(tour: Tour) -> None:
    """Compare the nodes: each has built its catalogue alone, and they are equal byte for byte."""
    tour.digests()


STEPS: tuple[Callable[[Tour], None], ...] = (
    create, publish, repeat, version, correct, replicate, deprecate, retract, restore, forget, withdraw, purge,
    transfer, mistakes, compare,
)  # fmt: skip
