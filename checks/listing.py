"""Lists of findings: bounded, and with the excerpts that they show."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice
from typing import Any

from schemas.explain import FINDINGS_MAX, excerpt
from stream.errors import Finding


def capped(check: str, findings: Iterable[Finding]) -> list[Finding]:
    """At most FINDINGS_MAX findings, and one more that says that there are others.

    That one is an error if any is, listed or not, so that no number of warnings hides an error.
    """
    rest = iter(findings)
    taken = list(islice(rest, FINDINGS_MAX + 1))
    if len(taken) <= FINDINGS_MAX:
        return taken
    level = "error" if any(finding.level == "error" for finding in chain(taken, rest)) else "warning"
    message = f"There are more than {FINDINGS_MAX} findings; the rest is not listed."
    return [*taken[:FINDINGS_MAX], Finding(check, "", message, level=level)]


def shown(value: Any) -> Any:
    """What a finding shows of a value: numbers beyond a double as text, since JSON writers refuse them."""
    if type(value) is int and not -(2**63) <= value < 2**63:
        return f"an integer of {value.bit_length()} bits"
    return excerpt(value)
