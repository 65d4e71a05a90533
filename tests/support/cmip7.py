"""CMIP7 Items, made from the terms of a vocabulary: the same seed and number give the same item."""

from __future__ import annotations

import hashlib
import random
from typing import Any

from cv.vocabulary import Term, Vocabulary

Item = dict[str, Any]

EXTENSIONS = (
    "https://esgf.github.io/stac-transaction-api/cmip7/v3.0.6/schema.json",
    "https://stac-extensions.github.io/alternate-assets/v1.2.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
)
NODE = "data.example.org"
CHOSEN = ("area_label", "horizontal_label", "temporal_label", "vertical_label")


def items(vocabulary: Vocabulary, count: int, seed: int = 7) -> list[Item]:
    """So many items, each of another experiment, source and variable as far as there are."""
    chance = random.Random(seed)
    return [_item(vocabulary, chance, number) for number in range(count)]


def _item(vocabulary: Vocabulary, chance: random.Random, number: int) -> Item:
    def one(facet: str) -> Term:
        terms = vocabulary.facets[facet].terms
        return terms[(number + chance.randrange(len(terms))) % len(terms)]

    experiment, variable, grid = one("experiment"), _variable(vocabulary, chance), one("grid_label")
    indices = [f"r{number + 1}", f"i{chance.choice([1, 196001])}", "p1", f"f{chance.randint(1, 3)}"]
    properties = {
        "drs_specs": "MIP-DRS7",
        "mip_era": "CMIP7",
        "activity_id": experiment.facts["activity"][0],
        "institution_id": one("institution").name,
        "source_id": one("source").name,
        "experiment_id": experiment.name,
        "variant_label": "".join(indices),
        "region": grid.facts["region"][0],
        "frequency": one("frequency").name,
        "variable_id": variable.facts["variable_root_name"][0],
        "variable_branding_suffix": variable.facts["branding_suffix_name"][0],
        "grid_label": grid.name,
    }
    dataset = ".".join(properties.values())
    version = f"{chance.randint(2024, 2026)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    pid = "hdl:21.14107/" + _uuid(dataset)
    more = {name: variable.facts[name][0] for name in CHOSEN} | {
        "realization_index": indices[0],
        "initialization_index": indices[1],
        "physics_index": indices[2],
        "forcing_index": indices[3],
        "data_specs_version": one("data_specs_version").name,
        "license_id": one("license").name,
        "nominal_resolution": one("nominal_resolution").name,
        "pid": pid,
        "product": one("product").name,
        "realm": list(variable.facts["realm"]),
        "variable_branded_name": variable.name,
        "variable_cf_standard_name": variable.facts["cf_standard_name"][0],
        "variable_long_name": f"The variable {variable.name}",
        "variable_units": variable.facts["cf_units"][0],
        "Conventions": [one("Conventions").name],
    }
    return _around(dataset, version, {f"cmip7:{name}": value for name, value in (properties | more).items()})


def _variable(vocabulary: Vocabulary, chance: random.Random) -> Term:
    """A branded variable about which all is said."""
    needed = {"variable_root_name", "branding_suffix_name", "cf_standard_name", "cf_units", "realm", *CHOSEN}
    told = [term for term in vocabulary.facets["branded_variable"].terms if needed <= term.facts.keys()]
    return chance.choice(told)


def _around(dataset: str, version: str, facets: dict[str, Any]) -> Item:
    name, folder = f"{dataset.rpartition('.')[0]}.nc", dataset.replace(".", "/")
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": list(EXTENSIONS),
        "id": f"{dataset}.v{version}",
        "collection": "CMIP7",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[0, -90], [360, -90], [360, 90], [0, 90], [0, -90]]],
        },
        "bbox": [0, -90, 360, 90],
        "properties": {
            "datetime": None,
            "start_datetime": "1850-01-01T00:00:00Z",
            "end_datetime": "1899-12-31T00:00:00Z",
            "created": "2026-03-06T01:15:44Z",
            "updated": "2026-03-06T01:15:44Z",
            "latest": True,
            "retracted": False,
            "title": dataset,
            "base_id": dataset,
            "version": version,
            "size": 1_000,
            **facets,
        },
        "links": [{"rel": "root", "type": "application/json", "href": "https://stac.example.org/"}],
        "assets": {
            name: {
                "href": f"https://{NODE}/{folder}/{name}",
                "description": "HTTPServer Link",
                "type": "application/netcdf",
                "roles": ["data"],
                "alternate:name": NODE,
                "file:size": 1_000,
                "file:checksum": "1220" + hashlib.sha256(name.encode()).hexdigest(),
                "file:local_path": f"{folder}/v{version}/{name}",
                "protocol": "https",
                "created": "2026-03-06T01:15:44Z",
            }
        },
    }


def _uuid(text: str) -> str:
    found = hashlib.sha256(text.encode()).hexdigest()
    return "-".join((found[:8], found[8:12], found[12:16], found[16:20], found[20:32]))
