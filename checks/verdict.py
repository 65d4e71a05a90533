"""From findings to verdicts: what is refused, and what a correction is forgiven."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from stream.errors import PROBLEMS, Finding, Problem, Refused

CHECKED_ACTIONS = frozenset({"publish", "correct", "replace"})  # those that change what is checked
ERROR, WARNING, NOTE = "error", "warning", "note"


def errors(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those that make a document invalid."""
    return tuple(finding for finding in findings if finding.level == ERROR)


def errors_first(findings: Sequence[Finding]) -> list[Finding]:
    """The same findings, what is only warned of or noted at the end."""
    return sorted(findings, key=lambda finding: finding.level != ERROR)


def told_once(finding: Finding, seen: set[tuple[str, str, str]]) -> bool:
    """Whether to tell it: every error, but the same warning or note of many items once. `seen` is changed."""
    if finding.level == ERROR:
        return True
    key = (finding.check, finding.pointer, repr(finding.value))
    if key in seen:
        return False
    seen.add(key)
    return True


def forgiven(before: Iterable[Finding], after: Sequence[Finding]) -> tuple[Finding, ...]:
    """`after`, where an error that the record had before is a warning: a correction need not mend everything."""
    old = {(finding.check, finding.pointer, repr(finding.value)) for finding in errors(before)}
    return tuple(
        replace(finding, level=WARNING)
        if finding.level == ERROR and (finding.check, finding.pointer, repr(finding.value)) in old
        else finding
        for finding in after
    )


def problem_of(subject: str, findings: Sequence[Finding]) -> Problem | None:
    """The problem of a document with these findings; None where none of them is an error.

    Findings of a kind that has a problem type of its own, such as a missing extension, have that type where there
    are no others.
    """
    wrong = errors(findings)
    if not wrong:
        return None
    kinds = {finding.check for finding in wrong}
    [kind] = kinds if len(kinds) == 1 and kinds <= PROBLEMS.keys() else {"stac-validation"}
    more = len(wrong) - 1
    besides = f" (and {more} more {'finding' if more == 1 else 'findings'})" if more else ""
    return Problem(kind, f"{subject}: {wrong[0].message}{besides}", tuple(errors_first(findings)))


def refuse(subject: str, findings: Sequence[Finding]) -> None:
    """Refused with every finding where one of them is an error."""
    problem = problem_of(subject, findings)
    if problem is not None:
        raise Refused(problem.kind, problem.detail, *problem.findings)
