"""Problems and handles as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
FINDINGS_SHOWN_MAX = 20
VALUE_CHARS_MAX = 120


def problem_text(problem: Json) -> str:
    """Title and detail, then the findings, one a line."""
    return "\n".join([problem_line(problem), *finding_lines(problem)])


def problem_line(problem: Json) -> str:
    """Title and detail."""
    title, detail = problem.get("title", "refused"), problem.get("detail", "without a reason")
    return f"{title}: {detail}"


def finding_lines(problem: Json) -> Iterator[str]:
    """What is wrong and where; what the detail says already is not repeated."""
    findings, detail = problem.get("findings") or [], str(problem.get("detail"))
    for finding in findings[:FINDINGS_SHOWN_MAX]:
        message = str(finding.get("message"))
        known = "" if message in detail else f": {message}"
        for name in ("value", "expected", "nearest", "vocabulary"):
            if name in finding:
                known += f"; {name} {_short(finding[name])}"
        place = (f"feature {finding['index']} " if "index" in finding else "") + str(
            finding.get("pointer") or ""
        )
        if place or known:
            level = f"{finding['level']} " if finding.get("level", "error") != "error" else ""
            yield f"  {level}at {place or 'the whole'}{known}"
    if len(findings) > FINDINGS_SHOWN_MAX:
        yield f"  and {len(findings) - FINDINGS_SHOWN_MAX} more findings"


def handle_text(found: Json) -> str:
    """A request: its state, then what each node said of it, or of each feature that failed."""
    lines = [f"{found['id']}  {found['state']}"]
    if found.get("item_id"):
        lines[0] += f"  {found.get('action') or 'event'} {found.get('collection')}/{found['item_id']}"
    if "children" in found:
        counts = ", ".join(f"{name} {count}" for name, count in found["children"].items() if name != "of")
        lines[0] += f"  {found.get('collection')}: {found['children']['of']} items, {counts}"
        lines += failures(found)
    lines += [f"  {line}" for line in outcome_lines(found.get("outcomes") or [])]
    if found["state"] == "accepted":
        waits = [node for node in found.get("expected") or () if node not in _nodes(found)]
        lines.append(f"  not yet heard from {', '.join(waits) or 'any node'}")
    return "\n".join(lines)


def failures(found: Json) -> list[str]:
    """The features of a request that did not settle, one a line."""
    lines = []
    for failure in found["failures"]:
        problems = {line for line in map(_problem_of, failure["outcomes"]) if line}
        lines.append(f"  {failure['state']}  {failure['item_id']}  {'; '.join(sorted(problems))}".rstrip())
    if found["failures_omitted"]:
        lines.append(f"  and {found['failures_omitted']} more")
    return lines


def outcome_lines(outcomes: list[Json]) -> Iterator[str]:
    """One line per node."""
    for outcome in outcomes:
        problem = _problem_of(outcome)
        yield f"{outcome['node']}  {outcome['outcome']}" + (f"  {problem}" if problem else "")


def _problem_of(outcome: Json) -> str:
    return problem_line(outcome["problem"]) if outcome.get("problem") else ""


def _nodes(found: Json) -> set[str]:
    return {outcome["node"] for outcome in found.get("outcomes") or ()}


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}..."
