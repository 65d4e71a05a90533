"""From the errors of a JSON Schema validator to findings that say what is wrong and where."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import jsonschema_rs
import orjson
from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from schemas.pointer import pointer
from stream.errors import Finding

FINDINGS_MAX = 100  # of one document
VALUE_CHARS_MAX = 200
OPTIONS_MAX = 20  # that a finding lists
VALUES_MAX = 50_000  # of one document: each may be an error, and the validator collects them all (20 us each)
DEPTH_MAX = 16  # of alternatives within alternatives

Hints = Mapping[tuple[str, str], str]
"""Sentences for known places: (JSON pointer, missing member or keyword) -> message."""

FORMATS = {
    "date-time": "an RFC 3339 date and time in UTC, such as 2015-01-16T12:00:00Z",
    "iri": "an absolute URI",
    "uri": "an absolute URI",
    "iri-reference": "a URI, absolute or relative",
    "uri-reference": "a URI, absolute or relative",
}
UTC = r"(\+00:00|Z)$"  # stands beside the format date-time
PATTERNS = {
    UTC: FORMATS["date-time"],
    r"^[\w\-\.\+]+$": "made of letters, digits, '_', '-', '.' and '+'",
    "^[A-Z]+$": "an HTTP method in capital letters",
}
TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "an integer",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


def findings(
    validator: jsonschema_rs.Validator, document: Any, check: str, hints: Hints | None = None
) -> tuple[Finding, ...]:
    """What `validator` finds in `document`: each fault once, at most FINDINGS_MAX and a note of more.

    A document of more than VALUES_MAX values gets its first fault only, so that a hostile one stays cheap.
    """
    if not _is_larger(document, VALUES_MAX):
        return _listed(leaves(validator.iter_errors(document)), check, hints or {})
    try:
        validator.validate(document)
    except ValidationError as error:
        first = _listed(leaves([error]), check, hints or {})
        return (*first, Finding(check, "", "The document is very large: only its first fault is listed."))
    return ()


def _listed(leaves: Iterable[ValidationError], check: str, hints: Hints) -> tuple[Finding, ...]:
    found: dict[tuple[str, str], Finding] = {}
    for leaf in sorted(leaves, key=_fits_twice):
        finding = _finding(leaf, check, hints)
        if _fits_twice(leaf) and any(place == finding.pointer for place, _ in found):
            continue  # forms that differ in length alone all fit a value of another type
        found.setdefault((finding.pointer, finding.message), finding)
        if len(found) > FINDINGS_MAX:
            break
    if len(found) <= FINDINGS_MAX:
        return tuple(found.values())
    more = Finding(check, "", f"There are more than {FINDINGS_MAX} findings; the rest is not listed.")
    return (*islice(found.values(), FINDINGS_MAX), more)


def _fits_twice(error: ValidationError) -> bool:
    return isinstance(error.kind, Kind.OneOfMultipleValid)


def _is_larger(document: Any, values_max: int) -> bool:
    stack = [document]
    seen = 0
    while stack and seen <= values_max:
        value = stack.pop()
        seen += 1
        if isinstance(value, dict | list):
            if len(value) > values_max:
                return True
            stack.extend(value.values() if isinstance(value, dict) else value)
    return seen > values_max


def unwritable(document: Any, check: str) -> Finding | None:
    """The finding that nobody could write this as JSON again: it is nested too deeply, say.

    The validator recurses on its native stack, so that deeper ones would end the process.
    """
    try:
        orjson.dumps(document)  # refuses more than 254 levels
    except TypeError as error:
        return Finding(check, "", f"The document cannot be checked: {error}.")
    return None


def excerpt(value: Any) -> Any:
    """The value itself, or the beginning of its JSON text where that is longer than VALUE_CHARS_MAX."""
    text, whole = _beginning(value)
    return value if whole else text


def _beginning(value: Any) -> tuple[str, bool]:
    if isinstance(value, str) and len(value) > VALUE_CHARS_MAX:
        value = value[: VALUE_CHARS_MAX + 1]  # a text is encoded in one piece, however long it is
    text = ""
    for chunk in json.JSONEncoder(ensure_ascii=False).iterencode(value):  # lazily: the value may be huge
        text += chunk
        if len(text) > VALUE_CHARS_MAX:
            return text[:VALUE_CHARS_MAX], False
    return text, True


def _finding(error: ValidationError, check: str, hints: Hints) -> Finding:
    place = pointer(error.instance_path)
    member = error.kind.property if isinstance(error.kind, Kind.Required) else error.kind.name
    message = hints.get((place, member)) or f"{_subject(error)} {_predicate(error)}."
    # An object that lacks a member says nothing by its other members.
    value = None if isinstance(error.kind, Kind.Required) else excerpt(error.instance)
    return Finding(check, place, message, value, _expected(error))


def _subject(error: ValidationError) -> str:
    if isinstance(error.kind, Kind.Required):
        return f"`{error.kind.property}`"
    return _last(error) if error.instance_path else "The document"


def _last(error: ValidationError) -> str:
    """The last name of the path with the indices behind it, such as `bbox/0`."""
    path = error.instance_path
    start = max((place for place, step in enumerate(path) if isinstance(step, str)), default=0)
    return f"`{'/'.join(map(str, path[start:]))[:VALUE_CHARS_MAX]}`"


def _predicate(error: ValidationError, depth: int = 0) -> str:
    match error.kind:
        case Kind.Required(property=name) if depth:  # of an alternative: the sentence is about the whole
            return f"must have `{name}`"[:VALUE_CHARS_MAX]
        case Kind.Required():
            return f"is missing in {_last(error)}" if error.instance_path else "is missing"
        case Kind.Type(types=types):
            return f"must be {' or '.join(TYPES.get(name, name) for name in types)}"
        case Kind.Enum(options=options):
            shown = ", ".join(_text(option) for option in options[:OPTIONS_MAX])
            more = len(options) - OPTIONS_MAX
            return f"must be one of {shown}" + (f" and {more} more" if more > 0 else "")
        case Kind.Constant(expected_value=value):
            return f"must be {_text(value)}"
        case Kind.Format(format=name):
            return f"must be {FORMATS.get(name, name)}"
        case Kind.Pattern(pattern=pattern):
            return f"must be {PATTERNS[pattern]}" if pattern in PATTERNS else f"must match {pattern}"
        case Kind.MinLength(limit=1):
            return "must not be empty"
        case Kind.MinLength(limit=count):
            return f"must have at least {count} characters"
        case Kind.MaxLength(limit=count):
            return f"must have at most {count} {'character' if count == 1 else 'characters'}"
        case Kind.MinItems(limit=count):
            return f"must have at least {count} {'item' if count == 1 else 'items'}"
        case Kind.MaxItems(limit=count):
            return f"must have at most {count} {'item' if count == 1 else 'items'}"
        case Kind.Contains():
            return "holds no item of the kind that the schema asks for"
        case Kind.PropertyNames(error=inner):
            return f"has a member whose name {_predicate(inner, depth + 1)}"
        case Kind.MinProperties(limit=count):
            return f"must have at least {count} {'member' if count == 1 else 'members'}"
        case Kind.Minimum(limit=bound):
            return f"must not be less than {bound}"
        case Kind.Maximum(limit=bound):
            return f"must not be greater than {bound}"
        case Kind.ExclusiveMinimum(limit=bound):
            return f"must be greater than {bound}"
        case Kind.ExclusiveMaximum(limit=bound):
            return f"must be less than {bound}"
        case Kind.UniqueItems():
            return "must not hold a value twice"
        case Kind.BacktrackLimitExceeded():
            return "takes too many steps to be matched with a pattern of the schema"
        case Kind.FalseSchema() | Kind.Not():
            return "is not allowed here"
        case Kind.AdditionalProperties(unexpected=names):
            return f"must not have {', '.join(f'`{name}`' for name in names)}"[:VALUE_CHARS_MAX]
        case Kind.OneOfMultipleValid():
            return "fits more than one of the forms of which exactly one is allowed"
        case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
            firsts = [branch[0] for branch in branches if branch and depth < DEPTH_MAX]
            return ", or ".join(dict.fromkeys(_predicate(first, depth + 1) for first in firsts))
        case _:
            return f"breaks the rule '{error.kind.name}' of the schema"


def _expected(error: ValidationError) -> Any:
    match error.kind:
        case Kind.Required(property=name):
            return name
        case Kind.Type(types=types):
            return types[0] if len(types) == 1 else types
        case Kind.Enum(options=options):
            return options[:OPTIONS_MAX]
        case Kind.Constant(expected_value=value):
            return value
        case Kind.Format(format=name):
            return name
        case Kind.Pattern(pattern=pattern):
            return "date-time" if pattern == UTC else pattern
        case _:
            return None


def _text(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else _beginning(value)[0]


def leaves(
    errors: Iterator[ValidationError] | list[ValidationError], depth: int = 0
) -> Iterator[ValidationError]:
    """The errors, with those of alternatives replaced by the errors of the alternative that was meant."""
    for error in errors:
        meant = _meant(error) if depth < DEPTH_MAX else None
        if meant is None:
            yield error
        else:
            yield from leaves(meant, depth + 1)


def _meant(error: ValidationError) -> list[ValidationError] | None:
    """The alternative whose faults lie deepest, the shortest list of them; None where none goes deeper.

    An alternative that fails at the value itself (by its type, say) was not the one that was meant.
    """
    if not isinstance(error.kind, Kind.AnyOf | Kind.OneOfNotValid):
        return None
    here = len(error.instance_path)
    branches = [branch for branch in error.kind.context if branch]
    own = [branch for branch in branches if not any(_is_of_another_type(fault, here) for fault in branch)]
    if len(own) == 1 and len(own) < len(branches):
        return own[0]
    deeper = [
        branch for branch in own or branches if all(len(fault.instance_path) > here for fault in branch)
    ]
    applicable = deeper or [
        branch for branch in own or branches if not any(_fails_by_type(fault, here) for fault in branch)
    ]
    if not applicable or (not deeper and len(applicable) > 1):
        return None
    return max(
        applicable, key=lambda branch: (max(len(fault.instance_path) for fault in branch), -len(branch))
    )


def _is_of_another_type(error: ValidationError, here: int) -> bool:
    """Whether it says that the member `type` names something else, as of a Collection among schemas of Items."""
    return (
        isinstance(error.kind, Kind.Constant | Kind.Enum)
        and len(error.instance_path) == here + 1
        and error.instance_path[-1] == "type"
    )


def _fails_by_type(error: ValidationError, here: int) -> bool:
    return isinstance(error.kind, Kind.Type) and len(error.instance_path) == here
