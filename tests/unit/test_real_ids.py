"""Verdicts over real ids and items with real vocabularies; the tables of docs/validation.md are measured here."""

from __future__ import annotations

import copy
import json
import re
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from catalogue.profile_shelf import profile_of
from checks.checker import RuleChecker
from checks.cross import CrossChecks
from checks.identity import IdentityChecks
from checks.terms import TermChecks
from cv.vocabulary import Vocabulary
from stream.errors import Finding
from tests.conftest import ROOT
from tests.support import cmip7
from tests.support.cmip6 import facts, real_ids
from tests.support.real_vocabularies import Real, real_vocabularies
from tests.support.rules import NO_SCHEMAS

PAGE = ROOT / "docs" / "validation.md"
MEASURED = re.compile(r"<!-- measured: (?P<name>[a-z ]+) -->\n(?P<text>.*?)<!-- end measured -->", re.DOTALL)
LAYOUTS = ("flat", "newer")
FACETS = ("source_id", "experiment_id", "variable_id")
CROSS_CHECKS = ("experiment-activity", "source-activity", "experiment-sub-experiment")
Verdicts = dict[str, tuple[Finding, ...]]


@pytest.fixture(scope="module")
def real(shared: Path) -> Real:
    return real_vocabularies(shared)


@pytest.fixture(scope="module")
def verdicts(shared: Path, real: Real) -> dict[str, Verdicts]:
    """By layout, what is found for each id that is refused."""
    return {"flat": refused(shared, real.flat), "newer": refused(shared, real.newer)}


def refused(shared: Path, vocabulary: Vocabulary) -> Verdicts:
    profile = profile_of("CMIP6")
    checks = (IdentityChecks(profile), TermChecks(profile, vocabulary), CrossChecks(profile, vocabulary))
    found = {
        item_id: tuple(f for each in checks for f in each.check_id(item_id)) for item_id in real_ids(shared)
    }
    return {item_id: findings for item_id, findings in found.items() if findings}


def kind_of(finding: Finding) -> str:
    """The facet whose term is unknown, or the cross check."""
    named = re.search(r"for `cmip6:([a-z_]+)`", finding.message)
    return named[1] if finding.check == "vocabulary" and named is not None else finding.check


def said(finding: Finding) -> str:
    """What a finding says, without the version of the vocabulary."""
    return re.sub(r" in cmip6 \S+\.$", ".", finding.message)


def counts_table(shared: Path, verdicts: dict[str, Verdicts]) -> str:
    """Ids by layout: accepted, refused, and refused by each facet and cross check."""
    kinds = (*FACETS, *CROSS_CHECKS)
    lines = [
        "| vocabulary | ids | accepted | refused | " + " | ".join(f"by `{kind}`" for kind in kinds) + " |",
        "|---" * (len(kinds) + 4) + "|",
    ]
    ids = len(real_ids(shared))
    for layout in LAYOUTS:
        found = verdicts[layout]
        by = Counter(kind_of(finding) for findings in found.values() for finding in findings)
        assert by.keys() <= set(kinds)
        numbers = [ids, ids - len(found), len(found), *(by[kind] for kind in kinds)]
        lines.append(f"| CMIP6, {layout} layout | " + " | ".join(map(str, numbers)) + " |")
    return "\n".join(lines) + "\n"


def part(name: str) -> str:
    [found] = [found["text"] for found in MEASURED.finditer(PAGE.read_text()) if found["name"] == name]
    return found


def test_the_table_of_counts_is_what_is_measured(shared: Path, verdicts: dict[str, Verdicts]) -> None:
    assert part("real ids") == counts_table(shared, verdicts)


