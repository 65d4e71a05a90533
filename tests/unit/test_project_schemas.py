"""Our verdict on facets against the published schemas of the projects, on thousands of values.

The published schemas are an oracle and not the truth: where they differ, docs/validation.md says how and why.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema_rs
import pytest

from catalogue.profile import Profile
from catalogue.profile_shelf import profile_of
from checks.accepted import Rule, rules_of
from checks.terms import TermChecks
from cv.vocabulary import Vocabulary
from tests.support.real_vocabularies import real_vocabularies
from tests.unit.test_real_ids import part

SEED = 20_260
NEAR_MISSES = 1_500  # of each schema
ILL_TYPED: tuple[Any, ...] = (1, 7, None, True, 1.5, {}, [], [None], [1], "", [""], [["x"]])
SAMPLES = (
    "r1", "i1", "i196001a", "p1", "f1", "1", "12x", "x12", "r1i1p1f1", "s1960-r1i1p1f1", "r1i196001ap1f1", "s99-r1",
    "r1i1ap1f1", "s2100-r1i1p1f1", "1a",
    "hdl:21.14107/0123abcd-0123-0123-0123-0123456789ab", "hdl:21.14100/0123abcd-0123-0123-0123-0123456789ab",
    "days since 1850-01-01", "days since long ago", "01.00.28", "1.0.28",
)  # fmt: skip
OPEN_PATTERN = r"\d+$"  # published without a beginning: whatever ends in a digit


class Case(NamedTuple):
    """One published schema, and what it is compared with."""

    path: str
    project: str
    layout: str


CASES = {
    "cmip6 v3.0.2": Case("stac-extensions.github.io/cmip6/v3.0.2", "CMIP6", "newer"),
    "cmip6 v3.0.4": Case("esgf.github.io/stac-transaction-api/cmip6/v3.0.4", "CMIP6", "newer"),
    "cmip7 v1.2.8": Case("esgf.github.io/stac-transaction-api/cmip7/v1.2.8", "CMIP7", "cmip7"),
    "cmip7 v3.0.6": Case("esgf.github.io/stac-transaction-api/cmip7/v3.0.6", "CMIP7", "cmip7"),
}


class Compared:
    """One schema against our checks."""

    def __init__(self, shared: Path, case: Case) -> None:
        self.profile: Profile = profile_of(case.project)
        self.prefix = f"{case.project.lower()}:"
        vocabulary: Vocabulary = getattr(real_vocabularies(shared), case.layout)
        self.rules: dict[str, Rule] = rules_of(self.profile, vocabulary)
        schema = json.loads((shared / "stac-schemas" / case.path / "schema.json").read_text())
        fields = schema["definitions"]["item_fields"]
        self.published: dict[str, Any] = {
            n: s for n, s in fields["properties"].items() if n.startswith(self.prefix)
        }
        needed = schema["definitions"]["require_item_fields"]["allOf"]
        self.needed = {n for each in needed for n in each["required"] if n.startswith(self.prefix)}
        self._schema = jsonschema_rs.validator_for({**fields, "definitions": schema["definitions"]})
        self._checks = TermChecks(self.profile, vocabulary)
        self.verdicts = [(n, v, self.ours(n, v), self.theirs(n, v)) for n, v in self.values()]

    def names(self) -> list[str]:
        return sorted({*self.published, *self.rules})

    def listed(self, name: str) -> list[str]:
        """The values that the schema lists."""
        said = self.published.get(name, {})
        return list(said.get("enum") or said.get("items", {}).get("enum") or ())

    def terms(self, name: str) -> list[str]:
        """The values that our rule lists."""
        rule = self.rules.get(name)
        return sorted(rule.accepted.names) if rule is not None and rule.accepted is not None else []

    def is_many(self, name: str) -> bool:
        return bool(
            self.published.get(name, {}).get("type") == "array" or ((r := self.rules.get(name)) and r.many)
        )

    def values(self) -> Iterator[tuple[str, Any]]:
        """Every listed value of every facet, values of other facets, near misses, and values of the wrong type."""
        chance = random.Random(SEED)
        known = {name: sorted({*self.listed(name), *self.terms(name)}) for name in self.names()}
        some = [chance.choice(values) for values in known.values() if values]
        for name, values in known.items():
            for text in (*values, *some, *SAMPLES):
                yield name, self._shaped(name, text)
            for value in (
                *ILL_TYPED,
                [*some[:2]],
                [*values[:2]],
                [*values[:1], *values[:1]],
                [*values[:1], "x"],
            ):
                yield name, value
        filled = [name for name, values in known.items() if values]
        for _ in range(NEAR_MISSES):
            name = chance.choice(filled)
            text = near_miss(chance.choice(known[name]), chance)
            yield name, self._shaped(name, text) if chance.random() < 0.9 else [text, text]

    def _shaped(self, name: str, text: str) -> Any:
        return [text] if self.is_many(name) else text

    def theirs(self, name: str, value: Any) -> bool:
        return self._schema.is_valid({name: value})

    def ours(self, name: str, value: Any) -> bool:
        found = self._checks.check({"properties": {name: value}})
        return not any(re.match(rf"/properties/{re.escape(name)}(/|$)", finding.pointer) for finding in found)

    def difference(self, name: str, value: Any, ours: bool) -> str:
        """Why the verdicts differ; a failure where no documented reason holds."""
        members = value if isinstance(value, list) else [value]
        rule, listed, terms = self.rules.get(name), self.listed(name), self.terms(name)
        if name not in self.published:
            return "name"
        if rule is None or rule.accepted is None:
            assert ours
            assert rule is None or rule.facet is None
            return "free"
        if ours and listed and any(member in terms and member not in listed for member in members):
            return "newer"
        if ours and any(type(member) is int for member in members):
            return "integer"
        if ours and rule.pattern is not None:
            return "wider"
        if not ours and any(member in listed and member not in terms for member in members):
            return "older"
        if not ours and self.published[name].get("pattern") == OPEN_PATTERN:
            return "open"
        if not ours and isinstance(value, list) and (not value or len(set(map(str, value))) < len(value)):
            return "list"
        pytest.fail(f"{name} = {value!r}: ours {ours}, theirs {not ours}, and no documented reason")


def near_miss(text: str, chance: random.Random) -> str:
    """The text with a small mistake in it."""
    at = chance.randrange(len(text) or 1)
    return chance.choice(
        (text.swapcase(), text[:at] + text[at + 1 :], text[:at] + "x" + text[at:], text + " ", " " + text, text + "\n",
         text.replace("-", "_"), text[::-1], f"^{text}$")
    )  # fmt: skip


@pytest.fixture(scope="module")
def compared(shared: Path) -> dict[str, Compared]:
    return {name: Compared(shared, case) for name, case in CASES.items()}


def table(compared: dict[str, Compared]) -> str:
    """The differences: by schema and kind the properties, with the number of terms where terms differ."""
    lines = ["| schema | difference | properties |", "|---|---|---|"]
    for schema, each in compared.items():
        found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for name, value, ours, theirs in each.verdicts:
            if ours != theirs:
                found[each.difference(name, value, ours)][name].add(repr(value))
        for kind in sorted(found):
            names = sorted(found[kind])
            shown = [f"`{name}`{_count(each, kind, name)}" for name in names]
            lines.append(f"| {schema} | {kind} | {', '.join(shown)} |")
    return "\n".join(lines) + "\n"


def _count(each: Compared, kind: str, name: str) -> str:
    listed, terms = set(each.listed(name)), set(each.terms(name))
    return {"newer": f" ({len(terms - listed)})", "older": f" ({len(listed - terms)})"}.get(kind, "")


def test_the_table_of_differences_is_what_is_measured(compared: dict[str, Compared]) -> None:
    assert part("schema differences") == table(compared)


@pytest.mark.parametrize("schema", CASES)
def test_thousands_of_values_are_compared_and_nearly_all_agree(
    compared: dict[str, Compared], schema: str
) -> None:
    each = compared[schema]
    agreed = total = accepted = 0
    for name, _, ours, theirs in each.verdicts:
        if each.rules.get(name) is None or each.rules[name].accepted is None or name not in each.published:
            continue
        total, agreed, accepted = total + 1, agreed + (ours == theirs), accepted + (ours and theirs)
    assert total > 4_000
    assert agreed / total > 0.95
    assert 1_000 < accepted < 0.9 * total


@pytest.mark.parametrize("schema", CASES)
def test_what_is_needed_is_needed_by_both(compared: dict[str, Compared], schema: str) -> None:
    each = compared[schema]
    ours = {name for name, rule in each.rules.items() if rule.required}
    told = {row[0]: row[1:] for row in rows("needed")}
    assert set(told) == set(CASES)
    assert told[schema] == [names(ours - each.needed), names(each.needed - ours)]


def names(found: set[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(found)) or "-"


def rows(name: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in part(name).splitlines()[2:]]


def test_every_kind_of_difference_has_its_reason(compared: dict[str, Compared]) -> None:
    measured = {line.split(" | ")[1] for line in table(compared).splitlines()[2:]}
    told = {row[0] for row in rows("reasons")}
    assert measured == told
    assert all(len(row[1]) > 40 for row in rows("reasons"))
