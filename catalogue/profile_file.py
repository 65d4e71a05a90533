"""From the text of a profile's file to a Profile, or everything that is wrong with it, by line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from catalogue.profile import (
    AssetRule,
    Composition,
    CrossCheck,
    ExtensionRule,
    FacetRule,
    IdRule,
    Pairing,
    Participation,
    Profile,
)
from catalogue.profile_lint import Fault, Json, Path, faults
from catalogue.profile_schema import schema_faults
from catalogue.yaml_text import Located, YamlFault, read_yaml

FAULTS_MAX = 100


class BadProfile(ValueError):
    """A file is no profile. `faults` are lines such as `cmip6.yaml:12: ...`; the message is all of them."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_profile(text: str, name: str) -> Profile:
    """The profile that a file holds; `name` is the file's, for messages. BadProfile with every fault."""
    try:
        located = read_yaml(text)
    except YamlFault as fault:
        raise BadProfile((f"{name}:{fault.line}: {fault}.",)) from fault
    found = _first(schema_faults(located.value)) or _first(faults(located.value))
    if found:
        raise BadProfile(_lines(name, located, found))
    return profile_from(located.value)


def _first(found: Iterator[Fault]) -> list[Fault]:
    return list(islice(found, FAULTS_MAX + 1))


def _lines(name: str, located: Located, found: list[Fault]) -> tuple[str, ...]:
    """In the order of the file, each once, with the keys that lead there."""
    told = sorted({(located.line(path), path_text(path), message) for path, message in found})
    more = [f"{name}: there are more than {FAULTS_MAX} faults."] if len(told) > FAULTS_MAX else []
    return (
        *(f"{name}:{line}: {f'{at}: ' if at else ''}{message}" for line, at, message in told[:FAULTS_MAX]),
        *more,
    )


def path_text(path: Path) -> str:
    """The keys and indices (from 0) that lead to a place, such as `facets > cmip6:realm > many`."""
    return " > ".join(str(part)[:80] for part in path)


def profile_from(document: Json) -> Profile:
    """The profile of a document that has been found right."""
    ids, words = document.get("id", {}), document.get("vocabulary", {})
    extensions, access = document.get("extensions", {}), document.get("access", {})
    geometry = document.get("geometry", {})
    low, high = geometry.get("longitudes", (-180.0, 180.0))
    allowed = extensions.get("allowed")
    return Profile(
        id=document["profile"],
        version=document["version"],
        title=document["title"],
        ids=IdRule(ids.get("pattern"), ids.get("order", "text")),
        mutable=tuple(document["mutable"]),
        access_keys=tuple(access.get("keys", ())),
        access_protocols=tuple(access.get("protocols", ())),
        delete=document.get("delete", "retract"),
        collections=tuple(document["collections"]),
        parts=tuple(ids.get("parts", ())),
        same=ids.get("same", {}),
        vocabulary=words.get("project"),
        missing_vocabulary=words.get("missing", "accept"),
        unknown_terms=words.get("unknown_terms", "refuse"),
        derive_facets=words.get("derive"),
        facets=tuple(FacetRule(name, **rule) for name, rule in document.get("facets", {}).items()),
        cross_checks=tuple(
            _cross_check(name, rule) for name, rule in document.get("cross_checks", {}).items()
        ),
        extensions=ExtensionRule(
            required=extensions.get("required", {}),
            allowed=None if allowed is None else tuple(allowed),
            unknown=extensions.get("unknown", "accept"),
        ),
        assets=AssetRule(**{name: tuple(values) for name, values in document.get("assets", {}).items()}),
        links=tuple(document.get("links", ())),
        longitudes=(float(low), float(high)),
        null_geometry=geometry.get("may_be_null", True),
        retracted=document.get("search", {}).get("retracted", "exclude"),
        document=document,
    )


def _cross_check(name: str, rule: Json) -> CrossCheck:
    if "template" in rule:
        return Composition(name, **rule)
    if "allowed" in rule:
        allowed = {value: tuple(others) for value, others in rule["allowed"].items()}
        return Pairing(name, **{**rule, "allowed": allowed})
    return Participation(name, **{**rule, "facts": tuple(rule["facts"])})