def test_each_refusal_has_its_line_and_each_line_its_refusal(verdicts: dict[str, Verdicts]) -> None:
    measured = Counter(
        (said(finding), layout) for layout in LAYOUTS for f in verdicts[layout].values() for finding in f
    )
    rows = [line.strip("| ").split(" | ") for line in part("refusals").splitlines()[2:]]
    told = {
        (row[0], layout): int(number)
        for row in rows
        for layout, number in zip(LAYOUTS, row[1:3], strict=True)
        if number != "0"
    }
    assert told == measured
    assert all(len(row) == 4 and len(row[3]) > 20 for row in rows)


def test_few_are_refused_and_each_for_one_reason(shared: Path, verdicts: dict[str, Verdicts]) -> None:
    for layout in LAYOUTS:
        assert 0 < len(verdicts[layout]) < 0.01 * len(real_ids(shared))
        assert all(len(findings) == 1 for findings in verdicts[layout].values())
        assert all(f.level == "error" and f.pointer == "/id" for [f] in verdicts[layout].values())


def raw(shared: Path, facet: str) -> Any:
    """What the published file of the flat layout says, read without any of our code."""
    path = shared / "vocabularies" / "cmip6" / f"CMIP6_{facet}.json"
    return json.loads(path.read_text())[facet]


def test_each_refusal_by_the_flat_files_is_right(shared: Path, verdicts: dict[str, Verdicts]) -> None:
    sources, experiments = raw(shared, "source_id"), raw(shared, "experiment_id")
    for item_id, [finding] in verdicts["flat"].items():
        known = facts(item_id)
        match kind_of(finding):
            case "source_id":
                assert known.source not in sources
            case "experiment_id":
                assert known.experiment not in experiments
            case "experiment-activity":
                assert known.activity not in experiments[known.experiment]["activity_id"]
            case "source-activity":
                assert known.activity not in sources[known.source]["activity_participation"]
            case "experiment-sub-experiment":
                start = known.member.partition("-")[0]
                assert start not in experiments[known.experiment]["sub_experiment_id"]
            case kind:
                pytest.fail(f"nothing is known of {kind}")


def test_nothing_wrong_by_the_flat_files_is_accepted(shared: Path, verdicts: dict[str, Verdicts]) -> None:
    """The same questions in the other direction, asked of the files themselves."""
    sources, experiments = raw(shared, "source_id"), raw(shared, "experiment_id")
    tables, grids = raw(shared, "table_id"), raw(shared, "grid_label")
    for item_id in real_ids(shared):
        if item_id in verdicts["flat"]:
            continue
        known = facts(item_id)
        source, experiment = sources[known.source], experiments[known.experiment]
        assert known.activity in experiment["activity_id"]
        assert known.activity in source["activity_participation"]
        assert known.institution in source["institution_id"]
        assert known.table in tables
        assert known.grid in grids
        start = known.member.partition("-")[0] if "-" in known.member else "none"
        assert start in experiment["sub_experiment_id"]


def test_each_refusal_by_the_newer_layout_is_right(shared: Path, verdicts: dict[str, Verdicts]) -> None:
    with zipfile.ZipFile(shared / "vocabularies" / "CMIP6_CVs-esgvoc.zip") as archive:
        names = {"/".join(name.casefold().split("/")[-2:]) for name in archive.namelist()}
    for item_id, [finding] in verdicts["newer"].items():
        facet = kind_of(finding)
        known = facts(item_id)._asdict()[facet.removesuffix("_id")]
        assert f"{facet}/{known.casefold()}.json" not in names
    for item_id in real_ids(shared):
        if item_id not in verdicts["newer"]:
            known = facts(item_id)
            assert f"variable_id/{known.variable.casefold()}.json" in names
            assert f"source_id/{known.source.casefold()}.json" in names


