"""The two errors that everything else is made of, and the table of problems.

`Refused` is the caller's fault and final; it carries one RFC 9457 problem.
`Unavailable` means: nothing is wrong with the request, try again later.
Any other exception is a fault of ours: it ends the task that met it, and whoever supervises decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TYPE_BASE = "https://esgf.io/publication/errors/"

# kind: (HTTP status, title). The kind is the last part of the problem's `type`.
PROBLEMS: dict[str, tuple[int, str]] = {
    "malformed-body": (400, "The body cannot be read"),
    "malformed-query": (400, "The query cannot be read"),
    "stac-validation": (400, "The document is not valid STAC"),
    "operation-not-permitted": (400, "The operation is not permitted"),
    "unexpected-extension": (400, "An extension is not expected here"),
    "expected-extension-missing": (400, "An expected extension is missing"),
    "extension-below-minimum": (400, "An extension is older than the minimum"),
    "incomplete-replica": (400, "The replica does not cover the record"),
    "contradicting-replica": (400, "The replica disagrees with the record"),
    "invalid-token-audience": (401, "The token is not for this service"),
    "missing-permission": (403, "The permission is missing"),
    "item-does-not-exist": (404, "The item does not exist"),
    "collection-does-not-exist": (404, "The collection does not exist"),
    "request-does-not-exist": (404, "The request does not exist"),
    "route-does-not-exist": (404, "There is nothing at this path"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "item-already-exists": (409, "The item already exists"),
    "collection-already-exists": (409, "The collection already exists"),
    "wrong-state": (409, "The record's state does not allow this"),
    "key-reused": (409, "The idempotency key was used for another body"),
    "withdrawn": (410, "The item was withdrawn"),
    "body-too-large": (413, "The body is too large"),
    "record-too-large": (413, "The record is too large"),
    "unsupported-media-type": (415, "The content type is not supported"),
    "too-many-requests": (429, "Too many requests"),
    "undecodable": (400, "The event cannot be decoded"),
    "misrouted": (400, "The event is in the wrong partition"),
    "unstamped": (400, "The event was not written by a door"),
    "unknown": (500, "Unknown error"),
    "unavailable": (503, "The service is unavailable"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: which check said so, where (JSON pointer), about which value.

    `level` is `error`, `warning`, or `note` for what could not be checked. `vocabulary` says by which vocabulary
    and version a term was judged, `nearest` which terms come closest to the value.
    """

    check: str
    pointer: str
    message: str
    value: Any = None
    expected: Any = None
    level: str = "error"
    index: int | None = None  # the feature in a FeatureCollection
    vocabulary: str | None = None
    nearest: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """Present members only, in a fixed order."""
        members = {
            "check": self.check,
            "pointer": self.pointer,
            "message": self.message,
            "value": self.value,
            "expected": self.expected,
            "level": self.level,
            "index": self.index,
            "vocabulary": self.vocabulary,
            "nearest": self.nearest,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Problem:
    """An RFC 9457 problem: `kind` is a key of PROBLEMS, `detail` one short, complete sentence."""

    kind: str
    detail: str
    findings: tuple[Finding, ...] = ()

    @property
    def status(self) -> int:
        return PROBLEMS[self.kind][0]

    @property
    def title(self) -> str:
        return PROBLEMS[self.kind][1]

    @property
    def type(self) -> str:
        return TYPE_BASE + self.kind

    def to_json(self, instance: str) -> dict[str, Any]:
        """The wire shape; `status_code` repeats `status` because ESGF's clients read that name."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "status_code": self.status,
            "detail": self.detail,
            "instance": instance,
            "findings": [finding.to_json() for finding in self.findings],
        }


class Refused(Exception):
    """The caller's fault; final."""

    def __init__(self, kind: str, detail: str, *findings: Finding) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, detail, findings)


class Unavailable(Exception):
    """Try again later."""

    def __init__(self, detail: str, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
