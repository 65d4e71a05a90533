"""On mutated items the verdict of every schema is that of another validator, the `jsonschema` package."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from schemas import stac
from schemas.core import check_collection, check_item
from schemas.extensions import Extensions
from schemas.importing import plan
from schemas.library import Library
from schemas.naming import named
from tests.support import cmip6
from tests.support.mutations import mutated, oracle

ITEMS = 3_000
COLLECTIONS = 100
SEED = 20260101

Json = dict[str, Any]


@pytest.fixture(scope="module")
def extensions(shared: Path) -> Extensions:
    """The published schemas; one that refers to what nobody has is left out."""
    root = shared / "stac-schemas"
    found = named({path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.json")})
    none = Extensions({}, Library({}))
    accepted = plan(found.documents, none).accepted
    hashes = {uri: hashlib.sha256(data).hexdigest() for uri, data in accepted.items()}
    library, current = none.extended({hashes[uri]: data for uri, data in accepted.items()}, hashes)
    return Extensions(current, library)


@pytest.fixture(scope="module")
def originals(shared: Path) -> list[Json]:
    """Real items and our own, so that each of them is mutated about equally often."""
    folder = shared / "items"
    real = [json.loads(path.read_bytes()) for path in sorted(folder.glob("cmip6-*.json"))]
    scenes = json.loads((folder / "sentinel-2-l2a-cogs.json").read_bytes())["features"][:4]
    own = [cmip6.item(item_id) for item_id in cmip6.sample_ids(4)]
    return [*real, *real, *scenes, *own]


def core_oracle(uri: str, family: str) -> Draft7Validator:
    documents = stac.published() if family == "1.1" else stac.adapted(stac.published(), family)
    if family == "1.1":  # the published rule that an Item with a collection links to it; see schemas.stac
        del documents[stac.ITEM]["definitions"]["core"]["allOf"][2]["allOf"][0]["else"]
    return oracle(uri, documents)


def test_the_verdict_on_items_is_that_of_jsonschema(extensions: Extensions, originals: list[Json]) -> None:
    chance = random.Random(SEED)
    cores = {family: core_oracle(stac.ITEM, family) for family in ("1.0", "1.1")}
    documents = stac.referable() | {uri: extensions.document(uri) for uri in extensions.uris}
    oracles = {uri: oracle(uri, documents) for uri in extensions.uris}
    verdicts: Counter[tuple[str, bool]] = Counter()
    for number in range(ITEMS):
        original = originals[number % len(originals)]
        item = mutated(original, chance)
        valid = cores[original["stac_version"][:3]].is_valid(item)
        assert (not check_item(item)) == valid, (number, check_item(item))
        verdicts["core", valid] += 1
        declared = [uri for uri in original["stac_extensions"] if uri in extensions]
        others = [chance.choice(extensions.uris)] if number % 3 == 0 else []
        for uri in (*declared, *others):
            valid = oracles[uri].is_valid(item)
            assert (not extensions.check(uri, item)) == valid, (number, uri, extensions.check(uri, item))
            verdicts[uri, valid] += 1
    assert min(verdicts["core", valid] for valid in (True, False)) > ITEMS // 4
    for name in ("cmip6/v3.0.2", "alternate-assets/v1.2.0", "file/v2.1.0"):
        uri = f"https://stac-extensions.github.io/{name}/schema.json"
        assert min(verdicts[uri, valid] for valid in (True, False)) > ITEMS // 20, verdicts


def test_the_verdict_on_collections_is_that_of_jsonschema(shared: Path) -> None:
    chance = random.Random(SEED)
    record = json.loads((shared / "items" / "sentinel-2-l2a-cogs.collection.json").read_bytes())
    verdicts: Counter[bool] = Counter()
    for family in ("1.0", "1.1"):
        judge = core_oracle(stac.COLLECTION, family)
        for _ in range(COLLECTIONS):
            collection = mutated({**record, "stac_version": f"{family}.0"}, chance)
            valid = judge.is_valid(collection)
            assert (not check_collection(collection)) == valid, check_collection(collection)
            verdicts[valid] += 1
    assert min(verdicts.values()) > COLLECTIONS // 4
