"""The STAC core check of Items and Collections, versions 1.0 and 1.1."""

from __future__ import annotations

import re
from typing import Any

from schemas import stac
from schemas.explain import excerpt, findings, unwritable
from stream.errors import Finding

CHECK = "stac-core"
NEWEST = "1.1"
FAMILIES = {"1.0.0": "1.0", "1.1.0": "1.1"}  # the releases; the pattern is for patch releases to come
VERSION = re.compile(r"(1\.[01])\.(?:0|[1-9][0-9]{0,3})")

NEEDS_BOTH = "is missing: where `datetime` is null, `start_datetime` and `end_datetime` are needed."
HINTS = {
    (
        "/properties",
        "datetime",
    ): "`datetime` is missing in `properties`; it may be null beside a start and an end.",
    ("/properties", "start_datetime"): f"`start_datetime` {NEEDS_BOTH}",
    ("/properties", "end_datetime"): f"`end_datetime` {NEEDS_BOTH}",
    ("/bbox", "falseSchema"): "`bbox` is not allowed where `geometry` is null.",
    (
        "/properties/bands",
        "falseSchema",
    ): "`bands` is not allowed in `properties` where no asset has `bands`.",
}


def check_item(item: dict[str, Any]) -> tuple[Finding, ...]:
    """What the STAC core schemas find in an Item; empty where it is valid."""
    return _check(item, stac.ITEM)


def check_collection(collection: dict[str, Any]) -> tuple[Finding, ...]:
    """What the STAC core schemas find in a Collection; empty where it is valid."""
    return _check(collection, stac.COLLECTION)


def _check(document: dict[str, Any], uri: str) -> tuple[Finding, ...]:
    version = document.get("stac_version")
    family = _family(version)
    validator = stac.validator(uri, family or NEWEST)
    unsupported = (_unsupported(version),) if family is None and isinstance(version, str) else ()
    if (fault := unwritable(document, CHECK)) is not None:
        return (*unsupported, fault)
    if family is not None and validator.is_valid(document):
        return ()
    return unsupported + findings(validator, document, CHECK, HINTS)


def _family(version: Any) -> str | None:
    if not isinstance(version, str):
        return None
    if version in FAMILIES:
        return FAMILIES[version]
    match = VERSION.fullmatch(version)
    return match[1] if match else None


def _unsupported(version: str) -> Finding:
    message = "`stac_version` must be 1.0.0 or 1.1.0."
    return Finding(CHECK, "/stac_version", message, excerpt(version), ["1.0.0", "1.1.0"])