def test_facts_that_the_universe_states_for_other_projects_refuse_nothing(real: Real) -> None:
    """The universe says today that the model CanESM5 takes part in two activities; in CMIP6 these were 21."""
    assert real.newer.facets["source_id"].plain["CanESM5"].facts["activity_participation"] == ("CMIP", "DCPP")
    unused = CrossChecks(profile_of("CMIP6"), real.newer).unused
    assert set(unused) == {
        "experiment-activity", "experiment-sub-experiment", "source-activity", "source-institution",
    }  # fmt: skip
    assert CrossChecks(profile_of("CMIP6"), real.flat).unused == {}
    assert CrossChecks(profile_of("CMIP7"), real.cmip7).unused == {}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_real_items_have_the_one_fault_that_is_theirs(shared: Path, real: Real, layout: str) -> None:
    checker = RuleChecker(profile_of("CMIP6"), getattr(real, layout), NO_SCHEMAS)
    found: dict[str, list[Finding]] = {}
    for path in sorted((shared / "items").glob("cmip6-*.json")):
        findings = checker.check(json.loads(path.read_text()))
        assert {f.check for f in findings if f.level == "note"} == {"extension-not-checked"}
        found[path.stem] = [f for f in findings if f.level != "note"]
    assert found["cmip6-ipsl-clcalipso"] == []
    [fault] = found["cmip6-ukesm-zg500"]
    assert fault.to_json() == {
        "check": "id-properties",
        "pointer": "/properties/cmip6:member_id",
        "message": "`cmip6:member_id` is s2019-r1i1p1f2, but the id says r1i1p1f2.",
        "value": "s2019-r1i1p1f2",
        "expected": "r1i1p1f2",
        "level": "error",
    }


def test_items_of_real_terms_of_cmip7_are_clean(real: Real) -> None:
    checker = RuleChecker(profile_of("CMIP7"), real.cmip7, NO_SCHEMAS)
    made = cmip7.items(real.cmip7, 200)
    assert len({item["id"] for item in made}) == 200
    assert len({item["properties"]["cmip7:experiment_id"] for item in made}) > 30
    for item in made:
        assert [f for f in checker.check(item) if f.level != "note"] == [], item["id"]


def test_six_mistakes_of_six_kinds_are_named_in_one_answer(real: Real) -> None:
    checker = RuleChecker(profile_of("CMIP7"), real.cmip7, NO_SCHEMAS)
    [item] = cmip7.items(real.cmip7, 1)
    properties = item["properties"]
    units = properties["cmip7:variable_units"]
    properties["cmip7:nominal_resolution"] = "100km"  # no term
    properties["cmip7:variable_units"] = "K" if units != "K" else "Pa"  # of another variable
    properties["cmip7:grid_label"] = (
        "g999" if properties["cmip7:grid_label"] != "g999" else "g100"
    )  # not the id's
    properties["end_datetime"] = "1849-12-31T00:00:00Z"  # before its start
    next(iter(item["assets"].values()))["file:checksum"] = "1220abcd"  # cut
    item["stac_extensions"].pop()  # file, which the profile asks for
    found = {f.pointer: f for f in checker.check(item) if f.level == "error"}
    assert {
        "/properties/cmip7:nominal_resolution", "/properties/cmip7:variable_units", "/properties/cmip7:grid_label",
        "/stac_extensions",
    } < found.keys()  # fmt: skip
    assert any("datetime" in pointer for pointer in found)
    assert any(pointer.endswith("file:checksum") for pointer in found)
    assert len(found) == len({finding.check for finding in found.values()}) == 6
    assert "100 km" in (found["/properties/cmip7:nominal_resolution"].nearest or ())


def test_each_facet_of_cmip7_is_looked_at(real: Real) -> None:
    """A made-up value in any property that is taken from the vocabulary is found."""
    profile = profile_of("CMIP7")
    checks = TermChecks(profile, real.cmip7)
    [item] = cmip7.items(real.cmip7, 1)
    assert checks.check(item) == []
    for field in real.cmip7.fields:
        if field.facet is None or field.property not in item["properties"]:
            continue
        changed = copy.deepcopy(item)
        changed["properties"][field.property] = ["no such term"] if field.many else "no such term"
        [found] = checks.check(changed)
        assert found.vocabulary == "cmip7 1.2.16"
        del changed["properties"][field.property]
        assert len(checks.check(changed)) == field.required
